"""Values of a few normal pictures -> where that of the next normal picture lies.

A normal distribution of unknown mean and variance, with a prior of the variance that weighs as much as :data:`CERTAINTY` values
and a flat prior of the mean: the next value follows a Student distribution (Murphy, "Conjugate Bayesian analysis of the Gaussian
distribution", 2007, section 3). Wide after one value, close to what was seen after many.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import fmean

CERTAINTY = 4
"""Values that the prior of the variance weighs as much as."""
RARE = 0.001
"""Probability of a value beyond either end."""


@dataclass(frozen=True)
class Expected:
    """Where the next value lies, but for :data:`RARE` beyond either end.

    Args:
        middle: most likely.
        reach: from there to either end; positive.
    """

    middle: float
    reach: float

    @property
    def low(self) -> float:
        """Lower end."""
        return self.middle - self.reach

    @property
    def high(self) -> float:
        """Upper end."""
        return self.middle + self.reach

    def beyond(self, value: float) -> bool:
        """Whether a value lies beyond either end."""
        return abs(value - self.middle) > self.reach


def expected(seen: Sequence[float], spread: float) -> Expected:
    """Where the next value lies.

    Args:
        seen: at least one value.
        spread: standard deviation that values of one product usually have; positive.
    """
    middle, count = fmean(seen), len(seen)
    squares = CERTAINTY * spread**2 + sum((value - middle) ** 2 for value in seen)
    freedom = CERTAINTY + count - 1
    return Expected(middle, _quantile(freedom) * math.sqrt(squares / freedom * (1 + 1 / count)))


@lru_cache(maxsize=1024)
def _quantile(freedom: int) -> float:
    from scipy.stats import t as student  # half a second, which a command that only reads files need not wait

    return float(student.isf(RARE, freedom))
