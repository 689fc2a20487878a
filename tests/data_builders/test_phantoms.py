"""Medical phantoms: what every generator must fulfil, and what makes brain slices brain slices."""

from __future__ import annotations

import pickle
import time
from dataclasses import replace

import numpy as np
import pytest

from assistant.types import Domain
from data_builders.defects.medical import MEDICAL_DEFECTS
from data_builders.sources.phantoms import PHANTOMS
from data_builders.sources.phantoms.brain import BrainDesign, BrainScan
from data_builders.sources.phantoms.brain_tissue import CONTRASTS
from data_builders.types import Kind, Picture, SourceFamily

each_phantom = pytest.mark.parametrize("family", PHANTOMS, ids=lambda family: family.name)


def take(family: SourceFamily, design: int, shot: int, size: tuple[int, int] = (128, 128)) -> Picture:
    return family.render(family.design(np.random.default_rng(design)), np.random.default_rng(shot), size)


def brain(
    plane: str, contrast: str, seed: int, level: float = 3.0, stripped: bool = False
) -> tuple[BrainDesign, Picture]:
    family = BrainScan()
    drawn = family.design(np.random.default_rng(seed))
    design = replace(
        drawn,
        plane=plane,
        contrast=contrast,
        level=level,
        stripped=stripped,
        zoom=1.0,
        window=(0.0, 1.0, 1.0),
        shading=0.02,
    )
    return design, family.render(design, np.random.default_rng(seed), (192, 192))


def test_names_are_unique_and_plenty() -> None:
    names = [family.name for family in PHANTOMS]
    assert len(set(names)) == len(names) >= 7
    assert all(family.kind is Kind.PHANTOM and family.domain is Domain.MEDICAL for family in PHANTOMS)


@each_phantom
@pytest.mark.parametrize("size", [(96, 96), (120, 88), (84, 130)])
def test_pictures_and_masks_fit_the_size_asked_for(family: SourceFamily, size: tuple[int, int]) -> None:
    for seed in range(4):
        picture = take(family, seed, seed, size)
        assert picture.pixels.shape == (*size, 3)
        assert picture.pixels.dtype == np.uint8
        assert picture.object_mask.shape == size
        assert picture.object_mask.mean() > 0.02
        assert picture.family == family.name
        assert picture.kind is Kind.PHANTOM
        assert picture.domain is Domain.MEDICAL
        assert picture.object_name
        assert picture.pixels.std() > 8
        for masks in picture.parts.values():
            assert all(mask.shape == size and mask.dtype == bool for mask in masks)


@each_phantom
def test_same_seed_same_bytes_and_other_seed_other_picture(family: SourceFamily) -> None:
    first, again, other = take(family, 1, 2), take(family, 1, 2), take(family, 1, 3)
    assert np.array_equal(first.pixels, again.pixels)
    assert np.array_equal(first.object_mask, again.object_mask)
    assert not np.array_equal(first.pixels, other.pixels)


@each_phantom
def test_designs_can_be_sent_to_workers(family: SourceFamily) -> None:
    design = family.design(np.random.default_rng(5))
    copy = pickle.loads(pickle.dumps(design))
    a = family.render(design, np.random.default_rng(1), (96, 96))
    b = family.render(copy, np.random.default_rng(1), (96, 96))
    assert np.array_equal(a.pixels, b.pixels)


@each_phantom
def test_renders_of_a_design_resemble_each_other_more_than_other_designs(family: SourceFamily) -> None:
    def tone(picture: Picture) -> np.ndarray:
        inside = picture.pixels[picture.object_mask].astype(np.float64)
        return np.concatenate([inside.mean(0), inside.std(0)])

    within, between = [], []
    for seed in range(6):
        a, b, c = (tone(take(family, d, s)) for d, s in ((seed, 50), (seed, 51), (seed + 20, 52)))
        within.append(float(np.abs(a - b).mean()))
        between.append(float(np.abs(a - c).mean()))
    assert np.mean(within) < np.mean(between)


@each_phantom
def test_some_lesion_grows_on_it(family: SourceFamily) -> None:
    picture = take(family, 2, 4, (160, 160))
    fitting = [defect for defect in MEDICAL_DEFECTS if defect.applies(picture)]
    grown = [defect.apply(picture, np.random.default_rng(seed)) for seed, defect in enumerate(fitting)]
    assert len(fitting) >= 6
    assert sum(found is not None for found in grown) >= 0.6 * len(fitting)


@pytest.mark.parametrize("contrast", CONTRASTS)
def test_brain_tissues_have_the_order_of_their_contrast(contrast: str) -> None:
    _, picture = brain("axial", contrast, 11, level=2.1)
    grey = picture.pixels[..., 0].astype(float)

    def mean(part: str) -> float:
        return float(np.mean([grey[mask].mean() for mask in picture.parts[part]]))

    fluid, white, cortex = mean("ventricles"), mean("white matter"), mean("grey matter")
    if contrast == "t2":
        assert fluid > cortex > white
    elif contrast in ("t1", "t1_contrast"):
        assert fluid < cortex < white
    elif contrast in ("flair", "ct"):
        assert fluid < white < cortex


@pytest.mark.parametrize("level", [0.2, 1.2, 2.1, 3.0, 4.2])
def test_axial_brain_is_nearly_symmetric_but_not_exactly(level: float) -> None:
    design, picture = brain("axial", "t1", 5, level)
    mask = picture.object_mask
    columns = np.flatnonzero(mask.any(0))
    middle = int(columns[0] + columns[-1]) // 2
    half = min(middle, mask.shape[1] - 1 - middle)
    left, right = mask[:, middle - half : middle], mask[:, middle + 1 : middle + half + 1][:, ::-1]
    overlap = (left & right).sum() / (left | right).sum()
    assert 0.6 < overlap < 0.999, design


def test_skull_stripped_brain_stands_on_black() -> None:
    _, picture = brain("axial", "flair", 8, stripped=True)
    corner = picture.pixels[:12, :12].mean()
    assert corner < 14
    assert "skull" not in picture.parts


@pytest.mark.parametrize("plane", ["axial", "coronal", "sagittal"])
def test_brain_lesion_area_is_the_brain_without_the_skull(plane: str) -> None:
    _, picture = brain(plane, "t2", 3)
    for mask in picture.parts["white matter"]:
        assert (mask & picture.object_mask).sum() >= 0.97 * mask.sum()
    for mask in picture.parts["skull"]:
        assert not (mask & picture.object_mask).any()


def test_phantoms_are_quick() -> None:
    start = time.process_time()
    for family in PHANTOMS:
        for seed in range(2):
            take(family, seed, seed, (256, 256))
    assert (time.process_time() - start) / (2 * len(PHANTOMS)) < 0.25
