"""Lists with columns: object name and references of each picture, from CSV or JSONL.

Paths are taken from the working directory, as those on the command line are.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from assistant.batch.inputs.item import Item
from assistant.errors import ConfigError, ImageError

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
    with opened(path):
        pass
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        reader = csv.DictReader(file)
        if "source" not in (reader.fieldnames or ()):
            got = ", ".join(reader.fieldnames or ()) or "none"
            raise ConfigError(f"a column `source` in {path.name}", got, "name the columns in its first line")
        for row in reader:
            told = {key: row.get(key) or None for key in ("source", "object_name", "references")}
            if told["references"] is not None:
                told["references"] = [r for r in str(told["references"]).split(REFERENCES_SEPARATOR) if r]
            yield _item(told, f"{path}:{reader.line_num}")


def _json_lines(path: Path) -> Iterator[Item]:
    with opened(path) as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                told = json.loads(line)
            except ValueError:
                told = None
            yield _item(told, f"{path}:{number}")


def _item(told: Any, where: str) -> Item:
    if isinstance(told, dict):
        source, name, references = told.get("source"), told.get("object_name"), told.get("references") or []
        references = [references] if isinstance(references, str) else references
        words = isinstance(name, str | None) and isinstance(references, list)
        if isinstance(source, str) and source and words and all(isinstance(r, str) for r in references):
            return Item(source, name, tuple(references))
    error = ImageError("a `source`, with `object_name` and `references` in words or not at all", "another line")
    return Item(where, error=str(error))
