"""Values of any depth -> 0..255: which value is black, which is white, and what is no value at all. One rule for every format.

The levels of a picture are, in this order:

1. those that the reference set fixed, so that references and query are read alike (:func:`read_with`);
2. those that the file declares (bits a sample, SMinSampleValue and SMaxSampleValue, bits stored), unless more than a hundredth
   of the values lies outside them;
3. 0 and 1 for bool, 0 and 255 for unsigned 8 bits;
4. the whole range, for unsigned integers whose 99.9 percentile reaches the upper half of it and for floats within [0, 1], where
   their 0.1 and 99.9 percentiles lie an eighth of it apart or more (flat ones count too);
5. the 0.1 and 99.9 percentiles, at each end one pixel or more left out: a dead pixel moves nothing.

No data are NaN, infinities, values beyond 1e30, the value that the file names, and the least or greatest value where it is one of
:data:`NO_DATA` or an end of its type, holds more than a thousandth of the pixels, and lies farther from the others than these lie
apart. They are left out of every rule, shown black, and told of.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import UInt8

from assistant.errors import ImageError
from assistant.pictures.pixels import Bytes, Rgb, grey_to_rgb
from assistant.types import DeepValues, Levels, QueryImage

PERCENTILES = (0.001, 0.999)
"""Shares of the values that lie below black and below white where these are found from the values."""
NO_DATA = (
    -1.0,
    -99.0,
    -999.0,
    -1000.0,
    -9999.0,
    -10000.0,
    -99999.0,
    -999999.0,
    -32767.0,
    -32768.0,
    0.0,
    9999.0,
    99999.0,
)
"""What programs write where nothing was measured."""
BEYOND = 1e30
"""Floats from here on are no measurements."""
LEAST_SPREAD = 1 / 8
"""Share of a type's range that values must span to be read by the whole of it."""
OUTSIDE = 0.01
"""Share of the values that may lie outside what the file declares."""
SAMPLED = 200_000
_PIECE = 2**15
_LAID = 2**20
_DISTINCT = 16
_CLIPPED = 0.05
_OUTSIDE = "lies outside the grey levels of its references"


@dataclass(frozen=True, eq=False)
class Samples:
    """A picture as its file holds it, upright.

    Args:
        values: bool, integers or floats, (height, width) or (height, width, 3).
        declared: levels that the file states; None where it states none.
        inverted: whether less is lighter.
        opacity: 0..255, (height, width); None where nothing is transparent.
        no_data: a value that the file says is none.
        known: where there are values; None for everywhere.
        window: levels to read it with, whatever it holds; None to find them.
        chosen: a person chose the window.
        notes: about how it was read.
    """

    values: np.ndarray
    declared: Levels | None = None
    inverted: bool = False
    opacity: UInt8[np.ndarray, "height width"] | None = None
    no_data: float | None = None
    known: np.ndarray | None = None
    window: Levels | None = None
    chosen: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Shown:
    """Samples as a picture: RGB, what it was made of where that is deeper than 8 bits, and notes."""

    pixels: Rgb
    deep: DeepValues | None
    notes: tuple[str, ...]


def shown(samples: Samples, name: str, levels: Levels | None = None) -> Shown:
    """Samples -> 0..255 by the rule of this module.

    Args:
        samples: of one picture; what comes of 8 bits may be their own values, changed.
        name: of it, for errors.
        levels: of the reference set; None to find its own.

    Raises:
        ImageError: no finite value, or a type that is not bool, integer or float.
    """
    values = samples.values
    if values.dtype.kind not in "buif":
        raise ImageError("pixels of bool, integers or floats", f"{values.dtype} in {name}", "convert them to uint8")
    if values.dtype == np.uint8 and samples.declared is None and samples.window is None:
        flat = values if values.flags.writeable else values.copy()
        if samples.inverted:
            np.subtract(np.uint8(255), flat, out=flat)
        if samples.known is not None:
            flat[~samples.known] = 0
        return Shown(_on_white(flat, samples.opacity), None, samples.notes)
    if values.dtype.kind == "b":
        light = (values ^ samples.inverted).astype(np.uint8) * np.uint8(255)
        return Shown(_on_white(light, samples.opacity), None, samples.notes)
    if values.dtype.kind == "f" and values.dtype.itemsize != 4:
        with np.errstate(over="ignore"):
            values = values.astype(np.float32 if values.dtype.itemsize == 2 else np.float64)
    known, notes = _known(values, samples, name)
    told: tuple[str, ...] = ()
    if samples.window is None:
        channels = values.shape[2] if values.ndim == 3 else 1
        own, told = find_levels(_measured(values, known, samples.opacity), samples.declared, channels)
    else:
        own = samples.window
    levels = None if samples.chosen else levels
    if samples.inverted:
        values, own = _turned(values, own)
    deep = DeepValues(values, levels or own, own, known, samples.opacity, samples.chosen)
    picture = Shown(drawn(deep), deep, (*samples.notes, *notes, *told))
    return picture if levels is None else replace(picture, notes=picture.notes + clipped(deep))


