"""Parts of a picture that can be edited: those its generator redraws, or dark and bright islands found in the pixels."""

from __future__ import annotations

import math

import cv2
import numpy as np

from data_builders.defects.industrial.base import Painted
from data_builders.defects.painting import luminance
from data_builders.defects.shapes import floats
from data_builders.types import Edit, Mask, Picture

RERENDER_TRIES = 5


def part_count(picture: Picture) -> int:
    """Instances of all parts together: the range of ``Edit.part``."""
    return sum(len(instances) for instances in picture.parts.values())


def can_redraw(picture: Picture) -> bool:
    """Whether the generator can redraw the picture with a part edited."""
    return picture.rerender is not None and part_count(picture) > 0


def redraw(picture: Picture, action: str, amount: float, rng: np.random.Generator) -> Painted | None:
    """The picture with a random part edited; None when no edit of that kind is possible."""
    if picture.rerender is None or part_count(picture) == 0:
        return None
    for _ in range(RERENDER_TRIES):
        edit = Edit(action, int(rng.integers(part_count(picture))), amount, float(rng.uniform(0, 2 * math.pi)))
        pixels = picture.rerender(edit)
        if pixels is not None and pixels.shape == picture.pixels.shape:
            return Painted(pixels, np.ones(picture.object_mask.shape, bool), solid=False)
    return None


def islands(picture: Picture, least: float = 0.0008, most: float = 0.12) -> list[Mask]:
    """Compact dark or bright islands inside the object, as masks; shares of the picture bound their area.

    Found by Otsu's threshold on the object's luminance, in whichever polarity gives the more islands.
    """
    mask = picture.object_mask
    grey = cv2.GaussianBlur(luminance(picture.pixels), (0, 0), 1.0)
    values = np.clip(np.asarray(grey)[mask], 0, 255).astype(np.uint8)
    if values.size < 100 or float(values.std()) < 12:
        return []
    level, _ = cv2.threshold(values[:, None], 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    best: list[Mask] = []
    for polarity in (np.asarray(grey) > level, np.asarray(grey) <= level):
        count, labels, stats, _ = cv2.connectedComponentsWithStats((polarity & mask).astype(np.uint8), connectivity=4)
        found: list[Mask] = []
        height, width = mask.shape
        for i in range(1, count):
            x, y, w, h, area = (int(v) for v in stats[i])
            inside = x > 0 and y > 0 and x + w < width and y + h < height
            if inside and least * mask.size <= area <= most * mask.size and area > 0.35 * w * h:
                found.append(np.asarray(labels == i, bool))
            if len(found) >= 40:
                break
        if len(found) > len(best):
            best = found
    return best


def grown(mask: Mask, pixels: int) -> Mask:
    """``mask`` dilated by that many pixels."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * pixels + 1, 2 * pixels + 1))
    return np.asarray(cv2.dilate(mask.astype(np.uint8), kernel), np.uint8).astype(bool)


def erased(pixels: np.ndarray, island: Mask) -> np.ndarray:
    """The picture with an island filled from its surroundings, uint8."""
    cover = grown(island, 3)
    rows, columns = np.flatnonzero(cover.any(1)), np.flatnonzero(cover.any(0))
    height, width = cover.shape
    r = slice(max(0, int(rows[0]) - 6), min(height, int(rows[-1]) + 7))
    c = slice(max(0, int(columns[0]) - 6), min(width, int(columns[-1]) + 7))
    result = np.asarray(pixels, np.uint8).copy()
    result[r, c] = cv2.inpaint(np.ascontiguousarray(result[r, c]), cover[r, c].astype(np.uint8), 4, cv2.INPAINT_TELEA)
    return result


def pasted(pixels: np.ndarray, source: np.ndarray, island: Mask, dx: float, dy: float, angle: float = 0.0) -> Painted:
    """``island`` of ``source`` drawn onto ``pixels``, moved by (dx, dy) pixels and turned about its centre."""
    ys, xs = np.nonzero(island)
    height, width = island.shape
    centre = (float(xs.mean()), float(ys.mean()))
    matrix = np.asarray(cv2.getRotationMatrix2D(centre, math.degrees(angle), 1.0), np.float32)
    matrix[:, 2] += floats([dx, dy])
    soft = cv2.GaussianBlur(grown(island, 2).astype(np.float32), (0, 0), 0.8)
    alpha = np.asarray(cv2.warpAffine(soft, matrix, (width, height)), np.float32)
    moved = np.asarray(
        cv2.warpAffine(np.asarray(source, np.float32), matrix, (width, height), borderMode=cv2.BORDER_REFLECT_101),
        np.float32,
    )
    layer = np.asarray(pixels, np.float32) * (1 - alpha[..., None]) + moved * alpha[..., None]
    return Painted(layer, alpha > 0.02)
