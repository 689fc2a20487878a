"""A map of a large picture, kept at the resolution of its cells and painted in source pixels where it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32

from assistant.types import AnomalyMap

STRIP = 2048
"""Source rows painted at once; OpenCV counts no further than 32767."""
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
        out = np.empty((rows.stop - rows.start, columns.stop - columns.start), np.float32)
        for top in range(0, out.shape[0], STRIP):
            for left in range(0, out.shape[1], STRIP):
                part = out[top : top + STRIP, left : left + STRIP]
                part[:] = self._part(rows.start + top, columns.start + left, part.shape)
        return out

    def _part(self, top: int, left: int, shape: tuple[int, ...]) -> np.ndarray:
        (high, wide), size = self.cell, self.scores.shape
        first = max(0, int(top / high) - 1), max(0, int(left / wide) - 1)
        last = min(size[0], int((top + shape[0]) / high) + 2), min(size[1], int((left + shape[1]) / wide) + 2)
        small = np.ascontiguousarray(self.scores[first[0] : last[0], first[1] : last[1]])
        across = (1 / wide, 0.0, (left + 0.5) / wide - 0.5 - first[1])
        down = (0.0, 1 / high, (top + 0.5) / high - 0.5 - first[0])
        way = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return np.asarray(
            cv2.warpAffine(small, np.array([across, down]), shape[1::-1], flags=way, borderMode=cv2.BORDER_REPLICATE)
        )


class LayeredMap(AnomalyMap):
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
        painted = self.layers[0].window(rows, columns)
        for layer in self.layers[1:]:
            np.maximum(painted, layer.window(rows, columns), out=painted)
        return painted
