"""What the phantoms share beyond drawing: shapes of organs, display windows, soft regions."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np

from assistant.types import Domain
from data_builders.sources.phantoms.canvas import Field, Points, Sketch, noise
from data_builders.types import Kind, Mask, Picture, Pixels


def closed_curve(points: Points, samples: int = 10) -> np.ndarray:
    """Smooth closed outline through the points, ``samples`` a piece; (count, 2)."""
    p = np.asarray(points, np.float32)
    t = np.linspace(0, 1, samples, endpoint=False, dtype=np.float32)[None, :, None]
    a, b, c, d = (np.roll(p, shift, axis=0)[:, None, :] for shift in (1, 0, -1, -2))
    curve = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
    return np.asarray(curve.reshape(-1, 2), np.float32)


def organ(
    sketch: Sketch, rng: np.random.Generator, points: Points, spread: float, scale: float = 1.0, mirror: bool = False
) -> Mask:
    """An organ's outline with natural variation: points move by ``spread`` (canonical), size by ``scale``."""
    p = np.asarray(points, np.float32)
    middle = p.mean(axis=0)
    moved = (p - middle) * np.float32(scale) + middle
    moved = moved + rng.normal(0, spread, p.shape).astype(np.float32).clip(-2 * spread, 2 * spread)
    if mirror:
        moved = moved * np.asarray([-1, 1], np.float32)
    return sketch.polygon_mask(closed_curve([(float(x), float(y)) for x, y in moved]))


def softened(mask: Mask, sigma: float) -> Field:
    """A mask as 0..1 with soft borders, sigma in pixels."""
    soft = mask.astype(np.float32)
    return np.asarray(cv2.GaussianBlur(soft, (0, 0), sigma) if sigma >= 0.2 else soft, np.float32)


def kept_inside(mask: Mask, margin: float) -> Mask:
    """The mask without a border of ``margin`` pixels."""
    framed = cv2.copyMakeBorder(mask.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    distance = cv2.distanceTransform(framed, cv2.DIST_L2, 3)[1:-1, 1:-1]
    return np.asarray(distance > margin)


def windowed(field: Field, low: float, high: float, gamma: float = 1.0) -> Field:
    """Display window: ``low`` becomes 0, ``high`` 1, then the power ``gamma``."""
    return np.asarray(np.clip((field - low) / (high - low), 0, 1) ** np.float32(gamma), np.float32)


def speckle(rng: np.random.Generator, size: tuple[int, int], grain: tuple[float, float], looks: int = 1) -> Field:
    """Magnitude of coherent noise: mean 1. ``grain`` is (sigma along y, sigma along x) in pixels; more looks, less contrast."""
    power = np.zeros(size, np.float32)
    for _ in range(2 * looks):
        part = rng.standard_normal(size, np.float32)
        if max(grain) >= 0.25:
            blurred = cv2.GaussianBlur(part, (0, 0), sigmaX=max(grain[1], 0.05), sigmaY=max(grain[0], 0.05))
            part = np.asarray(blurred, np.float32)
        power += part * part
    magnitude = np.sqrt(power)
    return np.asarray(magnitude / np.float32(magnitude.mean() + 1e-6), np.float32)


def aspect_of(size: tuple[int, int], most: float = 1.3) -> float:
    """``View.stretch`` that lets the body fill more of an oblong picture (at most ``most`` times)."""
    ratio = size[0] / size[1]
    return 1 / min(ratio, most) if ratio >= 1 else 1.0


def tissue_texture(rng: np.random.Generator, size: tuple[int, int], cells: float, strength: float) -> Field:
    """Multiplier about 1 for the mottling of tissue."""
    return np.asarray(1 + np.float32(strength) * noise(rng, size, cells, 2), np.float32)


def whole_parts(masks: Mapping[str, Mask]) -> dict[str, tuple[Mask, ...]]:
    """Parts of one mask each, those of less than 12 pixels left out."""
    return {name: (np.asarray(mask, bool),) for name, mask in masks.items() if int(mask.sum()) >= 12}


def picture(
    pixels: Pixels, lesion_area: Mask, object_name: str, family: str, parts: Mapping[str, tuple[Mask, ...]]
) -> Picture:
    """A medical picture whose lesions lie in ``lesion_area``."""
    return Picture(
        pixels=np.ascontiguousarray(pixels),
        object_mask=np.asarray(lesion_area, bool),
        object_name=object_name,
        family=family,
        kind=Kind.PHANTOM,
        domain=Domain.MEDICAL,
        parts=parts,
    )
