"""Brushes that defects are painted with: random shapes, blending, shading, local statistics, and what visibly changed.

Knows pictures as arrays, not defect families. Alphas and noise fields are float32 (height, width); layers are float32
(height, width, 3) in 0..255; lengths are pixels; angles are radians, x to the right and y down.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float32, UInt8

from data_builders.defects.shapes import Alpha, Point, smoothstep

PERCEPTIBLE = 4.0
"""CIELAB distance above which a pixel counts as visibly changed (about twice a just noticeable difference)."""

Pixels = UInt8[np.ndarray, "height width 3"]
Mask = Bool[np.ndarray, "height width"]
Layer = Float32[np.ndarray, "height width 3"]


# --- what changed -----------------------------------------------------------------------------------------------------


def lab_difference(before: Pixels, after: Pixels) -> Alpha:
    """CIELAB distance of each pixel, 0 where equal."""
    first, second = (
        cv2.cvtColor(np.ascontiguousarray(p, np.float32) / np.float32(255), cv2.COLOR_RGB2LAB) for p in (before, after)
    )
    return np.asarray(np.sqrt(((first - second) ** 2).sum(2)), np.float32)


def changed_mask(before: Pixels, after: Pixels, region: Mask, close: int = 3, solid: bool = False) -> Mask:
    """Pixels of ``region`` that visibly changed, lightly closed, without lone specks.

    Args:
        before: the picture without the change.
        after: the picture with it.
        region: where a change may be.
        close: side of the closing in pixels, 1 for none.
        solid: the change is one patch (a replaced texture): holes are filled and the closing is wider.
    """
    height, width = region.shape
    mask = np.zeros((height, width), bool)
    box = box_of(region, 6)
    if box is None:
        return mask
    rows, columns = box
    allowed = region[rows, columns]
    hit = ((lab_difference(before[rows, columns], after[rows, columns]) > PERCEPTIBLE) & allowed).astype(np.uint8)
    side = max(close, 9) if solid else close
    if side > 1:
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
        padded = cv2.copyMakeBorder(hit, side, side, side, side, cv2.BORDER_REPLICATE)
        hit = np.asarray(cv2.morphologyEx(padded, cv2.MORPH_CLOSE, kernel), np.uint8)[side:-side, side:-side]
    if solid:
        contours, _ = cv2.findContours(np.ascontiguousarray(hit), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        hit = np.ascontiguousarray(hit)
        cv2.drawContours(hit, contours, -1, 1, -1)
    mask[rows, columns] = _without_specks(hit & allowed)
    return mask


def _without_specks(hit: np.ndarray, least: int = 4) -> Mask:
    _count, labels, stats, _ = cv2.connectedComponentsWithStats(np.ascontiguousarray(hit, np.uint8), connectivity=8)
    keep = np.asarray(stats[:, cv2.CC_STAT_AREA] >= least)
    keep[0] = False
    return np.asarray(keep[labels], bool)


def box_of(mask: Mask, margin: int = 0) -> tuple[slice, slice] | None:
    """Row and column slices around the set pixels, widened by ``margin`` and clamped; None for an empty mask."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if rows.size == 0:
        return None
    height, width = mask.shape
    return (
        slice(max(0, int(rows[0]) - margin), min(height, int(rows[-1]) + 1 + margin)),
        slice(max(0, int(columns[0]) - margin), min(width, int(columns[-1]) + 1 + margin)),
    )


# --- statistics of the place ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Local:
    """What the picture is like at a place.

    Args:
        colour: mean (red, green, blue), 0..255.
        level: mean luminance, 0..255.
        texture: standard deviation of luminance, 0..128.
        grain: standard deviation of the finest detail (camera noise), 0..128.
    """

    colour: tuple[float, float, float]
    level: float
    texture: float
    grain: float


def luminance(pixels: np.ndarray) -> Alpha:
    """Rec. 601 luminance, 0..255."""
    return np.asarray(np.asarray(pixels, np.float32) @ np.array([0.299, 0.587, 0.114], np.float32), np.float32)


def local_statistics(pixels: Pixels, region: Mask) -> Local:
    """Statistics of the pixels of ``region``; of the whole picture when it is empty."""
    rows, columns = box_of(region) or (slice(None), slice(None))
    crop, inside = pixels[rows, columns], region[rows, columns]
    if not inside.any():
        inside = np.ones(inside.shape, bool)
    grey = luminance(crop)
    detail = grey - np.asarray(cv2.blur(grey, (3, 3)), np.float32)
    red, green, blue = (float(v) for v in crop[inside].mean(0))
    values = grey[inside]
    return Local((red, green, blue), float(values.mean()), float(values.std()), float(detail[inside].std()))


def contrast(local: Local, strength: float) -> float:
    """Luminance step that is as visible on a rough place as on a smooth one, grey levels.

    ``strength`` 0 is just visible, 1 is obvious.
    """
    return float(14.0 + 1.1 * min(local.texture, 45.0) * (0.35 + strength) + 85.0 * strength**1.3)


def signed(local: Local, step: float, darker: bool) -> float:
    """``step`` with the wished sign, turned round where the place has no room for it."""
    room = local.level if darker else 255.0 - local.level
    if room < min(step, 60.0) * 0.8:
        darker = not darker
    return float(-step if darker else step)


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """A number between ``low`` and ``high``, uniform in its logarithm."""
    return float(math.exp(rng.uniform(math.log(low), math.log(high))))


# --- places -----------------------------------------------------------------------------------------------------------