def drawn(deep: DeepValues) -> Rgb:
    """Deep values by their levels: RGB, no data black, transparency on white."""
    flat = stretch(deep.values, deep.levels.black, deep.levels.white)
    if deep.known is not None:
        flat[~deep.known] = 0
    return _on_white(flat, deep.opacity)


def read_with(image: QueryImage, levels: Levels | None) -> QueryImage:
    """The picture as it looks by the levels of a reference set; unchanged where it has 8 bits or its levels were chosen."""
    if levels is None or image.deep is None or image.deep.chosen or image.deep.levels == levels:
        return image
    deep = replace(image.deep, levels=levels)
    kept = tuple(note for note in image.notes if not note.startswith(_OUTSIDE))
    return replace(image, pixels=drawn(deep), deep=deep, notes=kept + clipped(deep))


def joined(found: list[Levels]) -> Levels | None:
    """Levels that show everything that each of several shows; None for none."""
    return Levels(min(one.black for one in found), max(one.white for one in found)) if found else None


def clipped(deep: DeepValues) -> tuple[str, ...]:
    """Says how much of what a picture shows alone lies outside its levels, where that is more than a twentieth."""
    if deep.levels == deep.own:
        return ()
    sample = _sample(_measured(deep.values, deep.known, deep.opacity))
    sample = sample[(sample >= deep.own.black) & (sample <= deep.own.white)]
    low, high = deep.levels.black, deep.levels.white
    outside = float(((sample < low) | (sample > high)).mean()) if sample.size else 0.0
    if outside <= _CLIPPED:
        return ()
    return (f"{_OUTSIDE} in part ({percent(outside)} outside {low:g} to {high:g})",)


def find_levels(measured: np.ndarray, declared: Levels | None, channels: int = 1) -> tuple[Levels, tuple[str, ...]]:
    """Levels of values by rules 2 to 5, and what to say of them.

    Args:
        measured: values that count, of any shape, finite.
        declared: by the file.
        channels: values of a pixel.
    """
    sample = _sorted(_sample(measured))
    kind, size = sample.dtype.kind, len(sample)
    if not size:
        return Levels(0.0, 1.0), ()
    notes: tuple[str, ...] = ()
    if declared is not None:
        outside = float(((sample < declared.black) | (sample > declared.white)).mean())
        if outside <= OUTSIDE:
            return declared, ()
        ends = f"{declared.black:g} to {declared.white:g}"
        notes = (
            f"is read by its own range, as it does not keep to the levels it states ({percent(outside)} outside {ends})",
        )
    low, high = _between(sample, channels)
    if kind == "f" and sample[0] >= 0 and sample[-1] <= 1:
        top: float | None = 1.0
    else:
        largest = float(np.iinfo(sample.dtype).max) if kind == "u" else None
        top = largest if largest is not None and high >= (largest + 1) / 2 else None
    if top is not None and (high - low >= LEAST_SPREAD * top or sample[0] == sample[-1]):
        return Levels(0.0, top), notes
    if low == high:
        low, high = float(sample[0]), float(sample[-1])
    return Levels(low, high), notes


def robust_range(values: np.ndarray) -> tuple[float, float]:
    """The 0.1 and 99.9 percentiles of finite values, over two hundred thousand of them at most."""
    sample = _sorted(_sample(values))
    low, high = _between(sample)
    return (low, high) if low < high else (float(sample[0]), float(sample[-1]))


