"""Normal tiles of all scales as one value, and how tiles follow from the smallest thing looked for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float32
from torch import Tensor

from assistant.errors import ProfileError
from assistant.vision.detail.promise import Usual
from assistant.vision.detail.tile_bank import TileBank
from assistant.vision.detail.tiles import Lattice, Tile

PREFIX = "tiles"
SCALES = (1.0, 1.5)
"""Cells of each scale, as multiples of the finest. Tiles of the coarser one do not overlap: it is the whole of a quick look."""
FINER = 1.25
"""A scale must be finer than the overview by this factor to be worth its tiles."""


@dataclass(frozen=True, eq=False)
class TileReferences:
    """What normal tiles are like.

    Args:
        smallest: extent of the smallest thing that the scales are made for, source pixels.
        usual: blocks at full resolution.
        banks: a scale each, the finest first.
        own: whether they are tiles of the very picture that is judged.
        judged: distances of the patches of tiles that were judged while they were left out, by cell and tile; of one's own.
    """

    smallest: float
    usual: Usual
    banks: tuple[TileBank, ...]
    own: bool = False
    judged: Mapping[tuple[int, Tile], Float32[np.ndarray, "levels tile_rows tile_columns"]] = field(
        default_factory=dict
    )

    def judged_at(self, cell: int) -> list[Float32[np.ndarray, "levels tile_rows tile_columns"]]:
        """Distances of the patches of the tiles of one scale that were judged while they were left out."""
        return [distances for (side, _), distances in self.judged.items() if side == cell]

    def as_json(self) -> dict[str, Any]:
        """What is no tensor."""
        banks = [bank.as_json() for bank in self.banks]
        return {"smallest": self.smallest, "usual": self.usual.as_json(), "banks": banks}

    def tensors(self) -> dict[str, Tensor]:
        """Tensors by the names that :meth:`read` knows them by."""
        return {f"{PREFIX}.{i}.{n}": t for i, bank in enumerate(self.banks) for n, t in bank.tensors().items()}

    @classmethod
    def read(cls, told: dict[str, Any], tensors: dict[str, Tensor]) -> TileReferences:
        """As it was written.

        Raises:
            KeyError, TypeError, ValueError, ProfileError: something else.
        """
        banks = []
        for number, about in enumerate(told["banks"]):
            start = f"{PREFIX}.{number}."
            named = {k.removeprefix(start): v for k, v in tensors.items() if k.startswith(start)}
            banks.append(TileBank.read(about, named))
        smallest = float(told["smallest"])
        if not math.isfinite(smallest) or smallest <= 0:
            raise ProfileError("a positive extent of the smallest thing", f"{smallest}", "build the profile again")
        return cls(smallest, Usual.from_json(told["usual"]), tuple(banks))


def block_side(smallest: float) -> int:
    """Side of a block, source pixels; even."""
    return max(2, 2 * round(smallest / 4))


def cells_of(smallest: float) -> tuple[int, ...]:
    """Sides of the cells of each scale, source pixels: on the finest the smallest thing covers the area of two cells.

    >>> cells_of(16)
    (11, 16)
    """
    finest = max(1, int(smallest / math.sqrt(2)))
    return tuple(int(finest * scale) for scale in SCALES)


def lattices(size: tuple[int, int], smallest: float, span: int) -> tuple[Lattice, ...]:
    """Of the scales that show more of a picture than its overview, the finest first; none of a picture that is small enough.

    Args:
        size: (height, width), source pixels.
        smallest: extent of the smallest thing looked for, source pixels.
        span: patches a side of the encoder's input.
    """
    overview = math.sqrt(size[0] * size[1]) / span
    return tuple(lattice_of(size, cell, span, smallest) for cell in cells_of(smallest) if overview >= FINER * cell)


def lattice_of(size: tuple[int, int], cell: int, span: int, smallest: float) -> Lattice:
    """Of the scale of :func:`cells_of` whose cells are ``cell`` wide."""
    return Lattice(size, cell, span, overlap=cell == cells_of(smallest)[0])
