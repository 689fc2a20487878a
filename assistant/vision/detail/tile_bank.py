"""Normal tiles of one scale: what their patches and blocks look like, and how far normal tiles reach.

A patch is as anomalous as it is far from the nearest patch of the bank (PatchCore, Roth et al., CVPR 2022, on several levels).
The highest of many tiles is higher than of one: the limit of a picture follows from the tail of the tiles' maxima and from how
many tiles the picture has (block maxima; Coles, "An Introduction to Statistical Modeling of Extreme Values", 2001).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, Int
from torch import Tensor

from assistant.errors import ProfileError
from assistant.vision.localizer import FARTHEST, Localizer

LEAST_SCALE = 0.02
"""Of tails, as a share of their start: tiles all alike leave no room for noise."""

MANY = 32
"""Tiles whose highest quarter is enough for a tail."""


@dataclass(frozen=True)
class Tail:
    """How high normal tiles reach: a share of their maxima lies above ``start``, and those fall off exponentially.

    Args:
        start: quantile of the maxima.
        scale: mean height above it of those that are above it; positive.
        share: of the maxima that is above it, (0, 1).
    """

    start: float
    scale: float
    share: float = 0.5

    def __post_init__(self) -> None:
        fits = math.isfinite(self.start) and math.isfinite(self.scale) and self.scale > 0 and 0 < self.share < 1
        if not fits:
            got = f"{self.start}, {self.scale} and {self.share}"
            raise ProfileError("a start, a positive scale and a share of normal tiles", got, "build the profile again")

    @classmethod
    def of(cls, maxima: Sequence[float], *, sure: bool) -> Tail:
        """The tail of tiles' maxima.

        Of many normal tiles the highest quarter tells it: maxima fall off faster the higher they are. Of few, or where the
        highest quarter may hold marks, it is what lies between the median and that.

        Args:
            maxima: one a tile, at least one.
            sure: whether all tiles are normal.
        """
        values = np.asarray(maxima, np.float64)
        middle, quarter = (float(v) for v in np.quantile(values, (0.5, 0.75)))
        least = max(LEAST_SCALE * abs(middle), 1e-6)
        if sure and values.size >= MANY:
            return cls(quarter, max(least, float((values[values >= quarter] - quarter).mean())), 0.25)
        above = values[values > middle] - middle
        told = above.mean() if sure and above.size else (quarter - middle) / math.log(2)
        return cls(middle, max(least, float(told)), 0.5)

    def limit(self, tiles: int, overkill: float) -> float:
        """Value that the highest of ``tiles`` normal tiles exceeds with probability ``overkill`` at most."""
        return self.start + self.scale * math.log(max(1.0, tiles * self.share / overkill))

    def above(self, values: Float32[np.ndarray, "*cells"]) -> Float32[np.ndarray, "*cells"]:
        """By how many scales values exceed what most tiles stay below, from one scale below that on; else 0."""
        return np.asarray(np.maximum(0, (values - np.float32(self.start)) / np.float32(self.scale) + 1), np.float32)

    def log_odds(
        self, values: Float32[np.ndarray, "*cells"], tiles: int, overkill: float
    ) -> Float32[np.ndarray, "*cells"]:
        """Values as calibrated log-odds: zero at the limit, one more where normal tiles are e times rarer."""
        return np.asarray((values - np.float32(self.limit(tiles, overkill))) / np.float32(self.scale), np.float32)


@dataclass(frozen=True, eq=False)
class TileBank:
    """Patches of normal tiles of one scale, with the tails of those tiles, each judged by the others.

    Args:
        cell: side of a patch, source pixels.
        keys: unit vectors that patches are compared by, a level and row.
        owner: picture each row came from.
        place: centre of the patch there, (row, column), source pixels.
        patches: tail of the distances of patches.
        blocks: tail of how unusual blocks are.
        both: tail of the sum of the two (:meth:`evidence`).
    """

    cell: int
    keys: Float[Tensor, "levels rows match_width"]
    owner: Int[Tensor, " rows"]
    place: Float[Tensor, "rows 2"]
    patches: Tail
    blocks: Tail
    both: Tail

    def evidence(
        self, patches: Float32[np.ndarray, "*cells"], blocks: Float32[np.ndarray, "*cells"]
    ) -> Float32[np.ndarray, "*cells"]:
        """Distances of patches and unusual blocks joined: the sum of what each says in units of its own tail."""
        return evidence(self.patches, self.blocks, patches, blocks)

    def to(self, device: torch.device) -> TileBank:
        """The same bank with every tensor on another device."""
        return replace(self, **{name: getattr(self, name).to(device) for name in TENSORS})

    def as_json(self) -> dict[str, Any]:
        """What is no tensor."""
        return {"cell": self.cell, **{name: asdict(getattr(self, name)) for name in TAILS}}

    @classmethod
    def read(cls, told: dict[str, Any], tensors: dict[str, Tensor]) -> TileBank:
        """Of what :meth:`as_json` told and its tensors.

        Raises:
            KeyError, TypeError, ValueError, ProfileError: something else.
        """
        tails = {name: Tail(**{k: float(v) for k, v in told[name].items()}) for name in TAILS}
        keys, owner, place = (tensors[name] for name in TENSORS)
        rows = keys.shape[1] if keys.ndim == 3 else -1
        if rows < 1 or owner.shape != (rows,) or place.shape != (rows, 2) or int(told["cell"]) < 1:
            raise ProfileError("patches of tiles with owner and place", "tensors that do not fit", "build it again")
        return cls(int(told["cell"]), keys.float(), owner, place.float(), **tails)


TAILS = ("patches", "blocks", "both")
TENSORS = ("keys", "owner", "place")


def evidence(first: Tail, second: Tail, patches: np.ndarray, blocks: np.ndarray) -> Float32[np.ndarray, "*cells"]:
    """The sum of two kinds of values, each in units of its tail; minus infinity where no patch was looked at."""
    return np.asarray(np.where(np.isfinite(patches), first.above(patches) + second.above(blocks), -np.inf), np.float32)


def nearest_distance(
    bank: Float[Tensor, "levels rows match_width"],
    keys: Float[Tensor, "levels patches match_width"],
    barred: Bool[Tensor, "*patches rows"] | None = None,
) -> Float[Tensor, " patches"]:
    """Mean over the levels of the cosine distance to the nearest row of a bank.

    Args:
        bank: unit vectors of normal patches.
        keys: those of the patches asked about.
        barred: rows that are not compared with, of all patches or a patch.
    """
    total = keys.new_zeros(keys.shape[1])
    for level, rows in enumerate(bank):
        similarity = keys[level] @ rows.T
        if barred is not None:
            similarity.masked_fill_(barred, 1 - FARTHEST)
        total += similarity.amax(-1)
    return (1 - total / len(bank)).clamp_min(0)


def tile_keys(
    localizer: Localizer, levels: Sequence[Float[Tensor, "1 patches width"]]
) -> Float[Tensor, "plain_levels patches match_width"]:
    """What the patches of a tile are compared by: their keys at the levels that are compared plainly."""
    return torch.stack([localizer.project_for_match(i, levels[i][0]) for i in localizer.plain])
