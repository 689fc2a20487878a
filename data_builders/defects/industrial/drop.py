"""Drops: water or oil that stands on the surface as small lenses with a highlight and a dark side."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from data_builders.defects.industrial.base import IndustrialFamily, Painted
from data_builders.defects.painting import log_uniform, multiply, pick_point, radius_for, shift_tone, warp
from data_builders.defects.shapes import Alpha, Outline, blob_distance, smoothstep
from data_builders.types import Picture


@dataclass(frozen=True)
class DropParameters:
    """Lengths in pixels, angles in radians, shares in [0, 1]."""

    count: int
    radius: float
    spread: float
    light: float
    tint: float
    shine: float
    lens: float


class Drop(IndustrialFamily[DropParameters]):
    """One drop or a spray of drops."""

    name = "drop"
    type = "contamination"

    def draw(self, picture: Picture, rng: np.random.Generator) -> DropParameters:
        count = int(rng.choice([1, 1, 2, int(rng.integers(3, 9))]))
        return DropParameters(
            count=count,
            radius=max(4.0, radius_for(picture.object_mask, log_uniform(rng, 0.001, 0.04 / math.sqrt(count)), 0.25)),
            spread=radius_for(picture.object_mask, 0.1),
            light=float(rng.normal(-2.2, 0.5)),
            tint=float(rng.uniform(0.0, 0.35)),
            shine=float(rng.uniform(50, 190)),
            lens=float(rng.uniform(0.15, 0.5)),
        )

    def paint(self, picture: Picture, parameters: DropParameters, rng: np.random.Generator) -> Painted | None:
        p, mask = parameters, picture.object_mask
        shape = (mask.shape[0], mask.shape[1])
        centre = pick_point(mask, rng)
        dome = np.zeros(shape, np.float32)
        dx, dy, lit = (np.zeros(shape, np.float32) for _ in range(3))
        towards = (math.cos(p.light), math.sin(p.light))
        for i in range(p.count):
            radius = p.radius * (1.0 if i == 0 else log_uniform(rng, 0.3, 0.9))
            x0, y0 = (centre[k] + (float(rng.normal(0, 0.8)) * p.spread if i else 0.0) for k in (0, 1))
            outline = Outline(radius, log_uniform(rng, 1, 1.4), float(rng.uniform(0, 3)), 0.1)
            field = blob_distance(shape, (x0, y0), outline, rng)
            inside = smoothstep(field, -0.9 / radius, 0.9 / radius)
            u = (np.arange(shape[1], dtype=np.float32)[None, :] - x0) / radius
            v = (np.arange(shape[0], dtype=np.float32)[:, None] - y0) / radius
            dx += inside * np.float32(-p.lens * radius) * u * np.clip(1 - field, 0, 1)
            dy += inside * np.float32(-p.lens * radius) * v * np.clip(1 - field, 0, 1)
            spot = np.exp(-(((u - 0.45 * towards[0]) ** 2 + (v - 0.45 * towards[1]) ** 2) / 0.025)) * inside
            far = np.clip(u * towards[0] + v * towards[1], -1, 1) * (1 - np.clip(field, 0, 1)) ** 2 * inside
            lit += np.asarray(p.shine * spot - 45 * far, np.float32)
            np.maximum(dome, inside, out=dome)
        dome, lit = (np.asarray(a * mask, np.float32) for a in (dome, lit))
        layer = multiply(warp(picture.pixels, dx, dy), (1 - p.tint, 1 - p.tint, 1 - 0.7 * p.tint), dome)
        bright: Alpha = np.asarray(np.clip(lit, 0, None), np.float32)
        layer = shift_tone(layer, 1.0, bright)
        layer = np.asarray(layer - np.clip(-lit, 0, None)[..., None], np.float32)
        return Painted(layer, dome > 0.02, solid=True)
