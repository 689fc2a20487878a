"""Atrophy by warping: fluid spaces widen (enlarged ventricles) or a layer thins, and nothing is painted."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from data_builders.defects.medical.base import MedicalFamily, Painted
from data_builders.defects.medical.oedema import union
from data_builders.defects.medical.tissue import press, soften
from data_builders.defects.painting import log_uniform, luminance, pick_point, radius_for
from data_builders.defects.shapes import Alpha, Point
from data_builders.types import Mask, Picture


@dataclass(frozen=True)
class AtrophyParameters:
    """``radius`` of the moved place in pixels; ``amount`` is the shift in radii, negative to draw tissue in."""

    radius: float
    amount: float
    ventricles: bool


class Atrophy(MedicalFamily[AtrophyParameters]):
    """Tissue that has shrunk."""

    name = "atrophy"
    type = "atrophy"
    phantoms = frozenset({"brain_mri", "retinal_oct", "abdominal_ct"})
    gains = (1.0,)

    def draw(self, picture: Picture, rng: np.random.Generator) -> AtrophyParameters:
        ventricles = bool(picture.parts.get("ventricles")) and bool(rng.random() < 0.8)
        sign = 1.0 if ventricles else float(rng.choice([-1.0, 1.0]))
        return AtrophyParameters(
            radius=max(8.0, radius_for(picture.object_mask, log_uniform(rng, 0.012, 0.06))),
            amount=sign * float(rng.uniform(0.25, 0.5)),
            ventricles=ventricles,
        )

    def paint(self, picture: Picture, parameters: AtrophyParameters, rng: np.random.Generator) -> Painted | None:
        p, reach = parameters, np.array(picture.object_mask)
        if p.ventricles:
            fluid = union(picture.parts["ventricles"])
            if fluid.sum() < 30:
                return None
            reach |= fluid
            centre = pick_point(fluid, rng)
        else:
            centre = on_structure(picture, rng)
        rigid = soften(reach, max(2.0, 0.25 * p.radius))
        layer = press(picture.pixels, centre, 0.6 * p.radius, p.amount * p.radius, rigid, 1.2)
        return Painted(layer, np.asarray(rigid > 0), solid=p.ventricles)


def on_structure(picture: Picture, rng: np.random.Generator) -> Point:
    """A point of the object with strong edges, since moving even tissue shows nothing."""
    return pick_point(structured(picture.object_mask, luminance(picture.pixels)), rng)


def structured(mask: Mask, grey: Alpha) -> Mask:
    """The quarter of the mask with the most structure around it."""
    smooth = cv2.GaussianBlur(grey, (0, 0), 2.0)
    edges = np.abs(np.asarray(cv2.Sobel(smooth, cv2.CV_32F, 1, 0))) + np.abs(
        np.asarray(cv2.Sobel(smooth, cv2.CV_32F, 0, 1))
    )
    strength = np.asarray(cv2.GaussianBlur(edges, (0, 0), 4.0), np.float32)
    return np.asarray(mask & (strength >= float(np.quantile(strength[mask], 0.75))), bool)
