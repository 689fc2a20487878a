"""Interrupted lines of a periodic pattern: stretches of line fade out or break off; dead zones lose the pattern."""

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
from data_builders.defects.shapes import Outline, blob, smoothstep
from data_builders.types import Picture

LEAST_COVER = 0.6
"""Share of the picture the lined surface takes at least."""
LEAST_COHERENCE = 0.3
"""How much more the luminance changes across the lines than along them, in [0, 1]."""


@dataclass(frozen=True)
class LineInterruptionParameters:
    """Lengths in pixels; ``tone`` in grey levels is what a dead zone adds."""

    form: str
    radius: float
    aspect: float
    tone: float


class LineInterruption(IndustrialFamily[LineInterruptionParameters]):
    """Lines that stop, or a zone where they are gone."""

    name = "line interruption"
    type = "texture disruption"

    def applies(self, picture: Picture) -> bool:
        whole = float(picture.object_mask.mean()) >= LEAST_COVER
        return super().applies(picture) and whole and line_direction(picture)[1] >= LEAST_COHERENCE

    def draw(self, picture: Picture, rng: np.random.Generator) -> LineInterruptionParameters:
        form = str(rng.choice(["break", "break", "dead zone", "dark zone"]))
        low, high = (0.001, 0.02) if form == "break" else (0.004, 0.15)
        return LineInterruptionParameters(
            form=form,
            radius=max(5.0, radius_for(picture.object_mask, log_uniform(rng, low, high))),
            aspect=log_uniform(rng, 1.0, 6.0),
            tone=float(rng.uniform(18, 70)) if form == "dark zone" else 0.0,
        )

    def paint(
        self, picture: Picture, parameters: LineInterruptionParameters, rng: np.random.Generator
    ) -> Painted | None:
        p, mask = parameters, picture.object_mask
        shape = (mask.shape[0], mask.shape[1])
        angle, _ = line_direction(picture)
        if p.form == "dark zone":
            angle = float(rng.choice([angle, angle + math.pi / 2]))
        alpha = blob(shape, pick_point(mask, rng), Outline(p.radius, p.aspect, angle, 0.15, 0.4), rng)
        alpha = np.asarray(alpha * mask, np.float32)
        local = local_statistics(picture.pixels, alpha > 0.3)
        base = np.asarray(picture.pixels, np.float32)
        if p.form == "break":
            grey = luminance(base)
            side = 1.0 if rng.random() < 0.5 else -1.0
            lines = smoothstep(side * (local.level - grey), 0.0, max(6.0, local.texture))
            ground = np.asarray(base[(alpha > 0.3) & (lines < 0.2)], np.float32)
            if len(ground) < 8:
                return None
            red, green, blue = (float(v) for v in np.median(ground, 0))
            return Painted(blend(base, (red, green, blue), np.asarray(alpha * lines, np.float32)), alpha > 0.02)
        flat = np.asarray(cv2.GaussianBlur(base, (0, 0), max(4.0, 0.25 * p.radius)), np.float32)
        share = 0.35 if p.form == "dark zone" else 0.9
        layer = blend(base, flat, np.asarray(share * alpha, np.float32))
        if p.tone > 0:
            layer = shift_tone(layer, -p.tone if local.level > 60 else p.tone, alpha)
        kind = "discolouration" if p.form == "dark zone" else None
        return Painted(layer, alpha > 0.02, solid=True, type=kind)


def line_direction(picture: Picture) -> tuple[float, float]:
    """(angle along the lines in radians, coherence in [0, 1]) of the object's structure tensor."""
    small = cv2.GaussianBlur(luminance(picture.pixels), (0, 0), 1.0)
    gx, gy = np.asarray(cv2.Sobel(small, cv2.CV_32F, 1, 0)), np.asarray(cv2.Sobel(small, cv2.CV_32F, 0, 1))
    inside = np.asarray(cv2.erode(picture.object_mask.astype(np.uint8), np.ones((7, 7), np.uint8)), np.uint8) > 0
    if np.count_nonzero(inside) < 100:
        return 0.0, 0.0
    xx, yy, xy = (float(v[inside].mean()) for v in (gx * gx, gy * gy, gx * gy))
    spread = math.hypot(xx - yy, 2 * xy)
    return 0.5 * math.atan2(2 * xy, xx - yy) + math.pi / 2, spread / max(xx + yy, 1.0)
