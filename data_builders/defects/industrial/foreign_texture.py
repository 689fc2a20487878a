"""Foreign texture: a patch of another, made-up texture melted into the surface by Poisson blending."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from data_builders.defects.industrial.base import IndustrialFamily, Painted
from data_builders.defects.painting import (
    Layer,
    as_pixels,
    box_of,
    local_statistics,
    log_uniform,
    pick_inner_point,
    radius_for,
)
from data_builders.defects.shapes import Outline, blob, floats, fractal_noise, smooth_noise
from data_builders.types import Mask, Picture, Pixels


@dataclass(frozen=True)
class ForeignTextureParameters:
    """Lengths in pixels, angles in radians; ``amplitude`` in grey levels."""

    texture: str
    radius: float
    aspect: float
    angle: float
    scale: float
    amplitude: float
    mixed: bool


class ForeignTexture(IndustrialFamily[ForeignTextureParameters]):
    """A patch whose gradients come from elsewhere while its border meets the surface."""

    name = "foreign texture"
    type = "texture disruption"

    def draw(self, picture: Picture, rng: np.random.Generator) -> ForeignTextureParameters:
        radius = max(8.0, radius_for(picture.object_mask, log_uniform(rng, 0.004, 0.12), 0.3))
        return ForeignTextureParameters(
            texture=str(rng.choice(["grains", "clouds", "ribs", "cells", "bumps"])),
            radius=radius,
            aspect=log_uniform(rng, 1.0, 2.2),
            angle=float(rng.uniform(0, math.pi)),
            scale=max(2.5, radius * float(rng.uniform(0.08, 0.4))),
            amplitude=log_uniform(rng, 12, 45),
            mixed=bool(rng.random() < 0.4),
        )

    def paint(self, picture: Picture, parameters: ForeignTextureParameters, rng: np.random.Generator) -> Painted | None:
        p, mask = parameters, picture.object_mask
        shape = (mask.shape[0], mask.shape[1])
        centre = pick_inner_point(mask, rng, p.radius)
        outline = Outline(p.radius, p.aspect, p.angle, 0.5, 0.05)
        area = np.asarray((blob(shape, centre, outline, rng) > 0.5) & mask, bool)
        local = local_statistics(picture.pixels, area)
        field = _texture(shape, p, rng) * np.float32(p.amplitude + 0.35 * min(local.texture, 40))
        tint = floats(rng.uniform(0.7, 1.2, 3))
        source = np.asarray(floats(local.colour) + field[..., None] * tint, np.float32)
        flags = cv2.MIXED_CLONE if p.mixed else cv2.NORMAL_CLONE
        cloned = poisson(picture.pixels, as_pixels(source), area, flags)
        return None if cloned is None else Painted(cloned, area, solid=True)


def _texture(shape: tuple[int, int], p: ForeignTextureParameters, rng: np.random.Generator) -> np.ndarray:
    """A field of standard deviation about 1, float32 (height, width)."""
    if p.texture == "grains":
        return fractal_noise(shape, p.scale, rng, 3)
    if p.texture == "clouds":
        return fractal_noise(shape, max(6.0, 2 * p.scale), rng, 5)
    bent = 0.35 * smooth_noise(shape, 6 * p.scale, rng)
    x = np.arange(shape[1], dtype=np.float32)[None, :] * (2 * math.pi / (2 * p.scale))
    y = np.arange(shape[0], dtype=np.float32)[:, None] * (2 * math.pi / (2 * p.scale))
    along = x * math.cos(p.angle) + y * math.sin(p.angle) + bent
    if p.texture == "ribs":
        return np.asarray(1.3 * np.sin(along), np.float32)
    across = y * math.cos(p.angle) - x * math.sin(p.angle) + bent
    lattice = np.sin(along) * np.sin(across)
    if p.texture == "cells":
        return np.asarray(2.0 * np.abs(lattice) ** 0.5 - 1.2, np.float32)
    return np.asarray(2.2 * np.clip(lattice, -0.2, 1) - 0.3, np.float32)


def poisson(target: Pixels, source: Layer | Pixels, area: Mask, flags: int = cv2.NORMAL_CLONE) -> Pixels | None:
    """``source`` melted into ``target`` over ``area``; None when the area is too small or too near the border."""
    inner = area.copy()
    inner[:3], inner[-3:], inner[:, :3], inner[:, -3:] = False, False, False, False
    box = box_of(inner)
    if box is None or np.count_nonzero(inner) < 30:
        return None
    rows, columns = box
    pad = 3
    outer = (slice(rows.start - pad, rows.stop + pad), slice(columns.start - pad, columns.stop + pad))
    tile, piece = (np.ascontiguousarray(a[outer]) for a in (target, source))
    stamp = inner[outer].astype(np.uint8) * 255
    height, width = stamp.shape
    if height < 8 or width < 8:
        return None
    ys, xs = np.nonzero(stamp)
    centre = ((int(xs.min()) + int(xs.max()) + 1) // 2, (int(ys.min()) + int(ys.max()) + 1) // 2)
    result = target.copy()
    result[outer] = np.asarray(cv2.seamlessClone(piece, tile, stamp, centre, flags), np.uint8)
    return result