def stretch(values: np.ndarray, black: float, white: float) -> Bytes:
    """``black`` -> 0 and ``white`` -> 255, linear, clipped; all 0 where ``white`` is not above ``black``. NaN gives 0."""
    if not white > black:
        return np.zeros(values.shape, np.uint8)
    if values.dtype.itemsize == 2 and values.dtype.kind in "ui" and values.size > 2**16:
        every = np.arange(2**16, dtype=np.uint16).view(values.dtype.newbyteorder("="))
        table: Bytes = stretch(every, black, white)
        return _looked_up(table, values.astype(values.dtype.newbyteorder("="), copy=False).view(np.uint16))
    scale = 255.0 / white if black == 0.0 else 255.0 / (white - black)
    wide = values.dtype.itemsize > 2 or max(abs(black), abs(white)) > 1e30
    kept = np.clip(values.astype(np.float64 if wide else np.float32), black, white)
    with np.errstate(invalid="ignore"):
        scaled: Bytes = np.nan_to_num(np.rint((kept - black) * scale)).astype(np.uint8)
    return scaled


def _looked_up(table: Bytes, places: np.ndarray) -> Bytes:
    """Entries of a table of 65536, a piece at a time: numpy makes eight bytes of each place first."""
    found = np.empty(places.size, np.uint8)
    flat = places.reshape(-1)
    for start in range(0, flat.size, _PIECE):
        np.take(table, flat[start : start + _PIECE], out=found[start : start + _PIECE], mode="clip")
    return found.reshape(places.shape)


def percent(share: float) -> str:
    """A share in words, never 0 % for something.

    >>> percent(0.163), percent(0.00002)
    ('16 %', 'under 0.1 %')
    """
    if share < 0.001:
        return "under 0.1 %"
    return f"{100 * share:.1f} %" if share < 0.1 else f"{100 * share:.0f} %"


def _sorted(sample: np.ndarray) -> np.ndarray:
    """Values in order; those of 16 bits by their digits, which numpy does with the stable way alone."""
    return np.sort(sample, kind="stable" if sample.dtype.itemsize <= 2 else None)


