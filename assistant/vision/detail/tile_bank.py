"""Normal tiles of one scale: how their tokens and blocks are spread, and how far normal tiles reach.

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
from jaxtyping import Float, Float32
from torch import Tensor

from assistant.errors import ProfileError
from assistant.vision.detail.placed import PlacedTokens
from assistant.vision.detail.spread import TokenSpread

LEAST_SCALE = 0.02
"""Of tails, as a share of their start: tiles all alike leave no room for noise."""
SURE_SHARE = 0.85
"""Share of the tiles of a picture that are taken for normal where nobody says that all of them are."""
MANY = 32
"""Tiles whose highest quarter is enough for a tail."""
SHALLOWEST = 2.0
"""Weight of the shallowest level: small things change it most."""


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

        Of many normal tiles the highest quarter tells it: maxima fall off faster the higher they are. Of few it is what lies
        above the median. Where the highest may hold marks, what lies above :data:`SURE_SHARE` of the maxima counts as being
        just there (the likeliest scale of censored exponentials).

        Args:
            maxima: one a tile, at least one.
            sure: whether all tiles are normal.
        """
        values = np.asarray(maxima, np.float64)
        middle, quarter, end = (float(v) for v in np.quantile(values, (0.5, 0.75, SURE_SHARE)))
        least = max(LEAST_SCALE * abs(middle), 1e-6)
        if sure and values.size >= MANY:
            return cls(quarter, max(least, float((values[values >= quarter] - quarter).mean())), 0.25)
        above = values[values > middle] - middle
        seen = above if sure else np.minimum(above, end - middle)
        counted = above.size if sure else int((above <= end - middle).sum())
        return cls(middle, max(least, float(seen.sum() / max(1, counted))), 0.5)

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
    """How the tokens of normal tiles of one scale are spread, with the tails of those tiles, each judged without itself.

    Args:
        cell: side of a patch, source pixels.
        spread: of the tokens.
        levels: tail of the distances of each level.
        blocks: tail of how unusual blocks are.
        both: tail of the sum of all these (:meth:`evidence`).
        usual: distance of a common patch of a normal tile at the shallowest level, judged without its picture; of profiles
            that do not tell it, that of a token of the Gaussian itself, which is no less.
        placed: tokens with their places, which patches are compared with under a fixed camera; None compares them with the
            spread, wherever they lie.
    """

    cell: int
    spread: TokenSpread
    levels: tuple[Tail, ...]
    blocks: Tail
    both: Tail
    usual: float
    placed: PlacedTokens | None = None

    def distances(
        self, tokens: Float[Tensor, "levels patches width"], places: Float32[np.ndarray, "patches 2"]
    ) -> Float[Tensor, "levels patches"]:
        """How far the patches of a tile are from normal ones; under a fixed camera from those around their places.

        Args:
            tokens: of the tile.
            places: of each patch, (row, column) in [0, 1] of the picture.
        """
        if self.placed is None:
            return self.spread.distances(tokens)
        return self.placed.distances(tokens, torch.from_numpy(places).to(tokens.device))

    def heard(self, distances: Float32[np.ndarray, "levels rows columns"]) -> Float32[np.ndarray, "rows columns"]:
        """Distances of patches as one number, the sum of what each level says in units of its own tail."""
        return heard(self.levels, distances)

    def evidence(
        self, patches: Float32[np.ndarray, "*cells"], blocks: Float32[np.ndarray, "*cells"]
    ) -> Float32[np.ndarray, "*cells"]:
        """What patches (:meth:`heard`) and blocks say joined; minus infinity where no patch was looked at."""
        return evidence(patches, self.blocks, blocks)

    def to(self, device: torch.device) -> TileBank:
        """The same bank with every tensor on another device."""
        placed = None if self.placed is None else self.placed.to(device)
        spread = TokenSpread(self.spread.mean.to(device), self.spread.whiten.to(device))
        return replace(self, spread=spread, placed=placed)

    def tensors(self) -> dict[str, Tensor]:
        """What :meth:`read` takes beside what :meth:`as_json` told."""
        placed = {} if self.placed is None else self.placed.tensors()
        return {"mean": self.spread.mean, "whiten": self.spread.whiten, **placed}

    def as_json(self) -> dict[str, Any]:
        """What is no tensor."""
        levels = [asdict(tail) for tail in self.levels]
        return {
            "cell": self.cell, "levels": levels, "blocks": asdict(self.blocks), "both": asdict(self.both),
            "usual": self.usual, **({} if self.placed is None else {"window": self.placed.window}),
        }  # fmt: skip

    @classmethod
    def read(cls, told: dict[str, Any], tensors: dict[str, Tensor]) -> TileBank:
        """Of what :meth:`as_json` told and its tensors.

        Raises:
            KeyError, TypeError, ValueError, ProfileError: something else.
        """
        mean, whiten = tensors["mean"], tensors["whiten"]
        levels = tuple(_tail(one) for one in told["levels"])
        fits = mean.ndim == 2 and whiten.shape == (*mean.shape, mean.shape[-1]) and len(mean) == len(levels) > 0
        if not fits or int(told["cell"]) < 1:
            raise ProfileError("spreads of the tokens of tiles", "tensors that do not fit", "build the profile again")
        usual = float(told.get("usual", math.sqrt(mean.shape[-1])))
        if not math.isfinite(usual) or usual <= 0:
            raise ProfileError("a positive distance of common patches", f"{usual}", "build the profile again")
        spread = TokenSpread(mean.float(), whiten.float())
        placed = PlacedTokens.read(float(told["window"]), tensors, whiten.shape) if "window" in told else None
        return cls(int(told["cell"]), spread, levels, _tail(told["blocks"]), _tail(told["both"]), usual, placed)


def heard(
    tails: Sequence[Tail], distances: Float32[np.ndarray, "levels rows columns"]
) -> Float32[np.ndarray, "rows columns"]:
    """The distances of several levels in units of their tails, summed: the shallowest counts :data:`SHALLOWEST` times.

    Deeper levels say no more than it does: a mark changes all levels, but deep ones also at patches far from it.
    """
    first, *deeper = (tail.above(plane) for tail, plane in zip(tails, distances, strict=True))
    return np.asarray(SHALLOWEST * first + sum(np.minimum(one, first) for one in deeper), np.float32)


def evidence(patches: np.ndarray, tail: Tail, blocks: np.ndarray) -> Float32[np.ndarray, "*cells"]:
    """What is heard of patches, and how unusual blocks are in units of their tail, summed."""
    return np.asarray(np.where(np.isfinite(patches), patches + tail.above(blocks), -np.inf), np.float32)


def _tail(told: dict[str, Any]) -> Tail:
    return Tail(**{name: float(value) for name, value in told.items()})
