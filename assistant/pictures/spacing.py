"""The scale that a medical file states: millimetres from row to row and from column to column, and whose they are.

The spacing of a projection (a radiograph) is that of the detector: what lies before it is magnified, so that its sizes come
out too large unless the file says that the spacing was calibrated. EXIF resolution is a printer's, and never read.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

from assistant.pictures.levels import Samples

OBJECT: Literal["object"] = "object"
DETECTOR: Literal["detector"] = "detector"
_MILLIMETRES = {"mm": 1.0, "unknown": 1.0, "meter": 1000.0, "micron": 0.001}
"""A NIfTI header's units of length; files that state none are in millimetres."""


@dataclass(frozen=True)
class Spacing:
    """Millimetres a pixel: from row to row, from column to column; ``of`` the object or the detector."""

    rows: float
    columns: float
    of: Literal["object", "detector"]


@dataclass(frozen=True, eq=False)
class Plane:
    """A decoded plane of a medical file, with its spacing where the file states one."""

    samples: Samples
    spacing: Spacing | None


def dicom_spacing(file: Any, measures: Any) -> Spacing | None:
    """Spacing of a frame; None where the file states none that makes sense.

    ``PixelSpacing`` (of the functional groups in files of many frames) is the object's. ``ImagerPixelSpacing`` is the
    detector's, and so is a ``PixelSpacing`` that repeats it without a word of calibration (DICOM PS3.3 10.7.1.3).

    Args:
        file: the data set.
        measures: the data set of the frame's ``PixelMeasuresSequence``, or the file itself.
    """
    own = _pair(measures.get("PixelSpacing") or file.get("PixelSpacing"))
    detector = _pair(file.get("ImagerPixelSpacing"))
    if own is not None and (own != detector or file.get("PixelSpacingCalibrationType")):
        return Spacing(*own, OBJECT)
    return None if detector is None else Spacing(*detector, DETECTOR)


def nifti_spacing(volume: Any, rows: int, columns: int) -> Spacing | None:
    """Spacing of a plane whose rows and columns follow stored axes; None where the header states none that makes sense."""
    zooms = [*(float(one) for one in volume.header.get_zooms()[:3]), 0.0, 0.0, 0.0]
    unit = _MILLIMETRES.get(str(volume.header.get_xyzt_units()[0]))
    pair = None if unit is None else _pair((zooms[rows] * unit, zooms[columns] * unit))
    return None if pair is None else Spacing(*pair, OBJECT)


def _pair(values: Any) -> tuple[float, float] | None:
    """Two positive numbers, or None."""
    try:
        first, second = (float(one) for one in values)
    except (TypeError, ValueError):
        return None
    return (first, second) if all(math.isfinite(one) and one > 0 for one in (first, second)) else None
