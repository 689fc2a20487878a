"""Small round nodules, one or scattered (metastases, lung nodules, microaneurysms, moles)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_builders.defects.medical.base import MedicalFamily, Painted
from data_builders.defects.medical.tissue import Tone, draw_tone, grow, offset_of, shape_of, soften
from data_builders.defects.painting import log_uniform, pick_inner_point, radius_for
from data_builders.defects.shapes import Outline, blob
from data_builders.types import Picture


@dataclass(frozen=True)
class NodulesParameters:
    """``radius`` of the largest in pixels."""

    tone: Tone
    count: int
    radius: float
    roughness: float
    softness: float


class Nodules(MedicalFamily[NodulesParameters]):
    """One to eight small nodules."""

    name = "nodules"
    type = "mass"

    def draw(self, picture: Picture, rng: np.random.Generator) -> NodulesParameters:
        return NodulesParameters(
            tone=draw_tone(picture, rng, darker=0.35 if picture.family != "skin" else 0.95),
            count=int(rng.choice([1, 1, 1, 2, 3, int(rng.integers(4, 9))])),
            radius=max(2.6, radius_for(picture.object_mask, log_uniform(rng, 0.0006, 0.008))),
            roughness=float(rng.uniform(0, 0.5)),
            softness=float(rng.uniform(0.2, 0.7)),
        )

    def paint(self, picture: Picture, parameters: NodulesParameters, rng: np.random.Generator) -> Painted | None:
        p, shape, soft = parameters, shape_of(picture), soften(picture.object_mask)
        body = np.zeros(shape, np.float32)
        for index in range(p.count):
            radius = p.radius if index == 0 else max(2.2, p.radius * float(rng.uniform(0.4, 1)))
            centre = pick_inner_point(picture.object_mask, rng, radius)
            aspect, angle = float(rng.uniform(1, 1.5)), float(rng.uniform(0, 3.14))
            outline = Outline(radius, aspect, angle, p.roughness, p.softness)
            np.maximum(body, blob(shape, centre, outline, rng), out=body)
        body = np.asarray(body * soft, np.float32)
        offset = offset_of(picture.pixels, body > 0.3, p.tone)
        layer = grow(picture.pixels.astype(np.float32), body, p.tone, offset, rng, p.radius)
        return Painted(layer, body > 0.01)
