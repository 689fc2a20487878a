"""Residue: leftover glue or a smeared film: glossy strings and sheets with bright, slightly thicker edges."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from data_builders.defects.industrial.base import IndustrialFamily, Painted
from data_builders.defects.painting import blend, local_statistics, log_uniform, pick_point, radius_for, relief
from data_builders.defects.shapes import Outline, blob_distance, fractal_noise, smooth_noise, smoothstep, stroke, wander
from data_builders.types import Picture


@dataclass(frozen=True)
class ResidueParameters:
    """Lengths in pixels, angles in radians; ``opacity`` in [0, 1], ``shine`` in grey levels."""

    form: str
    radius: float
    aspect: float
    angle: float
    opacity: float
    yellow: float
    shine: float
    light: float


class Residue(IndustrialFamily[ResidueParameters]):
    """A bead, a smear or a film of glue."""

    name = "residue"
    type = "residue"

    def draw(self, picture: Picture, rng: np.random.Generator) -> ResidueParameters:
        form = str(rng.choice(["bead", "smear", "film"]))
        return ResidueParameters(
            form=form,
            radius=max(7.0, radius_for(picture.object_mask, log_uniform(rng, 0.003, 0.15))),
            aspect=log_uniform(rng, 2.5, 7.0) if form == "smear" else log_uniform(rng, 1.0, 2.0),
            angle=float(rng.uniform(0, math.pi)),
            opacity=float(rng.uniform(0.12, 0.6)),
            yellow=float(rng.uniform(0, 0.5)),
            shine=float(rng.uniform(10, 90)),
            light=float(rng.normal(-2.2, 0.6)),
        )

    def paint(self, picture: Picture, parameters: ResidueParameters, rng: np.random.Generator) -> Painted | None:
        p, mask = parameters, picture.object_mask
        shape = (mask.shape[0], mask.shape[1])
        centre = pick_point(mask, rng)
        if p.form == "bead":
            breadth = max(2.5, 0.28 * p.radius)
            points = wander(centre, p.angle, 3.2 * p.radius, rng, 0.25)
            widths = breadth * np.interp(np.linspace(0, 1, len(points)), np.linspace(0, 1, 8), rng.uniform(0.6, 1.5, 8))
            line = stroke(shape, points, widths)
            body = np.asarray(cv2.GaussianBlur(line, (0, 0), 0.6), np.float32)
            height = np.asarray(cv2.GaussianBlur(line, (0, 0), max(1.0, breadth / 3)) * breadth, np.float32)
        else:
            field = blob_distance(shape, centre, Outline(p.radius, p.aspect, p.angle, 0.6), rng)
            if p.form == "smear":
                field = np.asarray(field + 0.25 * smooth_noise(shape, max(3.0, p.radius / 3), rng), np.float32)
            body = smoothstep(field, -1.5 / p.radius, 1.5 / p.radius)
            lip = np.exp(-(((field - 0.08) / 0.1) ** 2))
            height = np.asarray((0.2 * body + 0.25 * lip * body) * min(p.radius, 14.0), np.float32)
            height += np.asarray(0.6 * fractal_noise(shape, max(4.0, p.radius / 2), rng) * body, np.float32)
        alpha = np.asarray(body * mask, np.float32)
        local = local_statistics(picture.pixels, alpha > 0.3)
        pale = 0.55 * local.level + 0.45 * (235 if local.level < 150 else 120)
        colour = (pale, pale * (1 - 0.12 * p.yellow), pale * (1 - 0.55 * p.yellow))
        layer = blend(picture.pixels, colour, np.asarray(alpha * p.opacity, np.float32))
        layer = relief(layer, np.asarray(height * mask, np.float32), p.light, 0.55, p.shine)
        return Painted(layer, alpha > 0.02, solid=p.form != "bead")
