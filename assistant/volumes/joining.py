"""Maps of slices -> one score volume: smoothed across slices, parts that touch in three dimensions, what they measure.

Logits are smoothed along the axis by a Gaussian of :data:`SMOOTHING_MM`: what shows in one slice alone is outvoted by its
neighbours, what goes on from slice to slice stays. Nothing here knows pictures or models.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from jaxtyping import Bool, Float32, UInt8
from scipy import ndimage

from assistant.types import THRESHOLD
from assistant.volumes.finding import VolumeRegion, VoxelBox
from assistant.volumes.volume import Slices, Volume, upright, voxels_of

SMOOTHING_MM = 3.0
"""Standard deviation of the Gaussian along the axis, millimetres."""
LEAST_SLICES = 0.5
"""The same in slices, at least: however far apart they were taken, a lone slice is weighed with its neighbours."""
MAP_SIDE = 96
"""Longest side of a slice's part of the score volume."""
NOTHING = -6.0
"""Logit of slices on which nothing is to be seen."""
SPECK_ML = 0.05
"""Parts smaller than this are specks."""
MOST_REGIONS = 12
_TOUCHING = np.ones((3, 3, 3), bool)
Planes = Float32[np.ndarray, "slices rows columns"]


def width_in_slices(step_mm: float, smoothing_mm: float = SMOOTHING_MM) -> float:
    """Standard deviation of the smoothing, slices.

    >>> width_in_slices(1.0), round(width_in_slices(10.0), 2)
    (3.0, 0.5)
    """
    return max(LEAST_SLICES, smoothing_mm / step_mm)


def smoothed(values: np.ndarray, width: float) -> np.ndarray:
    """Values along the first axis, each with its neighbours; at the ends the last one goes on."""
    found: np.ndarray = ndimage.gaussian_filter1d(
        values.astype(np.float32), width, axis=0, mode="nearest", truncate=3.0
    )
    return found


def score_volume(planes: Planes, slices: Slices) -> Float32[np.ndarray, "x y z"]:
    """Logits of the patch grid of all slices -> canonical volume, all slices along their axis, coarse within them."""
    scale = min(1.0, MAP_SIDE / max(slices.shape))
    size = (max(1, round(slices.shape[1] * scale)), max(1, round(slices.shape[0] * scale)))
    large = np.stack([cv2.resize(plane, size, interpolation=cv2.INTER_LINEAR) for plane in planes])
    return np.ascontiguousarray(voxels_of(large, slices.axis), np.float32)


def together(
    volumes: Sequence[Float32[np.ndarray, "x y z"]], shape: tuple[int, int, int]
) -> Float32[np.ndarray, "x y z"]:
    """The mean of the logits of several axes on one grid of at most :data:`MAP_SIDE` cells a side."""
    if len(volumes) == 1:
        return volumes[0]
    size = tuple(min(side, MAP_SIDE) for side in shape)
    scaled = [ndimage.zoom(one, np.array(size) / one.shape, order=1, mode="nearest", grid_mode=True) for one in volumes]
    return np.asarray(sum(scaled) / len(scaled), np.float32)


@dataclass(frozen=True, eq=False)
class Part:
    """A connected part before it has a type.

    Args:
        region: what it measures.
        mask: where it lies on its worst slice.
        window: the part of the logit volume that it lies in.
        inside: where in that.
    """

    region: VolumeRegion
    mask: Bool[np.ndarray, "rows columns"]
    window: tuple[slice, ...]
    inside: Bool[np.ndarray, "x y z"]


