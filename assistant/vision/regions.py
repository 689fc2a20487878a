"""Calibrated anomaly map -> regions: connected components with box, area, place and strength. No model, no text.

Components are found on a copy of the map reduced by a whole number (block maximum, so that no peak is lost), and
measured on the source pixels that reach the threshold: labelling is cheap, the numbers are those of the source.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float32
from scipy import ndimage

from assistant.errors import AssistantError
from assistant.geometry import mask_box, mask_cells
from assistant.types import THRESHOLD, AnomalyMap, Box, Inspection, Region
from assistant.vision.collinear import join_collinear
from assistant.vocabulary.severity import severity_of

LABEL_SIDE = 512
"""Longest side of the reduced map, pixels."""
JOIN_FRACTION = 0.01
"""Components whose gap is at most this share of the reduced map's long side are one region."""
MIN_AREA_FRACTION = 0.0002
"""Regions below this share of the picture are specks: about a fifth of one patch of a 32 x 32 grid."""
MAX_REGIONS = 12
NEAR_PEAK = 0.2
"""Share of its peak within which scores belong to a map's highest place."""
_NEIGHBOURS = np.ones((3, 3), dtype=bool)


@dataclass(frozen=True, eq=False)
class RegionMask:
    """One region before it has a type.

    Args:
        mask: the region on the reduced map (the whole picture, long side at most 512); resize it to any grid.
        box: tight around the source pixels at or above the threshold, half-open.
        area_fraction: share of the picture's pixels, in (0, 1].
        cells: places of the 3x3 grid, largest share first.
        peak_score: highest calibrated score inside.
        mean_score: mean calibrated score inside.
    """

    mask: Bool[np.ndarray, "rows columns"]
    box: Box
    area_fraction: float
    cells: tuple[str, ...]
    peak_score: float
    mean_score: float


def find_regions(
    anomaly_map: AnomalyMap,
    *,
    threshold: float = THRESHOLD,
    min_area_fraction: float = MIN_AREA_FRACTION,
    max_regions: int = MAX_REGIONS,
) -> list[RegionMask]:
    """Regions of a calibrated map, strongest first.

    A region is a set of source pixels with scores at or above ``threshold`` that touch (8 neighbours) or whose gap is
    at most ``JOIN_FRACTION`` of the long side: a thin defect that the map breaks into beads is one region, and so are
    long pieces that continue each other (:mod:`assistant.vision.collinear`); the pixels of gaps are not counted.
    Strength is the peak to two decimals, then the sum of the scores.

    Args:
        anomaly_map: calibrated scores, source pixels, at least 1 x 1.
        threshold: scores at or above it belong to a region.
        min_area_fraction: regions smaller than this share of the picture are dropped.
        max_regions: at most this many are kept.

    Raises:
        AssistantError: the map is empty or holds NaN.
    """
    size = anomaly_map.size
    pixels, factor = math.prod(size), math.ceil(max(size) / LABEL_SIDE)
    reduced = _block_maximum(anomaly_map, factor) if pixels else np.zeros(size, np.float32)
    if not pixels or np.isnan(reduced).any():
        raise AssistantError("an anomaly map of numbers", f"NaN or no pixels in shape {size}", "check the scores")
    labels, count = _joined_components(reduced >= threshold)
    labels = join_collinear(labels, min_area_fraction * pixels / factor**2)
    most_pixels = np.bincount(labels.ravel(), minlength=count + 1) * factor**2
    found = [
        _measure(anomaly_map, labels, number, (window[0], window[1]), factor, threshold)
        for number, window in enumerate(ndimage.find_objects(labels), start=1)
        if window is not None and most_pixels[number] >= min_area_fraction * pixels
    ]
    kept = [pair for pair in found if pair[1].area_fraction >= min_area_fraction]
    kept.sort(key=lambda pair: (-round(pair[1].peak_score, 2), -pair[0]))
    return [region for _, region in kept[:max_regions]]


def highest_place(anomaly_map: AnomalyMap) -> RegionMask | None:
    """Where a map is highest, whatever its scores: the pixels within a fifth of its peak; None of a map of zeros."""
    peak = anomaly_map.highest[2]
    if peak <= 0:
        return None
    found = find_regions(anomaly_map, threshold=(1 - NEAR_PEAK) * peak, min_area_fraction=0.0, max_regions=1)
    return found[0] if found else None


def highest_region(inspection: Inspection) -> Region | None:
    """Where the map of a picture without regions is highest; None where there are regions, or of a map of zeros."""
    if inspection.regions or inspection.highest is not None:
        return inspection.highest
    place = highest_place(inspection.anomaly_map)
    return None if place is None else describe_regions([place])[0]


