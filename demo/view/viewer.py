"""The picture in view with heat and regions over it, as the viewer in the browser takes them; and what is drawn there.

The picture goes as a file that the browser may keep: another threshold sends boxes alone. Coordinates are source pixels.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from weakref import ref

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from assistant.errors import ConfigError
from assistant.files.whole import whole_file
from assistant.types import Box, QueryImage
from demo.bench.alongside import Alongside
from demo.bench.sessions import Picture, Session
from demo.bench.thresholds import View
from demo.view import drawing
from demo.view.sent_files import sent_file

HEAT_SIDE, FINE_HEAT_SIDE = 256, 640
"""Longest side of the heat as it is sent, and of that of tiles; the map behind it is coarser still."""
QUALITY, FINE_QUALITY = 88, 94
"""Of JPEG: of a picture fitted to the screen, and of all its pixels."""
CROP = 192
"""Side of the pixels around a place as they are shown."""
AROUND, MOST_AROUND = 96, 384
"""Side of the pixels around a place, of the picture itself: at least, and of a region at most."""
MOST_SHAPES, MOST_POINTS, MOST_RADIUS = 100, 20_000, 500.0
_COLOURS = cv2.applyColorMap(np.arange(256, dtype=np.uint8)[None], cv2.COLORMAP_TURBO)[0]


def address(path: Path) -> str:
    """Where the browser finds a file below the page's cache."""
    return f"gradio_api/file={path}"


def value(session: Session, full: bool = False, keep: bool = False) -> dict[str, Any] | None:
    """What the viewer shows of a session; None without a picture.

    Args:
        session: whose picture in view is meant.
        full: every pixel of the picture is sent.
        keep: what was drawn on the picture stays there.
    """
    picture = session.picture
    if picture is None:
        return None
    image, view = picture.image, picture.view
    shown = _written(session, picture, image, full)
    regions = [] if view is None else [
        {
            "id": r.id, "type": r.type or "region", "severity": r.severity.value, "box": list(r.box.as_tuple()),
            "mine": r.id in view.drawn,
        }
        for r in view.inspection.regions
    ]  # fmt: skip
    reduced = max(image.height, image.width) > drawing.SCREEN
    return {
        "id": secrets.token_hex(4), "picture": session.shown[picture][1][-1],
        "url": address(_written(session, picture, image, False)),
        "full": address(shown) if full else "", "reduced": reduced, "width": image.width, "height": image.height,
        "heat": "" if view is None else address(_heat(session, view)), "regions": regions, "shapes": [], "keep": keep,
        "version": picture.judged_version, "references": bool(picture.setup.references) and picture.setup.built is not None,
        "spacing": None if image.spacing_mm is None else list(image.spacing_mm), "scan": None,
        "alt": f"Picture {image.source}" + ("" if view is None else f", {len(regions)} regions marked"),
    }  # fmt: skip


def _written(session: Session, picture: Picture, image: QueryImage, full: bool) -> Path:
    """The picture as a file; written once, and again where it is another plane or was read otherwise."""
    kept = session.shown.get(picture)
    if kept is None or kept[0]() is not image:
        before = () if kept is None else kept[1]
        for name in before[:-1]:
            for old in session.folder.glob(f"{name}*.jpg"):
                old.unlink(missing_ok=True)
        kept = session.shown[picture] = (ref(image), (*before[-1:], secrets.token_hex(6)))
    path = session.folder / f"{kept[1][-1]}{'-full' if full else ''}.jpg"
    if not path.exists():
        pixels = image.pixels if full else drawing.fitted(image.pixels)
        quality = FINE_QUALITY if full else QUALITY
        encoded = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        with whole_file(path) as part:
            part.write_bytes(encoded.tobytes())
    return path


def heat_png(scores: Float32[np.ndarray, "height width"], *, tiled: bool = False) -> bytes:
    """A map as a small picture, the more opaque the higher the score; what is well below the threshold is not seen.

    Args:
        scores: calibrated.
        tiled: whether tiles were looked at: what they found is finer than the overview's patches, and is not averaged away.
    """
    side = FINE_HEAT_SIDE if tiled else HEAT_SIDE
    scale = min(1.0, side / max(scores.shape))
    size = (max(1, round(scores.shape[1] * scale)), max(1, round(scores.shape[0] * scale)))
    if tiled and scale < 1:
        reach = math.ceil(1 / scale)
        scores = np.asarray(cv2.dilate(scores, np.ones((reach, reach), np.uint8)), np.float32)
    small = np.clip(cv2.resize(scores, size, interpolation=cv2.INTER_NEAREST if tiled else cv2.INTER_AREA), 0, 1)
    opacity = np.clip((small - 0.3) / 0.4, 0, 1)
    pixels = np.dstack([_COLOURS[(small * 255).astype(np.uint8)], (opacity * 255).astype(np.uint8)])
    return bytes(cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1])


