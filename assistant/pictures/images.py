"""Any picture -> :class:`QueryImage`; folders -> lists of pictures; maps <-> 16-bit PNG. The only decoder.

The content decides the format, never the extension. Every limit is checked on the header, before a pixel is decoded.
Formats read here, by the Pillow plugin named and no other: PNG, JPEG, TIFF, BMP, WebP, GIF. DICOM and NIfTI are read by
:mod:`assistant.pictures.medical` (extra ``medical``).

Choices made here:

* The orientation of EXIF is applied; damaged EXIF is ignored. Animated files give their first frame.
* Transparency is laid on white. Colour profiles (ICC) are ignored: pixels are taken as sRGB, CMYK by the plain formula.
* Values deeper than 8 bits follow :func:`assistant.pictures.pixels.scale_values`. Colour of 16 bits a channel keeps its high
  byte.
* A selector follows the path: ``scan.tif::frame=2``. A file whose name itself holds ``::`` is taken as that file.
* Nothing of a file's metadata is logged, kept or quoted in an error.
"""

from __future__ import annotations

import io
import os
import re
import secrets
import stat
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np
from jaxtyping import Float32
from PIL import Image

from assistant.errors import ImageError
from assistant.files.folders import walked
from assistant.pictures.pixels import (
    DEFAULT_LIMITS,
    ImageLimits,
    Rgb,
    check_selector,
    decoding,
    grey_to_rgb,
    printable,
    scale_values,
    selected_index,
)
from assistant.pictures.spacing import Plane
from assistant.types import Domain, QueryImage

SUFFIXES = (
    ".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".tif", ".tiff", ".bmp", ".dib", ".webp", ".gif",
    ".dcm", ".dicom", ".nii", ".nii.gz",
)  # fmt: skip
"""Endings that make a file of a folder a picture, in any case of letters."""

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"BM", "BMP"),
)
_REFUSED: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x93NUMPY", "a NumPy array file"),
    (b"\0\0\0\x0cjP", "a JPEG 2000 picture"),
    (b"\xff\x0a", "a JPEG XL picture"),
    (b"v/1\x01", "an OpenEXR picture"),
    (b"8BPS", "a Photoshop document"),
    (b"\x1f\x8b", "a gzip file that holds no NIfTI volume"),
)
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
MAP_LIMITS = ImageLimits(min_side=1, max_aspect=float("inf"))
_URL = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*://|(?:https?|ftp|s3|gs|file):/|data:[^/]*/)")
_FORMATS = "a PNG, JPEG, TIFF, BMP, WebP, GIF, DICOM or NIfTI file"
_CONVERT = "convert it to PNG or JPEG"


def load_image(
    source: str | Path | bytes | Image.Image | np.ndarray,
    *,
    limits: ImageLimits = DEFAULT_LIMITS,
    domain: Domain | None = None,
) -> QueryImage:
    """Decode one picture.

    Args:
        source: path of a local file, with a ``::selector`` or without; the bytes of a file; a Pillow picture; or an
            array of shape (height, width), (height, width, 1), (height, width, 3) or (height, width, 4), channels
            last, RGB(A), of bool, integers or finite floats.
        limits: what the picture may cost.
        domain: what it shows; None takes medical for DICOM and NIfTI, and leaves every other format unknown.

    Returns:
        RGB 0..255 in the orientation a person sees; ``source`` as given, or ``<bytes>``, ``<image>``, ``<array>``; the spacing
        that a DICOM or NIfTI file states.

    Raises:
        ImageError: whatever is wrong with the input, in one line.
    """
    plane: Plane | None = None
    if isinstance(source, np.ndarray):
        name, pixels = "<array>", _from_array(source, limits)
    elif isinstance(source, Image.Image):
        name = "<image>"
        with decoding(name, "Pillow picture"):
            pixels = _from_pillow(source, name, limits)
    elif isinstance(source, bytes):
        name = "<bytes>"
        pixels, plane = _decode(source, name, {}, limits)
    elif isinstance(source, str | Path):
        name = str(source)
        path, selector = split_selector(name)
        pixels, plane = _decode(read_file(path, limits), printable(name), selector, limits)
    else:
        raise ImageError("a path, bytes, a Pillow picture or an array", f"a {type(source).__name__}", "give its path")
    if domain is None and plane is not None:
        domain = Domain.MEDICAL
    spacing = None if plane is None else plane.spacing
    if spacing is None:
        return QueryImage(np.ascontiguousarray(pixels), name, domain)
    return QueryImage(np.ascontiguousarray(pixels), name, domain, (spacing.rows, spacing.columns), spacing.of)


