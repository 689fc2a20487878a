"""Promise: what stands out at full resolution promises most, one colour nothing, and memory is taken in strips."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from assistant.errors import ProfileError
from assistant.vision.detail import promise
from assistant.vision.detail.promise import FEATURES, Usual, block_statistics, on_cells
from assistant.vision.detail.tiles import Lattice


def texture(seed: int, size: tuple[int, int] = (240, 320)) -> np.ndarray:
    plane = np.random.default_rng(seed).normal(128, 12, (*size, 1)).clip(0, 255).astype(np.uint8)
    return np.ascontiguousarray(plane.repeat(3, 2))


def pit(pixels: np.ndarray) -> None:
    cv2.circle(pixels, (203, 107), 6, (60, 60, 60), -1)


def scratch(pixels: np.ndarray) -> None:
    cv2.line(pixels, (195, 100), (210, 115), (190, 190, 190), 2)


def fibre(pixels: np.ndarray) -> None:
    cv2.line(pixels, (195, 107), (211, 107), (160, 120, 128), 2)


def smear(pixels: np.ndarray) -> None:
    pixels[95:121, 190:216] = 128


@pytest.mark.parametrize("mark", [pit, scratch, fibre, smear])
def test_a_mark_is_the_most_unusual_place(mark) -> None:  # type: ignore[no-untyped-def]
    pixels = texture(0)
    mark(pixels)
    statistics = block_statistics(pixels, 8)
    for usual in (Usual.of(statistics), Usual.of_all([Usual.of(block_statistics(texture(n), 8)) for n in (1, 2)])):
        row, column = np.unravel_index(usual.unusual(statistics).argmax(), statistics.shape[1:])
        assert abs(row * 8 + 4 - 107) <= 20
        assert abs(column * 8 + 4 - 203) <= 20


def test_light_of_a_picture_is_not_unusual() -> None:
    usual = Usual.of(block_statistics(texture(1), 8))
    plain = usual.unusual(block_statistics(texture(2), 8))
    lighter = usual.unusual(block_statistics(texture(2) + 40, 8))
    assert abs(float(lighter.mean()) - float(plain.mean())) < 0.05 * float(plain.mean())


@pytest.mark.parametrize("size", [(1, 1), (2, 500), (500, 2), (33, 17)])
def test_odd_sizes(size: tuple[int, int]) -> None:
    even = block_statistics(np.full((*size, 3), 77, np.uint8), 8)
    assert even.shape == (FEATURES, -(-size[0] // 8), -(-size[1] // 8))
    assert (Usual.of(even).unusual(even) == 0).all()


@pytest.mark.parametrize("size", [(241, 321), (247, 327)])
def test_blocks_cut_by_the_edge_are_as_usual_as_others(size: tuple[int, int]) -> None:
    statistics = block_statistics(texture(0, size), 8)
    unusual = Usual.of(statistics).unusual(statistics)
    edge = np.concatenate([unusual[-1], unusual[:, -1]])
    assert np.median(edge) < 2 * np.median(unusual)


def test_strips_are_as_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = block_statistics(texture(0), 8)
    monkeypatch.setattr(promise, "STRIP", 80)
    strips = block_statistics(texture(0), 8)
    alone = slice(0, 3)  # level and extremes need no neighbours
    assert np.array_equal(whole[alone], strips[alone])
    assert np.abs(whole - strips).mean() < 1


def test_cells_take_the_greatest_block_that_they_touch() -> None:
    blocks = np.zeros((4, 4), np.float32)
    blocks[1, 2] = 5  # rows 8..16, columns 16..24
    cells = on_cells(blocks, 8, Lattice((32, 32), 11, 8))
    assert cells.tolist() == [[0, 5, 5], [0, 5, 5], [0, 0, 0]]


def test_what_is_usual_is_read_back_or_refused() -> None:
    usual = Usual.of(block_statistics(texture(0), 8))
    statistics = block_statistics(texture(1), 8)
    assert np.allclose(Usual.from_json(usual.as_json()).unusual(statistics), usual.unusual(statistics), rtol=1e-3)
    for wrong in ([[1.0]], (np.eye(FEATURES) * np.nan).tolist(), (-np.eye(FEATURES)).tolist()):
        with pytest.raises(ProfileError, match="build the profile again"):
            Usual.from_json(wrong)
