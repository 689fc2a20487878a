"""Two-tone boards: finds the copper-like phase of pictures with strong binary structure. Paints nothing."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from data_builders.defects.painting import luminance
from data_builders.types import Mask, Picture

LEAST_COVER = 0.6
"""Share of the picture that the board takes."""
LEAST_CONTRAST = 45.0
"""Grey levels between the two tones."""
LEAST_SEPARATION = 0.84
"""Share of the luminance variance that lies between the two tones."""


@dataclass(frozen=True, eq=False)
class Board:
    """The two tones of a board.

    Args:
        track: pixels of the foreground phase.
        ground: the rest of the object.
        track_colour, ground_colour: median RGB, 0..255.
        breadth: typical width of a track, pixels.
    """

    track: Mask
    ground: Mask
    track_colour: tuple[float, float, float]
    ground_colour: tuple[float, float, float]
    breadth: float


def find_board(picture: Picture) -> Board | None:
    """The board's two tones; None where the picture has no strong binary structure."""
    mask = picture.object_mask
    if np.count_nonzero(mask) < max(400.0, LEAST_COVER * mask.size):
        return None
    grey = np.clip(luminance(picture.pixels), 0, 255).astype(np.uint8)
    level, _ = cv2.threshold(grey[mask][:, None], 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    bright = np.asarray((grey > level) & mask, bool)
    dark = np.asarray((grey <= level) & mask, bool)
    share = float(np.count_nonzero(bright)) / float(np.count_nonzero(mask))
    if not 0.08 < share < 0.92:
        return None
    means = float(grey[bright].mean()), float(grey[dark].mean())
    between = share * (1 - share) * (means[0] - means[1]) ** 2
    if means[0] - means[1] < LEAST_CONTRAST or between < LEAST_SEPARATION * float(grey[mask].var()):
        return None
    track, ground = (bright, dark) if share < 0.6 else (dark, bright)
    depth = np.asarray(cv2.distanceTransform(track.astype(np.uint8), cv2.DIST_L2, 3), np.float32)
    ridge = depth[track & (depth >= np.asarray(cv2.dilate(depth, np.ones((3, 3), np.uint8)), np.float32))]
    breadth = float(2 * np.median(ridge)) if ridge.size else 0.0
    if breadth < 2.5:
        return None
    first, second = (np.median(picture.pixels[m], 0) for m in (track, ground))
    return Board(
        track,
        ground,
        (float(first[0]), float(first[1]), float(first[2])),
        (float(second[0]), float(second[1]), float(second[2])),
        breadth,
    )


def edge_points(board: Board) -> np.ndarray:
    """(n, 2) x and y of track pixels beside the ground."""
    grown = np.asarray(cv2.dilate(board.ground.astype(np.uint8), np.ones((3, 3), np.uint8)), np.uint8).astype(bool)
    ys, xs = np.nonzero(board.track & grown)
    return np.stack([xs, ys], 1)
