"""Where the next value lies: wide after one, close after many, and seldom missed."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from assistant.vision.checks.expected import CERTAINTY, RARE, expected


def test_one_value_leaves_the_usual_spread() -> None:
    found = expected([50.0], 3.0)
    assert found.middle == 50.0
    assert found.reach == pytest.approx(stats.t.isf(RARE, CERTAINTY) * 3.0 * 2**0.5)
    assert (found.low, found.high) == (found.middle - found.reach, found.middle + found.reach)
    assert not found.beyond(found.high - 0.01)
    assert found.beyond(found.high + 0.01)
    assert found.beyond(found.low - 0.01)


def test_many_alike_narrow_it_and_many_unlike_widen_it() -> None:
    assert expected([50.0] * 20, 3.0).reach < expected([50.0] * 4, 3.0).reach < expected([50.0], 3.0).reach
    assert expected([20.0, 80.0, 35.0, 60.0], 3.0).reach > expected([50.0] * 4, 3.0).reach


@pytest.mark.parametrize("count", [1, 4, 16])
def test_values_of_the_usual_spread_are_seldom_beyond(count: int) -> None:
    rng = np.random.default_rng(count)
    beyond = [expected(list(rng.normal(0, 1, count)), 1.0).beyond(float(rng.normal())) for _ in range(2000)]
    assert np.mean(beyond) < 3 * RARE
