"""A DICOM or NIfTI file -> a selector for each frame or slice, from its header alone (extra ``medical``).

What cannot be read stands for itself: decoding it says what is wrong, in a row of its own.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

_NIFTI = (".nii", ".nii.gz")
_DICOM = (".dcm", ".dicom")


def slices_of(source: str) -> list[str]:
    """The source itself, or a source for each slice (last canonical axis) or frame of it.

    >>> slices_of("photo.png")
    ['photo.png']
    """
    name = source.lower()
    if not name.endswith(_NIFTI + _DICOM) or not os.path.isfile(source.replace("\0", "")):
        return [source]
    try:
        if name.endswith(_NIFTI):
            count, word = _nifti_slices(source), "axis=2,slice="
        else:
            count, word = _dicom_frames(source), "frame="
    except Exception:  # noqa: BLE001  a damaged header, or the extra is missing: decoding tells
        return [source]
    return [f"{source}::{word}{number}" for number in range(count)] if count > 1 else [source]


def _nifti_slices(path: str) -> int:
    import nibabel
    import numpy as np

    volume: Any = nibabel.load(path)
    shape = (*volume.shape, 1, 1, 1)
    turns = nibabel.io_orientation(volume.affine)
    across = 2 if np.isnan(turns).any() else int(np.flatnonzero(turns[:, 0] == 2)[0])
    return int(shape[across])


def _dicom_frames(path: str) -> int:
    import pydicom

    with Path(path).open("rb") as file:
        header = pydicom.dcmread(file, stop_before_pixels=True, specific_tags=["NumberOfFrames"], force=True)
    return int(header.get("NumberOfFrames") or 1)
