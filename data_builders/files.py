"""Picture files of data sets: decode, encode, hash, write. RGB uint8 inside, PNG and JPEG outside."""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
import yaml
from jaxtyping import Bool, UInt8

from assistant.errors import ConfigError, ImageError
from assistant.files.text import read_text
from assistant.files.yaml_text import parse_yaml
from assistant.pictures.images import is_picture_name, load_image
from assistant.pictures.shards import picture_bytes
from assistant.samples.masks import mask_values
from assistant.types import Levels
from data_builders.types import Pixels

_HASH = re.compile(r"^[0-9a-f]{64}$")


def list_pictures(folder: Path) -> list[Path]:
    """Picture files directly in a folder, sorted by name."""
    return sorted(p for p in folder.iterdir() if p.is_file() and p.name[0] != "." and is_picture_name(str(p)))


def decode(data: bytes, source: str = "bytes") -> Pixels:
    """RGB pixels of an encoded picture, as every door of the library reads it.

    Args:
        data: of the file.
        source: what to call it.

    Raises:
        ImageError: no picture, or one outside the limits.
    """
    try:
        return load_image(data).pixels
    except ImageError as error:
        raise ImageError(error.expected, error.got.replace("<bytes>", source), error.do) from None


def read_pixels(path: Path, levels: Levels | None = None) -> Pixels:
    """RGB pixels of a picture file; ``levels`` of its set where it is deeper than 8 bits.

    Raises:
        ImageError: no picture, or one outside the limits.
    """
    return load_image(path, levels=levels).pixels


def own_mask(path: Path) -> UInt8[np.ndarray, "height width"]:
    """Values of a mask of a data set, as :func:`encode_mask` wrote them; masks of others are read by ``assistant.labels``.

    Args:
        path: of its file, or of its place in a shard.

    Raises:
        ImageError: something else.
    """
    try:
        return mask_values(picture_bytes(path), str(path))
    except OSError as error:
        raise ImageError("a mask of the data set, 8-bit grey PNG", f"{path} ({error})", "build the set again") from None


def encode_pixels(pixels: Pixels, image_format: str, jpeg_quality: int = 95) -> bytes:
    """File bytes of a picture; ``image_format`` is png or jpeg."""
    bgr = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    if image_format == "png":
        return cv2.imencode(".png", bgr, [cv2.IMWRITE_PNG_COMPRESSION, 4])[1].tobytes()
    return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, jpeg_quality])[1].tobytes()


def encode_mask(values: UInt8[np.ndarray, "height width"] | Bool[np.ndarray, "height width"]) -> bytes:
    """PNG bytes of a mask; True becomes 255."""
    grey = values.astype(np.uint8) * 255 if values.dtype == np.bool_ else values
    return cv2.imencode(".png", grey, [cv2.IMWRITE_PNG_COMPRESSION, 6])[1].tobytes()


def write_atomic(path: Path, data: bytes) -> None:
    """Write a file that is either whole or absent, also when the program is killed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".part-")
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        part.chmod(0o644)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def sha256(data: bytes) -> str:
    """SHA-256 of bytes, 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def pixel_sha256(pixels: Pixels) -> str:
    """SHA-256 of decoded pixels: ``"<height>x<width>:"`` followed by the RGB bytes row by row."""
    height, width = pixels.shape[:2]
    digest = hashlib.sha256(f"{height}x{width}:".encode())
    digest.update(np.ascontiguousarray(pixels).tobytes())
    return digest.hexdigest()


def picture_hashes(data: bytes) -> frozenset[str]:
    """Both hashes of a picture file: of its bytes and of its decoded pixels."""
    return frozenset({sha256(data), pixel_sha256(decode(data))})


def read_hash_list(path: Path) -> frozenset[str]:
    """Hashes of pictures that must not be built: a JSON list, or a text file with one hash (and any note) a line.

    Raises:
        ConfigError: the file is missing or a line does not start with 64 hexadecimal digits.
    """
    text = read_text(path)
    try:
        lines: Iterable[object] = json.loads(text) if text.lstrip().startswith("[") else text.splitlines()
    except (ValueError, RecursionError) as error:
        raise ConfigError("a JSON array of SHA-256 hashes", f"{path} ({str(error)[:80]})", "correct the list") from None
    told = [str(line) for line in lines]
    hashes = [line.split()[0].lower() for line in told if line.strip() and not line.startswith("#")]
    for value in hashes:
        if not _HASH.match(value):
            raise ConfigError("SHA-256 hashes of 64 hexadecimal digits", f"{value!r} in {path}", "correct the list")
    return frozenset(hashes)


def read_excluded_names(path: Path) -> frozenset[str]:
    """File names a folder source leaves out: a YAML mapping from a reason to a list of names.

    Raises:
        ConfigError: the file is missing, is no YAML, or holds anything else.
    """
    try:
        lists = parse_yaml(read_text(path))
    except (yaml.YAMLError, RecursionError) as error:
        got = f"{path} ({' '.join(str(error).split())[:80]})"
        raise ConfigError("a YAML file of names to leave out", got, "correct excluded") from error
    names = [name for each in lists.values() for name in each or ()] if _is_named_lists(lists) else [None]
    texts = frozenset(name for name in names if isinstance(name, str))
    if any(not isinstance(name, str) for name in names):
        raise ConfigError("a list of file names for each reason", f"something else in {path}", "correct the file")
    return texts


def _is_named_lists(value: object) -> bool:
    return isinstance(value, dict) and all(each is None or isinstance(each, list) for each in value.values())
