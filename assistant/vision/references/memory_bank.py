"""Query patches -> their nearest reference patches, in a bank of them.

The bank keeps raw tokens of every level (PatchCore, Roth et al., CVPR 2022; AnomalyDINO, Damm et al., WACV 2025); the subspace
keeps mean and principal directions of the references' tokens (SubspaceAD, 2026). What normal distances look like under this
very reference set comes from leaving one reference out (two or more), or from the one reference's own other patches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from assistant.towers.encoder import PatchFeatures
from assistant.towers.precision import best_dtype
from assistant.vision.heads import subspace_residual
from assistant.vision.localizer import FARTHEST, Localizer, Match

BLOCK = 256
"""Rows among which the best is looked for at once: maxima of blocks are cheap, places of maxima are not."""
MARGIN = 0.008
"""Twice what a cosine in bfloat16 errs by: 0.002 where the product is rounded, and about 0.0007 where the factors are."""


@dataclass(frozen=True, eq=False)
class MemoryBank:
    """Patches of a reference set.

    Args:
        tokens: raw tokens, a row and level.
        keys: unit vectors they are compared by, a level and row.
        position: centre of the patch in the picture, (row, column) in [0, 1].
        owner: reference picture each row came from.
        text: what the text expert says of it, logits; zero where it was not asked.
        statistics: (mean, standard deviation) a level of distances between normal patches.
        subspace_mean, subspace_basis: of the level-averaged tokens.
        subspace_statistics: mean and standard deviation of the references' own residual norms.
        class_tokens: unit class tokens of the reference pictures.
        class_spread: mean cosine distance of a class token to its nearest other; 0 for one reference.
    """

    tokens: Float[Tensor, "rows levels width"]
    keys: Float[Tensor, "levels rows match_width"]
    position: Float[Tensor, "rows 2"]
    owner: Int[Tensor, " rows"]
    text: Float[Tensor, " rows"]
    statistics: Float[Tensor, "levels 2"]
    subspace_mean: Float[Tensor, " width"]
    subspace_basis: Float[Tensor, "width kept"]
    subspace_statistics: Float[Tensor, " 2"]
    class_tokens: Float[Tensor, "references width"]
    class_spread: float

    @property
    def shots(self) -> int:
        """Reference pictures, augmented copies not counted."""
        return self.class_tokens.shape[0]

    def match(
        self,
        localizer: Localizer,
        features: PatchFeatures,
        window: float | None = None,
        leave_out: int | None = None,
        class_owner: Int[Tensor, " references"] | None = None,
    ) -> Match:
        """Nearest reference patches of a batch of pictures of one size.

        Args:
            localizer: whose projection the bank was made with.
            features: of the query pictures.
            window: with a fixed camera, the largest distance in position (share of the side) a match may have.
            leave_out: an owner whose patches and class tokens are not searched: how it would be judged by the others.
            class_owner: of each class token; None for one each, in their order.
        """
        barred = None
        if window is not None:
            at = positions(features.grid).to(self.position.device)
            barred = (at[:, None] - self.position).abs().amax(-1) > window
        if leave_out is not None:
            own = (self.owner == leave_out)[None]
            barred = own if barred is None else barred | own
        nearest = [self.nearest(localizer, i, tokens, barred) for i, tokens in enumerate(features.levels)]
        distance = torch.stack([d for d, _ in nearest], 1)
        index = torch.stack([i for _, i in nearest], 1)
        levels = torch.arange(len(nearest), device=index.device)[:, None]
        batch = index.shape[0]
        return Match(
            distance=distance,
            row=index,
            token=self.tokens[index, levels],
            statistics=self.statistics.expand(batch, -1, -1),
            subspace=self._subspace(features),
            class_distance=self._class_distance(features.pooled, leave_out, class_owner),
            shots=torch.full((batch,), float(self.shots), dtype=torch.float32, device=distance.device),
            text=self.text[index].mean(1),
        )

    def nearest(
        self, localizer: Localizer, level: int, tokens: Tensor, barred: Tensor | None = None
    ) -> tuple[Float[Tensor, "batch patches"], Int[Tensor, "batch patches"]]:
        """Cosine distance to, and row of, the nearest reference patch of each query patch at one level."""
        query = localizer.project_for_match(level, tokens)
        flat = query.flatten(0, 1)
        if barred is None and self.coarse is not None:
            index = self._search(flat, level).view(query.shape[:2])
        else:
            index = self._compare(query, level, barred)
        distance = (1 - (query * self.keys[level][index]).sum(-1)).clamp_min(0)
        if barred is not None:
            everything = barred.expand(*index.shape, -1).gather(-1, index[..., None])[..., 0]
            distance = distance.masked_fill(everything, FARTHEST)
        return distance, index

    @cached_property
    def whole(self) -> Float[Tensor, "levels whole_blocks match_width"]:
        """The keys, filled up to whole blocks with copies of the last row."""
        missing = -self.keys.shape[1] % BLOCK
        return torch.cat([self.keys, self.keys[:, -1:].expand(-1, missing, -1)], 1) if missing else self.keys

    @cached_property
    def coarse(self) -> Float[Tensor, "levels whole_blocks match_width"] | None:
        """Those in bfloat16, to find the blocks worth an exact look; None where that is not cheaper."""
        pays = self.whole.shape[1] > 2 * BLOCK and best_dtype("auto", self.keys.device) == torch.bfloat16
        return self.whole.bfloat16() if pays else None

    def _compare(
        self, query: Float[Tensor, "batch patches match_width"], level: int, barred: Tensor | None
    ) -> Int[Tensor, "batch patches"]:
        """Row of the largest cosine, the first of equals, all rows compared."""
        rows = self.keys.shape[1]
        similarity = query @ self.whole[level].T
        if barred is not None:
            similarity[..., :rows].masked_fill_(barred, -torch.inf)
            similarity[..., rows:] = -torch.inf
        blocks = similarity.unflatten(-1, (-1, BLOCK))
        block = blocks.amax(-1).argmax(-1)
        inside = blocks.gather(-2, block[..., None, None].expand(*block.shape, 1, BLOCK))[..., 0, :].argmax(-1)
        found: Tensor = (block * BLOCK + inside).clamp_max(rows - 1)
        return found

    def _search(self, query: Float[Tensor, "queries match_width"], level: int) -> Int[Tensor, " queries"]:
        """The same, but only blocks that may hold the row are compared: those whose best is near the best of all."""
        assert self.coarse is not None
        rough = (query.bfloat16() @ self.coarse[level].T).unflatten(-1, (-1, BLOCK)).amax(-1).float()
        worth = rough >= rough.amax(-1, keepdim=True) - MARGIN
        value = torch.full_like(rough, -torch.inf)
        row = torch.zeros_like(worth, dtype=torch.long)
        for number, keys in enumerate(self.whole[level].split(BLOCK)):
            asked = worth[:, number].nonzero()[:, 0]
            if len(asked):
                best = (query[asked] @ keys.T).max(-1)
                value[asked, number] = best.values
                row[asked, number] = best.indices + number * BLOCK
        found = row.gather(-1, value.argmax(-1, keepdim=True))[:, 0]
        return found.clamp_max(self.keys.shape[1] - 1)

    def _subspace(self, features: PatchFeatures) -> Float[Tensor, "batch patches"]:
        residual = subspace_residual(level_average(features.levels), self.subspace_mean, self.subspace_basis)
        return (residual - self.subspace_statistics[0]) / self.subspace_statistics[1]

    def _class_distance(self, pooled: Tensor, leave_out: int | None, owner: Tensor | None) -> Float[Tensor, "batch 2"]:
        similarity = F.normalize(pooled.float(), dim=-1) @ self.class_tokens.T
        if leave_out is not None:
            others = (torch.arange(self.shots) if owner is None else owner).to(similarity.device) != leave_out
            similarity = similarity[:, others] if bool(others.any()) else similarity
        nearest = 1 - similarity.amax(-1)
        return torch.stack([nearest, torch.full_like(nearest, self.class_spread)], 1)


def positions(grid: tuple[int, int]) -> Float[Tensor, "patches 2"]:
    """Centres of the patches, (row, column) in [0, 1]."""
    rows = (torch.arange(grid[0], dtype=torch.float32) + 0.5) / grid[0]
    columns = (torch.arange(grid[1], dtype=torch.float32) + 0.5) / grid[1]
    return torch.stack([rows.repeat_interleave(grid[1]), columns.repeat(grid[0])], 1)


def level_average(levels: Sequence[Float[Tensor, "batch patches width"]]) -> Float[Tensor, "batch patches width"]:
    """Mean over levels of the layer-normalised tokens."""
    return torch.stack([F.layer_norm(t.float(), t.shape[-1:]) for t in levels]).mean(0)
