"""Holes: material is missing through and through; what shows is the dark inside or what lies behind."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from data_builders.defects.industrial.base import IndustrialFamily, Painted
from data_builders.defects.painting import (
    add_grain,
    blend,
    local_statistics,
    log_uniform,
    pick_inner_point,
    radius_for,
    shift_tone,
)
from data_builders.defects.shapes import Outline, blob_distance, floats, smoothstep
from data_builders.types import Picture


@dataclass(frozen=True)
class HoleParameters:
    """Radius in pixels, angles in radians; ``level`` is the grey behind, ``rim`` the strength of the frayed rim."""

    radius: float
    aspect: float
    angle: float
    roughness: float
    level: float
    rim: float
    light: float


class Hole(IndustrialFamily[HoleParameters]):
    """A punched or torn opening with a lit inner wall and a rim."""

    name = "hole"
    type = "hole"

    def draw(self, picture: Picture, rng: np.random.Generator) -> HoleParameters:
        return HoleParameters(
            radius=max(3.5, radius_for(picture.object_mask, log_uniform(rng, 0.0008, 0.06), 0.3)),
            aspect=log_uniform(rng, 1.0, 2.5),
            angle=float(rng.uniform(0, math.pi)),
            roughness=float(rng.choice([0.05, rng.uniform(0.1, 0.7)])),
            level=float(rng.choice([rng.uniform(4, 40), rng.uniform(4, 40), rng.uniform(90, 240)])),
            rim=float(rng.uniform(0, 1)),
            light=float(rng.normal(-2.2, 0.5)),
        )

    def paint(self, picture: Picture, parameters: HoleParameters, rng: np.random.Generator) -> Painted | None:
        p, mask = parameters, picture.object_mask
        shape = (mask.shape[0], mask.shape[1])
        centre = pick_inner_point(mask, rng, 1.2 * p.radius)
        field = blob_distance(shape, centre, Outline(p.radius, p.aspect, p.angle, p.roughness), rng)
        edge = 0.9 / p.radius
        inside = np.asarray(smoothstep(field, -edge, edge) * mask, np.float32)
        local = local_statistics(picture.pixels, np.asarray((field > -1) & (field < -0.1) & mask, bool))
        level = p.level if abs(p.level - local.level) > 35 else (12.0 if local.level > 60 else 225.0)
        x = (np.arange(shape[1], dtype=np.float32)[None, :] - centre[0]) / p.radius
        y = (np.arange(shape[0], dtype=np.float32)[:, None] - centre[1]) / p.radius
        towards = x * math.cos(p.light) + y * math.sin(p.light)
        ring = np.asarray(np.exp(-(((field + 0.12) / 0.14) ** 2)) * (1 - inside) * mask, np.float32)
        layer = shift_tone(picture.pixels, -40 * p.rim - 8, ring)
        lit = np.asarray(np.clip(-towards, 0, 1) * ring, np.float32)
        layer = shift_tone(layer, 70 * p.rim, lit)
        behind = floats([0.2 * c + 0.8 * level for c in local.colour]) if level < 80 else floats([level] * 3)
        wall = np.asarray(np.clip(-towards, 0, 1) * smoothstep(field, 0.45, 0.0), np.float32)
        fill = behind[None, None, :] + (wall * np.float32(0.35 * (local.level - level)))[..., None]
        layer = add_grain(blend(layer, np.asarray(fill, np.float32), inside), inside, local.grain, rng)
        return Painted(layer, np.asarray((field > -0.45) & mask, bool), solid=True)
