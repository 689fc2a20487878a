"""What a file was when a picture was read from it: size, time and a hash of its content. Knows no pictures.

Of a folder, which stands for the slices of a scan, the files in it count together.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from pathlib import Path

from assistant.errors import ImageError
from assistant.pictures.images import find_images, split_selector
from assistant.pictures.pixels import DEFAULT_LIMITS

MOST_HASHED = DEFAULT_LIMITS.max_bytes
"""Bytes; larger files are no pictures and are not hashed."""


BLOCK = 2**20
"""Bytes that are hashed at a time."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Of a regular file, or of those that lie in a folder.

    Args:
        size: bytes; of a folder the sum over its files.
        mtime_ns: when it was written, nanoseconds since 1970; of a folder the sum over its files, which any new time changes.
        sha256: of its bytes, hexadecimal; None where that is not known: it was written to meanwhile, or is too large.
    """

    size: int
    mtime_ns: int
    sha256: str | None


class Change(Enum):
    """What became of a file: nothing, written again as it was, another content, or nothing there any more."""

    NONE = "none"
    TOUCHED = "touched"
    CONTENT = "content"
    GONE = "gone"


def fingerprint_of(source: str) -> Fingerprint | None:
    """The fingerprint of a source's file as it is now; None where there is none that can be read.

    Taken before the file is decoded, so that what is decoded is never older than what its fingerprint tells.
    """
    path = _path(source)
    before = _status(path)
    if before is None or before[0] > MOST_HASHED:
        return None if before is None else Fingerprint(*before, None)
    try:
        digest = _digest(path, *before)
    except OSError:
        return None
    return Fingerprint(*before, digest if _status(path) == before else None)


def change_of(source: str, then: Fingerprint | None) -> tuple[Change, Fingerprint | None]:
    """What became of a source's file since ``then``, and what it is now; one of the same size and time is not read."""
    now = _status(_path(source))
    if now is None or (then is not None and now == (then.size, then.mtime_ns)):
        return Change.GONE if now is None and then is not None else Change.NONE, then
    found = fingerprint_of(source)
    if found is None:
        return Change.GONE, then
    alike = then is not None and found.sha256 is not None and found.sha256 == then.sha256
    return Change.TOUCHED if alike else Change.CONTENT, found


def content_hash(paths: Sequence[str]) -> str | None:
    """``sha256:…`` over the contents of pictures in their order; a folder stands for the pictures in it.

    None where one cannot be read, which whoever decodes it tells.
    """
    whole = hashlib.sha256()
    try:
        for source in find_images(paths):
            with Path(_path(source)).open("rb") as file:
                whole.update(hashlib.file_digest(file, "sha256").digest())
    except (ImageError, OSError, ValueError):
        return None
    return f"sha256:{whole.hexdigest()}"


def _path(source: str) -> str:
    try:
        return split_selector(source)[0]
    except ImageError:  # decoding tells
        return source


def _status(path: str) -> tuple[int, int] | None:
    """Size and time of a regular file, or the sums over those of a folder."""
    try:
        found = [os.stat(one) for one in _files(path)]
    except (OSError, ValueError):
        return None
    return (sum(one.st_size for one in found), sum(one.st_mtime_ns for one in found)) if found else None


def _files(path: str) -> list[str]:
    """The regular file of a path, or those that lie in a folder, by name."""
    if not os.path.isdir(path):
        return [path] if stat.S_ISREG(os.stat(path).st_mode) else []
    with os.scandir(path) as entries:
        return sorted(one.path for one in entries if one.is_file() and not one.name.startswith("."))


@lru_cache(16)
def _digest(path: str, size: int, mtime_ns: int) -> str:
    """Of a file's bytes, or of those of a folder in turn; remembered for its other slices, as long as size and time are these."""
    whole = hashlib.sha256()
    for one in _files(path):
        with open(one, "rb") as file:
            while block := file.read(BLOCK):
                whole.update(block)
    return whole.hexdigest()
