"""The only place that knows coordinates: source pixels, model pixels, the patch grid, and the 3x3 cells."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool

from assistant.types import Box

ROWS = ("top", "middle", "bottom")
COLUMNS = ("left", "centre", "right")
CELLS: tuple[str, ...] = tuple(
    "centre" if (r, c) == ("middle", "centre") else f"{r} {c}" for r in ROWS for c in COLUMNS
)
"""Names of the 3x3 places, row by row: "top left" … "centre" … "bottom right"."""


@dataclass(frozen=True)
class Fit:
    """How a source picture is laid into the model's input.

    Args:
        source: (height, width) of the source, pixels.
        model: (height, width) of the model's input, pixels; both divisible by ``patch``.
        patch: side of a patch, model pixels.
    """

    source: tuple[int, int]
    model: tuple[int, int]
    patch: int

    @property
    def grid(self) -> tuple[int, int]:
        """(rows, columns) of patches."""
        return self.model[0] // self.patch, self.model[1] // self.patch


def fit(height: int, width: int, side: int, patch: int, max_aspect: float = 4.0) -> Fit:
    """Model input of about ``side * side`` pixels that keeps the aspect of the source.

    The aspect is kept to within one patch; pictures longer than ``max_aspect`` are squeezed to it, so the cost of one
    picture is bounded and the same for every shape.

    >>> fit(300, 300, 448, 14).model
    (448, 448)
    >>> fit(200, 600, 448, 14).grid
    (18, 55)
    """
    aspect = min(max(width / height, 1 / max_aspect), max_aspect)
    rows = max(1, round(side / math.sqrt(aspect) / patch))
    columns = max(1, round(side * math.sqrt(aspect) / patch))
    return Fit((height, width), (rows * patch, columns * patch), patch)


def mask_box(mask: Bool[np.ndarray, "height width"]) -> Box:
    """Tight half-open box of a mask that has at least one pixel set."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if rows.size == 0:
        raise ValueError("expected a mask with at least one pixel set, got an empty one")
    return Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)


def mask_cells(mask: Bool[np.ndarray, "height width"], least: float = 0.2) -> tuple[str, ...]:
    """Cells of the 3x3 grid that hold at least ``least`` of the mask, largest share first; never empty.

    A mask spread over so many cells that none holds ``least`` is given the cells that hold most, to within a tenth.

    >>> m = np.zeros((90, 90), bool); m[5:10, 40:50] = True
    >>> mask_cells(m)
    ('top centre',)
    """
    ys, xs = np.nonzero(mask)
    if ys.size == 0:
        raise ValueError("expected a mask with at least one pixel set, got an empty one")
    height, width = mask.shape
    share = np.bincount((ys * 3 // height) * 3 + xs * 3 // width, minlength=9) / ys.size
    order = np.argsort(-share, kind="stable")
    floor = min(least, 0.9 * float(share.max()))
    chosen = [int(i) for i in order if share[i] >= floor]
    return tuple(CELLS[i] for i in chosen)
