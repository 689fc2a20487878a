"""One scale of a picture: what its tiles said so far, what the others promise."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float32

from assistant.vision.detail.tile_bank import TileBank
from assistant.vision.detail.tiles import CellMap, Lattice, Tile

WORTH = 0.05
"""A tile promises something where its blocks are as unusual as in one normal picture of so many."""


class Scale:
    """One scale of a picture: what its tiles said so far.

    Args:
        lattice: of the scale.
        bank: what its tiles are compared with.
        blocks: how unusual the blocks of each cell are.
        overkill: share of normal pictures that may exceed the limit of this scale.
    """

    def __init__(
        self, lattice: Lattice, bank: TileBank, blocks: Float32[np.ndarray, "rows columns"], overkill: float
    ) -> None:
        self.lattice, self.bank, self.blocks, self._overkill = lattice, bank, blocks, overkill
        self.patches = CellMap(lattice)
        self.looked: set[Tile] = set()

    def promise(self, tile: Tile) -> float:
        """Of a tile not looked at yet: log-odds of its most unusual block alone."""
        tail = self.bank.blocks
        return float(tail.log_odds(self.blocks[tile.cells].max(keepdims=True), self.tiles, WORTH).item())

    @property
    def tiles(self) -> int:
        """Of the whole picture."""
        return len(self.lattice.tiles)

    @property
    def usual(self) -> float:
        """Log-odds of the highest cell of a common normal tile; below zero."""
        return min(-1.0, -math.log(max(1.0, self.tiles * self.bank.both.share / self._overkill)))

    def log_odds(self, cells: tuple[slice, slice] = (slice(None), slice(None))) -> Float32[np.ndarray, "rows columns"]:
        """Calibrated, of cells; minus infinity where no tile was."""
        found = self.bank.evidence(self.patches.values[cells], self.blocks[cells])
        return self.bank.both.log_odds(found, self.tiles, self._overkill)
