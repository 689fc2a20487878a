"""Bent: the whole object is out of shape, as by a blow, by heat or by a wrong mould."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np

from data_builders.defects.industrial.base import IndustrialFamily, Painted
from data_builders.defects.industrial.whole import axes, cleared, frame_of, one_specimen, soft, stands_free
from data_builders.defects.painting import warp
from data_builders.defects.shapes import Alpha
from data_builders.types import Mask, Picture

FORMS = ("bend", "kink", "wave", "squash", "skew", "bulge", "taper")


@dataclass(frozen=True)
class BentParameters:
    """``amount`` is a share of the object's size; ``place`` and ``turn`` say where and in which direction."""

    form: str
    amount: float
    place: float
    turn: float


class Bent(IndustrialFamily[BentParameters]):
    """Bent along its main axis, kinked, wavy, squashed, skewed, bulging or tapering."""

    name = "bent"
    type = "deformation"

    def applies(self, picture: Picture) -> bool:
        return super().applies(picture) and stands_free(picture)

    def draw(self, picture: Picture, rng: np.random.Generator) -> BentParameters:
        frame = frame_of(picture.object_mask)
        slim = frame.length > 1.8 * frame.width
        chances = [0.3, 0.25, 0.2, 0.05, 0.05, 0.05, 0.1] if slim else [0.12, 0.1, 0.1, 0.2, 0.18, 0.15, 0.15]
        return BentParameters(
            form=str(rng.choice(FORMS, p=chances)),
            amount=float(rng.choice([-1, 1]) * rng.uniform(0.1, 0.26)),
            place=float(rng.uniform(-0.6, 0.6)),
            turn=0.0 if slim else float(rng.uniform(0, 2 * math.pi)),
        )

    def paint(self, picture: Picture, parameters: BentParameters, rng: np.random.Generator) -> Painted | None:
        mask = one_specimen(picture.object_mask, rng)
        dx, dy = displacement(mask, parameters)
        moved = np.asarray(warp(picture.pixels, dx, dy), np.float32)
        x = np.arange(mask.shape[1], dtype=np.float32)[None, :] + dx
        y = np.arange(mask.shape[0], dtype=np.float32)[:, None] + dy
        alpha = np.asarray(cv2.remap(soft(mask), x, y, cv2.INTER_LINEAR), np.float32)
        layer = cleared(picture, mask)
        return Painted(layer + alpha[..., None] * (moved - layer), np.ones(mask.shape, bool), as_is=True)


def displacement(mask: Mask, p: BentParameters) -> tuple[Alpha, Alpha]:
    """How far right and down of a pixel of the bent object its colour comes from, pixels."""
    frame = frame_of(mask)
    u, v = axes(mask, replace(frame, angle=frame.angle + p.turn))
    long, wide = max(frame.length, 1.0), max(frame.width, 1.0)
    s, t = u / np.float32(long), v / np.float32(wide)
    a = np.float32(p.amount)
    along, across = np.zeros_like(u), np.zeros_like(u)
    if p.form == "bend":
        across = a * np.float32(0.45 * long) * (s * s - np.float32(0.6))
    elif p.form == "kink":
        across = 2 * a * np.float32(long) * np.maximum(s - np.float32(p.place), 0)
    elif p.form == "wave":
        across = a * np.float32(0.4 * long) * np.sin(np.float32(2.6) * s + np.float32(3 * p.place))
    elif p.form == "squash":
        along, across = a * u, np.float32(-0.5) * a * v
    elif p.form == "skew":
        across = np.float32(1.3) * a * u
    elif p.form == "taper":
        across = a * s * v
    else:
        near = np.exp(-((s - np.float32(p.place)) ** 2 + t * t) * np.float32(1.2))
        along, across = np.float32(2) * a * u * near, np.float32(2) * a * v * near
    angle = frame.angle + p.turn
    cos, sin = np.float32(math.cos(angle)), np.float32(math.sin(angle))
    return np.asarray(cos * along - sin * across, np.float32), np.asarray(sin * along + cos * across, np.float32)
