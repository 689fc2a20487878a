"""Surface textures out of a pile of pictures: those that look alike everywhere, at a usable size, each once.

``python -m data_builders.collect PILE --out FOLDER`` copies what may serve as a folder source whose pictures are products of
their own (``together: false``). Numbers only: a person should still look at the result.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image
from rich.progress import track

from assistant.errors import AssistantError, ImageError
from assistant.files.folders import walked
from assistant.pictures.images import is_picture_name, load_image
from data_builders.types import Pixels

LEAST_SIDE = 256
MOST_SIDE = 1024
BLOCKS = 4
UNEVEN = 0.45
"""Largest spread of the blocks' means, in standard deviations of the pixels."""
UNEVEN_DETAIL = 0.45
"""Largest relative spread of the blocks' own contrast."""


def even(pixels: Pixels) -> bool:
    """Whether a picture looks alike everywhere: blocks of a 4x4 grid have similar means and similar contrast.

    >>> even(np.random.default_rng(0).integers(0, 255, (256, 256, 3), np.uint8))
    True
    >>> even(np.repeat(np.linspace(30, 220, 256).astype(np.uint8)[:, None], 256, 1)[..., None].repeat(3, 2))
    False
    """
    grey = cv2.resize(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), (256, 256), interpolation=cv2.INTER_AREA)
    plane = grey.astype(np.float64)
    if plane.std() < 4 or not 20 < plane.mean() < 235 or float((plane < 6).mean()) > 0.15:
        return False
    blocks = plane.reshape(BLOCKS, 256 // BLOCKS, BLOCKS, 256 // BLOCKS).swapaxes(1, 2).reshape(BLOCKS**2, -1)
    detail = blocks.std(1)
    return bool(
        blocks.mean(1).std() / plane.std() < UNEVEN
        and detail.std() / max(float(detail.mean()), 1e-6) < UNEVEN_DETAIL
        and np.median(detail) > 3
    )


def textures(pile: Path) -> Iterator[tuple[str, Pixels]]:
    """Name and pixels of each usable picture of a folder and its folders, in order of path, near copies left out."""
    seen: set[str] = set()
    files = [Path(found) for found in walked(str(pile), is_picture_name)]
    for path in track(files, "looking", disable=len(files) < 100):
        pixels = _opaque(path)
        if pixels is None or min(pixels.shape[:2]) < LEAST_SIDE or not even(pixels):
            continue
        small = cv2.resize(pixels, (8, 8), interpolation=cv2.INTER_AREA) // 16
        key = hashlib.sha256(small.tobytes()).hexdigest()
        if key not in seen:
            seen.add(key)
            yield "_".join(path.relative_to(pile).with_suffix("").parts)[-100:], pixels


def _opaque(path: Path) -> Pixels | None:
    """RGB pixels, no side above 1024; None for what cannot be read, is transparent, or is blue as normal maps are."""
    try:
        if _transparent(path):
            return None
        small = Image.fromarray(load_image(path).pixels)
    except ImageError:
        return None
    small.thumbnail((MOST_SIDE, MOST_SIDE))
    pixels: Pixels = np.asarray(small)
    red, green, blue = pixels.reshape(-1, 3).mean(0)
    return None if blue > 200 and abs(red - 128) < 25 and abs(green - 128) < 25 else pixels


def _transparent(path: Path) -> bool:
    """Whether a part of a picture of 8 bits can be seen through."""
    try:
        with Image.open(path) as opened:
            return opened.mode in ("RGBA", "LA", "PA") and int(np.asarray(opened.getchannel("A")).min()) < 250
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return False


def main(arguments: Sequence[str] | None = None, program: str = "python -m data_builders.collect") -> int:
    """Command line."""
    options = argparse.ArgumentParser(prog=program, description="Surface textures out of a pile of pictures")
    options.add_argument("pile", type=Path, help="folder with pictures, searched to the bottom")
    options.add_argument("--out", type=Path, required=True, help="folder for the copies (JPEG)")
    given = options.parse_args(arguments)
    given.out.mkdir(parents=True, exist_ok=True)
    count = 0
    try:
        for name, pixels in textures(given.pile):
            Image.fromarray(pixels).save(given.out / f"{name}.jpg", quality=92)
            count += 1
    except AssistantError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{count} textures in {given.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
