"""Regions of a map that was joined of an overview and tiles, under any threshold; nothing is encoded for it."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from assistant.types import AnomalyMap
from assistant.vision.detail.cell_regions import joined, regions_of_scales
from assistant.vision.detail.painted import Layer, LayeredMap, PaintedMap
from assistant.vision.detail.tiles import Lattice
from assistant.vision.regions import RegionMask, find_regions


def layered_regions(anomaly_map: LayeredMap, threshold: float, grid: tuple[int, int]) -> list[RegionMask]:
    """Regions at or above a threshold, strongest first; scores as they are in the map.

    Those of tiles are found on their own cells: on the picture as a whole they would be specks.

    Args:
        anomaly_map: calibrated.
        threshold: in (0, 1).
        grid: (rows, columns) of the overview's patches.
    """
    (height, width), moved = anomaly_map.size, math.log(threshold / (1 - threshold))
    fine = regions_of_scales(
        (
            (layer.log_odds - moved).astype(np.float32),
            Lattice(anomaly_map.size, int(layer.cell[0]), 1),
            layer.usual - moved,
        )
        for layer in anomaly_map.layers
        if layer.log_odds is not None
    )
    wide = [
        region
        for layer in anomaly_map.layers
        if layer.log_odds is None and float(layer.scores.max()) >= threshold
        for region in find_regions(_alone(layer, anomaly_map.size), threshold=threshold)
    ]
    return joined([_back(one, threshold) for one in fine], wide, height * width / (grid[0] * grid[1]))


def _alone(layer: Layer, size: tuple[int, int]) -> AnomalyMap:
    return PaintedMap(size, [layer])


def _back(region: RegionMask, threshold: float) -> RegionMask:
    """A region found on moved log-odds, with its scores as they were."""

    def unmoved(score: float) -> float:
        up, down = score * threshold, (1 - score) * (1 - threshold)
        return up / (up + down)

    return replace(region, peak_score=unmoved(region.peak_score), mean_score=unmoved(region.mean_score))
