"""The relief of cloth that lies as it fell: soft folds, creases, pinched fans and tucks, and the light on them.

Knows heights, not threads or prints. Fields are float32 (height, width); lengths are pixels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from data_builders.sources.surfaces.noise import (
    Field,
    Size,
    pixel_grid,
    rotated_coordinates,
    smooth_step,
    streaks,
    value_noise,
)


@dataclass(frozen=True)
class Drape:
    """How a cloth falls and is lit.

    Args:
        waves: steepness of broad soft folds, 0 for none.
        wave_width: their breadth, pixels of a 256 x 256 picture.
        wave_angle: the way they run, radians.
        crumple: steepness of wrinkles without direction.
        creases: mean number of sharp creases.
        tucks: mean number of folds that lie over the cloth beside them.
        fan: steepness of folds that spread from one point, 0 for none.
        light: where the light comes from, radians.
        elevation: height of the light over the cloth, radians.
        ambient: share of light that comes from everywhere, 0..1.
        perspective: how much larger the near side is than the far one, 0 for equal.
    """

    waves: float
    wave_width: float
    wave_angle: float
    crumple: float
    creases: float
    tucks: float
    fan: float
    light: float
    elevation: float
    ambient: float
    perspective: float


def draw_drape(rng: np.random.Generator) -> Drape:
    """From a cloth laid out flat to a crumpled one."""
    rough = float(rng.choice([0.25, 0.7, 1.0, 1.4], p=[0.15, 0.3, 0.35, 0.2]))
    return Drape(
        waves=rough * rng.uniform(0.1, 0.5) if rng.random() < 0.85 else 0.0,
        wave_width=float(np.exp(rng.uniform(math.log(18), math.log(80)))),
        wave_angle=rng.uniform(0, math.pi),
        crumple=rough * rng.uniform(0.02, 0.22) if rng.random() < 0.7 else 0.02,
        creases=rough * rng.uniform(0, 6),
        tucks=rough * rng.uniform(0, 1.2),
        fan=rough * rng.uniform(0.15, 0.5) if rng.random() < 0.25 else 0.0,
        light=rng.uniform(0, 2 * math.pi),
        elevation=rng.uniform(0.5, 1.15),
        ambient=rng.uniform(0.25, 0.65),
        perspective=rng.uniform(0, 0.6) if rng.random() < 0.6 else 0.0,
    )


@dataclass(frozen=True, eq=False)
class Lie:
    """One lie of the cloth: where each pixel of the picture is on it, and the light there.

    Args:
        x, y: pixels along the flat cloth, counted from the middle of the picture.
        tone: brightness factor, about 1.
    """

    x: Field
    y: Field
    tone: Field


def lay(drape: Drape, rng: np.random.Generator, size: Size) -> Lie:
    """Let the cloth fall once; made at half size, as folds are broad."""
    small = (max(16, size[0] // 2), max(16, size[1] // 2))
    scale = math.sqrt(small[0] * small[1]) / 256
    relief, shift, shadow = _relief(drape, rng, small, scale)
    slope_x, slope_y = (cv2.Sobel(relief, cv2.CV_32F, *way, scale=1 / 8) for way in ((1, 0), (0, 1)))
    light = drape.light + rng.normal(0, 0.06)
    facing = math.sin(drape.elevation) - math.cos(drape.elevation) * (
        slope_x * np.float32(math.cos(light)) + slope_y * np.float32(math.sin(light))
    )
    facing = np.maximum(facing, 0) / np.sqrt(1 + slope_x * slope_x + slope_y * slope_y)
    tone = drape.ambient + (1 - drape.ambient) * facing / math.sin(drape.elevation)
    breadth = 7 * scale
    depth = relief - cv2.GaussianBlur(relief, (0, 0), breadth)
    tone = tone * np.clip(1 + depth / np.float32(2.2 * breadth), 0.55, 1.15) * shadow
    x, y = pixel_grid(small)
    x, y = x - np.float32(small[1] / 2), y - np.float32(small[0] / 2)
    near = 1 + np.float32(drape.perspective / small[0]) * y
    x, y = x / near + shift - np.float32(0.6) * relief * slope_x, y / near - np.float32(0.6) * relief * slope_y
    stretch = size[1] / small[1], size[0] / small[0]
    fields = [
        np.asarray(cv2.resize(f, (size[1], size[0]), interpolation=cv2.INTER_LINEAR), np.float32)
        for f in (x * np.float32(stretch[0]), y * np.float32(stretch[1]), np.asarray(tone, np.float32))
    ]
    return Lie(*fields)


def _relief(drape: Drape, rng: np.random.Generator, size: Size, scale: float) -> tuple[Field, Field, Field]:
    """(height, how far the cloth jumps along x at tucks, shadow factor of tucks)."""
    side = math.sqrt(size[0] * size[1])
    relief = np.zeros(size, np.float32)
    angle = drape.wave_angle + rng.normal(0, 0.25)
    if drape.waves:
        breadth = drape.wave_width * scale
        folds = streaks(rng, size, angle, 5 * breadth, breadth)
        relief += np.float32(drape.waves * breadth * 0.55) * (folds - np.float32(0.35) * np.abs(folds))
    if drape.crumple:
        for _ in range(3):
            cell = 34 * scale * rng.uniform(0.6, 1.6)
            wrinkle = streaks(rng, size, rng.uniform(0, math.pi), 3.5 * cell, cell)
            here = smooth_step(value_noise(rng, size, 2.5 * cell), -0.6, 1.2)
            relief += np.float32(0.75 * drape.crumple * cell) * here * (0.8 - np.sqrt(wrinkle * wrinkle + 0.06))
    if drape.fan:
        relief += _fan(drape.fan, rng, size)
    for _ in range(int(rng.poisson(drape.creases))):
        relief += _crease(angle, rng, size, side, scale)
    shift, shadow = np.zeros(size, np.float32), np.ones(size, np.float32)
    for _ in range(int(rng.poisson(drape.tucks))):
        across, _, along = _line(rng, size, side, angle + rng.normal(0, 0.3))
        over = smooth_step(across, -0.8, 0.8) * along
        shift += over * np.float32(rng.uniform(6, 40) * scale)
        fall = np.exp(-np.maximum(across, 0) / np.float32(rng.uniform(3, 12) * scale))
        shadow *= 1 - np.float32(rng.uniform(0.25, 0.6)) * over * fall
        relief += np.float32(4 * scale) * along * np.exp(-np.square((across + 4 * scale) / np.float32(5 * scale)))
    return np.asarray(cv2.GaussianBlur(relief, (0, 0), max(0.8, 1.2 * scale)), np.float32), shift, shadow


def _line(rng: np.random.Generator, size: Size, side: float, angle: float) -> tuple[Field, Field, Field]:
    """A slightly bent line: (signed distance, position along it, 1 on its stretch and 0 past its ends)."""
    centre = (rng.uniform(0, size[1]), rng.uniform(0, size[0]))
    along, across = rotated_coordinates(size, angle, centre)
    bend = rng.normal(0, 0.5) / side
    across = across + np.float32(bend) * along * along + np.float32(0.012 * side) * value_noise(rng, size, 0.3 * side)
    half = side * rng.uniform(0.12, 0.7)
    return np.asarray(across, np.float32), along, 1 - smooth_step(np.abs(along), 0.4 * half, half)


def _crease(angle: float, rng: np.random.Generator, size: Size, side: float, scale: float) -> Field:
    own = angle + rng.normal(0, 0.35) if rng.random() < 0.6 else rng.uniform(0, math.pi)
    across, _, along = _line(rng, size, side, own)
    width = scale * float(np.exp(rng.uniform(math.log(4), math.log(18))))
    height = width * rng.uniform(0.25, 0.75) * float(rng.choice([1.0, 1.0, -1.0]))
    skew = np.where(across > 0, np.float32(1), np.float32(rng.uniform(1, 3)))
    return np.asarray(np.float32(height) * along * np.exp(-np.abs(across) / width / skew), np.float32)


def _fan(steepness: float, rng: np.random.Generator, size: Size) -> Field:
    centre = (size[1] * rng.uniform(-0.3, 1.3), size[0] * rng.uniform(-0.3, 1.3))
    x, y = rotated_coordinates(size, 0.0, centre)
    radius = np.sqrt(x * x + y * y)
    count = int(rng.integers(5, 14))
    spread = radius * np.float32(2 * math.pi / count)
    turn = np.arctan2(y, x) + np.float32(0.12) * value_noise(rng, size, 0.4 * min(size))
    wave = np.sin(turn * count + np.float32(rng.uniform(0, 6.3)))
    fade = np.exp(-radius / np.float32(0.9 * max(size)))
    return np.asarray(np.float32(0.16 * steepness) * spread * wave * fade, np.float32)
