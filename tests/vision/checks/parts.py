"""Pictures of a made-up part for the checks of reference sets: a plate and a disc that lie a little differently each time."""

from __future__ import annotations

import cv2
import numpy as np

from assistant.types import QueryImage


def part(seed: int, name: str | None = None, light: float = 1.0, size: tuple[int, int] = (96, 128)) -> QueryImage:
    """The part, (height, width) pixels; ``light`` multiplies the grey levels."""
    rng = np.random.default_rng(seed)
    height, width = size
    pixels = np.full((height, width, 3), (150, 140, 120), np.float32)
    right, down = map(int, rng.integers(-3, 4, 2))
    plate = (int(width * 0.15) + right, int(height * 0.1) + down), (int(width * 0.5) + right, int(height * 0.9) + down)
    cv2.rectangle(pixels, *plate, (40, 60, 90), -1)
    cv2.circle(pixels, (int(width * 0.75) + right, int(height * 0.3) + down), int(height * 0.15), (230, 220, 60), -1)
    pixels += rng.normal(0, 4, pixels.shape).astype(np.float32)
    return QueryImage((pixels * light).clip(0, 255).astype(np.uint8), name or f"part {seed}.png")


def stripes(seed: int, name: str = "stripes.png") -> QueryImage:
    """Another product, of the same size."""
    pixels = np.full((96, 128, 3), 80, np.float32)
    for column in range(0, 128, 8):
        pixels[:, column : column + 4] = 170
    pixels += np.random.default_rng(seed).normal(0, 4, pixels.shape).astype(np.float32)
    return QueryImage(pixels.clip(0, 255).astype(np.uint8), name)


def turned(picture: QueryImage, quarter: int, name: str = "turned.png") -> QueryImage:
    """The picture turned by quarters of a circle."""
    return QueryImage(np.ascontiguousarray(np.rot90(picture.pixels, quarter)), name)


def written_again(picture: QueryImage, quality: int, scale: float = 1.0, name: str = "again.jpg") -> QueryImage:
    """The picture resized and compressed."""
    small = cv2.resize(picture.pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    _, data = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return QueryImage(np.ascontiguousarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8), name)


def spoilt(picture: QueryImage, name: str = "spoilt.png") -> QueryImage:
    """The picture with a grey blot on the plate."""
    pixels = picture.pixels.copy()
    cv2.circle(pixels, (40, 48), 8, (120, 130, 140), -1)
    return QueryImage(pixels, name)
