"""What normal slices show, place by place: the mean of reference planes at the same share of the axis. Numbers only."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32, Int
from scipy import ndimage

NEARBY = 0.06
"""Standard deviation, in shares of the axis, by which reference slices count: heads are never laid quite alike."""
BLUR = 1.5
"""The same within a slice, patches."""


@dataclass(frozen=True, eq=False)
class UsualPlanes:
    """Planes of reference slices.

    Args:
        planes: logits of the patch grid.
        shares: of the axis, [0, 1].
        owners: volume of each.
    """

    planes: Float32[np.ndarray, "slices rows columns"]
    shares: Float32[np.ndarray, " slices"]
    owners: Int[np.ndarray, " slices"]

    def at(
        self, shares: Float32[np.ndarray, " asked"], grid: tuple[int, int], leave_out: int | None = None
    ) -> Float32[np.ndarray, "asked rows columns"]:
        """The usual plane at each share, on a grid of another picture.

        Args:
            shares: of the axis.
            grid: rows and columns.
            leave_out: a volume that does not count.
        """
        counted = np.ones(len(self.owners), bool) if leave_out is None else self.owners != leave_out
        apart = (shares[:, None] - self.shares[counted]) / NEARBY
        weights = np.exp(-0.5 * np.square(apart)) + 1e-9
        weights /= weights.sum(1, keepdims=True)
        mean = np.tensordot(weights, self.planes[counted], 1).astype(np.float32)
        soft = ndimage.gaussian_filter(mean, (0.0, BLUR, BLUR), mode="nearest")
        return np.stack([on_grid(plane, grid) for plane in soft])


def on_grid(plane: Float32[np.ndarray, "rows columns"], grid: tuple[int, int]) -> np.ndarray:
    """A plane on another grid of rows and columns."""
    if plane.shape == grid:
        return plane
    return np.asarray(cv2.resize(plane, (grid[1], grid[0]), interpolation=cv2.INTER_LINEAR), np.float32)
