"""One picture of a batch run, and the key that tells it from others."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True)
class Item:
    """One picture to inspect.

    Args:
        source: path, with a ``::selector`` or without.
        object_name: its own, instead of the run's.
        references: its own, instead of the run's; a folder stands for the pictures in it.
        error: why this input names no picture.
    """

    source: str
    object_name: str | None = None
    references: tuple[str, ...] = ()
    error: str | None = None

    @property
    def name(self) -> str:
        """The source as rows show it: bytes of a file name that are no text are written as escapes."""
        return self.source.encode("utf-8", "backslashreplace").decode()

    @property
    def key(self) -> int:
        """64 bits of a hash of :attr:`name`: tells pictures apart in little memory, the same on every machine."""
        return key_of(self.name)


def key_of(name: str) -> int:
    """See :attr:`Item.key`."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big")
