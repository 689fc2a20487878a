"""TIFF bytes -> samples of one page, by tifffile and imagecodecs. :mod:`assistant.pictures.images` calls it.

Pages are the pictures of full size in the order of the file: thumbnails, levels of a pyramid and transparency masks are none.
``::frame=2`` takes a page, counted from 0. Sizes are checked on the header, and no strip may lie outside the file.
"""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from assistant.errors import ImageError
from assistant.pictures.formats.codecs import by_channels, demosaiced, stream_size, turned
from assistant.pictures.levels import Samples
from assistant.pictures.pixels import ImageLimits, selected_index
from assistant.types import Levels

MOST_PAGES = 20_000
"""A file that claims more is taken for a broken one."""
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _MASK, _CMYK, _YCBCR, _CIELAB = 0, 1, 2, 3, 4, 5, 6, 8
_CFA, _LINEAR_RAW, _DEPTH = 32803, 34892, 51177
_CHANNELS = {0: 1, 1: 1, 2: 3, 3: 1, 5: 4, 6: 3, 32803: 1, 34892: 3, 51177: 1}
"""Channels of a photometric interpretation, besides extra samples."""
JPEGS = frozenset({6, 7, 34892, 33007})
"""Codecs whose streams say themselves how colours were stored, and lose a little."""
_SIZED = JPEGS | {33003, 33004, 33005, 34712, 34887, 34892, 34933, 50001, 50002, 52546}
"""Codecs of whole pictures: their streams state a size, which must be that of the strip."""
_DO = "save it as a grey or RGB TIFF with LZW or Deflate"
_LUMA = (0.299, 0.587, 0.114)


def decode_tiff(data: bytes, name: str, selector: Mapping[str, str], limits: ImageLimits) -> Samples:
    """Samples of a page. Raises :class:`ImageError` on what is not read and says why; decoders raise whatever they like."""
    from tifffile import TiffFile

    with TiffFile(io.BytesIO(data)) as file:
        frame = selected_index(selector, "frame", None, name)
        pages = full_pages(file, None if frame is None else frame + 1)
        if (frame or 0) >= len(pages):
            raise ImageError("a frame that the file has, from 0", f"frame {frame} in {name}", "use a lower one")
        samples = _samples(pages[frame or 0], data, name, limits)
    if frame is None and len(pages) > 1:
        others = "::frame=1" if len(pages) == 2 else f"::frame=1 to ::frame={len(pages) - 1}"
        told = f"is the first page of its file (of {len(pages)}; the selector {others} takes another)"
        return replace(samples, notes=(told, *samples.notes))
    return samples


def count_pages(source: str | Path | bytes) -> int:
    """Pages of a TIFF file, or of the bytes of one, from its headers alone."""
    from tifffile import TiffFile

    with TiffFile(io.BytesIO(source) if isinstance(source, bytes) else source) as file:
        return len(full_pages(file))


def full_pages(file: Any, enough: int | None = None) -> list[Any]:
    """The pages that are pictures, or so many of them; of a file of reductions alone, the largest."""
    every: list[Any] = []
    full: list[Any] = []
    lower = _lower_levels(file)
    seen: set[int] = set()
    for page in file.pages:
        if len(every) >= MOST_PAGES or page.offset in seen:
            raise ValueError("too many pages, or pages in a circle")
        seen.add(page.offset)
        every.append(page.aspage())
        full += [] if _is_lesser(every[-1]) or every[-1].offset in lower else [every[-1]]
        if enough is not None and len(full) >= enough:
            return full
    below = [sub.aspage() for page in every if page.is_reduced for sub in page.pages or ()]
    full += [page for page in below if not _is_lesser(page)]
    return full or [max(every, key=lambda page: page.imagewidth * page.imagelength)]


def _is_lesser(page: Any) -> bool:
    """Whether a page is a thumbnail, a level of a pyramid, or a mask, as it says itself."""
    kind = int(page.subfiletype)
    return bool(kind & 5) or page.tags.valueof(255) == 2 or page.photometric == _MASK


def _lower_levels(file: Any) -> set[int]:
    """Offsets of pages that tifffile knows as levels of a pyramid under another page."""
    if not (file.is_ome or file.is_svs or file.is_philips or file.is_scn or file.is_qpi or file.is_ndpi or file.is_bif):
        return set()
    found = [page for one in file.series for level in one.levels[1:] for page in level.pages if page is not None]
    return {int(page.offset) for page in found}


