"""How lesions look: outlines, tones that keep grey pictures grey, tissue with the noise of its surroundings, pressure."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from data_builders.defects.painting import Layer, contrast, local_statistics, log_uniform, radius_for, signed, warp
from data_builders.defects.shapes import Alpha, Outline, Point, fractal_noise, smoothstep
from data_builders.types import Mask, Picture, Pixels

TINTS: dict[str, tuple[tuple[float, float, float], tuple[float, float, float]]] = {
    "neutral": ((1.0, 1.0, 1.0), (1.0, 1.0, 1.0)),
    "red": ((0.25, 1.3, 1.15), (1.5, 0.7, 0.7)),
    "brown": ((0.75, 1.1, 1.15), (1.2, 1.0, 0.6)),
    "purple": ((0.85, 1.3, 0.65), (1.0, 0.75, 1.2)),
    "yellow": ((0.7, 0.9, 1.5), (1.2, 1.1, 0.35)),
    "blue": ((1.3, 1.0, 0.7), (0.8, 1.0, 1.2)),
}
"""Share of a darkening and of a brightening that red, green and blue take; grey pictures are always neutral."""
MOST_COLOUR = 2.0
"""Mean difference of the channels up to which a picture counts as grey."""
LEAST_EDGE = 1.2
"""Breadth of a lesion's edge below which no scan resolves it, pixels."""


@dataclass(frozen=True)
class Tone:
    """How a lesion differs from the tissue it grows in.

    Args:
        strength: 0 just visible, 1 obvious.
        darker: hypo- rather than hyperintense.
        tint: name in :data:`TINTS`.
        keep: share of the anatomy that shows through, 0..1.
        mottle: unevenness of the lesion as a share of its contrast.
    """

    strength: float
    darker: bool
    tint: str
    keep: float
    mottle: float


def draw_outline(
    picture: Picture, rng: np.random.Generator, area: tuple[float, float], roughness: tuple[float, float] = (0.05, 0.55)
) -> Outline:
    """An outline of ``area`` (share of the picture, uniform in its logarithm), not larger than the organ allows."""
    return Outline(
        radius=max(2.6, radius_for(picture.object_mask, log_uniform(rng, *area))),
        aspect=log_uniform(rng, 1.0, 1.8),
        angle=float(rng.uniform(0, math.pi)),
        roughness=float(rng.uniform(*roughness)),
        softness=float(rng.uniform(0.08, 0.45)),
    )


def draw_tone(
    picture: Picture,
    rng: np.random.Generator,
    darker: float = 0.5,
    tints: tuple[str, ...] = tuple(TINTS),
    keep: tuple[float, float] = (0.05, 0.5),
    mottle: tuple[float, float] = (0.05, 0.45),
) -> Tone:
    """A tone; ``darker`` is the chance of a hypointense lesion."""
    tint = str(rng.choice(tints))
    return Tone(
        strength=log_uniform(rng, 0.06, 0.9),
        darker=bool(rng.random() < darker),
        tint="neutral" if is_grey(picture.pixels) else tint,
        keep=float(rng.uniform(*keep)),
        mottle=float(rng.uniform(*mottle)),
    )


def is_grey(pixels: Pixels) -> bool:
    """Whether the picture has no colour to speak of."""
    sample = pixels[::4, ::4].astype(np.int16)
    return float((sample.max(2) - sample.min(2)).mean()) < MOST_COLOUR


def shape_of(picture: Picture) -> tuple[int, int]:
    """Height and width."""
    return picture.object_mask.shape[0], picture.object_mask.shape[1]


def body_of(field: Alpha, outline: Outline) -> Alpha:
    """Alpha of the inside of an outline."""
    half = outline.half_edge(LEAST_EDGE)
    return smoothstep(field, -half, half)


