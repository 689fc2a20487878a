"""What the decoders share: limits, selectors, errors in one line. Opens no file."""

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
from PIL import Image

from assistant.errors import ImageError

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
    "pillow_heif",
)
_PROCESS_STATE = threading.RLock()
SMALLER = "scale it down, crop it, or allow it (--max-megapixels)"
"""What to do with too many pixels."""


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

    @classmethod
    def of_sent(cls, megapixels: float, megabytes: float) -> ImageLimits:
        """For files that others send.

        Args:
            megapixels: 10**6 pixels of a plane; a volume may have 16 times as many voxels.
            megabytes: 2**20 bytes of a file.
        """
        pixels = round(megapixels * 1e6)
        return cls(pixels, round(megabytes * 2**20), max_voxels=min(cls.max_voxels, 16 * pixels))

    def check_size(self, height: int, width: int, name: str) -> None:
        """Raise :class:`ImageError` unless a picture of this size, in pixels, is within the limits."""
        size = f"{width}x{height} in {name}"
        if min(height, width) < self.min_side:
            raise ImageError(f"both sides of at least {self.min_side} pixels", size, "use a larger picture")
        if max(height, width) > self.max_aspect * min(height, width):
            expected = f"a longer side of at most {self.max_aspect:g} times the shorter"
            raise ImageError(expected, size, "crop it to parts")
        if height * width > self.max_pixels:
            raise ImageError(f"at most {self.max_pixels:,} pixels", size, SMALLER)


DEFAULT_LIMITS = ImageLimits()


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
def _pillow_up_to(pixels: int) -> Iterator[None]:
    """Pillow refuses what has more than twice as many pixels as its own limit, of the process: 179 million."""
    before = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = None if before is None else max(before, pixels)
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS = before


@contextmanager
def decoding(name: str, kind: str, pixels: int = 0) -> Iterator[None]:
    """Turn whatever a decoder raises into one :class:`ImageError`, and silence its warnings and logs.

    Filters of warnings, loggers and Pillow's limit belong to the process, so one picture is decoded at a time. The decoder's
    own words are neither quoted nor logged: they can hold metadata.

    Args:
        name: of the file.
        kind: its format.
        pixels: so many are allowed; Pillow's own limit is raised to that.
    """
    with _PROCESS_STATE, _silent_loggers(), warnings.catch_warnings(), _pillow_up_to(pixels):
        warnings.simplefilter("ignore")
        try:
            yield
        except ImageError:
            raise
        except MemoryError:
            raise ImageError("a picture that fits into memory", f"a larger one in {name}", "scale it down") from None
        except Image.DecompressionBombError:
            allowed = f"at most {pixels:,} pixels" if pixels else "fewer pixels"
            raise ImageError(allowed, f"a larger picture in {name}", SMALLER) from None
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
