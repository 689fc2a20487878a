"""Defects of whole objects: pieces, bends, swaps and what is gone, on objects seen against a background."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from assistant.types import Domain
from data_builders.defects import by_name
from data_builders.defects.industrial.whole import background, specimens, stands_free
from data_builders.types import Kind, Mask, Picture

WHOLE = ("broken apart", "bent", "missing region")


def _picture(inside: Mask, side: int = 140) -> Picture:
    """A bright thing with a dark stripe and a dark corner on a noisy green table."""
    table = np.array([40, 110, 60]) + np.random.default_rng(3).normal(0, 4, (side, side, 1))
    pixels = np.where(inside[..., None], (205, 200, 190), table).clip(0, 255).astype(np.uint8)
    pixels[inside & (np.arange(side)[:, None] < side // 2 - 12)] = (60, 50, 90)
    return Picture(pixels, inside, "block", "folder", Kind.OBJECT, Domain.INDUSTRIAL)


def _block(side: int = 140) -> Mask:
    inside = np.zeros((side, side), bool)
    inside[35:100, 30:110] = True
    inside[60:74, 110:128] = True
    return inside


@pytest.mark.parametrize("name", WHOLE)
def test_they_need_an_object_with_background_around_it(name):
    everywhere = np.ones((140, 140), bool)
    assert by_name(name).applies(_picture(_block()))
    assert not by_name(name).applies(_picture(everywhere))
    assert not by_name(name).applies(replace(_picture(_block()), kind=Kind.SURFACE))
    assert not stands_free(_picture(everywhere))


def test_the_background_holds_nothing_of_the_object():
    picture = _picture(_block())
    behind = background(picture)
    assert np.abs(behind - (40, 110, 60)).max() < 30
    assert 2 < behind[picture.object_mask].std(0)[0] < 8


@pytest.mark.parametrize("name", ["broken apart", "missing region"])
def test_what_is_gone_shows_the_background(name):
    picture = _picture(_block())
    gone = [d for seed in range(12) if (d := by_name(name).apply(picture, np.random.default_rng(seed))) is not None]
    gone = [d for d in gone if d.type == "missing part"]
    assert gone
    for defect in gone:
        inner = cv2.erode((defect.mask & picture.object_mask).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
        assert np.abs(defect.pixels[inner].astype(int) - (40, 110, 60)).mean() < 12


def test_pieces_lie_apart_and_both_are_there():
    picture = _picture(_block())
    found = [by_name("broken apart").apply(picture, np.random.default_rng(seed)) for seed in range(20)]
    apart = [d for d in found if d is not None and d.type == "crack"]
    assert apart
    for defect in apart:
        bright = defect.pixels[..., 0] > 150
        assert 0.7 < bright.sum() / (picture.pixels[..., 0] > 150).sum() < 1.1


def test_one_of_several_things_is_hit_alone():
    several = np.zeros((140, 140), bool)
    several[20:50, 20:50] = several[20:50, 90:120] = several[85:115, 55:85] = True
    picture = _picture(several)
    assert len(specimens(several)) == 3
    for name in WHOLE:
        defects = [by_name(name).apply(picture, np.random.default_rng(seed)) for seed in range(6)]
        assert any(d is not None for d in defects)
        for defect in defects:
            if defect is not None:
                assert sum((defect.mask & thing).any() for thing in specimens(several)) == 1


def test_a_whole_object_is_turned_over_only_where_its_pose_is_fixed():
    free, fixed = _picture(_block()), replace(_picture(_block()), fixed_pose=True)
    ways = {
        pose: {
            d.parameters["way"]
            for seed in range(30)
            if (d := by_name("swapped").apply(picture, np.random.default_rng(seed))) is not None
        }
        for pose, picture in (("free", free), ("fixed", fixed))
    }
    assert "whole" not in ways["free"]
    assert "whole" in ways["fixed"]


def test_a_plain_object_cannot_be_put_together_wrongly():
    picture = _picture(_block())
    plain = np.where(picture.object_mask[..., None], 200, picture.pixels).astype(np.uint8)
    for seed in range(6):
        assert by_name("swapped").apply(replace(picture, pixels=plain), np.random.default_rng(seed)) is None
