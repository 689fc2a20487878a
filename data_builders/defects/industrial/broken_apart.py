"""Broken apart: the object lies in pieces beside one another, or a piece of it is gone."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from data_builders.defects.industrial.base import IndustrialFamily, Painted
from data_builders.defects.industrial.whole import (
    cleared,
    fracture,
    frame_of,
    joined,
    laid,
    one_specimen,
    stands_free,
)
from data_builders.types import Mask, Picture

LEAST_PIECE, MOST_GONE = 0.08, 0.5
"""Shares of the object: of the smallest piece, and of what may be gone."""


@dataclass(frozen=True)
class BrokenApartParameters:
    """``gap`` is a share of the object's size; angles in radians, ``second`` between the two lines."""

    gone: bool
    lines: int
    angle: float
    second: float
    offset: float
    gap: float
    turn: float


class BrokenApart(IndustrialFamily[BrokenApartParameters]):
    """One or two irregular breaks through the whole object."""

    name = "broken apart"
    type = "crack"

    def applies(self, picture: Picture) -> bool:
        return super().applies(picture) and stands_free(picture)

    def draw(self, picture: Picture, rng: np.random.Generator) -> BrokenApartParameters:
        long = frame_of(picture.object_mask)
        slim = long.length > 1.8 * long.width  # a slim thing breaks across
        return BrokenApartParameters(
            gone=bool(rng.random() < 0.5),
            lines=int(rng.choice([1, 2], p=[0.7, 0.3])),
            angle=long.angle + float(rng.normal(0, 0.35)) if slim else float(rng.uniform(0, 2 * math.pi)),
            second=float(rng.uniform(0.7, 2.4)),
            offset=float(rng.uniform(-1, 1)),
            gap=float(rng.uniform(0.015, 0.09)),
            turn=float(rng.normal(0, 0.12)),
        )

    def paint(self, picture: Picture, parameters: BrokenApartParameters, rng: np.random.Generator) -> Painted | None:
        p, mask = parameters, one_specimen(picture.object_mask, rng)
        pieces = _pieces(mask, p, rng)
        if pieces is None:
            return None
        anchor, others = pieces[0], pieces[1:]
        if p.gone:
            gone = others[int(rng.integers(len(others)))]
            if np.count_nonzero(gone) > MOST_GONE * np.count_nonzero(mask):
                return None
            return Painted(
                cleared(picture, gone), np.ones(mask.shape, bool), solid=True, type="missing part", as_is=True
            )
        layer = cleared(picture, joined(others))
        frame, size = frame_of(anchor), math.sqrt(float(np.count_nonzero(mask)))
        for piece in others:
            own = frame_of(piece)
            away = math.atan2(own.y - frame.y, own.x - frame.x) + float(rng.normal(0, 0.3))
            far = p.gap * size * float(rng.uniform(0.7, 1.4))
            turn = p.turn * float(rng.uniform(0.5, 1.5))
            layer, _ = laid(layer, picture.pixels, piece, (far * math.cos(away), far * math.sin(away), turn))
        return Painted(layer, np.ones(mask.shape, bool), as_is=True)


def _pieces(mask: Mask, p: BrokenApartParameters, rng: np.random.Generator) -> list[Mask] | None:
    """Masks of the pieces, largest first; None when one is a mere splinter."""
    frame, total = frame_of(mask), float(np.count_nonzero(mask))
    along = max(abs(math.cos(p.angle - frame.angle)) * frame.length, abs(math.sin(p.angle - frame.angle)) * frame.width)
    first = fracture(mask, rng, p.angle, 0.75 * p.offset * along) > 0
    sides = [np.asarray(mask & first, bool), np.asarray(mask & ~first, bool)]
    if p.lines == 2:
        other = fracture(mask, rng, p.angle + p.second, float(rng.uniform(-0.3, 0.3)) * frame.width) > 0
        sides.sort(key=np.count_nonzero)
        whole = sides.pop()
        sides += [np.asarray(whole & other, bool), np.asarray(whole & ~other, bool)]
    sides.sort(key=np.count_nonzero, reverse=True)
    return None if np.count_nonzero(sides[-1]) < LEAST_PIECE * total else sides
