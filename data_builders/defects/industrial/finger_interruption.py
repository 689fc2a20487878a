"""Interrupted fingers of a solar cell: dark stripes across the way between busbars where a contact line is broken."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_builders.defects.industrial.base import IndustrialFamily, Painted
from data_builders.defects.industrial.solar_cell import find_cell
from data_builders.defects.painting import log_uniform
from data_builders.defects.shapes import Alpha, smoothstep
from data_builders.types import Picture


@dataclass(frozen=True)
class FingerInterruptionParameters:
    """``stripes`` in one span, each ``thickness`` pixels; ``left`` is the share of the glow kept, ``soft`` in pixels."""

    stripes: int
    spread: float
    thickness: float
    reach: float
    left: float
    soft: float


class FingerInterruption(IndustrialFamily[FingerInterruptionParameters]):
    """One to a dozen short dark stripes along the fingers; they end at a busbar or at the break."""

    name = "finger interruption"
    type = "texture disruption"

    def applies(self, picture: Picture) -> bool:
        return super().applies(picture) and find_cell(picture) is not None

    def draw(self, picture: Picture, rng: np.random.Generator) -> FingerInterruptionParameters:
        scale = float(np.sqrt(picture.object_mask.size)) / 256
        return FingerInterruptionParameters(
            stripes=int(rng.choice([1, 2, int(rng.integers(3, 13))])),
            spread=float(rng.choice([0.06, 0.15, 0.5])),
            thickness=max(1.5, scale * log_uniform(rng, 1.8, 6.5)),
            reach=float(rng.uniform(0.15, 1.0)),
            left=float(rng.uniform(0.3, 0.8)),
            soft=float(rng.uniform(1, 9)) * scale,
        )

    def paint(
        self, picture: Picture, parameters: FingerInterruptionParameters, rng: np.random.Generator
    ) -> Painted | None:
        p, cell = parameters, find_cell(picture)
        if cell is None:
            return None
        height, width = cell.glowing.shape
        walls = cell.walls()
        span = int(rng.integers(len(walls) - 1))
        left, right = walls[span], walls[span + 1]
        middle = float(rng.uniform(0.06, 0.94))
        alpha = np.zeros((height, width), np.float32)
        for _ in range(p.stripes):
            place = height * float(np.clip(middle + rng.normal(0, p.spread / 2), 0.02, 0.98))
            length = (right - left) * min(1.0, p.reach * float(rng.uniform(0.6, 1.2)))
            start = [left, right - length, left + float(rng.uniform(0, 1)) * (right - left - length)]
            begin = float(rng.choice(start))
            stripe = _stripe((height, width), place, p.thickness * float(rng.uniform(0.7, 1.3)), begin, length, p.soft)
            alpha = np.maximum(alpha, stripe * np.float32(rng.uniform(0.7, 1)))
        layer, own = cell.dimmed(picture, np.asarray(alpha * cell.glowing, np.float32), p.left)
        return Painted(layer, own > 0.02)


def _stripe(shape: tuple[int, int], place: float, thickness: float, begin: float, length: float, soft: float) -> Alpha:
    """A level stripe about the row ``place``: sharp above and below, its ends ``soft`` pixels long."""
    y = np.abs(np.arange(shape[0], dtype=np.float32)[:, None] - np.float32(place))
    x = np.abs(np.arange(shape[1], dtype=np.float32)[None, :] - np.float32(begin + length / 2))
    across = 1 - smoothstep(y, thickness / 2 - 0.6, thickness / 2 + 0.6)
    return np.asarray(across * (1 - smoothstep(x, length / 2 - soft, length / 2 + 0.5)), np.float32)
