"""The slice of a scan in view as the viewer in the browser takes it: all in one message, since slices are leafed through."""

from __future__ import annotations

import base64
from typing import Any

import cv2
import numpy as np

from demo.bench.sessions import Picture
from demo.scans import shown
from demo.view import drawing
from demo.view.viewer import heat_png

SIDE = 2048
"""Longest side of a slice as it is sent, pixels."""
QUALITY = 90
AXES = ("left to right", "back to front", "feet to head")


def value(picture: Picture, keep: bool = False) -> dict[str, Any]:
    """What the viewer shows of a scan.

    Args:
        picture: a scan.
        keep: what was drawn or measured on the slice stays there.
    """
    scan = picture.scan
    assert scan is not None, "a scan"
    volume, found = scan.kept.volume, scan.at
    columns, rows = (other for other in range(3) if other != scan.axis)
    height, width = volume.shape[rows], volume.shape[columns]
    spacing = volume.spacing_mm
    regions, heat = [], ""
    if found is not None:
        heat = _data("png", heat_png(shown.plane(found, scan.axis, scan.index)))
        regions = [
            {"id": region.id, "type": region.type or "region", "severity": region.severity.value, "box": list(box.as_tuple()),
             "worst": region.worst_slice, "axis": found.axes[0]}
            for region, box in shown.regions(found, scan.axis, scan.index)
        ]  # fmt: skip
    here = f"slice {scan.index + 1} of {scan.count}, {AXES[scan.axis]}"
    return {
        "id": f"{picture.key}-{scan.axis}-{scan.index}", "picture": f"{picture.key}-{scan.axis}",
        "url": _data("jpeg", _jpeg(shown.pixels(scan))), "full": "", "reduced": False, "width": width, "height": height,
        "version": picture.judged_version, "references": False, "spacing": [spacing[rows], spacing[columns]],
        "heat": heat, "regions": regions, "shapes": [], "keep": keep,
        "alt": f"{scan.kept.name}, {here}, {len(regions)} regions marked", "scan": _around(picture),
    }  # fmt: skip


def _around(picture: Picture) -> dict[str, Any]:
    """What surrounds the slice: where it is, the scores along the axis, the window, the letters."""
    scan = picture.scan
    assert scan is not None, "a scan"
    volume, found = scan.kept.volume, scan.found
    low, high = shown.value_range(volume)
    levels = scan.levels or volume.levels
    return {
        "index": scan.index, "count": scan.count, "axis": scan.axis, "axes": list(AXES),
        "scores": [] if found is None else shown.along(found, scan.axis),
        "own": found is not None and scan.axis == found.axes[0], "threshold": picture.threshold,
        "worst": None if found is None else shown.worst(found, scan.axis),
        "letters": shown.letters(volume, scan.axis), "windows": shown.window_names(volume), "window": scan.window,
        "dragged": scan.levels is not None and not scan.window,
        "black": levels.black, "white": levels.white, "low": low, "high": high,
        "step": volume.spacing_mm[scan.axis],
    }  # fmt: skip


def _jpeg(pixels: np.ndarray) -> bytes:
    fitted = drawing.fitted(pixels, SIDE)
    return bytes(cv2.imencode(".jpg", cv2.cvtColor(fitted, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1])


def _data(kind: str, data: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
