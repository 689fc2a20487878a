"""Scratches: single or parallel, straight or curved, bright or dark, with the bright burr of displaced material."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from data_builders.defects.industrial.base import IndustrialFamily, Painted
from data_builders.defects.painting import contrast, local_statistics, log_uniform, pick_point, shift_tone, signed
from data_builders.defects.shapes import arc, floats, smooth_noise, stroke, union
from data_builders.types import Picture


@dataclass(frozen=True)
class ScratchParameters:
    """Lengths in pixels, angles in radians, strength in [0, 1]."""

    count: int
    length: float
    width: float
    angle: float
    turn: float
    spacing: float
    darker: bool
    burr: bool
    strength: float


class Scratch(IndustrialFamily[ScratchParameters]):
    """One to a dozen lines of about the same direction, fading towards their ends and skipping here and there."""

    name = "scratch"
    type = "scratch"

    def draw(self, picture: Picture, rng: np.random.Generator) -> ScratchParameters:
        side = math.sqrt(float(np.count_nonzero(picture.object_mask)))
        unit = side / 256
        return ScratchParameters(
            count=int(rng.choice([1, 1, 1, 2, 3, int(rng.integers(4, 13))])),
            length=log_uniform(rng, 0.1, 0.95) * side,
            width=max(0.7, log_uniform(rng, 0.7, 3.5) * unit),
            angle=float(rng.uniform(0, 2 * math.pi)),
            turn=float(rng.choice([0.0, rng.normal(0, 0.3), rng.normal(0, 1.1)])),
            spacing=max(2.5, log_uniform(rng, 2.5, 16) * unit),
            darker=bool(rng.random() < 0.45),
            burr=bool(rng.random() < 0.5),
            strength=float(rng.beta(1.3, 1.6)),
        )

    def paint(self, picture: Picture, parameters: ScratchParameters, rng: np.random.Generator) -> Painted | None:
        p, shape = parameters, picture.object_mask.shape
        middle = pick_point(picture.object_mask, rng)
        normal = p.angle + math.pi / 2
        lines, burrs = [], []
        for i in range(p.count):
            offset = (i - (p.count - 1) / 2) * p.spacing + (rng.normal(0, 0.4 * p.spacing) if p.count > 1 else 0.0)
            length = p.length * float(rng.uniform(0.5, 1.0) if p.count > 1 else 1.0)
            lag = float(rng.uniform(-0.25, 0.25) * p.length if p.count > 1 else 0.0) - length / 2
            x = middle[0] + offset * math.cos(normal) + lag * math.cos(p.angle - p.turn / 2)
            y = middle[1] + offset * math.sin(normal) + lag * math.sin(p.angle - p.turn / 2)
            points = arc((x, y), p.angle - p.turn / 2 + float(rng.normal(0, 0.02)), length, p.turn, 28)
            points[1:-1] += rng.normal(0, 0.25, (27, 2)).astype(np.float32)
            taper = np.clip(np.minimum(np.arange(29), 28 - np.arange(29)) / 6.0, 0.3, 1)
            widths = p.width * taper * np.interp(np.arange(29), np.linspace(0, 28, 7), rng.uniform(0.6, 1.2, 7))
            lines.append(stroke((shape[0], shape[1]), points, widths))
            if p.burr:
                side = floats([math.cos(normal), math.sin(normal)]) * np.float32(max(1.0, 0.7 * p.width))
                burrs.append(stroke((shape[0], shape[1]), points + side, np.maximum(0.5, 0.5 * widths)))
        alpha = union(lines) * np.clip(0.85 + 0.35 * smooth_noise((shape[0], shape[1]), 14, rng), 0.15, 1)
        alpha = np.asarray(alpha * picture.object_mask, np.float32)
        local = local_statistics(picture.pixels, alpha > 0.1)
        step = signed(local, contrast(local, p.strength), p.darker)
        layer = shift_tone(picture.pixels, step, alpha)
        if p.burr:
            glint = np.asarray(union(burrs) * picture.object_mask * (1 - alpha), np.float32)
            layer = shift_tone(layer, -0.55 * step, glint)
            alpha = np.maximum(alpha, glint)
        return Painted(layer, alpha > 0.02)
