"""Masks -> polygons that draw exactly the same pixels again, as COCO, YOLO and annotation tools want them.

Corners lie on the edges between pixels, so (0, 0) is the picture's corner and a box of pixels is four corners. Polygons hold no
holes: a part with a hole is cut through it, which changes no pixel.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from jaxtyping import Bool
from scipy import ndimage

Polygon = list[tuple[int, int]]
"""Corners (x, y) in order, the first not repeated."""
_AROUND = {
    (1, 0): ((0, -1), (0, 0)),
    (0, 1): ((0, 0), (-1, 0)),
    (-1, 0): ((-1, 0), (-1, -1)),
    (0, -1): ((-1, -1), (0, -1)),
}
"""Step of an outline -> offsets (x, y) from a corner of the pixels on its left and on its right."""


def polygons_of(mask: Bool[np.ndarray, "height width"]) -> list[Polygon]:
    """Polygons without holes that together cover the marked pixels and no others; none for an empty mask.

    >>> polygons_of(np.array([[True, True], [True, False]]))
    [[(0, 0), (2, 0), (2, 1), (1, 1), (1, 2), (0, 2)]]
    """
    labels, _ = ndimage.label(mask)
    found: list[Polygon] = []
    for number, where in enumerate(ndimage.find_objects(labels), 1):
        top, left = where[0].start, where[1].start
        for row, part in _without_holes(labels[where] == number):
            found.append([(x + left, y + top + row) for x, y in _outline(part)])
    return found


def coco_shape(area: Bool[np.ndarray, "height width"]) -> dict[str, Any]:
    """Polygons, box and area of a mask with a marked pixel, as COCO annotations hold them.

    >>> coco_shape(np.array([[False, True], [False, True]]))
    {'segmentation': [[1, 0, 2, 0, 2, 2, 1, 2]], 'bbox': [1, 0, 1, 2], 'area': 2, 'iscrowd': 0}
    """
    rows, columns = np.flatnonzero(area.any(1)), np.flatnonzero(area.any(0))
    left, top = int(columns[0]), int(rows[0])
    return {
        "segmentation": [[side for corner in ring for side in corner] for ring in polygons_of(area)],
        "bbox": [left, top, int(columns[-1]) + 1 - left, int(rows[-1]) + 1 - top],
        "area": int(area.sum()),
        "iscrowd": 0,
    }


def _without_holes(part: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """A connected part, cut along rows until no piece has a hole, each with the row it starts at."""
    holes = ndimage.binary_fill_holes(part, structure=np.ones((3, 3), bool)) & ~part
    if not holes.any():
        yield 0, part
        return
    rows = np.flatnonzero(holes.any(1))
    cut = int(rows[len(rows) // 2])
    for start, half in ((0, part[:cut]), (cut, part[cut:])):
        labels, count = ndimage.label(half)
        for number in range(1, count + 1):
            for row, piece in _without_holes(labels == number):
                yield start + row, piece


def _outline(part: np.ndarray) -> Polygon:
    """Corners of a connected part without holes, clockwise as seen, straight edges in one step."""
    inside = np.pad(part, 1)

    def marked(x: int, y: int) -> bool:
        return bool(inside[y + 1, x + 1])

    y = int(np.flatnonzero(part.any(1))[0])
    start = (int(np.flatnonzero(part[y])[0]), y)
    corner, step, corners = start, (1, 0), [start]
    while True:
        corner = (corner[0] + step[0], corner[1] + step[1])
        if corner == start:
            return corners
        left, right = _AROUND[step]
        ahead_left = marked(corner[0] + left[0], corner[1] + left[1])
        ahead_right = marked(corner[0] + right[0], corner[1] + right[1])
        if not ahead_right:
            turn = (-step[1], step[0])
        elif ahead_left:
            turn = (step[1], -step[0])
        else:
            continue
        corners.append(corner)
        step = turn
