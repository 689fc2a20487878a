"""Even surfaces of any size: four of ours, and photographs of textures laid out by mirroring. Knows no defects."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

Surface = Callable[[tuple[int, int], np.random.Generator], UInt8[np.ndarray, "height width 3"]]
"""Maps (height, width) and draws to a picture of the surface; another picture of the same one at each call."""
GAIN, SCALE, NOISE = 0.04, 0.06, 1.5
"""By how much pictures of one surface differ: brightness and size of the texture (share), grey levels of noise."""


def brushed(size: tuple[int, int], rng: np.random.Generator) -> UInt8[np.ndarray, "height width 3"]:
    """Brushed metal: noise drawn out along the rows."""
    plane = _noise(size, rng, (0.6, 24.0)) * 14 + _noise(size, rng, (1.5, 60.0)) * 10
    return _coloured(150 + plane, (1.0, 1.0, 1.02), rng)


def granite(size: tuple[int, int], rng: np.random.Generator) -> UInt8[np.ndarray, "height width 3"]:
    """Stone of light and dark grains of several sizes."""
    plane = sum(_noise(size, rng, (s, s)) * weight for s, weight in ((1.2, 12), (4.0, 18), (9.0, 16)))
    return _coloured(128 + np.asarray(plane), (1.04, 1.0, 0.96), rng)


def cast(size: tuple[int, int], rng: np.random.Generator) -> UInt8[np.ndarray, "height width 3"]:
    """A cast part: small bumps in light from one side."""
    wider = (size[0] + 1, size[1] + 1)
    height = _noise(wider, rng, (5.0, 5.0)) + 0.5 * _noise(wider, rng, (2.0, 2.0))
    slope = np.diff(height, axis=1)[:-1] + np.diff(height, axis=0)[:, :-1]
    return _coloured(110 + 60 * slope + 4 * height[:-1, :-1], (0.98, 1.0, 1.02), rng)


def weave(size: tuple[int, int], rng: np.random.Generator) -> UInt8[np.ndarray, "height width 3"]:
    """Cloth of two threads that cross, each a little uneven."""
    rows, columns = np.mgrid[: size[0], : size[1]].astype(np.float32)
    rows += 1.5 * _noise(size, rng, (12.0, 12.0)) + rng.uniform(0, 12)
    columns += 1.5 * _noise(size, rng, (12.0, 12.0)) + rng.uniform(0, 12)
    over = np.sin(2 * np.pi * rows / 12) * np.sin(2 * np.pi * columns / 12) > 0
    thread = np.where(over, np.abs(np.sin(np.pi * rows / 6)), np.abs(np.sin(np.pi * columns / 6)))
    return _coloured(90 + 60 * thread + 5 * _noise(size, rng, (1.0, 1.0)), (0.95, 1.0, 1.05), rng)


OWN: dict[str, Surface] = {"brushed": brushed, "granite": granite, "cast": cast, "weave": weave}
"""Surfaces of ours by name."""


def mirrored(photograph: Path) -> Surface:
    """A surface of a photograph: turned over, moved, a little scaled, laid out by mirroring, as bright as the light is.

    Raises:
        ImageError: a file that is no picture.
    """
    from assistant.pictures.images import load_image

    pixels = load_image(photograph).pixels

    def laid_out(size: tuple[int, int], rng: np.random.Generator) -> UInt8[np.ndarray, "height width 3"]:
        factor = float(rng.uniform(1 - SCALE, 1 + SCALE))
        scaled = cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_LINEAR)
        if rng.random() < 0.5:
            scaled = scaled[:, ::-1]
        starts = [int(rng.integers(0, side)) for side in scaled.shape[:2]]
        rows, columns = (
            _folded(np.arange(long) + start, side)
            for long, start, side in zip(size, starts, scaled.shape[:2], strict=True)
        )
        return _lit(scaled[np.ix_(rows, columns)].astype(np.float32), rng)

    return laid_out


def _folded(index: np.ndarray, side: int) -> np.ndarray:
    """Places on a line that runs to and fro between 0 and ``side``."""
    place = index % (2 * side)
    return np.where(place < side, place, 2 * side - 1 - place)


def _noise(size: tuple[int, int], rng: np.random.Generator, blur: tuple[float, float]) -> Float32[np.ndarray, "h w"]:
    """Smooth noise of mean 0 and deviation 1; ``blur`` is its (down, across) deviation, pixels."""
    shrink = max(1, int(min(blur) / 2))
    small = (size[0] // shrink + 2, size[1] // shrink + 2)
    plane = rng.standard_normal(small, np.float32)
    plane = np.asarray(cv2.GaussianBlur(plane, (0, 0), sigmaX=blur[1] / shrink, sigmaY=blur[0] / shrink), np.float32)
    plane = (plane - plane.mean()) / max(float(plane.std()), 1e-6)
    large = cv2.resize(plane, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_LINEAR)
    return np.ascontiguousarray(large[: size[0], : size[1]], np.float32)


def _coloured(plane: np.ndarray, tint: tuple[float, float, float], rng: np.random.Generator) -> np.ndarray:
    return _lit(plane[..., None].astype(np.float32) * np.asarray(tint, np.float32), rng)


def _lit(picture: np.ndarray, rng: np.random.Generator) -> UInt8[np.ndarray, "height width 3"]:
    """A picture as a camera takes it: brightness and noise of its own."""
    out = picture * np.float32(rng.uniform(1 - GAIN, 1 + GAIN))
    out += rng.standard_normal((*picture.shape[:2], 1), np.float32) * NOISE
    return np.clip(np.rint(out), 0, 255).astype(np.uint8)
