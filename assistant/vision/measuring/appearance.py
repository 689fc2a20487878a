"""What a region looks like beside its surroundings, from the picture's own pixels: darker or brighter, and of which tint."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from assistant.types import THRESHOLD, AnomalyMap, Box, QueryImage, Region

LEAST_LIGHTNESS = 4.0
"""Difference of CIE L* that can be seen at a glance."""
LEAST_TINT = 6.0
"""Difference of CIE a* or b* that can be seen at a glance."""
MUCH = 15.0
"""Difference from which it is said to be much so."""
CORE = 0.5
"""Of a region the half of its pixels that differ most from the surroundings: the map is wider than the mark."""


@dataclass(frozen=True)
class Appearance:
    """Differences of a region from its surroundings, CIE L*a*b*.

    Args:
        lightness: of L*; positive where the region is brighter.
        red: of a*; positive where it is redder, negative where greener.
        yellow: of b*; positive where it is yellower, negative where bluer.
    """

    lightness: float
    red: float
    yellow: float

    @property
    def words(self) -> str:
        """In words; empty where nothing is seen at a glance.

        >>> Appearance(-20.0, 9.0, 0.0).words
        'much darker and redder'
        """
        said = []
        if abs(self.lightness) >= LEAST_LIGHTNESS:
            much = "much " if abs(self.lightness) >= MUCH else ""
            said.append(f"{much}{'brighter' if self.lightness > 0 else 'darker'}")
        for value, more, less in ((self.red, "redder", "greener"), (self.yellow, "yellower", "bluer")):
            if abs(value) >= LEAST_TINT:
                said.append(more if value > 0 else less)
        return " and ".join(said[:2])


def appearance_of(image: QueryImage, anomaly_map: AnomalyMap, region: Region) -> Appearance:
    """Differences of a region from what lies around it.

    Args:
        image: the picture.
        anomaly_map: of it; pixels of the box at or above the threshold are the region.
        region: of it.
    """
    box, height, width = region.box, image.height, image.width
    reach = max(8, (box.x_max - box.x_min) // 2, (box.y_max - box.y_min) // 2)
    window = Box(
        max(0, box.x_min - reach),
        max(0, box.y_min - reach),
        min(width, box.x_max + reach),
        min(height, box.y_max + reach),
    )
    rows, columns = slice(window.y_min, window.y_max), slice(window.x_min, window.x_max)
    lab = cv2.cvtColor(image.pixels[rows, columns].astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    marked = anomaly_map.window(rows, columns) >= THRESHOLD
    ys, xs = np.mgrid[rows, columns]
    inside = marked & (ys >= box.y_min) & (ys < box.y_max) & (xs >= box.x_min) & (xs < box.x_max)
    if not inside.any() or marked.all():
        return Appearance(0.0, 0.0, 0.0)
    around = np.median(lab[~marked], axis=0)
    pixels = lab[inside]
    far = np.linalg.norm(pixels - around, axis=1)
    core = pixels[far >= np.quantile(far, CORE)]
    difference = np.median(core, axis=0) - around
    return Appearance(*(float(v) for v in difference))
