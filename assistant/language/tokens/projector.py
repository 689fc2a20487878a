"""Patch tokens of the visual encoder -> 64 image tokens in the language model's width.

Two steps: pooling, which knows no parameters and whose result is small enough to keep, and a trained projection. The patch
grid, of any size and aspect, is averaged to 16x16; each 2x2 block of it becomes one vector (pixel shuffle).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from assistant.errors import ConfigError, WeightsError

GRID = 8
BLOCK = 2
IMAGE_TOKENS = GRID * GRID


def pool_blocks(
    tokens: Float[Tensor, "batch patches width"], grid: tuple[int, int]
) -> Float[Tensor, "batch 64 block_width"]:
    """Patch tokens of one level, row by row, as 8x8 blocks of four averaged patches each.

    Args:
        tokens: without prefix tokens.
        grid: (rows, columns); their product is the number of patches.

    Raises:
        ConfigError: a grid that does not hold the tokens.
    """
    rows, columns = grid
    batch, patches, width = tokens.shape
    if rows * columns != patches:
        raise ConfigError(f"a grid of {patches} patches", f"{rows}x{columns}", "pass the grid the encoder told")
    plane = tokens.float().transpose(1, 2).reshape(batch, width, rows, columns)
    fine = F.adaptive_avg_pool2d(plane, GRID * BLOCK)
    return F.pixel_unshuffle(fine, BLOCK).flatten(2).transpose(1, 2)


@dataclass(frozen=True, eq=False)
class EncodedImage:
    """One picture as the projector reads it: its pooled blocks."""

    blocks: Float[Tensor, "1 64 block_width"]


class Projector(nn.Module):
    """Pooled blocks -> image tokens.

    Args:
        block_width: four times the width of a patch token.
        language_width: of the language model's input embeddings.
        spread: standard deviation of those embeddings; image tokens begin with the same.
    """

    def __init__(self, block_width: int, language_width: int, spread: float = 1.0) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.LayerNorm(block_width),
            nn.Linear(block_width, language_width),
            nn.GELU(),
            nn.Linear(language_width, language_width),
        )
        self.out = nn.LayerNorm(language_width)
        nn.init.constant_(self.out.weight, spread)
        self.position = nn.Parameter(torch.zeros(IMAGE_TOKENS, language_width))

    @classmethod
    def from_state(cls, state: dict[str, Tensor], block_width: int, language_width: int) -> Projector:
        """A trained projector, in evaluation mode and frozen.

        Raises:
            WeightsError: other names or shapes, as from another encoder or language model.
        """
        made = cls(block_width, language_width)
        try:
            made.load_state_dict({name: tensor.float() for name, tensor in state.items()}, strict=True)
        except RuntimeError as error:
            raise WeightsError(
                f"a projector from {block_width} to {language_width}", str(error).splitlines()[-1], "train it anew"
            ) from error
        return made.requires_grad_(False).eval()

    def forward(self, blocks: Float[Tensor, "batch 64 block_width"]) -> Float[Tensor, "batch 64 language_width"]:
        """Image tokens, row by row of the 8x8 grid."""
        out: Tensor = self.out(self.net(blocks.float())) + self.position
        return out
