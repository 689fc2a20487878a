"""Where tiles lie: a lattice of cells over the picture, one cell a patch of the encoder, and overlapping tiles of whole cells.

Tiles of one scale share the lattice, so what is said of their patches needs no resampling to be one map. Knows no encoder.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from assistant.types import Box

OVERLAP = 6
"""Part of a tile's span that its neighbour shares, one of so many: what lies beside an edge is seen from well inside by one."""


@dataclass(frozen=True)
class Tile:
    """A piece of a lattice: its first row and column, and how many of each; cells."""

    row: int
    column: int
    rows: int
    columns: int

    @property
    def cells(self) -> tuple[slice, slice]:
        """Its rows and columns of the lattice."""
        return slice(self.row, self.row + self.rows), slice(self.column, self.column + self.columns)


@dataclass(frozen=True)
class Lattice:
    """Cells over a picture.

    Args:
        size: (height, width) of the picture, source pixels.
        cell: side of a cell, source pixels; the last row and column may reach over the edge.
        span: most rows and columns of a tile, cells.
        overlap: whether neighbouring tiles share a part of their span.
    """

    size: tuple[int, int]
    cell: int
    span: int
    overlap: bool = True

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns) of cells."""
        return math.ceil(self.size[0] / self.cell), math.ceil(self.size[1] / self.cell)

    @cached_property
    def tiles(self) -> tuple[Tile, ...]:
        """Tiles that cover the picture, row by row; as alike in size as they can be.

        >>> len(Lattice((3000, 4000), 11, 24).tiles)
        252
        >>> len(Lattice((3000, 4000), 16, 24, overlap=False).tiles)
        88
        """
        rows, columns = (min(self.span, side) for side in self.shape)
        tops, lefts = (_starts(*sides, self.overlap) for sides in zip(self.shape, (rows, columns), strict=True))
        return tuple(Tile(top, left, rows, columns) for top in tops for left in lefts)

    def box(self, tile: Tile) -> Box:
        """The tile in source pixels, cut at the picture's edges."""
        bottom, right = (tile.row + tile.rows) * self.cell, (tile.column + tile.columns) * self.cell
        return Box(tile.column * self.cell, tile.row * self.cell, min(right, self.size[1]), min(bottom, self.size[0]))

    def places(self, tile: Tile) -> Float32[np.ndarray, "patches 2"]:
        """Centres of the cells of a tile, row by row, as (row, column) in [0, 1] of the picture."""
        rows, columns = (
            np.minimum(1.0, (np.arange(side.start, side.stop) + 0.5) * self.cell / length)
            for side, length in zip(tile.cells, self.size, strict=True)
        )
        return np.stack(np.meshgrid(rows, columns, indexing="ij"), -1).reshape(-1, 2).astype(np.float32)

    def pixels(
        self, picture: UInt8[np.ndarray, "height width 3"], tile: Tile, patch: int
    ) -> UInt8[np.ndarray, "tile_height tile_width 3"]:
        """The tile's pixels at ``patch`` a cell.

        A tile that reaches over the edge is stretched by the part of a cell that it lacks: mirrored pixels would show light
        from the wrong side, which nothing normal does.
        """
        box = self.box(tile)
        part = picture[box.y_min : box.y_max, box.x_min : box.x_max]
        way = cv2.INTER_AREA if self.cell > patch else cv2.INTER_CUBIC
        wanted = (tile.columns * patch, tile.rows * patch)
        resized = part if wanted == part.shape[1::-1] else cv2.resize(part, wanted, interpolation=way)
        return np.ascontiguousarray(resized, np.uint8)


class CellMap:
    """Numbers on a lattice that tiles write one by one; where tiles overlap the one that lies deeper inside is kept.

    Args:
        lattice: of the cells.
    """

    def __init__(self, lattice: Lattice) -> None:
        self.lattice = lattice
        self.values: Float32[np.ndarray, "rows columns"] = np.full(lattice.shape, -np.inf, np.float32)
        """Minus infinity where no tile was."""
        self._depth = np.zeros(lattice.shape, np.uint8)

    def write(self, tile: Tile, values: Float32[np.ndarray, "rows columns"]) -> None:
        """What was found in a tile."""
        depth = _depth(tile, self.lattice.shape)
        kept = self._depth[tile.cells]
        deeper = depth > kept
        self.values[tile.cells] = np.where(deeper, values, self.values[tile.cells])
        self._depth[tile.cells] = np.maximum(depth, kept)

    @property
    def looked_at(self) -> float:
        """Share of the cells that some tile covered."""
        return float((self._depth > 0).mean())


def _starts(total: int, span: int, overlap: bool) -> list[int]:
    if total <= span:
        return [0]
    step = max(1, span - max(1, span // OVERLAP)) if overlap else span
    return [round(float(v)) for v in np.linspace(0, total - span, math.ceil((total - span) / step) + 1)]


def _depth(tile: Tile, shape: tuple[int, int]) -> np.ndarray:
    """Cells from each cell of a tile to its border, 1 at the border; edges of the picture are no borders."""
    sides = []
    for first, count, total in ((tile.row, tile.rows, shape[0]), (tile.column, tile.columns, shape[1])):
        ahead = np.arange(1, count + 1) if first else np.full(count, count)
        behind = np.arange(count, 0, -1) if first + count < total else np.full(count, count)
        sides.append(np.minimum(ahead, behind))
    depth = np.minimum(sides[0][:, None], sides[1]).clip(0, 255)
    return np.asarray(depth, np.uint8)
