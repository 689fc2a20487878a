"""Bytes of a mask file -> its values as they were written: no scaling, no colours for indices, no blending of alpha.

Formats: PNG, TIFF, BMP, GIF, WebP, JPEG, a NumPy array, DICOM (frames, segmentations) and NIfTI (extra ``medical``). Content
decides, never the ending. The orientation that a mask states itself is applied.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image

from assistant.errors import ImageError
from assistant.labels.mask_rules import MaskValues
from assistant.pictures.formats.codecs import turned
from assistant.pictures.formats.tiff import JPEGS, full_pages, page_values
from assistant.pictures.kinds import content_format
from assistant.pictures.pixels import ImageLimits, check_selector, decoding

_KINDS = ("PNG", "TIFF", "BMP", "GIF", "WEBP", "JPEG")
"""Kinds beside NumPy, DICOM and NIfTI; the others blur edges, or may."""
_LOSSY = JPEGS | {33003, 33004, 33005, 34712, 34887, 34927, 34934, 50001, 50002, 52546}
"""TIFF compressions that may blur edges: JPEG, JPEG 2000, LERC, WebP, JPEG XR, JPEG XL."""


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
    found = content_format(data)
    if found in ("DICOM", "NIFTI"):
        from assistant.labels.label_planes import label_plane

        return MaskValues(label_plane(data, found, name, selector, limits))
    if found == "NPY":
        check_selector(selector, (), "a NumPy array", name)
        return MaskValues(_numpy(data, name, limits))
    if found not in _KINDS:
        got = f"another format in {name}"
        raise ImageError("a mask as PNG, TIFF, BMP, GIF, WebP, JPEG, .npy, DICOM or NIfTI", got, "save it as PNG")
    check_selector(selector, (), f"a mask as {found}", name)
    with decoding(name, found, limits.max_pixels):
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
        import imagecodecs

        return MaskValues(_with_alpha(np.asarray(imagecodecs.png_decode(data)), image.info.get("transparency"), data))
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
    return MaskValues(_with_alpha(np.array(image), image.info.get("transparency"), data))


def _with_alpha(values: np.ndarray, told: object, data: bytes) -> np.ndarray:
    """Values with alpha last, where the file tells of one grey or colour that cannot be seen; as they are without."""
    channels = values.shape[2] if values.ndim == 3 else 1
    if channels not in (1, 3) or not isinstance(told, int if channels == 1 else tuple):
        return values
    hidden = np.asarray(told, np.int64)
    if data.startswith(b"\x89PNG") and data[24] in (2, 4):  # Pillow scales such shades, and not this one
        hidden = hidden * 255 // (2 ** data[24] - 1)
    seen = (values != hidden).reshape(*values.shape[:2], channels).any(2)
    return np.dstack([values, seen]).astype(np.uint8 if values.dtype == bool else values.dtype)


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
    from tifffile import TiffFile

    with TiffFile(io.BytesIO(data)) as file:
        pages = full_pages(file)
        if len(pages) != 1:
            raise ImageError("a mask of one page", f"{len(pages)} in {name}", "save them one a file")
        page: Any = pages[0]
        limits.check_size(int(page.imagelength), int(page.imagewidth), name)
        kind, compression = getattr(page.photometric, "name", str(page.photometric)), int(page.compression)
        known = ("MINISBLACK", "MINISWHITE", "RGB", "PALETTE", "MASK") + ("YCBCR",) * (compression in JPEGS)
        if kind not in known or page.samplesperpixel > 4:
            got = f"{kind} of {page.samplesperpixel} channels in {name}"
            raise ImageError("a mask of grey, palette or RGB", got, "save it as PNG")
        values = page_values(page, data, name)
        if kind == "MINISWHITE" and values.ndim == 2 and not (values.dtype == bool and _by_tifffile(page)):
            most = 1 if values.dtype == bool else 2**page.bitspersample - 1
            values = np.asarray(most - values.astype(np.int64))
        values = turned(values, int(page.tags.valueof(274) or 1))
        return MaskValues(values, _colours(page), lossy=compression in _LOSSY)


def _by_tifffile(page: Any) -> bool:
    """Whether tifffile wrote it: it states that 0 is white for arrays of bool, and stores them as they are."""
    return str(getattr(page, "software", "")).startswith("tifffile")


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
