"""Particles: dust, chips and granules that lie on the surface and cast small shadows."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from data_builders.defects.industrial.base import IndustrialFamily, Painted
from data_builders.defects.painting import blend, local_statistics, log_uniform, pick_point, radius_for, shift_tone
from data_builders.defects.shapes import floats, smooth_noise
from data_builders.types import Picture


@dataclass(frozen=True)
class ParticlesParameters:
    """Lengths in pixels, colours 0..255; ``shadow`` in grey levels."""

    count: int
    size: float
    spread: float
    red: int
    green: int
    blue: int
    angular: bool
    shadow: float


class Particles(IndustrialFamily[ParticlesParameters]):
    """One foreign body or a scatter of them."""

    name = "particles"
    type = "contamination"

    def draw(self, picture: Picture, rng: np.random.Generator) -> ParticlesParameters:
        side = math.sqrt(float(np.count_nonzero(picture.object_mask)))
        count = int(rng.choice([1, int(rng.integers(2, 6)), int(rng.integers(6, 40))]))
        colour = rng.uniform(5, 250) + (rng.normal(0, 45, 3) if rng.random() < 0.5 else rng.normal(0, 8, 3))
        red, green, blue = (int(np.clip(c, 5, 250)) for c in colour)
        return ParticlesParameters(
            count=count,
            size=max(2.2, log_uniform(rng, 0.015, {1: 0.13}.get(count, 0.045)) * side),
            spread=radius_for(picture.object_mask, log_uniform(rng, 0.005, 0.3)),
            red=red,
            green=green,
            blue=blue,
            angular=bool(rng.random() < 0.6),
            shadow=float(rng.choice([0.0, rng.uniform(15, 60)])),
        )

    def paint(self, picture: Picture, parameters: ParticlesParameters, rng: np.random.Generator) -> Painted | None:
        p, mask = parameters, picture.object_mask
        height, width = mask.shape
        scale = 3
        canvas = np.zeros((height * scale, width * scale), np.uint8)
        centre = pick_point(mask, rng)
        for i in range(p.count):
            spread = p.spread if i else 0.0
            x, y = (centre[k] + float(rng.normal(0, 0.6)) * spread for k in (0, 1))
            size = p.size * (1.0 if i == 0 else log_uniform(rng, 0.3, 1.1))
            corners = int(rng.integers(4, 7) if p.angular else 14)
            angles = (
                np.sort(rng.uniform(0, 2 * math.pi, corners)) if p.angular else np.linspace(0, 2 * math.pi, 15)[:-1]
            )
            reach = size / 2 * rng.uniform(0.75 if p.angular else 0.88, 1.15, corners)
            tilt, squash = float(rng.uniform(0, math.pi)), float(rng.uniform(0.5, 1.0))
            u, v = reach * np.cos(angles), reach * np.sin(angles) * squash
            outline = np.stack(
                [x + u * math.cos(tilt) - v * math.sin(tilt), y + u * math.sin(tilt) + v * math.cos(tilt)], 1
            )
            cv2.fillPoly(canvas, [np.rint(outline * scale * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
        alpha = np.asarray(cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA), np.float32) / np.float32(
            255
        )
        alpha = np.asarray(alpha * mask, np.float32)
        local = local_statistics(picture.pixels, alpha > 0.1)
        colour = floats([p.red, p.green, p.blue])
        if float(np.abs(colour - floats(local.colour)).mean()) < 30 + 0.5 * local.texture:
            colour = floats(local.colour) + (85 if local.level < 128 else -85)
        offset = max(1.0, 0.18 * p.size)
        shift = floats([[1, 0, offset], [0, 1, 1.2 * offset]])
        cast = np.asarray(
            cv2.GaussianBlur(cv2.warpAffine(alpha, shift, (width, height)), (0, 0), 0.3 * offset + 0.4), np.float32
        )
        cast = np.asarray(cast * (1 - alpha) * mask * (p.shadow > 0), np.float32)
        layer = shift_tone(picture.pixels, -p.shadow, cast)
        facets = np.asarray(12 * smooth_noise((height, width), max(2.0, p.size / 3), rng), np.float32)
        body = np.asarray(cv2.GaussianBlur(alpha, (0, 0), max(0.6, 0.12 * p.size)), np.float32)
        tone = colour[None, None, :] * (0.7 + 0.35 * body)[..., None] + facets[..., None]
        layer = blend(layer, np.asarray(tone, np.float32), alpha)
        return Painted(layer, np.asarray((alpha > 0.02) | (cast > 0.02), bool))
