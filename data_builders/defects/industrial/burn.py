"""Burns: a charred core, a brown zone and a pale or yellow halo, soft outward; at times bubbled."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from data_builders.defects.industrial.base import IndustrialFamily, Painted
from data_builders.defects.painting import local_statistics, log_uniform, multiply, pick_point, radius_for, relief
from data_builders.defects.shapes import Outline, blob_distance, fractal_noise, smoothstep
from data_builders.types import Picture


@dataclass(frozen=True)
class BurnParameters:
    """Radius in pixels; ``char`` is the darkness of the core and ``brown`` of the zone around it, in [0, 1]."""

    radius: float
    aspect: float
    angle: float
    roughness: float
    char: float
    brown: float
    bubbles: float


class Burn(IndustrialFamily[BurnParameters]):
    """Heat damage, strongest in the middle."""

    name = "burn"
    type = "burn"

    def applies(self, picture: Picture) -> bool:
        return super().applies(picture)

    def draw(self, picture: Picture, rng: np.random.Generator) -> BurnParameters:
        return BurnParameters(
            radius=max(6.0, radius_for(picture.object_mask, log_uniform(rng, 0.003, 0.2))),
            aspect=log_uniform(rng, 1.0, 3.0),
            angle=float(rng.uniform(0, math.pi)),
            roughness=float(rng.uniform(0.2, 0.7)),
            char=float(rng.choice([rng.uniform(0, 0.4), rng.uniform(0.5, 1.0)])),
            brown=float(rng.uniform(0.35, 1.0)),
            bubbles=float(rng.choice([0.0, rng.uniform(0.3, 1.0)])),
        )

    def paint(self, picture: Picture, parameters: BurnParameters, rng: np.random.Generator) -> Painted | None:
        p, mask = parameters, picture.object_mask
        shape = (mask.shape[0], mask.shape[1])
        field = blob_distance(shape, pick_point(mask, rng), Outline(p.radius, p.aspect, p.angle, p.roughness), rng)
        noise = fractal_noise(shape, max(4.0, 0.5 * p.radius), rng)
        local = local_statistics(picture.pixels, np.asarray((field > 0) & mask, bool))
        if local.level < 40:
            return None
        zone = np.asarray(smoothstep(field + 0.12 * noise, -0.5, 0.55) * mask, np.float32)
        core = np.asarray(smoothstep(field + 0.2 * noise, 0.25, 0.8) * mask, np.float32)
        layer = multiply(picture.pixels, (0.72, 0.56, 0.40), np.asarray(zone * p.brown, np.float32))
        layer = multiply(layer, (0.16, 0.14, 0.13), np.asarray(core * p.char, np.float32))
        if p.bubbles > 0:
            lumps = fractal_noise(shape, max(3.0, 0.22 * p.radius), rng, 2) * (core + 0.3 * zone)
            layer = relief(layer, np.asarray(1.8 * lumps, np.float32), -2.2, 0.6 * p.bubbles, 25 * p.bubbles)
        return Painted(layer, zone > 0.01, solid=True)
