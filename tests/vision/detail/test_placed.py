"""Tokens with their places: a patch is compared with those around its own place alone, and few stand for many."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from assistant.errors import ProfileError
from assistant.vision.closer.tile_references import MOST_PLACED, MOST_TILES, PLACED_COPIES, chosen_tiles
from assistant.vision.detail import placed
from assistant.vision.detail.placed import PlacedTokens
from assistant.vision.detail.tiles import Lattice

WIDTH = 8


def grid(rows: int, columns: int) -> Tensor:
    return torch.from_numpy(
        Lattice((10 * rows, 10 * columns), 10, 200).places(Lattice((10 * rows, 10 * columns), 10, 200).tiles[0])
    )


def surface(seed: int, rows: int = 20, columns: int = 30) -> tuple[Tensor, Tensor]:
    """Tokens of one tile that is the whole picture, all near zero, two levels."""
    made = torch.randn(2, rows * columns, WIDTH, generator=torch.Generator().manual_seed(seed)) * 0.1
    return made, grid(rows, columns)


def marked(tile: tuple[Tensor, Tensor], row: int, column: int, columns: int = 30) -> tuple[Tensor, Tensor]:
    tokens = tile[0].clone()
    tokens[:, row * columns + column, 0] += 5
    return tokens, tile[1]


def test_a_mark_is_normal_where_the_references_have_it_and_nowhere_else() -> None:
    kept = PlacedTokens.of([marked(surface(n), 4, 5) for n in range(3)], 0.1)
    query, at = marked(marked(surface(9), 4, 6), 14, 25)
    found = kept.distances(query, at)[0].reshape(20, 30)
    assert found[4, 6] < 2
    assert found[14, 25] > 4
    assert found.argmax() == 14 * 30 + 25


def test_the_window_is_how_far_a_mark_may_have_moved() -> None:
    query, at = marked(surface(9), 4, 8)
    references = [marked(surface(n), 4, 5) for n in range(3)]
    assert PlacedTokens.of(references, 0.12).distances(query, at)[0, 4 * 30 + 8] < 2
    assert PlacedTokens.of(references, 0.04).distances(query, at)[0, 4 * 30 + 8] > 4


def test_few_tokens_stand_for_many_and_what_is_rare_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placed, "MOST_ROWS", 300)
    kept = PlacedTokens.of([marked(surface(n, 60, 90), 4, 5, 90) for n in range(2)], 0.1)
    assert len(kept.tokens) <= 300 + 100
    assert float(kept.tokens[:, 0, 0].max()) > 4
    assert float(kept.position.min()) > 0
    assert float(kept.position.max()) < 1
    query, at = marked(surface(9, 60, 90), 4, 5, 90)
    assert kept.distances(query, at)[0, 4 * 90 + 5] < 2


def test_tokens_all_alike_leave_one_of_each_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placed, "MOST_ROWS", 40)
    kept = PlacedTokens.of([(torch.ones(1, 5000, WIDTH), grid(50, 100))], 0.5)
    assert len(kept.tokens) == 4
    assert torch.equal(kept.tokens, torch.ones(4, 1, WIDTH))


def test_where_no_reference_was_looked_at_all_places_count() -> None:
    tokens, at = surface(1)
    top = at[:, 0] < 0.3
    kept = PlacedTokens.of([(tokens[:, top], at[top])], 0.1)
    found = kept.distances(*surface(2))
    assert bool(found.isfinite().all())
    assert float(found.max()) < 3


def test_differences_are_from_the_very_token_that_is_nearest() -> None:
    kept = PlacedTokens.of([surface(1)], 0.1)
    query, at = surface(3)
    assert torch.allclose(kept.away(query, at).norm(dim=-1), kept.distances(query, at), atol=1e-4)
    whitened = replace(kept, whiten=2 * kept.whiten)
    assert torch.allclose(whitened.distances(query, at), 2 * kept.distances(query, at), atol=1e-4)


def test_kept_tokens_are_read_as_they_were_written_or_refused() -> None:
    kept = PlacedTokens.of([surface(1)], 0.1)
    shape, tensors = kept.whiten.shape, kept.tensors()
    back = PlacedTokens.read(0.1, tensors, shape)
    assert torch.equal(back.distances(*surface(2)), kept.distances(*surface(2)))
    for wrong in (
        {"placed.position": kept.position + 1},
        {"placed.tokens": kept.tokens[:, :1]},
        {"placed.tokens": kept.tokens[:0], "placed.position": kept.position[:0]},
        {"placed.whiten": kept.whiten[..., :1]},
    ):
        with pytest.raises(ProfileError, match="tokens of tiles with their places"):
            PlacedTokens.read(0.1, {**tensors, **wrong}, shape)
    with pytest.raises(ProfileError, match="tokens of tiles with their places"):
        PlacedTokens.read(1.5, tensors, shape)


@pytest.mark.parametrize(("pictures", "tiles"), [(1, 40), (2, 100), (3, 200), (5, 20), (16, 252)])
def test_under_a_fixed_camera_every_place_is_taken_from_several_pictures(pictures: int, tiles: int) -> None:
    chosen = chosen_tiles([tiles] * pictures, 0.08)
    times = np.bincount(np.concatenate(chosen), minlength=tiles)
    assert int(times.min()) >= min(PLACED_COPIES, pictures)
    assert times.sum() >= min(MOST_TILES, tiles * pictures)
    assert all(len(set(one)) == len(one) for one in chosen)


def test_of_many_tiles_as_many_as_fit_are_taken_from_everywhere() -> None:
    chosen = chosen_tiles([3000] * 2, 0.08)
    assert MOST_PLACED - 2 <= sum(len(one) for one in chosen) <= MOST_PLACED
    every = np.unique(np.concatenate(chosen))
    assert np.diff(every).max() < 20
    assert (every.min(), every.max()) == (0, 2999)
