"""Cysts: smooth round pockets of even fluid, with a thin wall, chambers and a brighter far side at times."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_builders.defects.medical.base import MedicalFamily, Painted
from data_builders.defects.medical.tissue import (
    Tone,
    body_of,
    draw_outline,
    draw_tone,
    grow,
    offset_of,
    press,
    shape_of,
    shift,
    soften,
)  # fmt: skip
from data_builders.defects.painting import pick_inner_point
from data_builders.defects.shapes import Outline, blob_distance
from data_builders.types import Picture


@dataclass(frozen=True)
class CystParameters:
    """``wall`` is the wall's contrast against the fluid's; ``echo`` brightens what lies below, as ultrasound does."""

    outline: Outline
    tone: Tone
    wall: float
    chambers: int
    echo: float
    push: float


class Cyst(MedicalFamily[CystParameters]):
    """A fluid-filled pocket."""

    name = "cyst"
    type = "cyst"

    def draw(self, picture: Picture, rng: np.random.Generator) -> CystParameters:
        ultrasound = picture.family == "ultrasound"
        return CystParameters(
            outline=draw_outline(picture, rng, (0.0015, 0.08), (0.0, 0.25)),
            tone=draw_tone(picture, rng, 0.7, ("neutral", "yellow", "blue"), (0.0, 0.12), (0.0, 0.1)),
            wall=float(rng.choice([0.0, rng.uniform(0.2, 0.7)])),
            chambers=int(rng.choice([1, 1, 1, 2, 3])),
            echo=float(rng.uniform(0.2, 0.5)) if ultrasound or rng.random() < 0.05 else 0.0,
            push=float(rng.choice([0.0, rng.uniform(0.08, 0.25)])),
        )

    def paint(self, picture: Picture, parameters: CystParameters, rng: np.random.Generator) -> Painted | None:
        p, shape, soft = parameters, shape_of(picture), soften(picture.object_mask)
        radius = p.outline.radius
        centre = pick_inner_point(picture.object_mask, rng, radius)
        field = blob_distance(shape, centre, p.outline, rng)
        for _ in range(p.chambers - 1):
            way = float(rng.uniform(0, 6.28))
            beside = (centre[0] + 1.1 * radius * np.cos(way), centre[1] + 1.1 * radius * np.sin(way))
            field = np.maximum(field, blob_distance(shape, beside, p.outline, rng) * np.float32(rng.uniform(0.5, 1)))
        body = np.asarray(body_of(field, p.outline) * soft, np.float32)
        offset = offset_of(picture.pixels, body > 0.3, p.tone)
        layer = picture.pixels.astype(np.float32)
        if p.push > 0:
            layer = press(layer, centre, radius, p.push * radius, soft)
        if p.echo > 0:
            tail = np.zeros(shape, np.float32)
            drop = round(1.6 * radius)
            tail[drop:] = body[:-drop] if drop < shape[0] else 0
            layer = shift(layer, np.asarray(tail * soft * (1 - body), np.float32), (p.echo * 60,) * 3)
            body_region = np.asarray((body > 0.01) | (tail > 0.01))
        else:
            body_region = np.asarray((body > 0.01) | ((p.push > 0) & (field > -0.35)))
        layer = grow(layer, body, p.tone, offset, rng, radius)
        if p.wall > 0:
            ring = np.exp(-((field / max(0.08, 1.3 / radius)) ** 2)) * soft
            layer = shift(
                layer, np.asarray(ring, np.float32), (-p.wall * offset[0], -p.wall * offset[1], -p.wall * offset[2])
            )
        return Painted(layer, np.asarray(body_region | ((p.wall > 0) & (field > -0.4))), solid=True)
