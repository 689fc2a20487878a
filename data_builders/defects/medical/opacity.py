"""Opacities: hazy, cloudy patches that veil the anatomy (consolidation, ground glass, infiltrate)."""

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
)  # fmt: skip
from data_builders.defects.painting import pick_point
from data_builders.defects.shapes import Outline, blob_distance, fractal_noise, smoothstep
from data_builders.types import Picture


@dataclass(frozen=True)
class OpacityParameters:
    """``patches`` clouds; ``patchiness`` is how broken each is, 0..1."""

    outline: Outline
    tone: Tone
    patches: int
    patchiness: float


class Opacity(MedicalFamily[OpacityParameters]):
    """A cloud over the tissue, brighter than it almost always."""

    name = "opacity"
    type = "opacity"

    def draw(self, picture: Picture, rng: np.random.Generator) -> OpacityParameters:
        return OpacityParameters(
            outline=draw_outline(picture, rng, (0.006, 0.14), (0.4, 1.0)),
            tone=draw_tone(picture, rng, 0.08, ("neutral", "yellow", "purple"), (0.3, 0.85), (0.05, 0.4)),
            patches=int(rng.choice([1, 1, 2, 3, 4])),
            patchiness=float(rng.uniform(0, 0.7)),
        )

    def paint(self, picture: Picture, parameters: OpacityParameters, rng: np.random.Generator) -> Painted | None:
        p, shape, soft = parameters, shape_of(picture), soften(picture.object_mask)
        field = np.full(shape, -2, np.float32)
        for _ in range(p.patches):
            np.maximum(field, blob_distance(shape, pick_point(picture.object_mask, rng), p.outline, rng), out=field)
        cloud = smoothstep(field, -0.25, 0.55)
        holes = np.clip(0.7 + 0.7 * fractal_noise(shape, max(4.0, 0.35 * p.outline.radius), rng), 0, 1)
        body = np.asarray(cloud * (1 - p.patchiness * (1 - holes)) * soft, np.float32)
        offset = offset_of(picture.pixels, body > 0.3, p.tone)
        layer = grow(picture.pixels.astype(np.float32), body, p.tone, offset, rng, 0.4 * p.outline.radius)
        return Painted(layer, body > 0.01)
