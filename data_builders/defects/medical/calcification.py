"""Calcifications: clustered bright specks, or a coarse lump with a shadow behind it in ultrasound."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from data_builders.defects.medical.base import MedicalFamily, Painted
from data_builders.defects.medical.scatter import Cluster, scatter
from data_builders.defects.medical.tissue import shape_of, shift, soften
from data_builders.defects.painting import local_statistics, log_uniform, pick_inner_point
from data_builders.types import Picture


@dataclass(frozen=True)
class CalcificationParameters:
    """``spread`` of the cluster and ``radius`` of the largest speck in pixels; ``brightness``: share of the way to white."""

    count: int
    spread: float
    radius: float
    brightness: float
    shadow: float


class Calcification(MedicalFamily[CalcificationParameters]):
    """Calcium: dense and sharp-edged; chalky white in colour pictures."""

    name = "calcification"
    type = "calcification"

    def draw(self, picture: Picture, rng: np.random.Generator) -> CalcificationParameters:
        side = math.sqrt(float(picture.object_mask.size))
        coarse = bool(rng.random() < 0.4)
        return CalcificationParameters(
            count=int(rng.integers(1, 4)) if coarse else int(rng.integers(4, 26)),
            spread=side * log_uniform(rng, 0.01, 0.09),
            radius=side * (log_uniform(rng, 0.015, 0.045) if coarse else log_uniform(rng, 0.006, 0.014)),
            brightness=float(rng.uniform(0.4, 0.98)),
            shadow=float(rng.uniform(0.3, 0.8)) if picture.family == "ultrasound" else 0.0,
        )

    def paint(self, picture: Picture, parameters: CalcificationParameters, rng: np.random.Generator) -> Painted | None:
        p, mask, shape = parameters, picture.object_mask, shape_of(picture)
        centre = pick_inner_point(mask, rng, p.spread)
        soft = soften(mask)
        body = np.asarray(scatter(shape, centre, Cluster(p.count, p.spread, p.radius), rng) * soft, np.float32)
        local = local_statistics(picture.pixels, body > 0.3)
        layer, region = picture.pixels.astype(np.float32), body > 0.01
        if p.shadow > 0:
            tail = np.minimum(np.cumsum(body, 0) / np.float32(max(2.0, p.radius)), 1) * (1 - body) * soft
            tail = np.asarray(cv2.GaussianBlur(tail, (0, 0), 1.0), np.float32)
            layer = np.asarray(layer * (1 - p.shadow * tail)[..., None], np.float32)
            region = np.asarray(region | (tail > 0.02))
        room = tuple(float(p.brightness * (250 - c)) for c in local.colour)
        grain = rng.standard_normal(shape, dtype=np.float32) * np.float32(min(local.grain, 10.0)) * body
        layer = shift(layer, body, (room[0], room[1], room[2])) + grain[..., None]
        return Painted(layer, region)
