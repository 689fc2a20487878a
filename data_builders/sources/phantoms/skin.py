"""Skin close-ups: lines, pores, mottling, hairs and benign moles."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32

from assistant.types import Domain
from data_builders.sources.phantoms.acquisition import picture, whole_parts
from data_builders.sources.phantoms.canvas import Field, blur, colour, grid, noise, smooth_curve
from data_builders.sources.surfaces.noise import fractal_noise, shaded, voronoi_cells, white_noise
from data_builders.types import Kind, Picture

_TONES = (
    (0.93, 0.78, 0.70), (0.90, 0.73, 0.63), (0.86, 0.66, 0.54), (0.76, 0.56, 0.43), (0.62, 0.43, 0.31), (0.45, 0.30, 0.22),
    (0.33, 0.22, 0.17),
)  # fmt: skip


@dataclass(frozen=True)
class SkinDesign:
    """A place on the body and how it is photographed.

    Args:
        tone: RGB of the skin; redness: strength of the mottling by blood.
        lines: size of the fields between skin lines, part of the shorter side; relief: their depth; angle of light.
        hairs: expected count; hair_width: part of the shorter side; hair_tone: RGB; hair_angle in radians.
        moles: expected count of benign moles; mole_radius: part of the shorter side.
        dermoscope: seen through a dermatoscope: round field, no shine; field: radius of that field.
        freckles: expected count of freckles.
    """

    tone: tuple[float, float, float]
    redness: float
    lines: float
    relief: float
    angle: float
    hairs: float
    hair_width: float
    hair_tone: tuple[float, float, float]
    hair_angle: float
    moles: float
    mole_radius: float
    dermoscope: bool
    field: float
    freckles: float


class Skin:
    """Close-up of healthy skin."""

    name = "skin"
    kind = Kind.PHANTOM
    domain = Domain.MEDICAL

    def design(self, rng: np.random.Generator) -> SkinDesign:
        """Draw a patient's skin and a way to photograph it."""
        tone = np.asarray(_TONES[int(rng.choice(len(_TONES), p=[0.2, 0.2, 0.2, 0.15, 0.12, 0.08, 0.05]))])
        tone = np.clip(tone * rng.uniform(0.93, 1.07) + rng.normal(0, 0.012, 3), 0.05, 1)
        hair = tone * rng.uniform(0.15, 0.5)
        dermoscope = bool(rng.random() < 0.4)
        return SkinDesign(
            tone=(float(tone[0]), float(tone[1]), float(tone[2])),
            redness=float(rng.uniform(0.01, 0.045)),
            lines=float(rng.uniform(0.025, 0.07)),
            relief=float(rng.uniform(0.03, 0.10)) * (0.4 if dermoscope else 1.0),
            angle=float(rng.uniform(0, 2 * math.pi)),
            hairs=float(rng.choice([0.0, 3.0, 10.0, 25.0], p=[0.35, 0.25, 0.25, 0.15])),
            hair_width=float(rng.uniform(0.002, 0.005)),
            hair_tone=(float(hair[0]), float(hair[1]), float(hair[2])),
            hair_angle=float(rng.uniform(0, 2 * math.pi)),
            moles=float(rng.choice([0.0, 1.0, 3.0], p=[0.45, 0.35, 0.2])),
            mole_radius=float(rng.uniform(0.02, 0.07)),
            dermoscope=dermoscope,
            field=float(rng.choice([0.98, 1.1, 1.6])) if dermoscope else 9.0,
            freckles=float(rng.choice([0.0, 0.0, 6.0, 25.0])),
        )

    def render(self, design: SkinDesign, rng: np.random.Generator, size: tuple[int, int]) -> Picture:
        """Photograph one patch."""
        short = min(size)
        image, relief = _base(design, rng, size)
        brown = np.zeros(size, np.float32)
        moles = _spots(rng, size, int(rng.poisson(design.moles)), design.mole_radius, 0.10)
        freckles = _spots(rng, size, int(rng.poisson(design.freckles)), 0.009, 0.25)
        network = 1 + 0.18 * noise(rng, size, max(size) / short * 40, 2)
        brown = np.clip(0.75 * moles * network + 0.28 * freckles, 0, 1.1)
        image = image * np.exp(-brown[..., None] * np.asarray([0.55, 0.85, 1.0], np.float32))
        image = image * (1 + design.relief * relief)[..., None]
        hairs = _hairs(design, rng, size)
        if design.hairs > 0:
            shadow = np.roll(blur(hairs, 1.2), (round(short * 0.006), round(short * 0.006)), (0, 1))
            image = image * (1 - 0.12 * shadow)[..., None]
            image = image + (np.asarray(design.hair_tone, np.float32) - image) * (0.9 * hairs)[..., None]
        x, y = grid(size)
        light = (
            1
            + 0.05 * noise(rng, size, 1.3)
            + 0.06 * (x * math.cos(design.angle) + y * math.sin(design.angle)) / (max(size) / short)
        )
        image = image * (light * float(rng.uniform(0.95, 1.05)))[..., None]
        away = np.sqrt(x * x + y * y)
        seen = np.asarray(away < design.field)
        if design.dermoscope:
            edge = np.clip((design.field - away) / 0.02, 0, 1)
            image = image * (edge * (1 - 0.12 * np.clip(away / 1.4, 0, 1) ** 2))[..., None]
        masks = {"moles": np.asarray(moles > 0.4) & seen, "hairs": np.asarray(hairs > 0.4) & seen, "skin": seen}
        name = "dermoscopy picture of skin" if design.dermoscope else "skin close-up"
        return picture(colour(np.asarray(image, np.float32)), seen, name, self.name, whole_parts(masks))


