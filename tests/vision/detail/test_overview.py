"""What the overview of a large picture does not show is said wherever a picture is judged by it, and of no small picture."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from assistant.inquiry import Detail, Inquiry
from assistant.types import Inspection, QueryImage
from assistant.vision.build_profile import build_profile
from assistant.vision.closer.closer_look import inspect_closely
from assistant.vision.detail.overview import smallest_seen, unseen, without_unseen
from assistant.vision.detector import Detector

LARGE, SMALL = (1200, 1800), (1000, 2000)


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector.load("tiny")


def picture(size: tuple[int, int], seed: int = 0) -> QueryImage:
    """Coarse noise, cheap to make."""
    small = np.random.default_rng(seed).integers(90, 160, (size[0] // 40, size[1] // 40, 3), np.uint8)
    return QueryImage(np.ascontiguousarray(small.repeat(40, 0).repeat(40, 1)), f"picture {seed}")


def alone(detector: Detector, image: QueryImage) -> Inspection:
    return detector.score(detector.encode(image))


def compared(detector: Detector, image: QueryImage) -> Inspection:
    profile = build_profile(detector, [picture(SMALL, 1)])
    return inspect_closely(detector, detector.encode(image), profile)


def mutual(detector: Detector, image: QueryImage) -> Inspection:
    return next(iter(detector.score_mutual([detector.encode(one) for one in (image, picture(SMALL, 1))])))


@pytest.mark.parametrize("judged", [alone, compared, mutual])
def test_every_way_of_judging_says_what_was_not_looked_for(
    detector: Detector, judged: Callable[[Detector, QueryImage], Inspection]
) -> None:
    large, small = judged(detector, picture(LARGE)), judged(detector, picture(SMALL))
    grid = detector.encode(picture(LARGE)).features.grid
    assert set(unseen(LARGE, grid)) <= set(large.warnings)
    assert without_unseen(large.warnings) != large.warnings
    assert without_unseen(small.warnings) == small.warnings


def test_who_looks_closer_need_not_say_so(detector: Detector) -> None:
    image = picture(LARGE)
    found = inspect_closely(detector, detector.encode(image, Inquiry(detail=Detail("full", 200))))
    assert found.coverage is not None
    assert found.coverage.tiles > 0
    assert without_unseen(found.warnings) == found.warnings


def test_a_thing_of_two_patches_is_the_smallest_seen() -> None:
    cell = 100
    assert smallest_seen((21 * cell, 28 * cell), (21, 28)) ** 2 == pytest.approx(2 * cell**2)
    (told,) = unseen((2100, 2800), (21, 28))
    assert "140 px" in told
    assert told.split()[0] == "was"


def test_other_warnings_stay() -> None:
    assert without_unseen(("is dark", *unseen(LARGE, (4, 6)))) == ("is dark",)
