"""Contact sheet of samples: ``python -m data_builders.preview --config FILE --out sheet.png [--count 48]``.

Each tile: the picture, the picture with the outlines of its defects, one reference.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import UInt8

from assistant.errors import AssistantError
from data_builders.config import load_config
from data_builders.files import encode_pixels, write_atomic
from data_builders.iterate import iter_samples
from data_builders.sample import Sample
from data_builders.types import Pixels

CAPTION = 14
"""Height of the line of text under a tile, pixels."""


def contact_sheet(samples: Iterable[Sample], side: int = 160, columns: int = 4, references: int = 1) -> Pixels:
    """Tiles side by side, row by row; each picture is fitted into ``side * side`` pixels."""
    tiles = [_tile(sample, side, references) for sample in samples]
    tiles += [np.full_like(tiles[0], 255)] * (-len(tiles) % columns)
    rows = [np.hstack(tiles[start : start + columns]) for start in range(0, len(tiles), columns)]
    return np.vstack(rows)


def outlined(sample: Sample) -> Pixels:
    """The picture with a red outline around each defect."""
    pixels = sample.pixels.copy()
    for mask in sample.defect_masks:
        contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(pixels, contours, -1, (255, 0, 0), 1)
    return pixels


def _tile(sample: Sample, side: int, references: int) -> Pixels:
    pictures = [sample.pixels, outlined(sample), *sample.references[:references]]
    cells = [_fitted(pixels, side) for pixels in pictures]
    cells += [np.full((side, side, 3), 235, np.uint8)] * (2 + references - len(cells))
    strip = np.hstack([np.pad(cell, ((0, 0), (0, 2), (0, 0)), constant_values=255) for cell in cells])
    line = np.full((CAPTION, strip.shape[1], 3), 255, np.uint8)
    types = ", ".join(f"{d.type} ({d.family})" for d in sample.defects) or "normal"
    cv2.putText(
        line, f"{sample.index} {sample.family}: {types}", (2, CAPTION - 4), cv2.FONT_HERSHEY_SIMPLEX, 0.34, (0, 0, 0), 1
    )
    return np.pad(np.vstack([strip, line]), ((0, 2), (0, 4), (0, 0)), constant_values=255)


def _fitted(pixels: Pixels, side: int) -> UInt8[np.ndarray, "side side 3"]:
    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    small = cv2.resize(
        pixels, (max(1, round(width * scale)), max(1, round(height * scale))), interpolation=cv2.INTER_AREA
    )
    cell = np.full((side, side, 3), 235, np.uint8)
    top, left = (side - small.shape[0]) // 2, (side - small.shape[1]) // 2
    cell[top : top + small.shape[0], left : left + small.shape[1]] = small
    return cell


def main(arguments: Sequence[str] | None = None, program: str = "python -m data_builders.preview") -> int:
    """Run the command line; 0 written, 2 bad options."""
    options = argparse.ArgumentParser(prog=program, description="Contact sheet of samples.")
    options.add_argument("--config", type=Path, required=True, help="YAML file; see data_builders/configs")
    options.add_argument("--out", type=Path, required=True, help="PNG file to write")
    options.add_argument("--count", type=int, default=48, help="samples shown (default 48)")
    options.add_argument("--start", type=int, default=0, help="index of the first sample")
    options.add_argument("--columns", type=int, default=4, help="samples a row")
    options.add_argument("--side", type=int, default=160, help="side of a picture on the sheet, pixels")
    given = options.parse_args(arguments)
    try:
        samples = iter_samples(load_config(given.config), given.start, given.start + given.count)
        sheet = contact_sheet(samples, given.side, given.columns)
    except AssistantError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    write_atomic(given.out, encode_pixels(sheet, "png"))
    print(f"{given.count} samples on {given.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