def split_selector(source: str) -> tuple[str, dict[str, str]]:
    """Path and selector of ``path::key=value,key=value``; a file that exists under the whole name has no selector.

    >>> split_selector("series.dcm::frame=12,window=lung")
    ('series.dcm', {'frame': '12', 'window': 'lung'})
    """
    head, mark, tail = source.rpartition("::")
    if not mark or os.path.lexists(source.replace("\0", "")):
        return source, {}
    selector: dict[str, str] = {}
    for part in tail.split(","):
        key, equals, value = (text.strip() for text in part.partition("="))
        if not equals or not key or not value or key in selector:
            expected = "a selector like ::frame=12,window=lung after the path"
            raise ImageError(expected, printable(source), "write key=value pairs, each key once, separated by commas")
        selector[key] = value
    return head, selector


def find_images(paths: Iterable[str | Path] | str | Path, tell: Callable[[str], object] = lambda _: None) -> list[str]:
    """Pictures named by ``paths``, each once, in the order given; a folder stands for the pictures in it.

    Folders are walked to any depth in the order of their names (:mod:`assistant.files.folders`); hidden files, linked folders
    and other file systems are left out. In a
    folder a file is a picture by its ending (:data:`SUFFIXES`), or with no ending at all if it starts as DICOM does. A
    path that is not a folder is returned as given, with its selector, also when it is missing: loading it says what is
    wrong.

    Raises:
        ImageError: a folder that cannot be read or that holds no picture.
        ConfigError: the root of the machine, a home folder, or one of the operating system.
    """
    found: dict[str, None] = {}
    for path in [paths] if isinstance(paths, str | Path) else paths:
        if not os.path.isdir(path):
            found[str(path)] = None
            continue
        inside = list(walked(str(path), is_picture_name, tell))
        if not inside:
            do = "check the folder, or name the files themselves"
            raise ImageError("a folder with pictures in it", f"none in {printable(str(path))}", do)
        found.update(dict.fromkeys(inside))
    return list(found)


def is_picture_name(path: str) -> bool:
    """Whether a file of a folder counts as a picture: by its ending, or without one by how DICOM starts."""
    return path.lower().endswith(SUFFIXES) or _is_bare_dicom(path)


def _is_bare_dicom(path: str) -> bool:
    if os.path.splitext(path)[1] or not os.path.isfile(path):
        return False
    try:
        with open(path, "rb") as file:
            return file.read(132)[128:] == b"DICM"
    except OSError:
        return False


def save_map(path: str | Path, scores: Float32[np.ndarray, "height width"]) -> None:
    """Write calibrated scores as a 16-bit grey PNG of the same size, 0 = 0.0 and 65535 = 1.0.

    The file appears whole or not at all; missing folders are made. Raises :class:`ImageError` on scores outside [0, 1].
    """
    if scores.size == 0 or not (float(scores.min()) >= 0.0 and float(scores.max()) <= 1.0):
        raise ImageError("at least one score, all in [0, 1]", f"others in {printable(str(path))}", "calibrate the map")
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with part.open("xb") as file:
            Image.fromarray(np.rint(scores * 65535.0).astype(np.uint16)).save(file, format="PNG")
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def load_map(path: str | Path, *, limits: ImageLimits = MAP_LIMITS) -> Float32[np.ndarray, "height width"]:
    """Scores in [0, 1] that :func:`save_map` wrote, exact to 1/65535. Raises :class:`ImageError` on any other file."""
    name = printable(str(path))
    data = read_file(str(path), limits)
    if content_format(data) != "PNG":
        raise ImageError("a map saved as a 16-bit grey PNG", f"another format in {name}", "give a file of maps/")
    with decoding(name, "PNG"), Image.open(io.BytesIO(data), formats=["PNG"]) as image:
        limits.check_size(image.height, image.width, name)
        if not image.mode.startswith("I"):
            raise ImageError("a map saved as a 16-bit grey PNG", f"mode {image.mode} in {name}", "give a file of maps/")
        return np.asarray(image).astype(np.float32) / np.float32(65535.0)


def content_format(data: bytes) -> str | None:
    """Format by the first bytes: a Pillow plugin's name, "DICOM", "NIFTI", or None."""
    # The preamble of a DICOM file may hold the signature of a second format, so it is looked past first.
    if data[128:132] == b"DICM":
        return "DICOM"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    for signature, found in _SIGNATURES:
        if data.startswith(signature):
            return found
    # Files without the preamble start at group 0002 or 0008, whose elements are all below 0x2000.
    if len(data) > 132 and data[:2] in (b"\x02\0", b"\x08\0") and data[3] < 0x20:
        return "DICOM"
    from assistant.pictures.medical import is_nifti

    return "NIFTI" if is_nifti(data) else None


def _describe(data: bytes) -> str:
    """What bytes that are no picture look like, for the error."""
    for signature, found in _REFUSED:
        if data.startswith(signature):
            return found
    if data[4:8] == b"ftyp":
        return "a HEIC, AVIF or video file"
    start = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if b"<svg" in start:
        return "an SVG drawing"
    if start.startswith((b"<!doctype html", b"<html")):
        return "an HTML page"
    text = all(32 <= byte < 0xF8 or byte in b"\t\r\n" for byte in start)  # no control bytes, none foreign to UTF-8
    return "a text file" if text else "bytes of no known picture format"


