"""Medical defect families: what a lesion must fulfil on any picture it applies to."""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from assistant.types import Domain
from assistant.vocabulary.defect_types import MEDICAL_TYPES
from data_builders.defects.medical import MEDICAL_DEFECTS
from data_builders.defects.medical.base import MedicalFamily
from data_builders.defects.medical.tissue import is_grey
from data_builders.defects.painting import lab_difference
from data_builders.types import DefectFamily, Kind, Picture

PHANTOM_NAMES = (
    "brain_mri",
    "chest_xray",
    "retinal_oct",
    "fundus",
    "ultrasound",
    "stained_tissue",
    "skin",
    "abdominal_ct",
)
each_family = pytest.mark.parametrize("family", MEDICAL_DEFECTS, ids=lambda family: family.name)


def scan(
    family: str = "folder", kind: Kind = Kind.OBJECT, colour: bool = False, side: int = 128, level: float = 110
) -> Picture:
    """An organ with layers, a vessel and noise on black."""
    rng = np.random.default_rng(7)
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / side - 0.5
    organ = (x / 0.42) ** 2 + (y / 0.46) ** 2 < 1
    grey = level + 25 * np.sin(y * 40 + 3 * np.sin(x * 9)) + rng.normal(0, 4, (side, side))
    grey[np.abs(x - 0.1 * np.sin(y * 12)) < 0.02] -= 45
    tint = np.array([1.25, 0.8, 0.7] if colour else [1.0, 1.0, 1.0])
    value = np.rint(grey) if not colour else grey
    pixels = np.clip(np.where(organ, value, 6)[..., None] * tint, 0, 255).astype(np.uint8)
    vessel = organ & (np.abs(x) < 0.08) & (np.abs(y) < 0.15)
    parts = {"ventricles": (vessel,)} if family == "brain_mri" else {}
    return Picture(pixels, organ, "organ", family, kind, Domain.MEDICAL, parts)


def suited(family: MedicalFamily[Any], **options: bool) -> Picture:
    """A picture the family applies to: a phantom where it names some, else a user's scan."""
    phantoms = family.phantoms or {"folder"}
    name = sorted(phantoms)[0]
    return scan(name, Kind.OBJECT if name == "folder" else Kind.PHANTOM, **options)


def test_names_are_unique_plenty_and_plain() -> None:
    names = [family.name for family in MEDICAL_DEFECTS]
    assert len(set(names)) == len(names) >= 10
    assert all(re.fullmatch(r"[a-z_]+", name) for name in names)
    assert {family.type for family in MEDICAL_DEFECTS} == set(MEDICAL_TYPES)


@each_family
@pytest.mark.parametrize("colour", [False, True], ids=["grey", "colour"])
def test_lesion_is_visible_marked_and_inside_the_organ(family: DefectFamily, colour: bool) -> None:
    picture = suited(family, colour=colour)
    before = picture.pixels.copy()
    made = [family.apply(picture, np.random.default_rng(seed)) for seed in range(8)]
    found = [defect for defect in made if defect is not None]
    assert len(found) >= 6
    assert np.array_equal(picture.pixels, before)
    for defect in found:
        assert defect.type in MEDICAL_TYPES
        assert defect.family == family.name
        assert defect.mask.any()
        assert not (defect.mask & ~picture.object_mask).any()
        assert defect.mask.mean() < 0.45
        difference = lab_difference(picture.pixels, defect.pixels)
        assert difference[~defect.mask].max(initial=0) <= 4.01
        assert difference[defect.mask].mean() > 6
        assert json.loads(json.dumps(dict(defect.parameters))) == dict(defect.parameters)
        if not colour:
            assert (defect.pixels == defect.pixels[..., :1]).all()


@each_family
def test_same_seed_same_bytes_and_other_seed_other_lesion(family: DefectFamily) -> None:
    picture = suited(family)
    first, again, other = (family.apply(picture, np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert first is not None
    assert again is not None
    assert other is not None
    assert np.array_equal(first.pixels, again.pixels)
    assert np.array_equal(first.mask, again.mask)
    assert first.parameters == again.parameters != other.parameters
    assert not np.array_equal(first.pixels, other.pixels)


@each_family
@pytest.mark.parametrize("level", [40.0, 215.0])
def test_dark_and_bright_organs_get_lesions_too(family: DefectFamily, level: float) -> None:
    picture = replace(suited(family), pixels=scan(level=level).pixels)
    assert any(family.apply(picture, np.random.default_rng(seed)) is not None for seed in range(3))


@each_family
def test_industrial_pictures_and_empty_masks_are_refused(family: DefectFamily) -> None:
    picture = suited(family)
    assert family.applies(picture)
    assert not family.applies(replace(picture, domain=Domain.INDUSTRIAL))
    assert not family.applies(replace(picture, object_mask=np.zeros_like(picture.object_mask)))


def test_lesions_go_where_they_make_sense() -> None:
    on = {name: {f.name for f in MEDICAL_DEFECTS if f.applies(scan(name, Kind.PHANTOM))} for name in PHANTOM_NAMES}
    assert "exudate" in on["fundus"] & on["retinal_oct"]
    assert "exudate" not in on["brain_mri"] | on["chest_xray"]
    assert "polyp" in on["skin"]
    assert "polyp" not in on["brain_mri"] | on["fundus"]
    assert "effusion" in on["chest_xray"]
    assert "effusion" not in on["skin"] | on["brain_mri"]
    scans = {f.name for kind in (Kind.OBJECT, Kind.SURFACE) for f in MEDICAL_DEFECTS if f.applies(scan("x", kind))}
    assert scans >= {"solid_mass", "cyst", "opacity", "calcification", "haemorrhage"}
    assert all(len(names) >= 8 for names in on.values())


def test_masses_come_small_and_large() -> None:
    family = next(f for f in MEDICAL_DEFECTS if f.name == "solid_mass")
    made = [family.apply(scan(), np.random.default_rng(seed)) for seed in range(40)]
    areas = [float(defect.mask.mean()) for defect in made if defect is not None]
    assert min(areas) < 0.01
    assert max(areas) > 0.06


def test_lesions_carry_the_noise_of_the_scan() -> None:
    picture = scan()
    family = next(f for f in MEDICAL_DEFECTS if f.name == "solid_mass")
    for seed in range(6):
        defect = family.apply(picture, np.random.default_rng(seed))
        assert defect is not None
        grey = defect.pixels[..., 0].astype(np.float32)
        fine = np.abs(np.diff(grey, axis=1))[defect.mask[:, 1:]].mean()
        assert fine > 1.5


def test_grey_pictures_are_told_from_colour_pictures() -> None:
    assert is_grey(scan().pixels)
    assert not is_grey(scan(colour=True).pixels)


def test_lesions_are_quick() -> None:
    picture = scan(side=256)
    fitting = [family for family in MEDICAL_DEFECTS if family.applies(picture)]
    start = time.process_time()
    for family in fitting:
        for seed in range(2):
            family.apply(picture, np.random.default_rng(seed))
    assert (time.process_time() - start) / (2 * len(fitting)) < 0.1