def _samples(page: Any, data: bytes, name: str, limits: ImageLimits) -> Samples:
    height, width = int(page.imagelength), int(page.imagewidth)
    limits.check_size(height, width, name)
    channels, photometric = int(page.samplesperpixel), int(page.photometric)
    if int(page.imagedepth) != 1:
        raise ImageError(
            "a TIFF of flat pages", f"a page {page.imagedepth} deep in {name}", "save each plane as a page"
        )
    unnamed = photometric == _BLACK_IS_ZERO and channels == 3 and not any(page.extrasamples)
    natural = 3 if unnamed else _CHANNELS.get(photometric, channels - len(page.extrasamples))
    extra = channels - min(natural, channels)
    if extra > 2 or (extra == 2 and natural == 1):
        got = f"{channels} channels in {name}"
        raise ImageError("a grey or colour TIFF", got, "save the channels of interest as pages or as RGB")
    values = page_values(page, data, name)
    samples = _by_photometric(page, values, photometric, extra, name)
    told: tuple[str, ...] = ()
    if unnamed:
        told = ("has three channels without a word of what they are, shown as red, green and blue",)
    elif extra and not (extra == 1 and samples.opacity is not None):
        told = (f"has channels besides its {'grey' if natural == 1 else 'colours'}, left out ({extra})",)
    return replace(samples, notes=told + samples.notes)


def page_values(page: Any, data: bytes, name: str) -> np.ndarray:
    """Numbers of a page as they are stored, (height, width) or (height, width, channels); JPEG streams as RGB.

    Args:
        page: of tifffile; its size is within the limits.
        data: of the file.
        name: of it, for errors.

    Raises:
        ImageError: an unknown compression, a damaged file, or complex numbers; decoders raise whatever they like.
    """
    height, width, channels = int(page.imagelength), int(page.imagewidth), int(page.samplesperpixel)
    _check_strips(page, data, name)
    if page.is_subsampled and int(page.compression) not in JPEGS:
        values = _subsampled(page, data, name)
    else:
        values = page.asarray()
        if int(page.planarconfig) == 2 and channels > 1:
            values = np.moveaxis(values.reshape(channels, height, width), 0, -1)
        values = values.reshape(height, width, channels) if channels > 1 else values.reshape(height, width)
    if values.dtype.kind not in "buif":
        raise ImageError("pixels of real numbers", f"{values.dtype} in {name}", "save the magnitude")
    return values.astype(values.dtype.newbyteorder("="), copy=False)


def _check_strips(page: Any, data: bytes, name: str) -> None:
    """Strips and tiles inside the file, as many as the size needs, and none that unpacks to another size."""
    from tifffile import TIFF

    compression = int(page.compression)
    known = compression in TIFF.DECOMPRESSORS and (compression not in TIFF.IMAGE_COMPRESSIONS or compression in _SIZED)
    if compression != 1 and not known:
        raise ImageError("a TIFF compression that is known", f"number {compression} in {name}", _DO)
    needed = math.prod(page.chunked)
    if len(page.dataoffsets) < needed or len(page.databytecounts) < needed:
        raise ImageError("a whole TIFF file", f"a damaged, truncated or unusual one in {name}", "save it again")
    for offset, count in zip(page.dataoffsets, page.databytecounts, strict=False):
        if offset + count > len(data) or count == 0:
            raise ImageError("a whole TIFF file", f"a damaged, truncated or unusual one in {name}", "save it again")
        size = stream_size(data[offset : offset + count]) if compression in _SIZED else None
        if size is not None and size[0] * size[1] > 2 * math.prod(page.chunks) + 4096:
            got = f"a strip of {size[1]}x{size[0]} for {page.imagewidth}x{page.imagelength} in {name}"
            raise ImageError("strips of the size that the header states", got, "save it again from its source")