def _base(
    design: SkinDesign, rng: np.random.Generator, size: tuple[int, int]
) -> tuple[Float32[np.ndarray, "height width 3"], Field]:
    """Colour of the skin before light, and the light on its relief."""
    short = min(size)
    tone = np.asarray(design.tone, np.float32) * (1 + 0.02 * rng.standard_normal(3).astype(np.float32))
    blood = fractal_noise(rng, size, short * 0.16, 4, gain=0.62)
    melanin = fractal_noise(rng, size, short * 0.3, 3)
    shift = design.redness * blood[..., None] * np.asarray([-0.25, -1.0, -0.85], np.float32)
    shift = shift - 0.02 * melanin[..., None] * np.asarray([0.7, 1.0, 1.2], np.float32)
    stretch = 1.0 + 0.5 * math.sin(design.angle) ** 2
    cell = max(4.0, design.lines * short)
    coarse = voronoi_cells(rng, size, cell, 0.9, stretch)
    fine = voronoi_cells(rng, size, max(3.0, cell * 0.45), 1.0)
    height = np.minimum(coarse.border_distance / cell * 4, 1.0) + 0.5 * np.minimum(fine.border_distance / cell * 5, 1.0)
    height = blur(np.asarray(height, np.float32), max(0.5, 0.07 * cell))
    height = np.asarray(height + 0.10 * white_noise(rng, size, max(0.5, 0.05 * cell)), np.float32)
    lit = shaded(height, design.angle, 4.0) * np.float32(max(1.0, cell / 8)) * 0.55 + 0.45 * (height - height.mean())
    return np.asarray(tone * (1 + shift), np.float32), np.asarray(lit.clip(-2.5, 2.5), np.float32)


def _spots(rng: np.random.Generator, size: tuple[int, int], count: int, radius: float, ragged: float) -> Field:
    """Round soft-edged spots, 0..1, darker in the middle."""
    spots = np.zeros(size, np.float32)
    short = min(size)
    for _ in range(count):
        r = radius * short * float(rng.uniform(0.7, 1.3))
        reach = math.ceil(2.2 * r) + 2
        cy, cx = float(rng.uniform(0, size[0])), float(rng.uniform(0, size[1]))
        top, bottom = max(0, int(cy) - reach), min(size[0], int(cy) + reach)
        left, right = max(0, int(cx) - reach), min(size[1], int(cx) + reach)
        yy, xx = np.mgrid[top:bottom, left:right].astype(np.float32)
        dx, dy = xx - cx, yy - cy
        angle = np.arctan2(dy, dx)
        k = rng.normal(0, ragged, 3)
        bend = sum(float(k[i]) * np.cos((i + 2) * angle + float(rng.uniform(0, 6))) / (i + 1) for i in range(3))
        away = np.sqrt(dx * dx + (dy * float(rng.uniform(0.85, 1.18))) ** 2) / (r * (1 + bend))
        t = np.clip((1.12 - away) / 0.38, 0, 1)
        spot = t * t * (3 - 2 * t) * float(rng.uniform(0.5, 1.0)) * (0.75 + 0.25 * np.exp(-(away**2)))
        spots[top:bottom, left:right] = np.maximum(spots[top:bottom, left:right], spot.astype(np.float32))
    return spots


def _hairs(design: SkinDesign, rng: np.random.Generator, size: tuple[int, int]) -> Field:
    """Hairs of about one direction, 0..1."""
    canvas = np.zeros(size, np.uint8)
    short = min(size)
    for _ in range(int(rng.poisson(design.hairs * min(3.0, max(size) / short)))):
        heading = design.hair_angle + float(rng.normal(0, 0.45))
        x, y = float(rng.uniform(-0.1, 1.1)) * size[1], float(rng.uniform(-0.1, 1.1)) * size[0]
        points = [(x, y)]
        for _ in range(5):
            heading += float(rng.normal(0, 0.16))
            step = short * float(rng.uniform(0.05, 0.13))
            x, y = x + step * math.cos(heading), y + step * math.sin(heading)
            points.append((x, y))
        curve = np.round(smooth_curve(points, 24) * 16).astype(np.int32)
        width = design.hair_width * short * float(rng.uniform(0.7, 1.3))
        level = 255 if width >= 1 else max(110, round(255 * width))
        cv2.polylines(canvas, [curve], False, level, max(1, round(width)), cv2.LINE_AA, 4)
    return blur(canvas.astype(np.float32) / np.float32(255), 0.4)
