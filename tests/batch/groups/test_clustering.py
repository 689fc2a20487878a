"""Vectors that are alike make a group; too few make none; an order makes no difference."""

from __future__ import annotations

import numpy as np
import pytest

from assistant.batch.groups.clustering import ALONE, alike, nearest
from assistant.batch.groups.members import Unfitting, drawn, fits, unit


def bunches(counts: tuple[int, ...], width: int = 16, noise: float = 0.05) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors about axes, and whose each is."""
    rng = np.random.default_rng(1)
    owner = np.repeat(np.arange(len(counts)), counts)
    vectors = np.eye(width, dtype=np.float32)[owner] + rng.normal(0, noise, (len(owner), width)).astype(np.float32)
    return unit(vectors), owner


def test_bunches_are_groups_and_two_alike_are_none() -> None:
    vectors, owner = bunches((5, 2, 4))
    labels = alike(vectors, 0.35)
    assert (labels[owner == 1] == ALONE).all()
    assert len(set(labels[owner == 0])) == len(set(labels[owner == 2])) == 1
    assert len({labels[0], labels[-1], ALONE}) == 3


@pytest.mark.parametrize("count", [0, 1, 2])
def test_fewer_than_a_group_are_alone(count: int) -> None:
    assert alike(np.ones((count, 4), np.float32) / 2, 0.35).tolist() == [ALONE] * count


def test_another_order_makes_the_same_groups() -> None:
    vectors, _ = bunches((6, 5, 4, 2), noise=0.2)
    order = np.random.default_rng(0).permutation(len(vectors))
    first, second = alike(vectors, 0.35)[order], alike(vectors[order], 0.35)
    assert np.array_equal(first[:, None] == first, second[:, None] == second)
    assert np.array_equal(first == ALONE, second == ALONE)


def test_others_join_the_nearest_centre_within_reach() -> None:
    vectors, owner = bunches((3, 3, 3))
    centres = np.eye(16, dtype=np.float32)[:2]
    assert nearest(vectors, centres, 0.35).tolist() == [0, 0, 0, 1, 1, 1, ALONE, ALONE, ALONE]
    assert nearest(vectors, centres[:0], 0.35).tolist() == [ALONE] * len(owner)


def test_who_is_compared_does_not_depend_on_the_order() -> None:
    members = [Unfitting(f"{n}.png", 1, "stain") for n in range(50)]
    chosen, others = drawn(members, 20)
    assert (len(chosen), len(others)) == (20, 30)
    assert set(drawn(members[::-1], 20)[0]) == set(chosen)


def test_a_kind_fits_where_its_probability_is_a_half() -> None:
    assert fits({"type": "stain", "type_probability": 0.5})
    assert not fits({"type": "stain", "type_probability": 0.49})
    assert not fits({"type": None, "type_probability": None})
