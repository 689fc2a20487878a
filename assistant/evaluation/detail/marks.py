"""Marks put into pictures: pits, scratches, fibres, chips and smears of a size in pixels, with masks. Knows no surfaces."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, UInt8

from assistant.geometry import mask_box
from assistant.types import Box

MARGIN = 96
"""Pixels from a mark's centre to the nearest edge of the picture, and half of those to the next mark, at least."""
CHANGED = 0.2
"""Share of a mark at a pixel from which the pixel belongs to it."""


@dataclass(frozen=True)
class Mark:
    """A mark and its place.

    Args:
        kind: name.
        box: tight around it, source pixels, half-open.
        area: its pixels.
        size: longest extent it was built with, pixels.
    """

    kind: str
    box: Box
    area: int
    size: float


def marked(
    pixels: UInt8[np.ndarray, "height width 3"], count: int, sizes: tuple[float, float], rng: np.random.Generator
) -> tuple[UInt8[np.ndarray, "height width 3"], tuple[Mark, ...]]:
    """A picture with marks of kinds by turns, far from each other and from the edges.

    Args:
        pixels: of the surface; left as they are.
        count: marks wanted; fewer where they find no place.
        sizes: least and largest extent, pixels; drawn evenly on a logarithmic scale.
        rng: of kinds, places and looks.
    """
    out = pixels.copy()
    placed: list[tuple[int, int]] = []
    marks: list[Mark] = []
    height, width = pixels.shape[:2]
    first = int(rng.integers(len(KINDS)))
    for number in range(count):
        for _ in range(50):
            x, y = int(rng.integers(MARGIN, width - MARGIN)), int(rng.integers(MARGIN, height - MARGIN))
            if all(max(abs(x - a), abs(y - b)) >= 2 * MARGIN for a, b in placed):
                placed.append((x, y))
                kind = list(KINDS)[(first + number) % len(KINDS)]
                marks.append(_put(out, kind, (x, y), float(np.exp(rng.uniform(*np.log(sizes)))), rng))
                break
    return out, tuple(marks)


def _put(out: np.ndarray, kind: str, centre: tuple[int, int], size: float, rng: np.random.Generator) -> Mark:
    """Put one mark into the picture."""
    x, y = centre
    window = np.s_[y - MARGIN : y + MARGIN, x - MARGIN : x + MARGIN]
    around = out[window].astype(np.float32)
    share, painted = KINDS[kind](around, size, rng)
    out[window] = np.clip(np.rint(around + share[..., None] * (painted - around)), 0, 255).astype(np.uint8)
    mask: Bool[np.ndarray, "side side"] = share >= CHANGED * share.max()
    tight = mask_box(mask)
    left, top = x - MARGIN, y - MARGIN
    box = Box(tight.x_min + left, tight.y_min + top, tight.x_max + left, tight.y_max + top)
    return Mark(kind, box, int(mask.sum()), size)


def _pit(around: np.ndarray, size: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A round hollow, dark, its far rim lit."""
    axes = size / 2, size / 2 * rng.uniform(0.7, 1.0)
    radius, (dx, _) = _ellipse(around.shape[0], axes, rng.uniform(0, np.pi))
    share = np.clip((1.15 - radius) / 0.3, 0, 1)
    lit = 1 - 0.65 * np.clip(1.1 - radius, 0, 1) + 0.35 * np.clip(dx / axes[0], -1, 1) * (radius > 0.6)
    return share, around.mean((0, 1)) * lit[..., None]


def _scratch(around: np.ndarray, size: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A straight bright or dark line, 1.5 to 3 pixels wide."""
    share = _stroke(around.shape[0], size, 0.0, float(rng.uniform(1.5, 3.0)), rng)
    return share, around.mean((0, 1)) + np.float32(_contrast(around, rng)) + 0 * around


def _fibre(around: np.ndarray, size: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A thin bent hair of a colour of its own."""
    share = _stroke(around.shape[0], size, float(rng.uniform(0.4, 1.2)), float(rng.uniform(1.5, 2.5)), rng)
    colour = around.mean((0, 1)) + _contrast(around, rng) + rng.uniform(-35, 35, 3)
    return share, colour.astype(np.float32) + 0 * around


def _chip(around: np.ndarray, size: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A broken-out piece with corners, flat and of another tone."""
    side, count = around.shape[0], int(rng.integers(5, 8))
    angle = np.sort(rng.uniform(0, 2 * np.pi, count)) + rng.uniform(0, np.pi)
    radius = size / 2 * rng.uniform(0.55, 1.0, count)
    corners = side / 2 + np.stack([np.cos(angle), np.sin(angle)], 1) * radius[:, None]
    corners = np.vstack([corners, side / 2 + np.array([[-1, 0], [1, 0]]) * size / 2])
    hull = cv2.convexHull(corners.astype(np.float32))
    mask = np.zeros((side, side), np.uint8)
    cv2.fillConvexPoly(mask, np.rint(hull * 16).astype(np.int32), 255, cv2.LINE_AA, 4)
    tone = around.mean((0, 1)) + _contrast(around, rng)
    flat = 0.25 * (around - around.mean((0, 1))) + tone
    return mask.astype(np.float32) / 255, flat.astype(np.float32)


def _smear(around: np.ndarray, size: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Something wiped over: the texture is gone, the tone a little off."""
    radius, _ = _ellipse(around.shape[0], (size / 2, size / 2 * rng.uniform(0.5, 0.9)), rng.uniform(0, np.pi))
    blurred = cv2.GaussianBlur(around, (0, 0), max(3.0, size / 6))
    return np.clip((1.1 - radius) / 0.3, 0, 1), blurred + np.float32(_contrast(around, rng) / 3)


KINDS: dict[str, Callable[[np.ndarray, float, np.random.Generator], tuple[np.ndarray, np.ndarray]]] = {
    "pit": _pit, "scratch": _scratch, "fibre": _fibre, "chip": _chip, "smear": _smear,
}  # fmt: skip
"""Kinds by name: of what lies around (side x side x 3), a size and draws, the mark's share of each pixel and its colours."""


def _contrast(around: np.ndarray, rng: np.random.Generator) -> float:
    """By how many grey levels a mark stands out: more on a busy surface; lighter or darker."""
    strength = max(35.0, 1.6 * float(around.mean(2).std())) * rng.uniform(0.9, 1.4)
    return float(strength * rng.choice([-1, 1]))


def _ellipse(side: int, axes: tuple[float, float], turn: float) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """Distance from the centre in half axes, and (across, down) in the ellipse's own frame, pixels."""
    down, across = np.mgrid[:side, :side].astype(np.float32) - side / 2
    dx = across * np.cos(turn) + down * np.sin(turn)
    dy = down * np.cos(turn) - across * np.sin(turn)
    return np.hypot(dx / axes[0], dy / axes[1]), (dx, dy)


def _stroke(side: int, size: float, bend: float, thick: float, rng: np.random.Generator) -> np.ndarray:
    """A line through the centre, ``size`` long, bent by ``bend`` radians to either side, as shares of pixels."""
    steps = np.linspace(-0.5, 0.5, 32)
    heading = rng.uniform(0, np.pi) + 2 * bend * steps
    path = np.cumsum(np.stack([np.cos(heading), np.sin(heading)], 1), 0) * size / len(steps)
    points = side / 2 + path - (path[0] + path[-1]) / 2
    fine = np.zeros((4 * side, 4 * side), np.uint8)
    cv2.polylines(fine, [np.rint(points * 64).astype(np.int32)], False, 255, round(4 * thick), cv2.LINE_AA, 4)
    return cv2.resize(fine, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
