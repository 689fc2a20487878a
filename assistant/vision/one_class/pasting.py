"""Synthetic defects on a product's own normal pictures: a patch from elsewhere, a darker or brighter spot, texture, a thin line.

They choose between heads, and train nothing. After CutPaste (Li et al., CVPR 2021) and DRAEM (Zavrtanik et al., ICCV 2021).
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from jaxtyping import Bool, Float32, UInt8

from assistant.types import QueryImage

AREA = (0.002, 0.03)
"""Smallest and largest defect, share of the picture."""
LINE = (0.004, 0.012)
"""Thinnest and thickest line, share of the longer side."""
ROUGH = 0.35
"""By how much the outline of a spot leaves an ellipse."""

Plane = Float32[np.ndarray, "height width 3"]


def pasted(picture: QueryImage, other: QueryImage, number: int) -> QueryImage:
    """A picture with one defect; the same for the same number.

    Args:
        picture: a normal one.
        other: another normal one of the product, whose parts may be pasted.
        number: which of the many.
    """
    rng = np.random.default_rng(number)
    height, width = picture.pixels.shape[:2]
    plane = picture.pixels.astype(np.float32)
    if number % 4 == 3:
        mask, soft = _line(height, width, rng), 0.8
        filled = _relit(plane, rng)
    else:
        mask, soft = _spot(height, width, rng), max(0.6, 0.004 * max(height, width))
        fill = (_elsewhere(picture.pixels, other.pixels, rng), _relit(plane, rng), _textured(plane, rng))
        filled = fill[number % 4]
    alpha = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), soft)[..., None]
    mixed = plane * (1 - alpha) + filled * alpha
    return replace(picture, pixels=np.ascontiguousarray(np.rint(mixed.clip(0, 255)).astype(np.uint8)), deep=None)


def _spot(height: int, width: int, rng: np.random.Generator) -> Bool[np.ndarray, "height width"]:
    """An ellipse with a rough outline."""
    area = float(np.exp(rng.uniform(*np.log(AREA)))) * height * width
    stretch, turn = rng.uniform(0.5, 2.0), rng.uniform(0, np.pi)
    y, x = rng.uniform(0.15, 0.85, 2) * (height, width)
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    along = (columns - x) * np.cos(turn) + (rows - y) * np.sin(turn)
    across = (rows - y) * np.cos(turn) - (columns - x) * np.sin(turn)
    radius = np.sqrt(area / np.pi)
    coarse = cv2.GaussianBlur(_noise(height // 8 + 2, width // 8 + 2, rng), (0, 0), max(1.0, radius / 16))
    grain = np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)
    grain = (grain - grain.mean()) / (grain.std() + 1e-6)
    inside: Bool[np.ndarray, "height width"] = (
        along**2 / (radius**2 * stretch) + across**2 * stretch / radius**2 + ROUGH * grain < 1
    )
    return inside


def _line(height: int, width: int, rng: np.random.Generator) -> Bool[np.ndarray, "height width"]:
    """A wandering line."""
    side = max(height, width)
    point, turn = rng.uniform(0.1, 0.9, 2) * (width, height), rng.uniform(0, 2 * np.pi)
    points = [point]
    for _ in range(8):
        turn += rng.normal(0, 0.3)
        points.append(points[-1] + np.array([np.cos(turn), np.sin(turn)]) * rng.uniform(0.01, 0.04) * side)
    plane = np.zeros((height, width), np.uint8)
    cv2.polylines(plane, [np.array(points).astype(np.int32)], False, 1, max(1, round(rng.uniform(*LINE) * side)))
    return plane > 0


def _elsewhere(
    own: UInt8[np.ndarray, "height width 3"], other: UInt8[np.ndarray, "rows columns 3"], rng: np.random.Generator
) -> Plane:
    """The picture or another one, shifted and perhaps turned by half a circle."""
    height, width = own.shape[:2]
    source = own if rng.random() < 0.5 else cv2.resize(other, (width, height))
    source = np.rot90(source, 2) if rng.random() < 0.5 else source
    shift = (int(rng.integers(height // 4, height // 2 + 1)), int(rng.integers(width // 4, width // 2 + 1)))
    return np.roll(source, shift, (0, 1)).astype(np.float32)


def _relit(plane: Plane, rng: np.random.Generator) -> Plane:
    """Darker or brighter."""
    if rng.random() < 0.5:
        return plane * np.float32(rng.uniform(0.3, 0.75))
    return plane + (255 - plane) * np.float32(rng.uniform(0.25, 0.7))


def _textured(plane: Plane, rng: np.random.Generator) -> Plane:
    """With coarse noise on it."""
    height, width = plane.shape[:2]
    coarse = _noise(height // 4 + 1, width // 4 + 1, rng)
    grain = np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)
    return np.asarray(plane + grain[..., None] * rng.uniform(20, 60), np.float32)


def _noise(height: int, width: int, rng: np.random.Generator) -> Float32[np.ndarray, "height width"]:
    return rng.normal(size=(height, width)).astype(np.float32)
