"""Extra part: redrawn with a part doubled, or an island of the picture copied to another place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_builders.defects.industrial.base import IndustrialFamily, Painted
from data_builders.defects.industrial.parts import can_redraw, grown, islands, pasted, redraw
from data_builders.defects.painting import pick_inner_point
from data_builders.types import Kind, Picture


@dataclass(frozen=True)
class ExtraPartParameters:
    """``amount`` as in :class:`data_builders.types.Edit`; ``angle`` in radians."""

    redrawn: bool
    amount: float
    angle: float


class ExtraPart(IndustrialFamily[ExtraPartParameters]):
    """A second copy of a part where none belongs."""

    name = "extra part"
    type = "extra part"

    def applies(self, picture: Picture) -> bool:
        return super().applies(picture) and (can_redraw(picture) or picture.kind is Kind.OBJECT)

    def draw(self, picture: Picture, rng: np.random.Generator) -> ExtraPartParameters:
        angle = float(rng.choice([0.0, rng.uniform(0, 6.28)]))
        return ExtraPartParameters(can_redraw(picture), float(rng.uniform(0.3, 1)), angle)

    def paint(self, picture: Picture, parameters: ExtraPartParameters, rng: np.random.Generator) -> Painted | None:
        if parameters.redrawn:
            return redraw(picture, "extra", parameters.amount, rng)
        found = islands(picture, most=0.06)
        if not found:
            return None
        island = found[int(rng.integers(len(found)))]
        ys, xs = np.nonzero(island)
        free = np.asarray(picture.object_mask & ~grown(island, max(3, int(0.6 * np.sqrt(xs.size)))), bool)
        x, y = pick_inner_point(free, rng, 0.6 * float(np.sqrt(xs.size)))
        return pasted(
            picture.pixels, picture.pixels, island, x - float(xs.mean()), y - float(ys.mean()), parameters.angle
        )
