"""Exudates and drusen: clusters or rings of small bright deposits, yellowish in colour pictures."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from data_builders.defects.medical.base import MedicalFamily, Painted
from data_builders.defects.medical.scatter import Cluster, scatter
from data_builders.defects.medical.tissue import Tone, draw_tone, grow, offset_of, shape_of, soften
from data_builders.defects.painting import log_uniform, pick_inner_point
from data_builders.types import Picture


@dataclass(frozen=True)
class ExudateParameters:
    """``spread`` of the cluster and ``radius`` of the largest deposit in pixels; ``ring`` for a circinate cluster."""

    tone: Tone
    count: int
    spread: float
    radius: float
    ring: bool


class Exudate(MedicalFamily[ExudateParameters]):
    """Deposits in the retina."""

    name = "exudate"
    type = "exudate"
    phantoms = frozenset({"fundus", "retinal_oct"})

    def draw(self, picture: Picture, rng: np.random.Generator) -> ExudateParameters:
        side = math.sqrt(float(picture.object_mask.size))
        return ExudateParameters(
            tone=draw_tone(picture, rng, 0.0, ("yellow",), (0.0, 0.4), (0.0, 0.2)),
            count=int(log_uniform(rng, 2.0, 45.0)),
            spread=side * log_uniform(rng, 0.02, 0.14),
            radius=max(1.6, side * log_uniform(rng, 0.006, 0.022)),
            ring=bool(rng.random() < 0.25),
        )

    def paint(self, picture: Picture, parameters: ExudateParameters, rng: np.random.Generator) -> Painted | None:
        p, mask = parameters, picture.object_mask
        centre = pick_inner_point(mask, rng, 0.5 * p.spread)
        body = scatter(shape_of(picture), centre, Cluster(p.count, p.spread, p.radius, p.ring), rng)
        body = np.asarray(body * soften(mask), np.float32)
        offset = offset_of(picture.pixels, body > 0.3, p.tone)
        layer = grow(picture.pixels.astype(np.float32), body, p.tone, offset, rng, 2 * p.radius)
        return Painted(layer, body > 0.01)
