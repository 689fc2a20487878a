"""Cracks of a solar cell: thin dark lines along the crystal, crosses where something struck, and branching ones."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from data_builders.defects.industrial.base import IndustrialFamily, Painted
from data_builders.defects.industrial.solar_cell import find_cell
from data_builders.defects.painting import log_uniform, pick_point
from data_builders.defects.shapes import branching_paths, stroke, union
from data_builders.types import Picture
from data_builders.walks import Walk


@dataclass(frozen=True)
class CellCrackParameters:
    """Lengths in pixels, angle in radians; ``left`` is the share of the glow that the line keeps."""

    form: str
    length: float
    width: float
    angle: float
    branches: float
    jag: float
    left: float


class CellCrack(IndustrialFamily[CellCrackParameters]):
    """A dark hairline over a cell that glows."""

    name = "cell crack"
    type = "crack"

    def applies(self, picture: Picture) -> bool:
        return super().applies(picture) and find_cell(picture) is not None

    def draw(self, picture: Picture, rng: np.random.Generator) -> CellCrackParameters:
        side = math.sqrt(picture.object_mask.size)
        form = str(rng.choice(["line", "cross", "branching"], p=[0.4, 0.2, 0.4]))
        along_crystal = form != "branching" or rng.random() < 0.3
        diagonal = (int(rng.integers(4)) + 0.5) * math.pi / 2 + float(rng.normal(0, 0.06))
        return CellCrackParameters(
            form=form,
            length=side * log_uniform(rng, 0.1, 0.4 if form == "cross" else 1.0),
            width=max(0.8, side / 256 * float(rng.uniform(0.7, 2.0))),
            angle=diagonal if along_crystal else float(rng.uniform(0, 2 * math.pi)),
            branches=float(rng.uniform(1, 4)) if form == "branching" else 0.0,
            jag=float(rng.uniform(0.12, 0.4)) if form == "branching" else float(rng.uniform(0.02, 0.12)),
            left=float(rng.uniform(0.08, 0.6)),
        )

    def paint(self, picture: Picture, parameters: CellCrackParameters, rng: np.random.Generator) -> Painted | None:
        p, cell = parameters, find_cell(picture)
        if cell is None:
            return None
        shape = (cell.glowing.shape[0], cell.glowing.shape[1])
        start = pick_point(cell.glowing, rng)
        turns = [0.0, math.pi / 2, math.pi, -math.pi / 2] if p.form == "cross" else [0.0]
        paths = []
        for turn in turns:
            reach = p.length * (float(rng.uniform(0.3, 1.0)) if turn else 1.0)
            paths += branching_paths(Walk(start, p.angle + turn, reach, p.width, 2), rng, p.branches, p.jag)
        alpha = union([stroke(shape, points, widths) for points, widths in paths])
        layer, own = cell.dimmed(picture, np.asarray(alpha * cell.glowing, np.float32), p.left)
        return Painted(layer, own > 0.02)
