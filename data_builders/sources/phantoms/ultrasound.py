"""B-mode ultrasound: layered or parenchymal tissue under speckle, in a sector or a linear field."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from assistant.types import Domain
from data_builders.sources.phantoms.canvas import Field, blur, ellipse_field, grey, noise, soft_step
from data_builders.types import Kind, Picture


@dataclass(frozen=True)
class UltrasoundDesign:
    """A probe and the organ it looks at.

    Args:
        organ: breast, liver or thyroid.
        sector: fan-shaped field (curved probe) instead of a linear one; opening: half angle in radians; apex: its radius.
        gain, range: brightness and log compression; speckle: lateral grain in pixels at 256 px.
        shading: depth attenuation left after compensation.
        bands: depths of the layer borders, 0..1; levels: brightness of each layer.
        margin: black border as part of the side.
    """

    organ: str
    sector: bool
    opening: float
    apex: float
    gain: float
    range: float
    speckle: float
    shading: float
    bands: tuple[float, ...]
    levels: tuple[float, ...]
    margin: float


_LAYERS = {
    "breast": ((0.05, 0.28, 0.62, 0.82), (0.80, 0.32, 0.58, 0.40, 0.30)),
    "liver": ((0.04, 0.16, 0.93), (0.75, 0.42, 0.50, 0.75)),
    "thyroid": ((0.05, 0.2, 0.3, 0.68), (0.8, 0.35, 0.6, 0.56, 0.34)),
}


class Ultrasound:
    """B-mode ultrasound."""

    name = "ultrasound"
    kind = Kind.PHANTOM
    domain = Domain.MEDICAL

    def design(self, rng: np.random.Generator) -> UltrasoundDesign:
        """Draw a probe and an organ."""
        organ = str(rng.choice(list(_LAYERS)))
        bands, levels = _LAYERS[organ]
        return UltrasoundDesign(
            organ=organ,
            sector=organ == "liver" or bool(rng.random() < 0.15),
            opening=float(rng.uniform(0.5, 0.68)),
            apex=float(rng.uniform(0.12, 0.3)),
            gain=float(rng.uniform(0.8, 1.15)),
            range=float(rng.uniform(0.45, 0.75)),
            speckle=float(rng.uniform(1.0, 1.9)),
            shading=float(rng.uniform(0.0, 0.4)),
            bands=tuple(float(b * rng.uniform(0.85, 1.15)) for b in bands),
            levels=tuple(float(v * rng.uniform(0.8, 1.2)) for v in levels),
            margin=float(rng.choice([0.0, 0.03, 0.06])),
        )

    def render(self, design: UltrasoundDesign, rng: np.random.Generator, size: tuple[int, int]) -> Picture:
        """Scan one place: tissue in beam coordinates (depth down, beam across), speckle, then scan conversion."""
        height, width = size
        beam = (min(320, max(120, height)), min(320, max(120, width)))
        echo, organ, vessels = _tissue(design, rng, beam)
        shown = _speckle(echo, design, rng)
        maps, field = _scan(design, size, beam)
        picture = cv2.remap(shown, maps[0], maps[1], cv2.INTER_LINEAR) * field
        inside = cv2.remap(organ.astype(np.uint8), maps[0], maps[1], cv2.INTER_NEAREST).astype(bool) & (field > 0.5)
        lumen = cv2.remap(vessels.astype(np.uint8), maps[0], maps[1], cv2.INTER_NEAREST).astype(bool) & inside
        parts = {"tissue": (inside,)} | ({"vessels": (lumen,)} if lumen.any() else {})
        return Picture(
            pixels=grey(np.clip(picture, 0, 1).astype(np.float32)),
            object_mask=inside & ~lumen if lumen.any() else inside,
            object_name=f"{design.organ} ultrasound",
            family=self.name,
            kind=self.kind,
            domain=self.domain,
            parts=parts,
        )


def _tissue(design: UltrasoundDesign, rng: np.random.Generator, size: tuple[int, int]) -> tuple[Field, np.ndarray, np.ndarray]:
    """Echo strength 0..1, organ mask, vessel mask, in beam coordinates."""
    height, width = size
    depth = np.linspace(0, 1, height, dtype=np.float32)[:, None] + np.zeros((1, width), np.float32)
    across = np.linspace(-1, 1, width, dtype=np.float32)[None, :] + np.zeros((height, 1), np.float32)
    echo = np.full(size, design.levels[0], np.float32)
    index = np.zeros(size, np.int32)
    for number, border in enumerate(design.bands):
        wave = border + np.float32(0.022) * noise(rng, (1, width), 3) + np.float32(0.006) * noise(rng, (1, width), 12)
        alpha = np.clip((depth - wave) / 0.015 + 0.5, 0, 1)
        echo = echo * (1 - alpha) + np.float32(design.levels[number + 1]) * alpha
        line = np.exp(-(((depth - wave) / np.float32(0.006)) ** 2))
        echo = echo + np.float32(0.28) * line * (0.6 + 0.4 * noise(rng, (1, width), 8))
        index += depth > wave
    streaks = noise(rng, (height, max(8, width // 5)), 22, 2)
    streaks = cv2.resize(streaks, (width, height), interpolation=cv2.INTER_CUBIC)
    echo = echo * (1 + np.float32(0.16 if design.organ != "liver" else 0.06) * streaks)
    vessels = np.zeros(size, bool)
    organ = (index >= 1) & (index < len(design.bands))
    if design.organ == "thyroid":
        for side in (-1.0, 1.0):
            at = (side * (0.62 + float(rng.normal(0, 0.04))), float(design.bands[2]) + 0.12)
            field = ellipse_field(across, depth, at, (0.11, 0.085))
            vessels |= field > 0
            echo = echo * (1 - 0.93 * soft_step(field, 0.0, 0.15)) + 0.25 * np.exp(-((field / 0.08) ** 2))
    for _ in range(int(rng.integers(3, 8)) if design.organ == "liver" else int(rng.integers(0, 2))):
        at = (float(rng.uniform(-0.9, 0.9)), float(rng.uniform(0.3, 0.8)))
        field = ellipse_field(across, depth, at, (float(rng.uniform(0.03, 0.22)), float(rng.uniform(0.012, 0.03))), float(rng.uniform(-0.6, 0.6)))
        vessels |= field > 0
        echo = echo * (1 - 0.8 * soft_step(field, 0.0, 0.3)) + np.float32(rng.uniform(0.0, 0.2)) * np.exp(-((field / 0.15) ** 2))
    if design.organ == "breast":
        for _ in range(int(rng.integers(2, 6))):
            at = (float(rng.uniform(-0.9, 0.9)), float(rng.uniform(0.1, 0.3)))
            field = ellipse_field(across, depth, at, (0.25, 0.05)) + 0.2 * noise(rng, size, 6)
            echo = echo * (1 - 0.25 * soft_step(field, 0.0, 0.4))
    loss = 1 - np.float32(design.shading) * depth * depth
    beams = 1 + np.float32(0.07) * noise(rng, (1, width), 10)
    return np.asarray(np.clip(echo * loss * beams, 0.01, 1.2), np.float32), organ & ~vessels, vessels


def _speckle(echo: Field, design: UltrasoundDesign, rng: np.random.Generator) -> Field:
    """Rayleigh speckle: the magnitude of blurred complex noise, wider across than in depth, log compressed."""
    grain = design.speckle * echo.shape[1] / 256
    real, imaginary = (
        cv2.GaussianBlur(rng.standard_normal(echo.shape, np.float32), (0, 0), sigmaX=grain * 1.5, sigmaY=max(0.45, grain * 0.6)) for _ in range(2)
    )
    magnitude = np.sqrt(real * real + imaginary * imaginary)
    magnitude = magnitude / (magnitude.mean() + 1e-6)
    level = np.log1p(9 * magnitude) / np.float32(np.log(10.0))
    mixed = echo * (1 - design.range) + echo * level * design.range * 1.05
    return np.clip(blur(mixed.astype(np.float32), 0.4) * design.gain, 0, 1).astype(np.float32)


def _scan(design: UltrasoundDesign, size: tuple[int, int], beam: tuple[int, int]) -> tuple[tuple[np.ndarray, np.ndarray], Field]:
    """Maps from the picture to beam coordinates, and the field of view."""
    height, width = size
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    m = design.margin
    v, u = (y + 0.5) / height, (x + 0.5) / width * 2 - 1
    v, u = (v - m) / (1 - 2 * m), u / (1 - 2 * m)
    if design.sector:
        reach = 1.0 + design.apex
        dy = v * (reach - design.apex * np.cos(design.opening)) + design.apex * np.cos(design.opening)
        dx = u * np.sin(design.opening) * reach
        depth = (np.hypot(dx, dy) - design.apex) / (reach - design.apex)
        across = np.arctan2(dx, dy) / design.opening
    else:
        depth, across = v, u
    inside = ((depth > 0) & (depth < 1) & (np.abs(across) < 1)).astype(np.float32)
    map_x = ((across + 1) / 2 * (beam[1] - 1)).astype(np.float32)
    map_y = (depth * (beam[0] - 1)).astype(np.float32)
    return (map_x, map_y), blur(inside, 0.6)
