"""What a profile keeps of its references beside their patches, and what it says of a picture that is not like them at all.

Warnings are about the picture as a whole: they never change a score. Each number is held against where the next normal
picture of the product lies (:mod:`assistant.vision.checks.expected`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from assistant.vision.checks.expected import Expected, expected
from assistant.vision.checks.findings import Finding
from assistant.vision.checks.look import BLACK, Look


@dataclass(frozen=True)
class Usual:
    """Of a number of a :class:`~assistant.vision.checks.look.Look`: what people call it, and its usual standard deviation."""

    name: str
    spread: float


OTHER_PRODUCT = "shows another product"
"""What the warning of a picture of another product begins with."""
LIGHT = {
    "exposure": Usual("lightness", 0.1),
    "contrast": Usual("contrast", 3.0),
    "red": Usual("red to green", 3.5),
    "yellow": Usual("yellow to blue", 3.5),
}
"""Of the pictures of one product, CIELAB; of lightness its logarithm."""
SIZE = {"aspect": Usual("shape", 0.06), "scale": Usual("size", 0.1)}
"""Of the logarithms of aspect and of scale."""
DISTANCE = 0.02
"""Usual standard deviation of the mean distance of a picture's patches, cosine."""
CLASS_DISTANCE = 0.04
"""Usual standard deviation of the distance of a class token to the nearest, cosine."""
LEAST_FAR = 0.12
"""Pictures nearer than this in the mean, cosine distance of patches, are of the same product whatever the references are like."""


@dataclass(frozen=True)
class Apart:
    """How far a picture is from a reference set.

    Args:
        patches: mean plain distance of its patches to the nearest of the references, cosine.
        class_token: distance of its class token to the nearest reference's, cosine.
    """

    patches: float
    class_token: float


FRAMED = "frame it as they are, or give references framed like it"
LIKE_WITH_LIKE = "its tiles compare like with like, the look at it as a whole does not"


@dataclass(frozen=True)
class Known:
    """Of a reference set.

    Args:
        looks: of each reference.
        distances: mean plain distance of a reference's patches to those of the others, cosine; of one reference, that of
            jittered copies to itself.
        class_distances: cosine distance of a reference's class token to the nearest other; none of a single one.
        findings: faults among the references.
    """

    looks: tuple[Look, ...]
    distances: tuple[float, ...]
    class_distances: tuple[float, ...]
    findings: tuple[Finding, ...] = ()

    @property
    def sentences(self) -> tuple[str, ...]:
        """The faults, one line each."""
        return tuple(finding.sentence() for finding in self.findings)

    def warnings(self, look: Look, apart: Apart) -> tuple[str, ...]:
        """What speaks against judging a picture by these references, one line each; empty where nothing does.

        Args:
            look: of the picture.
            apart: how far it is from them.
        """
        told = (
            unlike(apart, self.distances, self.class_distances, "give references of it"),
            other_light(look, self.looks, "check lamp and exposure, or give references in this light"),
            other_size(look, self.looks, FRAMED),
        )
        return tuple(text for _, text in (one for one in told if one is not None))

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "looks": [vars(look) for look in self.looks],
            "distances": [round(v, 5) for v in self.distances],
            "class_distances": [round(v, 5) for v in self.class_distances],
            "findings": [finding.as_json() for finding in self.findings],
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any], references: int) -> Known:
        """As :meth:`as_json` gives it.

        Args:
            told: read from a file.
            references: how many there are.

        Raises:
            ValueError, KeyError, TypeError: what no reference set has.
        """
        looks = tuple(Look.from_json(look) for look in told["looks"])
        distances, classes = (tuple(map(float, told[name])) for name in ("distances", "class_distances"))
        if len(looks) != references or len(classes) != (references if references > 1 else 0) or not distances:
            raise ValueError(f"checks of {len(looks)} references, not {references}")
        if not all(math.isfinite(v) for v in (*distances, *classes)):
            raise ValueError("distances that are not finite")
        return cls(looks, distances, classes, tuple(map(Finding.from_json, told["findings"])))


def told_of_tiles(warnings: tuple[str, ...]) -> tuple[str, ...]:
    """Warnings of a picture whose tiles were compared with normal ones wherever these lie: another size is no fault of it."""
    return tuple(one.replace(FRAMED, LIKE_WITH_LIKE) for one in warnings)


def unlike(
    apart: Apart, distances: Sequence[float], class_distances: Sequence[float], do: str
) -> tuple[float, str] | None:
    """Times by which a picture is farther than others of its product, and what to say; None where it may be one of them.

    Args:
        apart: how far it is.
        distances: of patches, of pictures of the product.
        class_distances: of theirs; none where they are not known.
        do: the next step.
    """
    usual = expected(distances, DISTANCE)
    limit = max(LEAST_FAR, usual.high)
    if apart.patches <= limit or (class_distances and apart.class_token <= median(class_distances)):
        return None
    numbers = f"distance {apart.patches:.2f}, of references {usual.middle:.2f}, told from {limit:.2f}"
    other = apart.class_token > expected(class_distances or (0.0,), CLASS_DISTANCE).high
    what = OTHER_PRODUCT if other else "looks unlike the references all over: other camera, focus or product"
    return apart.patches / max(1e-3, usual.middle), f"{what} ({numbers}): {do}"


def other_light(look: Look, looks: Sequence[Look], do: str, reaches: float = 1.0) -> tuple[float, str] | None:
    """Reaches by which light or colour lies off those of ``looks``, and what to say; None where it is within ``reaches``."""
    found = _outside(look, looks, LIGHT)
    if found is None or found[0] <= reaches:
        return None
    far, name, value, usual = found
    low, high = usual.low, usual.high
    if name == "exposure":
        value, low, high = look.lightness, math.exp(low) - BLACK, math.exp(high) - BLACK
    numbers = f"{LIGHT[name].name} {value:.0f}, of references {low:.0f} to {high:.0f}"
    return far, f"was taken in another light ({numbers}): {do}"


def other_size(look: Look, looks: Sequence[Look], do: str, reaches: float = 1.0) -> tuple[float, str] | None:
    """Reaches by which size or shape lies off those of ``looks``, and what to say; None where it is within ``reaches``."""
    found = _outside(look, looks, SIZE)
    if found is None or found[0] <= reaches:
        return None
    far, name, _, _ = found
    middle = sorted(looks, key=lambda one: float(getattr(one, name)))[len(looks) // 2]
    numbers = f"{look.width}x{look.height}, of references {middle.width}x{middle.height}"
    return far, f"is of another {SIZE[name].name} ({numbers}): {do}"


def _outside(
    look: Look, looks: Sequence[Look], numbers: Mapping[str, Usual]
) -> tuple[float, str, float, Expected] | None:
    """Of the number that lies farthest outside: reaches from the middle, name, value, and where it ought to lie."""
    worst: tuple[float, str, float, Expected] | None = None
    for name, number in numbers.items():
        usual, value = expected([getattr(one, name) for one in looks], number.spread), float(getattr(look, name))
        far = abs(value - usual.middle) / usual.reach
        if usual.beyond(value) and (worst is None or far > worst[0]):
            worst = far, name, value, usual
    return worst
