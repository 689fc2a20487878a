"""Regions as a DICOM segmentation: read back with highdicom they lie at the very voxels of the scan and tell nothing needless."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import highdicom
import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import EnhancedCTImageStorage
from typer.testing import CliRunner

from assistant.cli.app import app
from assistant.errors import ImageError, StorageError
from assistant.pipeline import Assistant
from assistant.volumes.files.reading import read_volume
from assistant.volumes.finding import VolumeInspection
from assistant.volumes.joining import find_parts, numbered
from assistant.volumes.volume import Volume
from assistant.volumes.written.segmentation_file import save_segmentation
from tests.volumes.scans import dicom_series, nifti, solid

SHAPE = (40, 48, 12)
BALLS = ((12, 30, 5), (27, 14, 8))
"""Middles of two regions, canonical voxels."""


@pytest.fixture(scope="module")
def tiny() -> Assistant:
    return Assistant.load("tiny")


def found_in(tiny: Assistant, volume: Volume) -> VolumeInspection:
    """What is said of a volume, with two balls of radius 3 and 2 voxels as its regions."""
    said = tiny.inspect_volume(volume)
    at = np.indices(volume.shape)
    far = [
        np.sqrt(sum((at[a] - ball[a]) ** 2 for a in range(3))) - size for ball, size in zip(BALLS, (3, 2), strict=True)
    ]
    logits = np.where(far[0] <= 0, 3.0, np.where(far[1] <= 0, 1.0, -4.0)).astype(np.float32)
    parts = find_parts(logits, volume, volume.slices())
    regions = tuple(replace(part.region, type=kind) for part, kind in zip(parts, ("Läsion", None), strict=True))
    return replace(said, regions=regions, numbers=numbered(parts, logits.shape), scores=1 / (1 + np.exp(-logits)))


def told(paths: Sequence[Path], **elements: object) -> None:
    """Write elements into files."""
    for path in paths:
        file = pydicom.dcmread(path)
        for name, value in elements.items():
            setattr(file, name, value)
        file.save_as(path)


def framed(paths: Sequence[Path], out: Path) -> Path:
    """The slices as the frames of one enhanced file, the first one last."""
    files = [pydicom.dcmread(path) for path in [*paths[1:], paths[0]]]
    file = files[0]
    file.file_meta.MediaStorageSOPClassUID = file.SOPClassUID = EnhancedCTImageStorage
    shared, orientation, measures = Dataset(), Dataset(), Dataset()
    orientation.ImageOrientationPatient = file.ImageOrientationPatient
    measures.PixelSpacing, measures.SliceThickness = file.PixelSpacing, file.SliceThickness
    shared.PlaneOrientationSequence, shared.PixelMeasuresSequence = [orientation], [measures]
    file.SharedFunctionalGroupsSequence, file.PerFrameFunctionalGroupsSequence = [shared], []
    for one in files:
        group, place = Dataset(), Dataset()
        place.ImagePositionPatient = one.ImagePositionPatient
        group.PlanePositionSequence = [place]
        file.PerFrameFunctionalGroupsSequence.append(group)
    file.NumberOfFrames, file.PixelData = len(files), b"".join(one.PixelData for one in files)
    del file.ImagePositionPatient, file.ImageOrientationPatient, file.PixelSpacing
    file.save_as(out)
    return out


def lie_of(mask: np.ndarray) -> set[tuple[int, ...]]:
    """Canonical voxels of a mask (slices by place, rows, columns), as ``dicom_series`` writes them."""
    return {(SHAPE[0] - 1 - column, SHAPE[1] - 1 - row, plane) for plane, row, column in np.argwhere(mask).tolist()}


@pytest.mark.parametrize("turned", [False, True], ids=["feet first", "head first"])
def test_regions_lie_at_the_very_voxels(tiny: Assistant, tmp_path: Path, turned: bool) -> None:
    paths = dicom_series(tmp_path / "series", solid(SHAPE))
    if turned:  # slices across run from head to feet
        for path in paths:
            file = pydicom.dcmread(path)
            file.ImageOrientationPatient = [1, 0, 0, 0, -1, 0]
            x, y, z = file.ImagePositionPatient
            file.ImagePositionPatient = [x, y + 1.5 * (SHAPE[1] - 1), z]
            file.PixelData = np.ascontiguousarray(file.pixel_array[::-1]).tobytes()
            file.save_as(path)
    found = found_in(tiny, read_volume(tmp_path / "series"))
    assert save_segmentation(tmp_path / "out.dcm", found)
    read = highdicom.seg.segread(tmp_path / "out.dcm")
    instances = {pydicom.dcmread(path).SOPInstanceUID: path for path in paths}
    assert {uid for _, _, uid in read.get_source_image_uids()} <= set(instances)
    for region in found.regions:
        ordered = sorted(instances, key=lambda uid: pydicom.dcmread(instances[uid]).ImagePositionPatient[2])
        mask = read.get_pixels_by_source_instance(ordered, segment_numbers=[region.id])[..., 0]
        mask = mask[:, ::-1] if turned else mask
        expected = np.indices(found.volume.shape).reshape(3, -1).T[(found.numbers == region.id).ravel()]
        assert lie_of(mask) == set(map(tuple, expected.tolist()))
        volume = read.get_volume(segment_numbers=[region.id])
        at = volume.affine @ [*np.argwhere(volume.array[..., 0]).mean(0), 1.0]
        assert np.allclose(at[:3] * [-1, -1, 1], region.centroid_mm, atol=0.02)
        assert np.isclose(volume.array.sum() * 1.5 * 1.5 * 4.0 / 1000, region.volume_ml)


def test_frames_of_one_file_are_referred_to(tiny: Assistant, tmp_path: Path) -> None:
    paths = dicom_series(tmp_path / "series", solid(SHAPE))
    whole = framed(paths, tmp_path / "whole.dcm")
    found = found_in(tiny, read_volume(whole))
    assert save_segmentation(tmp_path / "out.dcm", found)
    read = highdicom.seg.segread(tmp_path / "out.dcm")
    source = pydicom.dcmread(whole)
    frames = [(plane - 1) % SHAPE[2] + 1 for plane in range(SHAPE[2])]
    mask = read.get_pixels_by_source_frame(
        source.SOPInstanceUID, frames, assert_missing_frames_are_empty=True, segment_numbers=[1]
    )[..., 0]
    expected = np.argwhere(found.numbers == 1)
    assert lie_of(mask) == set(map(tuple, expected.tolist()))


def test_segments_tell_kind_score_and_what_made_them(tiny: Assistant, tmp_path: Path) -> None:
    paths = dicom_series(tmp_path / "series", solid(SHAPE))
    told(
        paths, SpecificCharacterSet="ISO_IR 100", PatientName="Müller^Jörg", PatientAge="051Y", PatientComments="private",
        StudyDescription="private", OtherPatientIDs="private", InstitutionName="private", PatientWeight=80,
    )  # fmt: skip
    found = found_in(tiny, read_volume(tmp_path / "series"))
    save_segmentation(tmp_path / "out.dcm", found)
    file, source = pydicom.dcmread(tmp_path / "out.dcm"), pydicom.dcmread(paths[0])
    first, second = file.SegmentSequence
    assert first.SegmentLabel == f"1 Läsion, score {found.regions[0].peak_score:.2f}"
    assert second.SegmentLabel == f"2 lesion, score {found.regions[1].peak_score:.2f}"
    assert first.SegmentAlgorithmType == "AUTOMATIC"
    made_by = first.SegmentationAlgorithmIdentificationSequence[0]
    assert made_by.AlgorithmName == "anomaly-assistant"
    assert f"weights={found.weights}" in made_by.AlgorithmParameters.replace(": ", "=")
    for same in ("StudyInstanceUID", "FrameOfReferenceUID", "PatientName", "PatientID", "StudyDate"):
        assert file[same].value == source[same].value
    assert file.ReferencedSeriesSequence[0].SeriesInstanceUID == source.SeriesInstanceUID != file.SeriesInstanceUID
    assert b"private" not in (tmp_path / "out.dcm").read_bytes()
    assert not {"PatientAge", "PatientWeight", "StudyDescription"} & set(file.dir())


def test_what_lacks_a_study_is_refused(tiny: Assistant, tmp_path: Path) -> None:
    paths = dicom_series(tmp_path / "series", solid(SHAPE))
    for path in paths:
        file = pydicom.dcmread(path)
        del file.StudyInstanceUID, file.PatientSex
        file.save_as(path)
    found = found_in(tiny, read_volume(tmp_path / "series"))
    with pytest.raises(
        ImageError, match="expected DICOM slices that a segmentation can refer to, got no StudyInstanceUID"
    ):
        save_segmentation(tmp_path / "out.dcm", found)
    assert [one.name for one in tmp_path.iterdir()] == ["series"]


def test_no_region_is_no_file(tiny: Assistant, tmp_path: Path) -> None:
    dicom_series(tmp_path / "series", solid(SHAPE))
    found = replace(found_in(tiny, read_volume(tmp_path / "series")), regions=())
    assert not save_segmentation(tmp_path / "out.dcm", found)
    assert not (tmp_path / "out.dcm").exists()


@pytest.mark.parametrize("option", ["--segmentation", "--score-volume"])
def test_files_of_one_scan_need_one(
    option: str, tiny: Assistant, tmp_path: Path, pixels: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    import cv2

    cv2.imwrite(str(tmp_path / "a.png"), pixels)
    dicom_series(tmp_path / "series", solid(SHAPE))
    nifti(tmp_path / "a.nii.gz", solid(SHAPE))
    monkeypatch.setattr(Assistant, "load", lambda *_, **__: pytest.fail("loaded before the options were looked at"))

    def said(*words: str | Path) -> str:
        ended = CliRunner().invoke(app, ["inspect", *map(str, words), option, str(tmp_path / "out.dcm")])
        return str(ended.exception)

    one = f"expected one scan with {option}, got"
    assert said(tmp_path / "a.png").startswith(f"{one} 0 scans and 1 pictures")
    assert said(tmp_path / "a.png", tmp_path / "series").startswith(f"{one} 1 scans and 1 pictures")
    assert said(tmp_path / "a.nii.gz", tmp_path / "series").startswith(f"{one} 2 scans and 0 pictures")
    assert said(tmp_path / "series", "--no-volumes").startswith(f"{one} --no-volumes")
    if option == "--segmentation":
        expected = "expected a scan of DICOM slices with --segmentation, got NIfTI"
        assert said(tmp_path / "a.nii.gz").startswith(expected)


def test_nifti_has_no_instances_to_refer_to(tiny: Assistant, tmp_path: Path) -> None:
    found = found_in(tiny, read_volume(nifti(tmp_path / "a.nii.gz", solid(SHAPE))))
    with pytest.raises(StorageError, match=r"expected a scan of DICOM slices for a segmentation, got NIfTI"):
        save_segmentation(tmp_path / "out.dcm", found)
