"""What surface generators share: finish (light, tonal clouds, specks), colours, and the walk from design to picture."""

from __future__ import annotations

import colorsys
import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import cv2
import numpy as np
from jaxtyping import Float32

from assistant.errors import ConfigError
from assistant.types import Domain
from data_builders.sources.surfaces.noise import Field, Real, Size, fractal_noise, pixel_grid, specks
from data_builders.types import Kind, Picture

Paint = Float32[np.ndarray, "height width 3"]
Colour = tuple[float, float, float]
SMALLEST_SIDE = 16
HIGHLIGHT = 0.82
"""Brightness from which highlights are compressed instead of clipped."""


@dataclass(frozen=True)
class Finish:
    """Irregularity that is normal on a surface, and the steady light of one inspection station.

    Args:
        clouds: strength of faint tonal clouds, as a share of the brightness.
        cloud_cell: size of the clouds as a share of the picture's side.
        gradient: change of light across the picture, as a share of the brightness.
        gradient_angle: where the light comes from.
        exposure: spread of brightness from picture to picture.
        speck_count: usual number of tiny specks in a picture.
        speck_strength: how much darker (negative) or lighter they are.
        tilt: spread of the pose from picture to picture, radians.
        monochrome: seen by a grey camera.
    """

    clouds: float
    cloud_cell: float
    gradient: float
    gradient_angle: float
    exposure: float
    speck_count: float
    speck_strength: float
    tilt: float
    monochrome: bool


@dataclass(frozen=True, kw_only=True)
class SurfaceDesign:
    """What every surface product has: its plain name and its finish."""

    object_name: str
    finish: Finish


def draw_finish(
    rng: np.random.Generator, clouds: Real = 0.025, specks: Real = 4.0, tilt: Real = 0.03, grey: Real = 0.25
) -> Finish:
    """A finish; ``clouds``, ``specks`` and ``tilt`` are upper ends, ``grey`` the share of grey cameras."""
    return Finish(
        clouds=rng.uniform(0.1, 0.65) * clouds,
        cloud_cell=rng.uniform(0.15, 0.8),
        gradient=float(rng.choice([0.0, 0.06, 0.15, 0.3])) * rng.uniform(0.5, 1.0),
        gradient_angle=rng.uniform(0, 2 * math.pi),
        exposure=rng.uniform(0.01, 0.05),
        speck_count=specks * rng.uniform(0, 1) if rng.random() < 0.6 else 0.0,
        speck_strength=rng.uniform(0.05, 0.22) * float(rng.choice([-1.0, -1.0, 1.0])),
        tilt=rng.uniform(0.1, 1.0) * tilt,
        monochrome=bool(rng.random() < grey),
    )


def draw_colour(
    rng: np.random.Generator,
    hue: tuple[float, float] = (0.0, 1.0),
    saturation: tuple[float, float] = (0.0, 0.9),
    value: tuple[float, float] = (0.15, 0.95),
) -> Colour:
    """RGB in 0..1 with hue, saturation and value from the ranges; hue may run past 1 (it wraps)."""
    return colorsys.hsv_to_rgb(rng.uniform(*hue) % 1.0, rng.uniform(*saturation), rng.uniform(*value))


def shifted(colour: Colour, factor: float) -> Colour:
    """A colour made darker (``factor`` < 1) or lighter, inside 0..1."""
    red, green, blue = (min(1.0, max(0.0, channel * factor)) for channel in colour)
    return red, green, blue


def drawn_angle(rng: np.random.Generator, aligned: float = 0.6) -> float:
    """An angle in radians: along a picture axis with probability ``aligned``, anywhere otherwise."""
    if rng.random() < aligned:
        return float(rng.integers(2)) * math.pi / 2
    return rng.uniform(0, math.pi)


def scale_of(size: Size) -> float:
    """Pixels of this picture for each pixel of a 256 x 256 one: designs state lengths for the latter."""
    return math.sqrt(size[0] * size[1]) / 256


def plain(colour: Colour, size: Size) -> Paint:
    """A picture of one colour."""
    return np.broadcast_to(np.array(colour, np.float32), (*size, 3)).copy()


