"""A matrix of TIFF files, each with the picture that it must be read as: writers x sample types x layouts x codecs."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import tifffile
from PIL import Image

HEIGHT, WIDTH = 33, 45
"""Neither is a multiple of a tile or of a byte."""
LAYOUTS: dict[str, dict[str, Any]] = {"strips": {"rowsperstrip": 8}, "tiles": {"tile": (16, 32)}}
TYPES = ("u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f2", "f4", "f8")


@dataclass(frozen=True)
class Case:
    """A file, what it must be read as, and by how much each channel may differ."""

    name: str
    data: bytes
    expected: np.ndarray
    tolerance: int = 1


def light(channels: int = 1) -> np.ndarray:
    """Lightness 0.05 to 0.95 that no turn, flip or swap of channels leaves as it is."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    grey = (0.6 * x / WIDTH + 0.4 * y / HEIGHT) * 0.9 + 0.05
    if channels == 1:
        return np.asarray(grey)
    return np.dstack([grey, 1 - grey, 0.05 + 0.9 * (y / HEIGHT), 0.2 + 0.6 * x / WIDTH][:channels])


def stored(values: np.ndarray, kind: str) -> np.ndarray:
    """Lightness in a sample type: whole range for integers, millimetres around 480 for floats."""
    dtype = np.dtype(kind)
    if dtype.kind == "f":
        return (480 + 30 * values).astype(dtype)
    info = np.iinfo(dtype)
    return np.rint(info.min + values * (float(info.max) - info.min)).astype(dtype)


def stretched(values: np.ndarray) -> np.ndarray:
    """What the stated rule makes of stored values: unsigned by their whole range, others by the 0.1 and 99.9 percentiles."""
    wide = values.astype(np.float64)
    if values.dtype.kind == "u":
        shown = wide / np.iinfo(values.dtype).max
    else:
        ordered = np.sort(wide.ravel())
        beyond = int(np.ceil(0.001 * (ordered.size - 1)))
        black, white = ordered[beyond], ordered[-1 - beyond]
        shown = (wide - black) / (white - black)
    flat = np.rint(np.clip(shown, 0, 1) * 255)
    return flat if flat.ndim == 3 else np.repeat(flat[..., None], 3, 2)


def written(values: np.ndarray, **options: Any) -> bytes:
    """By tifffile."""
    stream = io.BytesIO()
    tifffile.imwrite(stream, values, **options)
    return stream.getvalue()


def cases() -> Iterator[Case]:
    """Every file of the matrix."""
    yield from _types_and_layouts()
    yield from _codecs()
    yield from _image_codecs()
    yield from _photometry()
    yield from _depths()
    yield from _extra_samples()
    yield from _turns()
    yield from _by_pillow()
    yield from _by_opencv()


def _types_and_layouts() -> Iterator[Case]:
    for kind in TYPES:
        grey, colour = stored(light(), kind), stored(light(3), kind)
        planar = np.ascontiguousarray(np.moveaxis(colour, -1, 0))
        for layout, more in LAYOUTS.items():
            yield Case(f"{kind} grey {layout}", written(grey, **more), stretched(grey))
            yield Case(f"{kind} rgb {layout}", written(colour, photometric="rgb", **more), stretched(colour))
            data = written(planar, photometric="rgb", planarconfig="separate", **more)
            yield Case(f"{kind} planar {layout}", data, stretched(colour))
    for kind in ("u2", "i2", "f4", "u4"):
        grey = stored(light(), kind)
        yield Case(f"{kind} grey big-endian", written(grey, byteorder=">"), stretched(grey))
        yield Case(f"{kind} grey BigTIFF", written(grey, bigtiff=True), stretched(grey))


def _codecs() -> Iterator[Case]:
    for codec in ("deflate", "adobe_deflate", "lzw", "packbits", "zstd", "lzma"):
        for kind in ("u1", "u2", "f4"):
            for name, values, more in (
                ("grey", stored(light(), kind), {}),
                ("rgb", stored(light(3), kind), {"photometric": "rgb"}),
            ):
                try:
                    data = written(values, compression=codec, predictor=codec not in ("packbits",), **more)
                except (ValueError, KeyError):
                    continue
                yield Case(f"{kind} {name} {codec}", data, stretched(values))