def _by_photometric(page: Any, values: np.ndarray, photometric: int, extra: int, name: str) -> Samples:
    """What the numbers mean."""
    declared = _declared(page, values.dtype)
    values, alpha, premultiplied = _without_extra(page, values, extra)
    orientation = int(page.tags.valueof(274) or 1)
    no_data = page.nodata if page.tags.get(42113) is not None else None

    def made(colours: np.ndarray, levels: Levels | None = declared, **more: Any) -> Samples:
        whole = colours if alpha is None else np.dstack([colours, alpha])
        return by_channels(turned(whole, orientation), name, levels, premultiplied, no_data=no_data, **more)

    channels = values.shape[2] if values.ndim == 3 else 1
    if photometric in (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _DEPTH) and channels == 1:
        if values.dtype == np.uint8 and page.bitspersample == 1:
            values, declared = values.astype(bool), None
            return made(values, None, inverted=photometric == _WHITE_IS_ZERO)
        return made(values, inverted=photometric == _WHITE_IS_ZERO)
    if photometric in (_RGB, _LINEAR_RAW, _BLACK_IS_ZERO) and channels == 3:
        return made(values)
    if photometric == _PALETTE and channels == 1:
        return made(_palette(page, values, name), None)
    if photometric == _YCBCR and channels == 3:
        return made(values if int(page.compression) in JPEGS else _from_ycbcr(page, values), declared)
    if photometric == _CMYK and channels == 4:
        return made(_from_cmyk(page, values, declared, name), None)
    if photometric == _CIELAB and channels in (1, 3):
        return made(_from_lab(values, name), None)
    if photometric == _CFA and channels == 1:
        pattern = bytes(page.tags.valueof(33422) or b"")
        letters = "".join("rgb"[one] if one < 3 else "?" for one in pattern)
        return demosaiced(made(values), letters, name)
    got = f"photometric interpretation {photometric} with {channels} channels in {name}"
    raise ImageError("a TIFF in grey, RGB, palette, CMYK, YCbCr or CIELAB", got, _DO)


def _without_extra(page: Any, values: np.ndarray, extra: int) -> tuple[np.ndarray, np.ndarray | None, bool]:
    """Colours, opacity where one of the extra samples is it, and whether the colours are multiplied by it."""
    if not extra or values.ndim == 2:
        return values, None, False
    base = values.shape[2] - extra
    kinds = [int(kind) for kind in page.extrasamples[-extra:]]
    colours = values[..., :base] if base > 1 else values[..., 0]
    for index, kind in enumerate(kinds):
        if kind in (1, 2):
            return colours, values[..., base + index], kind == 1
    return colours, None, False


def _declared(page: Any, dtype: np.dtype[Any]) -> Levels | None:
    """Levels that the tags state: fewer bits than the type has, or the least and greatest sample value."""
    bits = page.bitspersample
    if dtype.kind == "u" and isinstance(bits, int) and bits != dtype.itemsize * 8 and bits > 1:
        return Levels(0.0, float(2**bits - 1))
    least, most = (_number(page.tags.valueof(tag)) for tag in (340, 341))
    if most is None or (dtype.kind in "ui" and most >= np.iinfo(dtype).max):
        return None
    least = 0.0 if least is None else least
    return Levels(least, most) if most > least else None


def _number(value: Any) -> float | None:
    """The one number of a tag that holds one a sample; None for none, or for several that differ."""
    try:
        numbers = {float(one) for one in (value if isinstance(value, tuple) else (value,))}
    except (TypeError, ValueError):
        return None
    return numbers.pop() if len(numbers) == 1 and math.isfinite(next(iter(numbers))) else None


def _palette(page: Any, values: np.ndarray, name: str) -> np.ndarray:
    """Colours of indices; a table of 16 bits, or of 8 as some programs write it."""
    table = np.asarray(page.colormap)
    if table.shape[1] <= int(values.max()):
        raise ImageError("indices of the palette", f"{int(values.max())} in {name}", "save it again as RGB")
    narrow = table if int(table.max()) < 256 else table >> 8
    return np.ascontiguousarray(np.moveaxis(narrow.astype(np.uint8)[:, values], 0, -1))


def _from_cmyk(page: Any, values: np.ndarray, declared: Levels | None, name: str) -> np.ndarray:
    """Inks -> RGB by the plain formula, 0..255."""
    if page.tags.valueof(332) not in (None, 1):
        raise ImageError("the inks cyan, magenta, yellow and black", f"others in {name}", _DO)
    if values.dtype.kind != "u":
        raise ImageError("inks of unsigned integers", f"{values.dtype} in {name}", _DO)
    top = float(np.iinfo(values.dtype).max) if declared is None else declared.white
    inks = values.astype(np.float32) / np.float32(top)
    light = (1 - np.minimum(inks[..., :3], 1)) * (1 - np.minimum(inks[..., 3:], 1))
    return np.asarray(np.rint(light * 255)).astype(np.uint8)


