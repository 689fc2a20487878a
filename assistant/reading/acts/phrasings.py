"""How people say each act: the patterns of ``phrasings/*.yaml``, expanded to sentences.

A line is a pattern; ``{a|b|}`` is one of its alternatives, ``<part>``, ``<flaw>`` and ``<scan>`` stand for a noun, the
next of its row each time. Sentences of one pattern are one group: a fair test leaves out whole groups.
"""

from __future__ import annotations

import hashlib
import random
import re
import zlib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import count, cycle, product

import yaml

from assistant.errors import ConfigError
from assistant.reading.acts.act import Act, Family

MOST = 10
"""Sentences of a pattern that are kept; more of them say nothing new."""
_ROWS = {
    "part": "part bottle board weld casting panel bearing screw tile cable lens capsule gear bracket zipper".split(),
    "flaw": "defect crack scratch dent hole chip stain burr flaw spot mark bump pit tear".split(),
    "scan": "scan x-ray mri ct mammogram".split(),
}


@dataclass(frozen=True)
class Phrasing:
    """A sentence and the act it is.

    Args:
        text: as somebody types it.
        act: what it does.
        group: number of the pattern it comes from.
    """

    text: str
    act: Act
    group: int


@cache
def load_phrasings() -> tuple[Phrasing, ...]:
    """Every sentence of every act, in the order of files and lines.

    Raises:
        ConfigError: an act without phrasings, or one in the file of another family.
    """
    numbers, rows = count(), {name: cycle(words) for name, words in _ROWS.items()}
    found: dict[str, Phrasing] = {}
    for family in Family:
        acts = yaml.safe_load(_text_of(family))
        expected = [act for act in Act if act.family is family]
        if set(acts) != set(expected):
            raise ConfigError(
                f"phrasings of {', '.join(expected)} in {family}.yaml",
                ", ".join(acts),
                "give each act of the family its lines, and no other",
            )
        for act in expected:
            for pattern in acts[act].splitlines():
                group = next(numbers)
                for text in _drawn(pattern):
                    said = re.sub(r"<(\w+)>", lambda noun: next(rows[noun[1]]), text)
                    found.setdefault(said, Phrasing(said, act, group))
    return tuple(found.values())


def expanded(pattern: str) -> list[str]:
    """The sentences of a pattern, nouns still in angle brackets.

    >>> expanded("is it {ok|fine} to ship{|, please}")
    ['is it ok to ship', 'is it ok to ship, please', 'is it fine to ship', 'is it fine to ship, please']
    """
    pieces = re.split(r"\{([^{}]*)\}", pattern)
    choices = [piece.split("|") if at % 2 else [piece] for at, piece in enumerate(pieces)]
    return list(dict.fromkeys(" ".join("".join(chosen).split()) for chosen in product(*choices)))


def _drawn(pattern: str) -> list[str]:
    """At most :data:`MOST` sentences of a pattern, the same ones every time, in their order."""
    sentences = expanded(pattern)
    if len(sentences) <= MOST:
        return sentences
    draw = random.Random(zlib.crc32(pattern.encode()))
    return [sentences[at] for at in sorted(draw.sample(range(len(sentences)), MOST))]


def phrasings_hash() -> str:
    """SHA-256 of all phrasing files, 64 hex digits."""
    digest = hashlib.sha256()
    for family in Family:
        digest.update(f"{family}\n{_text_of(family)}".encode())
    return digest.hexdigest()


def _text_of(family: Family) -> str:
    return (resources.files(__package__) / "phrasings" / f"{family}.yaml").read_text(encoding="utf-8")
