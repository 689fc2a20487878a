"""DICOM and NIfTI bytes -> one plane of a label map as it is stored; needs the extra ``medical``. No window, no stretch.

Of several frames, slices or volumes one must be chosen: another one marks other places.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from assistant.errors import ImageError
from assistant.pictures.medical import dicom_frame, frame_values, opened_dicom
from assistant.pictures.nifti import nifti_plane, nifti_sides, opened_nifti
from assistant.pictures.pixels import ImageLimits, check_selector, decoding, selected_index

_LOSSY = frozenset(f"1.2.840.10008.1.2.4.{number}" for number in (50, 51, 81))
"""Transfer syntaxes that blur edges: JPEG of 8 and 12 bits, JPEG-LS with losses."""


def label_plane(data: bytes, kind: str, name: str, selector: Mapping[str, str], limits: ImageLimits) -> np.ndarray:
    """Values of a label map, (height, width) in the orientation that the file is shown in.

    Args:
        data: of the file.
        kind: DICOM or NIFTI.
        name: of the file, for messages.
        selector: the frame, or the slice with its axis and volume.
        limits: of its size.

    Raises:
        ImageError: no label map within the limits, or several without a selector.
    """
    known = ("frame",) if kind == "DICOM" else ("axis", "slice", "volume")
    check_selector(selector, known, f"a mask as {kind}", name)
    with decoding(name, kind):
        if kind == "DICOM":
            file, frames = opened_dicom(data, name, limits)
            _require_choice(frames, "frame", selector, name)
            if file.file_meta.TransferSyntaxUID in _LOSSY:
                raise ImageError("a mask without losses", f"lossy compression in {name}", "save it uncompressed")
            return frame_values(file, dicom_frame(frames, selector, name), name, raw=True)
        volume = opened_nifti(data, name)
        axis = min(selected_index(selector, "axis", 2, name) or 0, 2)
        _require_choice(nifti_sides(volume)[axis], "slice", selector, name)
        _require_choice(int(np.prod(volume.shape[3:], dtype=object)), "volume", selector, name)
        return nifti_plane(volume, name, selector, limits)[0]


def _require_choice(count: int, key: str, selector: Mapping[str, str], name: str) -> None:
    if count > 1 and key not in selector:
        do = f"write {name}::{key}=…, as for its picture"
        raise ImageError(f"::{key}= of a mask with {count}", f"none in {name}", do)
