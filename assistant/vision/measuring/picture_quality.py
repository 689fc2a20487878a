"""How a picture was taken, as far as its own pixels tell: exposure, contrast, tint, and whether it holds fine detail."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from assistant.types import QueryImage

WHITE, BLACK = 252, 3
"""Values from which, and up to which, all three channels are taken for over- and underexposed."""
CLIPPED = 0.05
"""Share of such pixels that is worth saying."""
LOW_CONTRAST = 3.0
"""Standard deviation of CIE L* below which a picture has little contrast."""
TINTED = 10.0
"""Mean CIE a* or b* from which a picture as a whole has a tint."""
SMOOTH = 0.02
"""Share of a picture's standard deviation that halving its size loses, below which it holds nothing at the scale of pixels."""
SMALL = 150
"""Shorter side, pixels, below which a picture is small."""
LARGEST = 1024
"""Longer side, pixels, of the central part whose detail is looked at."""


@dataclass(frozen=True)
class PictureQuality:
    """What the pixels of a picture tell of how it was taken.

    Args:
        width: pixels.
        height: pixels.
        overexposed: share of pixels that are white in all channels, 0 to 1.
        underexposed: share of pixels that are black in all channels, 0 to 1.
        contrast: standard deviation of CIE L*, of the middle.
        red: mean CIE a* of the middle; positive red, negative green.
        yellow: mean CIE b* of the middle; positive yellow, negative blue.
        detail: share of the contrast that halving the size loses; 0 for one even colour.
    """

    width: int
    height: int
    overexposed: float
    underexposed: float
    contrast: float
    red: float
    yellow: float
    detail: float

    @property
    def remarks(self) -> list[str]:
        """What speaks against the picture, a clause each; empty where nothing does."""
        said = []
        if min(self.width, self.height) < SMALL:
            said.append("that is few for a close look")
        if self.overexposed >= CLIPPED:
            said.append(f"{_share(self.overexposed)} is pure white, background included")
        if self.underexposed >= CLIPPED:
            said.append(f"{_share(self.underexposed)} is pure black, background included")
        if self.contrast < LOW_CONTRAST:
            said.append("it has very little contrast")
        elif self.detail < SMOOTH:
            said.append(
                "it holds next to nothing at the scale of single pixels: blurred, enlarged, or a smooth surface"
            )
        tints = [
            more if value > 0 else less
            for value, more, less in ((self.red, "reddish", "greenish"), (self.yellow, "yellowish", "bluish"))
            if abs(value) >= TINTED
        ]
        return [*said, f"as a whole it is {' and '.join(tints)}, by its light or its own colour"] if tints else said


def picture_quality(image: QueryImage) -> PictureQuality:
    """Exposure, contrast, tint and detail of a picture.

    Args:
        image: decoded.
    """
    pixels = image.pixels
    lab = cv2.cvtColor(_central(pixels).astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    lightness = lab[..., 0]
    height, width = lightness.shape
    half = cv2.resize(lightness, (max(1, width // 2), max(1, height // 2)), interpolation=cv2.INTER_AREA)
    back = cv2.resize(half, (width, height), interpolation=cv2.INTER_CUBIC)
    spread = float(lightness.std())
    return PictureQuality(
        image.width,
        image.height,
        float((pixels >= WHITE).all(2).mean()),
        float((pixels <= BLACK).all(2).mean()),
        spread,
        float(lab[..., 1].mean()),
        float(lab[..., 2].mean()),
        float((lightness - back).std()) / spread if spread > 0 else 0.0,
    )


def _share(share: float) -> str:
    return "most of it" if share >= 0.7 else "about half of it" if share >= 0.4 else "a part of it"


def _central(pixels: np.ndarray) -> np.ndarray:
    """The middle of a picture, at most :data:`LARGEST` pixels a side."""
    height, width = pixels.shape[:2]
    top, left = max(0, (height - LARGEST) // 2), max(0, (width - LARGEST) // 2)
    return pixels[top : top + LARGEST, left : left + LARGEST]
