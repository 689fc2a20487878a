"""Small volumes for tests: a solid in noise as NIfTI or as DICOM slices, with what is known of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

AXIAL = (1, 0, 0, 0, 1, 0)


def solid(shape: tuple[int, int, int] = (40, 48, 12), ball: tuple[int, int, int] | None = None) -> np.ndarray:
    """An ellipsoid of 600 in air of 0, canonical axes, with noise of 8; a ball of 1000 where asked, 4 voxels in radius."""
    rng = np.random.default_rng(0)
    at = np.indices(shape).astype(float)
    middle = (np.array(shape) - 1) / 2
    inside = sum(((at[a] - middle[a]) / (0.42 * shape[a])) ** 2 for a in range(3)) < 1
    values = 600.0 * inside + rng.normal(0, 8, shape)
    if ball is not None:
        values[sum((at[a] - ball[a]) ** 2 for a in range(3)) <= 16] = 1000
    whole: np.ndarray = np.rint(values).astype(np.int16)
    return whole


def nifti(path: Path, values: np.ndarray, affine: np.ndarray | None = None) -> Path:
    import nibabel

    nibabel.save(nibabel.Nifti1Image(values, np.diag([1.5, 1.5, 4.0, 1.0]) if affine is None else affine), path)
    return path


def dicom_series(folder: Path, values: np.ndarray, **told: Any) -> list[Path]:
    """Axial slices (axis 2) of canonical voxels as CT files of 1.5 mm pixels every 4 mm, names in no order of places.

    Args:
        folder: that they are written to.
        values: canonical.
        told: ``uid``, ``number``, ``skip`` (slices that are not written), ``shift`` of places in mm by slice, ``modality``.
    """
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian

    folder.mkdir(parents=True, exist_ok=True)
    uid = told.get("uid", "1.2.826.0.1.99")
    written = []
    for number in range(values.shape[2]):
        if number in told.get("skip", ()):
            continue
        plane = np.ascontiguousarray(values[::-1, ::-1, number].T).astype(np.int16)
        file = Dataset()
        file.file_meta = FileMetaDataset()
        file.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        file.file_meta.MediaStorageSOPClassUID = file.SOPClassUID = CTImageStorage
        file.file_meta.MediaStorageSOPInstanceUID = UID(f"{uid}.{number + 1}")
        file.SOPInstanceUID = file.file_meta.MediaStorageSOPInstanceUID
        file.SeriesInstanceUID, file.StudyInstanceUID, file.FrameOfReferenceUID = (
            uid,
            "1.2.826.0.1.98",
            "1.2.826.0.1.97",
        )
        file.SeriesNumber, file.SeriesDescription = told.get("number", 4), told.get("description", "AXIAL")
        file.Modality, file.PatientID, file.PatientName = told.get("modality", "CT"), "1", "PHANTOM"
        file.StudyDate, file.StudyTime, file.StudyID, file.AccessionNumber = "20200101", "120000", "1", "1"
        file.PatientBirthDate, file.PatientSex, file.ReferringPhysicianName = "", "", ""
        file.ImageOrientationPatient = list(AXIAL)
        z = 4.0 * number + told.get("shift", {}).get(number, 0.0)
        file.ImagePositionPatient = [-1.5 * (values.shape[0] - 1), -1.5 * (values.shape[1] - 1), z]
        file.PixelSpacing, file.SliceThickness = [1.5, 1.5], 4.0
        file.Rows, file.Columns = plane.shape
        file.SamplesPerPixel, file.PhotometricInterpretation = 1, "MONOCHROME2"
        file.BitsAllocated = file.BitsStored = 16
        file.HighBit, file.PixelRepresentation = 15, 1
        file.RescaleSlope, file.RescaleIntercept = 1, 0
        file.PixelData = plane.tobytes()
        path = folder / f"IM{(number * 7) % 97:03d}"
        file.save_as(path, enforce_file_format=True)
        written.append(path)
    return written
