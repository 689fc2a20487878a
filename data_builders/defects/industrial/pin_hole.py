"""Pin holes: small round spots inside the track of a two-tone board where the ground shows through."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from data_builders.defects.industrial.base import IndustrialFamily, Painted
from data_builders.defects.industrial.board import find_board
from data_builders.defects.painting import blend
from data_builders.defects.shapes import Outline, blob, union
from data_builders.types import Picture


@dataclass(frozen=True)
class PinHoleParameters:
    """``size`` is the share of the track's width that a hole takes."""

    count: int
    size: float


class PinHole(IndustrialFamily[PinHoleParameters]):
    """One to three holes inside the track."""

    name = "pin hole"
    type = "hole"

    def applies(self, picture: Picture) -> bool:
        return super().applies(picture) and find_board(picture) is not None

    def draw(self, picture: Picture, rng: np.random.Generator) -> PinHoleParameters:
        return PinHoleParameters(int(rng.choice([1, 1, 2, 3])), float(rng.uniform(0.4, 0.75)))

    def paint(self, picture: Picture, parameters: PinHoleParameters, rng: np.random.Generator) -> Painted | None:
        board = find_board(picture)
        if board is None:
            return None
        depth = np.asarray(cv2.distanceTransform(board.track.astype(np.uint8), cv2.DIST_L2, 3), np.float32)
        deep = np.argwhere(depth >= min(0.45 * board.breadth, 0.9 * float(depth.max())))
        shape = (board.track.shape[0], board.track.shape[1])
        holes = []
        for _ in range(parameters.count):
            y, x = deep[int(rng.integers(len(deep)))]
            radius = max(2.8, parameters.size * min(float(depth[y, x]), 0.05 * min(shape)))
            holes.append(blob(shape, (float(x), float(y)), Outline(radius, 1.1, 0.0, 0.1, 0.1), rng))
        gone = np.asarray(union(holes) * picture.object_mask, np.float32)
        return Painted(blend(picture.pixels, board.ground_colour, gone), gone > 0.02)
