"""Thresholds on a judged picture: nothing is encoded again, 0.5 changes nothing, lower finds more, frames agree."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from assistant.errors import ConfigError
from assistant.types import AnomalyMap, Inspection, Region, Verdict, as_measured, shifted
from assistant.vision.regions import RegionMask, describe_regions
from demo.bench.correcting import corrected
from demo.bench.sessions import Correction, Picture, Said, Setup
from demo.bench.thresholds import under_threshold
from tests.inspections import inspection, region


def unnamed(masks: list[RegionMask]) -> tuple[Region, ...]:
    return describe_regions(masks)


@pytest.fixture
def measured() -> Inspection:
    """Score 0.7; one spot of 0.8 and one of 0.6 on a ground of 0.1."""
    scores = np.full((32, 48), 0.1, np.float32)
    scores[4:10, 4:10], scores[20:26, 30:40] = 0.8, 0.6
    return replace(inspection(0.7), anomaly_map=AnomalyMap(scores))


def test_lower_finds_more_and_higher_finds_less(measured: Inspection) -> None:
    found = {t: under_threshold(measured, t, unnamed) for t in (0.3, 0.5, 0.65, 0.75)}
    assert [len(found[t].inspection.regions) for t in found] == [2, 2, 1, 0]
    assert [found[t].verdict for t in (0.65, 0.75)] == [Verdict.ANOMALOUS, Verdict.NORMAL]
    assert found[0.65].mask.sum() == 36
    assert found[0.75].mask.sum() == 0


def test_scores_stay_as_measured_while_half_is_the_threshold_inside(measured: Inspection) -> None:
    view = under_threshold(measured, 0.65, unnamed)
    assert view.score == 0.7
    assert view.peaks == pytest.approx((0.8,))
    assert view.inspection.image_score == pytest.approx(shifted(0.7, 0.65))
    assert view.inspection.regions[0].peak_score == pytest.approx(shifted(0.8, 0.65), abs=1e-6)
    assert ((view.inspection.anomaly_map.scores >= 0.5) == (measured.anomaly_map.scores >= 0.65)).all()


@pytest.mark.parametrize("threshold", [0.2, 0.5, 0.9])
def test_the_inspection_knows_the_threshold_and_gives_back_what_was_measured(
    measured: Inspection, threshold: float
) -> None:
    highest = replace(region(1), peak_score=0.8, mean_score=0.7)
    found = under_threshold(replace(measured, highest=highest), threshold, unnamed).inspection
    assert found.threshold == threshold
    assert as_measured(found.image_score, threshold) == pytest.approx(0.7)
    assert as_measured(found.anomaly_map.scores, threshold) == pytest.approx(measured.anomaly_map.scores, abs=1e-6)
    assert found.highest is not None
    assert as_measured(found.highest.peak_score, threshold) == pytest.approx(0.8)
    spoken = corrected(
        measured, threshold, unnamed, None, [Correction(Picture(measured.image, Setup()), Said.NORMAL)]
    ).inspection
    assert spoken.threshold == threshold


def test_half_is_the_inspection_itself(measured: Inspection) -> None:
    regions = under_threshold(measured, 0.5, unnamed).inspection.regions
    named = replace(measured, regions=tuple(replace(r, type="scratch") for r in regions))
    view = under_threshold(named, 0.5, unnamed)
    assert view.inspection.regions == named.regions
    assert (view.inspection.anomaly_map.scores == named.anomaly_map.scores).all()


@pytest.mark.parametrize("threshold", [0.0, 1.0, float("nan")])
def test_thresholds_outside_the_slider_are_refused(measured: Inspection, threshold: float) -> None:
    with pytest.raises(ConfigError, match=r"expected a threshold from 0\.05 to 0\.95"):
        under_threshold(measured, threshold, unnamed)
