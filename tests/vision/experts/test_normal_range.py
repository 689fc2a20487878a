"""Thresholds of products: what few references give, what many give, and what is promised."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from assistant.errors import ConfigError
from assistant.types import QueryImage
from assistant.vision.experts.gate import ABOUT, BASE, Gate
from assistant.vision.experts.jitter import jittered
from assistant.vision.experts.normal_range import NormalPrior, Odds, conformal_threshold, variety

ODDS = Odds(deviation=0.4, logit=0.25, spread=0.2, shots=-0.2, constant=-1.3)
PRIOR = NormalPrior(lift=1.0, trust=2.0, scale=1.5, certainty=3.0, left_out=0.5, odds=ODDS)


def test_one_reference_gives_the_prior_around_its_copies() -> None:
    found = PRIOR.given((), (2.0, 4.0))
    assert found.location == pytest.approx(4.0)
    assert found.freedom == 3.0
    assert found.scale == pytest.approx(1.5 * math.sqrt(1.5))
    assert found.limit(0.5 - 1e-9) == pytest.approx(4.0, abs=1e-3)


def test_many_references_give_what_was_seen_whatever_the_prior() -> None:
    seen = np.random.default_rng(0).normal(-7, 0.4, 400)
    found = PRIOR.given(seen.tolist(), (-9.0,))
    assert found.location == pytest.approx(-7, abs=0.1)
    assert found.scale == pytest.approx(0.4, abs=0.1)
    assert found.limit(0.05) == pytest.approx(np.quantile(seen, 0.95), abs=0.2)


def test_a_threshold_moves_down_as_well_as_up_with_the_references() -> None:
    limits = [PRIOR.given([level - 0.1, level, level + 0.1], [level - 1]).limit(0.05) for level in (-8, 0, 8)]
    assert np.diff(limits) == pytest.approx([8, 8], abs=1e-6)


def test_more_references_narrow_the_threshold() -> None:
    rng = np.random.default_rng(1)
    limits = []
    for count in (2, 8, 64):
        each = [PRIOR.given(rng.normal(0, 0.5, count).tolist(), (-1.0,)).limit(0.05) for _ in range(50)]
        limits.append(np.mean(each))
    assert limits == sorted(limits, reverse=True)


def test_calibrated_logits_are_zero_at_the_threshold_and_keep_order() -> None:
    found = PRIOR.given((0.0, 1.0), (0.0,))
    limit = found.limit(0.02)
    assert found.calibrated(limit, limit) == 0
    assert found.calibrated(limit + 1, limit) > 0 > found.calibrated(limit - 1, limit)


def test_a_picture_is_as_likely_anomalous_as_normal_where_the_log_odds_are_zero() -> None:
    found = PRIOR.given((0.0, 1.0, 3.0), (0.0,))
    deviation = (found.even - found.location) / found.scale
    said = ODDS.deviation * deviation + ODDS.logit * found.even + ODDS.spread * math.log(found.scale)
    assert said + ODDS.shots * math.log2(3) + ODDS.constant == pytest.approx(0, abs=1e-9)
    assert found.calibrated(found.even + 1, found.even) == pytest.approx(ODDS.deviation / found.scale + ODDS.logit)


def test_references_that_show_one_piece_count_for_little_more_than_one() -> None:
    assert variety((), (0.1,)) == 1
    assert variety((0.2, 0.4), (0.1, 0.1)) == 1
    assert variety((0.003, 0.001), (0.1, 0.1)) == pytest.approx(0.02)
    assert variety((0.0, 0.0), (0.0,)) == 0.01, "identical ones"
    alike = PRIOR.given([-5.0] * 16, (1.0,), variety((0.001,) * 16, (0.1,)))
    assert abs(alike.limit(0.05) - PRIOR.given((), (1.0,)).limit(0.05)) < 1.5
    assert PRIOR.given([-5.0] * 16, (1.0,)).limit(0.05) < alike.limit(0.05) - 3


@pytest.mark.parametrize("overkill", [0.01, 0.05, 0.1])
def test_conformal_overkill_of_null_products_is_within_the_binomial_band(overkill: float) -> None:
    rng = np.random.default_rng(3)
    above = kept = 0
    for _ in range(500):
        scores = rng.normal(rng.normal(0, 5), rng.uniform(0.1, 3), int(rng.integers(20, 101)) + 1)
        limit = conformal_threshold(scores[1:].tolist(), overkill)
        if limit is not None:
            kept += 1
            above += scores[0] > limit
    assert kept > 8
    assert above <= kept * overkill + 3 * math.sqrt(kept * overkill * (1 - overkill))


def test_too_few_normals_promise_nothing() -> None:
    assert conformal_threshold([0.0] * 18, 0.05) is None
    assert conformal_threshold([float(v) for v in range(19)], 0.05) == 18


def test_numbers_that_no_prior_has_are_refused() -> None:
    with pytest.raises(ConfigError, match="finite numbers"):
        NormalPrior(lift=0, trust=0, scale=1, certainty=1, left_out=0, odds=ODDS)
    with pytest.raises(ConfigError, match="finite numbers"):
        NormalPrior(lift=math.nan, trust=1, scale=1, certainty=1, left_out=0, odds=ODDS)
    with pytest.raises(ConfigError, match="those of deviation and logit positive"):
        replace(ODDS, deviation=0)


def test_a_gate_starts_with_the_base_is_bounded_and_comes_back_as_it_was_written() -> None:
    gate = Gate().requires_grad_(False)
    about = torch.linspace(-400, 400, len(ABOUT))
    torch.testing.assert_close(gate(about), torch.tensor(BASE))
    torch.nn.init.normal_(gate.slopes, std=50)
    change = (gate(about) / torch.tensor(BASE)).log().abs()
    assert change.max() <= 2.0 + 1e-5
    again = Gate.from_json(gate.as_json())
    torch.testing.assert_close(again(about), gate(about))


def test_copies_are_the_same_for_the_same_number_and_close_to_the_picture() -> None:
    rng = np.random.default_rng(0)
    smooth = np.kron(rng.integers(40, 210, (6, 8, 3)), np.ones((20, 20, 1))).astype(np.uint8)
    picture = QueryImage(smooth, "part")
    first = jittered(picture, 1)
    assert np.array_equal(first.pixels, jittered(picture, 1).pixels)
    assert not np.array_equal(first.pixels, jittered(picture, 2).pixels)
    assert first.pixels.shape == smooth.shape
    differences = [np.abs(jittered(picture, n).pixels.astype(int) - smooth).mean() for n in range(8)]
    assert 1 < np.mean(differences) < 30
