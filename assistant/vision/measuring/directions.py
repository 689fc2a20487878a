"""Which way a region runs, how much longer than wide it is, and which hours it spans seen from the middle of the picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from assistant.types import THRESHOLD, AnomalyMap, Region

LONG = 1.8
"""Length over width from which a region runs somewhere."""
MIDDLE = 0.08
"""Distance from the middle of the picture, share of its shorter side, below which there is no direction from the middle."""
BINS = 360
"""Degrees of a circle, by which the spanned ones are counted."""


@dataclass(frozen=True)
class Direction:
    """Which way a region runs.

    Args:
        degrees: angle of its long axis to the horizontal, counter-clockwise as seen, from -90 (not included) to 90.
        elongation: length over width, by second moments; at least 1.
    """

    degrees: float
    elongation: float

    @property
    def words(self) -> str:
        """In words.

        >>> Direction(41.0, 3.0).words, Direction(-86.0, 3.0).words
        ('from the bottom left to the top right, about 41° to the horizontal', 'vertically')
        """
        steep = abs(self.degrees)
        if steep < 15:
            return "horizontally"
        if steep > 75:
            return "vertically"
        ends = "the bottom left to the top right" if self.degrees > 0 else "the top left to the bottom right"
        return f"from {ends}, about {steep:.0f}° to the horizontal"


@dataclass(frozen=True)
class Arc:
    """What a region spans, seen from the middle of the picture, on the face of a clock.

    Args:
        first: hour, 1 to 12, at which it begins, clockwise.
        last: hour at which it ends.
        degrees: between them, 0 to 360.
    """

    first: int
    last: int
    degrees: float

    @property
    def words(self) -> str:
        """In words.

        >>> Arc(10, 12, 55.0).words, Arc(6, 6, 8.0).words
        ("from 10 to 12 o'clock", "at 6 o'clock")
        """
        return f"at {self.first} o'clock" if self.first == self.last else f"from {self.first} to {self.last} o'clock"


def direction_of(anomaly_map: AnomalyMap, region: Region) -> Direction | None:
    """Which way a region runs, by the second moments of its pixels; None where it has none.

    Args:
        anomaly_map: of the picture; pixels of the region's box at or above the threshold are the region.
        region: of it.
    """
    xs, ys = _pixels(anomaly_map, region)
    if len(xs) < 2:
        return None
    spread = np.cov(np.stack([xs, -ys])) + np.eye(2) / 12  # a pixel's own variance
    values, axes = np.linalg.eigh(spread)
    x, y = axes[:, 1]
    degrees = float(np.degrees(np.arctan2(y, x)))
    degrees = degrees - 180 if degrees > 90 else degrees + 180 if degrees <= -90 else degrees
    return Direction(degrees, float(np.sqrt(values[1] / values[0])))


def arc_of(anomaly_map: AnomalyMap, region: Region) -> Arc | None:
    """What a region spans seen from the middle of the picture; None where it lies in the middle or around it.

    Args:
        anomaly_map: of the picture; pixels of the region's box at or above the threshold are the region.
        region: of it.
    """
    xs, ys = _pixels(anomaly_map, region)
    height, width = anomaly_map.size
    right, up = xs + 0.5 - width / 2, height / 2 - ys - 0.5
    if not len(xs) or np.hypot(right, up).min() < MIDDLE * min(height, width):
        return None
    clockwise = np.degrees(np.arctan2(right, up)) % 360
    taken = np.bincount((clockwise * BINS / 360).astype(int) % BINS, minlength=BINS) > 0
    gap, begins = _largest_gap(taken)
    if gap == 0:
        return None
    degrees = 360 * (BINS - gap) / BINS
    return Arc(_hour(begins), _hour((begins + degrees) % 360), degrees)


def _largest_gap(taken: np.ndarray) -> tuple[int, float]:
    """Degrees of the longest run of a circle that is not taken, and where what follows it begins."""
    filled = np.flatnonzero(taken)
    gaps = np.diff(np.concatenate([filled, [filled[0] + BINS]])) - 1
    at = int(np.argmax(gaps))
    return int(gaps[at]), float((filled[at] + gaps[at] + 1) % BINS)


def _hour(degrees: float) -> int:
    return round(degrees / 30) % 12 or 12


def _pixels(anomaly_map: AnomalyMap, region: Region) -> tuple[Float64[np.ndarray, " n"], Float64[np.ndarray, " n"]]:
    """Columns and rows of a region's pixels."""
    box = region.box
    marked = anomaly_map.window(slice(box.y_min, box.y_max), slice(box.x_min, box.x_max)) >= THRESHOLD
    ys, xs = np.nonzero(marked)
    return xs.astype(np.float64) + box.x_min, ys.astype(np.float64) + box.y_min
