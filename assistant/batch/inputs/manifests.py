"""Lists with columns: object name and references of each picture, from CSV as spreadsheets write it, or JSONL.

Paths are taken from the working directory, as those on the command line are.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from assistant.batch.inputs.item import Item
from assistant.errors import ConfigError, ImageError
from assistant.files.tables import read_table
from assistant.files.text import as_utf8

REFERENCES_SEPARATOR = ";"
"""Between the references of one CSV cell."""


def read_manifest(path: Path) -> Iterator[Item]:
    """Items of a CSV file with a header, or of a JSON-lines file; other columns are ignored.

    A line that makes no sense is an item with ``error`` whose source is ``<manifest>:<line>``.

    Raises:
        ConfigError: unreadable, of another kind, or a CSV without a column ``source``.
    """
    kinds = {".csv": _csv, ".jsonl": _json_lines, ".ndjson": _json_lines}
    if path.suffix.lower() not in kinds:
        raise ConfigError("a manifest that ends in .csv or .jsonl", path.name, "convert or rename it")
    yield from kinds[path.suffix.lower()](path)


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """A list or manifest, open for reading.

    Raises:
        ConfigError: it cannot be.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise ConfigError("a list that can be read", f"{path} ({error.strerror})", "check the path") from None
    with file:
        yield file


def _csv(path: Path) -> Iterator[Item]:
    for row in read_table(path, ("source",)):
        where = f"{path}:{row.line}"
        told: dict[str, Any] = {key: row.cells.get(key) or None for key in ("source", "object_name", "references")}
        if row.surplus:
            got = f"{row.surplus} more at line {row.line}"
            yield Item(
                where, error=str(ImageError("as many cells as columns", got, "put quotes about cells with marks"))
            )
            continue
        if told["references"] is not None:
            told["references"] = [r.strip() for r in told["references"].split(REFERENCES_SEPARATOR) if r.strip()]
        yield _item(told, where)


def _json_lines(path: Path) -> Iterator[Item]:
    with opened(path) as file:
        rest, number = b"", 0
        for block in (*as_utf8(file), b"\n"):
            *whole, rest = (rest + block).split(b"\n")
            for line in whole:
                number += 1
                if line.strip():
                    yield _item(_json(line), f"{path}:{number}")


def _json(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _item(told: Any, where: str) -> Item:
    if isinstance(told, dict):
        source, name, references = told.get("source"), told.get("object_name"), told.get("references") or []
        references = [references] if isinstance(references, str) else references
        words = isinstance(name, str | None) and isinstance(references, list) and _is_text(name or "")
        if isinstance(source, str) and source and words and all(isinstance(r, str) for r in references):
            return Item(source, name, tuple(references))
    error = ImageError("a `source`, with `object_name` and `references` in words or not at all", "another line")
    return Item(where, error=str(error))


def _is_text(words: str) -> bool:
    """Whether words hold no bytes that are no UTF-8; a path may."""
    return not any("\ud800" <= letter <= "\udfff" for letter in words)
