"""What every medical defect family shares: trying a few places, refusing the invisible, and which pictures it suits."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from typing import Any, Generic, TypeVar

import numpy as np

from assistant.types import Domain
from data_builders.defects.painting import as_pixels, box_of, changed_mask, lab_difference
from data_builders.types import Defect, Drawn, Kind, Mask, Picture, Pixels

MEDICAL = frozenset({Domain.MEDICAL})
LEAST_AREA = 24 / 256**2
"""Smallest mask, as a share of the picture."""
LEAST_CHANGE = 6.5
"""Smallest mean CIELAB distance over the mask."""
TRIES = 5

P = TypeVar("P", bound=Drawn)


@dataclass(frozen=True, eq=False)
class Painted:
    """A picture a lesion was painted onto.

    Args:
        pixels: the whole picture, 0..255, any real type.
        region: where it may differ from the normal picture.
        solid: the lesion is one patch: its mask has no holes.
    """

    pixels: np.ndarray
    region: Mask
    solid: bool = False


class MedicalFamily(ABC, Generic[P]):
    """A family of lesions: ``draw`` chooses the parameters (a frozen dataclass), ``paint`` uses them.

    ``phantoms`` names the phantom families it makes sense on, None for all; a user's own scans always qualify.
    ``gains`` are the factors a change that is too weak is strengthened by; warps take only 1.
    """

    name: str
    type: str
    domains: frozenset[Domain] = MEDICAL
    phantoms: frozenset[str] | None = None
    gains: tuple[float, ...] = (1.0, 1.6, 2.5)

    def applies(self, picture: Picture) -> bool:
        """Medical pictures with somewhere to put a lesion."""
        if picture.domain not in self.domains or not picture.object_mask.any():
            return False
        return self.phantoms is None or picture.kind is not Kind.PHANTOM or picture.family in self.phantoms

    @abstractmethod
    def draw(self, picture: Picture, rng: np.random.Generator) -> P:
        """Choose the parameters."""

    @abstractmethod
    def paint(self, picture: Picture, parameters: P, rng: np.random.Generator) -> Painted | None:
        """Paint it once; None when the place does not suit."""

    def apply(self, picture: Picture, rng: np.random.Generator) -> Defect | None:
        """Paint one lesion; None when nothing visible came of a few tries."""
        for _ in range(TRIES):
            parameters = self.draw(picture, rng)
            painted = self.paint(picture, parameters, rng)
            if painted is None:
                continue
            for gain in self.gains:
                found = visible(picture, painted, gain)
                if found is not None:
                    pixels, mask = found
                    values = scalars(asdict(parameters))
                    return Defect(pixels, mask, self.type, self.name, values | {"gain": gain})
        return None


def visible(picture: Picture, painted: Painted, gain: float) -> tuple[Pixels, Mask] | None:
    """Pixels and mask of the change times ``gain``; None when it is too small or too weak to see."""
    base = picture.pixels.astype(np.float32)
    layer = base + np.float32(gain) * (np.asarray(painted.pixels, np.float32) - base)
    region = painted.region & picture.object_mask
    after = np.where(region[..., None], as_pixels(layer), picture.pixels)
    mask = changed_mask(picture.pixels, after, region, solid=painted.solid)
    box = box_of(mask)
    if box is None or np.count_nonzero(mask) < max(LEAST_AREA * mask.size, 10.0):
        return None
    difference = lab_difference(picture.pixels[box], after[box])
    if float(difference[mask[box]].mean()) < LEAST_CHANGE:
        return None
    _undo_specks(picture.pixels, after, mask)
    return after, mask


def _undo_specks(before: Pixels, after: Pixels, mask: Mask) -> None:
    """Take back visible changes outside the mask; what is below sight stays, so that edges fade out."""
    box = box_of((before != after).any(2) & ~mask)
    if box is not None:
        stray = (lab_difference(before[box], after[box]) > 4.0) & ~mask[box]
        after[box][stray] = before[box][stray]


def scalars(parameters: dict[str, Any]) -> dict[str, float | int | str | bool]:
    """Nested parameters in one level, numbers rounded."""
    flat: dict[str, float | int | str | bool] = {}
    for key, value in parameters.items():
        if isinstance(value, dict):
            flat |= scalars(value)
        else:
            flat[key] = round(value, 5) if isinstance(value, float) else value
    return flat
