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


def severity_of(area_fraction: float, peak_score: float, type_name: str | None) -> Severity:
    """Severity of a region.

    Args:
        area_fraction: share of the picture's pixels, [0, 1].
        peak_score: highest calibrated score in the region, [0, 1].
        type_name: kind, a name of the vocabulary, or None.

    >>> severity_of(0.001, 0.55, "stain").value, severity_of(0.2, 0.98, "crack").value
    ('minor', 'critical')
    """
    gravity = 1.0 if type_name in GRAVE else 0.25 if type_name in COSMETIC else 0.6
    size = min(1.0, math.sqrt(max(area_fraction, 0.0) / 0.08))
    points = 0.6 * size + 0.4 * min(1.0, max(0.0, peak_score - 0.5) / 0.5) * gravity
    if points >= 0.7:
        return Severity.CRITICAL
    if points >= 0.35 or (gravity == 1.0 and peak_score >= 0.9):
        return Severity.MAJOR
    return Severity.MINOR
