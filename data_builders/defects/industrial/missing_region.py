"""Missing region: an end or a protruding bit of the object is not there, and the background shows in its place."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np

from data_builders.defects.industrial.base import IndustrialFamily, Painted
from data_builders.defects.industrial.whole import (
    axes,
    cleared,
    frame_of,
    largest,
    one_specimen,
    stands_free,
)
from data_builders.types import Mask, Picture

LEAST, MOST = 0.015, 0.4
"""Shares of the object that may be missing."""


@dataclass(frozen=True)
class MissingRegionParameters:
    """``form`` is limb, end or notch; ``share`` of the object that is meant to go; ``direction`` in radians."""

    form: str
    share: float
    direction: float


class MissingRegion(IndustrialFamily[MissingRegionParameters]):
    """A limb broken off at its root, an end cut off straight, or a notch with straight sides."""

    name = "missing region"
    type = "missing part"

    def applies(self, picture: Picture) -> bool:
        return super().applies(picture) and stands_free(picture)

    def draw(self, picture: Picture, rng: np.random.Generator) -> MissingRegionParameters:
        return MissingRegionParameters(
            form=str(rng.choice(["limb", "end", "notch"], p=[0.5, 0.25, 0.25])),
            share=float(rng.uniform(0.03, 0.3)),
            direction=float(rng.uniform(0, 2 * math.pi)),
        )

    def paint(self, picture: Picture, parameters: MissingRegionParameters, rng: np.random.Generator) -> Painted | None:
        p, mask = parameters, one_specimen(picture.object_mask, rng)
        found = limbs(mask) if p.form == "limb" else []
        gone = found[int(rng.integers(len(found)))] if found else _cut(mask, p)
        share = float(np.count_nonzero(gone)) / max(1.0, float(np.count_nonzero(mask)))
        if not LEAST <= share <= MOST:
            return None
        return Painted(cleared(picture, gone), np.ones(mask.shape, bool), solid=True, as_is=True)


def limbs(mask: Mask) -> list[Mask]:
    """Protruding bits: what an opening of the silhouette takes away, at the scale that gives the most of them."""
    best: list[Mask] = []
    size = math.sqrt(float(np.count_nonzero(mask)))
    for share in (0.12, 0.22, 0.35):
        side = 2 * max(1, round(share * size / 2)) + 1
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
        opened = np.asarray(cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, kernel)).astype(bool)
        if not opened.any():
            continue
        count, labels, stats, _ = cv2.connectedComponentsWithStats((mask & ~opened).astype(np.uint8), connectivity=4)
        least = LEAST * np.count_nonzero(mask)
        found = [np.asarray(labels == i, bool) for i in range(1, count) if stats[i, cv2.CC_STAT_AREA] >= least]
        if len(found) > len(best):
            best = found
    return best


def _cut(mask: Mask, p: MissingRegionParameters) -> Mask:
    """The end beyond a straight line, or the part of it within a band, that holds the wished share of the object."""
    frame = frame_of(mask)
    angle = frame.angle if frame.length > 1.8 * frame.width else p.direction
    along, across = axes(mask, replace(frame, angle=angle + (math.pi if math.cos(p.direction) < 0 else 0)))
    share = p.share
    allowed = mask
    if p.form == "notch":
        low, high = np.quantile(across[mask], [0.5 - 0.9 * p.share, 0.5 + 0.9 * p.share])
        aside = 0.3 * frame.width * math.sin(9 * p.direction)
        allowed = np.asarray(mask & (across >= low + aside) & (across <= high + aside), bool)
        share = 0.3 + p.share
    if not allowed.any():
        return allowed
    return largest(np.asarray(allowed & (along > np.quantile(along[allowed], 1 - share)), bool))
