"""Stains: rings, soaked-in oil, bleeding ink, coloured spills, spatter and bleach; the surface shows through."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from data_builders.defects.industrial.base import IndustrialFamily, Painted
from data_builders.defects.painting import (
    Layer,
    Mask,
    local_statistics,
    log_uniform,
    luminance,
    multiply,
    pick_point,
    radius_for,
    shift_tone,
)
from data_builders.defects.shapes import Alpha, Outline, Point, blob_distance, fractal_noise, smooth_noise, smoothstep
from data_builders.types import Picture

Tint = tuple[float, float, float]

TINTS: dict[str, Tint] = {
    "oil": (0.72, 0.62, 0.40),
    "coffee": (0.70, 0.52, 0.36),
    "tea": (0.86, 0.74, 0.52),
    "blue ink": (0.22, 0.28, 0.68),
    "black ink": (0.16, 0.15, 0.20),
    "water": (0.80, 0.82, 0.84),
    "grease": (0.45, 0.42, 0.38),
    "soot": (0.30, 0.30, 0.31),
    "algae": (0.55, 0.72, 0.42),
    "red wine": (0.62, 0.24, 0.36),
    "blood": (0.60, 0.14, 0.12),
    "rust": (0.78, 0.44, 0.22),
    "mud": (0.46, 0.36, 0.26),
    "bleach": (1.0, 1.0, 1.0),
}
"""Share of red, green and blue that each liquid lets through at full strength; bleach takes colour away instead."""

LIQUIDS: dict[str, tuple[str, ...]] = {
    "ring": ("coffee", "tea", "water", "red wine"),
    "soaked": ("oil", "grease", "water"),
    "bleeding": ("blue ink", "black ink", "blood", "red wine"),
    "blot": ("oil", "coffee", "grease", "soot", "algae", "blood", "red wine", "rust", "tea"),
    "spatter": ("mud", "coffee", "blood", "black ink", "rust", "grease"),
    "bleach": ("bleach",),
}
"""What dries in which form."""


@dataclass(frozen=True)
class StainParameters:
    """Radius in pixels, strengths in [0, 1].

    Args:
        form: a key of :data:`LIQUIDS`.
        ring: how much darker the dried edge is than the inside.
        mottle: unevenness of the inside.
        splashes: drops around it.
    """

    form: str
    liquid: str
    radius: float
    aspect: float
    angle: float
    roughness: float
    softness: float
    ring: float
    mottle: float
    splashes: int
    strength: float


class Stain(IndustrialFamily[StainParameters]):
    """Something spilt, soaked in or splashed; chalky (brighter) where the surface is very dark."""

    name = "stain"
    type = "stain"

    def draw(self, picture: Picture, rng: np.random.Generator) -> StainParameters:
        form = str(rng.choice(list(LIQUIDS), p=[0.18, 0.18, 0.16, 0.24, 0.14, 0.10]))
        small = form == "blot" and rng.random() < 0.35
        area = log_uniform(rng, 0.001, 0.01) if small else log_uniform(rng, 0.01, 0.25)
        splashes = (
            int(rng.integers(6, 30)) if form == "spatter" else int(rng.choice([0, 0, 0, int(rng.integers(1, 9))]))
        )
        soft = {"soaked": (0.35, 1.0), "bleach": (0.3, 0.9), "ring": (0.03, 0.1), "bleeding": (0.03, 0.12)}
        return StainParameters(
            form=form,
            liquid=str(rng.choice(LIQUIDS[form])),
            radius=max(4.5, radius_for(picture.object_mask, area * (0.4 if form == "spatter" else 1.0))),
            aspect=log_uniform(rng, 1.0, 1.35 if form == "ring" else 2.6),
            angle=float(rng.uniform(0, math.pi)),
            roughness=float(rng.uniform(0.1, 0.45) if form in ("ring", "soaked") else rng.uniform(0.15, 0.8)),
            softness=float(rng.uniform(*soft.get(form, (0.04, 0.5)))),
            ring=float(rng.uniform(0.6, 1.0))
            if form == "ring"
            else float(rng.choice([0.0, 0.0, rng.uniform(0.2, 0.9)])),
            mottle=float(rng.uniform(0, 0.55)),
            splashes=splashes,
            strength=log_uniform(rng, 0.22, 1.0),
        )

    def paint(self, picture: Picture, parameters: StainParameters, rng: np.random.Generator) -> Painted | None:
        p, mask = parameters, picture.object_mask
        field = _FIELDS.get(p.form, _spilt)(picture, p, rng)
        body, alpha = _cover(field, p, rng)
        alpha = np.asarray(alpha * mask, np.float32)
        layer = _coloured(picture, p, body, alpha)
        whole = p.form in ("soaked", "bleach", "bleeding") or (p.ring < 0.3 and p.mottle < 0.3)
        return Painted(layer, np.asarray((body > 0.01) & mask, bool), solid=whole and p.form != "spatter")


def _spilt(picture: Picture, p: StainParameters, rng: np.random.Generator) -> Alpha:
    """Distance field of the blot and of the drops around it: 0 on the outline, 1 inside."""
    height, width = picture.object_mask.shape
    centre = pick_point(picture.object_mask, rng)
    field = blob_distance((height, width), centre, Outline(p.radius, p.aspect, p.angle, p.roughness), rng)
    return _with_drops(field, centre, p, rng, 2.2)


def _spattered(picture: Picture, p: StainParameters, rng: np.random.Generator) -> Alpha:
    """Thrown from one side: drops many and small, further away smaller and longer."""
    height, width = picture.object_mask.shape
    centre = pick_point(picture.object_mask, rng)
    outline = Outline(0.6 * p.radius, p.aspect, p.angle, p.roughness)
    field = blob_distance((height, width), centre, outline, rng)
    return _with_drops(field * np.float32(0.6), centre, p, rng, 4.0)


def _with_drops(field: Alpha, centre: Point, p: StainParameters, rng: np.random.Generator, reach: float) -> Alpha:
    """``field`` joined with ``p.splashes`` drops up to ``reach`` radii away."""
    height, width = field.shape
    spread = math.pi if reach < 3 else float(rng.uniform(0.5, math.pi))
    for _ in range(p.splashes):
        way = p.angle + float(rng.uniform(-spread, spread))
        far = p.radius * float(rng.uniform(1.0, reach))
        drop = (centre[0] + far * math.cos(way), centre[1] + far * math.sin(way))
        size = max(1.5, p.radius * log_uniform(rng, 0.04, 0.25) * (1.3 if far < 1.5 * p.radius else 0.8))
        # A drop's own noise is not worth a whole picture: only its box is drawn.
        half = math.ceil(2.5 * size)
        x0, y0 = max(0, int(drop[0]) - half), max(0, int(drop[1]) - half)
        x1, y1 = min(width, int(drop[0]) + half + 1), min(height, int(drop[1]) + half + 1)
        if x1 <= x0 or y1 <= y0:
            continue
        place = (drop[0] - x0, drop[1] - y0)
        outline = Outline(size, float(rng.uniform(1.0, 1.7)), way, 0.0)
        own = blob_distance((y1 - y0, x1 - x0), place, outline, rng)
        field[y0:y1, x0:x1] = np.maximum(field[y0:y1, x0:x1], own * np.float32(size / p.radius))
    return field


def _bled(picture: Picture, p: StainParameters, rng: np.random.Generator) -> Alpha:
    """The outline creeps along the threads: teeth along both axes of the cloth, and where its grey is dark."""
    height, width = picture.object_mask.shape
    field = _spilt(picture, p, rng)
    side = max(height, width)
    tooth = max(1.5, 0.006 * side)
    run = max(4.0, 0.35 * p.radius)
    canvas = np.zeros((height, width), np.float32)
    for tall, wide in ((run, tooth), (tooth, run)):
        rows, columns = max(2, math.ceil(height / tall)), max(2, math.ceil(width / wide))
        coarse = rng.standard_normal((rows, columns), dtype=np.float32)
        canvas = canvas + np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
    grey = luminance(picture.pixels)
    threads = (cv2.GaussianBlur(grey, (0, 0), 3) - cv2.GaussianBlur(grey, (0, 0), 0.8)) / np.float32(12)
    reach = np.float32(min(0.3, 2.2 * tooth / p.radius) * p.roughness)
    return np.asarray(field + reach * (canvas + np.clip(threads, -1, 1)), np.float32)


_FIELDS: dict[str, Callable[[Picture, StainParameters, np.random.Generator], Alpha]] = {
    "spatter": _spattered,
    "bleeding": _bled,
}


def _cover(field: Alpha, p: StainParameters, rng: np.random.Generator) -> tuple[Alpha, Alpha]:
    """(1 inside the outline, strength of the colour there)."""
    shape = (field.shape[0], field.shape[1])
    half = max(p.softness, 0.8 / p.radius) / 2
    body = smoothstep(field, -half, half)
    tones = np.clip(1 - p.mottle * (0.5 + 0.5 * fractal_noise(shape, max(4.0, 0.7 * p.radius), rng)), 0.1, 1)
    if p.form == "ring":
        # Pigment is carried to the edge as the drop dries: a dark rim, sharp outside and fading inwards, pale inside.
        broken = np.clip(1 + 0.35 * smooth_noise(shape, max(4.0, 0.6 * p.radius), rng), 0.25, 1.4)
        rim = np.exp(-np.maximum(field, 0) / np.float32(max(0.07, 1.5 / p.radius)))
        inner = tones * np.float32(0.12 + 0.4 * (1 - p.ring))
        return body, np.asarray(body * np.maximum(inner, rim * broken) * p.strength, np.float32)
    edge = np.exp(-(((field - half) / max(0.07, 1.5 / p.radius)) ** 2)) * p.ring
    inside = body * (tones * (1 - 0.45 * p.ring) + edge)
    return body, np.asarray(np.clip(inside, 0, 1.2) * p.strength, np.float32)


def _coloured(picture: Picture, p: StainParameters, body: Mask | Alpha, alpha: Alpha) -> Layer:
    """The picture under the stain: filtered, and for oil deeper in colour, for bleach paler."""
    base = np.asarray(picture.pixels, np.float32)
    local = local_statistics(picture.pixels, np.asarray(body > 0.3, bool))
    if p.form == "bleach":
        grey = luminance(base)
        pale = np.float32(0.45) * base + np.float32(0.55) * grey[..., None]
        lighter = pale + np.float32(0.55) * (238 - pale) if local.level < 190 else pale * np.float32(0.9) + (12, 10, 0)
        return np.asarray(base + alpha[..., None] * (lighter - base), np.float32)
    if local.level < 45:
        return shift_tone(picture.pixels, 30 + 60 * p.strength, alpha)
    if p.form == "soaked":
        share = alpha[..., None] * np.float32(0.6)
        grey = luminance(base)[..., None]
        deep = np.maximum(base + (base - grey) * np.float32(0.5), 0) * (
            np.array(TINTS[p.liquid], np.float32) * 0.5 + 0.3
        )
        return np.asarray(base + share * (deep - base) * np.float32(1.4), np.float32)
    return multiply(base, TINTS[p.liquid], alpha)