def _between(sample: np.ndarray, channels: int = 1) -> tuple[float, float]:
    """Percentiles of sorted values, none of them between two values, and those of one pixel or more beyond each."""
    last = len(sample) - 1
    low = max(math.ceil(PERCENTILES[0] * last), min(channels, last // 2))
    return float(sample[min(low, last - low)]), float(sample[max(low, last - low)])


def _sample(values: np.ndarray) -> np.ndarray:
    """Every value, or two hundred thousand of them at a stride that does not follow the columns."""
    stride = max(1, values.size // SAMPLED)
    while stride > 1 and math.gcd(stride, values.shape[-1] * (values.shape[-2] if values.ndim == 3 else 1)) > 1:
        stride += 1
    return values.reshape(-1)[::stride]


def _measured(values: np.ndarray, known: np.ndarray | None, opacity: np.ndarray | None) -> np.ndarray:
    """Values that count: those that are known and can be seen; all of them where that leaves none."""
    if opacity is not None and not opacity.all():
        known = opacity > 0 if known is None else known & (opacity > 0)
    return values if known is None or not known.any() else values[known]


def _known(values: np.ndarray, samples: Samples, name: str) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """Where there are values, (height, width); None for everywhere; what is told of the rest."""
    good = np.ones(values.shape, bool)
    what: list[str] = []
    if values.dtype.kind == "f":
        with np.errstate(invalid="ignore"):
            good = np.abs(values) < BEYOND
        if not good.all():
            finite = values[~good & np.isfinite(values)]
            what += [f"{finite[0]:g}"] if finite.size else []
            what += ["NaN or infinity"] if finite.size < good.size - np.count_nonzero(good) else []
    if not good.any():
        raise ImageError("finite pixel values", f"NaN or infinity alone in {name}", "replace them before inspecting")
    if samples.no_data is not None and math.isfinite(samples.no_data):
        named = good & (values == np.asarray(samples.no_data, values.dtype if values.dtype.kind == "f" else None))
        if named.any() and not named[good].all():
            good &= ~named
            what.append(f"{samples.no_data:g}")
    seen = None
    if (
        samples.opacity is not None and not samples.opacity.all()
    ):  # what is under full transparency was never meant to be seen
        shape = (*values.shape[:2], *[1] * (values.ndim - 2))
        seen = np.broadcast_to((samples.opacity > 0).reshape(shape), values.shape)
    for _ in range(2):
        alone = _set_apart(values, good if seen is None else good & seen)
        if alone is None:
            break
        good &= ~_holes(values, alone)
        what.append(f"{float(alone):g}")
    known = np.ones(values.shape[:2], bool) if good.all() else _everywhere(good)
    given = samples.known
    notes: tuple[str, ...] = ()
    if not known.all():
        notes = (
            f"holds no data in part, shown black ({percent(1 - float(known.mean()))} of its pixels: {', '.join(what)})",
        )
    known = known if given is None else known & given
    return (None if known.all() else known), notes


def _set_apart(values: np.ndarray, good: np.ndarray) -> float | None:
    """The least or greatest value, if it can only mean that nothing was measured; None if neither does.

    Args:
        values: of a picture.
        good: which of them count, same shape.
    """
    inside = values if good.all() else values[good]
    if not inside.size:
        return None
    ends = [inside.min(), inside.max()]
    limits = np.iinfo(values.dtype) if values.dtype.kind in "ui" else None
    for end, sign in zip(ends, (1, -1), strict=True):
        known = float(end) in NO_DATA or (limits is not None and end in (limits.min, limits.max))
        if not known or ends[0] == ends[1]:
            continue
        if np.count_nonzero(inside == end) <= PERCENTILES[0] * inside.size:
            continue
        hole = _holes(values, end) & good
        rest = values[good & ~hole]
        if inside.size - rest.size <= PERCENTILES[0] * inside.size:
            continue
        sample = _sorted(_sample(rest))
        low, high = _between(sample)
        nearest = float(rest.min() if sign > 0 else rest.max())
        gap = sign * (nearest - float(end))
        if gap > high - low and np.count_nonzero(np.diff(sample)) + 1 >= _DISTINCT:
            return float(end) if values.dtype.kind == "f" else int(end)
    return None


def _holes(values: np.ndarray, value: Any) -> np.ndarray:
    """Where a value stands for no data: in every channel of a pixel, as one alone may well be empty; a negative float in any."""
    same = np.asarray(values == value)
    if values.ndim == 2 or (values.dtype.kind == "f" and value < 0):
        return same
    return np.broadcast_to(_everywhere(same)[..., None], values.shape)


def _everywhere(good: np.ndarray) -> np.ndarray:
    """Pixels where all channels are so; numpy is slow at reductions along a short last axis."""
    if good.ndim == 2:
        return good
    known = good[..., 0].copy()
    for channel in range(1, good.shape[2]):
        known &= good[..., channel]
    return known


def _turned(values: np.ndarray, levels: Levels) -> tuple[np.ndarray, Levels]:
    """Values of which less is lighter -> values of which more is."""
    if values.dtype.kind == "u":
        top = int(np.iinfo(values.dtype).max)
        return values.dtype.type(top) - values, Levels(top - levels.white, top - levels.black)
    if values.dtype.kind == "i":
        return ~values, Levels(-1 - levels.white, -1 - levels.black)
    return -values, Levels(-levels.white, -levels.black)


def _on_white(flat: Bytes, opacity: UInt8[np.ndarray, "height width"] | None) -> Rgb:
    """Grey or colour -> RGB, laid on white where it is transparent."""
    rgb: Rgb = grey_to_rgb(flat) if flat.ndim == 2 else flat
    if opacity is None or int(opacity.min()) == 255:
        return rgb
    from PIL import Image

    step = max(1, _LAID // rgb.shape[1])
    for top in range(0, len(rgb), step):
        some = slice(top, top + step)
        rgba = Image.fromarray(np.dstack([rgb[some], opacity[some]]))
        rgb[some] = np.asarray(Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB"))
    return rgb
