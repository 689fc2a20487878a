"""How a picture looks as a whole: size, light, colour, and a small grey copy of it. Reads pixels; knows no model."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32

from assistant.types import QueryImage

SMALL = 32
"""Side of the small copy, pixels."""
BLACK = 5.0
"""Lightness below which pictures are black, whatever their exposure."""


@dataclass(frozen=True)
class Look:
    """Numbers of a picture as a whole; light and colour in CIELAB (D65), means over the picture.

    Args:
        width, height: source pixels.
        lightness: 0 (black) to 100 (white).
        contrast: standard deviation of the lightness of the small copy, same unit.
        red: a*, above 0 reddish, below greenish.
        yellow: b*, above 0 yellowish, below bluish.
    """

    width: int
    height: int
    lightness: float
    contrast: float
    red: float
    yellow: float

    @property
    def exposure(self) -> float:
        """Logarithm of the lightness: another exposure adds about as much to it in dark pictures as in bright ones."""
        return math.log(self.lightness + BLACK)

    @property
    def aspect(self) -> float:
        """Logarithm of width over height: turned by a quarter it changes its sign."""
        return math.log(self.width / self.height)

    @property
    def scale(self) -> float:
        """Logarithm of the side of a square of as many pixels."""
        return 0.5 * math.log(self.width * self.height)

    @classmethod
    def of(cls, image: QueryImage) -> Look:
        """Of a picture."""
        lab = _small_lab(image)
        means = [round(float(v), 3) for v in lab.mean((0, 1))]
        means[0] = max(0.0, means[0])
        return cls(image.width, image.height, means[0], round(float(lab[..., 0].std()), 3), means[1], means[2])

    @classmethod
    def from_json(cls, told: Mapping[str, float]) -> Look:
        """As :func:`vars` gives it.

        Raises:
            ValueError: a number that no picture has.
        """
        look = cls(**{name: told[name] for name in cls.__dataclass_fields__})  # type: ignore[arg-type]
        sizes = (look.width, look.height)
        numbers = (look.lightness, look.contrast, look.red, look.yellow)
        if (
            not all(isinstance(v, int) and v > 0 for v in sizes)
            or not all(map(math.isfinite, numbers))
            or look.lightness < 0
        ):
            raise ValueError("a size or a light that no picture has")
        return look


def brightness(image: QueryImage) -> float:
    """Mean CIELAB lightness as a share of white, in [0, 1]."""
    return min(1.0, max(0.0, Look.of(image).lightness / 100))


def small_grey(image: QueryImage) -> Float32[np.ndarray, "32 32"]:
    """The lightness of the picture in small, its mean taken away: what a look from afar compares."""
    grey = _small_lab(image)[..., 0]
    centred: np.ndarray = grey - grey.mean()
    return centred


def likeness(one: Float32[np.ndarray, "32 32"], other: Float32[np.ndarray, "32 32"]) -> float:
    """Correlation of two small copies, in [-1, 1]; 0 where one is flat."""
    norm = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float((one * other).sum()) / norm if norm > 1e-3 else 0.0


def _small_lab(image: QueryImage) -> Float32[np.ndarray, "32 32 3"]:
    """CIELAB of the picture squeezed into a small square."""
    small = cv2.resize(image.pixels, (SMALL, SMALL), interpolation=cv2.INTER_AREA)
    lab: np.ndarray = cv2.cvtColor(small.astype(np.float32) / np.float32(255), cv2.COLOR_RGB2LAB)
    return lab
