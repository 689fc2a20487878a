"""Phrasing files and their small language: ``[this|that|]`` is a choice, ``{slot}`` is filled from the facts.

Every fifth line of a list is held out: it is used for evaluation and for nothing else.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import yaml

from assistant.errors import ConfigError

FOLDER = Path(__file__).parent
EVERY = 5
"""One line in so many is held out."""
_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_SLOT = re.compile(r"\{(\w+)\}")
Item = TypeVar("Item")


class Unsayable(Exception):
    """A line needs a fact that is not there: another line is drawn."""


@cache
def load(name: str) -> Any:
    """Content of a phrasing file of this folder."""
    path = FOLDER / f"{name}.yaml"
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise ConfigError(f"the phrasing file {path}", str(error), "install the package again") from error


def share(items: Sequence[Item], held_out: bool) -> list[Item]:
    """The held-out fifth of a list, or the rest.

    >>> share("abcdef", True), share("abcdef", False)
    (['e'], ['a', 'b', 'c', 'd', 'f'])
    """
    return [item for n, item in enumerate(items, 1) if (n % EVERY == 0) is held_out]


def pick(items: Sequence[Item], rng: np.random.Generator) -> Item:
    """One of them."""
    return items[int(rng.integers(len(items)))]


def expand(line: str, rng: np.random.Generator) -> str:
    """The line with its choices made, inner ones first."""
    while match := _CHOICE.search(line):
        line = line[: match.start()] + pick(match[1].split("|"), rng) + line[match.end() :]
    return line


def expansions(line: str) -> list[str]:
    """Every way to make a line's choices.

    >>> expansions("[a|b] [c|d]")
    ['a c', 'a d', 'b c', 'b d']
    """
    parts = re.split(r"(\[[^\[\]]*\])", line)
    ways = [p[1:-1].split("|") if p.startswith("[") else [p] for p in parts]
    return ["".join(way) for way in itertools.product(*ways)]


def fill(line: str, slot: Callable[[str], str]) -> str:
    """The line with its slots filled and its sentences capitalised.

    >>> fill("{what} is there. it is small.", {"what": "a dent"}.__getitem__)
    'A dent is there. It is small.'
    """
    text = " ".join(_SLOT.sub(lambda m: slot(m[1]), line).split())
    return sentence_case(re.sub(r" (?=[.,;:?!](?: |$))", "", text))


def sentence_case(text: str) -> str:
    """Capitals at the start and after a full stop, question or exclamation mark."""
    return re.sub(r"(^|[.?!] )([a-z])", lambda m: m[1] + m[2].upper(), text)


def lines(book: Mapping[str, Any], *keys: str) -> list[str]:
    """The list at a path of a phrasing file.

    Raises:
        ConfigError: no such list, or one too short to hold a line out.
    """
    found: Any = book
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    if not isinstance(found, list) or len(found) < EVERY:
        raise ConfigError(f"a list of {EVERY} phrasings or more", f"{found!r} at {'.'.join(keys)}", "add phrasings")
    return found
