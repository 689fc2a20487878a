"""Scales that medical files state: whose they are, of which plane, and what is no scale."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from assistant.errors import ConfigError
from assistant.inquiry import Inquiry, read_spacing
from assistant.pictures.images import load_image
from tests.scan_files import dicom_file, nifti_file


def dicom(tmp_path: Path, **fields: Any) -> Path:
    import pydicom

    path = dicom_file(tmp_path / "a.dcm")
    file = pydicom.dcmread(path)
    for name, value in fields.items():
        setattr(file, name, value)
    file.save_as(path)
    return path


@pytest.mark.parametrize(
    ("fields", "spacing", "of"),
    [
        ({}, None, None),
        ({"PixelSpacing": [0.5, 0.25]}, (0.5, 0.25), "object"),
        ({"ImagerPixelSpacing": [0.1, 0.2]}, (0.1, 0.2), "detector"),
        ({"PixelSpacing": [0.1, 0.2], "ImagerPixelSpacing": [0.1, 0.2]}, (0.1, 0.2), "detector"),
        ({"PixelSpacing": [0.08, 0.16], "ImagerPixelSpacing": [0.1, 0.2]}, (0.08, 0.16), "object"),
        (
            {"PixelSpacing": [0.1, 0.2], "ImagerPixelSpacing": [0.1, 0.2], "PixelSpacingCalibrationType": "FIDUCIAL"},
            (0.1, 0.2),
            "object",
        ),
        ({"PixelSpacing": [0.0, 0.2]}, None, None),
        ({"PixelSpacing": [0.5, 0.2, 0.1]}, None, None),
    ],
)
def test_dicom_spacing_is_rows_then_columns_and_says_whose(
    fields: dict[str, Any], spacing: tuple[float, float] | None, of: str | None, tmp_path: Path
) -> None:
    image = load_image(dicom(tmp_path, **fields))
    assert (image.spacing_mm, image.spacing_of) == (spacing, of)


def test_frames_have_the_spacing_of_their_own_group(tmp_path: Path) -> None:
    import pydicom
    from pydicom.dataset import Dataset

    path = dicom_file(tmp_path / "a.dcm", frames=2)
    file, groups = pydicom.dcmread(path), []
    for spacing in (0.5, 0.7):
        group, measures = Dataset(), Dataset()
        measures.PixelSpacing = [spacing, 2 * spacing]
        group.PixelMeasuresSequence = [measures]
        groups.append(group)
    file.PerFrameFunctionalGroupsSequence = groups
    file.save_as(path)
    assert load_image(f"{path}::frame=1").spacing_mm == (0.7, 1.4)


@pytest.mark.parametrize(("axis", "spacing"), [(0, (4.0, 3.0)), (1, (4.0, 2.0)), (2, (3.0, 2.0))])
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
def test_nifti_spacing_is_that_of_the_plane_shown(
    axis: int, spacing: tuple[float, float], order: tuple[int, int, int], tmp_path: Path
) -> None:
    affine = np.diag([2.0, -3.0, 4.0, 1.0])[:, [*order, 3]]
    shape = tuple((24, 20, 16)[one] for one in order)
    path = nifti_file(tmp_path / "a.nii", (shape[0], shape[1], shape[2]), affine)
    image = load_image(f"{path}::axis={axis}")
    assert image.spacing_mm == spacing
    assert image.spacing_of == "object"


@pytest.mark.parametrize(("unit", "factor"), [("micron", 0.001), ("meter", 1000.0), ("mm", 1.0)])
def test_nifti_units_become_millimetres(unit: str, factor: float, tmp_path: Path) -> None:
    import nibabel

    volume = nibabel.load(nifti_file(tmp_path / "a.nii", (20, 20, 20), np.diag([2.0, 2.0, 2.0, 1.0])))
    volume.header.set_xyzt_units(unit)
    nibabel.save(volume, tmp_path / "b.nii")
    assert load_image(tmp_path / "b.nii").spacing_mm == pytest.approx((2 * factor, 2 * factor))


def test_resolution_of_a_photo_is_no_scale(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    Image.new("RGB", (40, 30)).save(path, dpi=(300, 300))
    assert load_image(path).spacing_mm is None


def test_what_is_told_wins_over_the_file(tmp_path: Path) -> None:
    image = load_image(dicom(tmp_path, PixelSpacing=[0.5, 0.25]))
    told = Inquiry(spacing_mm=(0.1, 0.2)).scaled(image)
    assert (told.spacing_mm, told.spacing_of) == ((0.1, 0.2), "option")
    assert Inquiry().scaled(image) is image


@pytest.mark.parametrize("text", ["", "a", "0", "-1", "0.1,0.2,0.3", "nan", "0.1;0.2", "0.1,"])
def test_a_scale_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(
        ConfigError, match=r"expected one or two positive millimetres a pixel, got .*; write for example"
    ):
        read_spacing(text)
