"""Projector: every grid becomes 8x8 blocks in place, and the blocks become tokens at the scale of words."""

from __future__ import annotations

import pytest
import torch

from assistant.errors import ConfigError, WeightsError
from assistant.language.tokens.projector import Projector, pool_blocks


@pytest.mark.parametrize("grid", [(16, 16), (32, 32), (18, 55), (3, 5), (1, 1)])
def test_blocks_keep_their_place(grid: tuple[int, int]) -> None:
    rows, columns = grid
    place = torch.stack(
        [torch.arange(rows).repeat_interleave(columns) / rows, torch.arange(columns).repeat(rows) / columns], -1
    )
    blocks = pool_blocks(place[None], grid)
    assert blocks.shape == (1, 64, 8)
    corner, last = blocks[0, 0, :4].mean(), blocks[0, 63, :4].mean()
    assert corner <= last
    assert (corner < last) == (rows > 1)


def test_a_block_is_its_four_patches() -> None:
    tokens = torch.arange(256.0).reshape(1, 256, 1)
    assert pool_blocks(tokens, (16, 16))[0, 9].tolist() == [34, 35, 50, 51]


def test_a_grid_must_hold_the_tokens() -> None:
    with pytest.raises(ConfigError, match="a grid of 12 patches, got 3x5"):
        pool_blocks(torch.zeros(1, 12, 4), (3, 5))


def test_tokens_begin_at_the_scale_of_words_and_load_as_saved() -> None:
    projector = Projector(12, 32, spread=0.1)
    blocks = torch.randn(2, 64, 12)
    assert projector(blocks).std().item() == pytest.approx(0.1, rel=0.05)
    torch.testing.assert_close(Projector.from_state(projector.state_dict(), 12, 32)(blocks), projector(blocks))
    with pytest.raises(WeightsError, match="a projector from 16 to 32"):
        Projector.from_state(projector.state_dict(), 16, 32)
