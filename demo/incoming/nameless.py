"""A DICOM file without what it says of people, places and days: what pixels, levels and scale need is kept, nothing else.

What is burnt into the pixels stays there: no header tells of it.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from assistant.errors import ImageError
from assistant.volumes.files.reading import is_dicom

KEPT = {
    "Modality", "SOPClassUID", "ImageType", "PresentationLUTShape", "ImagerPixelSpacing", "ImageOrientationPatient",
    "ImagePositionPatient", "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence", "PixelMeasuresSequence",
    "PixelValueTransformationSequence", "FrameVOILUTSequence", "PlanePositionSequence", "PlaneOrientationSequence",
    "SliceThickness", "SpacingBetweenSlices",
}  # fmt: skip
"""Fields outside the group of pixels that are kept, in a file and in the groups of its frames."""
PIXELS, IMAGE = 0x0028, 0x7FE0
TEXTS = {"LO", "LT", "PN", "SH", "ST", "UC", "UT", "DA", "DT", "TM", "UN"}
"""Kinds of fields that may hold words, names and days."""
UID = "2.25.1"
"""In place of the file's own, by which it would be found again."""


def keepable(file: Path, name: str) -> Path | bytes:
    """A file as it may be kept: DICOM without names, any other as it is.

    Args:
        file: to be kept.
        name: to show.

    Raises:
        ImageError: a DICOM file that cannot be written again.
    """
    return nameless(file.read_bytes(), name) if is_dicom(str(file)) else file


def nameless(data: bytes, name: str) -> bytes:
    """A DICOM file rewritten without names.

    Args:
        data: of the file.
        name: to show.

    Raises:
        ImageError: a file that cannot be written again.
    """
    import pydicom

    try:
        file: Any = pydicom.dcmread(io.BytesIO(data), force=True)
        _strip(file)
        file.SOPInstanceUID = UID
        if (meta := getattr(file, "file_meta", None)) is not None:
            for element in list(meta):
                if element.keyword not in (
                    "TransferSyntaxUID",
                    "MediaStorageSOPClassUID",
                    "FileMetaInformationVersion",
                ):
                    del meta[element.tag]
            meta.MediaStorageSOPInstanceUID = UID
        file.preamble = bytes(128)
        buffer = io.BytesIO()
        file.save_as(buffer)
    except Exception as error:  # noqa: BLE001  whatever a foreign file does to the library
        got = f"{name} ({type(error).__name__})"
        raise ImageError(
            "a DICOM file that can be kept without its patient", got, "save it anew, or send it as PNG"
        ) from None
    return buffer.getvalue()


def _strip(dataset: Any) -> None:
    for element in list(dataset):
        if not _stays(element):
            del dataset[element.tag]
        elif element.VR == "SQ":
            for item in element.value:
                _strip(item)


def _stays(element: Any) -> bool:
    if element.tag.is_private or element.VR in TEXTS:
        return False
    return element.tag.group in (PIXELS, IMAGE) or element.keyword in KEPT
