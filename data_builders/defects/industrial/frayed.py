"""Frayed or rough areas: the surface is torn up into short strands and grains that stand out light and dark."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from data_builders.defects.industrial.base import IndustrialFamily, Painted
from data_builders.defects.painting import blend, contrast, local_statistics, log_uniform, pick_point, radius_for
from data_builders.defects.shapes import Outline, blob, fractal_noise, stroke, wander
from data_builders.types import Picture


@dataclass(frozen=True)
class FrayedParameters:
    """Lengths in pixels, ``angle`` of the strands in radians, strength in [0, 1]."""

    radius: float
    strands: int
    length: float
    angle: float
    tangle: float
    strength: float


class Frayed(IndustrialFamily[FrayedParameters]):
    """A rough patch with loose strands."""

    name = "frayed"
    type = "texture disruption"

    def draw(self, picture: Picture, rng: np.random.Generator) -> FrayedParameters:
        radius = max(6.0, radius_for(picture.object_mask, log_uniform(rng, 0.002, 0.08)))
        return FrayedParameters(
            radius=radius,
            strands=int(rng.integers(6, 36)),
            length=radius * float(rng.uniform(0.5, 1.5)),
            angle=float(rng.uniform(0, 2 * math.pi)),
            tangle=float(rng.uniform(0.15, 1.2)),
            strength=float(rng.uniform(0.15, 0.8)),
        )

    def paint(self, picture: Picture, parameters: FrayedParameters, rng: np.random.Generator) -> Painted | None:
        p, mask = parameters, picture.object_mask
        shape = (mask.shape[0], mask.shape[1])
        centre = pick_point(mask, rng)
        alpha = np.asarray(blob(shape, centre, Outline(p.radius, 1.4, p.angle, 0.7, 0.4), rng) * mask, np.float32)
        local = local_statistics(picture.pixels, alpha > 0.3)
        step = contrast(local, p.strength)
        grains = fractal_noise(shape, max(3.0, 0.3 * p.radius), rng, 4)
        rough = np.asarray(picture.pixels, np.float32) + (0.4 * step * grains)[..., None]
        layer = blend(picture.pixels, np.asarray(rough, np.float32), alpha)
        region = alpha > 0.05
        for i in range(p.strands):
            start = tuple(centre[k] + float(rng.normal(0, 0.4)) * p.radius for k in (0, 1))
            heading = p.angle + float(rng.normal(0, p.tangle))
            length = p.length * float(rng.uniform(0.3, 1.0))
            strand = stroke(shape, wander((start[0], start[1]), heading, length, rng, 0.15), max(0.8, p.radius / 30))
            strand = np.asarray(strand * mask, np.float32)
            sign = 1 if i % 2 else -0.8
            layer = np.asarray(layer + (0.9 * sign * step * strand)[..., None], np.float32)
            region |= strand > 0.05
        return Painted(layer, region, solid=True)
