"""Cracks: a branching random walk, dark or light, from a bold fracture to a hairline over a long distance."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from data_builders.defects.industrial.base import IndustrialFamily, Painted
from data_builders.defects.painting import contrast, local_statistics, log_uniform, pick_point, shift_tone, signed
from data_builders.defects.shapes import branching_paths, floats, stroke, union
from data_builders.types import Picture
from data_builders.walks import Walk


@dataclass(frozen=True)
class CrackParameters:
    """Lengths in pixels, angles in radians, strength in [0, 1]; ``raised`` adds the lit lip of a gaping crack."""

    length: float
    width: float
    angle: float
    branches: float
    jag: float
    darker: bool
    hairline: bool
    raised: bool
    from_edge: bool
    strength: float


class Crack(IndustrialFamily[CrackParameters]):
    """A jagged line of varying width that branches and thins out."""

    name = "crack"
    type = "crack"

    def draw(self, picture: Picture, rng: np.random.Generator) -> CrackParameters:
        side = math.sqrt(float(np.count_nonzero(picture.object_mask)))
        hairline = bool(rng.random() < 0.35)
        return CrackParameters(
            length=(float(rng.uniform(0.4, 1.1)) if hairline else log_uniform(rng, 0.12, 1.0)) * side,
            width=0.9 if hairline else max(1.0, log_uniform(rng, 1.2, 4.5) * side / 256),
            angle=float(rng.uniform(0, 2 * math.pi)),
            branches=float(rng.uniform(0, 1.5) if hairline else rng.uniform(0, 4)),
            jag=float(rng.uniform(0.15, 0.5)),
            darker=bool(rng.random() < 0.85),
            hairline=hairline,
            raised=bool(not hairline and rng.random() < 0.4),
            from_edge=bool(rng.random() < 0.45),
            strength=float(rng.uniform(0.05, 0.4) if hairline else rng.uniform(0.25, 1.0)),
        )

    def paint(self, picture: Picture, parameters: CrackParameters, rng: np.random.Generator) -> Painted | None:
        p, mask = parameters, picture.object_mask
        shape = (mask.shape[0], mask.shape[1])
        start = pick_point(mask, rng, edge=p.from_edge)
        angle = p.angle
        if p.from_edge:
            inward = pick_point(mask, rng)
            angle = math.atan2(inward[1] - start[1], inward[0] - start[0])
        walk = Walk(start, angle, p.length, p.width, 1 if p.hairline else 2)
        paths = branching_paths(walk, rng, p.branches, p.jag)
        alpha = np.asarray(union([stroke(shape, points, widths) for points, widths in paths]) * mask, np.float32)
        local = local_statistics(picture.pixels, alpha > 0.1)
        step = signed(local, contrast(local, p.strength), p.darker)
        layer = shift_tone(picture.pixels, step, alpha)
        region = alpha
        if p.raised:
            shift = floats([[1, 0, math.cos(0.8) * max(1, 0.6 * p.width)], [0, 1, max(1, 0.5 * p.width)]])
            lip = np.asarray(cv2.warpAffine(alpha, shift, (shape[1], shape[0])), np.float32)
            lip = np.asarray(np.clip(lip - alpha, 0, 1) * mask, np.float32)
            layer = shift_tone(layer, -0.4 * step, lip)
            region = np.maximum(alpha, lip)
        return Painted(layer, region > 0.02)
