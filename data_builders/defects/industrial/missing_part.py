"""Missing part: redrawn without it, or an island of the picture filled from its surroundings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_builders.defects.industrial.base import IndustrialFamily, Painted
from data_builders.defects.industrial.parts import can_redraw, erased, grown, islands, redraw
from data_builders.types import Kind, Picture


@dataclass(frozen=True)
class MissingPartParameters:
    """``redrawn`` by the picture's generator, else filled in the pixels."""

    redrawn: bool


class MissingPart(IndustrialFamily[MissingPartParameters]):
    """A pin, pad, hole or letter that is not there."""

    name = "missing part"
    type = "missing part"

    def applies(self, picture: Picture) -> bool:
        return super().applies(picture) and (can_redraw(picture) or picture.kind is Kind.OBJECT)

    def draw(self, picture: Picture, rng: np.random.Generator) -> MissingPartParameters:
        return MissingPartParameters(can_redraw(picture))

    def paint(self, picture: Picture, parameters: MissingPartParameters, rng: np.random.Generator) -> Painted | None:
        if parameters.redrawn:
            return redraw(picture, "omit", 1.0, rng)
        found = islands(picture)
        if not found:
            return None
        island = found[int(rng.integers(len(found)))]
        return Painted(erased(picture.pixels, island), grown(island, 5), solid=True)