def _image_codecs() -> Iterator[Case]:
    for codec, kinds, tolerance in (
        ("jpeg2000", ("u1", "u2"), 1),
        ("jpegxl", ("u1", "u2"), 3),
        ("png", ("u1", "u2"), 1),
        ("webp", ("u1",), 12),
        ("jpeg", ("u1",), 6),
        ("lerc", ("u1", "u2", "f4"), 1),
    ):
        for kind in kinds:
            values = stored(light(3), kind)
            data = written(values, photometric="rgb", compression=codec)
            yield Case(f"{kind} rgb {codec}", data, stretched(values), tolerance)
    grey = stored(light(), "u1")
    for layout, more in LAYOUTS.items():
        data = written(grey, compression="jpeg", compressionargs={"level": 98}, **more)
        yield Case(f"u1 grey jpeg {layout}", data, stretched(grey), 12)
    for depth in (12,):
        deep = np.rint(light() * 4095).astype(np.uint16)
        data = written(deep, compression="jpeg", bitspersample=depth, compressionargs={"level": 98})
        yield Case(f"{depth} bits jpeg", data, np.repeat(np.rint(deep / 4095 * 255)[..., None], 3, 2), 3)
    for kind in ("u2", "i4", "f4", "f8"):
        values = stored(light(), kind)
        for codec in ("deflate", "lzw", "zstd"):
            data = written(values, compression=codec, byteorder=">", tile=(16, 16), bigtiff=True)
            yield Case(f"{kind} {codec} tiles big-endian BigTIFF", data, stretched(values))


def _photometry() -> Iterator[Case]:
    for kind in ("u1", "u2", "u4", "i2", "f4"):
        values = stored(1 - light(), kind)
        expected = 255 - stretched(values)
        yield Case(f"{kind} MinIsWhite", written(values, photometric="miniswhite"), expected)
    bits = light() > 0.5
    flat = np.repeat(bits[..., None] * 255.0, 3, 2)
    yield Case("1 bit", written(bits, photometric="minisblack"), flat, 0)
    yield Case("1 bit MinIsWhite", written(~bits, photometric="miniswhite"), flat, 0)
    table = np.random.default_rng(0).integers(0, 65536, (3, 256)).astype(np.uint16)
    index = stored(light(), "u1")
    colours = np.moveaxis(table[:, index], 0, -1) >> 8
    yield Case("palette of 16 bits", written(index, photometric="palette", colormap=table), colours)
    yield Case("palette of 8 bits", written(index, photometric="palette", colormap=table >> 8), colours)
    for kind in ("u1", "u2"):
        inks = stored(light(4), kind)
        share = inks / float(np.iinfo(kind).max)
        rgb = np.rint((1 - share[..., :3]) * (1 - share[..., 3:]) * 255)
        yield Case(f"{kind} CMYK", written(inks, photometric="separated"), rgb)
        planar = np.ascontiguousarray(np.moveaxis(inks, -1, 0))
        yield Case(f"{kind} CMYK planar", written(planar, photometric="separated", planarconfig="separate"), rgb)


def _depths() -> Iterator[Case]:
    for bits in (9, 10, 11, 12, 13, 14, 15):
        values = np.rint(light() * (2**bits - 1)).astype(np.uint16)
        expected = np.repeat(np.rint(values / (2**bits - 1) * 255)[..., None], 3, 2)
        yield Case(f"{bits} bits packed", written(values, bitspersample=bits), expected)
        tags = [(340, "H", 1, 0, True), (341, "H", 1, 2**bits - 1, True)]
        yield Case(f"{bits} bits by SMaxSampleValue", written(values, extratags=tags), expected)
    for bits in (10, 12, 14):
        colour = np.rint(light(3) * (2**bits - 1)).astype(np.uint16)
        black, white = np.sort(colour.ravel())[[5, -6]].astype(float)
        assert np.ceil(0.001 * (colour.size - 1)) == 5
        expected = np.rint(np.clip((colour - black) / (white - black), 0, 1) * 255)
        if bits == 14:  # reaches an eighth of the range, but not its upper half
            assert white < 32768
        yield Case(f"{bits} bits in 16, rgb", written(colour, photometric="rgb"), expected)


