"""Inactive areas of a solar cell: polygons between cracks, busbars and the cell's side that no current reaches."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from data_builders.defects.industrial.base import IndustrialFamily, Painted
from data_builders.defects.industrial.solar_cell import find_cell
from data_builders.defects.painting import pick_point
from data_builders.defects.shapes import Alpha, Point, smooth_noise, smoothstep
from data_builders.types import Picture

AREAS = (0.004, 0.35)
"""Least and most share of the picture."""


@dataclass(frozen=True)
class InactiveAreaParameters:
    """``cracks`` sides are jagged, the others busbars; ``left`` is the share of the glow kept, ``rim`` the crack's."""

    cracks: int
    spans: int
    angle: float
    jag: float
    left: float
    fade: float
    rim: float


class InactiveArea(IndustrialFamily[InactiveAreaParameters]):
    """A piece of the cell that stays dark, evenly, with sharp sides."""

    name = "inactive area"
    type = "discolouration"

    def applies(self, picture: Picture) -> bool:
        return super().applies(picture) and find_cell(picture) is not None

    def draw(self, picture: Picture, rng: np.random.Generator) -> InactiveAreaParameters:
        return InactiveAreaParameters(
            cracks=int(rng.choice([1, 1, 2, 2, 3])),
            spans=int(rng.choice([1, 1, 1, 2])),
            angle=float(rng.uniform(0, 2 * math.pi)),
            jag=float(rng.uniform(0.2, 1.0)),
            left=float(rng.uniform(0.06, 0.72)),
            fade=float(rng.uniform(0, 0.5)),
            rim=float(rng.uniform(0.05, 0.5)) if rng.random() < 0.6 else 1.0,
        )

    def paint(self, picture: Picture, parameters: InactiveAreaParameters, rng: np.random.Generator) -> Painted | None:
        p, cell = parameters, find_cell(picture)
        if cell is None:
            return None
        shape = (cell.glowing.shape[0], cell.glowing.shape[1])
        walls = cell.walls()
        first = int(rng.integers(len(walls) - 1))
        last = min(len(walls) - 1, first + p.spans)
        x = np.arange(shape[1], dtype=np.float32)[None, :]
        between = (x > walls[first]) & (x < walls[last]) & cell.glowing
        if not between.any():
            return None
        depth = np.full(shape, np.float32(max(shape)))
        inner = pick_point(between, rng)
        for index in range(p.cracks):
            way = p.angle + index * 2 * math.pi / max(2, p.cracks) + float(rng.normal(0, 0.4))
            depth = np.minimum(depth, _beyond(shape, inner, way, p.jag, rng))
        alpha = np.asarray(smoothstep(depth, -0.7, 0.7) * between, np.float32)
        if not AREAS[0] < float(alpha.mean()) < AREAS[1]:
            return None
        share = np.clip(1 - p.fade * smoothstep(depth, 0, 0.25 * max(shape)), 0, 1)
        level = np.asarray(alpha * share * (1 - p.left), np.float32)
        crack = np.exp(-np.square(depth / 1.1)) * between * (1 - p.rim)
        layer, own = cell.dimmed(picture, np.maximum(level, np.asarray(crack, np.float32)), 0.0)
        return Painted(layer, own > 0.02, solid=True)


def _beyond(shape: tuple[int, int], inner: Point, way: float, jag: float, rng: np.random.Generator) -> Alpha:
    """Pixels inward of a jagged line that lies a little way from ``inner`` towards ``way``; negative beyond it."""
    side = max(shape)
    u = np.arange(shape[1], dtype=np.float32)[None, :] - np.float32(inner[0])
    v = np.arange(shape[0], dtype=np.float32)[:, None] - np.float32(inner[1])
    ahead = u * np.float32(math.cos(way)) + v * np.float32(math.sin(way))
    along = v * np.float32(math.cos(way)) - u * np.float32(math.sin(way))
    course = sum(
        smooth_noise((1, 4 * side), cell, rng)[0] * np.float32(cell * 0.09 * jag) for cell in (side / 3, 14.0, 5.0)
    )
    index = np.clip(np.rint(along).astype(np.int32) + 2 * side, 0, 4 * side - 1)
    return np.asarray(np.float32(rng.uniform(0.03, 0.25) * side) + np.asarray(course)[index] - ahead, np.float32)
