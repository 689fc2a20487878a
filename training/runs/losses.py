"""Losses of the localizer, all on logits.

Focal loss (Lin et al., ICCV 2017) and dice loss (Milletari et al., 3DV 2016) on maps, binary cross-entropy on image logits,
contrastive loss of regions against type anchors. Deviation: maps have soft targets, the share of a patch that is defective,
amplified so that a thin crack counts, and the focal weight is ``|target - p| ** gamma``.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

AMPLIFY = 4.0
"""A patch a quarter of which is defective counts as wholly defective."""


def map_target(coverage: Float[Tensor, "batch patches"]) -> Float[Tensor, "batch patches"]:
    """Soft target of a patch, [0, 1]."""
    return (coverage * AMPLIFY).clamp(0, 1)


def focal_loss(
    logits: Float[Tensor, "batch patches"], target: Float[Tensor, "batch patches"], gamma: float = 2.0
) -> Float[Tensor, ""]:
    """Mean focal loss; defective and normal patches weigh the same in sum when both are there."""
    raw = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    loss = (target - logits.sigmoid()).abs().pow(gamma) * raw
    positive = target > 0.25
    normal = loss[~positive].mean() if (~positive).any() else loss.new_zeros(())
    defective = loss[positive].mean() if positive.any() else loss.new_zeros(())
    return normal + defective


def dice_loss(logits: Float[Tensor, "batch patches"], target: Float[Tensor, "batch patches"]) -> Float[Tensor, ""]:
    """One minus the soft overlap, a picture, averaged; a normal picture costs what it wrongly marks."""
    p = logits.sigmoid()
    overlap = 2 * (p * target).sum(-1) + 1
    return (1 - overlap / (p.square().sum(-1) + target.square().sum(-1) + 1)).mean()


def map_loss(logits: Float[Tensor, "batch patches"], target: Float[Tensor, "batch patches"]) -> Float[Tensor, ""]:
    """Focal plus dice."""
    return focal_loss(logits, target) + dice_loss(logits, target)


def image_loss(logits: Float[Tensor, " batch"], anomalous: Float[Tensor, " batch"]) -> Float[Tensor, ""]:
    """Binary cross-entropy on image logits, labels smoothed by 0.02."""
    return F.binary_cross_entropy_with_logits(logits, anomalous * 0.96 + 0.02)


def type_loss(
    regions: Float[Tensor, "regions joint_width"],
    anchors: Float[Tensor, "types joint_width"],
    target: Int[Tensor, " regions"],
    scale: float = 20.0,
) -> Float[Tensor, ""]:
    """Cross-entropy of each region's embedding over the type anchors."""
    if len(regions) == 0:
        return anchors.sum() * 0
    return F.cross_entropy(scale * regions @ anchors.T, target, label_smoothing=0.05)


def total(parts: dict[str, Tensor], weights: dict[str, float]) -> Tensor:
    """Weighted sum; a part without a weight counts once."""
    return torch.stack([weights.get(name, 1.0) * value for name, value in parts.items()]).sum()
