"""A heterogeneous tumour: tissue of several tones with necrotic pockets and bright islands."""

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
    shift,
    soften,
)  # fmt: skip
from data_builders.defects.painting import pick_inner_point
from data_builders.defects.shapes import Outline, blob_distance, fractal_noise, smoothstep
from data_builders.types import Picture


@dataclass(frozen=True)
class MixedMassParameters:
    """``necrosis`` and ``islands`` are shares of the mass; ``lumps`` is the size of either as a share of the radius."""

    outline: Outline
    tone: Tone
    surroundings: Surroundings
    necrosis: float
    islands: float
    lumps: float


class MixedMass(MedicalFamily[MixedMassParameters]):
    """A mass of uneven tissue, as glioblastomas, large liver tumours and melanomas show."""

    name = "mixed_mass"
    type = "mass"

    def draw(self, picture: Picture, rng: np.random.Generator) -> MixedMassParameters:
        return MixedMassParameters(
            outline=draw_outline(picture, rng, (0.004, 0.12), (0.15, 0.7)),
            tone=draw_tone(picture, rng, darker=0.4 if picture.family != "skin" else 0.9, mottle=(0.3, 0.7)),
            surroundings=draw_surroundings(rng, 0.55),
            necrosis=float(rng.uniform(0.1, 0.45)),
            islands=float(rng.uniform(0.05, 0.35)),
            lumps=float(rng.uniform(0.3, 0.8)),
        )

    def paint(self, picture: Picture, parameters: MixedMassParameters, rng: np.random.Generator) -> Painted | None:
        p, shape, soft = parameters, shape_of(picture), soften(picture.object_mask)
        centre = pick_inner_point(picture.object_mask, rng, 0.8 * p.outline.radius)
        field = blob_distance(shape, centre, p.outline, rng)
        body = np.asarray(body_of(field, p.outline) * soft, np.float32)
        layer, region = prepare(picture, p.surroundings, p.tone, Place(p.outline, centre, field), soft)
        offset = offset_of(picture.pixels, body > 0.3, p.tone)
        layer = grow(layer, body, p.tone, offset, rng, 0.4 * p.outline.radius)
        lumps = fractal_noise(shape, max(4.0, p.lumps * p.outline.radius), rng) + 0.5 * np.clip(field, -1, 1)
        inside = body > 0.5
        if inside.any():
            low, high = (float(v) for v in np.quantile(lumps[inside], [p.islands, 1 - p.necrosis]))
            pockets = np.asarray(smoothstep(lumps, high - 0.1, high + 0.2) * body, np.float32)
            islands = np.asarray((1 - smoothstep(lumps, low - 0.2, low + 0.1)) * body, np.float32)
            layer = shift(layer, pockets, (-1.3 * offset[0], -1.3 * offset[1], -1.3 * offset[2]))
            layer = shift(layer, islands, (0.6 * offset[0], 0.6 * offset[1], 0.6 * offset[2]))
        return Painted(layer, np.asarray(region | (body > 0.01)), solid=True)
