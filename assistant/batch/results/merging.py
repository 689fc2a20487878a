"""Files of shards -> one file of rows, with what is missing and what is double."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.batch.inputs.item import key_of
from assistant.batch.inputs.listing import Inputs, find_items
from assistant.batch.results.pictures import unwritable
from assistant.batch.results.records import read_record
from assistant.batch.results.writer import RowWriter, read_rows
from assistant.errors import DataSetError
from assistant.report import RESULTS, to_line

LISTED = 1000
"""Names of missing or double sources that are kept; all are counted."""
_SHARD = re.compile(r"results-(\d+)-of-(\d+)\.jsonl")


@dataclass(frozen=True)
class Merged:
    """What a merge found.

    Args:
        path: of the joined rows.
        rows: in it.
        failed: of these with ``error``.
        doubles: rows left out because their source had one already.
        missing: pictures without a row, as far as the records of the shards or ``inputs`` tell.
        problems: what is wrong, a sentence each; empty when everything is there once.
    """

    path: Path
    rows: int
    failed: int
    doubles: int
    missing: int
    problems: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Whether nothing is missing and nothing double."""
        return not self.problems


def merge(folders: Sequence[str | Path], out: str | Path | None = None, *, inputs: Inputs | None = None) -> Merged:
    """Join the rows of shards.

    Args:
        folders: of results; maps and overlays stay where they are, and rows point to them from ``out``.
        out: folder of the joined ``results.jsonl``; the only one of ``folders`` when None.
        inputs: the pictures that ought to be there, to name each missing one.

    Raises:
        DataSetError: no folder, or no rows in one.
        StorageError: ``out`` cannot be written, or a run is writing to it.
    """
    given = [Path(folder) for folder in folders]
    if out is None and len(given) != 1:
        raise DataSetError("--out with several folders", "none", "name the folder for the joined rows")
    target = Path(out) if out is not None else given[0]
    files = [(folder, file) for folder in given for file in _row_files(folder, target)]
    joined = _Joined()
    with RowWriter(target / RESULTS):  # holds the folder; what it has is replaced as a whole
        part = target / f".{RESULTS}.merged"
        try:
            with part.open("wb") as file:
                for folder, source in files:
                    for row in joined.once(source):
                        file.write((to_line(_moved(row, folder, target)) + "\n").encode())
            os.replace(part, target / RESULTS)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise unwritable(error, target) from error
    missing = list(_unfinished(files, joined)) if inputs is None else list(_absent(inputs, joined))
    problems = [f"{name} has more than one row" for name in joined.double_names[:LISTED]]
    problems += [text for _, text in missing[:LISTED]]
    return Merged(
        target / RESULTS, len(joined.keys), joined.failed, joined.doubles, sum(n for n, _ in missing), tuple(problems)
    )


class _Joined:
    """Sources so far."""

    def __init__(self) -> None:
        self.keys: set[int] = set()
        self.of_file: dict[Path, tuple[int, int]] = {}
        self.failed = self.doubles = 0
        self.double_names: list[str] = []

    def once(self, path: Path) -> Iterator[dict[str, Any]]:
        """Rows of a file whose source is new."""
        count = checksum = 0
        mine: set[int] = set()
        for row in read_rows(path):
            key = key_of(row["source"])
            if key not in mine:
                mine.add(key)
                count, checksum = count + 1, checksum ^ key
            if key in self.keys:
                self.doubles += 1
                if len(self.double_names) < LISTED:
                    self.double_names.append(row["source"])
                continue
            self.keys.add(key)
            self.failed += row["error"] is not None
            yield row
        self.of_file[path] = (count, checksum)


def _row_files(folder: Path, target: Path) -> list[Path]:
    """Files of shards of a folder in order; of one without shards its only file."""
    found = sorted(
        (p for p in folder.glob("results-*.jsonl") if _SHARD.fullmatch(p.name)),
        key=lambda p: [int(n) for n in _numbers(p)][::-1],
    )
    if not found and (folder / RESULTS).exists() and folder.resolve() != target.resolve():
        found = [folder / RESULTS]
    if not found:
        raise DataSetError("a folder with results of shards", f"none in {folder}", "give what batch --out wrote")
    return found


def _numbers(path: Path) -> tuple[int, int]:
    found = _SHARD.fullmatch(path.name)
    return (int(found[1]), int(found[2])) if found else (1, 1)


def _unfinished(files: Sequence[tuple[Path, Path]], joined: _Joined) -> Iterator[tuple[int, str]]:
    """(pictures missing, sentence) by the shards' own records; 0 where their number is not known."""
    numbers = {_numbers(path) for _, path in files}
    for count in sorted({of for _, of in numbers}):
        absent = [i for i in range(1, count + 1) if (i, count) not in numbers]
        yield from ((0, f"shard {i} of {count} has no rows here: run it, or name its folder") for i in absent)
    for folder, path in files:
        record = read_record(folder / path.name.replace("results", "run").replace(".jsonl", ".json"))
        count, checksum = joined.of_file[path]
        if record is None or not record["finished"]:
            yield 0, f"{path} is not finished: run its command again"
        elif record["inputs"] != count or int(record["checksum"], 16) != checksum:
            lost = max(0, record["inputs"] - count)
            yield lost, f"{path} has rows of {count} pictures of {record['inputs']}: run its command again"


def _absent(inputs: Inputs, joined: _Joined) -> Iterator[tuple[int, str]]:
    for item in find_items(inputs):
        if item.key not in joined.keys:
            yield 1, f"{item.name} has no row"


def _moved(row: dict[str, Any], folder: Path, target: Path) -> dict[str, Any]:
    """The row with its paths as seen from another folder of results."""
    if folder.resolve() == target.resolve():
        return row
    there = os.path.relpath(folder, target)
    paths = {name: Path(there, row[name]).as_posix() for name in ("map_path", "overlay_path") if row[name] is not None}
    return {**row, **paths}


def as_json(merged: Merged) -> str:
    """The finding as one JSON object."""
    about = {"path": str(merged.path), "rows": merged.rows, "failed": merged.failed, "doubles": merged.doubles}
    return json.dumps({**about, "missing": merged.missing, "problems": list(merged.problems)}, ensure_ascii=False)
