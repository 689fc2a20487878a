"""Cuts: a sharp slit with clean ends; open in the middle, one lip lit, the other in shadow."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from data_builders.defects.industrial.base import IndustrialFamily, Painted
from data_builders.defects.painting import blend, local_statistics, log_uniform, pick_inner_point, shift_tone, warp
from data_builders.defects.shapes import arc, floats, stroke
from data_builders.types import Picture


@dataclass(frozen=True)
class CutParameters:
    """Lengths in pixels, angles in radians; ``lip`` in grey levels, ``level`` of the opening 0..255."""

    length: float
    gape: float
    angle: float
    turn: float
    lip: float
    level: float


class Cut(IndustrialFamily[CutParameters]):
    """A lens-shaped opening; the material beside it is pushed apart."""

    name = "cut"
    type = "cut"

    def draw(self, picture: Picture, rng: np.random.Generator) -> CutParameters:
        side = math.sqrt(float(np.count_nonzero(picture.object_mask)))
        length = max(10.0, log_uniform(rng, 0.08, 0.7) * side)
        return CutParameters(
            length=length,
            gape=max(1.6, length * log_uniform(rng, 0.015, 0.14)),
            angle=float(rng.uniform(0, 2 * math.pi)),
            turn=float(rng.normal(0, 0.25)),
            lip=float(rng.uniform(8, 60)),
            level=float(rng.uniform(3, 45)),
        )

    def paint(self, picture: Picture, parameters: CutParameters, rng: np.random.Generator) -> Painted | None:
        p, mask = parameters, picture.object_mask
        shape = (mask.shape[0], mask.shape[1])
        middle = pick_inner_point(mask, rng, 0.3 * p.length)
        start = (middle[0] - 0.5 * p.length * math.cos(p.angle), middle[1] - 0.5 * p.length * math.sin(p.angle))
        points = arc(start, p.angle - p.turn / 2, p.length, p.turn, 40)
        lens = np.sin(np.linspace(0, math.pi, len(points))) ** 0.7
        normal = floats([-math.sin(p.angle), math.cos(p.angle)])
        opening = np.asarray(stroke(shape, points, np.maximum(0.5, p.gape * lens)) * mask, np.float32)
        edge = np.float32(max(0.8, 0.45 * p.gape))
        breadth = np.maximum(0.6, 0.45 * p.gape * lens + 0.5)
        lit = np.asarray(stroke(shape, points + normal * edge, breadth) * mask * (1 - opening), np.float32)
        shade = np.asarray(stroke(shape, points - normal * edge, breadth) * mask * (1 - opening), np.float32)
        local = local_statistics(picture.pixels, np.asarray(opening > 0.1, bool))
        level = p.level if local.level - p.level > 35 else 205.0
        x = np.arange(shape[1], dtype=np.float32)[None, :] - np.float32(middle[0])
        y = np.arange(shape[0], dtype=np.float32)[:, None] - np.float32(middle[1])
        along = x * math.cos(p.angle) + y * math.sin(p.angle)
        across = x * normal[0] + y * normal[1]
        reach = max(2.0, 1.1 * p.gape)
        push = 0.3 * p.gape * np.exp(-((across / reach) ** 2)) * np.clip(1 - (2 * along / p.length) ** 2, 0, 1)
        push = push * np.tanh(across / 1.5)
        layer = warp(
            picture.pixels, np.asarray(-push * normal[0], np.float32), np.asarray(-push * normal[1], np.float32)
        )
        layer = shift_tone(shift_tone(layer, p.lip, lit), -0.7 * p.lip, shade)
        red, green, blue = (0.15 * c + 0.85 * level for c in local.colour)
        layer = blend(layer, (red, green, blue), opening)
        region = (np.abs(across) < 2.5 * reach) & (np.abs(along) < 0.56 * p.length + 3)
        return Painted(layer, np.asarray(region & mask, bool))
