"""A small net that tells normal tokens from the same with noise (SimpleNet, Liu et al., CVPR 2023; tokens as they are)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

HIDDEN, STEPS, BATCH, RATE = 128, 120, 512, 1e-3
"""Width of the net; steps, tokens a step and learning rate of its training."""
NOISE = (0.125, 0.5)
"""Range of the noise, standard deviations of a token's numbers."""
SLOPE = 0.2
"""Of the leaky rectifier below zero."""


@dataclass(frozen=True, eq=False)
class DiscriminatorHead:
    """Weights of the net, the standardising of its input included."""

    AXES: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "first": ("hidden", "head_width"), "shift": ("hidden",), "last": ("hidden",),
    }  # fmt: skip

    first: Float[Tensor, "hidden head_width"]
    shift: Float[Tensor, " hidden"]
    last: Float[Tensor, " hidden"]

    @classmethod
    def fit(cls, tokens: Float[Tensor, "samples head_width"]) -> DiscriminatorHead:
        """Train on the CPU or wherever the tokens are; the same tokens give the same net."""
        mean, spread = tokens.mean(0), tokens.std(0).clamp_min(1e-4)
        rng = torch.Generator().manual_seed(0)
        with torch.inference_mode(False), torch.enable_grad():
            known = ((tokens - mean) / spread).clone()
            first = nn.Parameter((torch.randn(HIDDEN, known.shape[1], generator=rng) / known.shape[1] ** 0.5).to(known))
            shift, last = (
                nn.Parameter(known.new_zeros(HIDDEN)),
                nn.Parameter((torch.randn(HIDDEN, generator=rng) / HIDDEN**0.5).to(known)),
            )
            optimizer = torch.optim.AdamW([first, shift, last], RATE)
            for _ in range(STEPS):
                rows = known[torch.randint(len(known), (BATCH,), generator=rng).to(known.device)]
                sizes = torch.empty(BATCH, 1).uniform_(*NOISE, generator=rng).to(known)
                noisy = rows + torch.randn(rows.shape, generator=rng).to(known) * sizes
                said = F.leaky_relu(torch.cat([rows, noisy]) @ first.T + shift, SLOPE) @ last
                wanted = torch.cat([known.new_zeros(BATCH), known.new_ones(BATCH)])
                loss = F.binary_cross_entropy_with_logits(said, wanted)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        scaled = first.detach() / spread
        return cls(scaled, shift.detach() - scaled @ mean, last.detach())

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor]) -> DiscriminatorHead:
        """As it was kept."""
        return cls(tensors["first"].float(), tensors["shift"].float(), tensors["last"].float())

    def tensors(self) -> dict[str, Tensor]:
        """What :meth:`of` reads."""
        return {"first": self.first, "shift": self.shift, "last": self.last}

    def __call__(self, tokens: Float[Tensor, "patches head_width"]) -> Float[Tensor, " patches"]:
        """Logits that a token is not a normal one."""
        return F.leaky_relu(tokens @ self.first.T + self.shift, SLOPE) @ self.last
