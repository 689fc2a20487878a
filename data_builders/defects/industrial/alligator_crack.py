"""Alligator cracks: a net of many cracks that cut a patch into cells, as on tired asphalt or crazed glaze."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from data_builders.defects.industrial.base import IndustrialFamily, Painted
from data_builders.defects.painting import (
    contrast,
    local_statistics,
    log_uniform,
    pick_point,
    radius_for,
    shift_tone,
    signed,
)
from data_builders.defects.shapes import Outline, blob, floats, smooth_noise, stroke, union
from data_builders.types import Picture


@dataclass(frozen=True)
class AlligatorCrackParameters:
    """Lengths in pixels, strength in [0, 1]."""

    radius: float
    cell: float
    width: float
    aspect: float
    darker: bool
    strength: float


class AlligatorCrack(IndustrialFamily[AlligatorCrackParameters]):
    """Edges of random cells (a Voronoi net) inside a blob, bent and broken in places."""

    name = "alligator crack"
    type = "crack"

    def draw(self, picture: Picture, rng: np.random.Generator) -> AlligatorCrackParameters:
        radius = max(12.0, radius_for(picture.object_mask, log_uniform(rng, 0.01, 0.3)))
        return AlligatorCrackParameters(
            radius=radius,
            cell=max(6.0, radius * float(rng.uniform(0.2, 0.55))),
            width=max(0.8, log_uniform(rng, 0.8, 2.6) * radius / 40),
            aspect=float(rng.uniform(1, 2.5)),
            darker=bool(rng.random() < 0.85),
            strength=float(rng.uniform(0.15, 0.9)),
        )

    def paint(self, picture: Picture, parameters: AlligatorCrackParameters, rng: np.random.Generator) -> Painted | None:
        p, mask = parameters, picture.object_mask
        shape = (mask.shape[0], mask.shape[1])
        centre = pick_point(mask, rng)
        outline = Outline(p.radius, p.aspect, float(rng.uniform(0, 3.14)), 0.4, 0.25)
        area = blob(shape, centre, outline, rng)
        reach = p.radius * p.aspect**0.5 * 1.3
        count = int(np.clip((2 * reach / p.cell) ** 2, 6, 160))
        seeds = rng.uniform(-reach, reach, (count, 2)) + np.asarray(centre)
        low, high = seeds.min(0) - 2, seeds.max(0) + 2
        net = cv2.Subdiv2D((int(low[0]), int(low[1]), int(high[0] - low[0]) + 4, int(high[1] - low[1]) + 4))
        net.insert([(float(x), float(y)) for x, y in seeds])
        facets, _ = net.getVoronoiFacetList([])
        lines = []
        for facet in facets:
            corners = np.asarray(facet, np.float32)
            if len(corners) < 3 or rng.random() < 0.25 or np.abs(corners - floats(centre)).max() > 1.6 * reach:
                continue
            ring = np.concatenate([corners, corners[:1]])
            along = np.linspace(0, len(ring) - 1, 5 * len(ring))
            points = np.stack([np.interp(along, np.arange(len(ring)), ring[:, i]) for i in (0, 1)], 1)
            points += rng.normal(0, 0.04 * p.cell, points.shape)
            lines.append(stroke(shape, points.astype(np.float32), p.width * rng.uniform(0.5, 1.2, len(points))))
        if not lines:
            return None
        gaps = np.clip(0.9 + 0.5 * smooth_noise(shape, p.cell, rng), 0, 1)
        alpha = np.asarray(union(lines) * area * gaps * mask, np.float32)
        local = local_statistics(picture.pixels, alpha > 0.1)
        layer = shift_tone(picture.pixels, signed(local, contrast(local, p.strength), p.darker), alpha)
        return Painted(layer, alpha > 0.02)
