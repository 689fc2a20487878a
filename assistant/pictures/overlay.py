"""The picture people look at: scores as heat over the image, regions as numbered boxes. Draws only; decides nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
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
    size = anomaly_map.size
    if size != (image.height, image.width):
        raise AssistantError(f"a map of {image.height} x {image.width}", f"{size[0]} x {size[1]}")
    factor = max(1, math.ceil(least_side / max(size)))
    if factor > 1:
        wanted = (image.width * factor, image.height * factor)
        canvas = np.asarray(cv2.resize(image.pixels, wanted, interpolation=cv2.INTER_NEAREST), np.uint8)
        scores = np.asarray(cv2.resize(anomaly_map.scores, wanted, interpolation=cv2.INTER_LINEAR), np.float32)
        anomaly_map = AnomalyMap(scores)
    else:
        canvas = np.array(image.pixels, order="C")
    for top, scores in anomaly_map.strips():
        _blend(canvas[top : top + len(scores)], scores)
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
    path.write_bytes(cv2.imencode(".png", cv2.cvtColor(drawn, cv2.COLOR_RGB2BGR, dst=drawn))[1].data)
    return path


def overlay_within(
    image: QueryImage, anomaly_map: AnomalyMap, regions: Sequence[Region], longest: int
) -> UInt8[np.ndarray, "rows columns 3"]:
    """:func:`overlay` of a picture that is reduced first where its long side is longer than ``longest``, pixels."""
    scale = min(1.0, longest / max(image.height, image.width))
    if scale == 1.0:
        return overlay(image, anomaly_map, regions)
    rows, columns = max(1, round(image.height * scale)), max(1, round(image.width * scale))
    pixels = np.asarray(cv2.resize(image.pixels, (columns, rows), interpolation=cv2.INTER_AREA), np.uint8)
    small = [replace(one, box=_scaled(one.box, scale, (rows, columns))) for one in regions]
    return overlay(
        replace(image, pixels=pixels, deep=None), AnomalyMap(reduced_scores(anomaly_map, (rows, columns))), small
    )


def reduced_scores(anomaly_map: AnomalyMap, size: tuple[int, int]) -> Float32[np.ndarray, "rows columns"]:
    """Area means of a map at a smaller (rows, columns), made strip by strip."""
    height = anomaly_map.size[0]
    scale, out = height / size[0], np.zeros(size, np.float32)
    starts = np.arange(size[0])[:, None] * scale
    for top, scores in anomaly_map.strips():
        across = cv2.resize(np.ascontiguousarray(scores), (size[1], len(scores)), interpolation=cv2.INTER_AREA)
        some = slice(int(top / scale), math.ceil((top + len(scores)) / scale))
        rows, start = np.arange(top, top + len(scores)), starts[some]
        share = np.minimum(start + scale, rows + 1) - np.maximum(start, rows)
        out[some] += (share.clip(0) / scale).astype(np.float32) @ across
    return out.clip(0, 1)


def _scaled(box: Box, scale: float, size: tuple[int, int]) -> Box:
    """A box on a picture reduced to (rows, columns), at least a pixel."""
    left, top, right, bottom = (int(scale * edge) for edge in box.as_tuple())
    left, top = min(left, size[1] - 1), min(top, size[0] - 1)
    return Box(left, top, min(size[1], max(right, left + 1)), min(size[0], max(bottom, top + 1)))


def _blend(canvas: UInt8[np.ndarray, "height width 3"], scores: Float32[np.ndarray, "height width"]) -> None:
    """Colour over the pixels whose score is drawn at all; opacity rises linearly from none to ``MOST_OPAQUE``."""
    drawn = scores >= FIRST_DRAWN
    if not drawn.any():
        return
    strength = np.clip((scores[drawn] - FIRST_DRAWN) / (1 - FIRST_DRAWN), 0, 1)
    ramp = cv2.applyColorMap(np.arange(256, dtype=np.uint8)[:, None], cv2.COLORMAP_PLASMA)[:, 0, ::-1]
    colour = ramp.astype(np.float32)[np.round(strength * 255).astype(np.intp)]
    alpha = (MOST_OPAQUE * strength)[:, None]
    canvas[drawn] = np.round(canvas[drawn] * (1 - alpha) + colour * alpha).astype(np.uint8)


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
