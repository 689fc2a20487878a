"""Light on height fields: normals, diffuse light, highlights, reflections of metal; noise for materials.

Light comes from one soft lamp over the picture, with a weak fill from the far side. Metal reflects a studio: bright
overhead, dark at the horizon, a lamp. Display values throughout; the camera is another module's business.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from data_builders.sources.objects.drawing import Colour, Field, Paint, blurred, smoothstep


@dataclass(frozen=True)
class Light:
    """A soft lamp.

    Args:
        azimuth: radians, direction to the lamp in the picture (x right, y down).
        elevation: radians above the table.
        power: strength of the lamp.
        ambient: light from everywhere.
        tint: colour of the light, about 1.
    """

    azimuth: float
    elevation: float
    power: float = 0.6
    ambient: float = 0.45
    tint: Colour = (1.0, 1.0, 1.0)

    @property
    def vector(self) -> tuple[float, float, float]:
        """Unit vector to the lamp (right, down, towards the camera)."""
        flat = math.cos(self.elevation)
        return flat * math.cos(self.azimuth), flat * math.sin(self.azimuth), math.sin(self.elevation)

    def shadow_offset(self, thickness: float) -> tuple[float, float]:
        """Where the shadow of something ``thickness`` units high falls (units of the picture frame)."""
        reach = thickness / max(math.tan(self.elevation), 0.5)
        return -reach * math.cos(self.azimuth), -reach * math.sin(self.azimuth)


@dataclass(frozen=True)
class Material:
    """How a surface answers light.

    Args:
        colour: albedo, or tint of the metal.
        metal: 0 for paint and plastic, 1 for bare metal.
        gloss: strength of the highlight.
        sharpness: narrowness of the highlight.
        overhead: what flat metal reflects, in [0, 1].
    """

    colour: Colour
    metal: float = 0.0
    gloss: float = 0.25
    sharpness: float = 25.0
    overhead: float = 0.7

    @property
    def tone(self) -> float:
        """About how bright a flat piece looks, 0..1."""
        shine = 1 + self.metal * (self.overhead - 1)
        return shine * sum(self.colour) / 3


METALS: tuple[Colour, ...] = (
    (0.86, 0.87, 0.89),
    (0.74, 0.75, 0.77),
    (0.92, 0.78, 0.45),
    (0.87, 0.56, 0.40),
    (0.62, 0.60, 0.56),
    (0.80, 0.79, 0.72),
    (0.42, 0.42, 0.44),
)
"""Chrome, steel, brass, copper, cast iron, nickel, black oxide."""


def lit(height: Field, px: float, material: Material, light: Light, albedo: Paint | None = None) -> Paint:
    """Colours of a surface.

    Args:
        height: units above the table.
        px: pixels a unit.
        material: how it answers light; ``albedo`` replaces its colour pixel by pixel.
        light: the lamp.
        albedo: colours of the surface under even light.
    """
    slope_x = cv2.Sobel(height, cv2.CV_32F, 1, 0, ksize=3, scale=px / 8)
    slope_y = cv2.Sobel(height, cv2.CV_32F, 0, 1, ksize=3, scale=px / 8)
    return lit_slopes(slope_x, slope_y, material, light, albedo)


def lit_slopes(slope_x: Field, slope_y: Field, material: Material, light: Light, albedo: Paint | None = None) -> Paint:
    """Like :func:`lit` for slopes of the height along the picture's columns and rows."""
    to_x, to_y, to_z = (np.float32(part) for part in light.vector)
    nz = 1 / np.sqrt(1 + slope_x * slope_x + slope_y * slope_y)
    sideways = -(slope_x * to_x + slope_y * to_y) * nz
    facing = sideways + nz * to_z
    reflected_side = 2 * nz * sideways
    reflected_up = 2 * nz * nz - 1
    towards_lamp = reflected_side + reflected_up * to_z
    highlight = np.float32(material.gloss) * np.exp(np.float32(material.sharpness) * (towards_lamp - 1))
    base = np.asarray(material.colour, dtype=np.float32) if albedo is None else albedo
    tone = np.float32(light.ambient) * (np.float32(0.55) + np.float32(0.45) * nz)
    tone = tone + np.float32(light.power) * np.maximum(facing, 0)
    if material.metal > 0:
        overhead = smoothstep(-0.2, 1.0, reflected_up)
        mirror = np.float32(0.16) + np.float32(material.overhead - 0.16) * overhead
        mirror += np.float32(0.34) * reflected_side + np.float32(0.14) * np.maximum(-reflected_side, 0)
        mirror += np.float32(0.35) * np.exp(7 * (towards_lamp - 1))
        mirror *= np.float32(light.power + light.ambient)
        tone += np.float32(material.metal) * (mirror - tone)
    coloured = np.maximum(tone, 0)[..., None] * base + highlight[..., None]
    return np.asarray(coloured * np.asarray(light.tint, dtype=np.float32))


def value_noise(rng: np.random.Generator, shape: tuple[int, ...], cell: float, octaves: int = 1) -> Field:
    """Smooth noise of about unit deviation, features ``cell`` pixels wide; each octave halves width and strength."""
    height, width = shape[0], shape[1]
    total = np.zeros((height, width), dtype=np.float32)
    strength = 1.0
    for _ in range(octaves):
        rows, columns = max(2, math.ceil(height / cell) + 1), max(2, math.ceil(width / cell) + 1)
        coarse = rng.standard_normal((rows, columns), dtype=np.float32)
        if rows != height or columns != width:
            coarse = np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC))
        total += np.float32(strength) * coarse[:height, :width]
        cell, strength = max(1.0, cell / 2), strength / 2
    return total


def streaks(rng: np.random.Generator, coordinate: Field, frequency: float) -> Field:
    """Noise that varies along one coordinate only: brushed metal (along y) or turned metal (along the radius)."""
    table = rng.standard_normal(1024).astype(np.float32)
    table = 0.6 * table + 0.8 * np.roll(blurred(table[None, :], 3.0)[0], 7)
    position = coordinate * np.float32(frequency)
    below = np.floor(position)
    index, fraction = below.astype(np.int32), position - below
    return np.asarray(table[index & 1023] * (1 - fraction) + table[(index + 1) & 1023] * fraction)


def hue_colour(hue: float, saturation: float, value: float) -> Colour:
    """RGB in [0, 1] from hue, saturation and value in [0, 1]."""
    red, green, blue = (
        value * (1 - saturation * max(0.0, min(1.0, min(k, 4 - k))))
        for k in ((5 + hue * 6) % 6, (3 + hue * 6) % 6, (1 + hue * 6) % 6)
    )
    return red, green, blue


def random_colour(
    rng: np.random.Generator, saturation: tuple[float, float] = (0.3, 0.85), value: tuple[float, float] = (0.35, 0.9)
) -> Colour:
    """A colour of free hue."""
    return hue_colour(float(rng.random()), float(rng.uniform(*saturation)), float(rng.uniform(*value)))


def varied(rng: np.random.Generator, colour: Colour, spread: float = 0.02) -> Colour:
    """The colour as this specimen has it."""
    gain = 1 + spread * rng.standard_normal()
    red, green, blue = (float(np.clip(part * gain + 0.4 * spread * rng.standard_normal(), 0, 1)) for part in colour)
    return red, green, blue
