"""What is known of a kind, as phrases to be put into sentences."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from assistant.reading.statements import read
from assistant.vocabulary.knowledge import Entry
from assistant.words import wording
from data_builders.words.phrases import Unsayable

_STATE = re.compile(r"\b(?:normal|intact|good)\b")


def look(entry: Entry, rng: np.random.Generator) -> str:
    """One to three of shape, colour and texture; those that could be read as a verdict, kind or place are left out.

    Raises:
        Unsayable: nothing is left.
    """
    signs = [
        sign
        for sign in (entry.look.shape, entry.look.colour, entry.look.texture)
        if not (_STATE.search(sign) or (said := read(sign)).verdicts or said.types or said.cells)
    ]
    if not signs:
        raise Unsayable("no sign to name")
    return "; ".join(signs[: 1 + int(rng.integers(len(signs)))])


def some(phrases: Sequence[str], rng: np.random.Generator, last: str) -> str:
    """Two or three phrases joined; with a comma before the last word where a phrase holds "or" or "and" itself."""
    chosen = list(phrases[: min(len(phrases), 2 + int(rng.integers(2)))])
    if len(chosen) > 1 and any(" or " in phrase or " and " in phrase for phrase in chosen):
        return f"{', '.join(chosen[:-1])}, {last} {chosen[-1]}"
    return wording.join(chosen, last)