def find_parts(logits: Float32[np.ndarray, "x y z"], volume: Volume, slices: Slices) -> list[Part]:
    """Parts of a canonical logit volume at or above 0, strongest first; specks are left out.

    Strength is the peak to two decimals, then the sum of the scores.
    """
    labels, count = ndimage.label(logits >= 0, structure=_TOUCHING)
    scores = 1 / (1 + np.exp(-np.clip(logits, -30, 30)))
    cell = np.array(volume.shape) / np.array(logits.shape)
    cell_ml = float(np.prod(cell * volume.spacing_mm)) / 1000
    found = []
    for number, window in enumerate(ndimage.find_objects(labels, count), start=1):
        inside = labels[window] == number
        if inside.sum() * cell_ml >= SPECK_ML:
            found.append(_measured(scores, inside, window, cell, volume, slices))
    found.sort(key=lambda pair: (-round(pair[1].region.peak_score, 2), -pair[0]))
    return [_numbered(part, number) for number, (_, part) in enumerate(found[:MOST_REGIONS], start=1)]


def _measured(
    scores: np.ndarray, inside: np.ndarray, window: tuple[slice, ...], cell: np.ndarray, volume: Volume, slices: Slices
) -> tuple[float, Part]:
    start = np.array([one.start for one in window])
    values = scores[window] * inside
    low = np.floor(start * cell).astype(int)
    high = np.minimum(np.ceil(np.array([one.stop for one in window]) * cell).astype(int), volume.shape)
    at = np.argwhere(inside) + start
    weights = values[inside]
    centre = ((at + 0.5) * weights[:, None]).sum(0) / weights.sum() * cell - 0.5
    peak = np.unravel_index(int(values.argmax()), values.shape)
    axis = slices.axis
    worst_cell = int(peak[axis] + start[axis])
    worst = min(len(slices) - 1, int((worst_cell + 0.5) * cell[axis]))
    plane = np.zeros(scores.shape, bool)
    plane[window] = inside
    flat = upright(plane, axis, worst_cell)
    millimetres = (volume.affine @ np.append(centre, 1.0))[:3]
    extent = np.array([one.stop - one.start for one in window]) * cell * volume.spacing_mm
    region = VolumeRegion(
        id=0,
        box=source_box(volume, low, high),
        slices=(int(low[axis]), int(high[axis]) - 1),
        volume_ml=float(inside.sum() * np.prod(cell * volume.spacing_mm) / 1000),
        extent_mm=(float(extent[0]), float(extent[1]), float(extent[2])),
        centroid_mm=(float(millimetres[0]), float(millimetres[1]), float(millimetres[2])),
        peak_score=float(values.max()),
        mean_score=float(weights.mean()),
        worst_slice=worst,
        worst_source=slices.source(worst),
    )
    return float(weights.sum()), Part(region, np.ascontiguousarray(flat), window, inside)


def _numbered(part: Part, number: int) -> Part:
    return replace(part, region=replace(part.region, id=number))


def numbered(parts: Sequence[Part], shape: tuple[int, ...]) -> UInt8[np.ndarray, "x y z"]:
    """The region's number at each cell of the logit volume, 0 in none."""
    found = np.zeros(shape, np.uint8)
    for part in parts:
        found[part.window][part.inside] = part.region.id
    return found


def source_box(volume: Volume, low: np.ndarray, high: np.ndarray) -> VoxelBox:
    """A box of canonical voxels in the source's own array."""
    least, most = [0, 0, 0], [0, 0, 0]
    for axis, (stored, way) in enumerate(volume.stored):
        ends = (int(low[axis]), int(high[axis]))
        side = volume.shape[axis]
        least[stored], most[stored] = ends if way > 0 else (side - ends[1], side - ends[0])
    return least[0], least[1], least[2], most[0], most[1], most[2]


def canonical_box(volume: Volume, box: VoxelBox) -> VoxelBox:
    """A box of the source's own array in canonical voxels; what :func:`source_box` was given."""
    least, most = [0, 0, 0], [0, 0, 0]
    for axis, (stored, way) in enumerate(volume.stored):
        ends = (box[stored], box[stored + 3])
        side = volume.shape[axis]
        least[axis], most[axis] = ends if way > 0 else (side - ends[1], side - ends[0])
    return least[0], least[1], least[2], most[0], most[1], most[2]


def above(logit: float) -> bool:
    """Whether a logit is at or above the threshold."""
    return 1 / (1 + math.exp(-max(-60.0, min(60.0, logit)))) >= THRESHOLD