def _from_lab(values: np.ndarray, name: str) -> np.ndarray:
    """CIELAB (D50) -> sRGB, 0..255."""
    from PIL import Image, ImageCms

    if values.dtype not in (np.uint8, np.uint16):
        raise ImageError("CIELAB of 8 or 16 bits", f"{values.dtype} in {name}", _DO)
    narrow = values if values.dtype == np.uint8 else (values >> 8).astype(np.uint8)
    if narrow.ndim == 2:
        narrow = np.dstack([narrow, np.zeros_like(narrow), np.zeros_like(narrow)])
    lab = Image.frombytes("LAB", (narrow.shape[1], narrow.shape[0]), narrow.tobytes())
    profiles = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    return np.asarray(ImageCms.applyTransform(lab, ImageCms.buildTransform(*profiles, "LAB", "RGB")))


def _from_ycbcr(page: Any, values: np.ndarray) -> np.ndarray:
    """Y, Cb, Cr -> RGB by the file's coefficients and reference levels (TIFF 6.0, section 21)."""
    top = float(np.iinfo(values.dtype).max) if values.dtype.kind == "u" else 1.0
    red, green, blue = _rationals(page.tags.valueof(529), _LUMA)
    edges = _rationals(page.tags.valueof(532), (0.0, top, (top + 1) / 2, top, (top + 1) / 2, top))
    wide = values.astype(np.float64)
    luma = (wide[..., 0] - edges[0]) / (edges[1] - edges[0]) * top
    first = (wide[..., 1] - edges[2]) / (edges[3] - edges[2]) * (top // 2)
    second = (wide[..., 2] - edges[4]) / (edges[5] - edges[4]) * (top // 2)
    r = luma + second * (2 - 2 * red)
    b = luma + first * (2 - 2 * blue)
    g = (luma - blue * b - red * r) / green
    return np.asarray(np.rint(np.clip(np.dstack([r, g, b]), 0, top))).astype(values.dtype)


def _rationals(value: Any, otherwise: tuple[float, ...]) -> tuple[float, ...]:
    """Fractions of a tag as floats; ``otherwise`` where they are missing or no fractions."""
    count = len(otherwise)
    if value is None or len(value) != 2 * count or not all(value[1::2]):
        return otherwise
    return tuple(float(value[2 * n]) / float(value[2 * n + 1]) for n in range(count))


def _subsampled(page: Any, data: bytes, name: str) -> np.ndarray:
    """Y, Cb, Cr of full size out of strips or tiles of data units: so many Y, then one Cb and one Cr."""
    from tifffile import TIFF

    across, down = page.subsampling or (2, 2)
    if page.bitspersample != 8 or int(page.planarconfig) != 1 or int(page.predictor) != 1:
        raise ImageError("YCbCr of 8 bits", f"an unusual layout of it in {name}", _DO)
    height, width = int(page.imagelength), int(page.imagewidth)
    rows, columns = (page.tilelength, page.tilewidth) if page.is_tiled else (page.rowsperstrip, width)
    whole = np.zeros((height, width, 3), np.uint8)
    unpack = None if int(page.compression) == 1 else TIFF.DECOMPRESSORS[int(page.compression)]
    beside = math.ceil(width / columns)
    for number, (offset, count) in enumerate(zip(page.dataoffsets, page.databytecounts, strict=False)):
        top, left = number // beside * rows, number % beside * columns
        high = rows if page.is_tiled else min(rows, height - top)
        units = math.ceil(high / down), math.ceil(columns / across)
        raw = data[offset : offset + count]
        flat = np.frombuffer(raw if unpack is None else unpack(raw), np.uint8)
        unit = flat[: units[0] * units[1] * (across * down + 2)].reshape(*units, across * down + 2)
        luma = unit[..., :-2].reshape(*units, down, across).swapaxes(1, 2).reshape(units[0] * down, units[1] * across)
        chroma = unit[..., -2:].repeat(down, 0).repeat(across, 1)
        block = np.dstack([luma, chroma])[: min(high, height - top), : min(columns, width - left)]
        whole[top : top + block.shape[0], left : left + block.shape[1]] = block
    return whole
