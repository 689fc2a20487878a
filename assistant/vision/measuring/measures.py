"""How large regions are: length, width, Feret diameters, area, distances, in source pixels and, with a scale, in millimetres.

A region that lies on a line of the picture (a scratch, a crack) is measured along that line; any other by its outline on the
map, which is as coarse as the encoder's patches: its ``margin`` says so. What is rough or a bound is told in ``caveats``.
Millimetres are measured on scaled coordinates, so that pixels need not be square.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from jaxtyping import Bool, Float, Float32
from scipy.spatial import KDTree

from assistant.errors import ConfigError
from assistant.types import AnomalyMap, Box, Extents, MeasuredBy, Measures, QueryImage, Region
from assistant.vision.measuring.lines import Line, evenly, trace_line
from assistant.vision.regions import RegionMask, source_pixels

LEAST_CONTRAST = 4.0
"""Standard deviations by which a line stands out along itself before its length is believed."""
LEAST_ELONGATION = 5.0
"""Length over width from which something is a line."""
MOST_PATCHY = 0.5
"""Share of a line's contrast by which its sides may differ from the surroundings."""
LINE_MARGIN = 0.1
"""By how much of itself the length of a line may be off."""
PART_OF = 0.65
"""Share of the outline's extent, less a patch, below which a line may be a part of what is marked."""
OUTLINE_MARGIN = 2.0
"""By how many patches the outline of the map may be off."""
AROUND = 2.5
"""Patches around a region that are looked at with it."""
LARGEST_SIDE = 2000
"""Longest side of what is looked at of a region, pixels: larger ones are reduced."""
AT_EDGE = 2
"""Pixels from the edge of the picture at which a region touches it."""
EDGE = "touches the edge of the picture and may go on outside it"
FAINT = "too faint to be followed in the picture; measured by the outline of the map"
BLOB = "no line; measured by the outline of the map, which is wider than what it shows"
PART = "much shorter than what the map marks; the line may go on where it could not be followed"
NARROW = "thinner than two pixels; its width is rough"


@dataclass(frozen=True, eq=False)
class Shape:
    """What a region is measured on, source pixels.

    Args:
        by: line or outline.
        points: (x, y) along the line a pixel apart, or the corners of the outline's hull.
        width: of the line; 0 for an outline.
        area: pixels.
        margin: by how much extents may be off, pixels.
        centroid: (x, y).
        border: (x, y) of its border, for distances.
        caveats: what speaks against the numbers.
    """

    by: MeasuredBy
    points: Float[np.ndarray, "points 2"]
    width: float
    area: float
    margin: float
    centroid: tuple[float, float]
    border: Float[np.ndarray, "others 2"]
    caveats: tuple[str, ...]


def measure_regions(
    image: QueryImage, anomaly_map: AnomalyMap, regions: Sequence[RegionMask], patch: float
) -> tuple[Measures, ...]:
    """Measures of regions, in their order.

    Args:
        image: the picture; with its spacing there are millimetres.
        anomaly_map: that the regions were found on, at the threshold of 0.5.
        regions: numbered from 1 in this order.
        patch: side of a patch of the encoder, source pixels.
    """
    shapes = [_shape(image, anomaly_map, region, patch) for region in regions]
    size = (image.height, image.width)
    measures = []
    for shape in shapes:
        others = [other for other in shapes if other is not shape]
        px = _extents(shape, size, others, (1.0, 1.0))
        mm = None if image.spacing_mm is None else _extents(shape, size, others, image.spacing_mm)
        nearest = None
        if others:
            nearest = 1 + shapes.index(min(others, key=lambda other: gap(shape, other, (1.0, 1.0))))
        goes_on = bool({EDGE, PART} & set(shape.caveats))
        measures.append(Measures(shape.by, shape.centroid, px, mm, shape.caveats, nearest, goes_on))
    return tuple(measures)


def measured(
    named: Sequence[Region],
    image: QueryImage,
    anomaly_map: AnomalyMap,
    regions: Sequence[RegionMask],
    grid: tuple[int, int],
) -> tuple[Region, ...]:
    """Regions with their measures; ``grid`` is the encoder's (rows, columns) of patches, the rest as above."""
    patch = math.sqrt(image.height * image.width / (grid[0] * grid[1]))
    found = measure_regions(image, anomaly_map, regions, patch)
    return tuple(replace(region, measures=one) for region, one in zip(named, found, strict=True))


