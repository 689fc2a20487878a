"""Hard negatives: harmless marks that every line shows, painted on normal and anomalous pictures, never in a mask.

Their strength stays well below that of defects; what matters is that they lie where defects could lie.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np
from jaxtyping import Float32

from data_builders.types import Kind, Pixels

Layer = Float32[np.ndarray, "height width"]
Mark = Callable[[np.random.Generator, int, int], Layer]
"""Draws a layer of grey levels to add, one a pixel, from (rng, height, width)."""


def add_benign(pixels: Pixels, rng: np.random.Generator, kind: Kind, strength: float = 1.0) -> Pixels:
    """The picture with one to three harmless marks; the same size.

    Args:
        pixels: of the picture.
        rng: draws which marks and where.
        kind: phantoms get only what scanners show.
        strength: scale of the marks' grey levels.
    """
    height, width = pixels.shape[:2]
    names = list(_SCANNER_MARKS if kind is Kind.PHANTOM else _MARKS)
    weights = np.array([(_SCANNER_MARKS if kind is Kind.PHANTOM else _MARKS)[n][1] for n in names])
    chosen = rng.choice(len(names), size=int(rng.choice([1, 2, 3], p=[0.55, 0.3, 0.15])), p=weights / weights.sum())
    layer = np.zeros((height, width), np.float32)
    for index in np.unique(chosen):
        mark = _MARKS[names[index]][0]
        layer += mark(rng, height, width)
    tint = np.float32(1) + (rng.normal(0, 0.08, 3).astype(np.float32) if kind is not Kind.PHANTOM else np.float32(0))
    out = pixels.astype(np.float32) + layer[..., None] * np.float32(strength) * tint * np.ones(3, np.float32)
    marked = np.clip(out + 0.5, 0, 255).astype(np.uint8)
    return _corner_text(marked, rng) if rng.random() < (0.10 if kind is Kind.PHANTOM else 0.04) else marked


def _specks(rng: np.random.Generator, height: int, width: int) -> Layer:
    layer = np.zeros((height, width), np.float32)
    for _ in range(int(rng.integers(3, 16))):
        centre = (int(rng.integers(width) * 8), int(rng.integers(height) * 8))
        radius = int(rng.uniform(0.4, 1.1) * 8 * max(1.0, min(height, width) / 256))
        cv2.circle(layer, centre, radius, float(rng.normal(0, 6)), -1, cv2.LINE_8, 3)
    return np.asarray(cv2.GaussianBlur(layer, (0, 0), 0.6), np.float32)


def _dust(rng: np.random.Generator, height: int, width: int) -> Layer:
    chance = rng.uniform(0.0005, 0.004)
    layer = (rng.random((height, width), np.float32) < chance) * rng.normal(0, 1, (height, width)) * rng.uniform(5, 14)
    return np.asarray(cv2.GaussianBlur(layer.astype(np.float32), (0, 0), 0.5), np.float32)


def _clouds(rng: np.random.Generator, height: int, width: int) -> Layer:
    cells = int(rng.integers(2, 6))
    coarse = rng.normal(0, 1, (cells, cells)).astype(np.float32)
    layer = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(layer * np.float32(rng.uniform(1.5, 5)), np.float32)


def _blob(rng: np.random.Generator, height: int, width: int, low: float, high: float) -> Layer:
    """A soft elongated Gaussian of unit height; ``low`` and ``high`` bound its sigma as a share of the short side."""
    side = min(height, width)
    major, minor = np.sort(rng.uniform(low, high, 2) * side)[::-1]
    angle = rng.uniform(0, math.pi)
    x = np.arange(width, dtype=np.float32)[None, :] - np.float32(rng.uniform(0, width))
    y = np.arange(height, dtype=np.float32)[:, None] - np.float32(rng.uniform(0, height))
    cos, sin = np.float32(math.cos(angle)), np.float32(math.sin(angle))
    u, v = (x * cos + y * sin) / np.float32(major), (y * cos - x * sin) / np.float32(minor)
    return np.asarray(np.exp(-(u * u + v * v) / 2), np.float32)


def _shadow(rng: np.random.Generator, height: int, width: int) -> Layer:
    return -_blob(rng, height, width, 0.15, 0.5) * np.float32(rng.uniform(5, 18))


def _reflection(rng: np.random.Generator, height: int, width: int) -> Layer:
    return _blob(rng, height, width, 0.08, 0.4) * np.float32(rng.uniform(5, 18))


def _highlight(rng: np.random.Generator, height: int, width: int) -> Layer:
    layer = np.zeros((height, width), np.float32)
    for _ in range(int(rng.integers(1, 4))):
        layer += _blob(rng, height, width, 0.008, 0.03) * np.float32(rng.uniform(6, 16))
    return layer


def _flare(rng: np.random.Generator, height: int, width: int) -> Layer:
    """A row of faint discs on a line through the middle."""
    layer = np.zeros((height, width), np.float32)
    angle, side = rng.uniform(0, 2 * math.pi), min(height, width)
    for _ in range(int(rng.integers(2, 5))):
        distance, radius = rng.uniform(-0.5, 0.5) * side, rng.uniform(0.02, 0.09) * side
        centre = (int(width / 2 + math.cos(angle) * distance), int(height / 2 + math.sin(angle) * distance))
        disc = np.zeros_like(layer)
        cv2.circle(disc, centre, int(radius) + 1, float(rng.uniform(3, 8)), -1, cv2.LINE_AA)
        layer += cv2.GaussianBlur(disc, (0, 0), max(0.8, radius / 4))
    return layer


def _wear(rng: np.random.Generator, height: int, width: int) -> Layer:
    """A patch of very fine, nearly parallel hairlines."""
    layer = np.zeros((height, width), np.float32)
    side, angle = min(height, width), rng.uniform(0, math.pi)
    for _ in range(int(rng.integers(4, 14))):
        x, y, turn = rng.uniform(0, width), rng.uniform(0, height), angle + rng.normal(0, 0.15)
        reach = rng.uniform(0.03, 0.15) * side
        end = (int(x + math.cos(turn) * reach), int(y + math.sin(turn) * reach))
        cv2.line(layer, (int(x), int(y)), end, float(rng.normal(0, 5)), 1, cv2.LINE_AA)
    return np.asarray(cv2.GaussianBlur(layer, (0, 0), 0.5), np.float32)


def _seam(rng: np.random.Generator, height: int, width: int) -> Layer:
    """A straight, faint line across the whole picture: a join, a mould line, a stitch of the mosaic."""
    x = np.arange(width, dtype=np.float32)[None, :] - np.float32(rng.uniform(0, width))
    y = np.arange(height, dtype=np.float32)[:, None] - np.float32(rng.uniform(0, height))
    angle = rng.choice([0.0, math.pi / 2]) + rng.normal(0, 0.02)
    distance = x * np.float32(math.cos(angle)) + y * np.float32(math.sin(angle))
    line = np.exp(-(distance**2) / np.float32(2 * rng.uniform(0.6, 1.4) ** 2)) * np.float32(rng.normal(0, 6))
    step = np.tanh(distance / 2) * np.float32(rng.normal(0, 1.5))
    return np.asarray(line + step, np.float32)


def _corner_text(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """A caption or a registration cross in a corner, as cameras and archives print them."""
    height, width = pixels.shape[:2]
    side = min(height, width)
    shade, scale = int(rng.choice([30, 128, 235])), side / 256 * 0.35
    layer = pixels.copy()
    top, left = rng.random() < 0.5, rng.random() < 0.5
    if rng.random() < 0.5:
        text = str(rng.choice(["CAM", "ID", "NO", "S"])) + str(int(rng.integers(1, 9999)))
        (w, h), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)
        place = (3 if left else max(0, width - w - 3), h + 3 if top else height - 4)
        cv2.putText(layer, text, place, cv2.FONT_HERSHEY_SIMPLEX, scale, (shade,) * 3, 1, cv2.LINE_AA)
    else:
        arm, margin = max(3, side // 40), max(6, side // 24)
        x, y = margin if left else width - margin, margin if top else height - margin
        cv2.line(layer, (x - arm, y), (x + arm, y), (shade,) * 3, 1, cv2.LINE_AA)
        cv2.line(layer, (x, y - arm), (x, y + arm), (shade,) * 3, 1, cv2.LINE_AA)
    return np.asarray(cv2.addWeighted(pixels, 0.35, layer, 0.65, 0), np.uint8)


_MARKS: dict[str, tuple[Mark, float]] = {
    "specks": (_specks, 1.0), "dust": (_dust, 1.0), "clouds": (_clouds, 1.5), "shadow": (_shadow, 1.2),
    "reflection": (_reflection, 1.2), "highlight": (_highlight, 0.8), "flare": (_flare, 0.4), "wear": (_wear, 1.0),
    "seam": (_seam, 0.4),
}  # fmt: skip
_SCANNER_MARKS = {name: (_MARKS[name][0], weight) for name, weight in
                  {"specks": 0.5, "dust": 0.8, "clouds": 2.0, "shadow": 0.5, "reflection": 0.5}.items()}  # fmt: skip
