"""JavaScript and HTML that the browser gets, as they lie in browser/."""

from __future__ import annotations

from pathlib import Path


def script(name: str) -> str:
    """The text of a file."""
    return (Path(__file__).parent / "browser" / name).read_text(encoding="utf-8")
