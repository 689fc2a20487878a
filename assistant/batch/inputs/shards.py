"""Which pictures of a run are whose: by a hash of the path without its detours, so that shards agree on their own."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from assistant.errors import ConfigError


@dataclass(frozen=True)
class Shard:
    """Part ``index`` (from 1) of ``count``.

    >>> Shard.parse("2/3").suffix
    '-2-of-3'
    >>> Shard().suffix
    ''

    Raises:
        ConfigError: an index outside 1..count.
    """

    index: int = 1
    count: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.index <= self.count:
            raise ConfigError("a shard from 1/N to N/N", f"{self.index}/{self.count}", "write for example --shard 1/4")

    @classmethod
    def parse(cls, text: str) -> Shard:
        """``I/N`` as a value."""
        found = re.fullmatch(r"(\d+)/(\d+)", text.strip())
        if found is None:
            raise ConfigError("a shard as I/N", repr(text), "write for example --shard 1/4")
        return cls(int(found[1]), int(found[2]))

    @classmethod
    def of_process(cls, environment: Mapping[str, str] = os.environ) -> Shard:
        """The part of one process of ``accelerate launch`` or ``torchrun`` (RANK and WORLD_SIZE); else the whole."""
        rank, size = environment.get("RANK", ""), environment.get("WORLD_SIZE", "")
        return cls(int(rank) + 1, int(size)) if rank.isdecimal() and size.isdecimal() else cls()

    def owns(self, number: int) -> bool:
        """Whether the picture of this key, or the chunk of this number, belongs here."""
        return number % self.count == self.index - 1

    @property
    def suffix(self) -> str:
        """Of the names of this shard's files."""
        return "" if self.count == 1 else f"-{self.index}-of-{self.count}"
