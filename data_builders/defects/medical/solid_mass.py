"""A solid tumour: one tone, lobed or spiculated, with oedema and mass effect at times."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_builders.defects.medical.base import MedicalFamily, Painted
from data_builders.defects.medical.surroundings import Place, Surroundings, draw_surroundings, prepare
from data_builders.defects.medical.tissue import (
    Tone,
    body_of,
    draw_outline,
    draw_tone,
    grow,
    offset_of,
    radial,
    shape_of,
    soften,
)  # fmt: skip
from data_builders.defects.painting import pick_inner_point
from data_builders.defects.shapes import Outline, blob_distance
from data_builders.types import Picture


@dataclass(frozen=True)
class SolidMassParameters:
    """``spikes`` strands of ``spike_length`` radii around the outline; 0 for a plain one."""

    outline: Outline
    tone: Tone
    surroundings: Surroundings
    spikes: int
    spike_length: float


class SolidMass(MedicalFamily[SolidMassParameters]):
    """A solid mass, hyper- or hypointense."""

    name = "solid_mass"
    type = "mass"

    def draw(self, picture: Picture, rng: np.random.Generator) -> SolidMassParameters:
        return SolidMassParameters(
            outline=draw_outline(picture, rng, (0.0012, 0.12)),
            tone=draw_tone(picture, rng, darker=0.35 if picture.family != "skin" else 0.9),
            surroundings=draw_surroundings(rng),
            spikes=int(rng.choice([0, 0, int(rng.integers(5, 16))])),
            spike_length=float(rng.uniform(0.1, 0.4)),
        )

    def paint(self, picture: Picture, parameters: SolidMassParameters, rng: np.random.Generator) -> Painted | None:
        p, shape, soft = parameters, shape_of(picture), soften(picture.object_mask)
        centre = pick_inner_point(picture.object_mask, rng, 0.8 * p.outline.radius)
        field = blob_distance(shape, centre, p.outline, rng)
        if p.spikes:
            u, v, _ = radial(shape, centre)
            rays = np.clip(np.cos(p.spikes * np.arctan2(v, u) + float(rng.uniform(0, 6.3))), 0, 1) ** 4
            field = np.asarray(field + p.spike_length * rays, np.float32)
        body = np.asarray(body_of(field, p.outline) * soft, np.float32)
        layer, region = prepare(picture, p.surroundings, p.tone, Place(p.outline, centre, field), soft)
        layer = grow(layer, body, p.tone, offset_of(picture.pixels, body > 0.3, p.tone), rng, 0.6 * p.outline.radius)
        return Painted(layer, np.asarray(region | (body > 0.01)), solid=True)
