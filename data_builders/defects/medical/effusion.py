"""Effusion: free fluid that has sunk to the lowest part of the organ and stands there with a curved level."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from data_builders.defects.medical.base import MedicalFamily, Painted
from data_builders.defects.medical.tissue import Tone, draw_tone, grow, offset_of, shape_of, soften
from data_builders.defects.painting import box_of, log_uniform
from data_builders.defects.shapes import smooth_noise, smoothstep
from data_builders.types import Mask, Picture


@dataclass(frozen=True)
class EffusionParameters:
    """``height`` is the level over the organ's lowest point, ``meniscus`` its rise at the walls, shares of the organ's height."""

    tone: Tone
    height: float
    meniscus: float
    tilt: float
    softness: float


class Effusion(MedicalFamily[EffusionParameters]):
    """Fluid at the bottom of one compartment of the object."""

    name = "effusion"
    type = "fluid"
    phantoms = frozenset({"chest_xray", "ultrasound", "abdominal_ct"})

    def draw(self, picture: Picture, rng: np.random.Generator) -> EffusionParameters:
        return EffusionParameters(
            tone=draw_tone(
                picture, rng, 0.8 if picture.family == "ultrasound" else 0.05, ("neutral",), (0, 0.4), (0, 0.15)
            ),
            height=log_uniform(rng, 0.08, 0.5),
            meniscus=float(rng.uniform(0, 0.25)),
            tilt=float(rng.normal(0, 0.12)),
            softness=float(rng.uniform(0.02, 0.1)),
        )

    def paint(self, picture: Picture, parameters: EffusionParameters, rng: np.random.Generator) -> Painted | None:
        p, shape = parameters, shape_of(picture)
        organ = compartment(picture.object_mask, rng)
        box = box_of(organ)
        if box is None:
            return None
        rows, columns = box
        tall, wide = rows.stop - rows.start, columns.stop - columns.start
        across = (np.arange(shape[1], dtype=np.float32) - columns.start) / np.float32(wide) * 2 - 1
        level = p.height + p.meniscus * across**2 * float(rng.choice([0.5, 1.0])) + p.tilt * across
        y = np.arange(shape[0], dtype=np.float32)[:, None]
        depth = (y - (rows.stop - level[None, :] * tall)) / np.float32(tall)
        depth = depth + np.float32(0.012) * smooth_noise(shape, max(6.0, 0.15 * tall), rng)
        fluid = np.asarray(smoothstep(depth, -p.softness, p.softness) * soften(organ), np.float32)
        if not (fluid > 0.3).any() or float((fluid > 0.3).mean()) > 0.4:
            return None
        offset = offset_of(picture.pixels, fluid > 0.3, p.tone)
        layer = grow(picture.pixels.astype(np.float32), fluid, p.tone, offset, rng, 0.2 * tall)
        return Painted(layer, fluid > 0.01, solid=True)


def compartment(mask: Mask, rng: np.random.Generator) -> Mask:
    """One of the larger separate pieces of the mask."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    areas = stats[1:count, cv2.CC_STAT_AREA]
    large = np.flatnonzero(areas >= 0.3 * areas.max()) + 1
    return np.asarray(labels == int(rng.choice(large)), bool)
