"""The camera of a design and what it does to a picture."""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import pairwise

import numpy as np
import pytest

from data_builders.benign import add_benign
from data_builders.capture import Capture, develop, draw_capture, is_colourless, shot, unevenly_lit
from data_builders.types import Kind

SCENE = np.random.default_rng(5).integers(40, 200, (48, 72, 3), np.uint8)


def _rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_the_default_camera_changes_nothing():
    assert np.array_equal(develop(SCENE, Capture(), _rng()), SCENE)
    assert draw_capture(_rng(), Kind.OBJECT, False, strength=0.0) == Capture(jitter=0.0)


@pytest.mark.parametrize(
    "change",
    [
        {"resolution": 0.5}, {"defocus": 1.0}, {"motion": 5.0}, {"read_noise": 4.0}, {"shot_noise": 0.3},
        {"exposure": 1.2},
        {"white_balance": (1.1, 1.0, 0.9)}, {"vignetting": 0.4}, {"gradient": 0.4}, {"gamma": 1.3}, {"contrast": 0.8},
        {"offset": 9.0}, {"sharpening": 0.5}, {"grey": True}, {"jpeg_quality": 40},
    ],
    ids=lambda c: next(iter(c)),
)  # fmt: skip
def test_each_effect_changes_the_picture_and_keeps_its_size(change):
    developed = develop(SCENE, replace(Capture(), **change), _rng())
    assert developed.shape == SCENE.shape
    assert developed.dtype == np.uint8
    assert np.abs(developed.astype(int) - SCENE).mean() > 1


def test_nothing_moves():
    scene = np.full((64, 64, 3), 60, np.uint8)
    scene[20:30, 40:50] = 200
    for seed in range(40):
        capture = draw_capture(_rng(seed), Kind.SURFACE, False)
        bright = develop(scene, capture, _rng(seed)).mean(-1)
        bright -= np.median(bright)
        ys, xs = np.nonzero(bright > bright.max() / 2)
        assert abs(ys.mean() - 24.5) < 1.5, seed
        assert abs(xs.mean() - 44.5) < 1.5, seed


def test_noise_grows_with_its_setting_and_is_the_same_for_the_same_seed():
    flat = np.full((64, 64, 3), 120, np.uint8)
    spreads = [
        develop(flat, Capture(read_noise=s, noise_grain=g), _rng()).std()
        for s, g in ((1.0, 0.0), (4.0, 0.0), (4.0, 0.8))
    ]
    assert spreads[0] == pytest.approx(1, abs=0.2)
    assert spreads[1] == pytest.approx(4, abs=0.4)
    assert 2 < spreads[2] < 6
    noisy = Capture(read_noise=4.0)
    assert np.array_equal(develop(flat, noisy, _rng(3)), develop(flat, noisy, _rng(3)))


def test_a_grey_scene_stays_grey():
    scene = np.repeat(SCENE[..., :1], 3, axis=2)
    assert is_colourless(scene)
    assert not is_colourless(SCENE)
    for seed in range(30):
        capture = shot(draw_capture(_rng(seed), Kind.PHANTOM, True), _rng(seed))
        assert is_colourless(develop(scene, capture, _rng(seed)))


def test_most_cameras_are_good_and_some_are_bad():
    flat = np.full((32, 32, 3), 128, np.uint8)
    harm = [np.abs(develop(flat, draw_capture(_rng(s), Kind.OBJECT, False), _rng(s)).astype(int) - 128).mean()
            for s in range(200)]  # fmt: skip
    assert np.median(harm) < 18
    assert max(harm) > 25


def test_shots_of_one_camera_are_closer_than_two_cameras():
    def level(capture: Capture, seed: int) -> float:
        return float(develop(SCENE, shot(capture, _rng(seed)), _rng(seed)).mean())

    cameras = [draw_capture(_rng(s), Kind.OBJECT, False) for s in range(40)]
    within = np.mean([abs(level(c, 1) - level(c, 2)) for c in cameras])
    between = np.mean([abs(level(a, 1) - level(b, 1)) for a, b in pairwise(cameras)])
    assert within < between / 2


def test_every_drawn_value_is_a_plain_number():
    capture = draw_capture(_rng(), Kind.OBJECT, False)
    assert all(type(getattr(capture, f.name)) in (int, float, bool, tuple) for f in fields(capture))


@pytest.mark.parametrize("kind", list(Kind))
def test_harmless_marks_are_faint(kind):
    flat = np.full((128, 160, 3), 128, np.uint8)
    changes = [np.abs(add_benign(flat, _rng(s), kind).astype(int) - 128) for s in range(60)]
    assert np.mean([c.any() for c in changes]) > 0.9
    assert np.median([c.max() for c in changes]) < 25
    assert max(c.mean() for c in changes) < 20


def test_uneven_light_differs_from_shot_to_shot_and_is_smooth():
    flat = np.full((90, 120, 3), 120, np.uint8)
    even = Capture(jitter=0.0)
    assert np.array_equal(develop(flat, shot(even, _rng(1)), _rng()), flat)
    camera = unevenly_lit(even, Kind.SURFACE, _rng(4))
    pictures = [develop(flat, shot(camera, _rng(seed)), _rng()).mean(-1) for seed in range(20)]
    spans = [np.ptp(p) for p in pictures]
    assert 8 < np.median(spans) < 110
    assert all(np.abs(np.diff(p, axis=0)).max() <= 4 and np.abs(np.diff(p, axis=1)).max() <= 4 for p in pictures)
    assert np.abs(pictures[0] - pictures[1]).mean() > 2
    weaker = [unevenly_lit(even, Kind.PHANTOM, _rng(s)).uneven for s in range(20)]
    assert max(weaker) < 0.1
