"""Spreads of tokens: distances are those of the Gaussian they came from, few tokens are shrunk, parts can be left out."""

from __future__ import annotations

import pytest
import torch

from assistant.vision.detail.spread import TokenSums

WIDTH = 6


def drawn(count: int, seed: int = 0) -> torch.Tensor:
    """Two levels of correlated tokens about (1, 1, ...)."""
    generator = torch.Generator().manual_seed(seed)
    mix = torch.eye(WIDTH) + 0.2 * torch.randn(2, WIDTH, WIDTH, generator=generator)
    return torch.randn(2, count, WIDTH, generator=generator) @ mix + 1


def test_distances_are_those_of_the_covariance() -> None:
    tokens = drawn(4000)
    found = TokenSums.of(tokens).spread().distances(tokens[:, :5])
    for level in range(2):
        away = tokens[level, :5] - tokens[level].mean(0)
        wanted = (away @ torch.linalg.inv(tokens[level].T.cov(correction=0)) * away).sum(-1).sqrt()
        assert found[level].tolist() == pytest.approx(wanted.tolist(), rel=0.05)


def test_what_lies_outside_the_few_directions_of_the_normal_is_far() -> None:
    tokens = drawn(500)
    tokens[..., 0] = 0
    aside = tokens[:, :1].clone()
    aside[..., 0] = 2
    spread = TokenSums.of(tokens).spread()
    assert (spread.distances(aside) > 3 * spread.distances(tokens).amax(1, keepdim=True)).all()


def test_sums_join_and_leave_out() -> None:
    one, two = drawn(300), drawn(200, 1)
    both = TokenSums.of_all([TokenSums.of(one), TokenSums.of(two)])
    assert both.count == 500
    assert torch.allclose(both.total, TokenSums.of(torch.cat([one, two], 1)).total, atol=1e-3)
    again, wanted = both.without(TokenSums.of(two)).spread(), TokenSums.of(one).spread()
    assert torch.allclose(again.whiten, wanted.whiten, atol=1e-3)
    assert torch.allclose(again.mean, wanted.mean, atol=1e-4)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_few_tokens_are_enough_for_finite_distances(count: int) -> None:
    spread = TokenSums.of(drawn(count)).spread()
    assert spread.distances(drawn(9, 3)).isfinite().all()


def test_the_fewer_tokens_the_evener_the_spread() -> None:
    def stretch(count: int) -> float:
        return float(torch.linalg.cond(TokenSums.of(drawn(count)).spread().whiten[0]))

    assert stretch(5) < stretch(4000)
