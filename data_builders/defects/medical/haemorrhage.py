"""Bleeding: an irregular clot, a crescent under the organ's border, or scattered blots; red in colour pictures."""

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
    radial,
    shape_of,
    soften,
)  # fmt: skip
from data_builders.defects.painting import pick_inner_point, pick_point
from data_builders.defects.shapes import Outline, blob_distance, smoothstep
from data_builders.types import Picture


@dataclass(frozen=True)
class HaemorrhageParameters:
    """``form`` is clot, crescent or blots."""

    outline: Outline
    tone: Tone
    form: str
    blots: int


class Haemorrhage(MedicalFamily[HaemorrhageParameters]):
    """Blood where it does not belong."""

    name = "haemorrhage"
    type = "haemorrhage"

    def draw(self, picture: Picture, rng: np.random.Generator) -> HaemorrhageParameters:
        forms = ["clot", "clot", "blots"] if picture.family == "fundus" else ["clot", "clot", "crescent", "blots"]
        form = str(rng.choice(forms))
        area = (0.0006, 0.01) if form == "blots" else (0.002, 0.09)
        return HaemorrhageParameters(
            outline=draw_outline(picture, rng, area, (0.3, 1.0)),
            tone=draw_tone(picture, rng, 0.4, ("red",), (0.0, 0.35), (0.05, 0.3))
            if picture.family not in ("fundus", "skin")
            else draw_tone(picture, rng, 1.0, ("red",), (0.0, 0.35), (0.05, 0.3)),
            form=form,
            blots=int(rng.integers(2, 9)),
        )

    def paint(self, picture: Picture, parameters: HaemorrhageParameters, rng: np.random.Generator) -> Painted | None:
        p, shape, soft = parameters, shape_of(picture), soften(picture.object_mask)
        if p.form == "crescent":
            padded = np.pad(picture.object_mask.astype(np.uint8), 1)
            depth = np.asarray(cv2.distanceTransform(padded, cv2.DIST_L2, 3))[1:-1, 1:-1]
            _, _, distance = radial(shape, pick_point(picture.object_mask, rng, edge=True))
            length = 2.2 * p.outline.radius
            thick = 0.5 * p.outline.radius * np.clip(1 - (distance / length) ** 2, 0, 1)
            body = np.asarray(smoothstep(thick - depth, -1.0, 1.0) * (distance < length) * soft, np.float32)
        else:
            field = np.full(shape, -1, np.float32)
            for _ in range(p.blots if p.form == "blots" else 1):
                centre = pick_inner_point(picture.object_mask, rng, 0.7 * p.outline.radius)
                np.maximum(field, blob_distance(shape, centre, p.outline, rng), out=field)
            body = np.asarray(body_of(field, p.outline) * soft, np.float32)
        offset = offset_of(picture.pixels, body > 0.3, p.tone)
        layer = grow(picture.pixels.astype(np.float32), body, p.tone, offset, rng, 0.5 * p.outline.radius)
        return Painted(layer, body > 0.01, solid=p.form == "clot")
