"""Tiles: they cover the picture, overlap, and become one map on which what lies deeper inside a tile counts."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from assistant.vision.detail.references import block_side, cells_of, lattices
from assistant.vision.detail.tiles import CellMap, Lattice

SIZES = [(300, 400), (1, 1), (2, 2000), (1000, 3), (97, 211)]


@pytest.mark.parametrize("size", SIZES)
def test_tiles_cover_every_cell_and_stay_inside(size: tuple[int, int]) -> None:
    lattice = Lattice(size, 7, 8)
    covered = np.zeros(lattice.shape, int)
    for tile in lattice.tiles:
        covered[tile.cells] += 1
        assert tile.row + tile.rows <= lattice.shape[0]
        assert tile.column + tile.columns <= lattice.shape[1]
        box = lattice.box(tile)
        assert box.x_max <= size[1]
        assert box.y_max <= size[0]
    assert covered.min() >= 1


def test_neighbours_share_cells() -> None:
    lattice = Lattice((1000, 1000), 10, 24)
    lefts = sorted({tile.column for tile in lattice.tiles})
    assert all(b - a <= 20 for a, b in itertools.pairwise(lefts))
    assert lefts[-1] + 24 == lattice.shape[1]


@pytest.mark.parametrize("size", SIZES)
def test_pixels_of_a_tile_have_a_patch_a_cell(size: tuple[int, int]) -> None:
    picture = np.random.default_rng(0).integers(0, 255, (*size, 3), np.uint8)
    lattice = Lattice(size, 7, 8)
    for tile in (lattice.tiles[0], lattice.tiles[-1]):
        assert lattice.pixels(picture, tile, 14).shape == (tile.rows * 14, tile.columns * 14, 3)


def test_a_tile_that_reaches_over_the_edge_shows_no_light_from_the_other_side() -> None:
    ramp = np.arange(100, dtype=np.uint8)[:, None, None].repeat(100, 1).repeat(3, 2)
    for picture in (ramp, np.ascontiguousarray(ramp.transpose(1, 0, 2))):
        lattice = Lattice((100, 100), 16, 24)
        laid = lattice.pixels(picture, lattice.tiles[-1], 14).astype(int)
        steps = np.diff(laid, axis=0 if picture is ramp else 1)
        assert steps.min() >= 0
        assert laid.max() == 99


def test_where_tiles_overlap_the_deeper_one_counts_whatever_the_order() -> None:
    lattice = Lattice((70, 154), 7, 10)
    maps = []
    for tiles in (lattice.tiles, lattice.tiles[::-1]):
        found = CellMap(lattice)
        for tile in tiles:
            found.write(tile, np.full((tile.rows, tile.columns), float(tile.column), np.float32))
        maps.append(found.values)
    first, second = (tile.column for tile in lattice.tiles[:2])
    assert np.isfinite(maps[0]).all()
    assert maps[0][5, first + 1] == maps[1][5, first + 1] == first
    assert maps[0][5, second + 3] == maps[1][5, second + 3] == second


def test_share_looked_at() -> None:
    lattice = Lattice((100, 200), 5, 20)
    found = CellMap(lattice)
    assert found.looked_at == 0
    found.write(lattice.tiles[0], np.zeros((20, 20), np.float32))
    assert found.looked_at == 0.5


def test_scales_follow_from_the_smallest_thing() -> None:
    assert cells_of(16) == (11, 16)
    assert cells_of(4)[0] == 2
    assert block_side(16) == 8
    assert block_side(4) == 2
    assert block_side(5) % 2 == 0
    assert [one.cell for one in lattices((3000, 4000), 16, 24)] == [11, 16]
    assert lattices((300, 300), 16, 24) == (), "the overview shows as much"
