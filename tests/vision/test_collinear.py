"""Pieces of one line are one region; lines side by side, lines that turn, far pieces and blobs stay apart."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from assistant.types import AnomalyMap
from assistant.vision.regions import find_regions

Segment = tuple[tuple[int, int], tuple[int, int]]


def found(*segments: Segment, thickness: int = 16, size: tuple[int, int] = (400, 500)) -> int:
    scores = np.zeros(size, np.float32)
    for start, end in segments:
        cv2.line(scores, start, end, 0.8, thickness)
    return len(find_regions(AnomalyMap(cv2.GaussianBlur(scores, (0, 0), 2))))


@pytest.mark.parametrize("angle", [0, 15, 60, 90, 155])
@pytest.mark.parametrize("pieces", [2, 3])
def test_a_broken_line_is_one_region_at_any_angle(pieces: int, angle: int) -> None:
    way = np.array([math.cos(math.radians(angle)), math.sin(math.radians(angle))])
    segments = []
    for number in range(pieces):
        start = np.array([250, 200]) + way * (number - (pieces - 1) / 2 - 0.5) * 110
        ends = (tuple(int(v) for v in start), tuple(int(v) for v in start + way * 70))
        segments.append(ends)
    assert found(*segments) == 1


def test_a_joined_region_keeps_its_own_pixels_alone() -> None:
    scores = np.zeros((200, 400), np.float32)
    scores[100:110, 50:150] = 0.7
    scores[102:112, 180:260] = 0.9
    [region] = find_regions(AnomalyMap(scores))
    assert region.box.as_tuple() == (50, 100, 260, 112)
    assert region.area_fraction == (100 * 10 + 80 * 10) / (200 * 400)
    assert region.peak_score == pytest.approx(0.9)
    assert region.mean_score == pytest.approx((0.7 * 1000 + 0.9 * 800) / 1800)


@pytest.mark.parametrize(
    "segments",
    [
        (((50, 100), (250, 100)), ((50, 160), (250, 160))),  # side by side
        (((50, 100), (250, 100)), ((200, 150), (400, 150))),  # side by side, moved along
        (((50, 200), (180, 200)), ((215, 200), (300, 120))),  # turns
        (((50, 200), (130, 200)), ((230, 200), (310, 200))),  # gap longer than half a piece
        (((50, 200), (250, 200)), ((330, 200), (480, 200))),  # gap above a tenth of the picture
    ],
)
def test_other_pairs_of_lines_stay_two(segments: tuple[Segment, ...]) -> None:
    assert found(*segments) == 2


def test_two_blobs_stay_two() -> None:
    scores = np.zeros((400, 500), np.float32)
    for x in (180, 250):
        cv2.circle(scores, (x, 200), 25, 0.8, -1)
    assert len(find_regions(AnomalyMap(scores))) == 2


def test_a_blob_does_not_join_a_line() -> None:
    scores = np.zeros((400, 500), np.float32)
    cv2.line(scores, (60, 200), (220, 200), 0.8, 14)
    cv2.circle(scores, (270, 200), 20, 0.8, -1)
    assert len(find_regions(AnomalyMap(scores))) == 2


def test_specks_join_nothing() -> None:
    scores = np.zeros((400, 500), np.float32)
    scores[200:204, 100:200] = 0.8
    scores[200:203, 220:230] = 0.8  # 30 pixels, below the least area of 40
    [region] = find_regions(AnomalyMap(scores))
    assert region.box.as_tuple() == (100, 200, 200, 204)
