"""Fluid between layers: a lens-shaped pocket that lifts the tissue above it (subretinal fluid, seroma, blister)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_builders.defects.medical.base import MedicalFamily, Painted
from data_builders.defects.medical.tissue import Tone, draw_tone, grow, offset_of, radial, shape_of, soften
from data_builders.defects.painting import log_uniform, pick_inner_point, warp
from data_builders.defects.shapes import smoothstep
from data_builders.types import Picture


@dataclass(frozen=True)
class FluidPocketParameters:
    """Half lengths of the pocket in pixels."""

    tone: Tone
    breadth: float
    thickness: float
    flatness: float


class FluidPocket(MedicalFamily[FluidPocketParameters]):
    """A dark (or bright) lens with a flat floor; what lies above it is pushed up."""

    name = "fluid_pocket"
    type = "fluid"
    phantoms = frozenset({"retinal_oct", "ultrasound", "abdominal_ct"})

    def draw(self, picture: Picture, rng: np.random.Generator) -> FluidPocketParameters:
        side = float(min(shape_of(picture)))
        breadth = side * log_uniform(rng, 0.05, 0.24)
        return FluidPocketParameters(
            tone=draw_tone(picture, rng, 0.85, ("neutral",), (0.0, 0.12), (0.0, 0.12)),
            breadth=breadth,
            thickness=max(2.5, min(breadth * float(rng.uniform(0.2, 0.7)), 0.12 * side)),
            flatness=float(rng.uniform(0.15, 0.7)),
        )

    def paint(self, picture: Picture, parameters: FluidPocketParameters, rng: np.random.Generator) -> Painted | None:
        p, shape, soft = parameters, shape_of(picture), soften(picture.object_mask)
        u, v, _ = radial(shape, pick_inner_point(picture.object_mask, rng, p.thickness))
        skew = float(rng.uniform(-0.3, 0.3))
        along = np.clip(1 - (u / p.breadth) ** 2, 0, 1) * np.clip(1 + skew * u / p.breadth, 0.4, 1.6)
        roof, floor = p.thickness * along, p.flatness * p.thickness * 0.5 * along
        inside = np.minimum(v + roof, floor - v)
        body = np.asarray(smoothstep(inside, -0.9, 0.9) * (along > 0.02) * soft, np.float32)
        above = np.exp(-np.clip(-v - roof, 0, None) / np.float32(1.5 * p.thickness)) * (v < 0)
        lift = np.asarray(roof * above * soft, np.float32)
        layer = warp(picture.pixels, np.zeros(shape, np.float32), lift)
        offset = offset_of(picture.pixels, body > 0.3, p.tone)
        layer = grow(layer, body, p.tone, offset, rng, p.breadth)
        return Painted(layer, np.asarray((body > 0.01) | (lift > 0.3)), solid=True)
