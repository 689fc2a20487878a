"""Procedural surfaces: every family draws varied, repeatable normal pictures at any size."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from assistant.errors import ConfigError
from assistant.types import Domain
from data_builders.sources.surfaces import SURFACES, noise
from data_builders.types import Kind, SourceFamily

FAMILIES = pytest.mark.parametrize("family", SURFACES, ids=lambda family: family.name)
SIZE = (96, 128)


def drawn(family: SourceFamily, design_seed: int, seed: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    design = family.design(np.random.default_rng(design_seed))
    return family.render(design, np.random.default_rng(seed), size).pixels


def test_families_are_many_and_told_apart_by_name():
    names = [family.name for family in SURFACES]
    assert len(names) == len(set(names)) >= 16
    assert all(name.isidentifier() and name == name.lower() for name in names)
    assert all(isinstance(family, SourceFamily) for family in SURFACES)


@FAMILIES
@pytest.mark.parametrize("size", [(96, 96), (96, 288), (288, 96), (131, 97)])
def test_picture_has_the_asked_size_and_is_all_surface(family, size):
    for seed in range(2):
        design = family.design(np.random.default_rng(seed))
        picture = family.render(design, np.random.default_rng(seed), size)
        assert picture.pixels.shape == (*size, 3)
        assert picture.pixels.dtype == np.uint8
        assert picture.object_mask.all()
        assert (picture.kind, picture.domain, picture.family) == (Kind.SURFACE, Domain.INDUSTRIAL, family.name)
        assert picture.object_name


@FAMILIES
def test_the_same_seeds_give_the_same_bytes_also_after_pickling(family):
    design = family.design(np.random.default_rng(3))
    again = pickle.loads(pickle.dumps(family.design(np.random.default_rng(3))))
    assert again == design
    first, second = (family.render(kept, np.random.default_rng(8), SIZE).pixels for kept in (design, again))
    assert np.array_equal(first, second)


@FAMILIES
def test_renders_of_one_design_differ_less_than_designs(family):
    designs = [[drawn(family, d, seed) for seed in range(3)] for d in range(8)]
    assert not np.array_equal(designs[0][0], designs[0][1])
    colours = np.array([[picture.mean((0, 1)) for picture in renders] for renders in designs])
    within = np.linalg.norm(colours - colours.mean(1, keepdims=True), axis=-1).mean()
    between = np.linalg.norm(colours.mean(1) - colours.mean((0, 1)), axis=-1).mean()
    assert between > 2 * within


@FAMILIES
def test_values_are_spread_and_rarely_clipped(family):
    for seed in range(8):
        pixels = drawn(family, seed, seed)
        assert pixels.std() > 0.4
        assert (pixels == 0).all(-1).mean() < 0.6
        assert (pixels == 255).all(-1).mean() < 0.5


@FAMILIES
def test_even_a_texture_has_benign_irregularity(family):
    """No row and no column repeats another exactly, so that irregular does not mean defective."""
    pixels = drawn(family, 1, 1)
    assert len(np.unique(pixels.reshape(SIZE[0], -1), axis=0)) > 0.9 * SIZE[0]


def test_grey_and_colourful_designs_and_calm_and_busy_ones_all_occur():
    pictures = [drawn(family, seed, seed) for family in SURFACES for seed in range(4)]
    colourful = [np.ptp(picture.mean((0, 1))) for picture in pictures]
    spread = [picture.std((0, 1)).mean() for picture in pictures]
    assert sum(value < 1 for value in colourful) >= 10
    assert sum(value > 60 for value in colourful) >= 10
    assert min(spread) < 4
    assert max(spread) > 50


def test_a_design_of_another_family_and_a_tiny_picture_are_refused():
    first, second = SURFACES[:2]
    rng = np.random.default_rng(0)
    with pytest.raises(ConfigError, match=f"use the design drawn by {first.name}"):
        first.render(second.design(rng), rng, SIZE)
    with pytest.raises(ConfigError, match="sides of at least 16 pixels, got 8 x 40"):
        first.render(first.design(rng), rng, (8, 40))


@pytest.mark.parametrize(
    "draw",
    [
        lambda rng: noise.white_noise(rng, (160, 200)),
        lambda rng: noise.white_noise(rng, (160, 200), 2.0),
        lambda rng: noise.value_noise(rng, (160, 200), 6),
        lambda rng: noise.fractal_noise(rng, (160, 200), 16),
        lambda rng: noise.streaks(rng, (160, 200), 0.7, 20, 2),
        lambda rng: noise.spectral_noise(rng, (160, 200), 0.5),
    ],
)
def test_noise_is_about_standard(draw):
    field = draw(np.random.default_rng(5))
    assert field.shape == (160, 200)
    assert field.dtype == np.float32
    assert abs(float(field.mean())) < 0.2
    assert 0.7 < float(field.std()) < 1.4


@pytest.mark.parametrize("angle", [0.0, 0.5, np.pi / 2, 2.2])
def test_streaks_run_along_their_angle(angle):
    field = noise.streaks(np.random.default_rng(0), (200, 200), float(angle), 80, 2)
    gradient_y, gradient_x = np.gradient(field)
    along = np.cos(angle) * gradient_x + np.sin(angle) * gradient_y
    across = np.cos(angle) * gradient_y - np.sin(angle) * gradient_x
    assert np.abs(along).mean() < 0.35 * np.abs(across).mean()


def test_rotated_coordinates_are_a_turn_about_the_middle():
    u, v = noise.rotated_coordinates((40, 60), 0.3)
    x, y = noise.pixel_grid((40, 60))
    assert np.allclose(u * u + v * v, (x - 30) ** 2 + (y - 20) ** 2, atol=1e-2)
    right, _ = noise.rotated_coordinates((40, 60), 0.0)
    assert right[0, 45] == pytest.approx(15)


def test_cells_are_about_the_asked_size_and_painted_by_label():
    cells = noise.voronoi_cells(np.random.default_rng(0), (200, 300), 20)
    inside = len(np.unique(cells.label))
    assert 0.6 * 150 < inside < 1.6 * 150
    values = np.random.default_rng(1).random(cells.count).astype(np.float32)
    assert np.array_equal(cells.paint(values), values[cells.label])
    assert cells.centre_distance.max() < 40


def test_draped_cloth_shows_folds_even_where_it_is_plain():
    family = next(family for family in SURFACES if family.name == "draped_fabric")
    rng = np.random.default_rng(0)
    designs = [design for design in (family.design(rng) for _ in range(60)) if design.pattern == "plain"]
    spreads = []
    for design in designs:
        grey = family.render(design, np.random.default_rng(1), (96, 96)).pixels.mean(-1)
        coarse = grey.reshape(12, 8, 12, 8).mean((1, 3))
        spreads.append(coarse.std() / coarse.mean())
    assert len(spreads) >= 5
    assert np.median(spreads) > 0.06
