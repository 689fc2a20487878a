"""Tails of normal tiles: limits that hold for pictures of many tiles, marks among the tiles that do not move them."""

from __future__ import annotations

import numpy as np
import pytest

from assistant.errors import ProfileError
from assistant.vision.detail.tile_bank import Tail, evidence, heard


@pytest.mark.parametrize("tiles", [20, 300])
@pytest.mark.parametrize("law", ["exponential", "gumbel"])
def test_as_many_normal_pictures_exceed_the_limit_as_may(tiles: int, law: str) -> None:
    rng = np.random.default_rng(0)
    draw = getattr(rng, law)
    exceeded = []
    for _ in range(50):
        limit = Tail.of(draw(size=200).tolist(), sure=True).limit(tiles, 0.1)
        exceeded.append(draw(size=(200, tiles)).max(1) > limit)
    assert 0.03 < np.mean(exceeded) < 0.2


def test_a_single_limit_for_all_tiles_would_not_do() -> None:
    tail = Tail.of(np.random.default_rng(0).exponential(size=200).tolist(), sure=True)
    assert tail.limit(300, 0.1) - tail.limit(10, 0.1) == pytest.approx(tail.scale * np.log(30))


def test_marks_among_tiles_that_are_not_sure_move_nothing() -> None:
    normal = np.random.default_rng(0).exponential(size=40)
    marked = [*normal[:36].tolist(), 50.0, 60.0, 70.0, 80.0]
    sure, unsure = Tail.of(marked, sure=True), Tail.of(marked, sure=False)
    plain = Tail.of(normal.tolist(), sure=True)
    assert unsure.limit(100, 0.1) < 2 * plain.limit(100, 0.1) < sure.limit(100, 0.1)


def test_log_odds_are_zero_at_the_limit_and_one_a_scale() -> None:
    tail = Tail(2.0, 0.5)
    at = np.array([tail.limit(10, 0.1), tail.limit(10, 0.1) + 0.5, -np.inf], np.float32)
    assert tail.log_odds(at, 10, 0.1).tolist() == pytest.approx([0.0, 1.0, -np.inf], abs=1e-5)


def test_evidence_is_a_sum_and_nothing_where_nothing_was_looked_at() -> None:
    patches, blocks = np.array([[2.0, 3.0, -np.inf], [10.0, 14.0, 90.0]], np.float32)
    assert evidence(patches, Tail(10.0, 2.0), blocks).tolist() == [3.0, 6.0, -np.inf]


def test_levels_are_heard_in_units_of_their_own_tails_the_deeper_ones_no_louder_than_the_shallowest() -> None:
    distances = np.array([[[1.0, 3.0, 0.0]], [[10.0, 90.0, 90.0]]], np.float32)
    assert heard((Tail(1.0, 1.0), Tail(10.0, 2.0)), distances).tolist() == [[3.0, 9.0, 0.0]]


@pytest.mark.parametrize("wrong", [(float("nan"), 1.0), (0.0, 0.0), (0.0, -1.0)])
def test_a_tail_refuses_numbers_that_are_none(wrong: tuple[float, float]) -> None:
    with pytest.raises(ProfileError, match="build the profile again"):
        Tail(*wrong)
