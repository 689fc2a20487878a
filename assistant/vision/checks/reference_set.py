"""A reference set -> its faults: pictures that are anomalous, turned, there twice, of another product, in another light or size.

Each reference is held against the others: nothing is known of the product but them. So a fault of one or two among many is
found, one that most of them share is not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

import numpy as np
from jaxtyping import Float32

from assistant.types import QueryImage
from assistant.vision.checks.findings import Fault, Finding
from assistant.vision.checks.known import Apart, Known, other_light, other_size, unlike
from assistant.vision.checks.look import Look, likeness, small_grey
from assistant.vision.experts.normal_range import variety

ENOUGH = 3
"""References from which on the others tell how one ought to be."""
FAR_SCORE = 6.0
"""Spreads above the median of the others from which a reference's score is anomalous."""
AGREED_SCORE, AGREED_TEXT = 3.5, 0.8
"""Spreads and calibrated text score from which it is so where both say it."""
FEW = 2.0
"""Of ``n`` others the spread is known so badly that ``1 + FEW / n`` times as many spreads are asked for."""
REACHES = 1.5
"""Reaches from which the light or size of a reference is told: several numbers of each of many references are looked at."""
SURE = 0.9
"""Calibrated score of the text expert, in [0, 1], from which it is believed of one or two references."""
ALIKE = 0.99
"""Correlation of small copies from which two pictures may be the same."""
SAME_PATCHES, NEARER = 0.03, 0.4
"""Mean distance of patches, cosine, up to which pictures that look alike may be the same, re-encoded or resized; and the share of
the usual distance up to which they are."""
ROUNDED = 0.02
"""Logarithms of the shapes of a picture and its resized copy differ by no more: sides are whole pixels."""
BETTER_TURNED = 0.6
"""A copy turned by quarters is as it should be when it is less than this share as far from the others as the picture."""
SUSPECTS = 4
"""References that are turned to see whether they then fit: the farthest ones."""
ONE_PIECE = 0.3
"""References nearer to each other than this share of the distance of jittered copies show one piece: nearer than any of 260 sets
built of different pieces."""
LEAVE_OUT = "leave it out"
Value = TypeVar("Value")


@dataclass(frozen=True, eq=False)
class Glance:
    """What the checks keep of the pixels of a reference.

    Args:
        source: as given.
        look: numbers of the whole picture.
        small: a small grey copy.
        digest: of all pixels.
    """

    source: str
    look: Look
    small: Float32[np.ndarray, "32 32"]
    digest: str

    @classmethod
    def of(cls, image: QueryImage) -> Glance:
        """At a picture."""
        pixels = np.ascontiguousarray(image.pixels)
        digest = hashlib.blake2b(repr(pixels.shape).encode() + pixels.tobytes(), digest_size=16).hexdigest()
        return cls(image.source, Look.of(image), small_grey(image), digest)


@dataclass(frozen=True, eq=False)
class ReferenceSet:
    """References as they are seen, and as they are judged by each other.

    Args:
        glances: at each.
        distances: mean plain distance of each to the others, cosine; none of a single one.
        copies: mean plain distances of jittered copies to the references.
        class_distances: distance of each class token to the nearest other, cosine; none of a single one.
        logits: raw image logit of each, judged by the others; none of a single one.
        logit_spread: usual standard deviation of normals' logits.
        texts: calibrated score of the text expert about each, in [0, 1].
        turned: (reference, quarters) to the mean plain distance of the turned copy to the other references.
    """

    glances: Sequence[Glance]
    distances: Sequence[float]
    copies: Sequence[float]
    class_distances: Sequence[float]
    logits: Sequence[float]
    logit_spread: float
    texts: Sequence[float]
    turned: Callable[[int, int], float]


def check_references(references: ReferenceSet) -> Known:
    """What is known of the set, with its faults in the order of the pictures; each picture has one of a kind."""
    doubled = dict(_doubled(references))
    turned = dict(_turned(references, doubled))
    products = {n: f for n, f in _products(references) if n not in turned}
    explained = {*turned, *products}
    anomalous = {n: f for n, f in _anomalous(references) if n not in explained}
    framed = {n: f for n, f in _framed(references) if n not in turned}
    kinds = (doubled, turned, products, anomalous, dict(_lit(references)), framed)
    found = tuple(kind[n] for n in range(len(references.glances)) for kind in kinds if n in kind)
    found = (*found, *_alike(references, doubled))
    sound = [d for n, d in enumerate(references.distances) if n not in doubled]
    return Known(
        looks=tuple(glance.look for glance in references.glances),
        distances=tuple(sound or references.distances or references.copies),
        class_distances=tuple(references.class_distances),
        findings=found,
    )


def _alike(references: ReferenceSet, doubled: dict[int, Finding]) -> Iterator[Finding]:
    """A set that shows one and the same piece: told once, at its first picture."""
    if len(references.glances) - len(doubled) < 2:
        return
    worth = variety(references.distances, references.copies)
    if worth < ONE_PIECE:
        count = len(references.distances)
        text = (
            f"and the other {count - 1} lie nearer to each other ({worth:.2f} as far) than pictures of one piece taken again: "
            f"they count for little more than one; give pictures of other pieces"
        )
        yield Finding(Fault.ALIKE, references.glances[0].source, worth, text)


