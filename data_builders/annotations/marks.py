"""A shape of an annotation tool with a kind, drawn as that tool draws it.

COCO, CVAT, Label Studio, VOC and YOLO: polygons and boxes by pycocotools, whose pixels they are trained and measured on. LabelMe:
by Pillow's drawing, as LabelMe does. Run lengths and bitmaps are pixels already.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from assistant.errors import ConfigError, DataSetError
from assistant.labels.masks import MASK_LIMITS, Frame, laid_on
from data_builders.types import Mask

Points = Sequence[tuple[float, float]]
Draw = Callable[[int, int], Mask]
"""(height, width) -> marked pixels."""
_ROUND = 720
"""Corners of an ellipse."""


@dataclass(frozen=True, eq=False)
class Mark:
    """One defect as a person or tool marked it.

    Args:
        kind: in plain words.
        draw: its pixels on a picture of a size.
        size: (height, width) that the tool saw; that of the picture when None.
        where: it stands, for messages.
    """

    kind: str
    draw: Draw
    size: tuple[int, int] | None = None
    where: str = ""

    def drawn(self, frame: Frame) -> tuple[Mask, tuple[str, ...]]:
        """The marked pixels of the picture, and what is worth telling.

        Raises:
            DataSetError: the tool saw a picture of another size, or the shape makes no sense.
        """
        height, width = self.size or (frame.height, frame.width)
        if height * width > MASK_LIMITS.max_pixels:
            raise DataSetError(f"at most {MASK_LIMITS.max_pixels:,} pixels", f"{width}x{height} in {self.where}", "")
        return laid_on(self.draw(height, width), frame, self.where or "the annotation")


def coco_masks() -> Any:
    """``pycocotools.mask``.

    Raises:
        ConfigError: the package is not installed.
    """
    try:
        from pycocotools import mask
    except ImportError:
        do = 'pip install "anomaly-assistant[labels]"'
        raise ConfigError("pycocotools, which draws polygons and run lengths", "none installed", do) from None
    return mask


def polygons(rings: Sequence[Sequence[float]]) -> Draw:
    """Pixels inside any of several polygons (x0, y0, x1, y1, …), drawn by pycocotools."""

    def draw(height: int, width: int) -> Mask:
        mask = coco_masks()
        # pycocotools allots memory by the length of an outline: corners far outside are brought near, which changes nothing
        near = [
            np.clip(np.asarray(r, np.float64), -4 * max(height, width), 5 * max(height, width)).tolist() for r in rings
        ]
        packed = mask.frPyObjects([ring for ring in near if len(ring) >= 6], height, width) if near else []
        if not packed:
            return np.zeros((height, width), bool)
        return np.asarray(mask.decode(mask.merge(packed)), bool)

    return draw


def box(left: float, top: float, right: float, bottom: float, turned: float = 0.0, centre: bool = True) -> Draw:
    """Pixels of a box, turned clockwise by degrees about its centre, or about its top left corner."""
    about = ((left + right) / 2, (top + bottom) / 2) if centre else (left, top)
    return polygons([flat(rotated([(left, top), (left, bottom), (right, bottom), (right, top)], about, turned))])


def ellipse(x: float, y: float, across: float, down: float, turned: float = 0.0) -> Draw:
    """Pixels of an ellipse by its centre and radii, turned clockwise by degrees, as a polygon of many corners."""
    angles = np.linspace(0, 2 * math.pi, _ROUND, endpoint=False)
    points = [(x + across * math.cos(a), y + down * math.sin(a)) for a in angles]
    return polygons([flat(rotated(points, (x, y), turned))])


def rotated(points: Points, about: tuple[float, float], degrees: float) -> Points:
    """Points turned clockwise as seen, y down."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    x0, y0 = about
    return [(x0 + (x - x0) * cos - (y - y0) * sin, y0 + (x - x0) * sin + (y - y0) * cos) for x, y in points]


def flat(points: Points) -> list[float]:
    """Points as x0, y0, x1, y1 and so on."""
    return [value for point in points for value in point]


def run_lengths(counts: Sequence[int], height: int, width: int, where: str) -> Mask:
    """Row-major runs of unmarked and marked pixels in turn, unmarked first.

    Raises:
        DataSetError: runs that do not fill the rectangle.
    """
    runs = np.asarray(counts, np.int64)
    if runs.size and (runs.min() < 0 or runs.max() > height * width):
        raise DataSetError("run lengths of a mask", f"others in {where}", "export it again")
    if int(runs.sum()) != height * width:
        got = f"{int(runs.sum())} in {where}"
        raise DataSetError(f"run lengths of {width}x{height} = {height * width} pixels", got, "export it again")
    values = np.arange(len(runs)) % 2 == 1
    return np.repeat(values, runs).reshape(height, width)


def placed(part: Mask, left: int, top: int) -> Draw:
    """A small mask on the picture; what lies outside is cut off."""

    def draw(height: int, width: int) -> Mask:
        made = np.zeros((height, width), bool)
        rows, columns = max(0, -top), max(0, -left)
        inside = part[rows : max(rows, height - top), columns : max(columns, width - left)]
        y, x = top + rows, left + columns
        made[y : y + inside.shape[0], x : x + inside.shape[1]] = inside
        return made

    return draw


def union(draws: Sequence[Draw]) -> Draw:
    """Everything that any of several shapes marks."""

    def draw(height: int, width: int) -> Mask:
        made = np.zeros((height, width), bool)
        for one in draws:
            made |= one(height, width)
        return made

    return draw


def by_pillow(shape: str, points: Points, line: int = 10, point: int = 5) -> Draw:
    """A shape as LabelMe draws it (``labelme.utils.shape_to_mask``), with Pillow.

    Args:
        shape: polygon, rectangle, circle, line, linestrip, point or points.
        points: corners; centre and a point on the rim of a circle.
        line: width of lines, pixels.
        point: radius of points, pixels.
    """

    def draw(height: int, width: int) -> Mask:
        image = Image.new("1", (width, height))
        pen, most = ImageDraw.Draw(image), 5.0 * max(height, width)
        xy = [(min(max(x, -most), most), min(max(y, -most), most)) for x, y in points]
        if shape == "circle":
            (x, y), (rim_x, rim_y) = xy[:2]
            radius = math.hypot(x - rim_x, y - rim_y)
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=1, outline=1)
        elif shape == "rectangle":
            (x0, y0), (x1, y1) = xy[:2]
            pen.rectangle((min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)), fill=1, outline=1)
        elif shape in ("line", "linestrip"):
            pen.line(xy, fill=1, width=line)
        elif shape in ("point", "points"):
            for x, y in xy:
                pen.ellipse((x - point, y - point, x + point, y + point), fill=1, outline=1)
        else:
            pen.polygon(xy, fill=1, outline=1)
        return np.array(image, bool)

    return draw
