"""What the file of each row was when it was inspected: ``files.jsonl`` beside the rows, one line a row, the last one counts.

    {"source": "a.png", "place": "/photos/a.png", "size": 9, "mtime_ns": 1, "sha256": "…", "asked": null, "row": "…"}

A line is written before its row, so a row of a killed run has one; a line without a row means nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from assistant.batch.inputs.fingerprints import Fingerprint
from assistant.batch.inputs.item import key_of
from assistant.batch.results.rows import Row, fault_of, mark_of, parsed


@dataclass(frozen=True, slots=True)
class FileRecord:
    """Of one row.

    Args:
        source: of the row.
        place: where the picture lies; see :func:`assistant.batch.inputs.item.place_of`.
        file: what it was; None where nothing could be read.
        asked: hash of what a manifest says of the picture alone; None for nothing.
        row: mark of the row's line, so that an edited one is noticed; empty before it is written.
    """

    source: str
    place: str
    file: Fingerprint | None
    asked: str | None = None
    row: str = ""

    def line(self) -> bytes:
        """As a line of the file."""
        file = self.file
        what = {name: getattr(file, name) if file else None for name in ("size", "mtime_ns", "sha256")}
        told = {"source": self.source, "place": self.place, **what, "asked": self.asked, "row": self.row}
        return (json.dumps(told) + "\n").encode()

    @classmethod
    def parse(cls, line: bytes) -> FileRecord | None:
        """The record of a line; None for one that is none."""
        try:
            told = json.loads(line)
            size, time, content = (told[name] for name in ("size", "mtime_ns", "sha256"))
            file = None if size is None else Fingerprint(int(size), int(time), content)
            return cls(str(told["source"]), str(told["place"]), file, told["asked"], str(told["row"]))
        except (ValueError, KeyError, TypeError):
            return None


def files_path(results: Path) -> Path:
    """The file of records beside a file of rows."""
    return results.with_name(results.name.replace("results", "files", 1))


def read_records(path: Path) -> dict[int, FileRecord]:
    """The last record of each source, by the hash of the source; none where there is no file."""
    found: dict[int, FileRecord] = {}
    if path.exists():
        with path.open("rb") as file:
            for line in file:
                if (one := FileRecord.parse(line)) is not None:
                    found[key_of(one.source)] = one
    return found


def checked_row(line: bytes, records: Mapping[int, FileRecord]) -> tuple[Row | None, str | None]:
    """The row of a line; or None, and what is wrong with it.

    Args:
        line: of a file of rows.
        records: beside it, by the hash of the source; a line with its record's mark is as it was written.
    """
    row = parsed(line)
    record = None if row is None else records.get(key_of(row["source"]))
    if record is not None and record.row == mark_of(line):
        return row, None
    fault = fault_of(line) or (None if record is None else "it was edited after it was written")
    return (row, None) if fault is None else (None, fault)