def gap(one: Shape, other: Shape, spacing: tuple[float, float]) -> float:
    """Shortest distance between two regions, in the unit of the spacing (of rows, of columns)."""
    scale = np.array([spacing[1], spacing[0]])
    return float(KDTree(one.border * scale).query(other.border * scale)[0].min())


def scale_from_known_extent(extent_px: float, extent_mm: float) -> tuple[float, float]:
    """Spacing of square pixels of which ``extent_px`` make ``extent_mm`` millimetres.

    >>> scale_from_known_extent(600, 60)
    (0.1, 0.1)

    Raises:
        ConfigError: an extent that is not positive.
    """
    if not (math.isfinite(extent_px) and math.isfinite(extent_mm) and extent_px > 0 and extent_mm > 0):
        got = f"{extent_mm:g} mm over {extent_px:g} pixels"
        raise ConfigError("a positive extent in pixels and in millimetres", got, "measure something in the picture")
    return extent_mm / extent_px, extent_mm / extent_px


def _shape(image: QueryImage, anomaly_map: AnomalyMap, region: RegionMask, patch: float) -> Shape:
    """The line of a region, or its outline where there is none to be believed."""
    inside = source_pixels(region, anomaly_map)
    line = _line(image, anomaly_map, region, inside, patch)
    if line is None or len(line.points) < LEAST_ELONGATION * line.width or line.patchiness > MOST_PATCHY:
        return _outline(image, region, inside, patch, BLOB)
    if line.contrast < LEAST_CONTRAST:
        return _outline(image, region, inside, patch, FAINT)
    points = line.points
    low, high = points.min(0), points.max(0)
    outermost = min(*low, image.width - 1 - high[0], image.height - 1 - high[1])
    marked = feret_diameters(_outline(image, region, inside, patch, BLOB).points)[0] - patch
    part = len(points) < PART_OF * marked
    told = {EDGE: outermost < AT_EDGE, PART: part, NARROW: line.width < 2}
    return Shape(
        by=MeasuredBy.LINE,
        points=points,
        width=line.width,
        area=len(points) * line.width,
        margin=max(2.0, LINE_MARGIN * len(points), marked - len(points) if part else 0.0),
        centroid=(float(points[:, 0].mean()), float(points[:, 1].mean())),
        border=points,
        caveats=tuple(caveat for caveat, holds in told.items() if holds),
    )


