"""What can be chosen of medical files: planes, axes, windows; every choice offered can be read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from assistant.errors import ImageError
from assistant.pictures.images import load_image
from assistant.pictures.scans import Scan, read_scan
from tests.scan_files import dicom_file, nifti_file


def test_a_ct_file_has_frames_and_named_windows(tmp_path: Path) -> None:
    scan = read_scan(dicom_file(tmp_path / "ct", frames=3, modality="CT"))
    assert scan is not None
    assert (scan.kind, scan.planes, scan.first) == ("DICOM", (3,), (0, 0))
    assert {"full", "lung", "bone"} <= set(scan.windows)
    for window in ("", *scan.windows):
        assert load_image(f"{tmp_path / 'ct'}{scan.selector(0, 2, window)}").pixels.shape == (24, 32, 3)


def test_other_modalities_have_no_named_windows(tmp_path: Path) -> None:
    scan = read_scan(dicom_file(tmp_path / "mr", frames=1, modality="MR"))
    assert scan == Scan("DICOM", (1,), ("full",))


def test_a_volume_has_slices_across_each_canonical_axis(tmp_path: Path) -> None:
    # the first stored axis runs from feet to head
    turned = np.array([[0, 1, 0, 0], [0, 0, 1, 0], [1, 0, 0, 0], [0, 0, 0, 1]], float)
    scan = read_scan(nifti_file(tmp_path / "v.nii.gz", (12, 20, 24), turned))
    assert scan is not None
    assert (scan.kind, scan.planes, scan.first) == ("NIFTI", (20, 24, 12), (2, 6))
    for axis, count in enumerate(scan.planes):
        load_image(f"{tmp_path / 'v.nii.gz'}{scan.selector(axis, count - 1, 'bone')}")
        with pytest.raises(ImageError, match=f"from 0 to {count - 1}"):
            load_image(f"{tmp_path / 'v.nii.gz'}{scan.selector(axis, count, '')}")


def test_a_slice_of_a_volume_that_says_not_how_the_patient_lies_tells_so(tmp_path: Path) -> None:
    import nibabel

    for name, affine, told in (("no.nii", None, True), ("yes.nii", np.eye(4), False)):
        nibabel.save(nibabel.Nifti1Image(np.arange(24000, dtype=np.int16).reshape(40, 30, 20), affine), tmp_path / name)
        notes = load_image(f"{tmp_path / name}::slice=3").notes
        assert any("how the patient lies" in note for note in notes) is told


def test_a_tiff_of_several_pages_has_planes(tmp_path: Path) -> None:
    import tifffile

    stack = np.stack([np.full((24, 32), 40 * n, np.uint8) for n in range(4)])
    tifffile.imwrite(tmp_path / "pages.tif", stack, photometric="minisblack")
    scan = read_scan(tmp_path / "pages.tif")
    assert scan == Scan("TIFF", (4,), ())
    assert (load_image(f"{tmp_path / 'pages.tif'}{scan.selector(0, 3, '')}").pixels == 120).all()
    tifffile.imwrite(tmp_path / "one.tif", np.zeros((24, 32), np.uint8))
    assert read_scan(tmp_path / "one.tif") is None


def test_other_files_have_no_planes(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("hello")
    assert read_scan(tmp_path / "notes") is None
    data = bytearray(nifti_file(tmp_path / "v.nii", (4, 4, 4)).read_bytes())
    data[70:72] = b"\xff\x7f"  # a kind of voxel that does not exist
    (tmp_path / "odd.nii").write_bytes(data)
    with pytest.raises(ImageError, match="a whole NIFTI file"):
        read_scan(tmp_path / "odd.nii")
