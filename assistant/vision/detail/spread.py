"""How the tokens of normal tiles are spread: a Gaussian a level, and how far a token lies from its middle (Mahalanobis).

As PaDiM (Defard et al., ICPR 2021), with one Gaussian for all places, since an even surface has none. Measured on rough surfaces
it tells marks of two patches from grain far better than the nearest of kept patches does: the grain varies in few directions,
and what a mark changes lies mostly outside them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from assistant.vision.localizer import Localizer

SHRINK = 0.4
"""Share of the covariance that is taken as even over all directions: this times numbers of a token, a token seen."""
LEAST_SHRINK, MOST_SHRINK = 0.002, 0.5
LEAST_VARIANCE = 1e-4
"""Of each direction; tokens have a variance of 1."""


@dataclass(frozen=True, eq=False)
class TokenSums:
    """What spreads are made of; sums of two sets of tokens are those of both.

    Args:
        count: tokens.
        total: their sum, a level.
        outer: sum of their outer products, a level.
    """

    count: int
    total: Float[Tensor, "levels width"]
    outer: Float[Tensor, "levels width width"]

    @classmethod
    def of(cls, tokens: Float[Tensor, "levels rows width"]) -> TokenSums:
        """Of some tokens."""
        wide = tokens.float()
        return cls(tokens.shape[1], wide.sum(1).double(), (wide.transpose(1, 2) @ wide).double())

    @classmethod
    def of_all(cls, each: Iterable[TokenSums]) -> TokenSums:
        """Of several sets, at least one."""
        first, *rest = each
        for one in rest:
            first = cls(first.count + one.count, first.total + one.total, first.outer + one.outer)
        return first

    def without(self, some: TokenSums) -> TokenSums:
        """Of all but some of these tokens."""
        return TokenSums(self.count - some.count, self.total - some.total, self.outer - some.outer)

    def spread(self) -> TokenSpread:
        """Mean and covariance, shrunk towards an even one where tokens are few (Ledoit and Wolf, 2004, with a rule of thumb)."""
        mean, width = self.total / self.count, self.total.shape[-1]
        covariance = self.outer / self.count - mean[:, :, None] * mean[:, None]
        even = covariance.diagonal(dim1=1, dim2=2).mean(-1).clamp_min(0)[:, None, None]
        share = min(MOST_SHRINK, max(LEAST_SHRINK, SHRINK * width / self.count))
        unit = torch.eye(width, dtype=covariance.dtype, device=covariance.device)
        shrunk = (1 - share) * covariance + (share * even + LEAST_VARIANCE) * unit
        return TokenSpread(mean.float(), torch.linalg.inv(torch.linalg.cholesky(shrunk)).float())


@dataclass(frozen=True, eq=False)
class TokenSpread:
    """A Gaussian a level.

    Args:
        mean: of the tokens.
        whiten: lower triangles that make their spread even.
    """

    mean: Float[Tensor, "levels width"]
    whiten: Float[Tensor, "levels width width"]

    def distances(self, tokens: Float[Tensor, "levels patches width"]) -> Float[Tensor, "levels patches"]:
        """Mahalanobis distance of each token, a level."""
        away = tokens.float() - self.mean[:, None]
        found: Tensor = (away @ self.whiten.transpose(1, 2)).norm(dim=-1)
        return found


def tile_tokens(
    localizer: Localizer, levels: Sequence[Float[Tensor, "1 patches width"]]
) -> Float[Tensor, "plain_levels patches width"]:
    """What the patches of a tile are judged by: layer-normalised tokens of the levels that are compared plainly."""
    return torch.stack([F.layer_norm(levels[i][0].float(), levels[i].shape[-1:]) for i in localizer.plain])