def _doubled(references: ReferenceSet) -> Iterator[tuple[int, Finding]]:
    """Pictures that an earlier one shows already."""
    first: dict[str, int] = {}
    near: list[int] = []
    for number, glance in enumerate(references.glances):
        twin = first.setdefault(glance.digest, number)
        if twin == number and references.distances and references.distances[number] <= SAME_PATCHES:
            twin = next((other for other in near if _same(references, number, other)), number)
            near.append(number)
        if twin != number:
            name = " ".join(references.glances[twin].source.split())
            distance = references.distances[number]
            text = f"shows the same picture as {name} (distance {distance:.3f}): {LEAVE_OUT}"
            yield number, Finding(Fault.DOUBLED, glance.source, distance, text)


def _same(references: ReferenceSet, number: int, other: int) -> bool:
    """Whether two near references are one picture written twice: nearer than a fixed camera's pictures of several parts."""
    one, two = references.glances[number], references.glances[other]
    if abs(one.look.aspect - two.look.aspect) > ROUNDED or likeness(one.small, two.small) < ALIKE:
        return False
    rest = [d for n, d in enumerate(references.distances) if n not in (number, other)] or references.copies
    return max(references.distances[number], references.distances[other]) <= NEARER * median(rest)


def _turned(references: ReferenceSet, doubled: dict[int, Finding]) -> Iterator[tuple[int, Finding]]:
    """Pictures that fit the others when they are turned by quarters."""
    distances = references.distances
    if len(distances) < ENOUGH:
        return
    farthest = sorted(set(range(len(distances))) - doubled.keys(), key=lambda n: -distances[n])[:SUSPECTS]
    for number in farthest:
        distance, usual = distances[number], median(_without(distances, number))
        if BETTER_TURNED * distance < usual:
            continue
        tried = {quarter: references.turned(number, quarter) for quarter in (1, 2, 3)}
        quarter = min(tried, key=lambda q: tried[q])
        if tried[quarter] <= BETTER_TURNED * distance:
            numbers = f"distance {distance:.2f}, turned by {90 * quarter} degrees {tried[quarter]:.2f}"
            text = f"is turned ({numbers}): turn it back, or {LEAVE_OUT}"
            yield number, Finding(Fault.TURNED, references.glances[number].source, tried[quarter] / distance, text)


def _products(references: ReferenceSet) -> Iterator[tuple[int, Finding]]:
    """Pictures that are far from all others; of two, the second."""
    distances, classes = references.distances, references.class_distances
    do = f"{LEAVE_OUT}, or build a profile of its own"
    for number, glance in enumerate(references.glances):
        if len(distances) < 2 or (len(distances) == 2 and number == 0):
            continue
        apart = Apart(distances[number], classes[number])
        if len(distances) < ENOUGH:
            found = unlike(apart, references.copies, (), do)
        else:
            found = unlike(apart, _without(distances, number), _without(classes, number), do)
        if found is not None:
            yield number, Finding(Fault.PRODUCT, glance.source, found[0], found[1])


def _anomalous(references: ReferenceSet) -> Iterator[tuple[int, Finding]]:
    """Pictures that the others find anomalous; of one or two, those that the text expert is sure of."""
    logits = references.logits
    for number, glance in enumerate(references.glances):
        if len(references.glances) < ENOUGH:
            sure = references.texts[number]
            if sure >= SURE:
                text = (
                    f"looks anomalous by itself (score without references {sure:.2f}): look at it, give another if so"
                )
                yield number, Finding(Fault.ANOMALOUS, glance.source, sure, text)
            continue
        others = _without(logits, number)
        middle = median(others)
        spread = max(1.4826 * median(abs(v - middle) for v in others), references.logit_spread)
        far = (logits[number] - middle) / spread
        doubt = 1 + FEW / len(others)
        if far >= FAR_SCORE * doubt or (far >= AGREED_SCORE * doubt and references.texts[number] >= AGREED_TEXT):
            text = f"looks anomalous beside the others ({far:.1f} spreads above their score): look at it, {LEAVE_OUT} if so"
            yield number, Finding(Fault.ANOMALOUS, glance.source, far, text)


def _lit(references: ReferenceSet) -> Iterator[tuple[int, Finding]]:
    """Pictures in another light than the others."""
    looks = [glance.look for glance in references.glances]
    for number, glance in enumerate(references.glances):
        do = f"take it anew in the light of the others, or {LEAVE_OUT}"
        found = other_light(glance.look, _without(looks, number), do, REACHES) if len(looks) >= ENOUGH else None
        if found is not None:
            yield number, Finding(Fault.LIGHT, glance.source, found[0], found[1])


def _framed(references: ReferenceSet) -> Iterator[tuple[int, Finding]]:
    """Pictures of another size or shape than the others."""
    looks = [glance.look for glance in references.glances]
    for number, glance in enumerate(references.glances):
        do = f"frame it as the others are, or {LEAVE_OUT}"
        found = other_size(glance.look, _without(looks, number), do, REACHES) if len(looks) >= ENOUGH else None
        if found is not None:
            yield number, Finding(Fault.SIZE, glance.source, found[0], found[1])


def _without(values: Sequence[Value], number: int) -> list[Value]:
    return [*values[:number], *values[number + 1 :]]
