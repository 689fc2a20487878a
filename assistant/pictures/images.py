"""Any picture -> :class:`QueryImage`; folders -> lists of pictures; maps <-> 16-bit PNG. The only decoder.

The content decides the format (:mod:`assistant.pictures.kinds`), never the extension. Every limit is checked on the header,
before a pixel is decoded. TIFF is read by :mod:`assistant.pictures.formats.tiff`, DICOM and NIfTI by
:mod:`assistant.pictures.medical` and :mod:`assistant.pictures.nifti` (extra ``medical``), everything else by
:mod:`assistant.pictures.formats.codecs`.

Choices made here:

* The orientation of EXIF is applied; damaged EXIF is ignored. Animated files give their first frame.
* Transparency is laid on white. Colour profiles (ICC) are ignored: pixels are taken as sRGB, CMYK by the plain formula.
* Values deeper than 8 bits follow the rule of :mod:`assistant.pictures.levels`, grey and colour alike.
* A selector follows the path: ``scan.tif::frame=2``, ``camera.png::bayer=rggb``. A file whose name itself holds ``::`` is
  taken as that file. ``train-00000.parquet::picture=NAME`` is one in a shard of a data set (:mod:`assistant.pictures.shards`).
* Nothing of a file's metadata is logged, kept or quoted in an error.
"""

from __future__ import annotations

import io
import os
import re
import stat
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxtyping import Float32, UInt16
from PIL import Image

from assistant.errors import ImageError
from assistant.files.folders import walked
from assistant.files.whole import whole_file
from assistant.pictures.formats.codecs import by_channels, decode_plain, demosaiced, from_pillow
from assistant.pictures.kinds import FORMATS, content_format, refusal
from assistant.pictures.kinds import SUFFIXES as SUFFIXES
from assistant.pictures.levels import Samples, shown
from assistant.pictures.pixels import DEFAULT_LIMITS, ImageLimits, check_selector, decoding, printable
from assistant.pictures.shards import member_bytes, split_member
from assistant.pictures.spacing import Spacing
from assistant.types import AnomalyMap, Domain, Levels, QueryImage

_NO_PICTURES = frozenset(
    ".txt .csv .tsv .json .jsonl .xml .yaml .yml .md .html .htm .log .ini .cfg .toml .py .ipynb .sh .js .css .zip .gz .tar .7z "
    ".rar .pdf .doc .docx .xls .xlsx .ppt .pptx .mp4 .avi .mov .mkv .mp3 .wav .pt .pth .onnx .safetensors .pkl .npz .parquet .db "
    ".exe .dll .so".split()
)
"""Endings of files that are not looked into for DICOM."""
MAP_LIMITS = ImageLimits(min_side=1, max_aspect=float("inf"))
_ROWS = 64
_URL = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*://|(?:https?|ftp|s3|gs|file):/|data:[^/]*/)")


def load_image(
    source: str | Path | bytes | Image.Image | np.ndarray,
    *,
    limits: ImageLimits = DEFAULT_LIMITS,
    domain: Domain | None = None,
    levels: Levels | None = None,
    selector: Mapping[str, str] | None = None,
) -> QueryImage:
    """Decode one picture.

    Args:
        source: path of a local file, with a ``::selector`` or without; the bytes of a file; a Pillow picture; or an
            array of shape (height, width), (height, width, 1), (height, width, 3) or (height, width, 4), channels
            last, RGB(A), of bool, integers or floats.
        limits: what the picture may cost.
        domain: what it shows; None takes medical for DICOM and NIfTI, and leaves every other format unknown.
        levels: that its reference set fixed, for pictures deeper than 8 bits; None to find its own.
        selector: of a plane in the bytes of a file, as :func:`read_selector` reads it; a path brings its own.

    Returns:
        RGB 0..255 in the orientation a person sees; ``source`` as given, or ``<bytes>``, ``<image>``, ``<array>``; the spacing
        that a DICOM or NIfTI file states; the values it was made of where they are deeper than 8 bits.

    Raises:
        ImageError: whatever is wrong with the input, in one line.
    """
    spacing: Spacing | None = None
    medical = False
    if isinstance(source, np.ndarray):
        name, samples = "<array>", _from_array(source, limits)
    elif isinstance(source, Image.Image):
        name = "<image>"
        with decoding(name, "Pillow picture", limits.max_pixels):
            samples = from_pillow(source, name, limits)
    elif isinstance(source, bytes):
        name = "<bytes>"
        samples, medical, spacing = _decode(source, name, selector or {}, limits)
    elif isinstance(source, str | Path):
        name = str(source)
        if (member := split_member(name)) is not None:
            samples, medical, spacing = _decode(member_bytes(*member), printable(name), {}, limits)
        else:
            path, selector = split_selector(name)
            samples, medical, spacing = _decode(read_file(path, limits), printable(name), selector, limits)
    else:
        raise ImageError("a path, bytes, a Pillow picture or an array", f"a {type(source).__name__}", "give its path")
    try:
        with np.errstate(all="ignore"):
            picture = shown(samples, printable(name), levels)
    except MemoryError:
        raise ImageError("a picture that fits into memory", f"a larger one in {printable(name)}", "crop it") from None
    return QueryImage(
        np.ascontiguousarray(picture.pixels), name, Domain.MEDICAL if domain is None and medical else domain,
        None if spacing is None else (spacing.rows, spacing.columns), None if spacing is None else spacing.of,
        picture.deep, picture.notes,
    )  # fmt: skip


