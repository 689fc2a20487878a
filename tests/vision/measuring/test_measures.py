"""Regions are measured: along lines of the picture where there are some, by their outline elsewhere, and never beyond doubt."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from assistant.errors import ConfigError
from assistant.types import AnomalyMap, MeasuredBy, Measures, QueryImage
from assistant.vision.measuring.measures import (
    BLOB,
    EDGE,
    FAINT,
    feret_diameters,
    measure_regions,
    scale_from_known_extent,
)
from assistant.vision.regions import find_regions

PATCH = 20.0
SIZE = (360, 480)


def line_picture(
    start: tuple[float, float], end: tuple[float, float], width: float, tone: float = 60, noise: float = 4.0
) -> np.ndarray:
    """A grey surface with a line whose ends are flat, anti-aliased."""
    scale, (height, columns) = 8, SIZE
    way = np.subtract(end, start) / math.hypot(*np.subtract(end, start))
    side = np.array([-way[1], way[0]]) * width / 2
    corners = np.array([start + side, end + side, end - side, start - side]) + 0.5
    canvas = np.zeros((height * scale, columns * scale), np.uint8)
    cv2.fillPoly(canvas, [np.rint(corners * scale).astype(np.int32)], 255)
    alpha = cv2.resize(canvas, (columns, height), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    grey = np.random.default_rng(0).normal(150, noise, SIZE) * (1 - alpha) + tone * alpha
    return np.clip(grey, 0, 255).astype(np.uint8)[..., None].repeat(3, 2)


def map_of(mask: np.ndarray) -> AnomalyMap:
    """What a coarse detector makes of a mask: a blob of patches, wider than the mask."""
    grid = (round(SIZE[0] / PATCH), round(SIZE[1] / PATCH))
    coarse = cv2.resize(mask.astype(np.float32), grid[::-1], interpolation=cv2.INTER_AREA)
    coarse = cv2.GaussianBlur(np.minimum(coarse * 20, 1), (0, 0), 0.5)
    return AnomalyMap(np.clip(1.4 * cv2.resize(coarse, SIZE[::-1]), 0, 1).astype(np.float32))


def measured(pixels: np.ndarray, mask: np.ndarray, spacing: tuple[float, float] | None = None) -> tuple[Measures, ...]:
    image, found = QueryImage(pixels, "part.png", spacing_mm=spacing), map_of(mask)
    return measure_regions(image, found, find_regions(found), PATCH)


def drawn(start: tuple[float, float], end: tuple[float, float], thickness: int = 3) -> np.ndarray:
    mask = np.zeros(SIZE, np.uint8)
    cv2.line(mask, tuple(map(round, start)), tuple(map(round, end)), 1, thickness)
    return mask


@pytest.mark.parametrize(("angle", "tone"), [(0, 60.0), (23, 230.0), (131, 60.0)])
@pytest.mark.parametrize(("length", "width"), [(200.0, 3.0), (90.0, 2.0), (240.0, 8.0)])
def test_straight_lines_have_their_length_and_width(length: float, width: float, angle: int, tone: float) -> None:
    half = np.array([math.cos(math.radians(angle)), math.sin(math.radians(angle))]) * length / 2
    start, end = tuple(np.array([240.0, 180.0]) - half), tuple(np.array([240.0, 180.0]) + half)
    [found] = measured(line_picture(start, end, width, tone), drawn(start, end))
    assert found.by is MeasuredBy.LINE
    assert found.px.length == pytest.approx(length, rel=0.05)
    assert found.px.width == pytest.approx(width, abs=0.8)
    assert found.px.area == pytest.approx(length * width, rel=0.35)
    assert found.px.feret[0] == pytest.approx(length, rel=0.06)
    assert found.px.feret[1] < width + 8
    assert found.centroid == pytest.approx((240, 180), abs=6)
    assert found.px.margin >= abs(found.px.length - length)
    assert found.mm is None


def test_a_curved_line_is_measured_along_itself() -> None:
    angles = np.linspace(0, math.pi, 200)
    points = np.stack([240 + 100 * np.cos(angles), 230 - 100 * np.sin(angles)], 1)
    pixels, mask = line_picture((5, 5), (6, 5), 0.1), np.zeros(SIZE, np.uint8)
    fixed = [np.rint(points * 16).astype(np.int32)]
    one = np.zeros(SIZE, np.uint8)
    cv2.polylines(one, fixed, False, 255, 3, cv2.LINE_AA, 4)
    cv2.polylines(mask, fixed, False, 1, 3, cv2.LINE_8, 4)
    alpha = one[..., None] / 255
    [found] = measured((pixels * (1 - alpha) + 50 * alpha).astype(np.uint8), mask)
    assert found.by is MeasuredBy.LINE
    assert found.px.length == pytest.approx(100 * math.pi, rel=0.05)
    assert found.px.feret[0] == pytest.approx(200, rel=0.05)


def test_a_blob_is_measured_by_its_outline_and_says_so() -> None:
    pixels, mask = line_picture((5, 5), (6, 5), 0.1), np.zeros(SIZE, np.uint8)
    cv2.circle(mask, (240, 180), 50, 1, -1)
    pixels[mask > 0] = 70
    [found] = measured(pixels, mask)
    assert found.by is MeasuredBy.OUTLINE
    assert found.caveats == (BLOB,)
    assert found.px.margin == 2 * PATCH
    assert abs(found.px.length - 101) <= found.px.margin
    assert found.px.length == found.px.feret[0]
    assert found.px.width == pytest.approx(found.px.area / found.px.length)


def test_what_is_too_faint_to_follow_is_measured_by_its_outline_and_says_so() -> None:
    start, end = (150.0, 180.0), (330.0, 180.0)
    [found] = measured(line_picture(start, end, 2, 147, noise=14), drawn(start, end))
    assert found.by is MeasuredBy.OUTLINE
    assert set(found.caveats) & {FAINT, BLOB}
    assert found.px.margin == 2 * PATCH


def test_a_line_that_leaves_the_picture_is_a_least_one() -> None:
    start, end = (-40.0, 180.0), (200.0, 180.0)
    [found] = measured(line_picture(start, end, 3), drawn(start, end))
    assert EDGE in found.caveats
    assert found.may_go_on
    assert found.px.edge_distance == pytest.approx(0, abs=2)
    assert found.px.length == pytest.approx(200, rel=0.05)


def test_millimetres_of_uneven_pixels_follow_the_direction() -> None:
    spacing = (0.5, 0.1)
    across, down = ((140.0, 180.0), (340.0, 180.0)), ((240.0, 80.0), (240.0, 280.0))
    for (start, end), wide in ((across, 3 * 0.5), (down, 3 * 0.1)):
        [found] = measured(line_picture(start, end, 3), drawn(start, end), spacing)
        assert found.mm is not None
        length = 200 * (spacing[1] if start[1] == end[1] else spacing[0])
        assert found.mm.length == pytest.approx(length, rel=0.06)
        assert found.mm.width == pytest.approx(wide, rel=0.3)
        assert found.mm.area == pytest.approx(found.px.area * 0.05)


def test_square_pixels_scale_everything() -> None:
    start, end = (140.0, 120.0), (300.0, 240.0)
    [plain] = measured(line_picture(start, end, 4), drawn(start, end))
    [scaled] = measured(line_picture(start, end, 4), drawn(start, end), (0.25, 0.25))
    assert scaled.mm is not None
    assert (scaled.px, scaled.caveats) == (plain.px, plain.caveats)
    for name in ("length", "width", "edge_distance", "margin"):
        assert getattr(scaled.mm, name) == pytest.approx(getattr(plain.px, name) / 4)
    assert scaled.mm.feret == pytest.approx(tuple(one / 4 for one in plain.px.feret))


def test_distances_to_the_nearest_region_and_edge() -> None:
    pixels, mask = line_picture((5, 5), (6, 5), 0.1), np.zeros(SIZE, np.uint8)
    for x, width in ((60, 40), (200, 40), (380, 40)):
        mask[140:220, x : x + width] = 1
    found = measured(pixels, mask)
    assert len(found) == 3
    by_place = sorted(found, key=lambda one: one.centroid)
    left, middle, right = by_place
    assert left.nearest_id == found.index(middle) + 1
    assert right.nearest_id == found.index(middle) + 1
    assert middle.nearest_id == found.index(left) + 1
    assert left.px.nearest is not None
    assert left.px.nearest == pytest.approx(100, abs=30)
    assert left.px.edge_distance == pytest.approx(60, abs=15)
    [alone] = measured(pixels, drawn((100, 100), (101, 100), 40))
    assert (alone.px.nearest, alone.nearest_id) == (None, None)


def test_feret_diameters_of_a_turned_bar() -> None:
    box = cv2.boxPoints(((50.0, 40.0), (30.0, 4.0), 30.0)).astype(np.float64)
    assert feret_diameters(box) == pytest.approx((math.hypot(30, 4), 4.0), rel=1e-4)


@pytest.mark.parametrize(("pixels", "mm"), [(0, 60), (100, -1), (100, math.nan)])
def test_a_scale_of_no_extent_is_refused(pixels: float, mm: float) -> None:
    with pytest.raises(ConfigError, match="expected a positive extent in pixels and in millimetres, got"):
        scale_from_known_extent(pixels, mm)


def test_a_picture_without_regions_has_no_measures() -> None:
    assert measured(line_picture((5, 5), (6, 5), 0.1), np.zeros(SIZE, np.uint8)) == ()
