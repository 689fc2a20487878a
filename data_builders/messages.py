"""Conversations on pictures, as rows of ``messages`` or of LLaVA's ``conversations`` -> a data set of the split ``words``."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from assistant.errors import DataSetError
from assistant.files.text import read_text
from data_builders.labelled import Description, Labelled, write_labelled
from data_builders.writer import Row


def from_messages(source: Path, target: Path, object_name: str = "", domain: str = "industrial") -> Row:
    """Read conversations on pictures into a data set of the split ``words``, which the localizer does not learn from.

    Args:
        source: JSON lines, or a JSON array, of ``messages`` (role, content) with ``images``, or of LLaVA's ``conversations``
            (from, value) with ``image``; paths from the file's folder. Further pictures of a row are references.
        target: empty or absent folder.
        object_name: plain words; not told when empty.
        domain: industrial or medical.

    Returns:
        The manifest; rows of the same pictures become one with several conversations.

    Raises:
        DataSetError: a row without a picture or without turns of user and assistant in alternation.
    """
    by_pictures: dict[tuple[Path, ...], list[list[dict[str, str]]]] = {}
    for number, row in enumerate(_rows(source), 1):
        pictures = row.get("images") or ([row["image"]] if row.get("image") else [])
        turns = _turns(row)
        if not pictures or not turns:
            wanted = "messages that alternate user and assistant, and images"
            raise DataSetError(wanted, f"row {number} of {source.name}", "mend or remove the row")
        by_pictures.setdefault(tuple(source.parent / str(p) for p in pictures), []).append(turns)
    items = [
        Labelled(first, None, (), "words", conversations=tuple(talks), references=tuple(others))
        for (first, *others), talks in by_pictures.items()
    ]
    return write_labelled(items, target, Description(object_name, source.stem, domain, "messages"))


def _rows(source: Path) -> Iterator[dict[str, Any]]:
    try:
        text = read_text(source)
        rows = (
            json.loads(text)
            if text.lstrip().startswith("[")
            else [json.loads(t) for t in text.split("\n") if t.strip()]
        )
    except (ValueError, RecursionError) as error:
        raise DataSetError("JSON lines or a JSON array", f"{source} ({error})", "mend the file") from error
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            raise DataSetError("a JSON object a row", f"row {number} of {source.name}", "mend the file")
        yield row


def _turns(row: dict[str, Any]) -> list[dict[str, str]]:
    """Turns of user and assistant in alternation, markers of pictures left out; empty for anything else."""
    names = {"human": "user", "user": "user", "gpt": "assistant", "assistant": "assistant"}
    found: list[dict[str, str]] = []
    for turn in row.get("messages") or row.get("conversations") or ():
        role, said = turn.get("role", turn.get("from")), turn.get("content", turn.get("value"))
        if role == "system":
            continue
        if isinstance(said, list):
            said = "\n".join(str(part.get("text", "")) for part in said if part.get("type") == "text")
        text = re.sub(r"\s*<image>\s*", " ", str(said or "")).strip()
        if role not in names or not text or names[role] != ("user", "assistant")[len(found) % 2]:
            return []
        found.append({"role": names[role], "content": text})
    return found if len(found) % 2 == 0 else []
