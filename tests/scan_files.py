"""Small DICOM and NIfTI files for tests, made with pydicom and nibabel."""

from __future__ import annotations

from pathlib import Path

import numpy as np

HOSTILE = "<img src=x onerror=alert(1)>"
"""In every text field of the DICOM files."""


def dicom_file(path: Path, frames: int = 1, modality: str = "CT") -> Path:
    """Frames of 24 x 32 Hounsfield ramps, brighter from frame to frame."""
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian

    ramp = np.linspace(-1000, 1000, 24 * 32).reshape(24, 32)
    values = np.stack([ramp / (frames - n) for n in range(frames)]).astype(np.int16)
    file = Dataset()
    file.file_meta = FileMetaDataset()
    file.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    file.file_meta.MediaStorageSOPClassUID = CTImageStorage
    file.file_meta.MediaStorageSOPInstanceUID = UID("1.2.3")
    file.SOPClassUID, file.SOPInstanceUID, file.Modality = CTImageStorage, "1.2.3", modality
    file.PatientName = file.StudyDescription = file.ImageComments = HOSTILE
    file.Rows, file.Columns, file.NumberOfFrames = 24, 32, frames
    file.SamplesPerPixel, file.PhotometricInterpretation = 1, "MONOCHROME2"
    file.BitsAllocated = file.BitsStored = 16
    file.HighBit, file.PixelRepresentation = 15, 1
    file.RescaleSlope, file.RescaleIntercept = 1, 0
    file.PixelData = values.tobytes()
    file.save_as(path, enforce_file_format=True)
    return path


def nifti_file(path: Path, shape: tuple[int, int, int], affine: np.ndarray | None = None) -> Path:
    """A volume whose slices get brighter along every axis."""
    import nibabel

    values = np.add.outer(np.add.outer(*(np.arange(side) for side in shape[:2])), np.arange(shape[2]))
    nibabel.save(nibabel.Nifti1Image(values.astype(np.int16), np.eye(4) if affine is None else affine), path)
    return path
