"""The file of rows read back: whole rows, and what is wrong with a line that is none. Writes nothing."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from assistant.report import LATER, InspectionRow

Row = dict[str, Any]
FIELDS = frozenset(field.alias or name for name, field in InspectionRow.model_fields.items())
_GROUP = re.compile(rb', "group": (?:null|"[A-Z]+")')
"""The group of a region; no text in a row reads so, as quotes in it are escaped."""
TOLD = ("image_score", "threshold", "verdict", "regions", "width", "height", "weights")
"""What the row of an inspected picture never leaves out."""


def parsed(line: bytes) -> Row | None:
    """A row with every field, or None for a line that is none; values are taken as they are, those of later fields are null."""
    if not line.endswith(b"\n"):
        return None
    try:
        row = json.loads(line)
    except ValueError:
        return None
    if not isinstance(row, dict) or not row.keys() >= FIELDS.difference(LATER) or not isinstance(row["source"], str):
        return None
    return {**row, **{field: None for field in LATER if field not in row}}


def fault_of(line: bytes) -> str | None:
    """What makes a line no row of the contract, in a few words; None for a row."""
    try:
        told = InspectionRow.model_validate_json(line, strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return f"its `{where}` breaks the schema" if where else "no JSON object"
    if parsed(line) is None:
        return "not every field is there"
    values = vars(told)
    absent = next((name for name in TOLD if values[name] is None), None)
    return None if told.error is not None or absent is None else f"neither an error nor a `{absent}`"


def read_rows(path: Path) -> Iterator[Row]:
    """Whole rows of a file, one at a time; other lines are left out."""
    with path.open("rb") as file:
        for line in file:
            if (row := parsed(line)) is not None:
                yield row


def has_rows(path: Path) -> bool:
    """Whether anything is in a file of rows."""
    return path.is_file() and path.stat().st_size > 0


def mark_of(line: bytes) -> str:
    """Tells a line from the same line edited; the groups of its regions, which follow from the whole run, do not count."""
    return hashlib.blake2b(_GROUP.sub(b"", line.rstrip(b"\r\n")), digest_size=8).hexdigest()