def pick_point(object_mask: Mask, rng: np.random.Generator, edge: bool = False) -> Point:
    """(x, y) of a random pixel of the object; with ``edge`` one on its silhouette (or on the picture's border)."""
    candidates = object_mask
    if edge:
        padded = np.pad(object_mask.astype(np.uint8), 1)
        inner = np.asarray(cv2.erode(padded, np.ones((3, 3), np.uint8)))[1:-1, 1:-1].astype(bool)
        candidates = object_mask & ~inner
    found = np.flatnonzero(candidates)
    height, width = object_mask.shape
    if found.size == 0:
        return float(rng.uniform(0.2, 0.8) * width), float(rng.uniform(0.2, 0.8) * height)
    index = int(found[int(rng.integers(found.size))])
    return float(index % width), float(index // width)


def pick_inner_point(object_mask: Mask, rng: np.random.Generator, margin: float) -> Point:
    """(x, y) at least ``margin`` pixels from the silhouette where the object is that large, else as deep as it goes."""
    depth = np.asarray(cv2.distanceTransform(np.pad(object_mask.astype(np.uint8), 1), cv2.DIST_L2, 3))[1:-1, 1:-1]
    return pick_point(np.asarray(depth >= min(margin, 0.8 * float(depth.max())), bool), rng)


def radius_for(object_mask: Mask, area_fraction: float, most: float = 0.42) -> float:
    """Radius in pixels of a disc of that share of the picture, at most ``most`` of the object's mean side."""
    disc = math.sqrt(area_fraction * object_mask.size / math.pi)
    return max(2.0, min(disc, most * math.sqrt(max(1.0, float(np.count_nonzero(object_mask))))))


# --- blending ---------------------------------------------------------------------------------------------------------


def blend(pixels: np.ndarray, colour: Layer | tuple[float, float, float], alpha: Alpha) -> Layer:
    """``colour`` (one, or a layer) over ``pixels`` with ``alpha``."""
    base = np.asarray(pixels, np.float32)
    return np.asarray(base + alpha[..., None] * (np.asarray(colour, np.float32) - base), np.float32)


def multiply(pixels: np.ndarray, tint: tuple[float, float, float], alpha: Alpha) -> Layer:
    """Translucent film: ``pixels`` times ``tint`` (1 leaves a channel as it is) with ``alpha``."""
    base = np.asarray(pixels, np.float32)
    return np.asarray(base * (1 + alpha[..., None] * (np.asarray(tint, np.float32) - 1)), np.float32)


def shift_tone(pixels: np.ndarray, step: float, alpha: Alpha) -> Layer:
    """``pixels`` made brighter or darker by ``step`` grey levels with ``alpha``; keeps texture and, roughly, hue."""
    base = np.asarray(pixels, np.float32)
    grey = np.maximum(luminance(base), 24.0)
    if step < 0:
        factor = np.maximum(0.05, 1 + step / grey)
        return np.asarray(base * (1 + (alpha * (factor - 1)))[..., None], np.float32)
    return np.asarray(base + (alpha * np.float32(step))[..., None], np.float32)


def relief(pixels: np.ndarray, height: Alpha, light: float, gain: float, shine: float = 0.0) -> Layer:
    """Light from direction ``light`` on a height field: slopes to the light brighten, others darken.

    Args:
        pixels: of the picture.
        height: pixels of elevation.
        light: radians.
        gain: share of brightness a slope of 1 changes.
        shine: grey levels of the highlight on the slopes that face the light most.
    """
    gx = np.asarray(cv2.Sobel(height, cv2.CV_32F, 1, 0, scale=1 / 8), np.float32)
    gy = np.asarray(cv2.Sobel(height, cv2.CV_32F, 0, 1, scale=1 / 8), np.float32)
    slope = -(gx * np.float32(math.cos(light)) + gy * np.float32(math.sin(light)))
    factor = np.clip(1 + gain * slope, 0.25, 2.2)
    base = np.asarray(pixels, np.float32) * factor[..., None] + (12.0 * gain * slope)[..., None]
    if shine > 0:
        peak = float(slope.max())
        base = base + (shine * smoothstep(slope, 0.55 * peak, max(peak, 1e-3)))[..., None]
    return np.asarray(base, np.float32)


def add_grain(layer: np.ndarray, alpha: Alpha, grain: float, rng: np.random.Generator) -> Layer:
    """Camera noise of standard deviation ``grain`` where something opaque was painted."""
    base = np.asarray(layer, np.float32)
    if grain < 0.3:
        return base
    noise = rng.standard_normal(alpha.shape, dtype=np.float32) * np.float32(min(grain, 12.0))
    return np.asarray(base + (alpha * noise)[..., None], np.float32)


def elsewhere(pixels: Pixels, rng: np.random.Generator, least: float = 0.2) -> Pixels:
    """The same picture moved by at least ``least`` of its sides, mirrored at the border: texture from another place."""
    height, width = pixels.shape[:2]
    dy, dx = (int(rng.uniform(least, 1 - least) * side) for side in (height, width))
    flip = np.concatenate([pixels, pixels[::-1]], 0)[dy : dy + height]
    return np.ascontiguousarray(np.concatenate([flip, flip[:, ::-1]], 1)[:, dx : dx + width])


def warp(pixels: np.ndarray, dx: Alpha, dy: Alpha) -> Layer:
    """Picture whose pixel (x, y) comes from (x + dx, y + dy), mirrored at the border."""
    height, width = dx.shape
    x = np.arange(width, dtype=np.float32)[None, :] + dx
    y = np.arange(height, dtype=np.float32)[:, None] + dy
    moved = cv2.remap(np.asarray(pixels, np.float32), x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    return np.asarray(moved, np.float32)


def as_pixels(layer: np.ndarray) -> Pixels:
    """Rounded and clipped to 0..255."""
    return np.asarray(np.clip(np.rint(layer), 0, 255), np.uint8)
