"""Swapped: a region of the object is turned, mirrored or taken from elsewhere in it, as when put together wrongly."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from data_builders.defects.industrial.base import IndustrialFamily, Painted, mean_change
from data_builders.defects.industrial.whole import cleared, soft, specimens, stands_free
from data_builders.defects.painting import as_pixels, box_of, pick_inner_point
from data_builders.types import Kind, Mask, Picture

WAYS = ("half turn", "quarter turn", "mirror", "exchange", "whole")
LEAST_COARSE = 7.0
"""Smallest mean CIELAB distance without fine texture."""
PLACES = 6
"""Places that are tried before the most visible is taken."""


@dataclass(frozen=True)
class SwappedParameters:
    """``way`` it is wrong; ``reach`` is half the side of the region as a share of the object's size."""

    way: str
    reach: float
    round: bool


class Swapped(IndustrialFamily[SwappedParameters]):
    """Wrong way round, wrong side up, or parts exchanged."""

    name = "swapped"
    type = "misplacement"

    def applies(self, picture: Picture) -> bool:
        return super().applies(picture) and picture.kind is Kind.OBJECT

    def draw(self, picture: Picture, rng: np.random.Generator) -> SwappedParameters:
        alone = picture.fixed_pose and stands_free(picture) and len(specimens(picture.object_mask)) == 1
        whole = 0.3 if alone else 0.0
        chances = np.array([0.3, 0.25, 0.2, 0.25, 0.0]) * (1 - whole) + np.array([0, 0, 0, 0, whole])
        return SwappedParameters(
            way=str(rng.choice(WAYS, p=chances)), reach=float(rng.uniform(0.1, 0.32)), round=bool(rng.random() < 0.5)
        )

    def paint(self, picture: Picture, parameters: SwappedParameters, rng: np.random.Generator) -> Painted | None:
        if parameters.way == "whole":
            turned = _turned_over(picture, rng)
            return turned if _coarse_change(picture, turned) > LEAST_COARSE else None
        best: Painted | None = None
        most = LEAST_COARSE
        for _ in range(PLACES):
            painted = _swapped_once(picture, parameters, rng)
            if painted is None:
                continue
            change = _coarse_change(picture, painted)
            if change > most:
                best, most = painted, change
        return best


def _coarse_change(picture: Picture, painted: Painted) -> float:
    """Mean CIELAB distance where it may differ, without fine texture, whose phase tells nothing."""
    sigma = 0.015 * min(picture.object_mask.shape) + 0.5
    before, after = (
        np.asarray(cv2.GaussianBlur(as_pixels(p), (0, 0), sigma), np.uint8) for p in (picture.pixels, painted.pixels)
    )
    region = np.asarray(painted.region & picture.object_mask, bool)
    return mean_change(before, after, region)


def _turned_over(picture: Picture, rng: np.random.Generator) -> Painted:
    """The object upside down, or its other side up, about the middle of its box."""
    mask = picture.object_mask
    rows, columns = box_of(mask) or (slice(0, mask.shape[0]), slice(0, mask.shape[1]))
    kept, under = picture.pixels[rows, columns].astype(np.float32), soft(mask)[rows, columns]
    upside = bool(rng.random() < 0.7)
    kept, under = (kept[::-1, ::-1], under[::-1, ::-1]) if upside else (kept[:, ::-1], under[:, ::-1])
    layer = cleared(picture, mask)
    layer[rows, columns] += under[..., None] * (kept - layer[rows, columns])
    return Painted(layer, np.ones(mask.shape, bool), as_is=True)


def _swapped_once(picture: Picture, p: SwappedParameters, rng: np.random.Generator) -> Painted | None:
    mask = picture.object_mask
    size = math.sqrt(float(np.count_nonzero(mask)))
    reach = max(6, round(p.reach * size))
    here = _patch(mask, rng, reach)
    there = _patch(mask, rng, reach) if p.way == "exchange" else here
    if here is None or there is None:
        return None
    if p.way == "exchange" and max(abs(here[0] - there[0]), abs(here[1] - there[1])) < 1.2 * reach:
        return None
    shape = _shape(reach, p.round)
    layer = picture.pixels.astype(np.float32)
    region = np.zeros(mask.shape, bool)
    for target, source in ((here, there), (there, here)) if p.way == "exchange" else ((here, here),):
        at, of = _window(target, reach), _window(source, reach)
        inside = np.asarray(mask[at] & _changed(mask[of], p.way) & shape, bool)
        alpha = np.asarray(
            cv2.GaussianBlur(cv2.erode(inside.astype(np.float32), np.ones((3, 3))), (0, 0), 0.8), np.float32
        )
        alpha = alpha * inside
        piece = _changed(picture.pixels[of].astype(np.float32), p.way)
        layer[at] += alpha[..., None] * (piece - layer[at])
        region[at] |= inside
    return Painted(layer, region, as_is=True) if region.any() else None


def _patch(mask: Mask, rng: np.random.Generator, reach: int) -> tuple[int, int] | None:
    """Row and column of the middle of a region inside the picture; None where it does not fit."""
    x, y = pick_inner_point(mask, rng, 0.6 * reach)
    height, width = mask.shape
    fits = reach <= y < height - reach and reach <= x < width - reach
    return (int(y), int(x)) if fits else None


def _window(middle: tuple[int, int], reach: int) -> tuple[slice, slice]:
    return slice(middle[0] - reach, middle[0] + reach + 1), slice(middle[1] - reach, middle[1] + reach + 1)


def _changed(array: np.ndarray, way: str) -> np.ndarray:
    turned = {"half turn": np.rot90(array, 2), "quarter turn": np.rot90(array), "mirror": array[:, ::-1]}
    return turned.get(way, array)


def _shape(reach: int, round_: bool) -> Mask:
    side = np.arange(-reach, reach + 1)
    if not round_:
        return np.ones((side.size, side.size), bool)
    return np.asarray(side[:, None] ** 2 + side[None, :] ** 2 <= reach * reach, bool)