def soften(mask: Mask, sigma: float = 1.2) -> Alpha:
    """The mask as an alpha that fades to 0 just inside its border; the picture's border does not fade."""
    blurred = np.asarray(cv2.GaussianBlur(mask.astype(np.float32), (0, 0), sigma, borderType=cv2.BORDER_REPLICATE))
    return np.asarray(np.clip(2 * blurred - 1, 0, 1), np.float32)


def offset_of(pixels: Pixels, inside: Mask, tone: Tone, scale: float = 1.0) -> tuple[float, float, float]:
    """Change of red, green and blue in grey levels; its sign is turned round where the place has no room for it."""
    local = local_statistics(pixels, inside)
    step = signed(local, contrast(local, tone.strength), tone.darker) * scale
    dark, bright = TINTS[tone.tint]
    red, green, blue = dark if step < 0 else bright
    return step * red, step * green, step * blue


def grow(
    pixels: Layer, body: Alpha, tone: Tone, offset: tuple[float, float, float], rng: np.random.Generator, grain: float
) -> Layer:
    """``pixels`` with tissue of another tone where ``body`` is: the scan's own fine noise, less of the anatomy.

    Args:
        pixels: of the scan.
        body: where the tissue is, [0, 1].
        tone: how even it is and how much of the anatomy it keeps.
        offset: change against the mean colour of the place, grey levels.
        rng: draws the unevenness.
        grain: extent of the unevenness in pixels.
    """
    inside = body > 0.3
    if not inside.any():
        return pixels
    colour = pixels[inside].mean(0)
    smooth = np.asarray(cv2.GaussianBlur(pixels, (0, 0), 1.5), np.float32)
    fine = pixels - smooth
    limit = float(2.0 * fine[inside].std()) * 0.8 + 1.0
    step = max(abs(v) for v in offset)
    noise = fractal_noise((body.shape[0], body.shape[1]), max(3.0, grain), rng) * np.float32(tone.mottle * step)
    tissue = colour + np.float32(tone.keep) * (smooth - colour) + np.clip(fine, -limit, limit) + noise[..., None]
    tissue = np.asarray(tissue + np.asarray(offset, np.float32), np.float32)
    return np.asarray(pixels + body[..., None] * (tissue - pixels), np.float32)


def shift(pixels: Layer, alpha: Alpha, offset: tuple[float, float, float]) -> Layer:
    """``pixels`` with their tone moved; the anatomy shows through."""
    return np.asarray(pixels + alpha[..., None] * np.asarray(offset, np.float32), np.float32)


def radial(shape: tuple[int, int], centre: Point) -> tuple[Alpha, Alpha, Alpha]:
    """(x - centre, y - centre, distance), pixels."""
    x = np.arange(shape[1], dtype=np.float32)[None, :] - np.float32(centre[0])
    y = np.arange(shape[0], dtype=np.float32)[:, None] - np.float32(centre[1])
    u, v = np.broadcast_to(x, shape), np.broadcast_to(y, shape)
    return np.asarray(u), np.asarray(v), np.asarray(np.sqrt(u * u + v * v), np.float32)


def press(pixels: np.ndarray, centre: Point, radius: float, push: float, rigid: Alpha, reach: float = 0.5) -> Layer:
    """Mass effect: tissue around a disc pushed outwards by up to ``push`` pixels, or drawn in where it is negative.

    Args:
        pixels: of the scan.
        centre: of the disc.
        radius: of the disc, pixels.
        push: pixels at its edge.
        rigid: 1 where tissue gives way, 0 where it is held (bone, air).
        reach: how far beyond the disc tissue moves, as a share of its radius.
    """
    u, v, distance = radial((rigid.shape[0], rigid.shape[1]), centre)
    beyond = np.maximum(distance - radius, 0) / np.float32(max(1.0, reach * radius))
    ramp = np.minimum(distance / np.float32(radius), 1)
    amount = np.float32(-push) * ramp * np.exp(-beyond * beyond * 2) * rigid / np.maximum(distance, 1e-3)
    return warp(pixels, np.asarray(amount * u, np.float32), np.asarray(amount * v, np.float32))
