"""Print errors: a smudge, a gap, a ghost, a colour plate out of register, or ink where none belongs."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from data_builders.defects.industrial.base import IndustrialFamily, Painted
from data_builders.defects.painting import (
    Layer,
    blend,
    local_statistics,
    log_uniform,
    pick_point,
    radius_for,
    shift_tone,
    warp,
)
from data_builders.defects.shapes import Alpha, Outline, blob, smooth_noise
from data_builders.types import Picture


@dataclass(frozen=True)
class PrintErrorParameters:
    """Lengths in pixels, angles in radians."""

    fault: str
    radius: float
    aspect: float
    angle: float
    reach: float
    strength: float


class PrintError(IndustrialFamily[PrintErrorParameters]):
    """What ink does wrong inside one patch."""

    name = "print error"
    type = "print error"

    def draw(self, picture: Picture, rng: np.random.Generator) -> PrintErrorParameters:
        radius = max(9.0, radius_for(picture.object_mask, log_uniform(rng, 0.008, 0.15)))
        return PrintErrorParameters(
            fault=str(rng.choice(["smudge", "gap", "ghost", "register", "streaks"])),
            radius=radius,
            aspect=log_uniform(rng, 1.0, 3.0),
            angle=float(rng.uniform(0, 2 * math.pi)),
            reach=max(3.0, radius * float(rng.uniform(0.15, 0.5))),
            strength=float(rng.uniform(0.4, 1.0)),
        )

    def paint(self, picture: Picture, parameters: PrintErrorParameters, rng: np.random.Generator) -> Painted | None:
        p, mask = parameters, picture.object_mask
        shape = (mask.shape[0], mask.shape[1])
        outline = Outline(p.radius, p.aspect, p.angle, 0.35, 0.2)
        area = blob(shape, pick_point(mask, rng), outline, rng)
        alpha = np.asarray(area * mask, np.float32)
        layer = _faulty(picture, p, alpha, rng)
        return Painted(blend(picture.pixels, layer, alpha), alpha > 0.02, solid=p.fault in ("smudge", "gap"))


def _faulty(picture: Picture, p: PrintErrorParameters, alpha: Alpha, rng: np.random.Generator) -> Layer:
    base = np.asarray(picture.pixels, np.float32)
    dx, dy = p.reach * math.cos(p.angle), p.reach * math.sin(p.angle)
    shape = (alpha.shape[0], alpha.shape[1])
    if p.fault == "smudge":
        size = max(3, int(p.reach) | 1)
        kernel = np.zeros((size, size), np.float32)
        half = size // 2
        end = (round(half + half * math.cos(p.angle)), round(half + half * math.sin(p.angle)))
        cv2.line(kernel, (half, half), end, 1.0, 1)
        smeared = np.asarray(cv2.filter2D(base, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REFLECT), np.float32)
        darkest = np.minimum(base, np.asarray(cv2.erode(base, np.ones((3, 3), np.uint8)), np.float32))
        return np.asarray(0.75 * np.minimum(base, smeared) + 0.25 * darkest, np.float32)
    if p.fault == "gap":
        size = max(5, int(0.35 * p.radius) | 1)
        ground = np.asarray(cv2.medianBlur(picture.pixels, min(size, 31)), np.float32)
        pale = 0.5 * ground + 0.5 * np.percentile(
            base[alpha > 0.3] if (alpha > 0.3).any() else base.reshape(-1, 3), 85, axis=0
        )
        return np.asarray(base + p.strength * (pale - base), np.float32)
    still = np.zeros(shape, np.float32)
    moved = warp(base, still + np.float32(dx), still + np.float32(dy))
    if p.fault == "ghost":
        return np.asarray(np.minimum(base, base + 0.75 * p.strength * (moved - base)), np.float32)
    if p.fault == "register":
        channel = int(rng.integers(3))
        shifted = base.copy()
        shifted[..., channel] = moved[..., channel]
        return shifted
    across = smooth_noise((shape[0] + shape[1], 1), 2.5, rng)[:, 0]
    x, y = np.arange(shape[1])[None, :], np.arange(shape[0])[:, None]
    lines = across[np.mod((x * math.sin(p.angle) + y * math.cos(p.angle)).astype(int), across.size)]
    local = local_statistics(picture.pixels, alpha > 0.3)
    step = 40 + 50 * p.strength
    return shift_tone(base, step if local.level < 110 else -step, np.asarray(np.clip(lines - 0.5, 0, 1), np.float32))
