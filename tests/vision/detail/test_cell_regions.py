"""Regions of cells: tight, one a mark, in source pixels, the overview's not told twice; and maps that are painted on demand."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from assistant.types import AnomalyMap
from assistant.vision.detail.cell_regions import cell_regions, joined
from assistant.vision.detail.painted import Layer, LayeredMap, PaintedMap
from assistant.vision.detail.tiles import Lattice
from assistant.vision.regions import LABEL_SIDE, find_regions, source_pixels

LATTICE = Lattice((2000, 3000), 11, 24)


def odds(**at: float) -> np.ndarray:
    plane = np.full(LATTICE.shape, -8.0, np.float32)
    for place, value in at.items():
        row, column = place.removeprefix("at_").split("_")
        plane[int(row), int(column)] = value
    return plane


def test_a_pit_of_two_cells_gets_a_box_of_two_cells() -> None:
    (region,) = cell_regions(odds(at_40_50=9.0, at_40_51=8.0), LATTICE, -8.0)
    assert region.box.as_tuple() == (550, 440, 572, 451)
    assert region.area_fraction == pytest.approx(2 * 121 / 6e6)
    assert region.cells == ("top left",)


def test_cells_that_a_strong_peak_lights_up_are_not_its_own() -> None:
    plane = odds(at_40_50=30.0, at_40_51=25.0, at_40_52=2.0, at_39_50=1.0)
    (region,) = cell_regions(plane, LATTICE, -8.0)
    assert region.box.as_tuple() == (550, 440, 572, 451)


def test_beads_of_a_line_are_one_region_and_far_ones_are_not() -> None:
    beads = cell_regions(odds(at_10_10=5.0, at_10_12=5.0, at_10_14=5.0, at_90_90=7.0), LATTICE, -8.0)
    assert [one.box.as_tuple() for one in beads] == [(990, 990, 1001, 1001), (110, 110, 165, 121)]


def test_nothing_looked_at_is_no_region() -> None:
    assert cell_regions(np.full(LATTICE.shape, -np.inf, np.float32), LATTICE, -8.0) == []


@pytest.mark.parametrize("size", [(2000, 3000), (100, 90000), (3, 11)])
def test_boxes_and_masks_lie_inside_the_picture(size: tuple[int, int]) -> None:
    lattice = Lattice(size, 11, 24)
    plane = np.full(lattice.shape, -8.0, np.float32)
    plane[-1, -1] = 4.0
    (region,) = cell_regions(plane, lattice, -8.0)
    assert region.box.x_max == size[1]
    assert region.box.y_max == size[0]
    assert region.mask[-1, -1]
    assert max(region.mask.shape) <= LABEL_SIDE
    layer = Layer(1 / (1 + np.exp(-plane)), (11, 11))
    assert source_pixels(region, LayeredMap(size, [layer])).any()


def test_what_the_overview_saw_of_a_mark_is_not_told_twice() -> None:
    small, large = np.zeros((2000, 3000), np.float32), np.zeros((2000, 3000), np.float32)
    small[400:520, 500:620] = large[100:1500, 100:1500] = 0.9
    fine = cell_regions(odds(at_40_50=9.0), LATTICE, -8.0)
    cell = 100.0 * 100.0
    assert joined(fine, find_regions(AnomalyMap(small)), cell) == fine
    assert len(joined(fine, find_regions(AnomalyMap(large)), cell)) == 2
    assert len(joined([], find_regions(AnomalyMap(small)), cell)) == 1


def test_a_window_of_a_layered_map_is_that_part_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    layers = [
        Layer(rng.random((7, 9), np.float32), (100 / 7, 150 / 9)),
        Layer(rng.random((10, 15), np.float32), (10, 10)),
    ]
    painted = LayeredMap((100, 150), layers)
    whole = painted.scores
    assert whole.shape == painted.size == (100, 150)
    assert np.array_equal(painted.window(slice(20, 61), slice(33, 90)), whole[20:61, 33:90])
    assert whole[5, 5] == max(layer.window(slice(5, 6), slice(5, 6)).item() for layer in layers)
    monkeypatch.setattr("assistant.vision.detail.painted.PIECE", 16)
    assert np.array_equal(painted.scores, whole)


def test_a_painted_map_is_the_enlarged_one() -> None:
    scores = np.random.default_rng(1).random((13, 21), np.float32)
    size = (401, 903)
    enlarged = cv2.resize(scores, size[::-1], interpolation=cv2.INTER_LINEAR)
    assert np.abs(PaintedMap(size, [Layer(scores, (401 / 13, 903 / 21))]).scores - enlarged).max() < 1e-5


def test_a_layer_has_its_scores_at_the_centres_of_its_cells() -> None:
    scores = np.random.default_rng(0).random((5, 6), np.float32)
    whole = Layer(scores, (11, 11)).window(slice(0, 55), slice(0, 66))
    assert np.abs(whole[5::11, 5::11] - scores).max() < 1e-3
