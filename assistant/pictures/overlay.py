"""The picture people look at: scores as heat over the image, regions as numbered boxes. Draws only; decides nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from assistant.errors import AssistantError
from assistant.types import AnomalyMap, Box, QueryImage, Region

FIRST_DRAWN = 0.3
"""Scores below this leave the picture untouched."""
MOST_OPAQUE = 0.7
LEAST_SIDE = 320
_DARK, _LIGHT = (0, 0, 0), (255, 255, 255)


def overlay(
    image: QueryImage, anomaly_map: AnomalyMap, regions: Sequence[Region] = (), *, least_side: int = LEAST_SIDE
) -> UInt8[np.ndarray, "rows columns 3"]:
    """Heat and numbered boxes over a picture, RGB 0..255.

    The heat runs from dark violet over orange to yellow (monotone in lightness, so it also reads without colour) and
    gets more opaque with the score. Boxes are white lines with a black edge; numbers are the regions' ids.

    Args:
        image: the picture inspected.
        anomaly_map: calibrated scores, the size of the picture.
        regions: boxes in source pixels.
        least_side: a picture whose long side is shorter is enlarged by a whole number to at least this, so that numbers
            can be read; 1 keeps every size.

    Raises:
        AssistantError: the map has another size than the picture.
    """
    scores = anomaly_map.scores
    if scores.shape != image.pixels.shape[:2]:
        raise AssistantError(f"a map of {image.height} x {image.width}", f"{scores.shape[0]} x {scores.shape[1]}")
    factor = max(1, math.ceil(least_side / max(scores.shape)))
    pixels = np.ascontiguousarray(image.pixels)
    if factor > 1:
        size = (image.width * factor, image.height * factor)
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_NEAREST)
        scores = cv2.resize(scores, size, interpolation=cv2.INTER_LINEAR)
    canvas = _blend(pixels, scores)
    line = max(1, round(math.sqrt(canvas.shape[0] * canvas.shape[1]) / 400))
    boxes = [Box(*(factor * edge for edge in region.box.as_tuple())) for region in regions]
    for box in boxes:
        outline(canvas, box, line)
    for region, box in zip(regions, boxes, strict=True):
        _number(canvas, box, str(region.id), line)
    return canvas


def save_overlay(
    path: Path,
    image: QueryImage,
    anomaly_map: AnomalyMap,
    regions: Sequence[Region] = (),
    *,
    least_side: int = LEAST_SIDE,
) -> Path:
    """Write :func:`overlay` as PNG, folders made as needed; returns the path.

    Raises:
        AssistantError: the map has another size than the picture, or the path does not end in ``.png``.
    """
    if path.suffix.lower() != ".png":
        raise AssistantError("a path that ends in .png", str(path))
    drawn = overlay(image, anomaly_map, regions, least_side=least_side)
    path.parent.mkdir(parents=True, exist_ok=True)
    encoded = cv2.imencode(".png", cv2.cvtColor(drawn, cv2.COLOR_RGB2BGR))[1]
    path.write_bytes(encoded.tobytes())
    return path


def _blend(
    pixels: UInt8[np.ndarray, "height width 3"], scores: Float32[np.ndarray, "height width"]
) -> UInt8[np.ndarray, "height width 3"]:
    """Colour over the pixels whose score is drawn at all; opacity rises linearly from none to ``MOST_OPAQUE``."""
    canvas = pixels.copy()
    drawn = scores >= FIRST_DRAWN
    if not drawn.any():
        return canvas
    strength = np.clip((scores[drawn] - FIRST_DRAWN) / (1 - FIRST_DRAWN), 0, 1)
    ramp = cv2.applyColorMap(np.arange(256, dtype=np.uint8)[:, None], cv2.COLORMAP_PLASMA)[:, 0, ::-1]
    colour = ramp.astype(np.float32)[np.round(strength * 255).astype(np.intp)]
    alpha = (MOST_OPAQUE * strength)[:, None]
    canvas[drawn] = np.round(canvas[drawn] * (1 - alpha) + colour * alpha).astype(np.uint8)
    return canvas


def outline(canvas: UInt8[np.ndarray, "height width 3"], box: Box, line: int) -> None:
    """Draw a white rectangle with a black edge around a box, inside the canvas.

    Args:
        canvas: RGB 0..255, drawn on.
        box: pixels of the canvas.
        line: width of the white line, pixels.
    """
    height, width = canvas.shape[:2]
    first = (max(0, box.x_min - line), max(0, box.y_min - line))
    last = (min(width, box.x_max + line) - 1, min(height, box.y_max + line) - 1)
    cv2.rectangle(canvas, first, last, _DARK, 3 * line)
    cv2.rectangle(canvas, first, last, _LIGHT, line)


def _number(canvas: UInt8[np.ndarray, "height width 3"], box: Box, text: str, line: int) -> None:
    """Number on a white plate at the box's top left: above the box where there is room, else inside."""
    height, width = canvas.shape[:2]
    font, scale, stroke = cv2.FONT_HERSHEY_SIMPLEX, 0.1 + 0.5 * line, max(1, round(0.8 * line))
    (text_width, text_height), _ = cv2.getTextSize(text, font, scale, stroke)
    pad = 2 + line
    plate_width, plate_height = text_width + 2 * pad, text_height + 2 * pad
    left = min(max(0, box.x_min - line), max(0, width - plate_width))
    top = box.y_min - line - plate_height
    top = top if top >= 0 else min(max(0, box.y_min - line), max(0, height - plate_height))
    corner = (left + plate_width, top + plate_height)
    cv2.rectangle(canvas, (left, top), corner, _LIGHT, cv2.FILLED)
    cv2.rectangle(canvas, (left, top), corner, _DARK, max(1, line // 2))
    baseline = (left + pad, top + pad + text_height)
    cv2.putText(canvas, text, baseline, font, scale, _DARK, stroke, cv2.LINE_AA)