def _extra_samples() -> Iterator[Case]:
    for kind in ("u1", "u2", "f4"):
        top = 1.0 if kind == "f4" else float(np.iinfo(kind).max)
        for channels in (1, 3):
            colour = light(channels) if channels == 3 else light()[..., None]
            alpha = light(4)[..., 3:]
            whole = (np.concatenate([colour, alpha], 2) * top).astype(kind)
            shown = colour * alpha + 1 - alpha
            expected = np.rint(np.broadcast_to(shown, (HEIGHT, WIDTH, 3)) * 255)
            photometric = "rgb" if channels == 3 else "minisblack"
            data = written(whole, photometric=photometric, extrasamples=["unassalpha"], planarconfig="contig")
            yield Case(f"{kind} {channels} + alpha", data, expected, 2)
            if kind != "f4":
                laid = (np.concatenate([colour * alpha, alpha], 2) * top).astype(kind)
                data = written(laid, photometric=photometric, extrasamples=["assocalpha"], planarconfig="contig")
                yield Case(f"{kind} {channels} + premultiplied alpha", data, expected, 3)
            data = written(whole, photometric=photometric, extrasamples=["unspecified"], planarconfig="contig")
            expected = np.rint(np.broadcast_to(colour, (HEIGHT, WIDTH, 3)) * 255)
            yield Case(f"{kind} {channels} + unspecified", data, expected, 1)


def _turns() -> Iterator[Case]:
    upright = stored(light(), "u2")
    undo = {
        1: upright, 2: upright[:, ::-1], 3: upright[::-1, ::-1], 4: upright[::-1], 5: upright.T,
        6: np.rot90(upright, 1), 7: upright[::-1, ::-1].T, 8: np.rot90(upright, -1),
    }  # fmt: skip
    for orientation, values in undo.items():
        tags = [(274, "H", 1, orientation, True)]
        yield Case(
            f"orientation {orientation}", written(np.ascontiguousarray(values), extratags=tags), stretched(upright)
        )


def _by_pillow() -> Iterator[Case]:
    rgb = Image.fromarray(stored(light(3), "u1"))
    for mode in ("1", "L", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB"):
        image = _in_mode(rgb, mode)
        seen = image.convert("RGBA") if mode == "RGBA" else image
        white = Image.new("RGBA", rgb.size, "white")
        flat = Image.alpha_composite(white, seen).convert("RGB") if mode == "RGBA" else _to_rgb(image, rgb)
        for codec in (None, "tiff_lzw", "tiff_adobe_deflate", "packbits", "group4", "jpeg", "zstd"):
            if (codec == "group4") != (mode == "1" and codec == "group4") or (
                codec == "jpeg" and mode not in ("L", "RGB")
            ):
                continue
            stream = io.BytesIO()
            try:
                image.save(stream, "TIFF", compression=codec, quality=95 if codec == "jpeg" else None)
            except (OSError, KeyError, ValueError, RuntimeError):
                continue
            tolerance = {"jpeg": 25, None: 1}.get(codec, 1) + {"LAB": 20, "YCbCr": 2}.get(mode, 0)
            yield Case(f"Pillow {mode} {codec}", stream.getvalue(), np.asarray(flat, np.float64), tolerance)
    for mode, kind in (("I;16", "u2"), ("I", "i4"), ("F", "f4")):
        values = stored(light(), kind)
        for codec in (None, "tiff_lzw", "tiff_adobe_deflate"):
            stream = io.BytesIO()
            Image.fromarray(values).save(stream, "TIFF", compression=codec)
            yield Case(f"Pillow {mode} {codec}", stream.getvalue(), stretched(values))


def _in_mode(rgb: Image.Image, mode: str) -> Image.Image:
    if mode == "LAB":
        from PIL import ImageCms

        make = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB")
        turned = ImageCms.applyTransform(rgb, make)
        assert turned is not None
        return turned
    if mode == "RGBA":
        rgb = rgb.copy()
        rgb.putalpha(Image.fromarray(stored(light(), "u1")))
        return rgb
    return rgb.convert(mode)


def _to_rgb(image: Image.Image, rgb: Image.Image) -> Image.Image:
    return rgb if image.mode == "LAB" else image.convert("RGB")


def _by_opencv() -> Iterator[Case]:
    for kind in ("u1", "u2", "i2", "f4", "f8"):
        for channels in (1, 3):
            values = stored(light(channels), kind)
            written_as = np.ascontiguousarray(values[..., ::-1]) if channels == 3 else values
            for codec in (1, 5, 8, 32773, 32946):
                done, data = cv2.imencode(".tiff", written_as, [cv2.IMWRITE_TIFF_COMPRESSION, codec])
                if done:
                    yield Case(f"OpenCV {kind} x {channels} compression {codec}", data.tobytes(), stretched(values))