def _heat(session: Session, view: View) -> Path:
    """The map of a picture as a file."""
    coverage = view.measured.coverage
    heat = heat_png(view.inspection.anomaly_map.scores, tiled=coverage is not None and coverage.tiles > 0)
    return sent_file(session.folder, "heat", ".png", heat)


def drawn_mask(shapes: object, height: int, width: int) -> Bool[np.ndarray, "height width"]:
    """What was drawn in the viewer, on the very pixels of the picture.

    Args:
        shapes: ``{"kind": "box" | "polygon" | "brush", "points": [[x, y], …], "radius": r}`` each, source pixels.
        height: of the picture.
        width: of the picture.

    Raises:
        ConfigError: something else.
    """
    mask = np.zeros((height, width), np.uint8)
    try:
        for shape in _listed(shapes, MOST_SHAPES):
            points = np.array([[float(x), float(y)] for x, y in _listed(shape["points"], MOST_POINTS)])
            if not len(points) or not np.isfinite(points).all() or np.abs(points).max() > 1e6:
                raise ValueError
            _draw(mask, str(shape["kind"]), points, shape)
    except (KeyError, TypeError, ValueError, OverflowError):
        raise ConfigError("boxes, polygons or strokes", "something else", "draw on the picture again") from None
    return mask.astype(bool)


def _draw(mask: np.ndarray, kind: str, points: np.ndarray, shape: dict[str, Any]) -> None:
    """One shape; a pixel belongs to it where the shape covers its middle, and at least one always does."""
    height, width = mask.shape
    if kind == "box":
        low, high = np.floor(points.min(0)).astype(int), np.ceil(points.max(0)).astype(int)
        mask[max(0, low[1]) : max(0, high[1]), max(0, low[0]) : max(0, high[0])] = 1
    elif kind == "polygon" and len(points) >= 3:
        fine = np.round((points - 0.5) * 16).astype(np.int32)
        cv2.fillPoly(mask, [fine], 1, lineType=cv2.LINE_8, shift=4)
    elif kind == "brush":
        radius = min(MOST_RADIUS, max(0.5, float(shape["radius"])))
        at = np.clip(np.floor(points).astype(np.int32), 0, [width - 1, height - 1])
        if len(at) > 1:
            cv2.polylines(mask, [at], False, 1, thickness=max(1, round(2 * radius)), lineType=cv2.LINE_8)
        for x, y in at[:: max(1, len(at) // 2000)]:
            cv2.circle(mask, (int(x), int(y)), int(radius), 1, -1)
    else:
        raise ValueError(kind)


def _listed(given: object, most: int) -> Sequence[Any]:
    if not isinstance(given, list) or len(given) > most:
        raise ValueError(type(given).__name__)
    return given


def pointed(given: object, image: QueryImage) -> tuple[int, int]:
    """Column and row of the pixel that was clicked.

    Raises:
        ConfigError: no place of the picture.
    """
    try:
        x, y = (float(one) for one in given)  # type: ignore[attr-defined]
        if not (math.isfinite(x) and math.isfinite(y)):
            raise ValueError
    except (TypeError, ValueError):
        raise ConfigError("a place in the picture", "something else", "click on the picture") from None
    return min(image.width - 1, max(0, int(x))), min(image.height - 1, max(0, int(y)))


def beside_file(session: Session, beside: Alongside) -> Path:
    """The reference beside the picture in view as a file."""
    shown = cv2.cvtColor(beside.pixels, cv2.COLOR_RGB2BGR)
    encoded = cv2.imencode(".jpg", shown, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1]
    return sent_file(session.folder, "beside", ".jpg", encoded.tobytes())


def crop_file(session: Session, image: QueryImage, x: int, y: int, region: Box | None = None) -> Path:
    """Pixels around one of them as a file, which marks it with a ring; of a region there, as much of it as may be."""
    extent = 0 if region is None else max(region.x_max - region.x_min, region.y_max - region.y_min)
    pixels, box = around(image, x, y, min(MOST_AROUND, max(AROUND, 3 * extent // 2)))
    scale = max(1, CROP // max(pixels.shape[:2]))
    large = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_NEAREST)
    centre = ((2 * (x - box.x_min) + 1) * scale // 2, (2 * (y - box.y_min) + 1) * scale // 2)
    for shade, width in ((0, 3), (255, 1)):
        cv2.circle(large, centre, scale + 4, (shade, shade, shade), width)
    encoded = cv2.imencode(".png", cv2.cvtColor(large, cv2.COLOR_RGB2BGR))[1]
    return sent_file(session.folder, "crop", ".png", encoded.tobytes())


def around(image: QueryImage, x: int, y: int, side: int = AROUND) -> tuple[np.ndarray, Box]:
    """Pixels around one of them, at the picture's own resolution, and where they lie."""
    width, height = min(side, image.width), min(side, image.height)
    left = min(max(0, x - width // 2), image.width - width)
    top = min(max(0, y - height // 2), image.height - height)
    box = Box(left, top, left + width, top + height)
    return np.ascontiguousarray(image.pixels[top : top + height, left : left + width]), box
