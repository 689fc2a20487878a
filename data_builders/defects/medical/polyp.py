"""Polyps: a raised growth, lit from one side, with a shadowed foot and a wet highlight at times."""

from __future__ import annotations

import math
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
    soften,
)  # fmt: skip
from data_builders.defects.painting import pick_inner_point, relief
from data_builders.defects.shapes import Outline, blob_distance, fractal_noise
from data_builders.types import Picture


@dataclass(frozen=True)
class PolypParameters:
    """``light`` is its direction in radians, ``height`` the elevation in radii, ``shine`` the highlight in grey levels."""

    outline: Outline
    tone: Tone
    light: float
    height: float
    bumps: float
    shine: float


class Polyp(MedicalFamily[PolypParameters]):
    """A dome that protrudes from a surface."""

    name = "polyp"
    type = "polyp"
    phantoms = frozenset({"skin", "ultrasound", "stained_tissue", "colonoscopy"})

    def draw(self, picture: Picture, rng: np.random.Generator) -> PolypParameters:
        return PolypParameters(
            outline=draw_outline(picture, rng, (0.002, 0.08), (0.05, 0.5)),
            tone=draw_tone(picture, rng, 0.4, ("neutral", "red", "brown"), (0.4, 0.9), (0.02, 0.25)),
            light=float(rng.uniform(0, 2 * math.pi)),
            height=float(rng.uniform(0.5, 1.1)),
            bumps=float(rng.choice([0.0, rng.uniform(0.03, 0.12)])),
            shine=float(rng.choice([0.0, rng.uniform(20, 110)])),
        )

    def paint(self, picture: Picture, parameters: PolypParameters, rng: np.random.Generator) -> Painted | None:
        p, shape, soft = parameters, shape_of(picture), soften(picture.object_mask)
        radius = p.outline.radius
        centre = pick_inner_point(picture.object_mask, rng, radius)
        field = blob_distance(shape, centre, p.outline, rng)
        body = np.asarray(body_of(field, p.outline) * soft, np.float32)
        layer = press(picture.pixels, centre, radius, 0.12 * radius, soft, 0.4)
        layer = grow(layer, body, p.tone, offset_of(picture.pixels, body > 0.3, p.tone, 0.5), rng, 0.5 * radius)
        dome = np.sqrt(np.clip(1 - (1 - np.clip(field, 0, 1)) ** 2, 0, 1))
        dome = dome + p.bumps * fractal_noise(shape, max(3.0, 0.3 * radius), rng) * body
        elevation = np.asarray(p.height * radius * dome, np.float32)
        lit = relief(layer, elevation, p.light, 0.35, p.shine)
        near = np.asarray(np.clip(1 + 5 * field, 0, 1) * soft, np.float32)
        layer = np.asarray(layer + near[..., None] * (lit - layer), np.float32)
        return Painted(layer, np.asarray(field > -0.5), solid=True)
