"""How much each pixel looks like part of a dark or bright line, and the paths along which such pixels lie.

Works on lightness (CIELAB, 0..100), in pixels of the picture it is given; knows neither regions nor millimetres.
Lines are found as in Steger, "An unbiased detector of curvilinear structures" (PAMI 1998): by the second derivative across
them; deviating from it, the response is averaged along the line and divided by its spread away from the region, direction by
direction, so that the grain of a brushed or woven surface does not pass for lines.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float, Float32
from scipy import ndimage
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

DIRECTIONS = 12
REACH = 10
"""Length over which a response is averaged, in widths of the derivative."""
LEAST_RESPONSE = 3.0
"""In spreads of the surroundings: what is below is no part of a line."""
OF_TOP = 0.4
"""Share of the strongest response from which a pixel is part of the line."""
FAR_PIXELS = 20_000
"""Pixels of the surroundings that the spread is taken from, at most."""
NEIGHBOURS = ((0, 1), (1, 0), (1, 1), (1, -1))


@dataclass(frozen=True, eq=False)
class Ridges:
    """Line responses around a region.

    Args:
        response: in spreads of the surroundings; high on a line.
        bright: whether the line is brighter than what is beside it.
    """

    response: Float32[np.ndarray, "height width"]
    bright: bool


def find_ridges(
    lightness: Float32[np.ndarray, "height width"], inside: Bool[np.ndarray, "height width"], patch: float
) -> Ridges:
    """Responses of the scale and sign that stand out most inside a region.

    Args:
        lightness: of the region and its surroundings.
        inside: the region; never empty.
        patch: side of a patch of the encoder, pixels; lines are sought that are thinner than that.
    """
    outside = np.flatnonzero(~inside)
    if outside.size < inside.size // 20:
        outside = np.arange(inside.size)
    outside = outside[:: 1 + outside.size // FAR_PIXELS]
    best, found = -math.inf, None
    for sigma in (0.05 * patch, 0.1 * patch, 0.2 * patch):
        responses = _directed(lightness, max(0.7, sigma))
        spreads = np.array([spread_of(one.ravel()[outside]) for one in responses], np.float32)
        spreads = np.maximum(spreads, 0.5 * np.median(spreads) + 1e-6)
        scaled = responses / spreads[:, None, None]
        for bright in (True, False):
            response = scaled.max(0) if bright else -scaled.min(0)
            strength = _mean_of_highest(response[inside])
            if strength > best:
                best, found = strength, Ridges(response, bright)
    assert found is not None  # one of six is the strongest
    return found


def ridge_path(
    ridges: Ridges, near: Bool[np.ndarray, "height width"], inside: Bool[np.ndarray, "height width"], gap: int
) -> Float[np.ndarray, "points 2"] | None:
    """The longest path (x, y) along the ridge that a region lies on; None where there is no ridge.

    Args:
        ridges: of the region.
        near: where the path may run.
        inside: the region.
        gap: pieces that are at most this far apart are one ridge, pixels.
    """
    top = float(np.quantile(ridges.response[near], 0.99))
    ridge = (ridges.response > max(LEAST_RESPONSE, OF_TOP * top)) & near
    if not (ridge & inside).any():
        return None
    joined = cv2.dilate(ridge.astype(np.uint8), np.ones((gap + 1, gap + 1), np.uint8))
    labels, count = ndimage.label(joined, np.ones((3, 3)))
    weights = ndimage.sum(np.where(ridge & inside, ridges.response, 0), labels, np.arange(1, count + 1))
    open_ = labels == 1 + int(np.argmax(weights))
    cost = 1 / (0.03 + np.clip(ridges.response / top, 0, 1)) ** 2
    return _longest_path(open_, ridge & open_, cost)


def best_chord(ridges: Ridges, inside: Bool[np.ndarray, "height width"], breadth: float) -> Float[np.ndarray, "2 2"]:
    """The straight line through a region with the highest mean response, as its two ends (x, y).

    Lines run lengthwise; each end is tried at places across the region, at least ``breadth`` pixels to either side.
    """
    rows, columns = np.nonzero(inside)
    points = np.stack([columns, rows], 1).astype(np.float64)
    middle = points.mean(0)
    _, axes = np.linalg.eigh(np.cov((points - middle).T) if len(points) > 1 else np.eye(2))
    across, along = axes[:, 0], axes[:, 1]
    low, high = np.quantile((points - middle) @ along, [0.02, 0.98])
    half = max(breadth, float(np.abs(np.quantile((points - middle) @ across, [0.02, 0.98])).max()))
    offsets = np.linspace(-half, half, 41)[:, None]
    starts, ends = middle + along * low + offsets * across, middle + along * high + offsets * across
    share = np.linspace(0, 1, max(8, int(high - low) // 2))[None, None, :, None]
    places = (starts[:, None, None] * (1 - share) + ends[None, :, None] * share).astype(np.float32)
    capped = np.minimum(ridges.response, np.quantile(ridges.response, 0.999)).astype(np.float32)
    flat = places.reshape(-1, share.size, 2)
    values = cv2.remap(capped, np.ascontiguousarray(flat[..., 0]), np.ascontiguousarray(flat[..., 1]), cv2.INTER_LINEAR)
    first, last = divmod(int(np.argmax(values.mean(1))), len(offsets))
    return np.stack([starts[first], ends[last]])


def spread_of(values: np.ndarray) -> float:
    """Standard deviation that a few odd values do not change: from the median of absolute deviations."""
    return 1.4826 * float(np.median(np.abs(values - np.median(values))))


def _mean_of_highest(values: np.ndarray) -> float:
    count = min(values.size, max(20, values.size // 50))
    return float(np.partition(values, values.size - count)[-count:].mean())


def _directed(
    lightness: Float32[np.ndarray, "height width"], sigma: float
) -> Float32[np.ndarray, "directions height width"]:
    """Minus the second derivative across each of 12 directions, averaged along it."""
    smooth = cv2.GaussianBlur(lightness, (0, 0), sigma)
    scale = sigma**2 / 4
    xx, yy, xy = (cv2.Sobel(smooth, cv2.CV_32F, *order, ksize=3) * scale for order in ((2, 0), (0, 2), (1, 1)))
    reach = max(2, round(REACH * sigma / 2))
    steps = np.linspace(-reach, reach, 4 * reach + 1)
    found = []
    for number in range(DIRECTIONS):
        angle = math.pi * number / DIRECTIONS
        nx, ny = -math.sin(angle), math.cos(angle)
        kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
        rows = np.rint(reach + steps * math.sin(angle)).astype(int)
        columns = np.rint(reach + steps * math.cos(angle)).astype(int)
        np.add.at(kernel, (rows, columns), 1.0)
        across = -(nx * nx * xx + 2 * nx * ny * xy + ny * ny * yy)
        found.append(cv2.filter2D(across, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REFLECT_101))
    return np.stack(found)


def _longest_path(
    open_: Bool[np.ndarray, "height width"],
    ends: Bool[np.ndarray, "height width"],
    cost: Float[np.ndarray, "height width"],
) -> Float[np.ndarray, "points 2"] | None:
    """The cheapest path between the two pixels of ``ends`` that are dearest to join, over pixels of ``open_``."""
    rows, columns = np.nonzero(open_)
    number = np.full(open_.shape, -1)
    number[rows, columns] = np.arange(rows.size)
    graph = _pixel_graph(number, cost, rows.size)
    on = np.flatnonzero(ends[rows, columns])

    def farthest(distances: np.ndarray) -> int:
        return int(on[np.argmax(np.where(np.isfinite(distances[on]), distances[on], -1))])

    first = farthest(dijkstra(graph, directed=False, indices=on[0]))
    distances, before = dijkstra(graph, directed=False, indices=first, return_predecessors=True)
    path = [farthest(distances)]
    while path[-1] != first and before[path[-1]] >= 0:
        path.append(int(before[path[-1]]))
    return np.stack([columns[path], rows[path]], 1).astype(np.float64) if len(path) >= 4 else None


def _pixel_graph(number: np.ndarray, cost: Float[np.ndarray, "height width"], count: int) -> csr_matrix:
    """Pixels with numbers joined to their 8 neighbours, at the mean of their costs times the distance."""
    height, width = number.shape
    weights, firsts, seconds = [], [], []
    for down, right in NEIGHBOURS:
        one = (slice(0, height - down), slice(max(0, -right), width - max(0, right)))
        other = (slice(down, height), slice(max(0, right), width - max(0, -right)))
        both = (number[one] >= 0) & (number[other] >= 0)
        weights.append(math.hypot(down, right) * (cost[one][both] + cost[other][both]) / 2)
        firsts.append(number[one][both])
        seconds.append(number[other][both])
    joined = (np.concatenate(firsts), np.concatenate(seconds))
    return csr_matrix((np.concatenate(weights), joined), shape=(count, count))
