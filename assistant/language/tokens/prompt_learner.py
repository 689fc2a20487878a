"""Calibrated map and image score -> prompt embeddings in the language model's width: 9 base tokens, then 9 map tokens.

Each token is anchored in the language model's own words, so that it means something before any training: a cell's token is
a blend of E("defect") + E(name of the cell) and E("normal") by a learned squashing of the cell's scores, plus a position
vector and a zero-initialised convolutional residual. E(.) is the mean of the input embeddings of a text's tokens. The
anchors are buffers: they are saved with the parameters, and loading needs no language model.
"""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from assistant.errors import WeightsError
from assistant.geometry import CELLS

SIDE = 48
"""Side of the map that is read; a multiple of 3."""
BASE_TOKENS = 9
MAP_TOKENS = len(CELLS)
PROMPT_TOKENS = BASE_TOKENS + MAP_TOKENS
STATES = ("normal", "anomalous", "defect")


def resize_map(maps: Float[Tensor, "batch 1 height width"]) -> Float[Tensor, "batch 1 48 48"]:
    """Scores at the side that is read: area means, so that maps of every size and aspect tell the same."""
    return F.interpolate(maps.float(), size=(SIDE, SIDE), mode="area")


class PromptLearner(nn.Module):
    """Map -> prompt embeddings.

    Args:
        width: of the language model's input embeddings.
        hidden: channels of the residual.
    """

    def __init__(self, width: int, hidden: int = 32) -> None:
        super().__init__()
        self.width = width
        self.register_buffer("states", torch.zeros(len(STATES), width))
        self.register_buffer("cells", torch.zeros(MAP_TOKENS, width))
        self.base = nn.Parameter(torch.zeros(BASE_TOKENS, width))
        self.position = nn.Parameter(torch.zeros(MAP_TOKENS, width))
        self.scale = nn.Parameter(torch.ones(1))  # one of one number, as what has no side cannot be sharded
        self.cell_squash = _squash((10.0, 0.0), -5.0)
        self.image_squash = _squash((10.0,), -5.0)
        last = nn.Conv2d(hidden, width, 1)
        for values in last.parameters():
            nn.init.zeros_(values)
        self.residual = nn.Sequential(
            nn.Conv2d(1, hidden, 5, stride=2, padding=2),
            nn.GELU(),
            nn.Conv2d(hidden, hidden, 3, stride=2, padding=1),
            nn.GELU(),
            nn.AdaptiveAvgPool2d(3),
            last,
        )

    def _load_from_state_dict(self, state_dict: dict[str, Tensor], prefix: str, *args: Any) -> None:
        """Parts saved before have a scale without a side."""
        if (scale := state_dict.get(f"{prefix}scale")) is not None and scale.ndim == 0:
            state_dict[f"{prefix}scale"] = scale[None]
        super()._load_from_state_dict(state_dict, prefix, *args)

    @classmethod
    def from_language_model(cls, model: Any, tokenizer: Any, hidden: int = 32, seed: int = 0) -> PromptLearner:
        """An untrained prompt learner anchored in a language model's words.

        Args:
            model: with ``get_input_embeddings()``.
            tokenizer: its own.
            hidden: channels of the residual.
            seed: of everything random.
        """
        table: Tensor = model.get_input_embeddings().weight.detach()
        generator = torch.Generator().manual_seed(seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            made = cls(table.shape[1], hidden)

        def meaning(text: str) -> Tensor:
            ids = tokenizer(f" {text}", add_special_tokens=False).input_ids
            return table[torch.tensor(ids, device=table.device)].float().cpu().mean(0)

        made.get_buffer("states").copy_(torch.stack([meaning(word) for word in STATES]))
        made.get_buffer("cells").copy_(torch.stack([meaning(name) for name in CELLS]))
        with torch.no_grad():
            made.base.copy_(torch.randn(made.base.shape, generator=generator) * spread(table))
        return made

    @classmethod
    def from_state(cls, state: dict[str, Tensor], width: int) -> PromptLearner:
        """A trained prompt learner, in evaluation mode and frozen.

        Args:
            state: as saved.
            width: of the language model it is for.

        Raises:
            WeightsError: other names or shapes, as from another language model.
        """
        found = state["states"].shape[-1] if "states" in state else 0
        if found != width:
            raise WeightsError(f"a prompt learner of width {width}", f"one of width {found}", "train it anew")
        hidden = state["residual.0.weight"].shape[0] if "residual.0.weight" in state else 1
        made = cls(width, hidden)
        try:
            made.load_state_dict({name: tensor.float() for name, tensor in state.items()}, strict=True)
        except RuntimeError as error:
            raise WeightsError("a saved prompt learner", str(error).splitlines()[0], "train it anew") from error
        return made.requires_grad_(False).eval()

    def forward(
        self, maps: Float[Tensor, "batch 1 height width"], image_score: Float[Tensor, " batch"]
    ) -> Float[Tensor, "batch 18 language_width"]:
        """Prompt embeddings of calibrated maps and image scores, both in [0, 1]."""
        small = resize_map(maps)
        normal, anomalous, defect = self.get_buffer("states")
        base = self.base.expand(len(maps), -1, -1)
        whole = self.image_squash(image_score.float()[:, None])
        verdict = self.scale * (whole * anomalous + (1 - whole) * normal)
        base = torch.cat([base[:, :1] + verdict[:, None], base[:, 1:]], 1)
        share = self.cell_squash(cell_scores(small))
        anchored = share * (defect + self.get_buffer("cells")) + (1 - share) * normal
        residual = self.residual(small).flatten(2).transpose(1, 2)
        return torch.cat([base, self.scale * (anchored + self.position + residual)], 1)


def cell_scores(maps: Float[Tensor, "batch 1 48 48"]) -> Float[Tensor, "batch 9 2"]:
    """Largest and mean score of each 3x3 cell, row by row."""
    highest, mean = F.adaptive_max_pool2d(maps, 3), F.adaptive_avg_pool2d(maps, 3)
    return torch.cat([highest, mean], 1).flatten(2).transpose(1, 2)


def spread(table: Float[Tensor, "rows width"]) -> float:
    """Standard deviation of all numbers of a table, which is read in pieces: a large one is not copied.

    >>> round(spread(torch.arange(6.0).reshape(3, 2)), 4)
    1.8708
    """
    pieces = table.split(4096)
    mean = sum(float(piece.sum(dtype=torch.float64)) for piece in pieces) / table.numel()
    squares = sum(float((piece.float() - mean).square().sum(dtype=torch.float64)) for piece in pieces)
    return float((squares / max(1, table.numel() - 1)) ** 0.5)


def _squash(weights: tuple[float, ...], bias: float) -> nn.Sequential:
    """A logistic curve over scores; the threshold of 0.5 begins as its middle."""
    linear = nn.Linear(len(weights), 1)
    with torch.no_grad():
        linear.weight.copy_(torch.tensor([weights]))
        linear.bias.fill_(bias)
    return nn.Sequential(linear, nn.Sigmoid())
