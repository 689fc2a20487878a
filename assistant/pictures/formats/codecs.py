"""Bytes of one picture -> its samples, for every kind but TIFF, DICOM and NIfTI. :mod:`assistant.pictures.images` calls it.

Eight bits a channel go through Pillow. What Pillow would cut to eight bits goes through imagecodecs: colour PNG of 16 bits,
JPEG of 12 bits or lossless, JPEG 2000 and AVIF of more than 8 bits, JPEG XL. HEIC needs the extra ``heic`` (pillow-heif).
Sizes are checked on the header, before anything is decoded.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from assistant.errors import ImageError
from assistant.pictures.levels import Samples
from assistant.pictures.pixels import ImageLimits
from assistant.types import Levels

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ARRAY_TURNS: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: np.rot90(a, 1),
}
_BAYER = {"rggb": "BG", "bggr": "RG", "grbg": "GB", "gbrg": "GR"}
"""Colours of the first 2 x 2 pixels, row by row, and what OpenCV calls it: the colours of pixels (1, 1) and (1, 2)."""
_FIRST = "is the first picture of several in its file (save the others as files of their own)"
_STRIP = 2**20
"""Pixels that are copied from Pillow at once."""
_FRAMES = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})


def decode_plain(data: bytes, kind: str, name: str, limits: ImageLimits) -> Samples:
    """Samples of a PNG, JPEG, BMP, WebP, GIF, AVIF, HEIC, JPEG XL, JPEG 2000 or NumPy file.

    Raises:
        ImageError: outside the limits, or a package that is missing. Whatever else a decoder raises is left as it is.
    """
    if kind == "NPY":
        return _from_npy(data, name, limits)
    if kind == "JPEGXL":
        return _from_jpeg_xl(data, name, limits)
    if kind == "HEIC":
        return _from_heic(data, name, limits)
    if kind == "JPEG" and (frame := jpeg_frame(data)) is not None and (frame.bits != 8 or frame.lossless):
        limits.check_size(frame.height, frame.width, name)
        require_end(data)
        return by_channels(_imagecodecs(name).jpeg_decode(data), name, declared=_bits(frame.bits))
    with Image.open(io.BytesIO(data), formats=[kind]) as image:
        limits.check_size(image.height, image.width, name)
        bits = _deep_bits(data, kind)
        if bits is None:
            animated = kind in ("GIF", "PNG", "WEBP", "AVIF") and bool(getattr(image, "is_animated", False))
            return replace(from_pillow(image, name, limits), notes=(_FIRST,) if animated else ())
        turn, transparent = _orientation(image), image.info.get("transparency")
    codecs = _imagecodecs(name)
    decode = {"PNG": codecs.png_decode, "JPEG2000": codecs.jpeg2k_decode, "AVIF": codecs.avif_decode}[kind]
    values = np.asarray(decode(data))
    if kind == "PNG" and transparent is not None and values.ndim == 3 and values.shape[2] == 3:
        seen = (values != np.asarray(transparent, values.dtype)).any(2)
        values = np.dstack([values, seen * np.iinfo(values.dtype).max]).astype(values.dtype)
    return by_channels(turned(values, turn), name, declared=_bits(bits))


def from_pillow(image: Image.Image, name: str, limits: ImageLimits) -> Samples:
    """Samples of a Pillow picture, opened or decoded, upright."""
    limits.check_size(image.height, image.width, name)
    image.load()
    orientation = _orientation(image)
    image = image.convert("L") if image.mode == "1" else image
    if image.mode in ("RGB", "L") and "transparency" not in image.info:
        return Samples(turned(_values(image), orientation))
    if image.mode == "RGBA":
        colour, opacity = _values(image, slice(3)), _values(image, 3)
        return Samples(turned(colour, orientation), opacity=turned(opacity, orientation))
    turn = _TURNS.get(orientation)
    upright = image if turn is None else image.transpose(turn)
    if upright.mode[0] in "IF":
        values = np.asarray(upright)
        if values.dtype == np.int32 and values.min() >= 0 and values.max() <= 65535:
            values = values.astype(np.uint16)
        transparent = upright.info.get("transparency")
        if not isinstance(transparent, int):
            return Samples(values)
        return Samples(values, opacity=(values != transparent).astype(np.uint8) * np.uint8(255))
    if "transparency" in upright.info or upright.mode in ("LA", "La", "PA", "RGBA", "RGBa"):
        if upright.mode in ("La", "RGBa"):
            upright = upright.convert("LA" if upright.mode == "La" else "RGBA")
        rgba = np.array(upright.convert("RGBA"))
        return Samples(np.ascontiguousarray(rgba[..., :3]), opacity=np.ascontiguousarray(rgba[..., 3]))
    return Samples(_values(upright.convert("RGB")))


def _values(image: Image.Image, *channels: slice | int) -> UInt8[np.ndarray, "height width *channels"]:
    """Pixels of a decoded picture, strip by strip: of all at once Pillow would hold two further copies."""
    step, kept = max(1, _STRIP // image.width), (..., *channels)
    first = np.asarray(image.crop((0, 0, image.width, 1)))[kept]
    values = np.empty((image.height, *first.shape[1:]), np.uint8)
    for top in range(0, image.height, step):
        box = (0, top, image.width, min(image.height, top + step))
        values[top : top + step] = np.asarray(image.crop(box))[kept]
    return values


def by_channels(
    values: np.ndarray, name: str, declared: Levels | None = None, premultiplied: bool = False, **more: Any
) -> Samples:
    """Samples of an array of shape (height, width[, 1 to 4]): grey, grey and opacity, RGB, or RGB and opacity.

    Args:
        values: of any type.
        name: for errors.
        declared: levels that the file states.
        premultiplied: colours are multiplied by their opacity already.
        more: fields of :class:`Samples`.

    Raises:
        ImageError: another number of axes or channels.
    """
    if values.ndim == 3 and values.shape[2] == 1:
        values = values[..., 0]
    if values.ndim == 2 or (values.ndim == 3 and values.shape[2] == 3):
        return Samples(values, declared, **more)
    if values.ndim != 3 or values.shape[2] not in (2, 4):
        got = f"an array of shape {values.shape} in {name}"
        raise ImageError("a picture of 1 to 4 channels", got, "save the channel of interest alone")
    colour, opacity = values[..., :-1], _opacity(values[..., -1], declared)
    colour = colour[..., 0] if colour.shape[2] == 1 else colour
    if premultiplied and colour.dtype.kind in "ui":
        top = np.iinfo(colour.dtype).max if declared is None else declared.white
        share = np.maximum(opacity, 1).astype(np.float64) / 255.0
        share = share if colour.ndim == 2 else share[..., None]
        colour = np.minimum(np.rint(colour / share), top).astype(colour.dtype)
    return Samples(np.ascontiguousarray(colour), declared, opacity=opacity, **more)


def demosaiced(samples: Samples, pattern: str, name: str) -> Samples:
    """A picture whose pixels lie behind colour filters -> RGB, bilinear; ``pattern`` names the filters of its first 2 x 2 pixels.

    Raises:
        ImageError: an unknown pattern, or a picture that is not one channel of 8 or 16 bits.
    """
    import cv2

    if pattern.lower() not in _BAYER:
        raise ImageError("bayer= with rggb, bggr, grbg or gbrg", f"{pattern!a} for {name}", "use one of these")
    if samples.values.ndim != 2 or samples.values.dtype not in (np.uint8, np.uint16):
        got = f"{samples.values.dtype} of shape {samples.values.shape} in {name}"
        raise ImageError("one channel of 8 or 16 bits for bayer=", got, "leave bayer= out")
    code = getattr(cv2, f"COLOR_Bayer{_BAYER[pattern.lower()]}2RGB")
    mosaic = np.ascontiguousarray(samples.values.astype(samples.values.dtype.newbyteorder("=")))
    fields = {key: value for key, value in vars(samples).items() if key != "values"}
    return Samples(np.asarray(cv2.cvtColor(mosaic, code)), **fields)


def turned(values: np.ndarray, orientation: int) -> np.ndarray:
    """An array as EXIF orientation 1 to 8 says that it is looked at.

    >>> turned(np.array([[1, 2], [3, 4], [5, 6]]), 6).tolist()
    [[5, 3, 1], [6, 4, 2]]
    """
    turn = _ARRAY_TURNS.get(orientation)
    return values if turn is None else np.ascontiguousarray(turn(values))


class JpegFrame:
    """What the frame header of a JPEG stream says.

    Args:
        marker: SOF0 to SOF15.
        bits: a sample.
        height, width: pixels; a height of 0 is told later in the stream.
    """

    def __init__(self, marker: int, bits: int, height: int, width: int) -> None:
        self.lossless = marker in (0xC3, 0xC7, 0xCB, 0xCF)
        self.bits, self.height, self.width = bits, height, width


def jpeg_frame(data: bytes) -> JpegFrame | None:
    """The frame header of a JPEG stream; None where there is none.

    >>> jpeg_frame(bytes.fromhex("ffd8 ffc1 000b 0c 0010 0020 01 011100")).width
    32
    """
    at = 2
    while at + 9 < len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker in _FRAMES:
            return JpegFrame(marker, data[at + 4], *(int.from_bytes(data[at + n : at + n + 2], "big") for n in (5, 7)))
        if marker == 0xFF or 0xD0 <= marker <= 0xD8 or marker == 0x01:
            at += 1 if marker == 0xFF else 2
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None


def stream_size(data: bytes) -> tuple[int, int] | None:
    """Height and width that a JPEG, JPEG 2000, JPEG XL, PNG, WebP or LERC stream states; None where it is none of them."""
    if data.startswith(b"\xff\xd8"):
        frame = jpeg_frame(data)
        return None if frame is None else (frame.height, frame.width)
    if data.startswith(b"Lerc2 ") and len(data) > 22:
        at = 14 if int.from_bytes(data[6:10], "little") >= 3 else 10
        height, width = (int.from_bytes(data[n : n + 4], "little") for n in (at, at + 4))
        return height, width
    if data[:2] == b"\xff\x0a" or data[4:8] == b"JXL ":
        return _jpeg_xl_size(data)
    with suppress(Exception), Image.open(io.BytesIO(data), formats=("PNG", "WEBP", "JPEG2000")) as image:
        return image.height, image.width
    return None


def require_end(data: bytes) -> None:
    """Refuse a JPEG stream that stops before its end, which libjpeg would fill up with grey.

    Raises:
        ValueError: no end marker.
    """
    if b"\xff\xd9" not in data[-512:]:
        raise ValueError("no end of image")


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(0x0112, 1))
    except Exception:  # noqa: BLE001  damaged EXIF must not cost the picture
        return 1


def _opacity(values: np.ndarray, declared: Levels | None) -> UInt8[np.ndarray, "height width"]:
    """Opacity of any type -> 0..255."""
    top = (
        1.0 if values.dtype.kind in "fb" else float(np.iinfo(values.dtype).max) if declared is None else declared.white
    )
    if values.dtype == np.uint8 and declared is None:
        return np.ascontiguousarray(values)
    return np.rint(np.clip(np.nan_to_num(values.astype(np.float64)) / top, 0, 1) * 255).astype(np.uint8)


def _bits(bits: int) -> Levels | None:
    """Levels of a number of bits that is not that of a type."""
    return None if bits in (8, 16, 32, 64) else Levels(0.0, float(2**bits - 1))


def _deep_bits(data: bytes, kind: str) -> int | None:
    """Bits a channel where Pillow would cut them to 8; None where it keeps what there is."""
    if kind == "PNG":
        return 16 if data[24] == 16 and data[25] != 0 else None
    if kind == "AVIF":
        at = data.find(b"av1C")
        flags = data[at + 6] if 0 <= at < len(data) - 6 else 0
        return (12 if flags & 0x20 else 10) if flags & 0x40 else None
    if kind == "JPEG2000":
        at = data.find(b"\xff\x4f\xff\x51") + 2
        count = int.from_bytes(data[at + 38 : at + 40], "big")
        depths = data[at + 40 : at + 40 + 3 * count : 3]
        return None if set(depths) <= {7} else max((depth & 0x7F) + 1 for depth in depths)
    return None


def _imagecodecs(name: str) -> Any:
    try:
        import imagecodecs
    except ImportError:
        raise ImageError("the package imagecodecs", f"none for {name}", "pip install imagecodecs") from None
    return imagecodecs


def _from_heic(data: bytes, name: str, limits: ImageLimits) -> Samples:
    try:
        import pillow_heif
    except ImportError:
        do = 'pip install "anomaly-assistant[heic]", or save it as PNG or JPEG'
        raise ImageError("the package that reads HEIC", f"none for {name}", do) from None
    file = pillow_heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=False)
    width, height = file.size
    limits.check_size(height, width, name)
    several = (_FIRST,) if len(file) > 1 else ()
    return by_channels(np.asarray(file), name, notes=several)  # libheif turns it, and moves 10 and 12 bits up to 16


def _from_jpeg_xl(data: bytes, name: str, limits: ImageLimits) -> Samples:
    height, width = _jpeg_xl_size(data)
    limits.check_size(height, width, name)
    values = np.asarray(_imagecodecs(name).jpegxl_decode(data))
    return by_channels(values[0], name, notes=(_FIRST,)) if values.ndim == 4 else by_channels(values, name)


def _jpeg_xl_size(data: bytes) -> tuple[int, int]:
    """Height and width in the header of a JPEG XL codestream (ISO 18181-1, SizeHeader), also in its container."""
    stream = data[:64]
    if not data.startswith(b"\xff\x0a"):
        at = data.find(b"jxlc")
        part = data.find(b"jxlp")
        stream = data[at + 4 : at + 68] if at >= 0 else data[part + 8 : part + 72]
    bits, at = int.from_bytes(stream[2:34], "little"), 0
    if not stream.startswith(b"\xff\x0a"):
        raise ValueError("no codestream")

    def read(count: int) -> int:
        nonlocal bits
        value, bits = bits & ((1 << count) - 1), bits >> count
        return value

    small = read(1)

    def side() -> int:
        return 8 * (read(5) + 1) if small else read((9, 13, 18, 30)[read(2)]) + 1

    height = side()
    ratio = read(3)
    shares = ((0, 1), (1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
    return height, side() if ratio == 0 else height * shares[ratio][0] // shares[ratio][1]


def _from_npy(data: bytes, name: str, limits: ImageLimits) -> Samples:
    stream = io.BytesIO(data)
    version = np.lib.format.read_magic(stream)
    reader = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, columns_first, dtype = reader(stream)
    if len(shape) not in (2, 3) or (len(shape) == 3 and shape[2] not in (1, 2, 3, 4)):
        expected = "an array of shape (height, width) or (height, width, 1 to 4)"
        raise ImageError(expected, f"shape {shape} in {name}", "save each plane as a file, channels last")
    limits.check_size(shape[0], shape[1], name)
    if dtype.hasobject or dtype.kind not in "buif":
        raise ImageError("an array of bool, integers or floats", f"{dtype} in {name}", "convert it to float32")
    flat = np.frombuffer(data, dtype, count=int(np.prod(shape)), offset=stream.tell())
    values = flat.reshape(shape, order="F" if columns_first else "C")
    return by_channels(np.ascontiguousarray(values.astype(dtype.newbyteorder("="))), name)
