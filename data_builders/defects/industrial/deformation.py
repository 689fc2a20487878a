"""Deformation: a bent part redrawn, or a smooth local warp that pulls edges and structure out of shape."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from data_builders.defects.industrial.base import IndustrialFamily, Painted
from data_builders.defects.industrial.parts import can_redraw, redraw
from data_builders.defects.painting import log_uniform, luminance, pick_point, radius_for, warp
from data_builders.types import Kind, Picture


@dataclass(frozen=True)
class DeformationParameters:
    """Lengths in pixels, ``direction`` in radians; ``amount`` as in :class:`data_builders.types.Edit`."""

    redrawn: bool
    amount: float
    radius: float
    push: float
    direction: float


class Deformation(IndustrialFamily[DeformationParameters]):
    """The object's shape is wrong: its silhouette or an inner edge bulges or caves in."""

    name = "deformation"
    type = "deformation"

    def draw(self, picture: Picture, rng: np.random.Generator) -> DeformationParameters:
        radius = max(10.0, radius_for(picture.object_mask, log_uniform(rng, 0.006, 0.12)))
        return DeformationParameters(
            redrawn=bool(can_redraw(picture) and rng.random() < 0.6),
            amount=float(rng.uniform(0.3, 1.0)),
            radius=radius,
            push=max(3.0, radius * float(rng.uniform(0.3, 0.6))),
            direction=float(rng.uniform(0, 2 * math.pi)),
        )

    def paint(self, picture: Picture, parameters: DeformationParameters, rng: np.random.Generator) -> Painted | None:
        p, mask = parameters, picture.object_mask
        if p.redrawn:
            bent = redraw(picture, "bend", p.amount, rng)
            if bent is not None:
                return bent
        shape = (mask.shape[0], mask.shape[1])
        silhouette = picture.kind is Kind.OBJECT and not mask.all() and bool(rng.random() < 0.7)
        centre, direction = pick_point(mask, rng, edge=silhouette), p.direction
        if silhouette:
            soft = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 4.0)
            y, x = int(centre[1]), int(centre[0])
            gx = float(soft[y, min(x + 2, shape[1] - 1)] - soft[y, max(x - 2, 0)])
            gy = float(soft[min(y + 2, shape[0] - 1), x] - soft[max(y - 2, 0), x])
            direction = math.atan2(gy, gx) + (math.pi if rng.random() < 0.5 else 0.0) + float(rng.normal(0, 0.3))
        else:
            strong = _on_structure(picture, rng)
            centre = strong or centre
        u = np.arange(shape[1], dtype=np.float32)[None, :] - np.float32(centre[0])
        v = np.arange(shape[0], dtype=np.float32)[:, None] - np.float32(centre[1])
        squared = (u * u + v * v) / np.float32(p.radius**2)
        pull = np.asarray(np.clip(1 - squared, 0, 1) ** 2 * np.float32(p.push), np.float32)
        dx, dy = (np.asarray(-pull * np.float32(f(direction)), np.float32) for f in (math.cos, math.sin))
        return Painted(warp(picture.pixels, dx, dy), np.asarray(squared < 1, bool))


def _on_structure(picture: Picture, rng: np.random.Generator) -> tuple[float, float] | None:
    """A point where the picture has a strong edge, since a warp of plain surface shows nothing."""
    grey = cv2.GaussianBlur(luminance(picture.pixels), (0, 0), 2.0)
    gx, gy = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    strength = np.where(picture.object_mask, np.asarray(gx) ** 2 + np.asarray(gy) ** 2, 0)
    sure = np.flatnonzero(strength >= max(float(strength.max()) * 0.3, 1.0))
    if sure.size == 0:
        return None
    index = int(sure[int(rng.integers(sure.size))])
    width = strength.shape[1]
    return float(index % width), float(index // width)