def toned(colour: Colour, tone: Field) -> Paint:
    """``colour`` times ``tone`` (1 leaves it as it is)."""
    return np.asarray(cv2.merge([tone * np.float32(channel) for channel in colour]), np.float32)


def lit(paint: Paint, tone: Field) -> Paint:
    """``paint`` made darker or lighter pixel by pixel (a ``tone`` of 1 leaves it as it is)."""
    return np.asarray(paint * tone[..., None], np.float32)


def mixed(first: Paint | Colour, second: Paint | Colour, share: Field) -> Paint:
    """``first`` where ``share`` is 0, ``second`` where it is 1."""
    channels = []
    for index in range(3):
        a = np.float32(first[index]) if isinstance(first, tuple) else first[..., index]
        b = np.float32(second[index]) if isinstance(second, tuple) else second[..., index]
        channels.append(a + share * (b - a))
    return np.asarray(cv2.merge(channels), np.float32)


def exposed(paint: Paint) -> Paint:
    """Values in 0..1: as they are up to :data:`HIGHLIGHT`, rolled off towards 1 above it."""
    paint = np.maximum(paint, 0)
    excess = np.maximum(paint - np.float32(HIGHLIGHT), 0)
    return np.asarray(paint - excess + excess / (1 + excess / np.float32(1 - HIGHLIGHT)), np.float32)


def light_field(finish: Finish, rng: np.random.Generator, size: Size) -> Field:
    """Brightness factor of the station's light, tonal clouds and specks, about 1."""
    height, width = size
    small = (max(8, height // 4), max(8, width // 4))
    x, y = pixel_grid(small)
    angle = finish.gradient_angle + rng.normal(0, 0.1)
    slope_x = finish.gradient * math.cos(angle) / small[1]
    slope_y = finish.gradient * math.sin(angle) / small[0]
    level = 1 + rng.normal(0, finish.exposure)
    field = x * slope_x + y * slope_y + (level - 0.5 * (slope_x * small[1] + slope_y * small[0]))
    cell = finish.cloud_cell * min(small)
    field = field + np.float32(finish.clouds) * fractal_noise(rng, small, cell, octaves=3)
    field = np.asarray(cv2.resize(field, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)
    count = int(rng.poisson(finish.speck_count)) if finish.speck_count else 0
    if count:
        scale = scale_of(size)
        field += np.float32(finish.speck_strength) * specks(rng, size, count, (0.4 * scale, 1.1 * scale))
    return field


class Surface(ABC):
    """A surface generator: a subclass draws designs and paints them; light and benign irregularity are added here."""

    name: str = ""
    kind: Kind = Kind.SURFACE
    domain: Domain = Domain.INDUSTRIAL
    design_type: ClassVar[type[SurfaceDesign]] = SurfaceDesign

    @abstractmethod
    def design(self, rng: np.random.Generator) -> Any:
        """Draw the parameters of a product."""

    @abstractmethod
    def paint(self, design: Any, rng: np.random.Generator, size: Size) -> Paint:
        """The material under even light, RGB about 0..1 (values outside are brought back later)."""

    def render(self, design: Any, rng: np.random.Generator, size: Size) -> Picture:
        """Take a picture of ``size`` (height, width) pixels of a specimen of ``design``.

        Raises:
            ConfigError: the design belongs to another family, or a side is below 16 pixels.
        """
        if not isinstance(design, self.design_type):
            raise ConfigError(
                f"a {self.design_type.__name__}", type(design).__name__, f"use the design drawn by {self.name}"
            )
        if min(size) < SMALLEST_SIDE:
            raise ConfigError(f"sides of at least {SMALLEST_SIDE} pixels", f"{size[0]} x {size[1]}", "ask for more")
        paint = np.asarray(self.paint(design, rng, size), np.float32)
        light = light_field(design.finish, rng, size)
        if design.finish.monochrome:
            grey = cv2.cvtColor(paint, cv2.COLOR_RGB2GRAY) * light
            paint = cv2.merge([grey, grey, grey])
        else:
            paint = lit(paint, light)
        pixels = np.asarray(cv2.convertScaleAbs(exposed(np.asarray(paint, np.float32)), alpha=255), np.uint8)
        mask = np.ones(size, np.bool_)
        return Picture(pixels, mask, design.object_name, self.name, self.kind, self.domain)
