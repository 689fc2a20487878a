"""Drawing tools the phantoms share: smooth noise, tissue sketches, warps, finishing. Knows no anatomy.

Fields are float32. A sketch uses canonical coordinates: x to the right and y down, both -1..1 over a square.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from data_builders.types import Mask, Pixels

Field = Float32[np.ndarray, "height width"]
Labels = UInt8[np.ndarray, "height width"]
Points = Sequence[tuple[float | int, float | int]]
_SHIFT = 4


def noise(rng: np.random.Generator, size: tuple[int, int], cells: float, octaves: int = 1) -> Field:
    """Smooth noise, about zero mean and unit deviation; ``cells`` bumps along the longer side, doubled each octave."""
    height, width = size
    total = np.zeros(size, np.float32)
    weight = 1.0
    for octave in range(octaves):
        count = cells * 2**octave
        rows = max(2, round(count * height / max(size))) + 2
        columns = max(2, round(count * width / max(size))) + 2
        coarse = rng.standard_normal((min(rows, height + 2), min(columns, width + 2)), np.float32)
        total += np.float32(weight) * cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
        weight *= 0.55
    deviation = float(total.std()) + 1e-6
    return np.asarray((total - total.mean()) / np.float32(deviation), np.float32)


def grid(size: tuple[int, int]) -> tuple[Field, Field]:
    """Columns (x) and rows (y) of each pixel in units of half the shorter side, zero at the centre."""
    height, width = size
    half = min(size) / 2.0
    y = (np.arange(height, dtype=np.float32) + 0.5 - height / 2) / np.float32(half)
    x = (np.arange(width, dtype=np.float32) + 0.5 - width / 2) / np.float32(half)
    columns, rows = np.meshgrid(x, y)
    return columns.astype(np.float32), rows.astype(np.float32)


def soft_step(field: Field, edge: float, softness: float) -> Field:
    """0 below ``edge``, 1 above it, smooth over ``softness``."""
    t = np.clip((field - np.float32(edge)) / np.float32(softness) + np.float32(0.5), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def ellipse_field(
    x: Field, y: Field, centre: tuple[float, float], radii: tuple[float, float], angle: float = 0.0
) -> Field:
    """1 at the centre of an ellipse, 0 on its border, negative outside; ``angle`` in radians."""
    cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    dx, dy = x - np.float32(centre[0]), y - np.float32(centre[1])
    u = (cos * dx + sin * dy) / np.float32(radii[0])
    v = (-sin * dx + cos * dy) / np.float32(radii[1])
    return (1 - np.sqrt(u * u + v * v)).astype(np.float32)


def smooth_curve(points: Points, count: int) -> Float32[np.ndarray, "count 2"]:
    """Catmull-Rom curve through the points, ``count`` samples."""
    p = np.asarray(points, np.float32)
    padded = np.vstack([2 * p[:1] - p[1:2], p, 2 * p[-1:] - p[-2:-1]])
    t = np.linspace(0, len(p) - 1 - 1e-4, count, dtype=np.float32)
    i = t.astype(int)
    f = (t - i)[:, None]
    a, b, c, d = padded[i], padded[i + 1], padded[i + 2], padded[i + 3]
    curve = 0.5 * (2 * b + (c - a) * f + (2 * a - 5 * b + 4 * c - d) * f**2 + (3 * b - a - 3 * c + d) * f**3)
    return np.asarray(curve, np.float32)


def jitter(rng: np.random.Generator, value: float, relative: float) -> float:
    """``value`` times a factor within ``1 ± relative``."""
    return value * float(rng.uniform(1 - relative, 1 + relative))


class Sketch:
    """A square map of tissue labels that shapes are drawn onto, later ones over earlier ones."""

    def __init__(self, side: int) -> None:
        self.side = side
        self.labels: Labels = np.zeros((side, side), np.uint8)

    def pixels(self, length: float) -> float:
        """Canonical length in pixels."""
        return length * self.side / 2

    def _fixed(self, points: Points | np.ndarray) -> np.ndarray:
        p = (np.asarray(points, np.float32) + 1) * ((self.side - 1) / 2) * (1 << _SHIFT)
        return np.round(p).astype(np.int32)

    def polygon_mask(self, points: Points | np.ndarray) -> Mask:
        """Filled polygon."""
        scratch = np.zeros_like(self.labels)
        cv2.fillPoly(scratch, [self._fixed(points)], 1, cv2.LINE_8, _SHIFT)
        return scratch.astype(bool)

    def stroke_mask(self, points: Points, widths: Sequence[float], samples: int = 28) -> Mask:
        """A curve through the points, ``widths`` (half, canonical) interpolated along it."""
        scratch = np.zeros_like(self.labels)
        curve = self._fixed(smooth_curve(points, samples))
        half = np.interp(np.linspace(0, 1, samples), np.linspace(0, 1, len(widths)), widths) * self.side / 2
        for start, end, w in zip(curve[:-1], curve[1:], half[:-1], strict=True):
            cv2.line(scratch, start.tolist(), end.tolist(), 1, max(1, round(2 * float(w))), cv2.LINE_8, _SHIFT)
        return scratch.astype(bool)

    def polygon(self, points: Points | np.ndarray, label: int, within: Mask | None = None) -> Mask:
        """Draw a filled polygon; returns where."""
        return self.put(self.polygon_mask(points), label, within)

    def ellipse(
        self,
        centre: tuple[float, float],
        radii: tuple[float, float],
        label: int,
        angle: float = 0.0,
        within: Mask | None = None,
    ) -> Mask:
        """Draw a filled ellipse, ``angle`` in radians; returns where."""
        t = np.linspace(0, 2 * np.pi, 48, endpoint=False)
        u, v = radii[0] * np.cos(t), radii[1] * np.sin(t)
        x = centre[0] + u * np.cos(angle) - v * np.sin(angle)
        y = centre[1] + u * np.sin(angle) + v * np.cos(angle)
        return self.put(self.polygon_mask(np.stack([x, y], 1)), label, within)

    def stroke(self, points: Points, widths: Sequence[float], label: int, within: Mask | None = None) -> Mask:
        """Draw a curve of varying width; returns where."""
        return self.put(self.stroke_mask(points, widths), label, within)

    def put(self, where: Mask, label: int, within: Mask | None = None) -> Mask:
        """Set the label where the mask (and ``within``) holds; returns where."""
        where = where if within is None else where & within
        self.labels[where] = label
        return where


@dataclass(frozen=True)
class View:
    """How a square canonical picture is seen by the camera: zoom, rotation (radians), offset, smooth warp amplitude."""

    zoom: float = 1.0
    rotation: float = 0.0
    offset: tuple[float, float] = (0.0, 0.0)
    warp: float = 0.0
    warp_cells: float = 4.0
    stretch: float = 1.0

    def maps(self, rng: np.random.Generator, size: tuple[int, int], side: int) -> tuple[Field, Field]:
        """Pixel maps for :func:`cv2.remap` from a ``side`` square to ``size``."""
        x, y = grid(size)
        if self.warp > 0:
            x = x + np.float32(self.warp) * noise(rng, size, self.warp_cells)
            y = y + np.float32(self.warp) * noise(rng, size, self.warp_cells)
        x, y = x - np.float32(self.offset[0]), (y - np.float32(self.offset[1])) * np.float32(self.stretch)
        cos, sin = np.cos(self.rotation) / self.zoom, np.sin(self.rotation) / self.zoom
        u = np.float32(cos) * x + np.float32(sin) * y
        v = np.float32(-sin) * x + np.float32(cos) * y
        half = np.float32((side - 1) / 2)
        return ((u + 1) * half).astype(np.float32), ((v + 1) * half).astype(np.float32)


def remap(field: Field, maps: tuple[np.ndarray, np.ndarray], background: float = 0.0) -> np.ndarray:
    """Sample a field linearly at the maps; ``background`` outside."""
    return cv2.remap(field, maps[0], maps[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=background)


def remap_labels(labels: Labels, maps: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Sample labels at the nearest pixel; 0 outside."""
    return cv2.remap(labels, maps[0], maps[1], cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT, borderValue=0)


