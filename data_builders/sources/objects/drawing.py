"""Canvas, patches and signed distances: anti-aliased shapes in the object's own units.

One unit is half the short side of the picture times the zoom of the production line, so an object spans about
[-1, 1]. A signed distance is negative inside. Colours are display values in [0, 1], not linear light. Nothing here
knows of families or edits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from data_builders.types import Mask

Field = Float32[np.ndarray, "height width"]
Paint = Float32[np.ndarray, "height width 3"]
Window = Float32[np.ndarray, "rows columns"]
Colour = tuple[float, float, float]

FIXED_POINT_BITS = 4


@dataclass(frozen=True)
class Placement:
    """Where one part sits, in the frame of what carries it.

    Args:
        x: units to the right.
        y: units downwards.
        angle: radians, clockwise as seen.
        scale: size against the design.
        bend: deformation in [-1, 1]; 0 is straight.
        seed: fixes what varies from part to part (tone, strands, texture).
    """

    x: float
    y: float
    angle: float = 0.0
    scale: float = 1.0
    bend: float = 0.0
    seed: int = 0


ORIGIN = Placement(0.0, 0.0)


class Canvas:
    """A picture in the making and the pose of the object in it.

    Args:
        pixels: display colours in [0, 1]; painted in place.
        scale: pixels a unit.
        centre: pixel (column, row) of the object's origin.
        angle: radians, clockwise as seen.
    """

    def __init__(self, pixels: Paint, scale: float, centre: tuple[float, float], angle: float) -> None:
        self.pixels, self.scale, self.centre, self.angle = pixels, scale, centre, angle
        self.covered: Mask = np.zeros((pixels.shape[0], pixels.shape[1]), dtype=bool)

    def patch(self, at: Placement = ORIGIN, reach: float = math.inf) -> Patch:
        """The window within ``reach`` units of ``at`` with local coordinates; the whole picture by default."""
        height, width = self.covered.shape
        cos, sin = math.cos(self.angle), math.sin(self.angle)
        column = self.centre[0] + self.scale * (cos * at.x - sin * at.y)
        row = self.centre[1] + self.scale * (sin * at.x + cos * at.y)
        scale = self.scale * at.scale
        if math.isinf(reach):
            top, left, bottom, right = 0, 0, height, width
        else:
            radius = reach * scale + 2.0
            top, left = min(max(int(row - radius), 0), height - 2), min(max(int(column - radius), 0), width - 2)
            bottom = min(max(int(row + radius) + 1, top + 2), height)
            right = min(max(int(column + radius) + 1, left + 2), width)
        return Patch(self, (top, bottom, left, right), (column, row), self.angle + at.angle, scale)

    def finished(self) -> UInt8[np.ndarray, "height width 3"]:
        """The picture as RGB bytes."""
        return np.asarray(np.clip(self.pixels * 255.0 + 0.5, 0, 255)).astype(np.uint8)


class Patch:
    """A window of a canvas with the local coordinates ``x``, ``y`` (units) of one part, and ``px`` pixels a unit."""

    def __init__(
        self,
        canvas: Canvas,
        window: tuple[int, int, int, int],
        centre: tuple[float, float],
        angle: float,
        px: float,
    ) -> None:
        top, bottom, left, right = window
        self.canvas, self.angle, self.px = canvas, angle, px
        self.window = (slice(top, bottom), slice(left, right))
        self.centre = (centre[0] - left, centre[1] - top)
        dx = (np.arange(right - left, dtype=np.float32) + np.float32(0.5 - self.centre[0])) / np.float32(px)
        dy = (np.arange(bottom - top, dtype=np.float32)[:, None] + np.float32(0.5 - self.centre[1])) / np.float32(px)
        cos, sin = np.float32(math.cos(angle)), np.float32(math.sin(angle))
        self.x: Field = cos * dx + sin * dy
        self.y: Field = cos * dy - sin * dx

    @property
    def pixels(self) -> Paint:
        """The part of the canvas under this window: a view."""
        return self.canvas.pixels[self.window]

    def cover(self, distance: Field) -> Field:
        """Share of each pixel that lies inside the shape of this signed distance (units)."""
        return np.asarray(np.clip(np.float32(0.5) - distance * np.float32(self.px), 0, 1))

    def blend(self, paint: Paint | Colour, alpha: Field, solid: bool = True) -> None:
        """Lay ``paint`` over the canvas; ``solid`` paint counts as object."""
        colour = np.asarray(paint, dtype=np.float32)
        view = self.pixels
        view += (colour - view) * alpha[..., None]
        if solid:
            self.canvas.covered[self.window] |= alpha > 0.5

    def multiply(self, factor: Field) -> None:
        """Darken or brighten the canvas."""
        view = self.pixels
        view *= factor[..., None]

    def shadow(self, alpha: Field, offset: tuple[float, float], softness: float, strength: float) -> None:
        """Darken the canvas by the blurred shape, moved by ``offset`` units of the picture frame."""
        shift = np.asarray([[1, 0, offset[0] * self.px], [0, 1, offset[1] * self.px]], dtype=np.float32)
        height, width = alpha.shape
        moved = np.asarray(cv2.warpAffine(alpha, shift, (width, height), borderMode=cv2.BORDER_REPLICATE))
        self.multiply(1 - np.float32(strength) * blurred(moved, softness * self.px))

    def mask(self, alpha: Window) -> Mask:
        """The shape as a mask of the whole picture."""
        full = np.zeros(self.canvas.covered.shape, dtype=bool)
        full[self.window] = alpha > 0.5
        return full

    def polygon(self, points: Sequence[tuple[float, float]] | Float32[np.ndarray, "corners 2"]) -> Field:
        """Coverage of a polygon given in local units."""
        local = np.asarray(points, dtype=np.float64)
        cos, sin = math.cos(self.angle), math.sin(self.angle)
        columns = self.centre[0] - 0.5 + self.px * (cos * local[:, 0] - sin * local[:, 1])
        rows = self.centre[1] - 0.5 + self.px * (sin * local[:, 0] + cos * local[:, 1])
        corners = np.round(np.stack([columns, rows], axis=1) * (1 << FIXED_POINT_BITS)).astype(np.int32)
        image = np.zeros(self.x.shape, dtype=np.uint8)
        cv2.fillPoly(image, [corners], 255, cv2.LINE_AA, FIXED_POINT_BITS)
        return image.astype(np.float32) / np.float32(255)

    def glyph(self, character: str, height: float, font: int = 0, weight: int = 2) -> Field:
        """Coverage of one letter, ``height`` units tall, centred on the origin of the patch."""
        wanted = height * self.px
        level = 64 if wanted > 24 else 32 if wanted > 11 else 16
        image = glyph_image(character, font, weight, level)
        # the letter fills 0.6 of its image
        factor = height / (0.6 * level)
        columns = self.x / np.float32(factor) + np.float32(image.shape[1] / 2 - 0.5)
        rows = self.y / np.float32(factor) + np.float32(image.shape[0] / 2 - 0.5)
        return np.asarray(cv2.remap(image, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT))


def rgb(colour: Colour) -> Float32[np.ndarray, " 3"]:
    """The colour as an array that broadcasts over pixels."""
    return np.asarray(colour, dtype=np.float32)


@lru_cache(maxsize=512)
def glyph_image(character: str, font: int, weight: int, level: int) -> Float32[np.ndarray, "rows columns"]:
    """One letter of a stroke font, centred in an image ``level`` pixels tall, its capitals 0.6 of that."""
    face = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_TRIPLEX, cv2.FONT_HERSHEY_COMPLEX)[
        font % 4
    ]
    size = 192
    image = np.zeros((size, size), dtype=np.uint8)
    thickness = 4 * weight + 2
    capital = cv2.getTextSize("H", face, 1.0, 1)[0][1]
    scale = 0.6 * size / capital
    (width, _height), _ = cv2.getTextSize(character, face, scale, thickness)
    cv2.putText(
        image, character, ((size - width) // 2, (size + int(0.6 * size)) // 2), face, scale, 255, thickness, cv2.LINE_AA
    )
    small = cv2.resize(image, (level, level), interpolation=cv2.INTER_AREA)
    return small.astype(np.float32) / np.float32(255)


def blurred(values: Field, radius: float) -> Field:
    """Gaussian blur with a standard deviation of ``radius`` pixels; wide ones at reduced resolution."""
    if radius < 0.3:
        return values
    height, width = values.shape
    if radius > 6 and min(height, width) > 32:
        small = cv2.resize(values, (width // 4, height // 4), interpolation=cv2.INTER_AREA)
        small = cv2.GaussianBlur(small, (0, 0), radius / 4)
        return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR))
    return np.asarray(cv2.GaussianBlur(values, (0, 0), radius))


def smoothstep(low: float, high: float, values: Field) -> Field:
    """0 below ``low``, 1 above ``high``, a smooth ramp between."""
    ramp = np.clip((values - np.float32(low)) / np.float32(high - low), 0, 1)
    return np.asarray(ramp * ramp * (3 - 2 * ramp))


def radius_of(x: Field, y: Field) -> Field:
    """Distance from the origin."""
    return np.asarray(np.sqrt(x * x + y * y))


def circle(x: Field, y: Field, radius: float) -> Field:
    """Signed distance of a disc."""
    return radius_of(x, y) - np.float32(radius)


def rounded_box(x: Field, y: Field, half_width: float, half_height: float, corner: float = 0.0) -> Field:
    """Signed distance of a rectangle with round corners."""
    dx = np.abs(x) - np.float32(half_width - corner)
    dy = np.abs(y) - np.float32(half_height - corner)
    outside = np.sqrt(np.maximum(dx, 0) ** 2 + np.maximum(dy, 0) ** 2)
    return np.asarray(outside + np.minimum(np.maximum(dx, dy), 0) - np.float32(corner))


def stadium(x: Field, y: Field, half_length: float, radius: float) -> Field:
    """Signed distance of a rod along x with round ends; ``half_length`` is up to the ends' centres."""
    return radius_of(np.maximum(np.abs(x) - np.float32(half_length), 0), y) - np.float32(radius)


def regular_polygon(x: Field, y: Field, sides: int, inner_radius: float) -> Field:
    """Signed distance (exact inside) of a regular polygon whose flats are ``inner_radius`` away."""
    step = 2 * math.pi / sides
    distance = np.full(x.shape, -1e9, dtype=np.float32)
    for side in range(sides):
        distance = np.maximum(distance, x * np.float32(math.cos(side * step)) + y * np.float32(math.sin(side * step)))
    return distance - np.float32(inner_radius)