def source_pixels(
    region: RegionMask, anomaly_map: AnomalyMap, threshold: float = THRESHOLD
) -> Bool[np.ndarray, "height width"]:
    """A region's pixels inside its box: those of its component that reach the threshold it was found with."""
    box, factor = region.box, math.ceil(max(anomaly_map.size) / LABEL_SIDE)
    rows, columns = np.arange(box.y_min, box.y_max) // factor, np.arange(box.x_min, box.x_max) // factor
    member = region.mask[np.ix_(rows, columns)]
    found = member.copy()
    for top, scores in anomaly_map.strips(box):
        found[top - box.y_min : top - box.y_min + len(scores)] &= scores >= threshold
    return found if found.any() else member  # a peak that rounding has moved below the threshold


def describe_regions(
    region_masks: Sequence[RegionMask], types: Sequence[tuple[str, float] | None] | None = None
) -> tuple[Region, ...]:
    """Number the regions from 1 and join each with its type and severity.

    Args:
        region_masks: from :func:`find_regions`, strongest first.
        types: (name, probability) a region, or None for a region without one; None when no vocabulary was asked.

    Raises:
        AssistantError: as many types as regions were expected.
    """
    named = [None] * len(region_masks) if types is None else list(types)
    if len(named) != len(region_masks):
        raise AssistantError(
            f"{len(region_masks)} types, one a region", str(len(named)), "give None where there is no type"
        )
    regions = []
    for number, (region, named_type) in enumerate(zip(region_masks, named, strict=True), start=1):
        name, probability = named_type if named_type is not None else (None, None)
        regions.append(
            Region(
                id=number,
                box=region.box,
                area_fraction=region.area_fraction,
                cells=region.cells,
                peak_score=region.peak_score,
                mean_score=region.mean_score,
                type=name,
                type_probability=probability,
                severity=severity_of(region.area_fraction, region.peak_score, name),
            )
        )
    return tuple(regions)


def _block_maximum(anomaly_map: AnomalyMap, factor: int) -> Float32[np.ndarray, "rows columns"]:
    """Highest score of each ``factor`` x ``factor`` block; blocks at the far borders may be smaller. NaN is the highest."""
    if factor == 1:
        return anomaly_map.scores
    strips = []
    for _, scores in anomaly_map.strips(rows=factor):
        padded = np.pad(scores, ((0, -scores.shape[0] % factor), (0, -scores.shape[1] % factor)), mode="edge")
        rows, columns = padded.shape[0] // factor, padded.shape[1] // factor
        strips.append(padded.reshape(rows, factor, columns, factor).max(axis=(1, 3)))
    blocks: Float32[np.ndarray, "rows columns"] = np.concatenate(strips)
    return blocks


def _joined_components(above: Bool[np.ndarray, "rows columns"]) -> tuple[np.ndarray, int]:
    """Label components, small gaps bridged by a dilation that is taken back after labelling."""
    reach = math.floor(max(above.shape) * JOIN_FRACTION / 2)
    bridged = above
    if reach:
        bridged = cv2.dilate(above.astype(np.uint8), np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)).astype(bool)
    labels, count = ndimage.label(bridged, structure=_NEIGHBOURS)
    return np.where(above, labels, 0), int(count)


def _measure(
    anomaly_map: AnomalyMap,
    labels: np.ndarray,
    label: int,
    window: tuple[slice, slice],
    factor: int,
    threshold: float,
) -> tuple[float, RegionMask]:
    """Sum of the scores of one component, and the component measured on source pixels."""
    member = labels[window] == label
    size, (down, across) = anomaly_map.size, window
    around = Box(
        across.start * factor, down.start * factor,
        min(size[1], across.stop * factor), min(size[0], down.stop * factor),
    )  # fmt: skip
    wide = member.repeat(factor, axis=1)[:, : around.x_max - around.x_min]
    total, count, peak, boxes = 0.0, 0, 0.0, []
    for top, scores in anomaly_map.strips(around, rows=factor):
        first = (top - around.y_min) // factor
        inside = wide[first : first - (-len(scores) // factor)].repeat(factor, axis=0)[: len(scores)]
        inside &= scores >= threshold
        if inside.any():
            values, box = scores[inside].astype(np.float64), mask_box(inside)
            total, count, peak = total + float(values.sum()), count + values.size, max(peak, float(values.max()))
            boxes.append((box.x_min + around.x_min, box.y_min + top, box.x_max + around.x_min, box.y_max + top))
    mask = np.zeros(labels.shape, dtype=bool)
    mask[window] = member
    edges = list(zip(*boxes, strict=True))
    return total, RegionMask(
        mask=mask,
        box=Box(min(edges[0]), min(edges[1]), max(edges[2]), max(edges[3])),
        area_fraction=count / math.prod(size),
        cells=mask_cells(mask),
        peak_score=peak,
        mean_score=total / count,
    )
