"""Volumes are read as they lie in the patient, whatever their files are called; what is odd about them is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest

from assistant.errors import ImageError
from assistant.pictures.images import load_image
from assistant.pictures.pixels import ImageLimits
from assistant.volumes.files.reading import find_volumes, read_volume
from tests.volumes.scans import dicom_series, nifti, solid

TURNED = {
    "as canonical": np.diag([1.5, 1.5, 4.0, 1.0]),
    "LPS": np.diag([-1.5, -1.5, 4.0, 1.0]),
    "axes swapped": np.array([[0, 0, 1.5, -7], [1.5, 0, 0, 3], [0, -4.0, 0, 5], [0, 0, 0, 1.0]]),
    "oblique": np.array([[1.49, 0.1, 0, 0], [-0.1, 1.49, 0.2, 0], [0, -0.1, 3.9, 0], [0, 0, 0, 1.0]]),
}


@pytest.mark.parametrize("affine", TURNED.values(), ids=TURNED)
def test_nifti_in_any_orientation_lies_canonically_and_goes_back(tmp_path: Path, affine: np.ndarray) -> None:
    import nibabel

    stored = solid()
    volume = read_volume(nifti(tmp_path / "a.nii.gz", stored, affine))
    expected = nibabel.as_closest_canonical(nibabel.Nifti1Image(stored, affine))
    assert (volume.values == np.asarray(expected.dataobj)).all()
    assert np.allclose(volume.affine, expected.affine, atol=1e-4)
    assert (volume.in_source_order(volume.values) == stored).all()
    assert np.allclose(volume.spacing_mm, nibabel.affines.voxel_sizes(expected.affine), atol=1e-4)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_slices_are_shown_as_single_ones_are(tmp_path: Path, axis: int) -> None:
    path = nifti(tmp_path / "a.nii", solid((30, 34, 20)), TURNED["axes swapped"])
    volume = read_volume(path)
    for number in (0, 5, 11):
        own = load_image(f"{path}::axis={axis},slice={number}", levels=volume.levels)
        ours = volume.slices(axis)[number]
        assert (own.pixels == ours.pixels).all()
        assert own.spacing_mm == pytest.approx(ours.spacing_mm, rel=1e-4)
        assert ours.source == own.source


def test_one_pair_of_levels_for_all_slices(tmp_path: Path) -> None:
    values = solid()
    values[:, :, 3] //= 4
    slices = read_volume(nifti(tmp_path / "a.nii", values)).slices()
    assert slices[3].pixels.max() < 90 < 200 < slices[5].pixels.max()


def test_scaled_values_keep_their_unit_in_few_bytes(tmp_path: Path) -> None:
    import nibabel

    image = nibabel.Nifti1Image(solid(), np.eye(4))
    image.header.set_slope_inter(1, -1024)
    nibabel.save(image, tmp_path / "ct.nii")
    volume = read_volume(tmp_path / "ct.nii")
    assert volume.values.dtype == np.int16
    assert np.array_equal(volume.values, np.asarray(nibabel.load(tmp_path / "ct.nii").dataobj))
    image.header.set_slope_inter(0.5, 3)
    nibabel.save(image, tmp_path / "half.nii")
    assert np.array_equal(
        read_volume(tmp_path / "half.nii").values, np.asarray(nibabel.load(tmp_path / "half.nii").dataobj)
    )


def test_two_spacings_and_no_orientation_are_told(tmp_path: Path) -> None:
    import nibabel

    image = nibabel.Nifti1Image(solid(), np.diag([1.0, 1.0, 2.0, 1.0]))
    image.header["pixdim"][3] = 5.0
    nibabel.save(image, tmp_path / "two.nii")
    volume = read_volume(tmp_path / "two.nii")
    assert volume.spacing_mm[2] == pytest.approx(2.0)
    assert "states two spacings (affine and pixdim: 1 x 1 x 2 and 1 x 1 x 5 mm)" in volume.warnings[0]
    nibabel.save(nibabel.Nifti1Image(solid(), None), tmp_path / "none.nii")
    assert "does not say how the patient lies" in read_volume(tmp_path / "none.nii").warnings[0]


def test_a_volume_of_several_is_chosen_and_told(tmp_path: Path) -> None:
    values = np.stack([solid(), solid() + 5], 3)
    path = nifti(tmp_path / "f.nii.gz", values)
    assert "is the first volume of its file (of 2" in read_volume(path).warnings[0]
    second = read_volume(f"{path}::volume=1")
    assert (second.values == values[..., 1]).all()
    assert second.warnings == ()
    with pytest.raises(ImageError, match="volume= from 0 to 1"):
        read_volume(f"{path}::volume=2")


def test_a_series_is_sorted_by_place_not_by_name(tmp_path: Path) -> None:
    values = solid((40, 48, 20), ball=(12, 30, 5))
    dicom_series(tmp_path / "s", values)
    volume = read_volume(tmp_path / "s")
    assert (volume.values == values).all()
    assert volume.spacing_mm == pytest.approx((1.5, 1.5, 4.0))
    assert volume.main_axis == 2
    assert volume.warnings == ()
    for number in (0, 7, 19):
        picture = volume.slices()[number]
        alone = load_image(picture.source, levels=volume.levels)
        assert (alone.deep.values == picture.deep.values).all()
        assert (alone.pixels == picture.pixels).all()


def test_the_same_scan_as_nifti_and_dicom_is_the_same(tmp_path: Path) -> None:
    values = solid((40, 48, 20), ball=(12, 30, 5))
    dicom_series(tmp_path / "s", values)
    one, other = read_volume(tmp_path / "s"), read_volume(nifti(tmp_path / "a.nii", values))
    assert (one.values == other.values).all()
    assert all((a.pixels == b.pixels).all() for a, b in zip(one.slices(), other.slices(), strict=True))


def test_gaps_doubles_and_uneven_spacing_are_told(tmp_path: Path) -> None:
    values = solid((40, 48, 20))
    dicom_series(tmp_path / "gap", values, skip=(6, 7))
    gap = read_volume(tmp_path / "gap")
    assert gap.shape[2] == 18
    assert gap.warnings[0].startswith("lacks 2 slices (the first behind slice 5: 12 mm to the next instead of 4)")
    dicom_series(tmp_path / "uneven", values, shift={9: 1.0})
    assert "is unevenly spaced (3 to 5 mm beside 4)" in read_volume(tmp_path / "uneven").warnings[0]
    paths = dicom_series(tmp_path / "double", values)
    paths[3].with_name("copy").write_bytes(paths[3].read_bytes())
    double = read_volume(tmp_path / "double")
    assert (double.values == values).all()
    assert "has 1 slices at places that others have already" in double.warnings[0]


def test_mixed_series_are_split_and_named(tmp_path: Path) -> None:
    small, large = solid((40, 48, 12)), solid((48, 40, 10))
    dicom_series(tmp_path / "m", small, uid="1.2.826.0.1.5", number=3)
    for path in dicom_series(tmp_path / "other", large, uid="1.2.826.0.1.6", number=9, description="CORONAL"):
        path.rename(tmp_path / "m" / f"x{path.name}")
    (tmp_path / "m" / "notes.txt").write_text("no picture")
    found = find_volumes(tmp_path / "m")
    assert {one.title.rpartition(" (")[2] for one in found.volumes} == {"series 3 AXIAL)", "series 9 CORONAL)"}
    assert found.pictures == ()
    assert sorted(one.read().shape for one in found.volumes) == [(40, 48, 12), (48, 40, 10)]
    with pytest.raises(ImageError, match="expected one volume, got 2 in"):
        read_volume(tmp_path / "m")
    for path in dicom_series(tmp_path / "third", large, uid="1.2.826.0.1.5", number=3):
        path.rename(tmp_path / "m" / f"y{path.name}")
    parts = [one.series for one in find_volumes(tmp_path / "m").volumes if one.series and one.series.uid.endswith("5")]
    assert [part.name for part in parts] == ["series 3 AXIAL, part 1 of 2", "series 3 AXIAL, part 2 of 2"]
    assert all("was split off a series of 2 kinds of slices" in part.warnings[0] for part in parts)


def test_pictures_stay_pictures(pictures: Path, tmp_path: Path) -> None:
    paths = dicom_series(tmp_path / "two", solid()[:, :, :2])
    nifti(tmp_path / "flat.nii", solid()[:, :, :1])
    assert find_volumes(pictures).volumes == ()
    assert len(find_volumes(pictures).pictures) == 3
    assert find_volumes(tmp_path / "two").pictures == tuple(sorted(map(str, paths)))
    whole = str(nifti(tmp_path / "a.nii", solid()))
    assert find_volumes(f"{whole}::slice=3").pictures == (f"{whole}::slice=3",)
    assert [one.source for one in find_volumes(whole).volumes] == [whole]


def test_limits_hold_for_whole_volumes(tmp_path: Path) -> None:
    path, limits = nifti(tmp_path / "a.nii", solid()), ImageLimits(max_voxels=1000)
    with pytest.raises(ImageError, match=r"at most 1,000 voxels, got 40x48x12"):
        read_volume(path, limits)
    dicom_series(tmp_path / "s", solid())
    with pytest.raises(ImageError, match=r"at most 1,000 voxels"):
        read_volume(tmp_path / "s", limits)
    with pytest.raises(ImageError, match=r"at most 100 bytes"):
        read_volume(path, ImageLimits(max_bytes=100))


def test_values_that_mean_nothing_are_black_in_every_slice(tmp_path: Path) -> None:
    values = solid().astype(np.float32)
    values[:4] = -9999.0
    values[4] = np.nan
    volume = read_volume(nifti(tmp_path / "a.nii", values))
    assert volume.levels.black > -100
    assert "holds no data in part, shown black" in volume.warnings[0]
    assert "voxels" in volume.warnings[0]
    assert volume.slices(2)[5].pixels[:, -5:].max() == 0


@pytest.mark.parametrize(
    ("element", "value", "broken"),
    [
        ("NumberOfFrames", 1111, b"1\\12"), ("NumberOfFrames", 1111, b"MONO"),
        ("PixelSpacing", [1.25, 1.75], b"1.25\\abcd "),
    ],
    ids=str,
)  # fmt: skip
def test_a_slice_with_a_broken_header_is_no_slice(tmp_path: Path, element: str, value: object, broken: bytes) -> None:
    paths = dicom_series(tmp_path, solid((40, 48, 5)))
    file = pydicom.dcmread(paths[0])
    setattr(file, element, value)
    file.save_as(paths[0])
    written = "\\".join(map(str, value if isinstance(value, list) else [value])).encode()
    whole = paths[0].read_bytes()
    assert whole.count(written) == 1
    paths[0].write_bytes(whole.replace(written, broken[: len(written)]))
    found = find_volumes(tmp_path)
    assert [len(one.series.places) for one in found.volumes if one.series] == [4]
    assert found.pictures == (str(paths[0]),)
