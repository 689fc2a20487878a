"""Results as pictures for the page: fitted to the screen, boxes with colours that colour-blind people tell apart."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, UInt8

from assistant.errors import ConfigError
from assistant.pictures.overlay import overlay, overlay_within
from assistant.types import Box
from demo.bench.thresholds import View

SCREEN = 1200
"""Longest side of a picture on the page, pixels."""
THUMBNAIL = 160
LEAST_CROP, CROP, MOST_CROPS = 96, 320, 12
"""Least side of a region's crop in the picture and greatest one as it is shown, pixels; crops of a picture."""

Rgb = UInt8[np.ndarray, "height width 3"]
Fitted = UInt8[np.ndarray, "rows columns 3"]


def fitted(pixels: Rgb, longest: int = SCREEN) -> Fitted:
    """The picture with its long side at most ``longest``; smaller ones stay."""
    height, width = pixels.shape[:2]
    scale = min(1.0, longest / max(height, width))
    if scale == 1.0:
        return pixels
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def before_after(view: View) -> tuple[Rgb, Rgb]:
    """The picture, and the picture under heat and numbered boxes; the same size."""
    image = view.inspection.image
    scale = min(1.0, SCREEN / max(image.height, image.width))
    if scale == 1.0:
        heat = overlay(image, view.inspection.anomaly_map, view.inspection.regions)
        plain = cv2.resize(image.pixels, heat.shape[1::-1], interpolation=cv2.INTER_NEAREST)
        return np.asarray(plain, np.uint8), heat
    return fitted(image.pixels), overlay_within(image, view.inspection.anomaly_map, view.inspection.regions, SCREEN)


def region_crops(view: View, most: int = MOST_CROPS) -> list[tuple[int, Fitted]]:
    """Regions at the picture's own resolution with what lies around them, by number: what is lost where a picture is reduced.

    None of a picture that is shown as large as it is.
    """
    image = view.inspection.image
    if max(image.height, image.width) <= SCREEN:
        return []
    out = []
    for region in view.inspection.regions[:most]:
        box = region.box
        side = max(LEAST_CROP, 2 * (box.x_max - box.x_min), 2 * (box.y_max - box.y_min))
        middle = (box.y_min + box.y_max) // 2, (box.x_min + box.x_max) // 2
        top, left = (
            max(0, min(m - side // 2, total - side))
            for m, total in zip(middle, (image.height, image.width), strict=True)
        )
        out.append((region.id, fitted(np.ascontiguousarray(image.pixels[top : top + side, left : left + side]), CROP)))
    return out


def thumbnail(pixels: Rgb) -> UInt8[np.ndarray, "side side 3"]:
    """A small square of the picture's middle, for lists."""
    height, width = pixels.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return fitted(np.ascontiguousarray(pixels[top : top + side, left : left + side]), THUMBNAIL)


def typed_box(text: str, height: int, width: int) -> Box | None:
    """A box as a person types it: left, top, right, bottom in pixels of the picture; None for an empty line.

    Raises:
        ConfigError: something else, or a box outside the picture.
    """
    words = text.replace(",", " ").split()
    if not words:
        return None
    do = f"the picture is {width} x {height}"
    try:
        left, top, right, bottom = (round(float(word)) for word in words)
        if left < 0 or top < 0 or right > width or bottom > height:
            raise ValueError
        return Box(left, top, right, bottom)
    except (ValueError, OverflowError):
        raise ConfigError("left, top, right, bottom in pixels", text[:40], do) from None


def box_mask(box: Box, height: int, width: int) -> Bool[np.ndarray, "height width"]:
    """The pixels inside a box."""
    mask = np.zeros((height, width), bool)
    mask[box.y_min : box.y_max, box.x_min : box.x_max] = True
    return mask
