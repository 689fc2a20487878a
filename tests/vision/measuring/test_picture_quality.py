"""What the pixels of a picture tell of how it was taken."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from assistant.types import QueryImage
from assistant.vision.measuring.picture_quality import SMOOTH, picture_quality


def noisy(seed: int = 0, size: int = 256) -> np.ndarray:
    """Grey blobs with fine grain on them."""
    rng = np.random.default_rng(seed)
    blobs = cv2.resize(rng.normal(0, 40, (8, 8)), (size, size), interpolation=cv2.INTER_CUBIC)
    grey = (120 + blobs + rng.normal(0, 12, (size, size))).clip(10, 240).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def remarks(pixels: np.ndarray) -> str:
    return "; ".join(picture_quality(QueryImage(pixels, "picture.png")).remarks)


def test_nothing_is_said_of_a_sharp_and_even_picture() -> None:
    assert remarks(noisy()) == ""


def test_blur_white_black_and_tint_are_told_each_by_itself() -> None:
    sharp = noisy()
    blurred = cv2.GaussianBlur(sharp, (0, 0), 6)
    assert "scale of single pixels" in remarks(blurred)
    white = sharp.copy()
    white[:64] = 255
    assert remarks(white) == "a part of it is pure white, background included"
    black = sharp.copy()
    black[:, :128] = 0
    assert remarks(black) == "about half of it is pure black, background included"
    blue = sharp.copy()
    blue[..., 2] = np.minimum(255, blue[..., 2].astype(int) + 60)
    assert "bluish" in remarks(blue)


def test_a_small_one_and_one_without_contrast_are_told() -> None:
    assert "few for a close look" in remarks(noisy(size=100))
    assert "very little contrast" in remarks(np.full((200, 200, 3), 90, np.uint8))


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (2, 3)])
def test_any_size_is_looked_at(size: tuple[int, int]) -> None:
    found = picture_quality(QueryImage(np.full((*size, 3), 7, np.uint8), "x"))
    assert (found.height, found.width) == size
    assert found.detail == 0


def test_detail_falls_with_blur_alone() -> None:
    sharp = noisy()
    details = [picture_quality(QueryImage(cv2.GaussianBlur(sharp, (0, 0), s), "x")).detail for s in (0.5, 1, 2, 6)]
    assert details == sorted(details, reverse=True)
    assert details[-1] < SMOOTH < details[0]
