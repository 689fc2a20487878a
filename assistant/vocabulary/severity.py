"""Severity of a region by a stated rule: its size, how sure the map is, and what kind of thing it is.

The rule scores a region 0..1 and cuts at 0.35 (major) and 0.7 (critical):

    s = 0.6 * min(1, sqrt(area_fraction / 0.08)) + 0.4 * max(0, peak - 0.5) / 0.5 * gravity[type]

``gravity`` is 1 for kinds that usually end a part's life or need attention at once (crack, hole, missing part, mass, …), 0.25
for cosmetic kinds (stain, discolouration, …) and 0.6 otherwise. A grave kind is never below major when its peak is at least 0.9.
The rule is a convention for sorting, not an acceptance standard: users have their own.
"""

from __future__ import annotations

import math

from assistant.types import Severity

GRAVE = frozenset(
    {
        "crack",
        "hole",
        "chip",
        "missing part",
        "misplacement",
        "deformation",
        "cut",
        "burn",
        "extra part",
        "mass",
        "haemorrhage",
    }
)
COSMETIC = frozenset({"stain", "discolouration", "contamination", "residue", "print error", "scratch", "calcification"})

FROM = {Severity.MINOR: 0.0, Severity.MAJOR: 0.35, Severity.CRITICAL: 0.7}
"""Points from which a region is rated so."""
GRAVE_FROM = 0.9
"""Peak score from which a grave kind is never minor."""


def severity_of(area_fraction: float, peak_score: float, type_name: str | None) -> Severity:
    """Severity of a region.

    Args:
        area_fraction: share of the picture's pixels, [0, 1].
        peak_score: highest calibrated score in the region, [0, 1].
        type_name: kind, a name of the vocabulary, or None.

    >>> severity_of(0.001, 0.55, "stain").value, severity_of(0.2, 0.98, "crack").value
    ('minor', 'critical')
    """
    points = sum(points_of(area_fraction, peak_score, type_name))
    if points >= FROM[Severity.CRITICAL]:
        return Severity.CRITICAL
    if points >= FROM[Severity.MAJOR] or is_grave(peak_score, type_name):
        return Severity.MAJOR
    return Severity.MINOR


def points_of(area_fraction: float, peak_score: float, type_name: str | None) -> tuple[float, float]:
    """What size, and strength weighed by the kind, add to a region's points; arguments as of :func:`severity_of`.

    >>> [round(points, 2) for points in points_of(0.02, 0.75, "crack")]
    [0.3, 0.2]
    """
    gravity = 1.0 if type_name in GRAVE else 0.25 if type_name in COSMETIC else 0.6
    size = min(1.0, math.sqrt(max(area_fraction, 0.0) / 0.08))
    return 0.6 * size, 0.4 * min(1.0, max(0.0, peak_score - 0.5) / 0.5) * gravity


def is_grave(peak_score: float, type_name: str | None) -> bool:
    """Whether a region is major whatever its points."""
    return type_name in GRAVE and peak_score >= GRAVE_FROM
