"""What can be chosen of a file of several pictures: its planes or pages, along which axes, and which windows fit it.

Reads headers only, of files that :func:`assistant.pictures.images.load_image` took: its limits are not checked again here.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.pictures.formats.tiff import count_pages
from assistant.pictures.kinds import content_format
from assistant.pictures.medical import WINDOWS
from assistant.pictures.nifti import nifti_sides, opened_nifti
from assistant.pictures.pixels import decoding

AXES = ("left to right", "back to front", "feet to head")
"""Canonical axes of a NIfTI volume, in the order of their numbers."""


@dataclass(frozen=True)
class Scan:
    """The planes and windows of a DICOM or NIfTI file, or the pages of a TIFF.

    Args:
        kind: ``DICOM``, ``NIFTI`` or ``TIFF``.
        planes: frames of a DICOM file; pages of a TIFF; slices across each of the three canonical axes of a NIfTI volume.
        windows: what ``window=`` takes here besides the file's own choice; none for a colour picture.
    """

    kind: str
    planes: tuple[int, ...]
    windows: tuple[str, ...]

    def selector(self, axis: int, plane: int, window: str) -> str:
        """What follows the file's path to show one plane.

        >>> Scan("NIFTI", (9, 9, 5), ("full",)).selector(2, 3, "full"), Scan("DICOM", (4,), ()).selector(0, 1, "")
        ('::axis=2,slice=3,window=full', '::frame=1')
        """
        parts = [f"axis={axis}", f"slice={plane}"] if self.kind == "NIFTI" else [f"frame={plane}"]
        return "::" + ",".join([*parts, f"window={window}"] if window else parts)

    @property
    def first(self) -> tuple[int, int]:
        """(axis, plane) that is shown when none is chosen."""
        return (2, self.planes[2] // 2) if self.kind == "NIFTI" else (0, 0)


def read_scan(path: Path) -> Scan | None:
    """Planes and windows of a medical file or of a TIFF of several pages; None for any other picture.

    Raises:
        ImageError: a damaged header.
    """
    data = path.read_bytes()
    kind = content_format(data)
    if kind not in ("DICOM", "NIFTI", "TIFF"):
        return None
    with decoding(path.name, kind):
        if kind == "TIFF":
            pages = count_pages(data)
            return Scan(kind, (pages,), ()) if pages > 1 else None
        return _dicom(data) if kind == "DICOM" else _nifti(data, path.name)


def _dicom(data: bytes) -> Scan:
    import pydicom

    file: Any = pydicom.dcmread(io.BytesIO(data), stop_before_pixels=True, force=True)
    windows: tuple[str, ...] = ()
    if str(file.get("PhotometricInterpretation", "")) in ("MONOCHROME1", "MONOCHROME2"):
        windows = ("full", *WINDOWS) if str(file.get("Modality", "")) == "CT" else ("full",)
    return Scan("DICOM", (max(1, int(file.get("NumberOfFrames") or 1)),), windows)


def _nifti(data: bytes, name: str) -> Scan:
    return Scan("NIFTI", nifti_sides(opened_nifti(data, name)), tuple(WINDOWS))
