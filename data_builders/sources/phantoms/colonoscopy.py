"""Colonoscopy views: a folded pink tube with a dark lumen, vessels and wet highlights."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from assistant.types import Domain
from data_builders.sources.phantoms.canvas import Field, blur, colour, grid, noise, soft_step
from data_builders.types import Kind, Picture


@dataclass(frozen=True)
class ColonDesign:
    """An endoscope and the bowel it travels.

    Args:
        tint: colour of the mucosa, RGB 0..1.
        folds: rings seen down the tube; depth: contrast of the folds; corners: sides of the lumen (three is typical).
        lumen: radius of the far dark end; light: brightness.
        vessels: contrast of the vessel net; wet: strength of highlights.
        corner: the picture's corners are masked: 0 none, 1 octagon, 2 circle.
    """

    tint: tuple[float, float, float]
    folds: float
    depth: float
    corners: int
    lumen: float
    light: float
    vessels: float
    wet: float
    corner: int


class Colonoscopy:
    """Colonoscopy frame."""

    name = "colonoscopy"
    kind = Kind.PHANTOM
    domain = Domain.MEDICAL

    def design(self, rng: np.random.Generator) -> ColonDesign:
        """Draw an endoscope and a patient."""
        red = float(rng.uniform(0.72, 0.92))
        return ColonDesign(
            tint=(red, red * float(rng.uniform(0.44, 0.62)), red * float(rng.uniform(0.32, 0.48))),
            folds=float(rng.uniform(2.0, 4.0)),
            depth=float(rng.uniform(0.25, 0.5)),
            corners=int(rng.choice([2, 3, 3, 4])),
            lumen=float(rng.uniform(0.08, 0.25)),
            light=float(rng.uniform(0.85, 1.1)),
            vessels=float(rng.uniform(0.02, 0.09)),
            wet=float(rng.uniform(0.2, 0.8)),
            corner=int(rng.choice([0, 1, 1, 2])),
        )

    def render(self, design: ColonDesign, rng: np.random.Generator, size: tuple[int, int]) -> Picture:
        """Take one frame."""
        x, y = grid(size)
        at = (float(rng.normal(0, 0.3)), float(rng.normal(0, 0.25)))
        dx, dy = x - np.float32(at[0]), y - np.float32(at[1])
        angle = np.arctan2(dy, dx)
        lobes = 1 + 0.13 * np.cos(design.corners * angle + float(rng.uniform(0, 6))) + 0.05 * noise(rng, size, 4)
        radius = (np.sqrt(dx * dx + dy * dy) / lobes).astype(np.float32)
        depth = np.log(np.clip(radius, 0.02, None) / np.float32(1.6))
        phase = (
            depth * np.float32(design.folds) + np.float32(0.22) * noise(rng, size, 3) + np.float32(rng.uniform(0, 1))
        )
        wave = phase - np.floor(phase)
        ridge = np.where(wave < 0.82, wave / 0.82, (1 - wave) / 0.18).astype(np.float32)
        ridge = blur(ridge, 0.006 * min(size))
        light = np.clip(0.28 + 0.85 * radius**0.6, 0, 1.05) * soft_step(radius, design.lumen, design.lumen * 1.6)
        light = light * (1 - np.float32(design.depth) + np.float32(design.depth) * ridge)
        light = (
            light
            * (1 - 0.25 * np.clip(np.sqrt(x * x + y * y) - 0.7, 0, 1))
            * (1 + np.float32(0.04) * noise(rng, size, 5, 3))
        )
        image = light[..., None] * np.asarray(design.tint, np.float32) * np.float32(design.light)
        net = _vessel_net(rng, size)
        image = image * (1 - np.float32(design.vessels) * 3 * net[..., None] * np.asarray([0.5, 1.0, 0.9], np.float32))
        image = image + design.wet * _highlights(rng, size, ridge, light)[..., None]
        frame = _frame(design, size)
        inside = (frame > 0.5) & (light > 0.22)
        return Picture(
            pixels=colour(np.clip(image * frame[..., None], 0, 1).astype(np.float32)),
            object_mask=inside,
            object_name="colonoscopy image",
            family=self.name,
            kind=self.kind,
            domain=self.domain,
            parts={"mucosa": (inside,)},
        )


def _vessel_net(rng: np.random.Generator, size: tuple[int, int]) -> Field:
    """Fine branching lines as the zero set of smooth noise, faded in patches."""
    first, second = np.abs(noise(rng, size, 9, 2)), np.abs(noise(rng, size, 16, 2))
    lines = np.exp(-((first / 0.06) ** 2)) + 0.6 * np.exp(-((second / 0.08) ** 2))
    return np.asarray(lines * np.clip(0.5 + 0.5 * noise(rng, size, 3), 0, 1), np.float32)


def _highlights(rng: np.random.Generator, size: tuple[int, int], ridge: Field, light: Field) -> Field:
    """Small wet reflections on the edges of the folds."""
    seeds = np.clip(noise(rng, size, 26) - 1.5, 0, 1) * np.clip(ridge - 0.4, 0, 1) * np.clip(light, 0, 1)
    for _ in range(int(rng.integers(0, 8))):
        centre = (int(rng.integers(size[1])), int(rng.integers(size[0])))
        axes = (max(1, int(min(size) * rng.uniform(0.004, 0.02))), max(1, int(min(size) * rng.uniform(0.003, 0.01))))
        spot = np.zeros(size, np.uint8)
        cv2.ellipse(spot, centre, axes, float(rng.uniform(0, 180)), 0, 360, 255, -1, cv2.LINE_AA)
        seeds = seeds + spot.astype(np.float32) / 255 * (light > 0.4)
    return blur(np.clip(seeds * 2, 0, 1).astype(np.float32), 0.7)


def _frame(design: ColonDesign, size: tuple[int, int]) -> Field:
    """The black mask around the optics' field."""
    x, y = grid(size)
    if design.corner == 0:
        return np.ones(size, np.float32)
    if design.corner == 2:
        return soft_step(-np.sqrt(x * x + y * y), -1.03, 0.02)
    reach_x, reach_y = float(np.abs(x).max()), float(np.abs(y).max())
    return soft_step(-(np.abs(x) / np.float32(reach_x) + np.abs(y) / np.float32(reach_y)), -1.72, 0.02)
