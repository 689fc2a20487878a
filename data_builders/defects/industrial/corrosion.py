"""Corrosion: patches of rust or verdigris with grainy tones, ragged outlines and specks around them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from data_builders.defects.industrial.base import IndustrialFamily, Painted
from data_builders.defects.painting import (
    blend,
    local_statistics,
    log_uniform,
    luminance,
    multiply,
    pick_point,
    radius_for,
    relief,
)
from data_builders.defects.shapes import Outline, blob_distance, floats, fractal_noise, smoothstep
from data_builders.types import Picture

PALETTES: dict[str, tuple[tuple[float, float, float], tuple[float, float, float]]] = {
    "rust": ((74, 38, 22), (176, 98, 44)),
    "dark oxide": ((38, 33, 31), (92, 74, 62)),
    "verdigris": ((52, 96, 84), (136, 182, 160)),
    "white bloom": ((168, 166, 158), (226, 224, 216)),
}
"""Darkest and lightest tone of each product of corrosion, RGB 0..255."""


@dataclass(frozen=True)
class CorrosionParameters:
    """Radius in pixels; ``ragged`` is how far specks reach outside, ``opacity`` in [0, 1]."""

    product: str
    radius: float
    aspect: float
    angle: float
    ragged: float
    relief: float
    opacity: float


class Corrosion(IndustrialFamily[CorrosionParameters]):
    """A blob cut up by fractal noise."""

    name = "corrosion"
    type = "corrosion"

    def draw(self, picture: Picture, rng: np.random.Generator) -> CorrosionParameters:
        return CorrosionParameters(
            product=str(rng.choice(list(PALETTES), p=[0.55, 0.2, 0.15, 0.1])),
            radius=max(5.0, radius_for(picture.object_mask, log_uniform(rng, 0.002, 0.25))),
            aspect=log_uniform(rng, 1.0, 2.5),
            angle=float(rng.uniform(0, math.pi)),
            ragged=float(rng.uniform(0.3, 0.9)),
            relief=float(rng.uniform(0.0, 0.5)),
            opacity=float(rng.uniform(0.4, 0.95)),
        )

    def paint(self, picture: Picture, parameters: CorrosionParameters, rng: np.random.Generator) -> Painted | None:
        p, mask = parameters, picture.object_mask
        shape = (mask.shape[0], mask.shape[1])
        outline = Outline(p.radius, p.aspect, p.angle, 0.6)
        field = blob_distance(shape, pick_point(mask, rng), outline, rng)
        coarse = fractal_noise(shape, max(4.0, 0.4 * p.radius), rng, 5)
        rough = field + 0.5 * p.ragged * coarse
        alpha = np.asarray(smoothstep(rough, -0.05, 0.3) * smoothstep(field, -0.75, -0.2) * mask, np.float32)
        low, high = (floats(c) for c in PALETTES[p.product])
        fine = fractal_noise(shape, max(3.0, 0.15 * p.radius), rng, 3)
        mix = np.clip(0.5 + 0.28 * fine + 0.2 * coarse, 0, 1)[..., None]
        crust = low + mix * (high - low)
        local = local_statistics(picture.pixels, alpha > 0.2)
        shade = np.clip(luminance(picture.pixels) / max(local.level, 20.0), 0.5, 1.6)[..., None]
        halo = np.asarray(smoothstep(field, -0.6, 0.3) * (1 - alpha) * mask * 0.5 * p.opacity, np.float32)
        tint = tuple(float(0.55 + 0.45 * c / 255) for c in high)
        layer = multiply(picture.pixels, (tint[0], tint[1], tint[2]), halo)
        layer = blend(
            layer, np.asarray(crust * (0.6 + 0.4 * shade), np.float32), np.asarray(alpha * p.opacity, np.float32)
        )
        if p.relief > 0.1:
            layer = relief(layer, np.asarray(alpha * fine * 2.0, np.float32), -2.2, p.relief)
        return Painted(layer, np.asarray((field > -0.8) & mask, bool))
