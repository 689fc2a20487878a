"""Log-odds on a lattice -> regions in source pixels: one list for a picture that was looked at in tiles, boxes tight."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import cv2
import numpy as np
from jaxtyping import Bool, Float32
from scipy import ndimage

from assistant.geometry import mask_box, mask_cells
from assistant.types import Box
from assistant.vision.detail.tiles import Lattice
from assistant.vision.regions import LABEL_SIDE, RegionMask

MOST_REGIONS = 48
BRIDGE = 1
"""Components whose gap is at most twice as many cells are one region: a thin line is broken into beads by the cells."""
CORE = 0.5
"""Where on the way from what is usual to its peak a region's own cells begin: patches see beyond themselves."""
SAME_PLACE = 9
"""A region of the overview that covers no more of its cells, and in which tiles found something, is that something."""
_NEIGHBOURS = np.ones((3, 3), dtype=bool)


def cell_regions(log_odds: Float32[np.ndarray, "rows columns"], lattice: Lattice, usual: float) -> list[RegionMask]:
    """Regions where log-odds are at or above zero, strongest first.

    Args:
        log_odds: a number a cell; minus infinity where nothing was looked at.
        lattice: of the cells.
        usual: log-odds of the highest cell of a common normal tile, below zero.
    """
    above = log_odds >= 0
    if not above.any():
        return []
    bridge = np.ones((2 * BRIDGE + 1, 2 * BRIDGE + 1), np.uint8)
    labels, _ = ndimage.label(cv2.dilate(above.astype(np.uint8), bridge), structure=_NEIGHBOURS)
    found = []
    for number, window in enumerate(ndimage.find_objects(labels), start=1):
        values = np.where(labels[window] == number, log_odds[window], -np.inf)
        core = values >= max(0.0, usual + CORE * (float(values.max()) - usual))
        found.append((float(values.max()), int(core.sum()), _region(core, values, window, lattice)))
    found.sort(key=lambda one: (-one[0], -one[1]))
    return [region for *_, region in found[:MOST_REGIONS]]


def regions_of_scales(
    scales: Iterable[tuple[Float32[np.ndarray, "rows columns"], Lattice, float]],
) -> list[RegionMask]:
    """Regions of all scales, strongest first; what a coarser one finds where a finer one did is the same.

    Args:
        scales: log-odds, lattice and what is usual of each, as :func:`cell_regions` takes them; the finest first.
    """
    kept: list[RegionMask] = []
    for log_odds, lattice, usual in scales:
        found = cell_regions(log_odds, lattice, usual)
        kept += [one for one in found if not any(_overlap(one, other) for other in kept)]
    return sorted(kept, key=lambda one: -round(one.peak_score, 2))


def joined(tiles: Sequence[RegionMask], overview: Sequence[RegionMask], overview_cell: float) -> list[RegionMask]:
    """One list: regions of the tiles, and those of the overview that are not the same things seen from farther away.

    Args:
        tiles: regions found in tiles.
        overview: regions found in the overview.
        overview_cell: area of a patch of the overview, square source pixels.
    """
    kept = [one for one in overview if not any(_same(one, fine, overview_cell) for fine in tiles)]
    return sorted([*tiles, *kept], key=lambda one: -round(one.peak_score, 2))


def _same(wide: RegionMask, fine: RegionMask, cell: float) -> bool:
    x, y = (fine.box.x_min + fine.box.x_max) / 2, (fine.box.y_min + fine.box.y_max) / 2
    inside = wide.box.x_min <= x < wide.box.x_max and wide.box.y_min <= y < wide.box.y_max
    return inside and wide.box.area <= SAME_PLACE * cell


def _overlap(one: RegionMask, other: RegionMask) -> bool:
    a, b = one.box, other.box
    return a.x_min < b.x_max and b.x_min < a.x_max and a.y_min < b.y_max and b.y_min < a.y_max


def _region(
    core: Bool[np.ndarray, "rows columns"], values: np.ndarray, window: tuple[slice, slice], lattice: Lattice
) -> RegionMask:
    """A region of the cells that are set in a window of the lattice."""
    tight, cell, (height, width) = mask_box(core), lattice.cell, lattice.size
    top, left = window[0].start, window[1].start
    box = Box(
        (left + tight.x_min) * cell,
        (top + tight.y_min) * cell,
        min(width, (left + tight.x_max) * cell),
        min(height, (top + tight.y_max) * cell),
    )
    scores = 1 / (1 + np.exp(-np.clip(values[core].astype(np.float64), -30, 30)))
    rows, columns = np.nonzero(core)
    mask = _reduced(rows + top, columns + left, lattice)
    area = sum(
        (min(height, (r + 1) * cell) - r * cell) * (min(width, (c + 1) * cell) - c * cell)
        for r, c in zip((rows + top).tolist(), (columns + left).tolist(), strict=True)
    )
    return RegionMask(mask, box, area / (height * width), mask_cells(mask), float(scores.max()), float(scores.mean()))


def _reduced(rows: np.ndarray, columns: np.ndarray, lattice: Lattice) -> Bool[np.ndarray, "rows columns"]:
    """Cells on the reduced map of :class:`RegionMask`: every block that one of them touches."""
    height, width = lattice.size
    factor = math.ceil(max(height, width) / LABEL_SIDE)
    mask = np.zeros((math.ceil(height / factor), math.ceil(width / factor)), dtype=bool)
    steps = sorted({*range(0, lattice.cell, factor), lattice.cell - 1})
    for down in steps:
        for across in steps:
            y = np.minimum(rows * lattice.cell + down, height - 1) // factor
            x = np.minimum(columns * lattice.cell + across, width - 1) // factor
            mask[y, x] = True
    return mask
