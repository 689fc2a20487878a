"""Dents and bumps: the surface is pressed in or out, so light falls differently on it and its texture bends a little."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from data_builders.defects.industrial.base import IndustrialFamily, Painted
from data_builders.defects.painting import log_uniform, pick_inner_point, radius_for, relief, warp
from data_builders.defects.shapes import Outline, blob_distance, smoothstep
from data_builders.types import Picture


@dataclass(frozen=True)
class DentParameters:
    """Radius in pixels, angles in radians; ``depth`` in radii, negative for a bump."""

    radius: float
    aspect: float
    angle: float
    roughness: float
    depth: float
    light: float
    gain: float
    shine: float
    rim: float


class Dent(IndustrialFamily[DentParameters]):
    """A smooth bowl, groove or bump, shaded from one side."""

    name = "dent"
    type = "dent"

    def draw(self, picture: Picture, rng: np.random.Generator) -> DentParameters:
        return DentParameters(
            radius=max(5.0, radius_for(picture.object_mask, log_uniform(rng, 0.002, 0.12))),
            aspect=log_uniform(rng, 1.0, 4.0),
            angle=float(rng.uniform(0, math.pi)),
            roughness=float(rng.uniform(0.1, 0.45)),
            depth=float(rng.choice([-1.0, 1.0], p=[0.75, 0.25]) * rng.uniform(0.25, 0.6)),
            light=float(rng.normal(-2.2, 0.5)),
            gain=log_uniform(rng, 0.25, 1.0),
            shine=float(rng.choice([0.0, rng.uniform(10, 50)])),
            rim=float(rng.choice([0.0, rng.uniform(0.1, 0.35)])),
        )

    def paint(self, picture: Picture, parameters: DentParameters, rng: np.random.Generator) -> Painted | None:
        p, mask = parameters, picture.object_mask
        shape = (mask.shape[0], mask.shape[1])
        centre = pick_inner_point(mask, rng, p.radius)
        field = blob_distance(shape, centre, Outline(p.radius, p.aspect, p.angle, p.roughness), rng)
        bowl = smoothstep(field, -0.45, 1.05)
        lip = np.exp(-(((field + 0.05) / 0.16) ** 2)) * p.rim
        height = np.asarray(p.depth * p.radius * (bowl - lip), np.float32)
        height = np.asarray(cv2.GaussianBlur(height, (0, 0), max(1.0, 0.13 * p.radius)), np.float32)
        pull = np.asarray(np.float32(-0.18 * abs(p.depth)) * bowl * (1 - bowl) * 4, np.float32)
        x = np.arange(shape[1], dtype=np.float32)[None, :] - np.float32(centre[0])
        y = np.arange(shape[0], dtype=np.float32)[:, None] - np.float32(centre[1])
        bent = warp(picture.pixels, np.asarray(pull * x, np.float32), np.asarray(pull * y, np.float32))
        layer = relief(bent, height, p.light, p.gain, p.shine)
        return Painted(layer, np.asarray((field > -0.9) & mask, bool), solid=True)
