"""Tissue of another texture: crowded cells, scar or infiltration, changed in pattern more than in tone."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from data_builders.defects.medical.base import MedicalFamily, Painted
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
from data_builders.defects.shapes import Outline, blob_distance
from data_builders.types import Picture


@dataclass(frozen=True)
class DenseTissueParameters:
    """``cell`` is the size of the pattern in pixels, ``amplitude`` its contrast in grey levels."""

    outline: Outline
    tone: Tone
    cell: float
    amplitude: float


class DenseTissue(MedicalFamily[DenseTissueParameters]):
    """A patch of crowded dark cells, as tumour in stained tissue; granular elsewhere."""

    name = "dense_tissue"
    type = "mass"
    phantoms = frozenset({"stained_tissue", "ultrasound", "skin", "abdominal_ct"})

    def draw(self, picture: Picture, rng: np.random.Generator) -> DenseTissueParameters:
        return DenseTissueParameters(
            outline=draw_outline(picture, rng, (0.01, 0.15), (0.3, 1.0)),
            tone=draw_tone(picture, rng, 0.75, ("purple", "purple", "red", "brown"), (0.1, 0.7), (0.05, 0.3)),
            cell=float(rng.uniform(1.2, 3.2)) * min(shape_of(picture)) / 256,
            amplitude=float(rng.uniform(10, 40)),
        )

    def paint(self, picture: Picture, parameters: DenseTissueParameters, rng: np.random.Generator) -> Painted | None:
        p, shape, soft = parameters, shape_of(picture), soften(picture.object_mask)
        centre = pick_inner_point(picture.object_mask, rng, 0.6 * p.outline.radius)
        body = np.asarray(body_of(blob_distance(shape, centre, p.outline, rng), p.outline) * soft, np.float32)
        offset = offset_of(picture.pixels, body > 0.3, p.tone, 0.6)
        layer = grow(picture.pixels.astype(np.float32), body, p.tone, offset, rng, 0.4 * p.outline.radius)
        noise = cv2.GaussianBlur(rng.standard_normal(shape, dtype=np.float32), (0, 0), max(0.8, p.cell))
        pattern = np.clip(noise / max(float(noise.std()), 1e-6) - 0.3, 0, 2) * body
        step = -p.amplitude if offset[1] < 0 else p.amplitude
        most = max(abs(v) for v in offset) or 1.0
        tint = tuple(step * abs(v) / most for v in offset)
        layer = shift(layer, np.asarray(pattern, np.float32), (tint[0], tint[1], tint[2]))
        return Painted(layer, body > 0.01, solid=True)
