"""A reference set -> how far each expert is believed on this product.

Read is only what references tell: what text says of them although they are normal, how far their patches lie from each other,
how alike they are, how many they are. A mixture of experts (Jacobs et al., Neural Computation 1991) whose
gate sees the product, never the query: all pictures of a product are scored by one rule.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from assistant.vision.experts.opinions import EXPERTS
from assistant.vision.heads import top_mean
from assistant.vision.localizer import Logits

ABOUT = (
    "log2 of shots", "two or more", "text of references", "text map of references",
    "share of patches that text finds anomalous", "mean distance", "spread of distances", "spread of class tokens",
)  # fmt: skip
"""What is told of a reference set, in this order."""
BASE = (1.0, 0.25, 1.0, 1.0)
"""Weights of a product of which all that is told is as usual; the gate starts there and moves from there."""
MOST = 2.0
"""Largest change of a weight's logarithm by the gate."""


class Gate(nn.Module):
    """Weights of the experts: their logarithms are linear in what is told.

    A product is one example of hundreds, not of millions: a net with a hidden layer remembers them.
    """

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(len(ABOUT)))
        self.register_buffer("spread", torch.ones(len(ABOUT)))
        self.register_buffer("base", torch.tensor(BASE))
        self.slopes = nn.Parameter(torch.zeros(len(EXPERTS), len(ABOUT)))
        self.constants = nn.Parameter(torch.zeros(len(EXPERTS)))

    def forward(self, about: Float[Tensor, "*batch told"]) -> Float[Tensor, "*batch experts"]:
        """Positive weights; those of :data:`BASE` before training."""
        said = self.standard(about) @ self.slopes.T + self.constants
        return self.get_buffer("base") * (MOST * torch.tanh(said / MOST)).exp()

    def as_json(self) -> dict[str, object]:
        """Every parameter by name, rounded to seven digits."""
        return {
            name: [float(f"{v:.7g}") for v in value.flatten().tolist()] for name, value in self.state_dict().items()
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Sequence[float]]) -> Gate:
        """As it was written.

        Raises:
            RuntimeError, KeyError: parameters of another gate.
        """
        gate = cls()
        state = {name: torch.tensor(raw[name]).reshape(value.shape) for name, value in gate.state_dict().items()}
        gate.load_state_dict(state)
        return gate.eval().requires_grad_(False)

    def standard(self, about: Float[Tensor, "*batch told"]) -> Float[Tensor, "*batch told"]:
        """What is told, in standard deviations of the products it was trained on, cut at three."""
        return ((about - self.get_buffer("mean")) / self.get_buffer("spread")).clamp(-3, 3)


def text_summary(text: Logits) -> Float[Tensor, "batch 3"]:
    """Of each picture the text expert's image logit, the top of its map, the share of patches that it finds anomalous."""
    flat = text.map.flatten(1)
    return torch.stack([text.image, top_mean(flat), (flat > 0).float().mean(1)], 1)


def told_of(
    shots: int,
    texts: Float[Tensor, "references 3"],
    distances: Float[Tensor, "levels 2"],
    class_spread: float,
) -> Float[Tensor, " told"]:
    """The numbers of :data:`ABOUT`.

    Args:
        shots: references.
        texts: :func:`text_summary` of each reference.
        distances: mean and spread a level of the distances of normal patches.
        class_spread: mean distance of a class token to its nearest other.
    """
    single: Sequence[Tensor | float] = (
        math.log2(shots), float(shots > 1), texts[:, 0].mean(), texts[:, 1].mean(), texts[:, 2].mean(),
        distances[:, 0].mean(), distances[:, 1].mean(), class_spread,
    )  # fmt: skip
    return torch.stack([torch.as_tensor(v, dtype=torch.float32, device=texts.device) for v in single])
