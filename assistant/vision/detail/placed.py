"""Where in the picture the tokens of normal tiles lie: under a fixed camera a patch is compared with those around its own place.

Of each part of the picture a few tokens are kept (a greedy coreset, as that of PatchCore; Roth et al., CVPR 2022), each the mean
of those it stands for: what an even surface has there becomes one mean, a thing that lies there alone stays apart. How far a
patch is from the nearest of them counts in units of how far normal patches are (Mahalanobis, over the differences).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from assistant.errors import ProfileError

MOST_ROWS = 8192
"""Tokens kept of a scale, the same number of each part of the picture."""


@dataclass(frozen=True, eq=False)
class PlacedTokens:
    """Tokens of normal tiles of one scale, and where they lie.

    Args:
        tokens: a row and level.
        position: of each row, (row, column) in [0, 1] of the picture.
        whiten: lower triangles that make differences of normal tokens even.
        window: farthest that a patch may lie from what it is compared with, share of a side.
    """

    tokens: Float[Tensor, "rows levels width"]
    position: Float[Tensor, "rows 2"]
    whiten: Float[Tensor, "levels width width"]
    window: float

    @classmethod
    def of(
        cls, tiles: Sequence[tuple[Float[Tensor, "levels _ width"], Float[Tensor, "_ 2"]]], window: float
    ) -> PlacedTokens:
        """Kept tokens of some tiles, not whitened.

        Args:
            tiles: tokens and positions of each, at least one.
            window: share of a side; also the side of the parts that keep the same number each.
        """
        side = math.ceil(1 / window)
        parts = [((at * side).long().clamp_max(side - 1) * at.new_tensor([side, 1])).sum(1).long() for _, at in tiles]
        occupied = torch.cat(parts).unique()
        rows, places = [], []
        for part in occupied:
            inside = [(t[:, own == part], at[own == part]) for (t, at), own in zip(tiles, parts, strict=True)]
            tokens = torch.cat([t for t, _ in inside], 1).float()
            kept, position = _centres(tokens, torch.cat([at for _, at in inside]), max(1, MOST_ROWS // len(occupied)))
            rows.append(kept)
            places.append(position)
        levels, width = tiles[0][0].shape[0], tiles[0][0].shape[2]
        unit = torch.eye(width, device=occupied.device).expand(levels, -1, -1)
        return cls(torch.cat(rows), torch.cat(places), unit, window)

    def away(
        self, tokens: Float[Tensor, "levels patches width"], at: Float[Tensor, "patches 2"]
    ) -> Float[Tensor, "levels patches width"]:
        """Differences from the nearest kept token around each patch's place, a level."""
        nearest = self._compared(tokens, at)[1]
        kept = self.tokens.transpose(0, 1)
        return tokens.float() - torch.stack([one[rows] for one, rows in zip(kept, nearest, strict=True)]).float()

    def distances(
        self, tokens: Float[Tensor, "levels patches width"], at: Float[Tensor, "patches 2"]
    ) -> Float[Tensor, "levels patches"]:
        """Mahalanobis distance of each patch from the nearest kept token around its place, a level.

        Args:
            tokens: of a tile.
            at: (row, column) of each patch in [0, 1] of the picture.
        """
        return self._compared(tokens, at)[0]

    def to(self, device: torch.device) -> PlacedTokens:
        """The same tokens on another device."""
        return PlacedTokens(self.tokens.to(device), self.position.to(device), self.whiten.to(device), self.window)

    def tensors(self) -> dict[str, Tensor]:
        """What :meth:`read` takes beside the window."""
        return {f"placed.{name}": getattr(self, name) for name in ("tokens", "position", "whiten")}

    @classmethod
    def read(cls, window: float, tensors: Mapping[str, Tensor], shape: Sequence[int]) -> PlacedTokens:
        """As it was written.

        Args:
            window: of before.
            tensors: by name.
            shape: (levels, width, width) of the spread of the same tokens.

        Raises:
            KeyError, ProfileError: something else.
        """
        tokens, position, whiten = (tensors[f"placed.{name}"].float() for name in ("tokens", "position", "whiten"))
        rows, (levels, width, _) = len(tokens), shape
        fits = (
            rows > 0
            and tokens.shape == (rows, levels, width)
            and position.shape == (rows, 2)
            and whiten.shape == (levels, width, width)
            and 0 < window <= 1
            and bool(((position >= 0) & (position <= 1)).all())
        )
        if not fits:
            raise ProfileError("tokens of tiles with their places", "others that do not fit", "build the profile again")
        return cls(tokens, position, whiten, window)

    @cached_property
    def keys(self) -> Float[Tensor, "levels rows width"]:
        """The kept tokens, whitened."""
        return self.tokens.float().transpose(0, 1) @ self.whiten.transpose(1, 2)

    def _compared(
        self, tokens: Float[Tensor, "levels patches width"], at: Float[Tensor, "patches 2"]
    ) -> tuple[Float[Tensor, "levels patches"], Int[Tensor, "levels patches"]]:
        """Distance and row of the nearest kept token around each patch's place; of all where none lies there."""
        near = self._around(at)
        rows = near.any(0).nonzero()[:, 0]
        barred, asked = ~near[:, rows], tokens.float() @ self.whiten.transpose(1, 2)
        found = [
            torch.cdist(query, keys[rows]).masked_fill_(barred, torch.inf).min(1)
            for query, keys in zip(asked, self.keys, strict=True)
        ]
        return torch.stack([one.values for one in found]), rows[torch.stack([one.indices for one in found])]

    def _around(self, at: Float[Tensor, "patches 2"]) -> Bool[Tensor, "patches rows"]:
        near = (at[:, None] - self.position).abs().amax(-1) <= self.window
        return near | ~near.any(1, keepdim=True)


def _centres(
    tokens: Float[Tensor, "levels patches width"], position: Float[Tensor, "patches 2"], count: int
) -> tuple[Float[Tensor, "rows levels width"], Float[Tensor, "rows 2"]]:
    """So many tokens that are far from each other, the first near the middle, each the mean of those nearest to it."""
    apart = tokens.transpose(0, 1).contiguous()
    if len(apart) <= count:
        return apart, position
    flat = apart.flatten(1)
    chosen = [int((flat - flat.mean(0)).square().sum(1).argmin())]
    distance = (flat - flat[chosen[0]]).square().sum(1)
    while len(chosen) < count:
        chosen.append(int(distance.argmax()))
        distance = torch.minimum(distance, (flat - flat[chosen[-1]]).square().sum(1))
    nearest = torch.cdist(flat, flat[chosen]).argmin(1)
    seen = torch.bincount(nearest, minlength=count)
    sums = flat.new_zeros(count, flat.shape[1]).index_add_(0, nearest, flat)
    places = position.new_zeros(count, 2).index_add_(0, nearest, position)
    there = seen > 0  # tokens all alike leave fewer
    means = (sums[there] / seen[there, None]).unflatten(1, apart.shape[1:])
    return means, places[there] / seen[there, None]
