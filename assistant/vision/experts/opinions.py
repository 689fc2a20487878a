"""What each expert says of a picture: a logit a patch and a logit a picture, side by side.

Text alone knows products it has seen the like of; what it says of a reference, which is normal, it would say of any normal
picture. So it speaks a second time with that taken away: of each patch, less what it says of the nearest reference patch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from assistant.vision.heads import top_mean
from assistant.vision.localizer import Localizer, Logits, Match

PLAIN_GAIN = 20.0
"""Logits per unit of cosine distance."""
EXPERTS = ("text", "explained", "plain", "reference")
"""Text alone, text explained away, plain distance to the nearest reference patch, the trained reference expert."""


@dataclass(frozen=True, eq=False)
class Opinions:
    """Logits of every expert (:data:`EXPERTS`), on scales of their own.

    Args:
        maps: a logit a patch.
        images: a logit a picture.
    """

    maps: Float[Tensor, "batch experts rows columns"]
    images: Float[Tensor, "batch experts"]

    def weighed(self, weights: Float[Tensor, "*batch experts"]) -> Logits:
        """One map and one image logit a picture: sums over the experts by their weights."""
        wide = weights.expand(len(self.images), -1)
        return Logits((self.maps * wide[..., None, None]).sum(1), (self.images * wide).sum(1))


def opinions(
    localizer: Localizer, tokens: Sequence[Float[Tensor, "batch patches width"]], text: Logits, match: Match
) -> Opinions:
    """What the experts say.

    Args:
        localizer: the reference expert, and which levels are compared plainly.
        tokens: of the pictures, a level.
        text: of the text expert alone.
        match: what the pictures were compared with.
    """
    grid = (text.map.shape[-2], text.map.shape[-1])
    reference = localizer.reference(tokens, match, grid)
    plain = PLAIN_GAIN * localizer.plain_distance(tokens, match)
    explained = text.map.flatten(1) - match.text.clamp_min(0)
    maps = torch.stack([text.map.flatten(1), explained, plain, reference.map.flatten(1)], 1)
    images = torch.stack([text.image, top_mean(explained), top_mean(plain), reference.image], 1)
    return Opinions(maps.unflatten(2, grid), images)


def said_nearby(text: Float[Tensor, "batch rows columns"]) -> Float[Tensor, "batch patches"]:
    """The highest text logit in the 3x3 neighbourhood of each patch of a reference: a match may be a patch off."""
    return F.max_pool2d(text[:, None], 3, 1, 1)[:, 0].flatten(1)
