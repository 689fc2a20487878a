"""Regions are the map's own components: where they are, how large, how strong; and they are drawn where they are."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from assistant.errors import AssistantError
from assistant.pictures.overlay import overlay, overlay_within, reduced_scores, save_overlay
from assistant.types import AnomalyMap, Box, QueryImage, Severity
from assistant.vision.measuring.measures import measure_regions
from assistant.vision.regions import MIN_AREA_FRACTION, describe_regions, find_regions, highest_place, source_pixels


def map_with(shape: tuple[int, int], *rectangles: tuple[int, int, int, int, float]) -> AnomalyMap:
    scores = np.full(shape, 0.1, np.float32)
    for x_min, y_min, x_max, y_max, score in rectangles:
        scores[y_min:y_max, x_min:x_max] = score
    return AnomalyMap(scores)


def test_two_rectangles_are_two_regions_strongest_first() -> None:
    found = find_regions(map_with((120, 360), (10, 10, 30, 40, 0.7), (200, 80, 260, 110, 0.9)))
    assert [r.box for r in found] == [Box(200, 80, 260, 110), Box(10, 10, 30, 40)]
    assert [r.area_fraction for r in found] == [60 * 30 / 43200, 20 * 30 / 43200]
    assert found[0].cells == ("bottom centre", "bottom right")
    assert found[0].peak_score == pytest.approx(0.9)
    assert found[1].mean_score == pytest.approx(0.7)


@pytest.mark.parametrize("shape", [(1501, 4003), (3000, 1000), (1030, 1030)])
def test_boxes_and_areas_on_large_maps_are_exact(shape: tuple[int, int]) -> None:
    [region] = find_regions(map_with(shape, (333, 517, 801, 1001, 0.8)))
    assert region.box == Box(333, 517, 801, 1001)
    assert region.area_fraction == pytest.approx(468 * 484 / (shape[0] * shape[1]))
    assert max(region.mask.shape) <= 512


def test_region_at_the_far_corner_of_a_size_that_does_not_divide() -> None:
    [region] = find_regions(map_with((1025, 1537), (1500, 1000, 1537, 1025, 0.8)))
    assert region.box == Box(1500, 1000, 1537, 1025)
    assert region.cells == ("bottom right",)


def test_peak_of_one_source_pixel_survives_the_reduction() -> None:
    anomaly_map = map_with((2000, 2000), (500, 500, 700, 700, 0.6))
    anomaly_map.scores[601, 603] = 0.99
    [region] = find_regions(anomaly_map)
    assert region.peak_score == pytest.approx(0.99)
    assert region.mean_score == pytest.approx(0.6, abs=1e-3)


def test_map_all_above_is_one_region_and_map_all_below_is_none() -> None:
    [region] = find_regions(map_with((40, 120), (0, 0, 120, 40, 0.5)))
    assert region.box == Box(0, 0, 120, 40)
    assert region.area_fraction == 1.0
    assert find_regions(map_with((40, 120), (0, 0, 120, 40, 0.4999))) == []


def test_one_pixel_maps() -> None:
    [region] = find_regions(AnomalyMap(np.ones((1, 1), np.float32)))
    assert region.box == Box(0, 0, 1, 1)
    assert region.cells
    assert region.mask.shape == (1, 1)
    assert find_regions(AnomalyMap(np.zeros((1, 1), np.float32))) == []
    [line] = find_regions(map_with((1, 900), (300, 0, 310, 1, 0.9)))
    assert line.box == Box(300, 0, 310, 1)


def test_specks_are_dropped_and_the_number_of_regions_is_limited() -> None:
    anomaly_map = map_with((400, 400), (10, 10, 15, 15, 1.0), *((60 * i, 200, 60 * i + 20, 220, 0.6) for i in range(6)))
    assert MIN_AREA_FRACTION > 25 / 400**2
    assert len(find_regions(anomaly_map)) == 6
    assert len(find_regions(anomaly_map, min_area_fraction=0.0)) == 7
    assert len(find_regions(anomaly_map, max_regions=2)) == 2


@pytest.mark.parametrize(("gap", "regions"), [(4, 1), (6, 2)])
def test_gaps_of_one_hundredth_are_bridged_without_being_counted(gap: int, regions: int) -> None:
    found = find_regions(map_with((400, 400), (100, 100, 150, 150, 0.8), (150 + gap, 100, 200 + gap, 150, 0.8)))
    assert len(found) == regions
    assert sum(r.area_fraction for r in found) == pytest.approx(5000 / 400**2)


def test_corners_that_touch_belong_together() -> None:
    assert len(find_regions(map_with((50, 50), (10, 10, 20, 20, 0.8), (20, 20, 30, 30, 0.8)))) == 1


@pytest.mark.parametrize("scores", [np.full((4, 4), np.nan, np.float32), np.zeros((0, 4), np.float32)])
def test_maps_without_numbers_are_refused(scores: np.ndarray) -> None:
    with pytest.raises(AssistantError, match="expected an anomaly map of numbers"):
        find_regions(AnomalyMap(scores))


def test_a_map_gone_through_in_strips_has_the_regions_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(6)
    scores = cv2.GaussianBlur(rng.random((1201, 1503), np.float32), (0, 0), 40)
    anomaly_map = AnomalyMap((scores - scores.min()) / np.ptp(scores))
    image = QueryImage(rng.integers(0, 256, (1201, 1503, 3), np.uint8), "made")
    whole, drawn = find_regions(anomaly_map), overlay(image, anomaly_map)
    inside = [source_pixels(one, anomaly_map) for one in whole]
    measures, highest, place = (
        measure_regions(image, anomaly_map, whole, 30),
        anomaly_map.highest,
        highest_place(anomaly_map),
    )
    assert len(whole) > 2
    assert sum(one.sum() for one in inside) == pytest.approx(sum(one.area_fraction for one in whole) * scores.size)
    monkeypatch.setattr("assistant.types.STRIP_PIXELS", 4000)
    strips = find_regions(anomaly_map)
    assert [(one.box, one.area_fraction, one.cells, one.peak_score) for one in strips] == [
        (one.box, one.area_fraction, one.cells, one.peak_score) for one in whole
    ]
    assert [one.mean_score for one in strips] == pytest.approx([one.mean_score for one in whole])
    assert all(
        np.array_equal(source_pixels(one, anomaly_map), pixels) for one, pixels in zip(strips, inside, strict=True)
    )
    assert [one.px.area for one in measure_regions(image, anomaly_map, strips, 30)] == [one.px.area for one in measures]
    assert np.array_equal(overlay(image, anomaly_map), drawn)
    row, column, score = anomaly_map.highest
    assert (row, column, score) == highest == (*divmod(int(scores.argmax()), 1503), 1.0)
    again = highest_place(anomaly_map)
    assert place is not None
    assert again is not None
    assert again.box == place.box
    assert again.box.x_min <= column < again.box.x_max


def test_nan_anywhere_in_a_large_map_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.types.STRIP_PIXELS", 4000)
    anomaly_map = map_with((1201, 1503))
    anomaly_map.scores[1100, 3] = np.nan
    with pytest.raises(AssistantError, match="expected an anomaly map of numbers"):
        find_regions(anomaly_map)


def test_a_reduced_map_has_the_means_of_areas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.types.STRIP_PIXELS", 5000)
    scores = np.random.default_rng(7).random((611, 803), np.float32)
    reduced = reduced_scores(AnomalyMap(scores), (161, 212))
    assert np.abs(reduced - cv2.resize(scores, (212, 161), interpolation=cv2.INTER_AREA)).max() < 1e-5


def test_a_picture_reduced_before_it_is_drawn_on_has_its_boxes_where_they_were() -> None:
    anomaly_map = map_with((1200, 1600), (1592, 800, 1600, 1200, 0.9), (200, 400, 600, 700, 0.8))
    image = QueryImage(np.full((1200, 1600, 3), 120, np.uint8), "made")
    regions = describe_regions(find_regions(anomaly_map))
    drawn = overlay_within(image, anomaly_map, regions, 400)
    assert drawn.shape == (300, 400, 3)
    assert (drawn[95:102, 100:140] == 255).all(2).any(0).all()
    assert (drawn[120:160, 80:120] != 120).any(2).all()
    assert (drawn[205:295, 390:] == 255).all(2).any(1).all()
    assert np.array_equal(overlay_within(image, anomaly_map, regions, 1600), overlay(image, anomaly_map, regions))


def test_description_joins_number_type_and_severity() -> None:
    masks = find_regions(map_with((300, 300), (0, 0, 150, 150, 0.98), (200, 200, 210, 210, 0.55)))
    first, second = describe_regions(masks, [("crack", 0.8), None])
    assert (first.id, first.type, first.type_probability, first.severity) == (1, "crack", 0.8, Severity.CRITICAL)
    assert (second.id, second.type, second.type_probability, second.severity) == (2, None, None, Severity.MINOR)
    assert [r.type for r in describe_regions(masks)] == [None, None]
    with pytest.raises(AssistantError, match="expected 2 types, one a region, got 1"):
        describe_regions(masks, [None])


@pytest.mark.parametrize("shape", [(120, 360), (900, 300), (640, 640)])
def test_overlay_draws_heat_and_boxes_only_where_they_are(shape: tuple[int, int]) -> None:
    anomaly_map = map_with(shape, (100, 60, 150, 100, 0.9))
    image = QueryImage(np.full((*shape, 3), 120, np.uint8), "made")
    heat = overlay(image, anomaly_map, least_side=1)
    changed = (heat != image.pixels).any(axis=2)
    assert changed[60:100, 100:150].all()
    assert changed.sum() == 50 * 40
    drawn = overlay(image, anomaly_map, describe_regions(find_regions(anomaly_map)), least_side=1)
    assert drawn.shape == image.pixels.shape
    assert (drawn[99, 99] == 255).all()
    assert (drawn[100, 100:150] == 255).all()
    assert (image.pixels == 120).all()


def test_small_pictures_are_enlarged_and_written_as_png(tmp_path: Path) -> None:
    anomaly_map, image = map_with((20, 60), (30, 10, 40, 20, 0.9)), QueryImage(np.zeros((20, 60, 3), np.uint8), "made")
    regions = describe_regions(find_regions(anomaly_map))
    path = save_overlay(tmp_path / "new" / "seen.png", image, anomaly_map, regions)
    read = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
    assert read.shape == (120, 360, 3)
    assert (read == overlay(image, anomaly_map, regions)).all()


def test_overlay_refuses_a_map_of_another_size() -> None:
    with pytest.raises(AssistantError, match="expected a map of 20 x 60, got 10 x 60"):
        overlay(QueryImage(np.zeros((20, 60, 3), np.uint8), "made"), map_with((10, 60)))
