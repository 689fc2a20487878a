"""Oedema: tissue swollen with water, a diffuse change of tone that follows one tissue where the picture names tissues."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_builders.defects.medical.base import MedicalFamily, Painted
from data_builders.defects.medical.tissue import (
    Tone,
    draw_outline,
    draw_tone,
    grow,
    offset_of,
    shape_of,
    soften,
)
from data_builders.defects.painting import pick_inner_point, pick_point
from data_builders.defects.shapes import Outline, blob_distance, smoothstep
from data_builders.types import Mask, Picture


@dataclass(frozen=True)
class OedemaParameters:
    """``follow``: the swelling is confined to the named tissue, with a little of it beyond."""

    outline: Outline
    tone: Tone
    follow: str


class Oedema(MedicalFamily[OedemaParameters]):
    """A soft-edged swelling; fingers along the white matter in brain pictures."""

    name = "oedema"
    type = "fluid"

    def draw(self, picture: Picture, rng: np.random.Generator) -> OedemaParameters:
        area = float(picture.object_mask.mean())
        named = [n for n, m in picture.parts.items() if m and (union(m) & picture.object_mask).mean() > 0.15 * area]
        return OedemaParameters(
            outline=draw_outline(picture, rng, (0.01, 0.14), (0.4, 1.0)),
            tone=draw_tone(picture, rng, 0.35, ("neutral", "red", "purple"), (0.55, 1.0), (0.0, 0.25)),
            follow=str(rng.choice(named)) if named and rng.random() < 0.5 else "",
        )

    def paint(self, picture: Picture, parameters: OedemaParameters, rng: np.random.Generator) -> Painted | None:
        p, soft = parameters, soften(picture.object_mask)
        centre = pick_inner_point(picture.object_mask, rng, 0.4 * p.outline.radius)
        if p.follow:
            tissue = np.asarray(union(picture.parts[p.follow]) & picture.object_mask)
            centre = pick_point(tissue, rng)
            soft = np.asarray(soft * (0.1 + 0.9 * soften(tissue, 1.6)), np.float32)
        body = np.asarray(
            smoothstep(blob_distance(shape_of(picture), centre, p.outline, rng), -0.15, 0.45) * soft, np.float32
        )
        offset = offset_of(picture.pixels, body > 0.3, p.tone, 0.8)
        layer = grow(picture.pixels.astype(np.float32), body, p.tone, offset, rng, 0.6 * p.outline.radius)
        return Painted(layer, body > 0.01)


def union(masks: tuple[Mask, ...]) -> Mask:
    """Pixels of any of the masks."""
    return np.asarray(np.logical_or.reduce(masks), bool)
