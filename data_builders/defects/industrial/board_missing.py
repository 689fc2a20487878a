"""Copper that is missing from a two-tone board: an open track or a bite out of an edge (mouse bite)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_builders.defects.industrial.base import IndustrialFamily, Painted
from data_builders.defects.industrial.board import edge_points, find_board
from data_builders.defects.painting import add_grain, blend, local_statistics
from data_builders.defects.shapes import Outline, blob
from data_builders.types import Picture


@dataclass(frozen=True)
class BoardMissingParameters:
    """``size`` in widths of a track; ``open`` cuts the track through."""

    open: bool
    size: float
    aspect: float
    angle: float


class BoardMissing(IndustrialFamily[BoardMissingParameters]):
    """The ground shows where track belongs."""

    name = "open circuit"
    type = "missing part"

    def applies(self, picture: Picture) -> bool:
        return super().applies(picture) and find_board(picture) is not None

    def draw(self, picture: Picture, rng: np.random.Generator) -> BoardMissingParameters:
        is_open = bool(rng.random() < 0.5)
        size = float(rng.uniform(0.75, 1.1) if is_open else rng.uniform(0.35, 0.7))
        return BoardMissingParameters(is_open, size, float(rng.uniform(1, 1.5)), float(rng.uniform(0, 3.14)))

    def paint(self, picture: Picture, parameters: BoardMissingParameters, rng: np.random.Generator) -> Painted | None:
        p, board = parameters, find_board(picture)
        if board is None:
            return None
        points = np.argwhere(board.track)[:, ::-1] if p.open else edge_points(board)
        x, y = points[int(rng.integers(len(points)))]
        shape = (board.track.shape[0], board.track.shape[1])
        radius = max(2.5, p.size * min(board.breadth, 0.08 * min(shape)))
        gone = blob(shape, (float(x), float(y)), Outline(radius, p.aspect, p.angle, 0.25, 0.1), rng)
        gone = np.asarray(gone * picture.object_mask, np.float32)
        local = local_statistics(picture.pixels, board.ground)
        layer = add_grain(blend(picture.pixels, board.ground_colour, gone), gone, local.grain, rng)
        return Painted(layer, gone > 0.02)
