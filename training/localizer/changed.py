"""Pictures changed by chance as cameras and hands would: mirrored, another exposure, out of focus, compressed.

All pictures of a variant are mirrored, blurred and compressed alike, as one camera would take them; each has an exposure of its
own. The same variant and name always give the same picture.
"""

from __future__ import annotations

import random

import cv2
import numpy as np
from jaxtyping import Shaped, UInt8

BLURRED, COMPRESSED = 0.3, 0.3
"""Shares of the variants."""
WIDEST = 1.2
"""Of the blur, pixels."""
QUALITY = (50, 95)
EXPOSURE = 0.12
"""Largest change of the brightness, share."""


def flipped(
    plane: Shaped[np.ndarray, "height width *channels"], variant: int
) -> Shaped[np.ndarray, "height width *channels"]:
    """A picture or mask mirrored as its variant is; variant 0 is as it is."""
    if not variant:
        return plane
    rng = random.Random(f"{variant}/mirrored")
    left_right, up_down = rng.random() < 0.5, rng.random() < 0.5
    return np.ascontiguousarray(plane[:: -1 if up_down else 1, :: -1 if left_right else 1])


def changed(
    pixels: UInt8[np.ndarray, "height width 3"], variant: int, name: str
) -> UInt8[np.ndarray, "height width 3"]:
    """A picture of a variant.

    Args:
        pixels: RGB.
        variant: what is drawn by; not 0.
        name: of the picture, for its own exposure.

    >>> grey = np.full((8, 8, 3), 100, np.uint8)
    >>> bool((changed(grey, 5, "a") == changed(grey, 5, "a")).all())
    True
    """
    rng, own = random.Random(f"{variant}/camera"), random.Random(f"{variant}/{name}")
    made = flipped(pixels, variant)
    gain = 1 + EXPOSURE * own.uniform(-1, 1)
    made = cv2.convertScaleAbs(made, alpha=gain)
    if rng.random() < BLURRED:
        made = cv2.GaussianBlur(made, (0, 0), rng.uniform(0.3, WIDEST))
    if rng.random() < COMPRESSED:
        quality = [cv2.IMWRITE_JPEG_QUALITY, rng.randint(*QUALITY)]
        written = cv2.imencode(".jpg", made[..., ::-1], quality)[1]
        made = np.asarray(cv2.imdecode(written, cv2.IMREAD_COLOR))[..., ::-1]
    return np.ascontiguousarray(made)
