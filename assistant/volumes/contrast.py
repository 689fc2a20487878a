"""Places of a volume beside their surroundings, held against what reference volumes show nearby. Numbers only.

A place's contrast is its value over the mean within :data:`SURROUNDINGS_MM`, so that brightness, coils and windows say nothing.
References span a range at each place: their least and greatest contrast within :data:`TOLERANCE_MM`, as no two bodies lie alike.
What lies above or below that range over :data:`BALL_MM` is unusual; how much of it is usual, each reference says by the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float32
from scipy import ndimage

from assistant.types import Levels
from assistant.volumes.volume import Volume, upright

CELL_MM = 3.0
SURROUNDINGS_MM = 15.0
"""Standard deviation of the Gaussian that a place's surroundings are weighed with."""
TOLERANCE_MM = 15.0
"""Radius within a slice."""
ALONG_MM = 6.0
"""The same along the axis; a slice at least."""
BALL_MM = 5.2
"""Standard deviation of the Gaussian that what is unusual is gathered with."""
SLIGHT = 0.005
"""Contrast beyond the range that is nothing."""
_BODY = 0.2
_SHOWN = 0.005
Planes = Float32[np.ndarray, "slices rows columns"]


@dataclass(frozen=True, eq=False)
class Contrast:
    """Contrast of all slices along an axis, upright as pictures are, in cells of about three millimetres.

    Args:
        values: 1 is as the surroundings.
        body: what is not air.
        span: first and last slice that shows some.
        box: least and greatest row and column of the body, half-open.
        step_mm: from slice to slice.
    """

    values: Planes
    body: Bool[np.ndarray, "slices rows columns"]
    span: tuple[int, int]
    box: tuple[int, int, int, int]
    step_mm: float


def contrast_of(volume: Volume, axis: int, levels: Levels) -> Contrast | None:
    """Contrast of a volume drawn with those levels; None where next to nothing is seen."""
    grey = _cells(volume, axis, levels)
    step = volume.spacing_mm[axis]
    body = ndimage.gaussian_filter(grey, (0.0, 1.0, 1.0)) > _BODY
    slices = np.flatnonzero(body.reshape(len(body), -1).mean(1) > _SHOWN)
    flat = body.mean(0) > 0.1 * body.mean(0).max()
    if not len(slices) or not flat.any():
        return None
    grey /= max(float(np.median(grey[body])), 1e-3)
    width = (SURROUNDINGS_MM / step, SURROUNDINGS_MM / CELL_MM, SURROUNDINGS_MM / CELL_MM)
    near = body.astype(np.float32)
    weight = ndimage.gaussian_filter(near, width)
    mean = ndimage.gaussian_filter(np.minimum(grey, 1.6) * near, width) / (weight + 1e-3)
    values = grey / np.clip(np.where(weight > 0.05, mean, 1.0), 0.5, 2.0)
    rows, columns = np.flatnonzero(flat.any(1)), np.flatnonzero(flat.any(0))
    box = (int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1)
    return Contrast(values.astype(np.float32), body, (int(slices[0]), int(slices[-1])), box, step)


def _cells(volume: Volume, axis: int, levels: Levels) -> Planes:
    """Grey levels, 0 black and 1 white, averaged over cells."""
    columns, rows = (other for other in range(3) if other != axis)
    height, width = volume.shape[rows], volume.shape[columns]
    size = (
        max(1, round(width * volume.spacing_mm[columns] / CELL_MM)),
        max(1, round(height * volume.spacing_mm[rows] / CELL_MM)),
    )
    span = max(levels.white - levels.black, 1e-9)
    planes = []
    for number in range(volume.shape[axis]):
        plane = upright(volume.values, axis, number).astype(np.float32)
        lost = ~np.isfinite(plane)
        for value in volume.no_data:
            lost |= plane == np.float32(value)
        grey = np.clip((plane - levels.black) / span, -0.2, 1.5)
        grey[lost] = 0.0
        planes.append(cv2.resize(grey, size, interpolation=cv2.INTER_AREA))
    return np.stack(planes).astype(np.float32)


