"""Pieces of one line: long components of a map that continue each other get one label. Numbers alone: no picture, no model.

The map breaks a crack where it is faint. Two components are pieces of one line where both are long, their axes and the way
from one to the other have about one direction, they lie one after the other along it, and the gap is small beside them. Lines
side by side and blobs stay apart.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy import ndimage

LEAST_ELONGATION = 2.0
"""Standard deviation along a piece over that across it, from which it has a direction."""
MOST_TURN = math.radians(20)
"""Between the axes of two pieces, and between each and the way from one to the other."""
GAP_OF_LONGER = 0.5
"""Largest gap, as a share of the longer piece's length."""
GAP_FRACTION = 0.1
"""Largest gap, as a share of the map's long side."""
MOST_OVERLAP = 0.2
"""Share of the shorter piece's length that may lie beside the other."""


@dataclass(frozen=True, eq=False)
class Piece:
    """A long component.

    Args:
        label: of it.
        middle: (x, y).
        axis: unit vector along it.
        length: between its outermost pixels along the axis.
    """

    label: int
    middle: Float[np.ndarray, " xy"]
    axis: Float[np.ndarray, " xy"]
    length: float


def join_collinear(labels: Int[np.ndarray, "rows columns"], least_area: float) -> Int[np.ndarray, "rows columns"]:
    """Labels in which pieces of one line have the label of the first of them; labels that are joined to others stay free.

    Args:
        labels: 0 where there is nothing.
        least_area: components of fewer pixels are specks, and join nothing.
    """
    pieces = [piece for number, window in enumerate(ndimage.find_objects(labels), 1)
              if window is not None and (piece := _piece(labels, number, window, least_area)) is not None]  # fmt: skip
    roots = {piece.label: piece.label for piece in pieces}

    def root(label: int) -> int:
        while roots[label] != label:
            label = roots[label]
        return label

    most = GAP_FRACTION * max(labels.shape)
    for number, one in enumerate(pieces):
        for other in pieces[number + 1 :]:
            if continues(one, other, most):
                first, second = sorted((root(one.label), root(other.label)))
                roots[second] = first
    new = np.arange(int(labels.max(initial=0)) + 1)
    for label in roots:
        new[label] = root(label)
    return np.asarray(new[labels])


def continues(one: Piece, other: Piece, most: float) -> bool:
    """Whether two pieces are of one line; their gap is at most ``most`` pixels."""
    way = other.middle - one.middle
    apart = float(np.hypot(*way))
    if apart == 0:
        return False
    least = math.cos(MOST_TURN)
    turns = (abs(one.axis @ other.axis), abs(one.axis @ way) / apart, abs(other.axis @ way) / apart)
    gap = apart - (one.length + other.length) / 2
    shorter, longer = sorted((one.length, other.length))
    return bool(min(turns) >= least) and -MOST_OVERLAP * shorter <= gap <= min(GAP_OF_LONGER * longer, most)


def _piece(labels: np.ndarray, label: int, window: Sequence[slice], least_area: float) -> Piece | None:
    """A component as a piece; None for a speck, or one without a direction."""
    rows, columns = np.nonzero(labels[window[0], window[1]] == label)
    if rows.size < max(least_area, 3):
        return None
    points = np.stack([columns, rows], 1).astype(np.float64)
    middle = points.mean(0)
    spreads, axes = np.linalg.eigh(np.cov((points - middle).T) + np.eye(2) / 12)
    if spreads[1] < LEAST_ELONGATION**2 * spreads[0]:
        return None
    along = (points - middle) @ axes[:, 1]
    corner = np.array([window[1].start, window[0].start], np.float64)
    centre = middle + axes[:, 1] * (along.max() + along.min()) / 2
    return Piece(label, centre + corner, axes[:, 1], float(along.max() - along.min()) + 1)