def blur(field: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian blur, sigma in pixels; unchanged when below 0.2."""
    return cv2.GaussianBlur(field, (0, 0), sigma) if sigma >= 0.2 else field


def grey(field: Field) -> Pixels:
    """A field 0..1 as RGB bytes."""
    level = np.clip(np.round(field * 255), 0, 255).astype(np.uint8)
    return np.repeat(level[..., None], 3, axis=2)


def colour(image: Float32[np.ndarray, "height width 3"]) -> Pixels:
    """RGB 0..1 as bytes."""
    return np.clip(np.round(image * 255), 0, 255).astype(np.uint8)


def parts_of(labels: Labels, names: Mapping[str, Sequence[int]], split: bool = True) -> dict[str, tuple[Mask, ...]]:
    """Masks by name, one an island of at least 12 pixels when ``split``; names without pixels are left out."""
    parts: dict[str, tuple[Mask, ...]] = {}
    for name, values in names.items():
        mask = np.isin(labels, np.asarray(values, np.uint8))
        if not mask.any():
            continue
        if not split:
            parts[name] = (mask,)
            continue
        count, islands, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
        order = sorted(range(1, count), key=lambda i: -int(stats[i, cv2.CC_STAT_AREA]))
        found = tuple(islands == i for i in order[:6] if stats[i, cv2.CC_STAT_AREA] >= 12)
        if found:
            parts[name] = found
    return parts
