"""Pits: a blowhole with a dark core and a bright rim, or a cluster of pores."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from data_builders.defects.industrial.base import IndustrialFamily, Painted
from data_builders.defects.painting import contrast, local_statistics, log_uniform, pick_point, radius_for, shift_tone
from data_builders.defects.shapes import Outline, blob_distance, smoothstep
from data_builders.types import Picture


@dataclass(frozen=True)
class PitParameters:
    """Lengths in pixels, strength in [0, 1]; ``spread`` is the radius of the cluster."""

    count: int
    radius: float
    spread: float
    rim: float
    light: float
    strength: float


class Pit(IndustrialFamily[PitParameters]):
    """Small cavities, darkest in the middle."""

    name = "pit"
    type = "pit"

    def draw(self, picture: Picture, rng: np.random.Generator) -> PitParameters:
        side = math.sqrt(float(np.count_nonzero(picture.object_mask)))
        single = bool(rng.random() < 0.5)
        return PitParameters(
            count=1 if single else int(rng.integers(3, 22)),
            radius=max(2.6 if single else 1.7, log_uniform(rng, 0.012, 0.05 if single else 0.022) * side),
            spread=0.0 if single else radius_for(picture.object_mask, log_uniform(rng, 0.005, 0.12)),
            rim=float(rng.uniform(0, 0.8)),
            light=float(rng.normal(-2.2, 0.5)),
            strength=float(rng.uniform(0.2, 1.0)),
        )

    def paint(self, picture: Picture, parameters: PitParameters, rng: np.random.Generator) -> Painted | None:
        p, mask = parameters, picture.object_mask
        height, width = mask.shape
        centre = pick_point(mask, rng)
        dark = np.zeros((height, width), np.float32)
        bright = np.zeros((height, width), np.float32)
        for i in range(p.count):
            radius = p.radius * (1.0 if i == 0 else log_uniform(rng, 0.45, 1.2))
            x = centre[0] + (float(rng.normal(0, 0.5)) * p.spread)
            y = centre[1] + (float(rng.normal(0, 0.5)) * p.spread)
            reach = math.ceil(radius * 2.4) + 2
            x0, x1 = max(0, int(x) - reach), min(width, int(x) + reach + 1)
            y0, y1 = max(0, int(y) - reach), min(height, int(y) + reach + 1)
            if x1 - x0 < 3 or y1 - y0 < 3:
                continue
            local_centre = (x - x0, y - y0)
            outline = Outline(radius, log_uniform(rng, 1, 1.6), float(rng.uniform(0, 3.14)), 0.35)
            field = blob_distance((y1 - y0, x1 - x0), local_centre, outline, rng)
            core = smoothstep(field, -0.15, 0.55)
            u = (np.arange(x1 - x0, dtype=np.float32)[None, :] - local_centre[0]) / radius
            v = (np.arange(y1 - y0, dtype=np.float32)[:, None] - local_centre[1]) / radius
            lit = np.clip(-(u * math.cos(p.light) + v * math.sin(p.light)), 0, 1)
            ring = np.exp(-(((field + 0.12) / 0.22) ** 2)) * (0.35 + lit)
            np.maximum(dark[y0:y1, x0:x1], core, out=dark[y0:y1, x0:x1])
            np.maximum(bright[y0:y1, x0:x1], ring.astype(np.float32), out=bright[y0:y1, x0:x1])
        dark, bright = (np.asarray(a * mask, np.float32) for a in (dark, bright))
        local = local_statistics(picture.pixels, dark > 0.1)
        step = contrast(local, p.strength)
        layer = shift_tone(picture.pixels, 0.7 * p.rim * step, np.asarray(np.clip(bright - dark, 0, 1), np.float32))
        layer = shift_tone(layer, -step if local.level > 45 else step, dark)
        return Painted(layer, np.asarray((dark > 0.02) | (bright > 0.05), bool))
