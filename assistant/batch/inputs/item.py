"""One picture of a batch run, and the keys that tell it from others."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from functools import cached_property, lru_cache

from assistant.errors import ImageError
from assistant.pictures.images import split_selector


@dataclass(frozen=True)
class Item:
    """One picture to inspect.

    Args:
        source: path, with a ``::selector`` or without.
        object_name: its own, instead of the run's.
        references: its own, instead of the run's; a folder stands for the pictures in it.
        error: why this input names no picture.
        volume: it is a whole volume: one row, of the scan.
    """

    source: str
    object_name: str | None = None
    references: tuple[str, ...] = ()
    error: str | None = None
    volume: bool = False

    @property
    def name(self) -> str:
        """The source as rows show it: bytes of a file name that are no text are written as escapes."""
        return self.source.encode("utf-8", "backslashreplace").decode()

    @cached_property
    def place(self) -> str:
        """Where it lies, the same for every spelling of its path from here: see :func:`place_of`."""
        return place_of(self.source)

    @cached_property
    def key(self) -> int:
        """64 bits of a hash of :attr:`place`: tells pictures of one machine apart in little memory."""
        return key_of(self.place)

    @property
    def share(self) -> int:
        """64 bits of a hash of the path without detours: the same on every machine that is given it, wherever it lies.

        A path below the working directory counts as if it had been given from there.
        """
        path = os.path.normpath(self.name)
        here = os.path.join(os.getcwd(), "")
        return key_of(path.removeprefix(here))


def key_of(name: str) -> int:
    """64 bits of a hash of a name."""
    return int.from_bytes(hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


def place_of(source: str) -> str:
    """A source with the folders of its path resolved and its selector in one order.

    A link to a folder is that folder; a link to a file is a picture of its own, with a name of its own.

    >>> place_of("parts/../lid.nii::slice=3, axis=2") == place_of("./lid.nii::axis=2,slice=3")
    True
    """
    try:
        path, selector = split_selector(source)
    except ImageError:  # decoding tells
        path, selector = source, {}
    folder, file = os.path.split(path)
    if file in (".", ".."):
        folder, file = path, ""
    try:
        place = os.path.join(resolved_folder(os.path.join(os.getcwd(), folder)), file)
    except (OSError, ValueError):  # no path that a system knows
        place = os.path.abspath(path)
    return place + "".join(f"::{key}={value}" for key, value in sorted(selector.items()))


@lru_cache(1024)
def resolved_folder(folder: str) -> str:
    """An absolute folder without links and detours; remembered until :func:`find_items` looks again."""
    return os.path.realpath(folder)
