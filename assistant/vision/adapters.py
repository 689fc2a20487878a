"""Multi-level feature adapters: patch tokens of each level into the joint space of text, and back.

Two nets a level, localization ("seg") and detection ("det"), after MVFA (Huang et al., CVPR 2024). Deviations: the input of
the down-projection is the layer-normalised token beside its difference from the picture's mean token, so that "unlike the
rest of this picture" is seen without references, and a depth-wise 3x3 convolution gives each patch its neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

DROPOUT = 0.1
Tokens = Float[Tensor, "batch patches width"]
Joint = Float[Tensor, "batch patches joint_width"]


@dataclass(frozen=True, eq=False)
class AdaptedLevel:
    """Tokens of one level in the joint space, and the hidden vector both come from."""

    seg: Joint
    det: Joint
    hidden: Float[Tensor, "batch patches hidden"]


class FeatureAdapter(nn.Module):
    """Feature adapter of one level.

    In residual mode the stream goes on with ``0.8 x + 0.1 up(seg) + 0.1 up(det)``, scaled to the token's norm; the
    up-projections start at zero, so an untrained adapter leaves the stream as it is.
    """

    def __init__(self, width: int, joint_width: int, hidden: int) -> None:
        super().__init__()
        self.down = nn.Linear(2 * width, hidden)
        self.dropout = nn.Dropout(DROPOUT)
        self.mix = nn.Conv2d(hidden, hidden, 3, padding=1, groups=hidden)
        self.seg = nn.Linear(hidden, joint_width)
        self.det = nn.Linear(hidden, joint_width)
        self.seg_up = nn.Linear(joint_width, width)
        self.det_up = nn.Linear(joint_width, width)
        for up in (self.seg_up, self.det_up):
            nn.init.zeros_(up.weight)
            nn.init.zeros_(up.bias)

    def forward(self, tokens: Tokens, grid: tuple[int, int]) -> AdaptedLevel:
        """Tokens of a level into the joint space."""
        hidden = self.hidden(tokens, grid)
        return AdaptedLevel(self.seg(hidden), self.det(hidden), hidden)

    def hidden(self, tokens: Tokens, grid: tuple[int, int]) -> Float[Tensor, "batch patches hidden"]:
        """What both nets share."""
        normed = F.layer_norm(tokens, tokens.shape[-1:])
        centred = normed - normed.mean(1, keepdim=True)
        hidden = self.dropout(F.gelu(self.down(torch.cat([normed, centred], -1))))
        plane = hidden.transpose(1, 2).unflatten(2, grid)
        mixed: Tensor = F.gelu(self.mix(plane)).flatten(2).transpose(1, 2)
        out: Tensor = hidden + mixed
        return out

    def write_back(self, tokens: Tokens, adapted: AdaptedLevel) -> Tokens:
        """The stream after this level in residual mode."""
        mixed = 0.8 * tokens + 0.1 * self.seg_up(adapted.seg) + 0.1 * self.det_up(adapted.det)
        norm = tokens.norm(dim=-1, keepdim=True)
        out: Tensor = mixed / mixed.norm(dim=-1, keepdim=True).clamp_min(1e-6) * norm
        return out
