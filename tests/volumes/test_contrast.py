"""Contrast says nothing of brightness, and finds what references do not show nearby, at its place."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from assistant.types import Levels
from assistant.volumes.contrast import Contrast, contrast_of, usual_contrast
from assistant.volumes.scan_score import ScanScore, summed, with_contrast
from assistant.volumes.volume import Volume, upright

SHAPE = (48, 56, 14)
BALL = (18, 34, 6)
STORED = ((0, 1), (1, 1), (2, 1))


def body(seed: int, ball: float = 0.0, gain: float = 1.0) -> Volume:
    """An ellipsoid in noise that lies a little otherwise with each seed, with a ball of 9 mm that differs by a share."""
    rng = np.random.default_rng(seed)
    at = np.indices(SHAPE).astype(float)
    middle = (np.array(SHAPE) - 1) / 2 + rng.uniform(-1, 1, 3) * [1, 1, 0.3]
    far = np.sqrt(sum(((at[a] - middle[a]) / (0.42 * SHAPE[a])) ** 2 for a in range(3)))
    values = np.where(far < 1, np.where(far < 0.5, 480.0, 600.0), 0.0)
    near = sum(((at[a] - BALL[a]) * side) ** 2 for a, side in enumerate((2.5, 2.5, 5.0)))
    values = ndimage.gaussian_filter(values * (1 + ball * (near <= 81)), (0.7, 0.7, 0)) + rng.normal(0, 12, SHAPE)
    whole = np.rint(values * gain).astype(np.int16)
    return Volume(whole, np.diag([2.5, 2.5, 5.0, 1.0]), STORED, Levels(0.0, 700.0 * gain), "scan.nii", "NIfTI")


def contrast(volume: Volume, axis: int = 2) -> Contrast:
    found = contrast_of(volume, axis, volume.levels)
    assert found is not None
    return found


def test_brightness_says_nothing() -> None:
    plain, darker = contrast(body(0, 0.4)), contrast(body(0, 0.4, gain=0.3))
    assert np.abs(plain.values - darker.values)[plain.body].mean() < 0.01
    assert plain.values.shape == (14, 47, 40)
    assert plain.box == darker.box


@pytest.mark.parametrize("share", [0.4, -0.4])
def test_what_no_reference_shows_is_found_at_its_place(share: float) -> None:
    known = usual_contrast([contrast(body(seed)) for seed in range(1, 5)])
    assert known is not None
    with_ball, without = (known.unusual(contrast(body(9, ball))) for ball in (share, 0.0))
    assert with_ball.max() > without.max() + 0.7
    slice_, row, column = np.unravel_index(with_ball.argmax(), with_ball.shape)
    marked = np.zeros(SHAPE, np.float32)
    marked[BALL] = 1
    shown = np.argwhere(upright(marked, 2, BALL[2]) == 1)[0]
    assert abs(int(slice_) - BALL[2]) <= 1
    assert np.hypot(*((np.array([row, column]) + 0.5) * 3.0 - (shown + 0.5) * 2.5)) <= 6.0


def test_one_reference_has_no_other_to_be_judged_by() -> None:
    assert usual_contrast([contrast(body(1))]) is None
    nothing = replace(body(1), values=np.zeros(SHAPE, np.int16))
    assert contrast_of(nothing, 2, nothing.levels) is None
    assert usual_contrast([contrast(body(1)), contrast(body(2)), None]) is None


def test_both_are_added_place_by_place() -> None:
    planes = np.full((3, 4, 4), -1.0, np.float32)
    planes[1, 2, 2] = 3.0
    unusual = np.full((3, 8, 8), -0.5, np.float32)
    unusual[1, 4:6, 4:6] = 1.0
    both = summed(planes, unusual)
    assert both.shape == (3, 8, 8)
    assert both[1, 4:6, 4:6].max() > both[1, 3, 3] > both[0].max() == pytest.approx(-1.5)
    said = ScanScore(3.0, 3.0, planes.max((1, 2)), planes)
    found = with_contrast(said, (0, 1, 2), unusual, threshold=1.0)
    assert found.logit == pytest.approx(float(both.max()) - 1.0)
    assert found.planes.max() == pytest.approx(found.logit)
    assert found.raw == pytest.approx(float(both.max()))
