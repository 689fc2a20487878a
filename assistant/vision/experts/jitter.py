"""Copies of a picture as the same camera would take it again: exposure, focus, noise, compression, a small shift, scale, turn.

What a detector says of them shows, where there is one reference only, how little a normal picture may differ from it.
"""

from __future__ import annotations

import cv2
import numpy as np

from assistant.types import QueryImage

EXPOSURE, SHIFT, SCALE, TURN = 0.08, 0.015, 0.02, 2.0
"""Largest relative change of brightness; shift, share of a side; relative change of size; turn, degrees."""
BLUR, NOISE, QUALITY = 0.8, 4.0, (75, 96)
"""Largest standard deviation of the blur, pixels; of the noise, grey levels; range of the JPEG quality."""


def jittered(picture: QueryImage, number: int) -> QueryImage:
    """A copy of a picture; the same for the same number.

    Args:
        picture: a normal picture.
        number: which copy.
    """
    rng = np.random.default_rng(number)
    height, width = picture.pixels.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), rng.uniform(-TURN, TURN), 1 + rng.uniform(-SCALE, SCALE))
    matrix[:, 2] += rng.uniform(-SHIFT, SHIFT, 2) * np.array((width, height))
    plane = cv2.warpAffine(
        picture.pixels, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )
    blur = rng.uniform(0, BLUR)
    if blur > 0.2:
        plane = cv2.GaussianBlur(plane, (0, 0), blur)
    lit = plane.astype(np.float32) * np.float32(1 + rng.uniform(-EXPOSURE, EXPOSURE))
    lit += rng.normal(0, rng.uniform(0, NOISE), (height, width, 1)).astype(np.float32)
    pixels = np.rint(lit).clip(0, 255).astype(np.uint8)
    quality = int(rng.integers(*QUALITY))
    _, written = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    read = cv2.imdecode(written, cv2.IMREAD_COLOR)
    return QueryImage(np.ascontiguousarray(read, np.uint8), picture.source, picture.domain)
