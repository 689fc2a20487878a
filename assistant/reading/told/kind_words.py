"""What somebody calls a kind -> the kind: by the words for kinds, else by a word that it shares with a kind's name."""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.reading.question import read_question
from assistant.reading.spelling import plain
from assistant.vocabulary.defect_types import ALL_TYPES

STEM = 5
"""Letters of a word from which it stands for words that begin so, or have it in them."""
_GENERAL = frozenset(
    "missing extra part parts error errors defect defects kind type spot mark place area something thing".split()
)
"""Words of names that say nothing of the kind, and words for any of them."""
_ALSO = {
    "coloured": "colour",
    "colored": "colour",
    "colouring": "colour",
    "coloring": "colour",
    "color": "colour",
    "colors": "colour",
    "colours": "colour",
}


def kinds_of_words(said: str, among: Sequence[str] = ()) -> tuple[str, ...]:
    """The kinds that a few words name; empty where they name none.

    Args:
        said: as typed.
        among: kinds to look through before all others, as those that a region may be.

    >>> kinds_of_words("fracture"), kinds_of_words("the texture"), kinds_of_words("colour"), kinds_of_words("gizmo")
    (('crack',), ('texture disruption',), ('discolouration',), ())
    """
    if known := read_question(said).kinds:
        return known
    words = [_ALSO.get(word, word) for word in re.findall(r"[a-z]{4,}", plain(said)) if word not in _GENERAL]
    names = [*among, *(name for name in ALL_TYPES if name not in among)]
    return tuple(name for name in names if any(_shared(word, part) for word in words for part in name.split()))[:1]


def _shared(word: str, part: str) -> bool:
    """Whether a word and a word of a kind's name are one."""
    if part in _GENERAL:
        return False
    stem = word[:STEM]
    return word == part or (len(word) >= STEM and (part.startswith(stem) or (len(word) > STEM and word in part)))
