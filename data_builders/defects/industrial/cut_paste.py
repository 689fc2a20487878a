"""Cut and paste: a piece of the same picture set down in a wrong place, as a patch or as a thin scar."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from data_builders.defects.industrial.base import IndustrialFamily, Painted
from data_builders.defects.industrial.foreign_texture import poisson
from data_builders.defects.painting import (
    blend,
    elsewhere,
    log_uniform,
    pick_inner_point,
    pick_point,
    radius_for,
    shift_tone,
)
from data_builders.defects.shapes import Outline, arc, blob, stroke
from data_builders.types import Picture


@dataclass(frozen=True)
class CutPasteParameters:
    """Lengths in pixels, angles in radians; ``tone`` in grey levels."""

    form: str
    radius: float
    length: float
    aspect: float
    angle: float
    tone: float
    turned: bool
    melted: bool


class CutPaste(IndustrialFamily[CutPasteParameters]):
    """Texture from elsewhere, turned or toned, inside a patch or a scar."""

    name = "cut and paste"
    type = "texture disruption"

    def draw(self, picture: Picture, rng: np.random.Generator) -> CutPasteParameters:
        side = math.sqrt(float(np.count_nonzero(picture.object_mask)))
        form = str(rng.choice(["patch", "patch", "scar"]))
        return CutPasteParameters(
            form=form,
            radius=max(6.0, radius_for(picture.object_mask, log_uniform(rng, 0.003, 0.12), 0.3)),
            length=log_uniform(rng, 0.12, 0.7) * side,
            aspect=log_uniform(rng, 1.0, 3.0),
            angle=float(rng.uniform(0, 2 * math.pi)),
            tone=float(rng.choice([-1, 1]) * rng.uniform(0, 45)),
            turned=bool(rng.random() < 0.6),
            melted=bool(form == "patch" and rng.random() < 0.4),
        )

    def paint(self, picture: Picture, parameters: CutPasteParameters, rng: np.random.Generator) -> Painted | None:
        p, mask = parameters, picture.object_mask
        shape = (mask.shape[0], mask.shape[1])
        other = elsewhere(picture.pixels, rng)
        if p.turned:
            other = np.ascontiguousarray(np.rot90(elsewhere(_square(other), rng), int(rng.integers(1, 4))))
            other = np.ascontiguousarray(other[: shape[0], : shape[1]])
        if p.form == "scar":
            start = pick_point(mask, rng)
            points = arc(start, p.angle, p.length, float(rng.normal(0, 0.4)), 24)
            widths = np.interp(np.linspace(0, 1, 25), np.linspace(0, 1, 7), rng.uniform(0.5, 1.3, 7))
            alpha = np.asarray(stroke(shape, points, widths * max(2.5, p.length / 22)) * mask, np.float32)
        else:
            centre = pick_inner_point(mask, rng, p.radius)
            outline = Outline(p.radius, p.aspect, p.angle, 0.5, 0.15)
            alpha = np.asarray(blob(shape, centre, outline, rng) * mask, np.float32)
        layer = shift_tone(other, p.tone, np.ones(shape, np.float32))
        region = np.asarray(alpha > 0.03, bool)
        if p.melted:
            cloned = poisson(
                picture.pixels, np.asarray(np.clip(layer, 0, 255), np.uint8), np.asarray(alpha > 0.5, bool)
            )
            return None if cloned is None else Painted(cloned, region, solid=True)
        kind = "scratch" if p.form == "scar" else None
        return Painted(blend(picture.pixels, layer, alpha), region, solid=True, type=kind)


def _square(pixels: np.ndarray) -> np.ndarray:
    """The picture tiled by mirroring to a square of its longer side."""
    side = max(pixels.shape[:2])
    pads = ((0, side - pixels.shape[0]), (0, side - pixels.shape[1]), (0, 0))
    return np.ascontiguousarray(np.pad(pixels, pads, mode="symmetric"))
