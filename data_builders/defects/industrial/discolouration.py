"""Discolouration: hue, saturation or brightness drift of a soft patch, a band, or a large part of the picture."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from data_builders.defects.industrial.base import IndustrialFamily, Painted
from data_builders.defects.painting import (
    blend,
    local_statistics,
    log_uniform,
    luminance,
    pick_point,
    radius_for,
    shift_tone,
)
from data_builders.defects.shapes import Alpha, Outline, blob, floats, smooth_noise, smoothstep
from data_builders.types import Picture


@dataclass(frozen=True)
class DiscolourationParameters:
    """Radius in pixels, angle in radians; ``hue`` in degrees; ``saturation`` a factor; ``brightness`` in grey levels."""

    shape: str
    radius: float
    aspect: float
    angle: float
    softness: float
    hue: float
    saturation: float
    brightness: float


class Discolouration(IndustrialFamily[DiscolourationParameters]):
    """The texture stays, its colour does not."""

    name = "discolouration"
    type = "discolouration"

    def draw(self, picture: Picture, rng: np.random.Generator) -> DiscolourationParameters:
        shape = str(rng.choice(["patch", "patch", "band", "large"]))
        low, high = {"patch": (0.003, 0.15), "band": (0.01, 0.12), "large": (0.12, 0.4)}[shape]
        what = str(rng.choice(["hue", "brightness", "brightness", "fade"]))
        sign = float(rng.choice([-1.0, 1.0]))
        return DiscolourationParameters(
            shape=shape,
            radius=max(6.0, radius_for(picture.object_mask, log_uniform(rng, low, high), 0.4)),
            aspect=log_uniform(rng, 1.0, 3.0),
            angle=float(rng.choice([0.0, math.pi / 2, rng.uniform(0, math.pi)])),
            softness=float(rng.uniform(0.15, 1.0)),
            hue=float(sign * rng.uniform(15, 90)) if what == "hue" else 0.0,
            saturation=float(rng.uniform(0.0, 0.5)) if what == "fade" else 1.0,
            brightness=float(sign * log_uniform(rng, 16, 80)) if what != "hue" else float(rng.normal(0, 15)),
        )

    def paint(self, picture: Picture, parameters: DiscolourationParameters, rng: np.random.Generator) -> Painted | None:
        p, mask = parameters, picture.object_mask
        alpha = np.asarray(_area(picture, p, rng) * mask, np.float32)
        local = local_statistics(picture.pixels, alpha > 0.4)
        layer = np.asarray(picture.pixels, np.float32)
        if p.hue or p.saturation != 1.0:
            grey = luminance(layer)[..., None]
            turned = grey + p.saturation * _turn_hue(layer - grey, p.hue)
            weak = max(local.colour) - min(local.colour) < 18
            if weak and p.hue:
                turned = turned + 26 * floats([math.cos(math.radians(p.hue * 2 + k)) for k in (0, 240, 120)])
            layer = blend(layer, np.asarray(turned, np.float32), alpha)
        step = p.brightness
        if step < 0:
            step = -min(-step, 0.75 * local.level) if local.level > 40 else -step
        elif local.level + step > 250:
            step = -step
        layer = shift_tone(layer, step, alpha)
        return Painted(layer, alpha > 0.01, solid=True)


def _area(picture: Picture, p: DiscolourationParameters, rng: np.random.Generator) -> Alpha:
    shape = (picture.object_mask.shape[0], picture.object_mask.shape[1])
    centre = pick_point(picture.object_mask, rng)
    if p.shape != "band":
        return blob(shape, centre, Outline(p.radius, p.aspect, p.angle, 0.5, p.softness), rng)
    x = np.arange(shape[1], dtype=np.float32)[None, :] - np.float32(centre[0])
    y = np.arange(shape[0], dtype=np.float32)[:, None] - np.float32(centre[1])
    across = np.abs(x * math.sin(p.angle) - y * math.cos(p.angle) + 0.1 * p.radius * smooth_noise(shape, 40, rng))
    half = 0.45 * p.radius
    return smoothstep(-across, -half * (1 + p.softness), -half * (1 - 0.7 * p.softness))


def _turn_hue(chroma: np.ndarray, degrees: float) -> np.ndarray:
    """Rotate colour differences about the grey axis."""
    a = math.radians(degrees)
    axis = np.full(3, 1 / math.sqrt(3))
    turn = cv2.Rodrigues(axis * a)[0].astype(np.float32)
    return np.asarray(chroma @ turn.T, np.float32)
