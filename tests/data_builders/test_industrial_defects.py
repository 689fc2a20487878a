"""Industrial defects: the mask says what changed, the type is known, the same seed gives the same bytes."""

from __future__ import annotations

import json
from functools import cache

import cv2
import numpy as np
import pytest

from assistant.types import Domain
from assistant.vocabulary.defect_types import INDUSTRIAL_TYPES
from data_builders.defects import ALL_DEFECTS, INDUSTRIAL_DEFECTS, by_name
from data_builders.defects.industrial.solar_cell import find_cell
from data_builders.defects.painting import PERCEPTIBLE, changed_mask, elsewhere, lab_difference
from data_builders.types import Defect, DefectFamily, Edit, Kind, Picture, Pixels

FAMILIES = [pytest.param(family, id=family.name) for family in INDUSTRIAL_DEFECTS]


def surface(height: int = 144, width: int = 144, grey: bool = False, period: float = 0.0) -> Picture:
    """A photo of a user: noisy plain sheet, or one with vertical lines."""
    rng = np.random.default_rng(5)
    level = 130 + 7 * rng.standard_normal((height, width))
    if period:
        level = level + 45 * np.sin(np.arange(width) * 2 * np.pi / period)[None, :]
    tint = np.ones(3) if grey else np.array([1.1, 0.95, 0.8])
    pixels = np.clip(level[..., None] * tint, 0, 255).astype(np.uint8)
    return picture_of(pixels, np.ones((height, width), bool), Kind.SURFACE)


def board(size: int = 144) -> Picture:
    """Copper tracks on green laminate."""
    pixels = np.full((size, size, 3), (25, 75, 40), np.uint8)
    for x in range(18, size, 30):
        cv2.line(pixels, (x, 0), (x, size), (212, 168, 92), 9)
    return picture_of(pixels, np.ones((size, size), bool), Kind.SURFACE)


