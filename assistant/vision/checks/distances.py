"""How far pictures are from a reference set, from what encoder and experts say of them."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from assistant.vision.checks.known import Apart
from assistant.vision.experts.opinions import EXPERTS, PLAIN_GAIN, Opinions

PLAIN = EXPERTS.index("plain")


def mean_distance(judged: Opinions) -> float:
    """Mean plain distance of the patches of a picture (the first of the batch), cosine."""
    return float(judged.maps[0, PLAIN].mean()) / PLAIN_GAIN


def class_distances(class_tokens: Float[Tensor, "references width"]) -> tuple[float, ...]:
    """Cosine distance of each unit vector to the nearest other; none of a single one."""
    if len(class_tokens) < 2:
        return ()
    similarity = class_tokens @ class_tokens.T
    similarity.fill_diagonal_(-2.0)
    return tuple((1 - similarity.amax(-1)).clamp_min(0).tolist())


def apart(judged: Opinions, pooled: Float[Tensor, "1 width"], class_tokens: Float[Tensor, "references width"]) -> Apart:
    """How far a picture is from the references that it was judged by.

    Args:
        judged: by them.
        pooled: its class token.
        class_tokens: unit class tokens of the references.
    """
    nearest = (F.normalize(pooled.float(), dim=-1) @ class_tokens.T).amax()
    return Apart(mean_distance(judged), max(0.0, 1 - float(nearest)))
