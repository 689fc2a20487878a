"""Which reference picture a part of a picture is most like: whose patches its own are matched with."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from assistant.towers.encoder import PatchFeatures
from assistant.vision.localizer import Localizer
from assistant.vision.references.memory_bank import MemoryBank


@torch.inference_mode()
def nearest_reference(
    localizer: Localizer,
    bank: MemoryBank,
    features: PatchFeatures,
    coverage: Float[Tensor, " patches"],
    window: float | None = None,
) -> int:
    """Number of the reference that owns most of the nearest patches, in the order in which references were given.

    Args:
        localizer: whose projection the bank was made with.
        bank: of the references.
        features: of one picture.
        coverage: how much of each of its patches belongs to the part.
        window: of a fixed camera, as the picture was judged.
    """
    rows = bank.match(localizer, features, window).row[0]
    owners = bank.owner[rows]
    votes = torch.zeros(bank.shots, device=owners.device)
    weights = coverage.to(owners.device).float().expand(owners.shape)
    return int(votes.index_add(0, owners.flatten(), weights.flatten()).argmax())
