"""What one head is built like, and the two shape tools its slices share."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from data_builders.sources.phantoms.canvas import Points, smooth_curve
from data_builders.types import Mask


@dataclass(frozen=True)
class Head:
    """Build of one patient, canonical units (1 is half the picture).

    Args:
        width, length: half axes of the brain.
        skull, scalp: thicknesses.
        gap: fluid between brain and skull.
        ventricle: size of the ventricles, 1 is average.
        sulcus: width of the fluid in sulci.
        ribbon: thickness of the cortex.
        lean: how much larger one side is than the other.
        egg: how much wider the back is than the front.
        roundness: exponent of the outline.
    """

    width: float = 0.62
    length: float = 0.76
    skull: float = 0.06
    scalp: float = 0.05
    gap: float = 0.02
    ventricle: float = 1.0
    sulcus: float = 0.016
    ribbon: float = 0.055
    lean: float = 0.0
    egg: float = 0.1
    roundness: float = 2.25


def rounded(points: Points) -> np.ndarray:
    """Closed smooth curve through the points."""
    closed = [*points[-2:], *points, *points[:2]]
    curve = smooth_curve(closed, 8 * len(closed))
    span = len(closed) - 1
    first, last = round(2 / span * len(curve)), round((2 + len(points)) / span * len(curve))
    return curve[first:last]


def grow(mask: Mask, pixels: float) -> Mask:
    """Dilate by a disc."""
    size = 2 * max(1, round(pixels)) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    return cv2.dilate(mask.astype(np.uint8), kernel).astype(bool)
