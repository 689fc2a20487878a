"""Object families: contract of SourceFamily, parts, and edits that change only what they say."""

from __future__ import annotations

import pickle
import re

import numpy as np
import pytest

from assistant.errors import ConfigError
from assistant.types import Domain
from data_builders.sources.objects import OBJECTS
from data_builders.sources.objects.board_scans import BoardScan
from data_builders.sources.objects.drawing import Canvas, Placement, circle
from data_builders.sources.objects.family import ImpossibleEditError, Leeway, edited
from data_builders.sources.objects.routing import point_on, route
from data_builders.types import Edit, Kind, Picture, SourceFamily

each_family = pytest.mark.parametrize("family", OBJECTS, ids=lambda family: family.name)
ACTIONS = ("omit", "shift", "rotate", "extra", "bend")


def picture_of(family: SourceFamily, seed: int = 0, size: tuple[int, int] = (128, 160)) -> Picture:
    """One picture of a design drawn from ``seed``."""
    return family.render(family.design(np.random.default_rng(seed)), np.random.default_rng(seed + 1), size)


def flat_parts(picture: Picture) -> list[np.ndarray]:
    """All part masks in the order that ``Edit.part`` counts."""
    return [mask for masks in picture.parts.values() for mask in masks]


def test_names_are_unique_and_plenty() -> None:
    names = [family.name for family in OBJECTS]
    assert len(set(names)) == len(names) >= 12


@each_family
def test_render_follows_the_contract(family: SourceFamily) -> None:
    assert isinstance(family, SourceFamily)
    for seed, size in enumerate([(96, 96), (97, 151), (200, 120)]):
        picture = picture_of(family, seed, size)
        assert picture.pixels.shape == (*size, 3)
        assert picture.pixels.dtype == np.uint8
        assert picture.object_mask.shape == size
        assert picture.object_mask.mean() > 0.01
        assert (picture.kind, picture.domain, picture.family) == (Kind.OBJECT, Domain.INDUSTRIAL, family.name)
        assert picture.pixels.std() > 5
        for mask in flat_parts(picture):
            assert mask.shape == size
            assert mask.dtype == bool
            assert mask.any()


@each_family
def test_same_seed_same_bytes_and_other_seed_other_picture(family: SourceFamily) -> None:
    design = pickle.loads(pickle.dumps(family.design(np.random.default_rng(3))))
    assert design == family.design(np.random.default_rng(3)) != family.design(np.random.default_rng(4))
    first, again, other = (family.render(design, np.random.default_rng(seed), (96, 96)) for seed in (5, 5, 6))
    assert np.array_equal(first.pixels, again.pixels)
    assert np.array_equal(first.object_mask, again.object_mask)
    assert not np.array_equal(first.pixels, other.pixels)


