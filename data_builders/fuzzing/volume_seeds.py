"""Whole volumes as small files: NIfTI, a DICOM file of frames with places in space, slices of a series."""

from __future__ import annotations

import gzip
import io
from collections.abc import Mapping
from typing import Any

import numpy as np

SHAPE = (12, 10, 9)
"""Voxels of each (columns, rows, slices)."""
_LIES = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]


def volume_seeds() -> Mapping[str, list[bytes]]:
    """Volumes by kind of file; those of ``series`` are its slices in their order."""
    values = (np.add.outer(np.arange(12) * 90, np.arange(10) * 30)[..., None] + np.arange(9) * 90).astype(np.int16)
    return {
        "nifti": _niftis(values),
        "frames": [_dicom(values, frames=True), _dicom(values, frames=True, RescaleSlope=2, RescaleIntercept=-1024)],
        "series": [_dicom(values, number) for number in range(SHAPE[2])],
    }


def _niftis(values: np.ndarray) -> list[bytes]:
    import nibabel

    turned = np.array([[0, 0, 1.5, -7], [-1.5, 0, 0, 3], [0, 4.0, 0, 5], [0, 0, 0, 1.0]])
    holes = values.astype(np.float32)
    holes[0] = np.nan
    scaled = nibabel.Nifti1Image(values, turned)
    scaled.header.set_slope_inter(2.0, -1000.0)
    kinds = [
        nibabel.Nifti1Image(values, np.eye(4)), scaled, nibabel.Nifti1Image(holes, turned),
        nibabel.Nifti2Image(np.stack([values, values], 3), turned), nibabel.Nifti1Image(values.astype(np.uint8), None),
    ]  # fmt: skip
    plain = [kind.to_bytes() for kind in kinds]
    return [*plain, gzip.compress(plain[1], 1)]


def _dicom(values: np.ndarray, number: int | None = None, frames: bool = False, **elements: Any) -> bytes:
    """One slice of a series, or all as the frames of one file."""
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import CTImageStorage, EnhancedCTImageStorage, ExplicitVRLittleEndian

    file = Dataset()
    file.file_meta = FileMetaDataset()
    file.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    file.SOPClassUID, file.SOPInstanceUID = EnhancedCTImageStorage if frames else CTImageStorage, f"1.2.3.{number or 0}"
    file.SeriesInstanceUID = file.FrameOfReferenceUID = file.StudyInstanceUID = "1.2.4"
    file.Modality, file.SeriesNumber = "CT", 3
    file.Columns, file.Rows = SHAPE[:2]
    file.SamplesPerPixel, file.PhotometricInterpretation = 1, "MONOCHROME2"
    file.BitsAllocated, file.BitsStored, file.HighBit, file.PixelRepresentation = 16, 16, 15, 1
    if frames:
        file.NumberOfFrames = SHAPE[2]
        shared, file.PerFrameFunctionalGroupsSequence = Dataset(), []
        shared.PlaneOrientationSequence = [_made(ImageOrientationPatient=_LIES)]
        shared.PixelMeasuresSequence = [_made(PixelSpacing=[1.5, 1.5], SliceThickness=4)]
        file.SharedFunctionalGroupsSequence = [shared]
        for frame in range(SHAPE[2]):
            place = _made(ImagePositionPatient=[0.0, 0.0, 4.0 * frame])
            file.PerFrameFunctionalGroupsSequence.append(_made(PlanePositionSequence=[place]))
        file.PixelData = np.ascontiguousarray(values.transpose(2, 1, 0)).tobytes()
    else:
        file.ImageOrientationPatient, file.PixelSpacing, file.SliceThickness = _LIES, [1.5, 1.5], 4
        file.ImagePositionPatient = [0.0, 0.0, 4.0 * (number or 0)]
        file.PixelData = np.ascontiguousarray(values[:, :, number or 0].T).tobytes()
    for name, value in elements.items():
        setattr(file, name, value)
    buffer = io.BytesIO()
    file.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def _made(**elements: Any) -> Any:
    from pydicom.dataset import Dataset

    item = Dataset()
    for name, value in elements.items():
        setattr(item, name, value)
    return item
