"""A slice as it is shown, without a look by the encoder: grey values, scores, regions, the letters of its edges.

Slices are seen as radiologists see them (:class:`assistant.volumes.volume.Slices`); letters follow from the affine of the file
and are left out where it does not say how it lies.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from jaxtyping import Float32, UInt8

from assistant.errors import ConfigError
from assistant.pictures.levels import robust_range
from assistant.pictures.medical import WINDOWS, bounds
from assistant.types import THRESHOLD, Box, Levels
from assistant.volumes.finding import VolumeInspection, VolumeRegion
from assistant.volumes.joining import canonical_box
from assistant.volumes.volume import Volume, upright
from demo.scans.look import Scan

LETTERS = ("RL", "AP", "SI")
"""What a canonical axis points to, and away from."""
LEANING = 0.35
"""Share of an edge's direction along a second axis from which that is named too: about 20 degrees."""
_SAMPLED = 1_000_000


def letters(volume: Volume, axis: int) -> dict[str, str]:
    """What the left, right, top and bottom edge of slices across an axis are towards; empty where the file does not say.

    Args:
        volume: whose.
        axis: canonical.
    """
    if not volume.placed:
        return {}
    columns, rows = (other for other in range(3) if other != axis)
    across, up = (_towards(volume.affine[:3, one]) for one in (columns, rows))
    return {"left": across[0], "right": across[1], "top": up[0], "bottom": up[1]}


def _towards(direction: np.ndarray) -> tuple[str, str]:
    """Letters of a direction, and of the opposite one, the strongest first."""
    unit = direction / np.linalg.norm(direction)
    order = sorted(range(3), key=lambda one: -abs(unit[one]))
    named = [one for one in order if abs(unit[one]) >= LEANING]
    ways = [LETTERS[one] if unit[one] > 0 else LETTERS[one][::-1] for one in named]
    return "".join(way[0] for way in ways), "".join(way[1] for way in ways)


def pixels(scan: Scan) -> UInt8[np.ndarray, "height width 3"]:
    """The slice in view under the window chosen."""
    return scan.kept.volume.slices(scan.axis, scan.levels)[scan.index].pixels


def cell_of(found: VolumeInspection, axis: int, index: int) -> int:
    """Where a slice lies in the score volume."""
    cells, count = int(found.scores.shape[axis]), found.volume.shape[axis]
    return min(cells - 1, int((index + 0.5) * cells / count))


def plane(found: VolumeInspection, axis: int, index: int) -> Float32[np.ndarray, "rows columns"]:
    """Scores of a slice, coarser than its pixels."""
    return np.ascontiguousarray(upright(found.scores, axis, cell_of(found, axis, index)))


def regions(found: VolumeInspection, axis: int, index: int) -> list[tuple[VolumeRegion, Box]]:
    """Regions that a slice cuts, with the box of what it shows of them, pixels of the slice."""
    volume = found.volume
    columns, rows = (other for other in range(3) if other != axis)
    height, width = volume.shape[rows], volume.shape[columns]
    above = plane(found, axis, index) >= THRESHOLD
    down, across = height / above.shape[0], width / above.shape[1]
    shown = []
    for region in found.regions:
        box = canonical_box(volume, region.box)
        if not box[axis] <= index < box[axis + 3]:
            continue
        left, right = (width - box[columns + 3]) / across, (width - box[columns]) / across
        top, bottom = (height - box[rows + 3]) / down, (height - box[rows]) / down
        window = np.zeros_like(above)
        window[_whole(top) : _whole(bottom), _whole(left) : _whole(right)] = True
        at = np.argwhere(above & window)
        if len(at):
            (first_row, first), (last_row, last) = at.min(0), at.max(0) + 1
            shown.append((region, Box(
                int(first * across), int(first_row * down),
                min(width, math.ceil(last * across)), min(height, math.ceil(last_row * down)),
            )))  # fmt: skip
    return shown


def _whole(cell: float) -> int:
    return max(0, round(cell))


def along(found: VolumeInspection, axis: int) -> list[float | None]:
    """A score a slice: along the axis looked along the slices' own, along another the highest of each plane."""
    if axis == found.axes[0]:
        return [None if one is None else round(one, 3) for one in found.slice_scores]
    highest = found.scores.max(axis=tuple(other for other in range(3) if other != axis))
    cells, count = len(highest), found.volume.shape[axis]
    at = np.minimum(cells - 1, (np.arange(count) + 0.5) * cells / count).astype(int)
    return [round(one, 3) for one in highest[at].tolist()]


def worst(found: VolumeInspection, axis: int) -> int:
    """The slice with the highest score along an axis."""
    if axis == found.axes[0]:
        return found.worst_slice
    scores = along(found, axis)
    return int(np.argmax([-1.0 if one is None else one for one in scores]))


def window_names(volume: Volume) -> list[tuple[str, str]]:
    """(words, value) of the windows that fit a scan; those of CT where values may be Hounsfield's."""
    named = [(name, name) for name in WINDOWS] if volume.units or volume.kind == "NIfTI" else []
    return [("of the file", ""), ("whole range", "full"), *named]


def window_levels(volume: Volume, name: str) -> Levels | None:
    """Levels of a window; None for the scan's own.

    Raises:
        ConfigError: no window of this scan.
    """
    known = [value for _, value in window_names(volume)]
    if name not in known:
        raise ConfigError(f"one of {', '.join(filter(None, known))}", "another window", "choose one")
    if not name:
        return None
    return Levels(*(value_range(volume) if name == "full" else bounds(*WINDOWS[name])))


@lru_cache(maxsize=32)
def value_range(volume: Volume) -> tuple[float, float]:
    """Between which values windows are moved: nearly all that a scan holds."""
    step = max(1, round((volume.values.size / _SAMPLED) ** (1 / 3)))
    sample = np.asarray(volume.values[::step, ::step, ::step])
    low, high = robust_range(sample[np.isfinite(sample)])
    return float(low), float(max(high, low + 1e-6))


def dragged_levels(volume: Volume, black: object, white: object) -> Levels:
    """Levels that a person dragged to, within reach of what the scan holds.

    Raises:
        ConfigError: no two numbers.
    """
    low, high = value_range(volume)
    span = high - low
    try:
        ends = [float(str(one)) for one in (black, white)]
        if not all(math.isfinite(one) for one in ends):
            raise ValueError
    except ValueError:
        raise ConfigError("a window of two numbers", "something else", "drag again") from None
    start = min(max(ends[0], low - span), high + span)
    return Levels(start, min(max(ends[1], start + span / 1000), high + 2 * span))
