"""Displaced anatomy: a whole region pushed to one side, as a midline shift, with nothing painted."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from data_builders.defects.medical.atrophy import on_structure
from data_builders.defects.medical.base import MedicalFamily, Painted
from data_builders.defects.medical.tissue import radial, shape_of, soften
from data_builders.defects.painting import log_uniform, radius_for, warp
from data_builders.types import Picture


@dataclass(frozen=True)
class DisplacementParameters:
    """``radius`` and ``push`` in pixels, ``direction`` in radians."""

    radius: float
    push: float
    direction: float


class Displacement(MedicalFamily[DisplacementParameters]):
    """Deformed anatomy."""

    name = "displacement"
    type = "atrophy"
    gains = (1.0,)

    def draw(self, picture: Picture, rng: np.random.Generator) -> DisplacementParameters:
        radius = max(12.0, radius_for(picture.object_mask, log_uniform(rng, 0.02, 0.15)))
        sideways = float(rng.choice([0.0, math.pi])) + float(rng.normal(0, 0.4))
        return DisplacementParameters(
            radius=radius,
            push=max(3.0, radius * float(rng.uniform(0.25, 0.5))),
            direction=sideways if picture.family == "brain_mri" else float(rng.uniform(0, 2 * math.pi)),
        )

    def paint(self, picture: Picture, parameters: DisplacementParameters, rng: np.random.Generator) -> Painted | None:
        p, shape = parameters, shape_of(picture)
        _, _, distance = radial(shape, on_structure(picture, rng))
        held = soften(picture.object_mask, max(2.0, 0.2 * p.radius))
        if picture.parts.get("ventricles"):
            inner = picture.object_mask | np.logical_or.reduce(picture.parts["ventricles"])
            held = soften(np.asarray(inner, bool), max(2.0, 0.2 * p.radius))
        pull = np.clip(1 - (distance / np.float32(p.radius)) ** 2, 0, 1) ** 2 * np.float32(p.push) * held
        dx, dy = (np.asarray(-pull * np.float32(f(p.direction)), np.float32) for f in (math.cos, math.sin))
        return Painted(warp(picture.pixels, dx, dy), np.asarray(pull > 0.05), solid=True)
