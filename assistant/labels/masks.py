"""Mask files -> the marked pixels of a picture. The only reader of masks.

A mask has the size of its picture as a person sees it. Where the picture states an orientation (EXIF) and the mask lies in the
frame of the sensor, as tools write that overlook EXIF, it is turned and that is told. Any other size is an error: a stretched
mask marks other places.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from assistant.errors import DataSetError
from assistant.labels.mask_decoder import decode_mask
from assistant.labels.mask_rules import Marked, marked_pixels
from assistant.pictures.formats.codecs import turned
from assistant.pictures.images import load_image, read_file, split_selector
from assistant.pictures.pixels import ImageLimits, printable

MASK_LIMITS = ImageLimits(min_side=1, max_aspect=float("inf"))
UPRIGHT = 1


@dataclass(frozen=True)
class Frame:
    """The pixels that masks are laid on.

    Args:
        height: pixels, as a person sees the picture.
        width: pixels.
        orientation: EXIF orientation that the picture states, 1 to 8; 1 where it states none.
    """

    height: int
    width: int
    orientation: int = UPRIGHT

    @property
    def lies(self) -> bool:
        """Whether the sensor's rows are the picture's columns."""
        return self.orientation in (5, 6, 7, 8)


@dataclass(frozen=True, eq=False)
class MaskReading:
    """The marked pixels of a picture.

    Args:
        marked: bool, (height, width) of the picture.
        notes: what a person ought to hear about the files.
    """

    marked: Marked
    notes: tuple[str, ...] = ()


def frame_of(picture: str | Path, size: tuple[int, ...] | None = None) -> Frame:
    """The frame of a picture; a medical file states no orientation of this kind.

    Args:
        picture: its path, with a selector or without.
        size: (height, width) of its decoded pixels where they are known.

    Raises:
        ImageError: it cannot be read.
    """
    orientation, shape = UPRIGHT, size
    try:
        with Image.open(split_selector(str(picture))[0]) as opened:
            orientation = int(opened.getexif().get(0x0112, UPRIGHT))
            sides = (opened.height, opened.width)
    except Exception:  # noqa: BLE001  what Pillow does not know states no EXIF; whether it is a picture is said below
        sides = None
    if orientation not in range(1, 9):
        orientation = UPRIGHT
    if shape is None:
        if sides is not None:
            shape = sides[::-1] if orientation >= 5 else sides
        else:
            decoded = load_image(picture)
            shape = (decoded.height, decoded.width)
    return Frame(int(shape[0]), int(shape[1]), orientation)


def read_mask(path: str | Path, frame: Frame, limits: ImageLimits = MASK_LIMITS) -> MaskReading:
    """The marked pixels of one mask file; see :mod:`assistant.labels.mask_rules` for what counts as marked.

    Args:
        path: of the mask, with a selector where it is a DICOM or NIfTI file.
        frame: of the picture it belongs to.
        limits: of the mask.

    Raises:
        ImageError: no mask that can be read, or one that can be read more than one way.
        DataSetError: the size is not the picture's.
    """
    file, selector = split_selector(str(path))
    name = printable(str(path))
    found, notes = marked_pixels(decode_mask(read_file(file, limits), name, selector, limits), name)
    laid, more = laid_on(found, frame, name)
    return MaskReading(laid, notes + more)


def read_masks(paths: Sequence[str | Path], frame: Frame, limits: ImageLimits = MASK_LIMITS) -> MaskReading:
    """The pixels that any of several masks marks, such as the folder a picture of MVTec LOCO; see :func:`read_mask`."""
    marked, notes = np.zeros((frame.height, frame.width), bool), tuple[str, ...]()
    for path in paths:
        one = read_mask(path, frame, limits)
        marked |= one.marked
        notes += one.notes
    return MaskReading(marked, notes)


def laid_on(found: np.ndarray, frame: Frame, name: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """A mask, bool (height, width), on the picture as a person sees it, and what is worth telling about that.

    Raises:
        DataSetError: neither the size of the picture nor that of its sensor's frame.
    """
    wanted, sensor = (frame.height, frame.width), (frame.width, frame.height)
    upright = frame.orientation == UPRIGHT
    if found.shape == wanted:
        if upright or (frame.lies and wanted != sensor):
            return found, ()
        return found, (
            f"{name}: the picture states EXIF orientation {frame.orientation}; the mask is laid on it as a person sees it",
        )
    if frame.lies and found.shape == sensor:
        return turned(found, frame.orientation), (
            f"{name}: turned like its picture, which states EXIF orientation {frame.orientation}",
        )
    got = f"{found.shape[1]}x{found.shape[0]} in {name}"
    lain = " (its sides are exchanged)" if found.shape == sensor else ""
    do = "turn it like the picture" if lain else "give the mask in the size of its picture"
    raise DataSetError(f"a mask of {frame.width}x{frame.height} pixels (width x height)", got + lain, do)
