"""Copper where none belongs on a two-tone board: a short between tracks, a spur, or a lone island."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from data_builders.defects.industrial.base import IndustrialFamily, Painted
from data_builders.defects.industrial.board import Board, edge_points, find_board
from data_builders.defects.painting import add_grain, blend, local_statistics
from data_builders.defects.shapes import Outline, blob, stroke
from data_builders.types import Picture


@dataclass(frozen=True)
class BoardExtraParameters:
    """``size`` in widths of a track."""

    form: str
    size: float
    angle: float


class BoardExtra(IndustrialFamily[BoardExtraParameters]):
    """Track colour on the ground."""

    name = "short circuit"
    type = "extra part"

    def applies(self, picture: Picture) -> bool:
        return super().applies(picture) and find_board(picture) is not None

    def draw(self, picture: Picture, rng: np.random.Generator) -> BoardExtraParameters:
        form = str(rng.choice(["short", "short", "spur", "island"]))
        return BoardExtraParameters(form, float(rng.uniform(0.4, 0.9)), float(rng.uniform(0, 2 * math.pi)))

    def paint(self, picture: Picture, parameters: BoardExtraParameters, rng: np.random.Generator) -> Painted | None:
        p, board = parameters, find_board(picture)
        if board is None:
            return None
        shape = (board.track.shape[0], board.track.shape[1])
        breadth = max(3.0, p.size * min(board.breadth, 0.08 * min(shape)))
        if p.form == "short":
            points = _bridge(board, rng)
            if points is None:
                return None
            wobble = np.interp(np.linspace(0, 1, len(points)), [0, 0.5, 1], [1.3, 0.8, 1.3])
            alpha = stroke(shape, points, breadth * wobble)
        else:
            spots = edge_points(board) if p.form == "spur" else np.argwhere(board.ground)[:, ::-1]
            x, y = spots[int(rng.integers(len(spots)))]
            alpha = blob(shape, (float(x), float(y)), Outline(breadth, 1.6, p.angle, 0.4, 0.12), rng)
        alpha = np.asarray(alpha * picture.object_mask, np.float32)
        local = local_statistics(picture.pixels, board.track)
        layer = add_grain(blend(picture.pixels, board.track_colour, alpha), alpha, local.grain, rng)
        return Painted(layer, alpha > 0.02)


def _bridge(board: Board, rng: np.random.Generator, tries: int = 24) -> np.ndarray | None:
    """Points of the shortest of a few straight ways over the ground from one track edge to another."""
    edges = edge_points(board)
    height, width = board.track.shape
    best: np.ndarray | None = None
    for _ in range(tries):
        x, y = (float(v) for v in edges[int(rng.integers(len(edges)))])
        angle = float(rng.uniform(0, 2 * math.pi))
        steps = np.arange(0, 0.3 * min(height, width))
        xs, ys = x + steps * math.cos(angle), y + steps * math.sin(angle)
        inside = (xs >= 0) & (ys >= 0) & (xs < width) & (ys < height)
        xs, ys = xs[inside], ys[inside]
        on_track = board.track[ys.astype(int), xs.astype(int)]
        on_object = on_track | board.ground[ys.astype(int), xs.astype(int)]
        away = np.flatnonzero(~on_track[2:])
        if away.size == 0:
            continue
        back = np.flatnonzero(on_track[2 + int(away[0]) :])
        end = 2 + int(away[0]) + int(back[0]) if back.size else -1
        if end < 5 or not on_object[:end].all():
            continue
        if best is None or end < len(best):
            best = np.stack([xs[: end + 1], ys[: end + 1]], 1).astype(np.float32)
    return best
