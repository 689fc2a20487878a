"""Chips: a piece has broken off at the silhouette or at the picture's border; background or fracture face shows."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from data_builders.defects.industrial.base import IndustrialFamily, Painted
from data_builders.defects.painting import (
    Layer,
    add_grain,
    blend,
    local_statistics,
    log_uniform,
    pick_point,
    radius_for,
    shift_tone,
)
from data_builders.defects.shapes import Alpha, Outline, blob_distance, floats, fractal_noise, smoothstep
from data_builders.types import Mask, Picture


@dataclass(frozen=True)
class ChipParameters:
    """Radius in pixels; ``face`` is the breadth of the fracture face in radii, ``strength`` its contrast in [0, 1]."""

    radius: float
    aspect: float
    angle: float
    roughness: float
    face: float
    lighter_face: bool
    through: bool
    strength: float


class Chip(IndustrialFamily[ChipParameters]):
    """A bite out of the edge with a rough fracture face along it."""

    name = "chip"
    type = "chip"

    def draw(self, picture: Picture, rng: np.random.Generator) -> ChipParameters:
        return ChipParameters(
            radius=max(6.0, radius_for(picture.object_mask, log_uniform(rng, 0.002, 0.15), 0.32)),
            aspect=log_uniform(rng, 1.0, 2.5),
            angle=float(rng.uniform(0, math.pi)),
            roughness=float(rng.uniform(0.1, 0.4)),
            face=float(rng.uniform(0.15, 0.6)),
            lighter_face=bool(rng.random() < 0.65),
            through=bool(rng.random() < 0.6),
            strength=float(rng.uniform(0.15, 0.8)),
        )

    def paint(self, picture: Picture, parameters: ChipParameters, rng: np.random.Generator) -> Painted | None:
        p, mask = parameters, picture.object_mask
        shape = (mask.shape[0], mask.shape[1])
        centre = pick_point(mask, rng, edge=True)
        field = blob_distance(shape, centre, Outline(p.radius, p.aspect, p.angle, p.roughness), rng)
        field = np.asarray(field + 0.06 * fractal_noise(shape, max(3.0, p.radius / 4), rng, 3), np.float32)
        edge = 0.9 / p.radius
        bite = np.asarray(smoothstep(field, -edge, edge) * mask, np.float32)
        local = local_statistics(picture.pixels, bite > 0.5)
        step = (1 if p.lighter_face else -1) * (12 + 42 * p.strength)
        grooves = fractal_noise(shape, max(3.0, 0.22 * p.radius), rng, 4)
        tone = np.asarray(local.level + step + (6 + 14 * p.strength) * grooves, np.float32)
        tint = floats(local.colour) / np.float32(max(local.level, 20.0))
        face = np.asarray(tone[..., None] * (0.75 * tint + 0.25), np.float32)
        layer = blend(picture.pixels, face, bite)
        layer = shift_tone(layer, -0.6 * abs(step), np.asarray(np.exp(-((field / 0.05) ** 2)) * bite, np.float32))
        if p.through:
            gone = np.asarray(smoothstep(field, p.face - edge, p.face + edge) * bite, np.float32)
            behind = background_layer(picture, rng, local.level)
            layer = add_grain(blend(layer, behind, gone), gone, local.grain, rng)
        return Painted(layer, bite > 0.02, solid=True)


def background_layer(picture: Picture, rng: np.random.Generator, level: float) -> Layer:
    """What shows where the object is gone: the background around it, or a plain dark or bright one where none is seen."""
    mask = picture.object_mask
    shape = (mask.shape[0], mask.shape[1])
    outside = np.asarray(cv2.erode((~mask).astype(np.uint8), np.ones((3, 3), np.uint8)), np.uint8).astype(bool)
    if np.count_nonzero(outside) < 0.02 * mask.size:
        grey = float(rng.uniform(4, 35) if level > 80 else rng.uniform(190, 245))
        plain = np.full((*shape, 3), grey, np.float32) * floats(rng.uniform(0.94, 1.06, 3))
        return np.asarray(plain + 3 * fractal_noise(shape, 20, rng)[..., None], np.float32)
    return _filled(picture, outside)


def _filled(picture: Picture, known: Mask) -> Layer:
    """The picture with everything outside ``known`` taken from the nearest known pixels, then smoothed."""
    inverse = np.asarray(~known, np.uint8)
    _, labels = cv2.distanceTransformWithLabels(inverse, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    lookup = np.zeros((int(labels.max()) + 1, 3), np.float32)
    lookup[labels[known]] = picture.pixels[known]
    near: Layer = np.asarray(lookup[labels], np.float32)
    smooth = np.asarray(cv2.GaussianBlur(near, (0, 0), 3.0), np.float32)
    weight: Alpha = np.asarray(known, np.float32)
    return blend(smooth, np.asarray(picture.pixels, np.float32), weight)