def _line(
    image: QueryImage,
    anomaly_map: AnomalyMap,
    region: RegionMask,
    inside: Bool[np.ndarray, "height width"],
    patch: float,
) -> Line | None:
    """The line of a region in source pixels; large regions are looked at reduced."""
    box, pad = region.box, math.ceil(AROUND * patch)
    top, left = max(0, box.y_min - pad), max(0, box.x_min - pad)
    rows, columns = slice(top, min(image.height, box.y_max + pad)), slice(left, min(image.width, box.x_max + pad))
    height, width = rows.stop - top, columns.stop - left
    scale = min(1.0, LARGEST_SIDE / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    member = np.zeros((height, width), np.uint8)
    member[box.y_min - top : box.y_max - top, box.x_min - left : box.x_max - left] = inside
    small = cv2.resize(member, size, interpolation=cv2.INTER_NEAREST).astype(bool)
    pixels = cv2.resize(image.pixels[rows, columns], size, interpolation=cv2.INTER_AREA)
    lightness = cv2.cvtColor(pixels.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[..., 0]
    scores = _reduced(anomaly_map, Box(left, top, columns.stop, rows.stop), size)
    if not small.any():
        return None
    found = trace_line(np.ascontiguousarray(lightness), scores, small, patch * scale)
    if found is None:
        return None
    points = (found.points + 0.5) / scale - 0.5 + (left, top)
    return Line(points if scale == 1 else evenly(points), found.width / scale, found.contrast, found.patchiness)


def _reduced(anomaly_map: AnomalyMap, box: Box, size: tuple[int, int]) -> Float32[np.ndarray, "rows columns"]:
    """Scores of a part of the picture at another (width, height), linear; first across, strip by strip, then down."""
    strips = [
        cv2.resize(np.ascontiguousarray(scores), (size[0], len(scores)), interpolation=cv2.INTER_LINEAR)
        for _, scores in anomaly_map.strips(box)
    ]
    return np.asarray(cv2.resize(np.concatenate(strips), size, interpolation=cv2.INTER_LINEAR), np.float32)


def _outline(
    image: QueryImage, region: RegionMask, inside: Bool[np.ndarray, "height width"], patch: float, caveat: str
) -> Shape:
    """A region by its pixels on the map."""
    box = region.box
    corner = np.array([box.x_min, box.y_min], np.float64)
    contours, _ = cv2.findContours(inside.view(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    border = np.concatenate([contour[:, 0] for contour in contours]).astype(np.float64) + corner
    across, down = inside.sum(0), inside.sum(1)
    area = int(down.sum())
    middle = across @ np.arange(len(across)) / area, down @ np.arange(len(down)) / area
    corners = np.concatenate([border + shift for shift in ((-0.5, -0.5), (-0.5, 0.5), (0.5, -0.5), (0.5, 0.5))])
    cut = min(box.x_min, box.y_min, image.width - box.x_max, image.height - box.y_max) < AT_EDGE
    return Shape(
        by=MeasuredBy.OUTLINE,
        points=cv2.convexHull(corners.astype(np.float32))[:, 0].astype(np.float64),
        width=0.0,
        area=float(area),
        margin=OUTLINE_MARGIN * patch,
        centroid=(float(corner[0] + middle[0]), float(corner[1] + middle[1])),
        border=border,
        caveats=(EDGE, caveat) if cut else (caveat,),
    )


def _extents(shape: Shape, size: tuple[int, int], others: Sequence[Shape], spacing: tuple[float, float]) -> Extents:
    """Extents in the unit of the spacing (of rows, of columns); 1, 1 is pixels."""
    scale = np.array([spacing[1], spacing[0]])
    mean, points = math.sqrt(spacing[0] * spacing[1]), shape.points * scale
    largest, smallest = feret_diameters(points)
    area = shape.area * spacing[0] * spacing[1]
    if shape.by is MeasuredBy.LINE:
        ends = mean * (len(points) > 1)  # half a pixel at each end
        length = float(np.hypot(*np.diff(points, axis=0).T).sum()) + ends
        width = area / length
        largest, smallest = largest + ends, smallest + width
    else:
        length, width = largest, area / largest
    return Extents(
        length=length,
        width=width,
        feret=(largest, smallest),
        area=area,
        edge_distance=_edge_distance(shape, size, spacing),
        margin=shape.margin * mean,
        nearest=min((gap(shape, other, spacing) for other in others), default=None),
    )


def _edge_distance(shape: Shape, size: tuple[int, int], spacing: tuple[float, float]) -> float:
    """From the border of a region to the nearest edge of a picture of a (height, width)."""
    half = shape.width / 2 if shape.by is MeasuredBy.LINE else 0.5
    x, y = shape.border[:, 0] + 0.5, shape.border[:, 1] + 0.5
    across = min(float(x.min()), size[1] - float(x.max())) - half
    down = min(float(y.min()), size[0] - float(y.max())) - half
    return max(0.0, min(across * spacing[1], down * spacing[0]))


def feret_diameters(points: Float[np.ndarray, "points 2"]) -> tuple[float, float]:
    """Largest and smallest distance of two parallel lines that hold points between them.

    >>> feret_diameters(np.array([[0.0, 0.0], [30.0, 0.0], [30.0, 4.0], [0.0, 4.0]]))[1]
    4.0
    """
    hull = cv2.convexHull(points.astype(np.float32))[:, 0].astype(np.float64)
    if len(hull) < 3:
        return float(np.hypot(*(hull[0] - hull[-1]))), 0.0
    largest = float(np.hypot(*(hull[:, None] - hull[None]).transpose(2, 0, 1)).max())
    sides = np.roll(hull, -1, axis=0) - hull
    lengths = np.hypot(sides[:, 0], sides[:, 1])
    sides, starts = sides[lengths > 0] / lengths[lengths > 0][:, None], hull[lengths > 0]
    normals = np.stack([-sides[:, 1], sides[:, 0]], 1)
    heights = np.abs(np.einsum("spk,sk->sp", hull[None] - starts[:, None], normals)).max(1)
    return largest, float(heights.min())
