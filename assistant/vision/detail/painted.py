"""A map of a large picture, kept at the resolution of its cells and painted in source pixels where it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from assistant.types import AnomalyMap

PIECE = 2**20
"""Source pixels painted at once: what is held beside the scores does not grow with the picture."""
MOST_ODDS = 30.0
"""Log-odds of which more and less make no other score."""


@dataclass(frozen=True, eq=False)
class Layer:
    """Scores of equal cells over a whole picture.

    Args:
        scores: calibrated, in [0, 1].
        cell: (height, width) of a cell, source pixels; need not be whole.
        log_odds: of tiles, what ``scores`` were made of, which saturate; None of an overview.
        usual: of tiles, log-odds of the highest cell of a common normal one, below zero.
    """

    scores: Float32[np.ndarray, "rows columns"]
    cell: tuple[float, float]
    log_odds: Float32[np.ndarray, "rows columns"] | None = None
    usual: float = 0.0

    @classmethod
    def of_log_odds(
        cls, log_odds: Float32[np.ndarray, "rows columns"], cell: tuple[float, float], usual: float
    ) -> Layer:
        """Of tiles; minus infinity is where none was."""
        bounded = np.clip(np.where(np.isfinite(log_odds), log_odds, -MOST_ODDS), -MOST_ODDS, MOST_ODDS)
        return cls((1 / (1 + np.exp(-bounded))).astype(np.float32), cell, log_odds, usual)

    def window(self, rows: slice, columns: slice) -> Float32[np.ndarray, "rows columns"]:
        """A piece, linear between the centres of cells."""
        above, below, down = _between(rows, self.cell[0], self.scores.shape[0])
        before, behind, across = _between(columns, self.cell[1], self.scores.shape[1])
        small = self.scores[above[0] : below[-1] + 1]
        wide = small[:, before]
        wide += across * (small[:, behind] - wide)
        out: Float32[np.ndarray, "rows columns"] = wide[above - above[0]]
        lower = wide[below - above[0]]
        lower -= out
        lower *= down[:, None]
        out += lower
        return out


class PaintedMap(AnomalyMap):
    """The highest of several layers at each source pixel; painted anew each time it is asked for.

    Args:
        size: (height, width), source pixels.
        layers: at least one; each covers the picture.
    """

    def __init__(self, size: tuple[int, int], layers: Sequence[Layer]) -> None:
        object.__setattr__(self, "_size", size)
        object.__setattr__(self, "layers", tuple(layers))

    _size: tuple[int, int]
    layers: tuple[Layer, ...]

    @property
    def size(self) -> tuple[int, int]:
        """(height, width), source pixels."""
        return self._size

    @property
    def scores(self) -> Float32[np.ndarray, "height width"]:
        """All of it, four bytes a source pixel."""
        return self.window(slice(0, self._size[0]), slice(0, self._size[1]))

    def window(self, rows: slice, columns: slice) -> Float32[np.ndarray, "rows columns"]:
        """Scores of a piece, source pixels."""
        out = np.empty((rows.stop - rows.start, columns.stop - columns.start), np.float32)
        step = max(1, PIECE // max(1, out.shape[1]))
        for top in range(0, out.shape[0], step):
            part = out[top : top + step]
            some = slice(rows.start + top, rows.start + top + len(part))
            part[:] = self.layers[0].window(some, columns)
            for layer in self.layers[1:]:
                np.maximum(part, layer.window(some, columns), out=part)
        return out


class LayeredMap(PaintedMap):
    """A map that was joined of an overview and tiles."""


def _between(pixels: slice, cell: float, cells: int) -> tuple[np.ndarray, np.ndarray, Float32[np.ndarray, " pixels"]]:
    """The two cells between whose centres each pixel of an axis lies, and how far it is from the first to the second."""
    at = (np.arange(pixels.start, pixels.stop) + 0.5) / cell - 0.5
    first = np.floor(at).astype(np.intp)
    share = (at - first).astype(np.float32)
    return first.clip(0, cells - 1), (first + 1).clip(0, cells - 1), share
