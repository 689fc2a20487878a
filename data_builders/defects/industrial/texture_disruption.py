"""Texture disruption: inside a patch the texture is swirled, smeared, scrambled, enlarged or turned."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from data_builders.defects.industrial.base import IndustrialFamily, Painted
from data_builders.defects.painting import Layer, blend, local_statistics, log_uniform, pick_point, radius_for, warp
from data_builders.defects.shapes import Alpha, Outline, Point, blob, smooth_noise
from data_builders.types import Picture

LEAST_TEXTURE = 5.0
"""Standard deviation of luminance below which there is no texture to disrupt, grey levels."""


@dataclass(frozen=True)
class TextureDisruptionParameters:
    """Lengths in pixels, angles in radians; ``amount`` in [0, 1]."""

    fault: str
    radius: float
    aspect: float
    angle: float
    softness: float
    amount: float


class TextureDisruption(IndustrialFamily[TextureDisruptionParameters]):
    """The colours stay about the same, their order does not."""

    name = "texture disruption"
    type = "texture disruption"

    def draw(self, picture: Picture, rng: np.random.Generator) -> TextureDisruptionParameters:
        return TextureDisruptionParameters(
            fault=str(rng.choice(["swirl", "ripple", "blur", "scramble", "scale", "turn"])),
            radius=max(9.0, radius_for(picture.object_mask, log_uniform(rng, 0.005, 0.25))),
            aspect=log_uniform(rng, 1.0, 2.5),
            angle=float(rng.uniform(0, math.pi)),
            softness=float(rng.uniform(0.1, 0.6)),
            amount=float(rng.uniform(0.3, 1.0)),
        )

    def paint(
        self, picture: Picture, parameters: TextureDisruptionParameters, rng: np.random.Generator
    ) -> Painted | None:
        p, mask = parameters, picture.object_mask
        shape = (mask.shape[0], mask.shape[1])
        centre = pick_point(mask, rng)
        outline = Outline(p.radius, p.aspect, p.angle, 0.5, p.softness)
        alpha = np.asarray(blob(shape, centre, outline, rng) * mask, np.float32)
        if local_statistics(picture.pixels, alpha > 0.3).texture < LEAST_TEXTURE:
            return None
        layer = _disrupted(picture, p, centre, alpha, rng)
        return Painted(blend(picture.pixels, layer, alpha), alpha > 0.02, solid=True)


def _disrupted(
    picture: Picture, p: TextureDisruptionParameters, centre: Point, alpha: Alpha, rng: np.random.Generator
) -> Layer:
    base = np.asarray(picture.pixels, np.float32)
    shape = (alpha.shape[0], alpha.shape[1])
    x = np.arange(shape[1], dtype=np.float32)[None, :] - np.float32(centre[0])
    y = np.arange(shape[0], dtype=np.float32)[:, None] - np.float32(centre[1])
    if p.fault == "blur":
        return np.asarray(cv2.GaussianBlur(base, (0, 0), 1.5 + 4 * p.amount), np.float32)
    if p.fault == "ripple":
        reach = 3 + 0.25 * p.amount * p.radius
        scale = max(5.0, 0.4 * p.radius)
        return warp(base, *(np.asarray(reach * smooth_noise(shape, scale, rng), np.float32) for _ in (0, 1)))
    if p.fault == "scramble":
        cell = max(3, int(0.12 * p.radius))
        rows, columns = shape[0] // cell + 1, shape[1] // cell + 1
        jump = 1.2 * p.radius
        coarse = rng.uniform(-jump, jump, (2, rows, columns)).astype(np.float32)
        dx, dy = (
            np.asarray(np.kron(c, np.ones((cell, cell), np.float32))[: shape[0], : shape[1]], np.float32)
            for c in coarse
        )
        return np.asarray(cv2.GaussianBlur(warp(base, dx, dy), (0, 0), 0.7), np.float32)
    if p.fault == "swirl":
        turn = (0.6 + 2.0 * p.amount) * np.clip(1 - np.hypot(x, y) / (1.3 * p.radius), 0, 1)
    else:
        turn = np.full(shape, 0.35 + 1.2 * p.amount if p.fault == "turn" else 0.0, np.float32)
    zoom = 1.0 if p.fault != "scale" else (1 - 0.6 * p.amount if rng.random() < 0.5 else 1 + 1.2 * p.amount)
    c, s = np.cos(turn), np.sin(turn)
    u, v = zoom * (c * x - s * y), zoom * (s * x + c * y)
    return warp(base, np.asarray(u - x, np.float32), np.asarray(v - y, np.float32))
