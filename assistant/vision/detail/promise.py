"""How unusual the blocks of a picture are, told from its pixels alone at full resolution, no encoder: where a look may pay.

A block is about half as large as the smallest thing looked for. Level, extremes, gradients, colour, thin lines of four
directions, and the means of some of these over the blocks around it; how far all of them together lie from what is usual
(Mahalanobis), in the picture itself or in references.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from assistant.errors import ProfileError
from assistant.vision.detail.tiles import Lattice

PLAIN = ("level", "darkest", "brightest", "gradient", "steepest", "red", "blue")
"""Of a block: mean, least and greatest lightness; mean and greatest gradient; mean difference from grey, towards red and blue."""
AROUND = (0, 1, 2, 3, 5, 6)
"""Which of these also count as means over 3x3 blocks."""
DIRECTIONS = 4
"""Of lines; of each the strongest bright and the strongest dark one."""
FEATURES = len(PLAIN) + len(AROUND) + 2 * DIRECTIONS
LINE_WIDTH, LINE_LENGTH, LINE_REACH = 1.0, 4.0, 7
"""Deviations of the line filters across and along, and half their side; pixels of the picture at half its size."""
LEAST_VARIANCE = 0.5
"""Of each feature, square grey levels: on an even surface sensor noise is nothing unusual."""
EVEN = 0.05
"""Blocks less unusual than this are alike; what is left are rounding errors of the filters."""
STRIP, STRIP_BLOCKS = 512, 100_000
"""Rows of pixels, and blocks, that are taken at once: what is held beside the statistics does not grow with the picture."""
MOST_BLOCKS = 50_000
"""Blocks that tell what is usual, spread evenly over the picture."""


@dataclass(frozen=True, eq=False)
class Usual:
    """What blocks of a picture, or of a reference set, are usually like.

    Args:
        covariance: of the features about their median.
    """

    covariance: Float32[np.ndarray, "features features"]

    @classmethod
    def of(cls, blocks: Float32[np.ndarray, "features rows columns"]) -> Usual:
        """Of the blocks of a picture."""
        flat = _some(blocks)
        away = flat - np.median(flat, 1)[:, None]
        return cls((away @ away.T / away.shape[1]).astype(np.float32))

    @classmethod
    def of_all(cls, each: Sequence[Usual]) -> Usual:
        """Of a reference set: the mean."""
        return cls(np.mean([one.covariance for one in each], axis=0).astype(np.float32))

    def unusual(self, blocks: Float32[np.ndarray, "features rows columns"]) -> Float32[np.ndarray, "rows columns"]:
        """Mahalanobis distance of each block from the picture's own median: light differs from picture to picture."""
        middle = np.median(_some(blocks), 1)
        spread = self.covariance.astype(np.float64) + LEAST_VARIANCE * np.eye(len(blocks))
        whiten = np.linalg.inv(np.linalg.cholesky(spread)).astype(np.float32)
        out = np.empty((blocks.shape[1], blocks.shape[2]), np.float32)
        step = max(1, STRIP_BLOCKS // out.shape[1])
        for row in range(0, out.shape[0], step):
            part = blocks[:, row : row + step] - middle[:, None, None]
            out[row : row + step] = np.sqrt(np.square(np.tensordot(whiten, part, 1)).sum(0))
        return np.where(out < EVEN, np.float32(0), out)

    def as_json(self) -> list[list[float]]:
        """What :meth:`from_json` reads."""
        return [[float(f"{v:.6g}") for v in row] for row in self.covariance.tolist()]

    @classmethod
    def from_json(cls, raw: Any) -> Usual:
        """As it was written.

        Raises:
            TypeError, ValueError, ProfileError: something else.
        """
        found = np.asarray(raw, np.float32)
        if found.shape != (FEATURES, FEATURES) or not np.isfinite(found).all():
            got = f"others of shape {found.shape}"
            raise ProfileError(f"{FEATURES} x {FEATURES} finite numbers of blocks", got, "build the profile again")
        if not np.allclose(found, found.T, rtol=1e-3, atol=1e-3) or np.linalg.eigvalsh(found)[0] < -LEAST_VARIANCE / 2:
            raise ProfileError("a covariance of blocks", "numbers that are none", "build the profile again")
        return cls((found + found.T) / 2)


def block_statistics(
    pixels: UInt8[np.ndarray, "height width 3"], side: int
) -> Float32[np.ndarray, "features rows columns"]:
    """Statistics of the blocks of a picture; those at the far edges may be smaller.

    Args:
        pixels: RGB, 0..255.
        side: of a block, source pixels; even.
    """
    high, wide = (-(-length // side) for length in pixels.shape[:2])
    found, step = np.empty((FEATURES, high, wide), np.float32), max(1, STRIP // side)
    plain = FEATURES - len(AROUND)
    for row in range(0, high, step):
        found[:plain, row : row + step] = _strip(pixels[row * side : (row + step) * side], side)
    for place, number in enumerate(AROUND, start=plain):
        found[place] = cv2.blur(found[number], (3, 3), borderType=cv2.BORDER_REPLICATE)
    return found


def on_cells(
    blocks: Float32[np.ndarray, "block_rows block_columns"], side: int, lattice: Lattice
) -> Float32[np.ndarray, "rows columns"]:
    """The greatest of the blocks that each cell of a lattice touches."""
    found = np.asarray(blocks)
    for axis in (0, 1):
        count, first = found.shape[axis], np.arange(lattice.shape[axis]) * lattice.cell
        start = np.minimum(first // side, count - 1)
        stop = np.clip(-(-(first + lattice.cell) // side), start + 1, count)
        most = int((stop - start).max())
        steps = [found.take(np.minimum(start + step, stop - 1), axis) for step in range(most)]
        found = np.maximum.reduce(steps)
    return np.ascontiguousarray(found, np.float32)


def _some(blocks: Float32[np.ndarray, "features rows columns"]) -> Float32[np.ndarray, "features some"]:
    flat = blocks.reshape(len(blocks), -1)
    return flat[:, :: max(1, flat.shape[1] // MOST_BLOCKS)]


def _strip(pixels: UInt8[np.ndarray, "height width 3"], side: int) -> Float32[np.ndarray, "features rows columns"]:
    height, width = pixels.shape[:2]
    below, beside = -height % side, -width % side
    if below or beside:
        pixels = cv2.copyMakeBorder(np.ascontiguousarray(pixels), 0, below, 0, beside, cv2.BORDER_REFLECT)
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    size = (grey.shape[1] // side, grey.shape[0] // side)
    steep = cv2.morphologyEx(grey, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    level, slope, colour = (cv2.resize(p, size, interpolation=cv2.INTER_AREA) for p in (grey, steep, pixels))
    tone = colour.reshape(size[1], size[0], 3).astype(np.float32)
    planes = [
        level, _extreme(grey, side, cv2.erode), _extreme(grey, side, cv2.dilate), slope, _extreme(steep, side, cv2.dilate),
        tone[..., 0] - tone[..., 1], tone[..., 2] - tone[..., 1],
    ]  # fmt: skip
    half = cv2.resize(grey, (grey.shape[1] // 2, grey.shape[0] // 2), interpolation=cv2.INTER_AREA).astype(np.float32)
    for kernel in _LINES:
        strength = cv2.filter2D(half, cv2.CV_32F, kernel, borderType=cv2.BORDER_REFLECT)
        planes += [_extreme(strength, side // 2, cv2.dilate), _extreme(strength, side // 2, cv2.erode)]
    return np.stack([np.asarray(p, np.float32) for p in planes])


def _extreme(plane: np.ndarray, side: int, way: Any) -> np.ndarray:
    """Least or greatest number of each block."""
    return np.asarray(way(plane, np.ones((side, side), np.uint8), anchor=(0, 0))[::side, ::side])


def _lines() -> list[Float32[np.ndarray, "side side"]]:
    """Filters for straight lines of :data:`DIRECTIONS` directions: a ridge across, long along; sums of 0, of absolute 1."""
    down, across = np.mgrid[-LINE_REACH : LINE_REACH + 1, -LINE_REACH : LINE_REACH + 1].astype(np.float32)
    kernels = []
    for number in range(DIRECTIONS):
        angle = np.pi * number / DIRECTIONS
        along = across * np.cos(angle) + down * np.sin(angle)
        off = (down * np.cos(angle) - across * np.sin(angle)) / LINE_WIDTH
        kernel = np.exp(-((along / LINE_LENGTH) ** 2) / 2) * (1 - off**2) * np.exp(-(off**2) / 2)
        kernel -= kernel.mean()
        kernels.append(np.asarray(kernel / np.abs(kernel).sum(), np.float32))
    return kernels


_LINES = _lines()
