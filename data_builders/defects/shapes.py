"""Random shapes: smooth noise, blobs, lines, branching paths. Alphas and fields are float32 (height, width).

Lengths are pixels, angles radians (x to the right, y down), points (x, y).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from jaxtyping import Float32

from data_builders.walks import Walk

Alpha = Float32[np.ndarray, "height width"]
Points = Float32[np.ndarray, "points 2"]
Point = tuple[float, float]


def floats(values: Any) -> np.ndarray:
    """A float32 array of any numbers."""
    return np.asarray(values, np.float32)


def smooth_noise(shape: tuple[int, int], scale: float, rng: np.random.Generator) -> Alpha:
    """Noise of standard deviation about 1 that varies over about ``scale`` pixels."""
    height, width = shape
    rows, columns = max(2, math.ceil(height / scale) + 1), max(2, math.ceil(width / scale) + 1)
    coarse = rng.standard_normal((rows, columns), dtype=np.float32)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), np.float32) * np.float32(1.25)


def fractal_noise(shape: tuple[int, int], scale: float, rng: np.random.Generator, octaves: int = 4) -> Alpha:
    """Sum of octaves of smooth noise, the coarsest over ``scale`` pixels, standard deviation about 1."""
    total = np.zeros(shape, np.float32)
    for octave in range(octaves):
        if scale / 2**octave < 1.0:
            break
        total += smooth_noise(shape, scale / 2**octave, rng) * np.float32(0.6**octave)
    return np.asarray(total / np.float32(1.2), np.float32)


def smoothstep(values: np.ndarray, low: float, high: float) -> Alpha:
    """0 below ``low``, 1 above ``high``, smooth between."""
    t = np.clip((np.asarray(values, np.float32) - low) / max(high - low, 1e-6), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


@dataclass(frozen=True)
class Outline:
    """What a random blob is like, wherever it lies.

    Args:
        radius: that of a disc of its area, pixels.
        aspect: length over breadth, the area kept.
        angle: of its length, radians.
        roughness: how far the outline strays from an ellipse, 0..1.
        softness: breadth of its edge as a share of the radius.
    """

    radius: float
    aspect: float = 1.0
    angle: float = 0.0
    roughness: float = 0.25
    softness: float = 0.15

    def half_edge(self, least: float) -> float:
        """Half the breadth of the edge as a share of the radius; the edge is never narrower than ``least`` pixels."""
        return max(self.softness, least / self.radius) / 2


def blob_distance(shape: tuple[int, int], centre: Point, outline: Outline, rng: np.random.Generator) -> Alpha:
    """Signed distance-like field of a random blob: 1 at ``centre``, 0 on the outline that ``rng`` draws, negative outside.

    ``shape`` is the field's (height, width).
    """
    height, width = shape
    x = np.arange(width, dtype=np.float32)[None, :] - np.float32(centre[0])
    y = np.arange(height, dtype=np.float32)[:, None] - np.float32(centre[1])
    c, s = np.float32(math.cos(outline.angle)), np.float32(math.sin(outline.angle))
    stretch, radius = np.float32(math.sqrt(outline.aspect)), outline.radius
    u, v = (c * x + s * y) / (radius * stretch), (c * y - s * x) * stretch / radius
    field = np.sqrt(u * u + v * v)
    if outline.roughness > 0:
        field = field + np.float32(outline.roughness * 0.45) * fractal_noise(shape, max(4.0, radius * 0.9), rng)
    return np.asarray(1 - field, np.float32)


def blob(shape: tuple[int, int], centre: Point, outline: Outline, rng: np.random.Generator) -> Alpha:
    """Alpha of a random blob around ``centre``; ``shape`` is its (height, width)."""
    field = blob_distance(shape, centre, outline, rng)
    half = outline.half_edge(0.8)
    return smoothstep(field, -half, half)


def wander(start: Point, angle: float, length: float, rng: np.random.Generator, bend: float = 0.1) -> Points:
    """Points of a line that starts at ``start`` and changes its heading by about ``bend`` radians every 4 pixels."""
    count = max(2, round(length / 4.0))
    heading = angle + np.cumsum(rng.normal(0, bend, count))
    steps = np.stack([np.cos(heading), np.sin(heading)], 1) * (length / count)
    return np.asarray(np.concatenate([[start], np.asarray(start) + np.cumsum(steps, 0)]), np.float32)


def arc(start: Point, angle: float, length: float, turn: float, count: int = 24) -> Points:
    """Points of a circular arc that turns by ``turn`` radians over its length."""
    heading = angle + np.linspace(0, turn, count)
    steps = np.stack([np.cos(heading), np.sin(heading)], 1) * (length / count)
    return np.asarray(np.concatenate([[start], np.asarray(start) + np.cumsum(steps, 0)]), np.float32)


def stroke(shape: tuple[int, int], points: Points, widths: float | Sequence[float] | np.ndarray) -> Alpha:
    """Anti-aliased alpha of a line through ``points``; ``widths`` in pixels, one or one a point; below 1 is fainter."""
    height, width = shape
    breadth = np.broadcast_to(np.asarray(widths, np.float32), (len(points),))
    pad = float(breadth.max()) + 2
    x0, y0 = (max(0, math.floor(float(points[:, i].min()) - pad)) for i in (0, 1))
    x1 = min(width, math.ceil(float(points[:, 0].max()) + pad))
    y1 = min(height, math.ceil(float(points[:, 1].max()) + pad))
    alpha = np.zeros(shape, np.float32)
    if x1 <= x0 or y1 <= y0:
        return alpha
    scale = 3
    canvas = np.zeros(((y1 - y0) * scale, (x1 - x0) * scale), np.uint8)
    fixed = np.rint((points - floats([x0, y0]) + np.float32(0.5)) * scale * 16).astype(int).tolist()
    for i in range(len(points) - 1):
        thickness = max(1, round(float(breadth[i]) * scale))
        tone = int(255 * min(1.0, max(0.15, float(breadth[i]) * scale)))
        cv2.line(canvas, fixed[i], fixed[i + 1], tone, thickness, cv2.LINE_AA, 4)
    small = cv2.resize(canvas, (x1 - x0, y1 - y0), interpolation=cv2.INTER_AREA)
    alpha[y0:y1, x0:x1] = np.asarray(small, np.float32) / np.float32(255)
    return alpha


def zigzag(start: Point, angle: float, length: float, rng: np.random.Generator, jag: float = 0.35) -> Points:
    """Points of a jagged line that keeps to its direction: headings stray by about ``jag`` radians and come back."""
    count = max(3, round(length / 4.0))
    stray = np.zeros(count)
    kicks = rng.normal(0, jag, count) * rng.choice([0.6, 2.0], count, p=[0.8, 0.2])
    for i in range(1, count):
        stray[i] = 0.72 * stray[i - 1] + kicks[i]
    heading = angle + np.clip(stray, -1.2, 1.2) + rng.normal(0, 0.25) * np.linspace(-1, 1, count)
    steps = np.stack([np.cos(heading), np.sin(heading)], 1) * (length / count)
    return np.asarray(np.concatenate([[start], np.asarray(start) + np.cumsum(steps, 0)]), np.float32)


def branching_paths(
    walk: Walk, rng: np.random.Generator, branches: float = 2.0, jag: float = 0.35
) -> list[tuple[Points, np.ndarray]]:
    """A crack as a recursive random walk: (points, widths) of the main line and of its branches, thinning to the tips.

    Args:
        walk: of the main line, in pixels; its forks are generations of branches.
        rng: draws how it goes.
        branches: mean number of branches of the main line; each has fewer of its own.
        jag: how sharply the line turns, radians every 4 pixels.
    """
    points = zigzag(walk.start, walk.heading, walk.length, rng, jag)
    along = np.linspace(0, 1, len(points))
    noise = np.interp(along, np.linspace(0, 1, 9), rng.uniform(0.55, 1.25, 9))
    found = [(points, np.maximum(0.35, walk.width * noise * (1 - 0.75 * along**1.5)))]
    if walk.forks > 0 and walk.length > 12:
        for _ in range(int(rng.poisson(branches))):
            i = int(rng.integers(1, max(2, int(len(points) * 0.85))))
            side = float(rng.choice([-1.0, 1.0])) * rng.uniform(0.4, 1.15)
            heading = math.atan2(float(points[i, 1] - points[i - 1, 1]), float(points[i, 0] - points[i - 1, 0])) + side
            origin = (float(points[i, 0]), float(points[i, 1]))
            share = float(rng.uniform(0.2, 0.55)) * (1 - 0.5 * i / len(points))
            width = walk.width * float(rng.uniform(0.4, 0.75))
            branch = Walk(origin, heading, walk.length * share, width, walk.forks - 1)
            found += branching_paths(branch, rng, branches * 0.5, jag)
    return found


def union(alphas: Sequence[Alpha]) -> Alpha:
    """Pixelwise maximum."""
    total = alphas[0].copy()
    for alpha in alphas[1:]:
        np.maximum(total, alpha, out=total)
    return total
