"""Scores of a product's own normals -> where its normal pictures lie, and the threshold that follows.

Normal scores of a product are taken for normally distributed with unknown mean and variance. What built products have in common
is the prior (normal-inverse-gamma), the scores of the references, each judged by the others, are the data, and a new normal
picture then follows a Student distribution (Murphy, "Conjugate Bayesian analysis of the Gaussian distribution", 2007, section 3):
wide with one reference, close to what was seen with many.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from assistant.errors import ConfigError

LEAST_VARIETY = 0.01
"""Identical references count for this much."""


@dataclass(frozen=True)
class Odds:
    """Log-odds that a picture is anomalous, of as many anomalous pictures as normal ones: a sum over these, learned of products.

    Where the references say little, the raw logit counts beside the deviation from them: experts were trained to say log-odds.

    Args:
        deviation: a standard deviation above the location; positive.
        logit: a raw logit; not negative.
        spread: a logarithm of the scale.
        shots: a doubling of the references.
        constant: of all pictures.
    """

    deviation: float
    logit: float
    spread: float
    shots: float
    constant: float

    def __post_init__(self) -> None:
        numbers = (self.deviation, self.logit, self.spread, self.shots, self.constant)
        if not all(map(math.isfinite, numbers)) or self.deviation <= 0 or self.logit < 0:
            raise ConfigError("finite numbers, those of deviation and logit positive", str(self), "calibrate again")


@dataclass(frozen=True)
class NormalPrior:
    """What is known of normal scores before any was seen; learned over built products.

    Args:
        lift: how far the mean of normals lies above the mean of jittered copies.
        trust: references that the prior of the mean weighs as much as; positive.
        scale: prior standard deviation of normal scores; positive.
        certainty: references that the prior of the variance weighs as much as; positive.
        left_out: how much higher a reference scores against the others than a new picture against all, times the references.
        odds: from which point on a picture is likelier anomalous than normal.
    """

    lift: float
    trust: float
    scale: float
    certainty: float
    left_out: float
    odds: Odds

    def __post_init__(self) -> None:
        numbers = (self.lift, self.trust, self.scale, self.certainty, self.left_out)
        if not all(map(math.isfinite, numbers)) or min(self.trust, self.scale, self.certainty) <= 0:
            raise ConfigError("finite numbers, positive but for lift and left_out", str(self), "calibrate again")

    def as_json(self) -> dict[str, Any]:
        """What :meth:`from_json` reads."""
        return asdict(self)

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> NormalPrior:
        """As it was written.

        Raises:
            KeyError, TypeError, ConfigError: something else.
        """
        return cls(**{**raw, "odds": Odds(**raw["odds"])})

    def given(self, left_out: Sequence[float], copies: Sequence[float], variety: float = 1.0) -> NormalRange:
        """Where a new normal picture lies.

        Args:
            left_out: raw image logits of the references, each judged by the others; none of a single one.
            copies: those of jittered copies of references, at least one.
            variety: how much of a reference each further one is worth (:func:`variety`).
        """
        count = variety * len(left_out)
        expected = sum(copies) / len(copies) + self.lift
        squares = self.certainty * self.scale**2
        trust, certainty = self.trust + count, self.certainty + count
        location = expected
        if count:
            seen = sum(left_out) / len(left_out)
            mean = seen - self.left_out / len(left_out)
            squares += variety * sum((v - seen) ** 2 for v in left_out)
            squares += self.trust * count / trust * (mean - expected) ** 2
            location = (self.trust * expected + count * mean) / trust
        scale = math.sqrt(squares / certainty * (1 + 1 / trust))
        shots = 1 + variety * max(0, len(left_out) - 1)
        slope = self.odds.deviation / scale + self.odds.logit
        rest = self.odds.spread * math.log(scale) + self.odds.shots * math.log2(shots) + self.odds.constant
        even = (self.odds.deviation * location / scale - rest) / slope
        return NormalRange(location, scale, certainty, even, slope, variety)


@dataclass(frozen=True)
class NormalRange:
    """Student distribution of a new normal picture's raw image logit, and from where on an anomalous one is likelier.

    Args:
        location, scale: of the distribution, raw logits.
        freedom: degrees of freedom.
        even: raw logit at which an anomalous picture is as likely as a normal one.
        slope: calibrated logits, log-odds, per raw one.
        variety: how much of a reference each further one was worth.
    """

    location: float
    scale: float
    freedom: float
    even: float
    slope: float
    variety: float = 1.0

    def limit(self, overkill: float) -> float:
        """Raw logit that a new normal picture exceeds with probability ``overkill``."""
        from scipy.stats import t as student  # half a second, which a command that only reads files need not wait

        return self.location + self.scale * float(student.ppf(1 - overkill, self.freedom))

    def calibrated(self, logit: float, threshold: float) -> float:
        """A raw logit as a calibrated one: 0 at the threshold."""
        return (logit - threshold) * self.slope


def variety(left_out: Sequence[float], copies: Sequence[float]) -> float:
    """How much of a reference each further one is worth, (0, 1].

    References that lie nearer to each other than copies of one of them, taken again by the same camera, show one and the same
    piece: a hundred slices of a tablet say of other tablets as much as one.

    Args:
        left_out: plain distances of the references to the others; none of a single one.
        copies: plain distances of jittered copies, not all zero.
    """
    if not left_out:
        return 1.0
    among, again = sum(left_out) / len(left_out), sum(copies) / len(copies)
    return min(1.0, max(LEAST_VARIETY, among / max(again, 1e-9)))


def conformal_threshold(normals: Sequence[float], overkill: float) -> float | None:
    """The ``ceil((1 - overkill)(n + 1))``-th smallest of ``n`` scores; None where ``n`` are too few for that.

    A new score exchangeable with them lies above it with probability at most ``overkill`` (Vovk et al., 2005). Scores of
    references each judged by the others are nearly so: without assumptions the bound is twice that (jackknife+, Barber et al.,
    Annals of Statistics 2021).

    >>> conformal_threshold(list(range(1, 100)), 0.05)
    95
    """
    rank = math.ceil((1 - overkill) * (len(normals) + 1))
    return sorted(normals)[rank - 1] if 1 <= rank <= len(normals) else None


def conformal_p_value(score: float, normals: Sequence[float]) -> float:
    """Share of normals at least as anomalous as this one, the one itself counted.

    Split conformal p-value (Vovk et al., 2005): ``(1 + #{s_i >= s}) / (n + 1)``.

    >>> conformal_p_value(0.9, [0.1] * 24)
    0.04
    """
    return (1 + sum(s >= score for s in normals)) / (len(normals) + 1)
