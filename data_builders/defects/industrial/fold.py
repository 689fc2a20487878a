"""Folds and wrinkles: ridges that run across the surface, shaded from one side, with the texture drawn in."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from data_builders.defects.industrial.base import IndustrialFamily, Painted
from data_builders.defects.painting import log_uniform, pick_point, relief, warp
from data_builders.defects.shapes import stroke, wander
from data_builders.types import Picture


@dataclass(frozen=True)
class FoldParameters:
    """Lengths in pixels, angles in radians; ``sharp`` makes a crease instead of a soft wrinkle."""

    count: int
    length: float
    breadth: float
    angle: float
    bend: float
    sharp: bool
    gain: float
    shine: float


class Fold(IndustrialFamily[FoldParameters]):
    """One crease or a bundle of wrinkles."""

    name = "fold"
    type = "fold"

    def draw(self, picture: Picture, rng: np.random.Generator) -> FoldParameters:
        side = math.sqrt(float(np.count_nonzero(picture.object_mask)))
        return FoldParameters(
            count=int(rng.choice([1, 1, 2, 3, 5])),
            length=log_uniform(rng, 0.3, 1.5) * side,
            breadth=max(3.0, log_uniform(rng, 0.015, 0.08) * side),
            angle=float(rng.uniform(0, 2 * math.pi)),
            bend=float(rng.uniform(0.0, 0.09)),
            sharp=bool(rng.random() < 0.4),
            gain=log_uniform(rng, 0.1, 0.55),
            shine=float(rng.choice([0.0, rng.uniform(8, 40)])),
        )

    def paint(self, picture: Picture, parameters: FoldParameters, rng: np.random.Generator) -> Painted | None:
        p, mask = parameters, picture.object_mask
        shape = (mask.shape[0], mask.shape[1])
        centre = pick_point(mask, rng)
        normal = (-math.sin(p.angle), math.cos(p.angle))
        ridge = np.zeros(shape, np.float32)
        for i in range(p.count):
            off = (i - (p.count - 1) / 2) * 2.6 * p.breadth
            lag = -0.5 * p.length + (float(rng.normal(0, 0.12)) * p.length if p.count > 1 else 0.0)
            start = (
                centre[0] + off * normal[0] + lag * math.cos(p.angle),
                centre[1] + off * normal[1] + lag * math.sin(p.angle),
            )
            points = wander(start, p.angle + float(rng.normal(0, 0.12)), p.length, rng, p.bend)
            taper = np.sin(np.linspace(0.05, math.pi - 0.05, len(points))) ** 0.6
            ridge = np.maximum(ridge, stroke(shape, points, np.maximum(0.8, 0.8 * p.breadth * taper)))
        soft = np.asarray(cv2.GaussianBlur(ridge, (0, 0), 0.38 * p.breadth), np.float32)
        height = np.asarray(soft * np.float32(p.breadth), np.float32)
        dx, dy = (np.asarray(-0.5 * p.breadth * soft * n, np.float32) for n in normal)
        layer = relief(warp(picture.pixels, dx, dy), height, math.atan2(*normal[::-1]) + 0.3, p.gain, p.shine)
        if p.sharp:
            line = np.asarray(cv2.GaussianBlur(ridge, (0, 0), 0.6) - soft, np.float32)
            layer = np.asarray(layer - (90 * np.clip(line, 0, 1) * p.gain)[..., None], np.float32)
        return Painted(layer, np.asarray((soft > 0.03) & mask, bool), solid=True)
