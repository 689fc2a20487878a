"""Fibres: a hair, thread or lint that lies on the surface in loops."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from data_builders.defects.industrial.base import IndustrialFamily, Painted
from data_builders.defects.painting import (
    blend,
    contrast,
    local_statistics,
    log_uniform,
    pick_point,
    shift_tone,
    signed,
)
from data_builders.defects.shapes import floats, stroke, union
from data_builders.types import Picture


@dataclass(frozen=True)
class FibreParameters:
    """Lengths in pixels; ``curl`` radians a length; strength in [0, 1]."""

    count: int
    length: float
    width: float
    angle: float
    curl: float
    darker: bool
    coloured: bool
    shadow: float
    strength: float


class Fibre(IndustrialFamily[FibreParameters]):
    """One to four fibres of even width."""

    name = "fibre"
    type = "contamination"

    def draw(self, picture: Picture, rng: np.random.Generator) -> FibreParameters:
        side = math.sqrt(float(np.count_nonzero(picture.object_mask)))
        return FibreParameters(
            count=int(rng.choice([1, 1, 1, 1, 2, 3])),
            length=log_uniform(rng, 0.15, 1.2) * side,
            width=max(0.9, log_uniform(rng, 0.9, 3.2) * side / 256),
            angle=float(rng.uniform(0, 2 * math.pi)),
            curl=float(rng.uniform(0.5, 9)),
            darker=bool(rng.random() < 0.6),
            coloured=bool(rng.random() < 0.35),
            shadow=float(rng.choice([0.0, rng.uniform(10, 35)])),
            strength=float(rng.uniform(0.15, 1.0)),
        )

    def paint(self, picture: Picture, parameters: FibreParameters, rng: np.random.Generator) -> Painted | None:
        p, mask = parameters, picture.object_mask
        shape = (mask.shape[0], mask.shape[1])
        centre = pick_point(mask, rng)
        lines = []
        for i in range(p.count):
            count = 60
            knots = rng.normal(0, 1, 6)
            bend = np.interp(np.linspace(0, 5, count), np.arange(6), knots)
            heading = p.angle + i * 1.3 + np.cumsum(bend - bend.mean() * 0.3) * p.curl / count
            steps = np.stack([np.cos(heading), np.sin(heading)], 1) * (p.length / count)
            points = np.cumsum(steps, 0)
            points = points - points.mean(0) + np.asarray(centre) + rng.normal(0, 0.45 * p.length * min(i, 1), 2)
            lines.append(stroke(shape, points.astype(np.float32), p.width))
        alpha = np.asarray(union(lines) * mask, np.float32)
        local = local_statistics(picture.pixels, alpha > 0.1)
        step = signed(local, contrast(local, p.strength) * 1.2, p.darker)
        colour = floats(local.colour) + np.float32(step)
        if p.coloured:
            colour = colour + floats(rng.normal(0, 45, 3))
        shift = floats([[1, 0, 1.2 * p.width], [0, 1, 1.5 * p.width]])
        cast = np.asarray(cv2.GaussianBlur(cv2.warpAffine(alpha, shift, (shape[1], shape[0])), (0, 0), 0.8), np.float32)
        cast = np.asarray(cast * (1 - alpha) * mask * (p.shadow > 0), np.float32)
        layer = shift_tone(picture.pixels, -p.shadow, cast)
        red, green, blue = (float(c) for c in np.clip(colour, 0, 255))
        layer = blend(layer, (red, green, blue), np.asarray(0.92 * alpha, np.float32))
        return Painted(layer, np.asarray((alpha > 0.02) | (cast > 0.02), bool))
