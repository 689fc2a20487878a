"""Files that appear whole or not at all."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_file(target: Path, ending: str = "") -> Iterator[Path]:
    """A path beside a file, to be written to; it takes the file's place at the end, and is gone where writing failed.

    Args:
        target: the file; missing folders are made.
        ending: of the path, for what writes by endings.

    Raises:
        OSError: the folder is full or cannot be written.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{secrets.token_hex(8)}.part{ending}")
    try:
        yield part
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
