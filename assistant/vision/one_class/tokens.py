"""What heads look at: layer-normalised tokens of the levels that are compared plainly, side by side."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from assistant.towers.encoder import PatchFeatures


def head_tokens(features: PatchFeatures, levels: Sequence[int]) -> Float[Tensor, "patches head_width"]:
    """Of one picture.

    Args:
        features: a batch of one.
        levels: positions among the tapped levels.
    """
    normed = [F.layer_norm(features.levels[i][0].float(), features.levels[i].shape[-1:]) for i in levels]
    return torch.cat(normed, -1)


def sample(tokens: Float[Tensor, "patches head_width"], most: int, number: int) -> Float[Tensor, "chosen head_width"]:
    """At most ``most`` of a picture's tokens, the same for the same ``number``."""
    if len(tokens) <= most:
        return tokens
    chosen = torch.randperm(len(tokens), generator=torch.Generator().manual_seed(number))[:most]
    return tokens[chosen.to(tokens.device)]
