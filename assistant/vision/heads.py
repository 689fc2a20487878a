"""Small heads: evidence planes -> a logit a patch, statistics of a map -> a logit a picture. They start as plain averages.

And what heads, scores and losses have in common: the mean of the top share of a map, and how a mask lies on the patches.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional as F

TOP = 0.01
"""Share of a map that its strength is told by."""


def top_count(count: int, share: float = TOP) -> int:
    """How many of ``count`` values are the top share; one at least.

    >>> top_count(576), top_count(20)
    (6, 1)
    """
    return max(1, round(count * share))


def top_mean(values: Float[Tensor, "*batch patches"], share: float = TOP) -> Float[Tensor, "*batch"]:
    """Mean of the largest values of the last axis."""
    return values.topk(top_count(values.shape[-1], share), -1).values.mean(-1)


def patch_coverage(mask: Bool[np.ndarray, "height width"], grid: tuple[int, int]) -> Float[Tensor, " patches"]:
    """Share of each patch of a grid (rows, columns) that a mask of the whole picture covers, [0, 1]; row by row."""
    plane = torch.from_numpy(mask.astype(np.float32))[None, None]
    return F.interpolate(plane, size=grid, mode="area").flatten()


class MapHead(nn.Module):
    """Evidence planes -> one logit a patch; the mean of the first ``skip`` planes is added, so it starts as plain averaging."""

    def __init__(self, planes: int, width: int, skip: int) -> None:
        super().__init__()
        self.skip = skip
        self.net = nn.Sequential(
            nn.Conv2d(planes, width, 3, padding=1, padding_mode="replicate"),
            nn.GELU(),
            nn.Conv2d(width, width, 3, padding=2, dilation=2, padding_mode="replicate"),
            nn.GELU(),
            _zeroed(nn.Conv2d(width, 1, 1)),
        )

    def forward(self, planes: Float[Tensor, "batch planes rows columns"]) -> Float[Tensor, "batch rows columns"]:
        """Logits: those of the net, on top of the mean of the planes skipped."""
        out: Tensor = self.net(planes)[:, 0]
        return out + planes[:, : self.skip].mean(1) if self.skip else out


class ImageHead(nn.Module):
    """Statistics of maps -> one logit a picture; with ``skip`` the first of them, the mean of the map's top 1 %, is added."""

    def __init__(self, features: int, width: int, skip: bool) -> None:
        super().__init__()
        self.skip = skip
        self.net = nn.Sequential(nn.Linear(features, width), nn.GELU(), nn.Dropout(0.1), _zeroed(nn.Linear(width, 1)))

    def forward(self, features: Float[Tensor, "batch features"]) -> Float[Tensor, " batch"]:
        """Logits; they start at the skip, or at "does not know"."""
        out: Tensor = self.net(features / 4)[:, 0]
        return features[:, 0] + out if self.skip else out


def _zeroed(layer: nn.Conv2d | nn.Linear) -> nn.Module:
    """The layer with weights and bias at zero: what it ends adds nothing at first."""
    nn.init.zeros_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


def subspace_residual(
    tokens: Float[Tensor, "batch patches width"], mean: Float[Tensor, " width"], basis: Float[Tensor, "width kept"]
) -> Float[Tensor, "batch patches"]:
    """Norm of what the subspace does not explain."""
    centred = tokens - mean
    inside = centred @ basis
    return (centred.square().sum(-1) - inside.square().sum(-1)).clamp_min(0).sqrt()