def read_file(path: str, limits: ImageLimits) -> bytes:
    """All bytes of a regular local file within the limits.

    Raises:
        ImageError: no such file, or one that is larger, a folder or a device.
    """
    name = printable(path)
    if _URL.match(path) and not os.path.isfile(path.replace("\0", "")):
        raise ImageError("a local file", f"the address {name}", "download it first and give its path")
    try:
        status = os.stat(path)
        if stat.S_ISDIR(status.st_mode):
            raise ImageError("a picture file", f"the folder {name}", "name a file in it")
        if not stat.S_ISREG(status.st_mode):
            raise ImageError("a regular file", f"a device, pipe or socket at {name}", "copy it to a file")
        if status.st_size > limits.max_bytes:
            got = f"{status.st_size:,} bytes in {name}"
            raise ImageError(f"a file of at most {limits.max_bytes:,} bytes", got, "scale it down or crop it")
        with open(path, "rb") as file:
            return file.read(limits.max_bytes)
    except FileNotFoundError:
        got = f"a link to nowhere at {name}" if os.path.islink(path) else f"nothing at {name}"
        raise ImageError("a picture file", got, "check the path") from None
    except PermissionError:
        raise ImageError("a file that can be read", f"no permission for {name}", "check its permissions") from None
    except (OSError, ValueError):
        raise ImageError("the path of a picture file", f"{name}, which cannot be opened", "check the path") from None


def _decode(data: bytes, name: str, selector: Mapping[str, str], limits: ImageLimits) -> tuple[Rgb, Plane | None]:
    """Pixels of the file's bytes, and the plane that they are of where its format is a medical one."""
    if not data:
        raise ImageError(_FORMATS, f"0 bytes in {name}", "copy or download the file again")
    if len(data) > limits.max_bytes:
        raise ImageError(f"at most {limits.max_bytes:,} bytes", f"{len(data):,} in {name}", "scale it down or crop it")
    found = content_format(data)
    if found is None:
        raise ImageError(_FORMATS, f"{_describe(data)} in {name}", _CONVERT)
    if found in ("DICOM", "NIFTI"):
        from assistant.pictures.medical import decode_dicom, decode_nifti

        plane = (decode_dicom if found == "DICOM" else decode_nifti)(data, name, selector, limits)
        return plane.pixels, plane
    check_selector(selector, ("frame",) if found == "TIFF" else (), found, name)
    frame = selected_index(selector, "frame", None, name)
    with decoding(name, found), Image.open(io.BytesIO(data), formats=[found]) as image:
        if frame is not None:
            limits.check_size(image.height, image.width, name)
            _seek(image, frame, name)
        return _from_pillow(image, name, limits), None


def _seek(image: Image.Image, frame: int, name: str) -> None:
    try:
        image.seek(frame)
    except EOFError:
        raise ImageError("a frame that the file has, from 0", f"frame {frame} in {name}", "use a lower one") from None


def _from_pillow(image: Image.Image, name: str, limits: ImageLimits) -> Rgb:
    """A Pillow picture, opened or decoded -> RGB, upright, transparency on white."""
    limits.check_size(image.height, image.width, name)
    image.load()
    try:
        turn = _TURNS.get(image.getexif().get(0x0112, 1))
    except Exception:  # noqa: BLE001  damaged EXIF must not cost the picture
        turn = None
    upright = image if turn is None else image.transpose(turn)
    if upright.mode[0] in "IF":
        values = np.asarray(upright)
        if values.dtype == np.int32 and values.min() >= 0 and values.max() <= 65535:
            values = values.astype(np.uint16)
        return grey_to_rgb(scale_values(values, name))
    if upright.mode == "RGB" and "transparency" not in upright.info:
        rgb: Rgb = np.array(upright)
        return rgb
    if "transparency" in upright.info or upright.mode in ("LA", "La", "PA", "RGBA", "RGBa"):
        if upright.mode in ("La", "RGBa"):
            upright = upright.convert("LA" if upright.mode == "La" else "RGBA")
        rgba = upright.convert("RGBA")
        upright = Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba)
    flat: Rgb = np.array(upright.convert("RGB"))
    return flat


def _from_array(values: np.ndarray, limits: ImageLimits) -> Rgb:
    """An array of one of the shapes of :func:`load_image` -> RGB, transparency on white."""
    if values.ndim not in (2, 3) or (values.ndim == 3 and values.shape[2] not in (1, 3, 4)):
        shape = f"shape {values.shape} in <array>"
        raise ImageError("(height, width) or (height, width, 1, 3 or 4)", shape, "move the channels last")
    limits.check_size(values.shape[0], values.shape[1], "<array>")
    scaled = scale_values(values, "<array>")
    if scaled.ndim == 2 or scaled.shape[2] == 1:
        return grey_to_rgb(scaled.reshape(scaled.shape[:2]))
    if scaled.shape[2] == 4:
        return _from_pillow(Image.fromarray(scaled), "<array>", limits)
    return scaled
