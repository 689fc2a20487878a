"""Bytes of a mask file -> its values as they were written: no scaling, no colours for indices, no blending of alpha.

Formats: PNG, TIFF, BMP, GIF, WebP, JPEG, a NumPy array, DICOM (frames, segmentations) and NIfTI (extra ``medical``). Content
decides, never the ending. The orientation that a mask states itself is applied.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
from PIL import Image

from assistant.errors import ImageError
from assistant.labels.mask_rules import MaskValues
from assistant.pictures.images import content_format
from assistant.pictures.pixels import ImageLimits, check_selector, decoding

_NUMPY = b"\x93NUMPY"
_TURNED = {
    2: lambda v: v[:, ::-1], 3: lambda v: v[::-1, ::-1], 4: lambda v: v[::-1], 5: lambda v: v.swapaxes(0, 1),
    6: lambda v: v.swapaxes(0, 1)[:, ::-1], 7: lambda v: v.swapaxes(0, 1)[::-1, ::-1], 8: lambda v: v.swapaxes(0, 1)[::-1],
}  # fmt: skip


def turned(values: np.ndarray, orientation: int) -> np.ndarray:
    """Values in the sensor's frame -> as a person sees the picture, by an EXIF orientation from 1 to 8.

    >>> turned(np.array([[1, 2], [3, 4], [5, 6]]), 6).tolist()
    [[5, 3, 1], [6, 4, 2]]
    """
    made = _TURNED.get(orientation, lambda v: v)(values)
    return np.ascontiguousarray(made)


def decode_mask(data: bytes, name: str, selector: Mapping[str, str], limits: ImageLimits) -> MaskValues:
    """The values of a mask file.

    Args:
        data: of the file.
        name: of the file, for messages.
        selector: of a DICOM or NIfTI file.
        limits: of its size.

    Raises:
        ImageError: no mask that can be read, or one outside the limits.
    """
    if data.startswith(_NUMPY):
        check_selector(selector, (), "a NumPy array", name)
        return MaskValues(_numpy(data, name, limits))
    found = content_format(data)
    if found in ("DICOM", "NIFTI"):
        from assistant.pictures.medical import label_plane

        return MaskValues(label_plane(data, found, name, selector, limits))
    if found is None:
        got = f"another format in {name}"
        raise ImageError("a mask as PNG, TIFF, BMP, GIF, WebP, JPEG, .npy, DICOM or NIfTI", got, "save it as PNG")
    check_selector(selector, (), f"a mask as {found}", name)
    with decoding(name, found):
        if found == "TIFF":
            return _tiff(data, name, limits)
        with Image.open(io.BytesIO(data), formats=[found]) as image:
            limits.check_size(image.height, image.width, name)
            frames = int(getattr(image, "n_frames", 1))
            if frames > 1:
                raise ImageError("a mask of one picture", f"{frames} in {name}", "save them one a file")
            made, orientation = _pillow(data, image, name), _orientation(image)
    lossy = found == "JPEG" or (found == "WEBP" and _is_lossy(data))
    return MaskValues(turned(made.values, orientation), made.palette, made.invisible, lossy)


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(0x0112, 1))
    except Exception:  # noqa: BLE001  damaged EXIF must not cost the mask
        return 1


def _pillow(data: bytes, image: Image.Image, name: str) -> MaskValues:
    if image.format == "PNG" and _png_is_deep_colour(data):  # of which Pillow keeps the high bytes
        deep = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
        if deep is None or deep.dtype != np.uint16:
            raise ImageError("a whole PNG file", f"a damaged one in {name}", "save the mask again")
        return MaskValues(deep if deep.ndim == 2 else deep[:, :, [2, 1, 0, 3][: deep.shape[2]]])
    image.load()
    if image.mode == "P":
        packed = image.getpalette("RGB") or []
        palette = np.asarray(packed, np.uint8).reshape(-1, 3)
        told = image.info.get("transparency")
        if isinstance(told, bytes):
            told = told.index(0) if told.count(0) == 1 else None
        return MaskValues(np.asarray(image), palette, told)
    if image.mode in ("CMYK", "LAB", "HSV", "YCbCr"):
        if image.mode != "YCbCr":
            raise ImageError("a mask of grey, palette or RGB", f"{image.mode} in {name}", "save it as PNG")
        image = image.convert("RGB")
    return MaskValues(np.array(image))


def _png_is_deep_colour(data: bytes) -> bool:
    """16 bits a channel and more than one channel."""
    return data[24:25] == b"\x10" and data[25:26] != b"\0"


def _is_lossy(data: bytes) -> bool:
    """Whether a WebP file holds lossy pixels: a chunk ``VP8 ``; lossless ones are ``VP8L``."""
    at = 12
    while at + 8 <= len(data):
        kind, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if kind in (b"VP8 ", b"VP8L"):
            return kind == b"VP8 "
        at += 8 + size + size % 2
    return True


def _tiff(data: bytes, name: str, limits: ImageLimits) -> MaskValues:
    """By tifffile, which gives every type as it is; by Pillow where a compression asks for a package that is not there."""
    import tifffile

    with tifffile.TiffFile(io.BytesIO(data)) as file:
        pages: list[Any] = [page for page in file.pages if not getattr(page, "is_reduced", False)]
        if len(pages) != 1:
            raise ImageError("a mask of one page", f"{len(pages)} in {name}", "save them one a file")
        page: Any = pages[0]
        limits.check_size(int(page.imagelength), int(page.imagewidth), name)
        kind = getattr(page.photometric, "name", str(page.photometric))
        if kind not in ("MINISBLACK", "MINISWHITE", "RGB", "PALETTE", "YCBCR", "MASK") or page.samplesperpixel > 4:
            got = f"{kind} of {page.samplesperpixel} channels in {name}"
            raise ImageError("a mask of grey, palette or RGB", got, "save it as PNG")
        values = _tiff_values(data, page, name)
        if values is None:
            with Image.open(io.BytesIO(data), formats=["TIFF"]) as image:
                values = _pillow(data, image, name).values  # white is zero there already
        elif kind == "MINISWHITE" and values.ndim == 2 and not (values.dtype == bool and _by_tifffile(page)):
            most = 1 if values.dtype == bool else 2**page.bitspersample - 1
            values = np.asarray(most - values.astype(np.int64))
        orientation = page.tags.get(274)
        values = turned(values, 1 if orientation is None else int(orientation.value))
        return MaskValues(values, _colours(page), lossy=page.compression in (6, 7, 34712))


def _by_tifffile(page: Any) -> bool:
    """Whether tifffile wrote it: it states that 0 is white for arrays of bool, and stores them as they are."""
    return str(getattr(page, "software", "")).startswith("tifffile")


def _tiff_values(data: bytes, page: Any, name: str) -> np.ndarray | None:
    """Samples as they are stored, channels last; None where Pillow can read them and tifffile lacks a package for it."""
    try:
        values = np.asarray(page.asarray())
    except (ValueError, ImportError, KeyError) as error:
        if "imagecodecs" not in str(error) or (page.bitspersample > 8 and page.samplesperpixel > 1):
            raise
        return None
    return np.moveaxis(values, 0, -1) if page.planarconfig == 2 and values.ndim == 3 else values


def _colours(page: Any) -> np.ndarray | None:
    """Of a TIFF's palette, (entries, 3)."""
    return None if page.photometric != 3 or page.colormap is None else np.asarray(page.colormap).T


def _numpy(data: bytes, name: str, limits: ImageLimits) -> np.ndarray:
    with decoding(name, "NumPy array"):
        file = io.BytesIO(data)
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, kind = read(file)
        if len(shape) != 2 or kind.kind not in "buif":
            raise ImageError("an array (height, width) of numbers", f"{kind} of shape {shape} in {name}", "save it so")
        limits.check_size(shape[0], shape[1], name)
        return np.asarray(np.load(io.BytesIO(data), allow_pickle=False))
