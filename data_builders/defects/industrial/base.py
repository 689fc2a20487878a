"""What every industrial defect family shares: drawing parameters, trying a few places, and refusing the invisible."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from typing import Any, Generic, TypeVar

import numpy as np

from assistant.types import Domain
from data_builders.defects.painting import as_pixels, box_of, changed_mask, lab_difference, local_statistics
from data_builders.types import Defect, Drawn, Kind, Mask, Parameters, Picture, Pixels

INDUSTRIAL = frozenset({Domain.INDUSTRIAL})
LEAST_AREA = 30 / 256**2
"""Smallest mask, as a share of the picture."""
LEAST_CHANGE = 7.0
"""Smallest mean CIELAB distance over the mask on a plain surface."""
CHANGE_PER_TEXTURE = 0.14
"""What each grey level of the place's texture adds to it: a rough place hides more."""
TRIES = 4

P = TypeVar("P", bound=Drawn)


@dataclass(frozen=True, eq=False)
class Painted:
    """A picture a defect was painted onto.

    Args:
        pixels: the whole picture, 0..255, any real type.
        region: where it may differ from the normal picture.
        solid: the region is one patch of replaced texture: its mask has no holes.
        type: type of this very defect where it is not the family's.
        as_is: a change of shape, which is refused where it is too weak: more contrast would leave halos.
    """

    pixels: np.ndarray
    region: Mask
    solid: bool = False
    type: str | None = None
    as_is: bool = False


class IndustrialFamily(ABC, Generic[P]):
    """A defect family: ``draw`` chooses the parameters (a frozen dataclass of JSON scalars), ``paint`` uses them."""

    name: str
    type: str
    domains: frozenset[Domain] = INDUSTRIAL

    def applies(self, picture: Picture) -> bool:
        """Surfaces and objects of industry."""
        return picture.domain in self.domains and picture.kind is not Kind.PHANTOM

    @abstractmethod
    def draw(self, picture: Picture, rng: np.random.Generator) -> P:
        """Choose the parameters."""

    @abstractmethod
    def paint(self, picture: Picture, parameters: P, rng: np.random.Generator) -> Painted | None:
        """Paint it once; None when the place does not suit."""

    def apply(self, picture: Picture, rng: np.random.Generator) -> Defect | None:
        """Paint one defect; None when nothing visible came of a few tries."""
        for _ in range(TRIES):
            parameters = self.draw(picture, rng)
            painted = self.paint(picture, parameters, rng)
            if painted is None:
                continue
            defect = finish(picture, painted, painted.type or self.type, self.name, asdict(parameters))
            if defect is not None:
                return defect
        return None


def finish(
    picture: Picture, painted: Painted, type_name: str, family: str, parameters: dict[str, Any]
) -> Defect | None:
    """The defect with its mask; what changed below sight outside the mask is kept, beyond the region it is undone.

    A change that is there but too weak is strengthened up to threefold, never past what the picture's range allows;
    one of shape is not.
    """
    wanted = max(LEAST_AREA * picture.object_mask.size, 12.0)
    layer = np.asarray(painted.pixels, np.float32)
    for gain in (1.0,) if painted.as_is else (1.0, 1.7, 3.0):
        if gain > 1:
            base = np.asarray(picture.pixels, np.float32)
            layer = base + np.float32(gain) * (np.asarray(painted.pixels, np.float32) - base)
        after = np.where(painted.region[..., None], as_pixels(layer), picture.pixels)
        mask = changed_mask(picture.pixels, after, painted.region, solid=painted.solid)
        if np.count_nonzero(mask) >= wanted and mean_change(picture.pixels, after, mask) >= _least_change(
            picture, mask
        ):
            pixels = _undo_specks(picture.pixels, after, mask)
            return Defect(pixels, mask, type_name, family, _scalars(parameters) | {"gain": gain})
    return None


def _least_change(picture: Picture, mask: Mask) -> float:
    """Mean CIELAB distance that a person would notice at this place."""
    box = box_of(mask, 8)
    around = np.zeros(mask.shape, bool)
    if box is not None:
        around[box] = True
    texture = local_statistics(picture.pixels, around & picture.object_mask).texture
    return LEAST_CHANGE + CHANGE_PER_TEXTURE * min(texture, 45.0)


def mean_change(before: Pixels, after: Pixels, mask: Mask) -> float:
    """Mean CIELAB distance over ``mask``; 0 when it is empty."""
    box = box_of(mask)
    if box is None:
        return 0.0
    return float(lab_difference(before[box], after[box])[mask[box]].mean())


def _undo_specks(before: Pixels, after: Pixels, mask: Mask) -> Pixels:
    changed = (before != after).any(2) & ~mask
    box = box_of(changed)
    if box is None:
        return after
    visible = changed[box] & (lab_difference(before[box], after[box]) > 4.0)
    after[box][visible] = before[box][visible]
    return after


def _scalars(parameters: dict[str, Any]) -> dict[str, float | int | str | bool]:
    return {k: round(v, 5) if isinstance(v, float) else v for k, v in parameters.items()}


__all__ = ["IndustrialFamily", "Painted", "Parameters", "finish", "mean_change"]