def plate(size: int = 144) -> Picture:
    """A disc with dark holes on a dark table."""
    pixels = np.full((size, size, 3), 40, np.uint8)
    inside = np.zeros((size, size), np.uint8)
    cv2.circle(inside, (size // 2, size // 2), int(0.4 * size), 1, -1)
    pixels[inside > 0] = (176, 178, 184)
    for x, y in ((0.35, 0.4), (0.65, 0.4), (0.5, 0.68)):
        cv2.circle(pixels, (int(x * size), int(y * size)), 9, (60, 60, 64), -1)
    return picture_of(pixels, inside > 0, Kind.OBJECT)


def cell(height: int = 144, width: int = 144) -> Picture:
    """A glowing cell with two upright busbars."""
    level = 120 + 4 * np.random.default_rng(6).standard_normal((height, width))
    for x in (width // 4, 3 * width // 4):
        level[:, x - 2 : x + 3] = 30
    pixels = np.repeat(np.clip(level, 0, 255)[..., None], 3, 2).astype(np.uint8)
    return picture_of(pixels, np.ones((height, width), bool), Kind.SURFACE)


def picture_of(pixels: Pixels, object_mask: np.ndarray, kind: Kind) -> Picture:
    return Picture(pixels, np.asarray(object_mask, bool), "sample", "folder", kind, Domain.INDUSTRIAL)


PICTURES = {"plain": surface(), "lines": surface(period=12), "board": board(), "plate": plate(), "cell": cell()}


@cache
def defects_of(family: DefectFamily) -> list[tuple[Picture, Defect]]:
    """What the family makes of every picture it applies to, with four seeds."""
    made = []
    for picture in PICTURES.values():
        if family.applies(picture):
            for seed in range(4):
                defect = family.apply(picture, np.random.default_rng(seed))
                if defect is not None:
                    made.append((picture, defect))
    return made


@pytest.mark.parametrize("family", FAMILIES)
def test_mask_is_what_visibly_changed(family: DefectFamily) -> None:
    made = defects_of(family)
    assert made, "applies to none of the pictures"
    for picture, defect in made:
        difference = lab_difference(picture.pixels, defect.pixels)
        assert difference[~defect.mask].max(initial=0.0) <= PERCEPTIBLE
        assert difference[defect.mask].mean() >= 7.0
        assert (difference[defect.mask] > PERCEPTIBLE).mean() > 0.4
        assert np.count_nonzero(defect.mask) >= 9
        assert defect.mask.mean() < 0.55


@pytest.mark.parametrize("family", FAMILIES)
def test_label_and_parameters_are_ready_for_metadata(family: DefectFamily) -> None:
    for picture, defect in defects_of(family):
        assert defect.type in INDUSTRIAL_TYPES
        assert defect.family == family.name
        assert defect.pixels.dtype == np.uint8
        assert defect.pixels.shape == picture.pixels.shape
        assert json.loads(json.dumps(defect.parameters)) == dict(defect.parameters)


@pytest.mark.parametrize("family", FAMILIES)
def test_same_seed_same_bytes_and_source_untouched(family: DefectFamily) -> None:
    for picture in PICTURES.values():
        if not family.applies(picture):
            continue
        before = picture.pixels.copy()
        first, second = (family.apply(picture, np.random.default_rng(9)) for _ in range(2))
        np.testing.assert_array_equal(picture.pixels, before)
        assert (first is None) == (second is None)
        if first is not None and second is not None:
            np.testing.assert_array_equal(first.pixels, second.pixels)
            np.testing.assert_array_equal(first.mask, second.mask)
            assert first.parameters == second.parameters


ODD = {"wide": surface(64, 192), "tall and lined": surface(192, 64, period=10), "grey": surface(96, 96, grey=True)}


@pytest.mark.parametrize(
    ("family", "picture"),
    [
        pytest.param(family, picture, id=f"{family.name}-{name}")
        for family in INDUSTRIAL_DEFECTS
        for name, picture in ODD.items()
        if family.applies(picture)
    ],
)
def test_odd_pictures(family: DefectFamily, picture: Picture) -> None:
    for seed in range(3):
        defect = family.apply(picture, np.random.default_rng(seed))
        if defect is not None:
            assert defect.mask.shape == picture.object_mask.shape
            assert defect.mask.any()


@pytest.mark.parametrize("family", FAMILIES)
def test_flat_black_and_flat_white_never_yield_an_invisible_defect(family: DefectFamily) -> None:
    for level in (0, 255):
        picture = picture_of(np.full((96, 96, 3), level, np.uint8), np.ones((96, 96), bool), Kind.SURFACE)
        if family.applies(picture):
            defect = family.apply(picture, np.random.default_rng(1))
            if defect is not None:
                assert lab_difference(picture.pixels, defect.pixels)[defect.mask].mean() >= 7.0


def test_every_type_of_the_vocabulary_is_made() -> None:
    made = {defect.type for family in INDUSTRIAL_DEFECTS for _, defect in defects_of(family)}
    assert made == set(INDUSTRIAL_TYPES)


def test_defects_stay_on_the_object() -> None:
    picture = PICTURES["plate"]
    for name in ("scratch", "stain", "discolouration", "hole", "chip", "corrosion"):
        defect = by_name(name).apply(picture, np.random.default_rng(3))
        assert defect is not None
        assert not (defect.mask & ~picture.object_mask).any()


def test_medical_and_phantom_pictures_are_left_alone() -> None:
    pixels = PICTURES["plain"].pixels
    whole = np.ones(pixels.shape[:2], bool)
    scan = Picture(pixels, whole, "brain", "brain", Kind.PHANTOM, Domain.MEDICAL)
    assert not any(family.applies(scan) for family in INDUSTRIAL_DEFECTS)


def test_board_faults_need_a_board() -> None:
    for name in ("open circuit", "short circuit", "pin hole"):
        assert by_name(name).applies(PICTURES["board"])
        assert not by_name(name).applies(PICTURES["plate"])
        assert not by_name(name).applies(PICTURES["plain"])


def test_missing_part_is_redrawn_where_the_generator_can() -> None:
    """The mask covers the part and nothing but what the generator changed."""
    hole = np.zeros((96, 96), bool)
    hole[40:56, 40:56] = True
    full = np.full((96, 96, 3), 180, np.uint8)
    full[hole] = 30
    asked: list[Edit] = []

    def rerender(edit: Edit) -> Pixels | None:
        asked.append(edit)
        return np.full((96, 96, 3), 180, np.uint8) if edit.action == "omit" else None

    picture = Picture(
        full, np.ones((96, 96), bool), "plate", "plate", Kind.OBJECT, Domain.INDUSTRIAL, {"hole": (hole,)}, rerender
    )
    defect = by_name("missing part").apply(picture, np.random.default_rng(0))
    assert defect is not None
    np.testing.assert_array_equal(defect.mask, hole)
    assert {(edit.action, edit.part) for edit in asked} == {("omit", 0)}
    assert by_name("misplacement").apply(picture, np.random.default_rng(0)) is None


def test_sizes_and_contrasts_vary_widely() -> None:
    areas, changes = [], []
    picture = PICTURES["plain"]
    for name in ("scratch", "stain", "discolouration", "crack", "corrosion"):
        for seed in range(12):
            defect = by_name(name).apply(picture, np.random.default_rng(seed))
            if defect is not None:
                areas.append(float(defect.mask.mean()))
                changes.append(float(lab_difference(picture.pixels, defect.pixels)[defect.mask].mean()))
    assert min(areas) < 0.004
    assert max(areas) > 0.1
    assert min(changes) < 11
    assert max(changes) > 22


def test_changed_mask_ignores_specks_and_what_lies_outside_the_region() -> None:
    before = np.full((40, 60, 3), 120, np.uint8)
    after = before.copy()
    after[5:15, 5:15] = 160
    after[30, 30] = 200
    after[20:30, 45:55] = 160
    region = np.ones((40, 60), bool)
    region[:, 40:] = False
    expected = np.zeros((40, 60), bool)
    expected[5:15, 5:15] = True
    np.testing.assert_array_equal(changed_mask(before, after, region), expected)
    assert not changed_mask(before, before, region).any()


def test_elsewhere_shows_another_place_of_the_same_picture() -> None:
    pixels = PICTURES["lines"].pixels
    other = elsewhere(pixels, np.random.default_rng(0))
    assert other.shape == pixels.shape
    assert (other != pixels).any()
    assert set(np.unique(other)) <= set(np.unique(pixels))


def test_names_are_unique_and_findable() -> None:
    names = [family.name for family in ALL_DEFECTS]
    assert len(names) == len(set(names))
    assert all(by_name(name).name == name for name in names)
    with pytest.raises(Exception, match="expected one of the defect families"):
        by_name("no such defect")


@pytest.mark.parametrize("family", FAMILIES)
def test_follows_the_protocol(family: DefectFamily) -> None:
    assert isinstance(family, DefectFamily)
    assert family.domains == frozenset({Domain.INDUSTRIAL})


@pytest.mark.parametrize("name", ["cell crack", "inactive area", "finger interruption"])
def test_cell_defects_need_a_cell_and_darken_between_its_busbars(name: str) -> None:
    family = by_name(name)
    assert not any(family.applies(picture) for key, picture in PICTURES.items() if key != "cell")
    for picture in (cell(), cell(120, 200)):
        for seed in range(4):
            defect = family.apply(picture, np.random.default_rng(seed))
            if defect is None:
                continue
            changed = defect.pixels[defect.mask].mean() - picture.pixels[defect.mask].mean()
            assert changed < -10
            bars = picture.pixels[..., 0].mean(0) < 60
            assert (defect.pixels[:, bars] == picture.pixels[:, bars]).mean() > 0.99


def test_cell_is_read_in_both_directions() -> None:
    upright = cell(120, 160)
    level = picture_of(np.ascontiguousarray(upright.pixels.transpose(1, 0, 2)), upright.object_mask.T, Kind.SURFACE)
    first, second = find_cell(upright), find_cell(level)
    assert first is not None
    assert second is not None
    assert (first.turned, second.turned) == (False, True)
    np.testing.assert_allclose(first.bars, (40.5, 120.5), atol=1)
    assert first.bars == second.bars


def test_stains_come_in_every_form_from_faint_to_strong() -> None:
    made = [by_name("stain").apply(surface(), np.random.default_rng(seed)) for seed in range(60)]
    found = [defect for defect in made if defect is not None]
    assert {str(defect.parameters["form"]) for defect in found} == {
        "ring", "soaked", "bleeding", "blot", "spatter", "bleach",
    }  # fmt: skip
    areas = [float(defect.mask.mean()) for defect in found]
    assert min(areas) < 0.015
    assert max(areas) > 0.12
    changes = [lab_difference(surface().pixels, defect.pixels)[defect.mask].mean() for defect in found]
    assert min(changes) < 12
    assert max(changes) > 25
