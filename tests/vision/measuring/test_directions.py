"""Which way regions run, and what they span around the middle of a picture."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from assistant.types import AnomalyMap, Box, Region, Severity
from assistant.vision.measuring.directions import LONG, arc_of, direction_of


def drawn(*lines: tuple[tuple[int, int], tuple[int, int]], size: int = 200) -> tuple[AnomalyMap, Region]:
    """A map with lines of 5 pixels on it, and the region that holds them all."""
    scores = np.zeros((size, size), np.uint8)
    for start, end in lines:
        cv2.line(scores, start, end, 1, 5)
    ys, xs = np.nonzero(scores)
    box = Box(int(xs.min()), int(ys.min()), int(xs.max()) + 1, int(ys.max()) + 1)
    region = Region(1, box, 0.1, ("centre",), 0.9, 0.8, None, None, Severity.MINOR)
    return AnomalyMap(scores.astype(np.float32) * 0.9), region


@pytest.mark.parametrize(
    ("start", "end", "degrees", "words"),
    [
        ((20, 100), (180, 100), 0, "horizontally"),
        ((100, 20), (100, 180), 90, "vertically"),
        ((40, 160), (160, 40), 45, "from the bottom left to the top right, about 45° to the horizontal"),
        ((40, 40), (160, 160), -45, "from the top left to the bottom right, about 45° to the horizontal"),
        ((20, 80), (180, 120), -14, "horizontally"),
    ],
)
def test_a_line_runs_the_way_it_was_drawn(
    start: tuple[int, int], end: tuple[int, int], degrees: float, words: str
) -> None:
    found = direction_of(*drawn((start, end)))
    assert found is not None
    assert min(abs(found.degrees - degrees), 180 - abs(found.degrees - degrees)) < 1
    assert found.words == words
    assert found.elongation > 10


def test_a_spot_has_no_direction() -> None:
    found = direction_of(*drawn(((60, 60), (60, 60))))
    assert found is not None
    assert found.elongation < LONG


@pytest.mark.parametrize(
    ("line", "first", "last"),
    [
        (((100, 5), (100, 15)), 12, 12),
        (((185, 100), (195, 100)), 3, 3),
        (((5, 60), (60, 5)), 10, 11),
        (((60, 195), (140, 195)), 5, 7),
    ],
)
def test_hours_go_clockwise_from_the_top(line: tuple[tuple[int, int], tuple[int, int]], first: int, last: int) -> None:
    found = arc_of(*drawn(line))
    assert found is not None
    assert (found.first, found.last) == (first, last)


def test_an_arc_over_the_top_spans_little_and_one_in_the_middle_nothing() -> None:
    over = arc_of(*drawn(((80, 10), (120, 10))))
    assert over is not None
    assert (over.first, over.last) == (12, 12)
    assert 22 < over.degrees < 35  # 2 atan(22.5 / 90) with the line's ends
    assert arc_of(*drawn(((90, 100), (110, 100)))) is None
