"""Stains: a blotch of several tones, or the dried ring of a liquid; translucent, so the surface shows through."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from data_builders.defects.industrial.base import IndustrialFamily, Painted
from data_builders.defects.painting import local_statistics, log_uniform, multiply, pick_point, radius_for, shift_tone
from data_builders.defects.shapes import blob_distance, fractal_noise, smoothstep
from data_builders.types import Picture

TINTS: dict[str, tuple[float, float, float]] = {
    "oil": (0.72, 0.62, 0.40),
    "coffee": (0.70, 0.52, 0.36),
    "ink": (0.35, 0.42, 0.72),
    "water": (0.86, 0.87, 0.88),
    "grease": (0.45, 0.42, 0.38),
    "soot": (0.30, 0.30, 0.31),
    "algae": (0.55, 0.72, 0.42),
    "red dye": (0.85, 0.38, 0.36),
}
"""Share of red, green and blue that each liquid lets through at full strength."""


@dataclass(frozen=True)
class StainParameters:
    """Radius in pixels, strengths in [0, 1]; ``ring`` is how much darker the dried edge is."""

    liquid: str
    radius: float
    aspect: float
    angle: float
    roughness: float
    softness: float
    ring: float
    mottle: float
    splashes: int
    strength: float


class Stain(IndustrialFamily[StainParameters]):
    """A blot of liquid, with splashes around it at times; chalky (brighter) where the surface is very dark."""

    name = "stain"
    type = "stain"

    def draw(self, picture: Picture, rng: np.random.Generator) -> StainParameters:
        return StainParameters(
            liquid=str(rng.choice(list(TINTS))),
            radius=max(4.5, radius_for(picture.object_mask, log_uniform(rng, 0.001, 0.25))),
            aspect=log_uniform(rng, 1.0, 3.0),
            angle=float(rng.uniform(0, math.pi)),
            roughness=float(rng.uniform(0.15, 0.8)),
            softness=float(rng.choice([0.05, 0.15, rng.uniform(0.2, 0.7)])),
            ring=float(rng.choice([0.0, rng.uniform(0.3, 1.0)])),
            mottle=float(rng.uniform(0, 0.5)),
            splashes=int(rng.choice([0, 0, int(rng.integers(1, 9))])),
            strength=log_uniform(rng, 0.2, 1.0),
        )

    def paint(self, picture: Picture, parameters: StainParameters, rng: np.random.Generator) -> Painted | None:
        p, mask = parameters, picture.object_mask
        shape = (mask.shape[0], mask.shape[1])
        centre = pick_point(mask, rng)
        field = blob_distance(shape, centre, p.radius, rng, p.aspect, p.angle, p.roughness)
        for _ in range(p.splashes):
            way, far = float(rng.uniform(0, 2 * math.pi)), p.radius * float(rng.uniform(1.1, 2.2))
            drop = (centre[0] + far * math.cos(way), centre[1] + far * math.sin(way))
            size = max(1.5, p.radius * log_uniform(rng, 0.05, 0.25))
            field = np.maximum(field, blob_distance(shape, drop, size, rng, 1.2, way, 0.0) * (size / p.radius))
        half = max(p.softness, 0.8 / p.radius) / 2
        body = smoothstep(field, -half, half)
        tones = np.clip(1 - p.mottle * (0.5 + 0.5 * fractal_noise(shape, max(4.0, 0.7 * p.radius), rng)), 0.1, 1)
        edge = np.exp(-(((field - half) / max(0.07, 1.5 / p.radius)) ** 2)) * p.ring
        inner = body * (tones * (1 - 0.45 * p.ring) + edge)
        alpha = np.asarray(np.clip(inner, 0, 1.2) * p.strength * mask, np.float32)
        local = local_statistics(picture.pixels, body > 0.3)
        if local.level < 45:
            layer = shift_tone(picture.pixels, 30 + 60 * p.strength, alpha)
        else:
            layer = multiply(picture.pixels, TINTS[p.liquid], alpha)
        return Painted(layer, np.asarray((body > 0.01) & mask, bool), solid=p.ring < 0.3 and p.mottle < 0.3)
