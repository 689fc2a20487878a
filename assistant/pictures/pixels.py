"""What the decoders share: limits, scaling of values to 0..255, selectors, errors in one line. Opens no file."""

from __future__ import annotations

import logging
import re
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8

from assistant.errors import ImageError

PERCENTILES = (0.1, 99.9)
"""Shown as black and white where the values do not use the range of their type."""

Bytes = UInt8[np.ndarray, "..."]
Rgb = UInt8[np.ndarray, "height width 3"]
_LOGGERS = (
    "PIL.Image",
    "PIL.ImageFile",
    "PIL.PngImagePlugin",
    "PIL.TiffImagePlugin",
    "pydicom",
    "pydicom.pixels.decoders.base",
    "pydicom.pixels.utils",
    "nibabel.global",
    "tifffile",
)
_PROCESS_STATE = threading.RLock()


@dataclass(frozen=True)
class ImageLimits:
    """What a picture may cost; checked before decoding.

    Args:
        max_pixels: height x width of the plane decoded.
        max_bytes: size of the file.
        min_side: shortest side, pixels.
        max_aspect: longer side over shorter side.
        max_voxels: rows x columns x frames of a DICOM file, x * y * z of a NIfTI volume.
    """

    max_pixels: int = 50_000_000
    max_bytes: int = 512 * 2**20
    min_side: int = 8
    max_aspect: float = 100.0
    max_voxels: int = 2**28

    def check_size(self, height: int, width: int, name: str) -> None:
        """Raise :class:`ImageError` unless a picture of this size, in pixels, is within the limits."""
        size = f"{width}x{height} in {name}"
        if min(height, width) < self.min_side:
            raise ImageError(f"both sides of at least {self.min_side} pixels", size, "use a larger picture")
        if max(height, width) > self.max_aspect * min(height, width):
            expected = f"a longer side of at most {self.max_aspect:g} times the shorter"
            raise ImageError(expected, size, "crop it to parts")
        if height * width > self.max_pixels:
            raise ImageError(f"at most {self.max_pixels:,} pixels", size, "scale it down or crop it")


DEFAULT_LIMITS = ImageLimits()


def scale_values(values: np.ndarray, name: str) -> Bytes:
    """Values of any depth -> 0..255, for one picture as a whole.

    bool: 0 and 255. uint8: as they are. uint16 and uint32 that reach the upper half of their range, and floats within
    [0, 1]: by the whole range. All others: from the 0.1 to the 99.9 percentile, clipped outside; flat ones become 0.

    Raises:
        ImageError: NaN, infinity, or a type that is not bool, integer or float.
    """
    kind = values.dtype.kind
    if kind not in "buif":
        raise ImageError("pixels of bool, integers or floats", f"{values.dtype} in {name}", "convert them to uint8")
    if kind == "f" and not np.isfinite(values).all():
        raise ImageError("finite pixel values", f"NaN or infinity in {name}", "replace them before inspecting")
    if values.dtype == np.uint8:
        return values.copy()
    if kind == "b":
        return values.astype(np.uint8) * np.uint8(255)
    low, high = float(values.min()), float(values.max())
    if kind == "f" and low >= 0.0 and high <= 1.0:
        return stretch(values, 0.0, 1.0)
    if kind == "u" and high >= (np.iinfo(values.dtype).max + 1) // 2:
        return stretch(values, 0.0, float(np.iinfo(values.dtype).max))
    return stretch(values, *robust_range(values))


def robust_range(values: np.ndarray) -> tuple[float, float]:
    """The 0.1 and 99.9 percentiles of finite values, over at most about two million of them at a fixed stride."""
    sample = values.ravel()[:: max(1, values.size // 2_000_000)].astype(np.float64)
    low, high = np.percentile(sample, PERCENTILES)
    if low == high:
        low, high = float(values.min()), float(values.max())
    return float(low), float(high)


def stretch(values: np.ndarray, low: float, high: float) -> Bytes:
    """``low`` -> 0 and ``high`` -> 255, linear, clipped; all 0 where ``high`` is not above ``low``."""
    if not high > low:
        return np.zeros(values.shape, np.uint8)
    scale = 255.0 / high if low == 0.0 else 255.0 / (high - low)
    kept = np.clip(values.astype(np.float64 if values.dtype.itemsize > 2 else np.float32), low, high)
    scaled: np.ndarray = np.rint((kept - low) * scale).astype(np.uint8)
    return scaled


def grey_to_rgb(grey: UInt8[np.ndarray, "height width"]) -> Rgb:
    """The same grey in three channels."""
    return np.repeat(grey[:, :, None], 3, axis=2)


def printable(name: str) -> str:
    """A file name that any terminal can print, on one line."""
    text = name.encode("utf-8", "backslashreplace").decode()
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)


@contextmanager
def _silent_loggers() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    before = [logger.disabled for logger in loggers]
    for logger in loggers:
        logger.disabled = True
    try:
        yield
    finally:
        for logger, disabled in zip(loggers, before, strict=True):
            logger.disabled = disabled


@contextmanager
def decoding(name: str, kind: str) -> Iterator[None]:
    """Turn whatever a decoder raises into one :class:`ImageError`, and silence its warnings and logs.

    Filters of warnings and loggers belong to the process, so one picture is decoded at a time. The decoder's own words
    are neither quoted nor logged: they can hold metadata.
    """
    with _PROCESS_STATE, _silent_loggers(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except ImageError:
            raise
        except MemoryError:
            raise ImageError("a picture that fits into memory", f"a larger one in {name}", "scale it down") from None
        except Exception:  # noqa: BLE001  decoders of untrusted bytes raise nearly everything
            got = f"a damaged, truncated or unusual one in {name}"
            do = "save it again from its source, or convert it to PNG"
            raise ImageError(f"a whole {kind} file", got, do) from None


def check_selector(selector: Mapping[str, str], keys: tuple[str, ...], kind: str, name: str) -> None:
    """Raise :class:`ImageError` on a key that the format does not know."""
    unknown = [key for key in selector if key not in keys]
    if unknown:
        expected = f"a selector of {', '.join(keys)} for {kind}" if keys else f"no selector for {kind}"
        raise ImageError(expected, f"{printable(unknown[0])} in {name}", "leave it out")


def selected_index(selector: Mapping[str, str], key: str, default: int | None, name: str) -> int | None:
    """A 0-based index of the selector; ``default`` where it is not given."""
    if key not in selector:
        return default
    if not re.fullmatch(r"[0-9]{1,9}", selector[key]):
        raise ImageError(f"{key}= with a whole number from 0", f"{printable(selector[key])} in {name}", "correct it")
    return int(selector[key])
