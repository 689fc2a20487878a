"""A rim-enhancing tumour or abscess: a bright shell of uneven breadth around a necrotic core."""

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
    shape_of,
    soften,
)  # fmt: skip
from data_builders.defects.painting import pick_inner_point
from data_builders.defects.shapes import Outline, blob_distance, smooth_noise
from data_builders.types import Picture


@dataclass(frozen=True)
class RimMassParameters:
    """``rim`` is the breadth of the shell as a share of the radius, ``core`` the core's contrast against the shell's."""

    outline: Outline
    tone: Tone
    surroundings: Surroundings
    rim: float
    core: float


class RimMass(MedicalFamily[RimMassParameters]):
    """A ring-enhancing mass with a core of the opposite tone."""

    name = "rim_mass"
    type = "mass"

    def draw(self, picture: Picture, rng: np.random.Generator) -> RimMassParameters:
        return RimMassParameters(
            outline=draw_outline(picture, rng, (0.004, 0.12), (0.05, 0.5)),
            tone=draw_tone(picture, rng, darker=0.15),
            surroundings=draw_surroundings(rng, 0.6),
            rim=float(rng.uniform(0.12, 0.4)),
            core=float(rng.uniform(0.2, 0.9)),
        )

    def paint(self, picture: Picture, parameters: RimMassParameters, rng: np.random.Generator) -> Painted | None:
        p, shape, soft = parameters, shape_of(picture), soften(picture.object_mask)
        centre = pick_inner_point(picture.object_mask, rng, 0.8 * p.outline.radius)
        field = blob_distance(shape, centre, p.outline, rng)
        body = np.asarray(body_of(field, p.outline) * soft, np.float32)
        breadth = max(p.rim, 2.0 / p.outline.radius) * (
            1 + 0.45 * np.clip(smooth_noise(shape, max(4.0, 0.8 * p.outline.radius), rng), -1.6, 1.8)
        )
        core = np.asarray(body_of(np.asarray(field - breadth, np.float32), p.outline) * soft, np.float32)
        layer, region = prepare(picture, p.surroundings, p.tone, Place(p.outline, centre, field), soft)
        offset = offset_of(picture.pixels, body > 0.3, p.tone)
        layer = grow(layer, body, p.tone, offset, rng, 0.4 * p.outline.radius)
        dark = (-(1 + p.core) * offset[0], -(1 + p.core) * offset[1], -(1 + p.core) * offset[2])
        layer = grow(layer, core, p.tone, dark, rng, 0.4 * p.outline.radius) if (core > 0.3).any() else layer
        return Painted(layer, np.asarray(region | (body > 0.01)), solid=True)