@each_family
def test_edits_leave_the_rest_of_the_picture_alone(family: SourceFamily) -> None:
    picture = picture_of(family, 7)
    if picture.rerender is None:
        return
    before = picture.pixels.copy()
    changes = 0
    for part in range(0, len(flat_parts(picture)), max(1, len(flat_parts(picture)) // 4)):
        for action in ACTIONS:
            changed = picture.rerender(Edit(action, part, 0.7, 1.0))
            if changed is not None:
                changes += 1
                share = (changed != picture.pixels).any(axis=2).mean()
                assert changed.shape == picture.pixels.shape
                assert 0 < share < 0.6
    assert changes > 0
    assert np.array_equal(picture.pixels, before)


def test_enough_families_support_each_edit() -> None:
    supporting = dict.fromkeys(ACTIONS, 0)
    for family in OBJECTS:
        found = set()
        for seed in range(3):
            picture = picture_of(family, seed, (96, 96))
            for action in ACTIONS:
                if picture.rerender and picture.rerender(Edit(action, 0, 0.7, 0.3)) is not None:
                    found.add(action)
        for action in found:
            supporting[action] += 1
    assert supporting["omit"] >= 8, supporting
    assert supporting["shift"] >= 5, supporting
    assert supporting["extra"] >= 5, supporting


def test_an_edit_changes_the_pixels_of_its_part() -> None:
    family = next(family for family in OBJECTS if family.name == "assortment")
    picture = picture_of(family, 1, (160, 160))
    assert picture.rerender is not None
    masks = picture.parts["instance"]
    changed = picture.rerender(Edit("omit", 1))
    assert changed is not None
    difference = (changed != picture.pixels).any(axis=2)
    assert difference[masks[1]].mean() > 0.8
    assert not difference[masks[-1]].any()


def test_unknown_action_and_part_out_of_range() -> None:
    picture = picture_of(OBJECTS[0])
    assert picture.rerender is not None
    assert picture.rerender(Edit("omit", 10_000)) is None
    with pytest.raises(ConfigError, match=re.escape("got 'melt'")):
        picture.rerender(Edit("melt", 0))


def test_tiny_picture_is_refused() -> None:
    with pytest.raises(ConfigError, match="at least 32 pixels, got 8x200"):
        picture_of(OBJECTS[0], size=(8, 200))


def test_board_scan_is_binary_and_edits_add_or_remove_copper() -> None:
    family = BoardScan()
    design = next(d for d in (family.design(np.random.default_rng(seed)) for seed in range(20)) if d.copper_white)
    picture = family.render(design, np.random.default_rng(0), (320, 320))
    assert set(np.unique(picture.pixels)) == {0, 255}
    assert picture.rerender is not None
    trace = max(range(len(picture.parts["trace"])), key=lambda index: picture.parts["trace"][index].sum())
    opened = picture.rerender(Edit("omit", trace, 0.8, 2.0))
    spur = picture.rerender(Edit("extra", trace, 0.3, 2.0))
    bite = picture.rerender(Edit("bend", trace, 0.9, 2.0))
    assert opened is not None
    assert spur is not None
    assert bite is not None
    assert opened.sum() < picture.pixels.sum() < spur.sum()
    assert bite.sum() < picture.pixels.sum()


def test_traces_do_not_share_nodes() -> None:
    traces = route(np.random.default_rng(0), 16, 20)
    assert len(traces) >= 8
    corners = [corner for trace in traces for corner in trace]
    assert len(corners) == len(set(corners))
    assert point_on(((0.0, 0.0), (1.0, 0.0)), 0.25) == ((0.25, 0.0), (1.0, 0.0))


def test_canvas_pose_puts_parts_where_they_belong() -> None:
    canvas = Canvas(np.zeros((100, 140, 3), dtype=np.float32), 40.0, (70.0, 50.0), np.pi / 2)
    patch = canvas.patch(Placement(0.5, 0.0), 0.2)
    mask = patch.mask(patch.cover(circle(patch.x, patch.y, 0.1)))
    rows, columns = np.nonzero(mask)
    assert (rows.mean() + 0.5, columns.mean() + 0.5) == pytest.approx((70.0, 70.0), abs=0.2)
    assert mask.sum() == pytest.approx(np.pi * 16, rel=0.1)


def test_edited_parts() -> None:
    parts, leeway = [Placement(0.0, 0.0), Placement(1.0, 0.0)], Leeway(0.5)
    assert edited(parts, None, leeway) == parts
    assert edited(parts, Edit("omit", 5), leeway) == parts
    assert edited(parts, Edit("omit", 4), leeway, first=3) == parts[:1]
    assert edited(parts, Edit("shift", 0, 1.0, 0.0), leeway)[0].x == pytest.approx(0.5)
    assert len(edited(parts, Edit("extra", 0), leeway)) == 3
    with pytest.raises(ImpossibleEditError):
        edited(parts, Edit("extra", 0), Leeway(0.5, fits=lambda x, y: False))
    with pytest.raises(ImpossibleEditError):
        edited(parts, Edit("bend", 0), Leeway(0.5, frozenset({"omit"})))