def split_selector(source: str) -> tuple[str, dict[str, str]]:
    """Path and selector of ``path::key=value,key=value``; a file that exists under the whole name has no selector.

    >>> split_selector("series.dcm::frame=12,window=lung")
    ('series.dcm', {'frame': '12', 'window': 'lung'})
    """
    head, mark, tail = source.rpartition("::")
    if not mark or os.path.lexists(source.replace("\0", "")):
        return source, {}
    return head, read_selector(tail, source)


def read_selector(text: str, shown: str) -> dict[str, str]:
    """A selector, ``key=value,key=value``.

    Args:
        text: of it, without ``::``.
        shown: what to name in an error.

    Raises:
        ImageError: another text.

    >>> read_selector("axis=2, slice=40", "scan.nii")
    {'axis': '2', 'slice': '40'}
    """
    selector: dict[str, str] = {}
    for part in text.split(","):
        key, equals, value = (text.strip() for text in part.partition("="))
        if not equals or not key or not value or key in selector:
            do = "write key=value pairs, each key once, separated by commas"
            raise ImageError("a selector like frame=12,window=lung", printable(shown), do)
        selector[key] = value
    return selector


def find_images(paths: Iterable[str | Path] | str | Path, tell: Callable[[str], object] = lambda _: None) -> list[str]:
    """Pictures named by ``paths``, each once, in the order given; a folder stands for the pictures in it.

    Folders are walked to any depth in the order of their names (:mod:`assistant.files.folders`); hidden files, linked folders
    and other file systems are left out. In a
    folder a file is a picture by its ending (:data:`SUFFIXES`), or with any other if it starts as DICOM does. A
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
    """Whether a file of a folder counts as a picture: by its ending, or with any other one by how DICOM starts."""
    return path.lower().endswith(SUFFIXES) or _is_bare_dicom(path)


def _is_bare_dicom(path: str) -> bool:
    name = os.path.basename(path)
    if os.path.splitext(name)[1].lower() in _NO_PICTURES or name.upper() == "DICOMDIR" or not os.path.isfile(path):
        return False
    try:
        with open(path, "rb") as file:
            return file.read(132)[128:] == b"DICM"
    except OSError:
        return False


def save_map(path: str | Path, scores: Float32[np.ndarray, "height width"] | AnomalyMap) -> None:
    """Write calibrated scores as a 16-bit grey PNG of the same size, 0 = 0.0 and 65535 = 1.0.

    The file appears whole or not at all; missing folders are made. Raises :class:`ImageError` on scores outside [0, 1].
    """
    values = map_values(scores if isinstance(scores, AnomalyMap) else AnomalyMap(scores), str(path))
    with whole_file(Path(path)) as part, part.open("xb") as file:
        Image.fromarray(values).save(file, format="PNG")


def map_values(anomaly_map: AnomalyMap, name: str) -> UInt16[np.ndarray, "height width"]:
    """A map as :func:`save_map` writes it, made strip by strip; ``name`` is for errors.

    Raises:
        ImageError: no score, or some outside [0, 1].
    """
    values = np.empty(anomaly_map.size, np.uint16)
    fits = values.size > 0
    for top, scores in anomaly_map.strips() if fits else ():
        fits = fits and float(scores.min()) >= 0.0 and float(scores.max()) <= 1.0
        if fits:
            values[top : top + len(scores)] = np.rint(scores * 65535.0)
    if not fits:
        raise ImageError("at least one score, all in [0, 1]", f"others in {printable(name)}", "calibrate the map")
    return values


def load_map(path: str | Path, *, limits: ImageLimits | None = None) -> Float32[np.ndarray, "height width"]:
    """Scores in [0, 1] that :func:`save_map` wrote, exact to 1/65535.

    Args:
        path: of the file.
        limits: what it may cost; :data:`MAP_LIMITS` when None, :func:`map_limits` where the size of its picture is known.

    Raises:
        ImageError: any other file.
    """
    name = printable(str(path))
    limits = limits or MAP_LIMITS
    data = read_file(str(path), limits)
    if content_format(data) != "PNG":
        raise ImageError("a map saved as a 16-bit grey PNG", f"another format in {name}", "give a file of maps/")
    with decoding(name, "PNG", limits.max_pixels), Image.open(io.BytesIO(data), formats=["PNG"]) as image:
        limits.check_size(image.height, image.width, name)
        if not image.mode.startswith("I"):
            raise ImageError("a map saved as a 16-bit grey PNG", f"mode {image.mode} in {name}", "give a file of maps/")
        scores = np.empty((image.height, image.width), np.float32)
        for top in range(0, image.height, _ROWS):
            rows = image.crop((0, top, image.width, min(image.height, top + _ROWS)))
            np.divide(np.asarray(rows), np.float32(65535.0), out=scores[top : top + _ROWS], dtype=np.float32)
        return scores


def map_limits(height: int, width: int) -> ImageLimits:
    """For files of a run about a picture of this size, which it was allowed to be then."""
    return replace(MAP_LIMITS, max_pixels=max(MAP_LIMITS.max_pixels, height * width))


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
            return file.read(
                min(status.st_size, limits.max_bytes)
            )  # a larger number is set aside, however small the file
    except FileNotFoundError:
        got = f"a link to nowhere at {name}" if os.path.islink(path) else f"nothing at {name}"
        raise ImageError("a picture file", got, "check the path") from None
    except PermissionError:
        raise ImageError("a file that can be read", f"no permission for {name}", "check its permissions") from None
    except (OSError, ValueError):
        raise ImageError("the path of a picture file", f"{name}, which cannot be opened", "check the path") from None


def _decode(
    data: bytes, name: str, selector: Mapping[str, str], limits: ImageLimits
) -> tuple[Samples, bool, Spacing | None]:
    """Samples of the file's bytes, whether its format is a medical one, and the spacing that it states."""
    if not data:
        raise ImageError(FORMATS, f"0 bytes in {name}", "copy or download the file again")
    if len(data) > limits.max_bytes:
        raise ImageError(f"at most {limits.max_bytes:,} bytes", f"{len(data):,} in {name}", "scale it down or crop it")
    found = content_format(data)
    if found is None:
        got, do = refusal(data)
        raise ImageError(FORMATS, f"{got} in {name}", do)
    if found in ("DICOM", "NIFTI"):
        from assistant.pictures.medical import decode_dicom
        from assistant.pictures.nifti import decode_nifti

        plane = (decode_dicom if found == "DICOM" else decode_nifti)(data, name, selector, limits)
        return plane.samples, True, plane.spacing
    check_selector(selector, ("frame", "bayer") if found == "TIFF" else ("bayer",), found, name)
    with decoding(name, found, limits.max_pixels):
        if found == "TIFF":
            from assistant.pictures.formats.tiff import decode_tiff

            samples = decode_tiff(data, name, selector, limits)
        else:
            samples = decode_plain(data, found, name, limits)
    return (demosaiced(samples, selector["bayer"], name) if "bayer" in selector else samples), False, None


def _from_array(values: np.ndarray, limits: ImageLimits) -> Samples:
    """An array of one of the shapes of :func:`load_image` -> samples."""
    if values.ndim not in (2, 3) or (values.ndim == 3 and values.shape[2] not in (1, 3, 4)):
        shape = f"shape {values.shape} in <array>"
        raise ImageError("(height, width) or (height, width, 1, 3 or 4)", shape, "move the channels last")
    limits.check_size(values.shape[0], values.shape[1], "<array>")
    if values.dtype.kind not in "buif":
        raise ImageError("pixels of bool, integers or floats", f"{values.dtype} in <array>", "convert them to uint8")
    return by_channels(values.copy(), "<array>")
