"""Scores in bins of a hundredth, and what a threshold does to the pictures that a person marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from demo.table.lines import Line

BINS = 100
_EDGES = np.array([number / BINS for number in range(BINS + 1)])


@dataclass(frozen=True)
class Mistakes:
    """What a threshold does to the marked pictures.

    Args:
        good: marked so, with a score.
        overkill: of these called anomalous.
        bad: marked so, with a score.
        missed: of these called normal.
        left_out: marked ones that are references themselves: they do not count.
    """

    good: int
    overkill: int
    bad: int
    missed: int
    left_out: int

    def __str__(self) -> str:
        """In words."""
        if not self.good + self.bad:
            return "Mark pictures good or bad to count overkill and misses."
        parts = [
            f"{one} of {of} {name}" + (f" ({100 * one / of:.0f} %)" if of else "")
            for one, of, name in (
                (self.overkill, self.good, "good called anomalous"),
                (self.missed, self.bad, "bad missed"),
            )
        ]
        left = f"; {self.left_out} marked ones are references themselves and do not count" if self.left_out else ""
        return f"{parts[0]} · {parts[1]}{left}"


def histogram(lines: Sequence[Line]) -> Int[np.ndarray, "bins marks"]:
    """How many scores lie in each hundredth, by mark: none, good, bad. A score on an edge lies above it.

    >>> histogram([Line("a", "a", 0.29), Line("b", "b", 1.0, good=True)])[[28, 29, 99]].tolist()
    [[0, 0, 0], [1, 0, 0], [0, 1, 0]]
    """
    counts = np.zeros((BINS, 3), np.int64)
    for line in lines:
        if line.score is not None:
            at = min(BINS - 1, int(np.searchsorted(_EDGES, line.score, side="right")) - 1)
            mark = 0 if line.good is None or line.learned else 1 if line.good else 2
            counts[at, mark] += 1
    return counts


def mistakes(lines: Sequence[Line], at: float) -> Mistakes:
    """What a threshold does to the marked pictures; by the score alone, whatever was corrected."""
    marked = [line for line in lines if line.good is not None and line.score is not None]
    fair = [line for line in marked if not line.learned]
    good, bad = ([line for line in fair if line.good is which] for which in (True, False))
    return Mistakes(
        len(good), sum(one.mistaken(at) for one in good), len(bad), sum(one.mistaken(at) for one in bad), len(marked) - len(fair)
    )  # fmt: skip
