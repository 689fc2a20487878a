"""A rejected region stays away: with the rim that its hill leaves, under other thresholds and after another look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from assistant.types import AnomalyMap, Inspection, QueryImage, Region, Verdict
from assistant.vision.regions import RegionMask
from assistant.vocabulary.severity import severity_of
from demo.bench.correcting import corrected, region_mask
from demo.bench.sessions import Correction, Picture, Said, Setup
from tests.inspections import inspection

SIDE, GRID = 160, (16, 16)


def hill(row: int, column: int, width: float, peak: float = 0.95) -> np.ndarray:
    rows, columns = np.mgrid[:SIDE, :SIDE]
    return peak * np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / (2 * width**2))


def measured(*hills: np.ndarray) -> Inspection:
    scores = np.max(hills, axis=0).astype(np.float32)
    found = replace(inspection(0.9), anomaly_map=AnomalyMap(scores))
    return replace(found, image=QueryImage(np.zeros((SIDE, SIDE, 3), np.uint8), "part.png"))


def named(masks: Sequence[RegionMask]) -> list[Region]:
    return [
        Region(
            number, m.box, m.area_fraction, m.cells, m.peak_score, m.mean_score, "crack", 0.5,
            severity_of(m.area_fraction, m.peak_score, "crack"),
        )
        for number, m in enumerate(masks, 1)
    ]  # fmt: skip


def rejection(found: Inspection, number: int = 1) -> Correction:
    """What is said when a region is rejected as it is shown."""
    view = corrected(found, 0.5, named, GRID, [])
    return Correction(Picture(found.image, Setup()), Said.REJECTED, region_mask(view, number))


@pytest.mark.parametrize("threshold", [0.5, 0.35, 0.2])
def test_no_ring_is_left_of_a_rejected_region(threshold: float) -> None:
    found = measured(hill(60, 60, 14))
    view = corrected(found, threshold, named, GRID, [rejection(found)])
    assert view.inspection.regions == ()
    assert view.verdict is Verdict.NORMAL
    assert not view.mask.any(), "nor is it painted"


def test_no_ring_is_left_after_another_look() -> None:
    said = rejection(measured(hill(60, 60, 14)))
    again = measured(hill(62, 57, 17, 0.99))
    assert corrected(again, 0.5, named, GRID, [said]).inspection.regions == ()


def test_a_mark_elsewhere_does_not_bring_it_back() -> None:
    found = measured(hill(60, 60, 14))
    said = rejection(found)
    mark = np.zeros((SIDE, SIDE), bool)
    mark[120:130, 120:130] = True
    view = corrected(found, 0.3, named, GRID, [said, Correction(said.picture, Said.DEFECT, mark, "finger")])
    assert [one.type for one in view.inspection.regions] == ["finger"]


def test_what_lies_apart_stays() -> None:
    found = measured(hill(60, 60, 10), hill(60, 115, 8))
    said = rejection(found)
    for threshold in (0.5, 0.3):
        (left,) = corrected(found, threshold, named, GRID, [said]).inspection.regions
        assert left.box.x_min > 90


def test_what_is_much_larger_is_no_leftover() -> None:
    small = rejection(measured(hill(80, 80, 5)))
    (left,) = corrected(measured(hill(80, 80, 40, 0.99)), 0.5, named, GRID, [small]).inspection.regions
    assert left.area_fraction > 0.1
