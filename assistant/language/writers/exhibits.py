"""The pictures that a language model is shown: the one inspected, the same with its numbered regions, and those at full scale."""

from __future__ import annotations

import cv2
import numpy as np

from assistant.language.writers.message import Pixels
from assistant.pictures.overlay import overlay_within
from assistant.types import Box, Inspection

LONGEST_SIDE = 1024
"""Of the whole picture; larger ones are made smaller."""
CROP_SIDE = 512
"""Of the piece around a region."""
CROPS = 3
"""Regions shown at full scale, the strongest ones."""
AROUND = 0.5
"""Of a region's longer side, shown on each side of it."""
LEAST_AROUND = 16
"""Source pixels shown around a region at least."""


def exhibits(inspection: Inspection) -> list[tuple[str, Pixels]]:
    """Pictures with what each one is, in the order of showing.

    A picture without regions is shown alone. A crop is of source pixels, made smaller only where it is larger than
    :data:`CROP_SIDE`; none is made of a region that fills the picture.

    Args:
        inspection: of the picture.
    """
    image = inspection.image
    shown = [("the picture", _fitted(image.pixels, LONGEST_SIDE))]
    if not inspection.regions:
        return shown
    marked = overlay_within(image, inspection.anomaly_map, inspection.regions, LONGEST_SIDE)
    shown.append(("the same picture with the numbered regions", _fitted(marked, LONGEST_SIDE)))
    for region in inspection.regions[:CROPS]:
        box = _around(region.box, image.width, image.height)
        if (box.x_max - box.x_min) * (box.y_max - box.y_min) < 0.8 * image.width * image.height:
            piece = image.pixels[box.y_min : box.y_max, box.x_min : box.x_max]
            shown.append((f"region {region.id} close up", _fitted(piece, CROP_SIDE)))
    return shown


def _around(box: Box, width: int, height: int) -> Box:
    """A box with what surrounds it, inside the picture."""
    more = max(LEAST_AROUND, round(AROUND * max(box.x_max - box.x_min, box.y_max - box.y_min)))
    return Box(
        max(0, box.x_min - more), max(0, box.y_min - more), min(width, box.x_max + more), min(height, box.y_max + more)
    )


def _fitted(pixels: Pixels, side: int) -> Pixels:
    """Pixels whose longer side is at most ``side``."""
    factor = side / max(pixels.shape[:2])
    if factor >= 1:
        return np.ascontiguousarray(pixels)
    size = max(1, round(pixels.shape[1] * factor)), max(1, round(pixels.shape[0] * factor))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
