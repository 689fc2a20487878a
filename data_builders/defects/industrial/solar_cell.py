"""Reading a solar cell seen by electroluminescence: its busbars, its glowing area, and the frame both are told in.

The frame: busbars upright, fingers level. ``Cell.turned`` says that the picture has to be transposed to get there.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from data_builders.defects.painting import Layer, Mask, luminance, shift_tone
from data_builders.defects.shapes import Alpha
from data_builders.types import Kind, Picture

MOST_BARS = 8
LEAST_DIP = 0.1
"""How much darker than the cell beside it a busbar is at least, as a share."""
WIDEST_BAR = 0.05
"""Breadth of a busbar at most, as a share of the side."""
NARROWEST = 3
"""Breadth up to which a dark line, one pixel of tolerance on each side included, is a finger or noise, pixels."""
MOST_COLOUR = 2.0
"""Mean distance of the channels up to which a camera counts as grey, grey levels."""


@dataclass(frozen=True, eq=False)
class Cell:
    """A cell in the frame with upright busbars.

    Args:
        turned: the frame is the transposed picture.
        bars: centres of the busbars from left to right, pixels.
        breadth: breadth of a busbar, pixels.
        glowing: pixels of the cell, without busbars and dark surround.
    """

    turned: bool
    bars: tuple[float, ...]
    breadth: float
    glowing: Mask

    def walls(self) -> tuple[float, ...]:
        """Left side, busbars and right side of the cell, pixels."""
        columns = np.flatnonzero(self.glowing.any(0))
        return (float(columns[0]), *self.bars, float(columns[-1] + 1))

    def dimmed(self, picture: Picture, alpha: Alpha, left: float) -> tuple[Layer, Alpha]:
        """(the picture with only ``left`` of its glow where ``alpha`` is 1, ``alpha`` in the picture's own frame)."""
        own = np.ascontiguousarray(alpha.T if self.turned else alpha, np.float32)
        level = float(luminance(picture.pixels)[own > 0.3].mean()) if (own > 0.3).any() else 0.0
        return shift_tone(picture.pixels, -(1 - left) * level, own), own


@lru_cache(maxsize=4)
def find_cell(picture: Picture) -> Cell | None:
    """The cell, or None where the picture is in colour or has no one to eight dark bars from side to side."""
    pixels = np.asarray(picture.pixels, np.float32)
    if picture.kind is not Kind.SURFACE or float(np.ptp(pixels, axis=2).mean()) > MOST_COLOUR:
        return None
    grey = luminance(picture.pixels)
    found = [cell for turned in (False, True) if (cell := _upright(grey.T if turned else grey, turned)) is not None]
    return found[0] if len(found) == 1 else None


def _upright(grey: Alpha, turned: bool) -> Cell | None:
    """The cell whose busbars are upright in ``grey``; every stretch of a bar has to be dark."""
    height, width = grey.shape
    widest = max(3, round(WIDEST_BAR * width))
    dark = np.ones(width, bool)
    edges = np.linspace(0.08 * height, 0.92 * height, 6).astype(int)
    for top, bottom in pairwise(edges.tolist()):
        profile = np.median(grey[top:bottom], axis=0).astype(np.float32)
        padded = cv2.copyMakeBorder(profile[None], 0, 0, 2 * widest, 2 * widest, cv2.BORDER_REPLICATE)[0]
        around = np.median(sliding_window_view(padded, 4 * widest + 1), axis=-1)
        dip = (profile < (1 - LEAST_DIP) * around).astype(np.uint8)
        dark &= np.asarray(cv2.dilate(dip[None], np.ones((1, 3), np.uint8)), bool)[0]
    starts = np.flatnonzero(np.diff(np.concatenate([[False], dark]).astype(np.int8)) == 1)
    ends = np.flatnonzero(np.diff(np.concatenate([dark, [False]]).astype(np.int8)) == -1) + 1
    inner = (starts > 0.04 * width) & (ends < 0.96 * width) & (ends - starts > NARROWEST)
    runs = list(zip(starts[inner].tolist(), ends[inner].tolist(), strict=True))
    if not 1 <= len(runs) <= MOST_BARS or any(b - a > widest + 2 for a, b in runs):
        return None
    bars = tuple((a + b) / 2 for a, b in runs)
    breadth = float(np.mean([b - a for a, b in runs]))
    level = float(np.median(grey))
    glowing = np.asarray(cv2.blur(grey, (5, 5)) > 0.35 * level, bool)
    for a, b in runs:
        glowing[:, a:b] = False
    return Cell(turned, bars, breadth, glowing) if glowing.mean() > 0.3 else None
