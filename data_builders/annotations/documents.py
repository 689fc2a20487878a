"""JSON and XML of people's programs: whatever is wrong with them is one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from assistant.errors import DataSetError
from assistant.files.text import read_text


def read_json(path: Path, form: str) -> Any:
    """A JSON document.

    Args:
        path: of the file, in UTF-8 or UTF-16.
        form: what it ought to be, for the message.

    Raises:
        DataSetError, ConfigError: something else.
    """
    try:
        return json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        got = f"{path} ({' '.join(str(error).split())[:80]})"
        raise DataSetError(form, got, "export it again") from None


def read_xml(path: Path, form: str) -> ElementTree.Element:
    """The root of an XML document without definitions of its own, which no annotation tool writes.

    Raises:
        DataSetError, ConfigError: something else.
    """
    text = read_text(path)
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise DataSetError(form, f"definitions of its own (DOCTYPE) in {path}", "remove them")
    try:
        return ElementTree.fromstring(text.partition("?>")[2] if text.startswith("<?xml") else text)
    except (ElementTree.ParseError, ValueError, RecursionError) as error:
        raise DataSetError(form, f"{path} ({error})", "export it again") from None


def whole(value: Any, what: str, where: str, least: int = 0, most: int = 2**31) -> int:
    """A whole number of a document, within bounds.

    Raises:
        DataSetError: something else.
    """
    try:
        number = int(value)
        if isinstance(value, bool) or (isinstance(value, float) and value != number) or not least <= number <= most:
            raise ValueError
    except (TypeError, ValueError, OverflowError):
        raise DataSetError(
            f"{what} as a whole number from {least}", f"{str(value)[:40]!r} in {where}", "correct it"
        ) from None
    return number


def numbers(values: Any, where: str) -> list[float]:
    """Finite numbers of a document.

    Raises:
        DataSetError: something else.
    """
    try:
        found = [float(value) for value in values]
        if any(not abs(value) < 1e9 for value in found):
            raise ValueError
    except (TypeError, ValueError, OverflowError):
        raise DataSetError("finite numbers", f"{str(values)[:60]!r} in {where}", "correct them") from None
    return found
