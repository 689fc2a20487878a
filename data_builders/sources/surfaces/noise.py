"""Vectorised noise fields and coordinates that every picture builder draws its textures from.

Fields are float32 arrays of (height, width). Lengths are pixels, angles radians (0 points right, positive turns
clockwise in the picture, as y grows downwards). Knows nothing of colours or materials.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from jaxtyping import Float32, Int32

Field = Float32[np.ndarray, "height width"]
Labels = Int32[np.ndarray, "height width"]
Size = tuple[int, int]
Real = float | int


@lru_cache(maxsize=16)
def pixel_grid(size: Size) -> tuple[Field, Field]:
    """Read-only ``(x, y)`` pixel coordinates."""
    height, width = size
    x = np.tile(np.arange(width, dtype=np.float32), (height, 1))
    y = np.repeat(np.arange(height, dtype=np.float32)[:, None], width, axis=1)
    x.flags.writeable = y.flags.writeable = False
    return x, y


def rotated_coordinates(size: Size, angle: Real, centre: tuple[Real, Real] | None = None) -> tuple[Field, Field]:
    """``(u, v)``: distance from ``centre`` (x, y) along ``angle`` and at right angles to it; the middle by default."""
    x, y = pixel_grid(size)
    cx, cy = centre if centre is not None else (size[1] / 2, size[0] / 2)
    c, s = math.cos(angle), math.sin(angle)
    return x * c + (y * s - (cx * c + cy * s)), y * c - (x * s + (cy * c - cx * s))


def white_noise(rng: np.random.Generator, size: Size, blur: Real = 0.0) -> Field:
    """Independent normal values; ``blur`` (sigma) makes grain of that radius. Mean 0, standard deviation 1."""
    noise: Field = rng.standard_normal(size, dtype=np.float32)
    if blur <= 0:
        return noise
    blurred = cv2.GaussianBlur(noise, (0, 0), blur)
    return np.asarray(blurred * np.float32(max(1.0, 2 * math.sqrt(math.pi) * blur)), np.float32)


def value_noise(rng: np.random.Generator, size: Size, cell: Real | tuple[Real, Real]) -> Field:
    """Smooth noise, features of ``cell`` pixels (or ``(cell_y, cell_x)``); mean 0, standard deviation about 1."""
    cell_y, cell_x = cell if isinstance(cell, tuple) else (cell, cell)
    cell_y, cell_x = max(cell_y, 1.0), max(cell_x, 1.0)
    height, width = size
    rows, columns = math.ceil(height / cell_y) + 1, math.ceil(width / cell_x) + 1
    grid = rng.standard_normal((rows, columns), dtype=np.float32)
    full = max(height, round(rows * cell_y)), max(width, round(columns * cell_x))
    noise = cv2.resize(grid, (full[1], full[0]), interpolation=cv2.INTER_CUBIC)
    top, left = int(rng.integers(full[0] - height + 1)), int(rng.integers(full[1] - width + 1))
    return np.asarray(noise[top : top + height, left : left + width] * np.float32(1.25), np.float32)


def fractal_noise(
    rng: np.random.Generator, size: Size, cell: Real, octaves: int = 4, gain: Real = 0.5, ridged: bool = False
) -> Field:
    """Sum of value noises, each half as large and ``gain`` as strong as the last; mean 0, deviation about 1."""
    total = np.zeros(size, np.float32)
    weight, power = 1.0, 0.0
    for octave in range(octaves):
        if cell < 1.0 and octave:
            break
        layer = value_noise(rng, size, cell)
        if ridged:
            layer = (0.8 - np.abs(layer)) * np.float32(1.6)
        total += layer * np.float32(weight)
        power += weight * weight
        weight, cell = weight * gain, cell / 2
    return total / np.float32(math.sqrt(power))


def streaks(rng: np.random.Generator, size: Size, angle: Real, length: Real, width: Real) -> Field:
    """Noise drawn out along ``angle``: about ``length`` by ``width`` pixels; mean 0, deviation about 1."""
    quarter = round(angle / (math.pi / 2))
    if abs(angle - quarter * math.pi / 2) < 2e-3:
        return value_noise(rng, size, (width, length) if quarter % 2 == 0 else (length, width))
    height, columns = size
    c, s = math.cos(angle), math.sin(angle)
    canvas = (
        math.ceil(columns * abs(s) + height * abs(c)) + 4,
        math.ceil(columns * abs(c) + height * abs(s)) + 4,
    )
    noise = value_noise(rng, canvas, (width, length))
    shift_x = canvas[1] / 2 - (columns * c + height * s) / 2
    shift_y = canvas[0] / 2 - (height * c - columns * s) / 2
    matrix = np.array([[c, s, shift_x], [-s, c, shift_y]], np.float32)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    turned = cv2.warpAffine(noise, matrix, (columns, height), flags=flags, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(turned, np.float32)


def spectral_noise(
    rng: np.random.Generator, size: Size, slope: Real = 1.0, band: tuple[Real, Real] | None = None
) -> Field:
    """Noise of amplitude ``frequency ** -slope``, inside ``band`` (periods in pixels, short then long) where given.

    Mean 0, standard deviation 1; wraps at the borders.
    """
    height, width = size
    spectrum = np.fft.rfft2(rng.standard_normal(size, dtype=np.float32))
    fy = np.fft.fftfreq(height)[:, None]
    frequency = np.sqrt(fy * fy + np.fft.rfftfreq(width)[None, :] ** 2)
    frequency[0, 0] = 1.0
    gain = frequency**-slope
    if band is not None:
        gain *= (frequency < 1 / band[0]) & (frequency > 1 / band[1])
    gain[0, 0] = 0.0
    noise = np.fft.irfft2(spectrum * gain, s=size)
    return np.asarray(noise / max(float(noise.std()), 1e-9), np.float32)


@dataclass(frozen=True, eq=False)
class Cells:
    """Voronoi (Worley) cells.

    Args:
        label: index of the cell a pixel is in, 0 .. ``count`` - 1.
        centre_distance: pixels to the seed of the cell.
        border_distance: pixels to the nearest border between cells.
        count: number of cells.
    """

    label: Labels
    centre_distance: Field
    border_distance: Field
    count: int

    def paint(self, values: Float32[np.ndarray, " count"]) -> Field:
        """One value a cell, spread over its pixels."""
        return np.asarray(values[self.label], np.float32)


def voronoi_cells(rng: np.random.Generator, size: Size, cell: Real, jitter: Real = 1.0, stretch: Real = 1.0) -> Cells:
    """Cells of about ``cell`` pixels around seeds of a jittered grid; ``stretch`` > 1 makes them wider than high."""
    height, width = size
    margin = math.ceil(cell * max(stretch, 1.0)) + 1
    tall, wide = height + 2 * margin, width + 2 * margin
    step_x, step_y = max(cell * math.sqrt(stretch), 1.5), max(cell / math.sqrt(stretch), 1.5)
    rows, columns = math.ceil(tall / step_y), math.ceil(wide / step_x)
    offsets = (rng.random((2, rows, columns)) - 0.5) * jitter + 0.5
    stagger = 0.5 * (np.arange(rows) % 2)[:, None]
    y = ((np.arange(rows)[:, None] + offsets[0]) * step_y).astype(np.int32)
    x = ((np.arange(columns)[None, :] + offsets[1] + stagger) * step_x).astype(np.int32)
    seeds = np.ones((tall, wide), np.uint8)
    seeds[np.clip(y, 0, tall - 1), np.clip(x, 0, wide - 1)] = 0
    distance, label = cv2.distanceTransformWithLabels(seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    label = label - 1
    border = np.ones((tall, wide), np.uint8)
    border[:, 1:][label[:, 1:] != label[:, :-1]] = 0
    border[1:][label[1:] != label[:-1]] = 0
    to_border = cv2.distanceTransform(border, cv2.DIST_L2, 5)
    inner = slice(margin, margin + height), slice(margin, margin + width)
    return Cells(
        np.ascontiguousarray(label[inner], np.int32),
        np.ascontiguousarray(distance[inner], np.float32),
        np.ascontiguousarray(to_border[inner], np.float32),
        int(label.max()) + 1,
    )


def specks(rng: np.random.Generator, size: Size, count: int, radius: tuple[Real, Real]) -> Field:
    """``count`` small irregular soft spots of value 0..1 on 0; ``radius`` is (smallest, largest) in pixels."""
    layer = np.zeros(size, np.uint8)
    height, width = size
    for _ in range(count):
        x, y = int(rng.integers(width * 8)), int(rng.integers(height * 8))
        low, high = radius
        axes = rng.uniform(low, high, 2) * 8
        strength = int(rng.integers(70, 256))
        axes_px = (max(3, int(axes[0])), max(3, int(axes[1])))
        cv2.ellipse(layer, (x, y), axes_px, float(rng.uniform(0, 180)), 0, 360, strength, -1, cv2.LINE_AA, 3)
    return layer.astype(np.float32) / np.float32(255)


def shaded(height: Field, light: Real, gain: Real = 1.0) -> Field:
    """Brightness change of a relief lit from direction ``light``: ``gain`` times its slope towards the light."""
    c, s = math.cos(light) / 8 * gain, math.sin(light) / 8 * gain
    across = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], np.float32)
    kernel = across * np.float32(c) + across.T * np.float32(s)
    return np.asarray(cv2.filter2D(height, cv2.CV_32F, kernel, borderType=cv2.BORDER_REFLECT), np.float32)


def sampled(image: np.ndarray, x: Field, y: Field, wrap: bool = True) -> np.ndarray:
    """``image`` at float pixel coordinates (linear); repeats beyond its borders when ``wrap``, else mirrors."""
    border = cv2.BORDER_WRAP if wrap else cv2.BORDER_REFLECT
    return np.asarray(cv2.remap(image, x, y, cv2.INTER_LINEAR, borderMode=border), image.dtype)


def warped(rng: np.random.Generator, image: np.ndarray, cell: Real, amount: Real) -> np.ndarray:
    """``image`` with its points moved by smooth noise of ``amount`` pixels (deviation), features of ``cell`` pixels."""
    size = (image.shape[0], image.shape[1])
    x, y = pixel_grid(size)
    shift = np.float32(amount)
    return sampled(
        image, x + shift * value_noise(rng, size, cell), y + shift * value_noise(rng, size, cell), wrap=False
    )


def line_profile(rng: np.random.Generator, position: Field, width: Real) -> Field:
    """One-dimensional smooth noise looked up at ``position`` (pixels): one value along a line of equal position."""
    low, high = float(position.min()), float(position.max())
    count = max(4, math.ceil((high - low) * 4) + 4)
    knots = rng.standard_normal((1, max(2, math.ceil((high - low) / max(width, 0.5)) + 2)), dtype=np.float32)
    profile = cv2.resize(knots, (count, 1), interpolation=cv2.INTER_CUBIC)[0]
    index = ((position - np.float32(low)) * np.float32(4)).astype(np.int32)
    return np.asarray(profile[np.minimum(index, count - 1)], np.float32)


def smooth_step(field: Field, low: Real, high: Real) -> Field:
    """0 below ``low``, 1 above ``high``, smooth between."""
    t = np.clip((field - np.float32(low)) / np.float32(high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def split_periods(position: Field) -> tuple[Labels, Field]:
    """``(index, offset)`` of positions counted in periods: which period, and how far from its middle (-0.5 .. 0.5)."""
    whole = np.floor(position)
    return whole.astype(np.int32), np.asarray(position - whole - np.float32(0.5), np.float32)