def onto(reference: Contrast, query: Contrast) -> Planes:
    """The contrast of a reference at the cells of another volume: the same share of the axis and of the body's box."""
    count = len(query.values)
    (first, last), (low, high) = query.span, reference.span
    share = (np.arange(count) - first) / max(1, last - first)
    at = np.clip(low + share * (high - low), 0, len(reference.values) - 1)
    under = np.floor(at).astype(int)
    over = np.minimum(under + 1, len(reference.values) - 1)
    part = (at - under).astype(np.float32)
    top, bottom, left, right = query.box
    own_top, own_bottom, own_left, own_right = reference.box
    down, across = (own_bottom - own_top) / (bottom - top), (own_right - own_left) / (right - left)
    lie = np.array(
        [
            [across, 0, own_left - left * across + 0.5 * (across - 1)],
            [0, down, own_top - top * down + 0.5 * (down - 1)],
        ],
        np.float32,
    )
    height, width = query.values.shape[1:]
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    planes = [
        cv2.warpAffine(
            reference.values[a] * (1 - t) + reference.values[b] * t, lie, (width, height), flags=flags,
            borderMode=cv2.BORDER_REPLICATE,
        )
        for a, b, t in zip(under, over, part, strict=True)
    ]  # fmt: skip
    return np.stack(planes)


def beyond(query: Contrast, references: Sequence[Contrast]) -> tuple[Planes, Planes]:
    """How far a volume lies above and below the range of references, gathered over a ball."""
    radius = round(TOLERANCE_MM / CELL_MM)
    disc = (np.hypot(*np.mgrid[-radius : radius + 1, -radius : radius + 1]) <= radius + 0.3).astype(np.uint8)
    along = 2 * max(1, round(ALONG_MM / query.step_mm)) + 1
    least: Planes | None = None
    most: Planes | None = None
    for reference in references:
        planes = onto(reference, query)
        high = ndimage.maximum_filter1d(np.stack([cv2.dilate(one, disc) for one in planes]), along, axis=0)
        low = ndimage.minimum_filter1d(np.stack([cv2.erode(one, disc) for one in planes]), along, axis=0)
        most = high if most is None else np.maximum(most, high)
        least = low if least is None else np.minimum(least, low)
    assert most is not None, "references"
    assert least is not None, "references"
    width = (BALL_MM / query.step_mm, BALL_MM / CELL_MM, BALL_MM / CELL_MM)
    sides = (np.maximum(query.values - most, 0), np.maximum(least - query.values, 0))
    above, below = (ndimage.gaussian_filter(side * query.body, width, truncate=3.0) for side in sides)
    return above, below


@dataclass(frozen=True, eq=False)
class UsualContrast:
    """Reference volumes along an axis.

    Args:
        references: two or more.
        usual: logarithm of what lies above and below the range of the others in a reference, the mean of their highest places.
    """

    references: tuple[Contrast, ...]
    usual: tuple[float, float]

    def unusual(self, query: Contrast, leave_out: int | None = None) -> Planes:
        """Logarithm of what lies beyond the range, over what is usual at the highest place of a reference."""
        kept = [one for number, one in enumerate(self.references) if number != leave_out]
        sides = [np.log(side + SLIGHT) - usual for side, usual in zip(beyond(query, kept), self.usual, strict=True)]
        found: Planes = np.maximum(*sides).astype(np.float32)
        return found


def usual_contrast(references: Sequence[Contrast | None]) -> UsualContrast | None:
    """What references say of each other; None where one shows nothing or has no other beside it."""
    shown = [one for one in references if one is not None]
    if len(shown) < 2 or len(shown) < len(references):
        return None
    tops = []
    for number, one in enumerate(shown):
        others = [other for place, other in enumerate(shown) if place != number]
        tops.append([float(np.log(side.max() + SLIGHT)) for side in beyond(one, others)])
    above, below = np.mean(tops, axis=0)
    return UsualContrast(tuple(shown), (float(above), float(below)))
