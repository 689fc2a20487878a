"""Things that one picture and its map do not tell, found in a sentence by the words that name them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from assistant.files.yaml_text import parse_yaml
from assistant.reading.acts.act import Act, Family

FILE = Path(__file__).with_name("things.yaml")
NEAREST = frozenset({"verdict", "size", "effect", "absent"})
"""Facts that may come nearest to a thing; ``absent``: what is not marked may be there all the same."""


@dataclass(frozen=True)
class Thing:
    """Something that one picture does not tell.

    Args:
        say: a clause before "cannot be told".
        because: why not, a clause.
        tells: what would, a noun phrase.
        near: which fact comes nearest, of :data:`NEAREST`.
        over: families of acts, besides the usual ones, that it goes before.
        scan: whether it is asked of scans alone.
        act: the act that it is the general case of.
        words: what names it.
    """

    say: str
    because: str
    tells: str
    near: str
    over: frozenset[Family]
    scan: bool
    act: Act | None
    words: re.Pattern[str]


@cache
def load_things() -> tuple[Thing, ...]:
    """All things, in the order of their file."""
    return tuple(_thing(group, one) for group in parse_yaml(FILE.read_text("utf-8")) for one in group["things"])


def _thing(group: dict[str, Any], one: dict[str, Any]) -> Thing:
    return Thing(
        one["say"],
        group["because"],
        one.get("tells", group["tells"]),
        group["near"],
        frozenset(Family(name) for name in group.get("over", ())),
        bool(group.get("scan")),
        Act(one["act"]) if "act" in one else None,
        re.compile(rf"\b(?:{'|'.join(one['words'])})(?!\w)"),
    )


def things_in(said: str, scan: bool, most: int = 2) -> tuple[Thing, ...]:
    """The things that a plain text names, in its order; of words that overlap, the longest name one.

    Args:
        said: plain text.
        scan: whether the picture is taken for a scan of a patient.
        most: how many, at most.

    >>> [thing.say for thing in things_in("is there oedema or midline shift, and how hard is it?", scan=True)]
    ['whether there is oedema', 'whether the midline is shifted']
    """
    things = [thing for thing in load_things() if scan or not thing.scan]
    found = [(match.start(), match.end(), thing) for thing in things if (match := thing.words.search(said))]
    apart: list[tuple[int, int, Thing]] = []
    for start, end, thing in sorted(found, key=lambda one: one[0] - one[1]):
        if all(end <= other or start >= last for other, last, _ in apart):
            apart.append((start, end, thing))
    return tuple(thing for _, _, thing in sorted(apart, key=lambda one: one[0])[:most])


def thing_of(act: Act) -> Thing | None:
    """The thing that an act asks for in general; None of an act that a picture can answer."""
    return next((thing for thing in load_things() if thing.act is act), None)
