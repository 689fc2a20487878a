"""Files of shards -> one file of rows, with what is missing and what is double."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from assistant.batch.groups.grouping import group_run
from assistant.batch.inputs.item import Item, key_of, place_of
from assistant.batch.inputs.listing import Inputs, find_items
from assistant.batch.inputs.shards import Shard
from assistant.batch.results.file_records import FileRecord, checked_row, files_path, read_records
from assistant.batch.results.pictures import unwritable
from assistant.batch.results.records import RunRecord, difference, read_record
from assistant.batch.results.region_embeddings import RegionEmbeddings, embeddings_path
from assistant.batch.results.rows import Row, mark_of
from assistant.batch.results.writer import RowWriter
from assistant.errors import DataSetError
from assistant.report import RESULTS, to_line

LISTED = 1000
"""Names of missing or double sources that are kept; all are counted."""
_SHARD = re.compile(r"results-(\d+)-of-(\d+)\.jsonl")


@dataclass(frozen=True)
class MergeReport:
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


def merge(folders: Sequence[str | Path], out: str | Path | None = None, *, inputs: Inputs | None = None) -> MergeReport:
    """Join the rows of shards; the regions of those that were asked for groups are grouped.

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
        _write(files, joined, target)
        mixed = _note_settings(files, joined, target)
        if any(record["settings"].get("group") for record in _records(files).values()):
            group_run(target / RESULTS)
    missing = list(_unfinished(files, joined)) if inputs is None else list(_absent(inputs, joined))
    problems = [*joined.faults, *(f"{name} has more than one row" for name in joined.double_names)]
    problems += [*mixed, *(text for _, text in missing[:LISTED])]
    return MergeReport(
        target / RESULTS, len(joined.keys), joined.failed, joined.doubles, sum(n for n, _ in missing), tuple(problems)
    )


class _Joined:
    """Sources so far."""

    def __init__(self) -> None:
        self.keys: set[int] = set()
        self.of_file: dict[Path, tuple[int, int]] = {}
        self.checksum = self.failed = self.doubles = 0
        self.faults: list[str] = []
        self.double_names: list[str] = []
        self._places: set[int] = set()
        self._weights: dict[str, Path] = {}

    def once(self, path: Path) -> Iterator[tuple[Row, FileRecord | None]]:
        """Rows of a file whose picture is new, with the records of their files."""
        checksum, mine, records = 0, set[int](), read_records(files_path(path))
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                row, fault = checked_row(line, records)
                if row is None:
                    self._fault(f"line {number} of {path}: {fault}; left out, run its command again")
                    continue
                key = key_of(row["source"])
                if key not in mine:
                    mine.add(key)
                    checksum ^= key
                if self._is_new(row, key, records.get(key)):
                    self._check_weights(row, path)
                    yield row, records.get(key)
        self.of_file[path] = (len(mine), checksum)

    def has(self, item: Item) -> bool:
        """Whether a picture has a row, however its path is spelled."""
        return item.key in self._places or key_of(item.name) in self.keys

    def _is_new(self, row: Row, key: int, record: FileRecord | None) -> bool:
        place = key_of(place_of(row["source"]) if record is None else record.place)
        if key in self.keys or place in self._places:
            self.doubles += 1
            if len(self.double_names) < LISTED:
                self.double_names.append(row["source"])
            return False
        self.keys.add(key)
        self._places.add(place)
        self.checksum ^= key
        self.failed += row["error"] is not None
        return True

    def _check_weights(self, row: Row, path: Path) -> None:
        weights = row["weights"]
        if weights is not None and weights not in self._weights:
            for other, where in self._weights.items():
                self._fault(f"{path} has rows of weights {weights[:19]}, {where} of {other[:19]}: restart one of them")
            self._weights[weights] = path

    def _fault(self, text: str) -> None:
        if len(self.faults) < LISTED:
            self.faults.append(text)


def _write(files: Sequence[tuple[Path, Path]], joined: _Joined, target: Path) -> None:
    """Rows of all files, what their regions look like and the records of their files, each file whole or not at all."""
    whole = [embeddings_path(target / RESULTS), files_path(target / RESULTS), target / RESULTS]
    parts = [path.with_name(f".{path.name}.merged") for path in whole]
    try:
        with parts[0].open("wb") as embeddings, parts[1].open("wb") as records, parts[2].open("wb") as rows:
            for folder, source in files:
                known = RegionEmbeddings(embeddings_path(source))
                for row, record in joined.once(source):
                    line = (to_line(_moved(row, folder, target)) + "\n").encode()
                    rows.write(line)
                    embeddings.write(known.line_of(row["source"]) or b"")
                    if record is not None:
                        records.write(replace(record, row=mark_of(line)).line())
        if not parts[0].stat().st_size:
            parts[0].unlink()
            whole[0].unlink(missing_ok=True)
        for part, path in zip(parts, whole, strict=True):
            if part.exists():
                part.replace(path)
    except OSError as error:
        for part in parts:
            part.unlink(missing_ok=True)
        raise unwritable(error, target) from error


def _note_settings(files: Sequence[tuple[Path, Path]], joined: _Joined, target: Path) -> list[str]:
    """Write the record of the joined rows, so that a run can go on with them; what speaks against it, a sentence each."""
    found = _records(files)
    settings: dict[str, Any] = {}
    problems = []
    for path, record in found.items():
        other = difference(settings or record["settings"], record["settings"])
        if other is not None:
            problems.append(
                f"{path} was made with {other[0]} {other[2]!r}, those before with {other[1]!r}: restart one"
            )
        settings = settings or record["settings"]
    joint = RunRecord(target, Shard(), settings)
    if problems or len(found) < len(files):
        joint.path.unlink(missing_ok=True)
    elif all(record["finished"] for record in found.values()):
        joint.finish(len(joined.keys), joined.checksum)
    else:
        joint.begin()
    return problems


def _records(files: Sequence[tuple[Path, Path]]) -> dict[Path, dict[str, Any]]:
    """The records of files of rows, as far as there are any."""
    return {path: record for folder, path in files if (record := read_record(_record_of(folder, path))) is not None}


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
        record = read_record(_record_of(folder, path))
        count, checksum = joined.of_file[path]
        if record is None or not record["finished"]:
            yield 0, f"{path} is not finished: run its command again"
        elif record["inputs"] != count or int(record["checksum"], 16) != checksum:
            lost = max(0, record["inputs"] - count)
            yield lost, f"{path} has rows of {count} pictures of {record['inputs']}: run its command again"


def _record_of(folder: Path, path: Path) -> Path:
    return folder / path.name.replace("results", "run").replace(".jsonl", ".json")


def _absent(inputs: Inputs, joined: _Joined) -> Iterator[tuple[int, str]]:
    for item in find_items(inputs):
        if not joined.has(item):
            yield 1, f"{item.name} has no row"


def _moved(row: dict[str, Any], folder: Path, target: Path) -> dict[str, Any]:
    """The row with its paths as seen from another folder of results."""
    if folder.resolve() == target.resolve():
        return row
    there = os.path.relpath(folder, target)
    paths = {name: Path(there, row[name]).as_posix() for name in ("map_path", "overlay_path") if row[name] is not None}
    return {**row, **paths}


def as_json(merged: MergeReport) -> str:
    """The finding as one JSON object."""
    about = {"path": str(merged.path), "rows": merged.rows, "failed": merged.failed, "doubles": merged.doubles}
    return json.dumps({**about, "missing": merged.missing, "problems": list(merged.problems)}, ensure_ascii=False)
