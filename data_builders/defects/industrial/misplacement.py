"""Misplacement: a part is shifted or turned; redrawn, or an island lifted out and set down beside its place."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from data_builders.defects.industrial.base import IndustrialFamily, Painted
from data_builders.defects.industrial.parts import can_redraw, erased, grown, islands, pasted, redraw
from data_builders.types import Kind, Picture


@dataclass(frozen=True)
class MisplacementParameters:
    """``amount`` as in :class:`data_builders.types.Edit`; ``direction`` and ``turn`` in radians."""

    redrawn: bool
    action: str
    amount: float
    direction: float
    turn: float


class Misplacement(IndustrialFamily[MisplacementParameters]):
    """The old place is empty, the new one is wrong; both are in the mask."""

    name = "misplacement"
    type = "misplacement"

    def applies(self, picture: Picture) -> bool:
        return super().applies(picture) and (can_redraw(picture) or picture.kind is Kind.OBJECT)

    def draw(self, picture: Picture, rng: np.random.Generator) -> MisplacementParameters:
        return MisplacementParameters(
            redrawn=can_redraw(picture),
            action=str(rng.choice(["shift", "rotate"])),
            amount=float(rng.uniform(0.25, 1.0)),
            direction=float(rng.uniform(0, 2 * math.pi)),
            turn=float(rng.choice([-1, 1]) * rng.uniform(0.3, 1.5)),
        )

    def paint(self, picture: Picture, parameters: MisplacementParameters, rng: np.random.Generator) -> Painted | None:
        p = parameters
        if p.redrawn:
            other = "rotate" if p.action == "shift" else "shift"
            return redraw(picture, p.action, p.amount, rng) or redraw(picture, other, p.amount, rng)
        found = islands(picture)
        if not found:
            return None
        island = found[int(rng.integers(len(found)))]
        far = p.amount * 0.6 * math.sqrt(float(np.count_nonzero(island)))
        turn = p.turn if p.action == "rotate" else 0.0
        empty = erased(picture.pixels, island)
        moved = pasted(empty, picture.pixels, island, far * math.cos(p.direction), far * math.sin(p.direction), turn)
        return Painted(moved.pixels, moved.region | grown(island, 5))
