"""A DICOM, NIfTI or TIFF file -> a selector for each frame, slice or page, or one volume, from headers alone.

What cannot be read stands for itself: decoding it says what is wrong, in a row of its own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from assistant.batch.inputs.item import Item
from assistant.errors import ImageError
from assistant.pictures.formats.tiff import count_pages
from assistant.pictures.kinds import content_format
from assistant.pictures.pixels import decoding
from assistant.volumes.files.reading import find_volumes, is_dicom, is_volume_file

_SINGLE = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".gif")
_HEAD = 2**16
FOLDERS = 8
"""Folders whose series are remembered."""


def slices_of(source: str) -> list[str]:
    """The source itself, or a source for each slice (last canonical axis) or frame of it.

    >>> slices_of("photo.png")
    ['photo.png']
    """
    if not may_be_volume(source):
        return [source]
    try:
        with Path(source).open("rb") as file:
            kind = content_format(file.read(_HEAD))
        with decoding(source, str(kind)):
            if kind == "NIFTI":
                count, word = _nifti_slices(source), "axis=2,slice="
            elif kind == "DICOM":
                count, word = _dicom_frames(source), "frame="
            elif kind == "TIFF":
                count, word = count_pages(source), "frame="
            else:
                return [source]
    except Exception:  # noqa: BLE001  a damaged header, or the extra is missing: decoding tells
        return [source]
    return [f"{source}::{word}{number}" for number in range(count)] if count > 1 else [source]


def as_volumes(items: Iterator[Item], *, walked: bool) -> Iterator[Item]:
    """Items with those that are volumes marked, and of a walked folder the slices of a series joined to one item.

    A folder is looked through when the first of its DICOM slices comes; its series are one item each, where that stands.
    Slices that were named one by one stay pictures: whoever named them may not mean the others.
    """
    known: dict[str, dict[str, Item]] = {}
    for item in items:
        if item.error is None and not walked and os.path.isdir(item.source.partition("::")[0]):
            yield replace(item, volume=True)
        elif item.error is not None or not may_be_volume(item.source):
            yield item
        elif is_volume_file(item.source):
            yield replace(item, volume=True)
        elif not walked or not is_dicom(item.source):
            yield item
        else:
            folder = os.path.dirname(item.source)
            if folder not in known:
                known[folder] = _series_of(folder)
                known = dict(list(known.items())[-FOLDERS:])
            series = known[folder].get(item.source)
            yield item if series is None else replace(series, object_name=item.object_name, references=item.references)


def _series_of(folder: str) -> dict[str, Item]:
    """The series that each file of a folder belongs to, as items."""
    try:
        found = find_volumes([entry.path for entry in os.scandir(folder or ".") if entry.is_file()]).volumes
    except (OSError, ImageError):
        return {}
    return {
        os.path.normpath(path) if not folder else path: Item(one.source, volume=True)
        for one in found
        if one.series is not None
        for path in one.series.files
    }


def may_be_volume(source: str) -> bool:
    """Whether a file, by its name, may hold several pictures: any but those whose endings say that they hold one."""
    return not source.lower().endswith(_SINGLE) and os.path.isfile(source.replace("\0", ""))


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
