"""Tiles of normal pictures, each judged by the others: by how their tokens are spread, and under a fixed camera by place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor

from assistant.vision.anomaly_map import BLUR
from assistant.vision.detail.placed import PlacedTokens
from assistant.vision.detail.spread import TokenSpread, TokenSums
from assistant.vision.detail.tiles import Lattice, Tile

FOLDS = 4
"""Parts that the tiles of one picture are left out in; those of several references are left out a picture at a time."""


@dataclass(frozen=True, eq=False)
class SeenTile:
    """A tile of a reference: its picture, where it lies, and its tokens in half precision."""

    owner: int
    lattice: Lattice
    tile: Tile
    tokens: Float[Tensor, "levels patches width"]

    @property
    def places(self) -> Float[Tensor, "patches 2"]:
        """Of its patches, (row, column) in [0, 1] of the picture."""
        return torch.from_numpy(self.lattice.places(self.tile)).to(self.tokens.device)


Distances = list[Float32[np.ndarray, "levels tile_rows tile_columns"]]
"""Of the patches of each tile."""
Judged = tuple[TokenSpread, Distances]
"""The spread of tiles, and the distances of each."""


def smooth(
    distances: Float[Tensor, "levels patches"], tile: Tile
) -> Float32[np.ndarray, "levels tile_rows tile_columns"]:
    """Distances of a tile's patches as maps, blurred as the overview's is."""
    planes = distances.cpu().numpy().reshape(-1, tile.rows, tile.columns).astype(np.float32)
    return np.stack([cv2.GaussianBlur(p, (0, 0), BLUR, borderType=cv2.BORDER_REPLICATE) for p in planes])


def judged_by_others(tiles: Sequence[SeenTile]) -> Judged:
    """The spread of all tiles of a scale, and the distances of each under that of the others."""
    alone = len({one.owner for one in tiles}) == 1
    folds = [number % FOLDS if alone else one.owner for number, one in enumerate(tiles)]
    parts = {
        fold: TokenSums.of_all(TokenSums.of(one.tokens) for one, own in zip(tiles, folds, strict=True) if own == fold)
        for fold in dict.fromkeys(folds)
    }
    total = TokenSums.of_all(parts.values())
    others = {fold: total.without(part).spread() for fold, part in parts.items() if len(parts) > 1}
    whole = total.spread()
    return whole, [
        smooth(others.get(fold, whole).distances(one.tokens), one.tile) for one, fold in zip(tiles, folds, strict=True)
    ]


def placed_by_others(tiles: Sequence[SeenTile], window: float) -> tuple[PlacedTokens, Distances] | None:
    """Tokens of all tiles of a scale with their places, and the distances of each tile from those of the others.

    None of a single tile. Many pictures are left out in :data:`FOLDS` parts.
    """
    alone = len({one.owner for one in tiles}) == 1
    folds = [(number if alone else one.owner) % FOLDS for number, one in enumerate(tiles)]
    if len(set(folds)) == 1:
        return None

    def kept(without: int | None = None) -> PlacedTokens:
        return PlacedTokens.of(
            [(one.tokens, one.places) for one, f in zip(tiles, folds, strict=True) if f != without], window
        )

    others = {fold: kept(fold) for fold in sorted(set(folds))}
    away = (TokenSums.of(others[f].away(one.tokens, one.places)) for one, f in zip(tiles, folds, strict=True))
    whiten = TokenSums.of_all(away).spread().whiten
    even = {fold: replace(one, whiten=whiten) for fold, one in others.items()}
    distances = [
        smooth(even[f].distances(one.tokens, one.places), one.tile) for one, f in zip(tiles, folds, strict=True)
    ]
    return replace(kept(), whiten=whiten), distances
