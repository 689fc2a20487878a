"""Pictures -> patch tokens at chosen levels of a CLIP visual encoder, prefix tokens removed by name.

Knows open_clip's two kinds of vision tower (native ViT, timm trunk) and nothing of anomalies. Any input whose sides are
divisible by the patch is accepted, square or not: position embeddings are resampled to its grid.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass
from functools import partial
from typing import Any

import cv2
import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from assistant.errors import ConfigError
from assistant.geometry import Fit, fit
from assistant.types import QueryImage

GRIDS = 16
"""Grids whose position embeddings are kept."""


@dataclass(frozen=True, eq=False)
class ModelInput:
    """One picture in the encoder's frame: normalised RGB, sides divisible by the patch."""

    pixels: Float[Tensor, "3 height width"]
    fit: Fit


@dataclass(frozen=True, eq=False)
class PatchFeatures:
    """What the encoder says of a batch of pictures of one size.

    Args:
        levels: patch tokens a level, in the order of the encoder's ``levels``; before the tower's final projection.
        pooled: the class token of the last level.
        grid: (rows, columns) of patches.
    """

    levels: tuple[Float[Tensor, "batch patches width"], ...]
    pooled: Float[Tensor, "batch width"]
    grid: tuple[int, int]


Writer = Callable[[int, Tensor, tuple[int, int]], Tensor]
"""Maps (level position, patch tokens, grid) to the patch tokens written back into the stream."""


class _WrittenBlock(nn.Module):
    """A block of a tower whose patch tokens are rewritten on their way to the next one.

    Args:
        block: as the tower has it.
        write: patch tokens (batch, patches, width) to those that take their place.
        patches: how many tokens at the end of the stream are patches.
        batch_first: whether the stream is (batch, tokens, width) or (tokens, batch, width).
    """

    def __init__(self, block: nn.Module, write: Callable[[Tensor], Tensor], patches: int, batch_first: bool) -> None:
        super().__init__()
        self.block, self._write, self._patches, self._batch_first = block, write, patches, batch_first

    def forward(self, *stream: Any, **options: Any) -> Tensor:
        out: Tensor = self.block(*stream, **options)
        stream_out = out if self._batch_first else out.transpose(0, 1)
        prefix, tokens = stream_out.split([stream_out.shape[1] - self._patches, self._patches], dim=1)
        written = torch.cat([prefix, self._write(tokens)], dim=1)
        return written if self._batch_first else written.transpose(0, 1)


class VisualEncoder(nn.Module):
    """Patch tokens of an open_clip vision tower.

    Args:
        visual: ``open_clip`` vision tower, native ``VisionTransformer`` or ``TimmModel`` around a timm ViT.
        levels: tapped blocks, 1-based, ascending.
        mean, std: input normalisation, RGB.

    A forward changes nothing that another one reads, so one encoder may be used in several threads.

    Raises:
        ConfigError: a level outside the tower, or a tower without patches.
    """

    visual: Any

    def __init__(self, visual: nn.Module, levels: Sequence[int], mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        self.visual = visual
        self.levels = tuple(levels)
        self.native = not hasattr(visual, "trunk")
        if not self.native:
            self.visual.trunk.patch_embed.strict_img_size = False
        blocks = self.blocks
        if (
            not self.levels
            or list(self.levels) != sorted(set(self.levels))
            or not 1 <= self.levels[0] <= self.levels[-1] <= len(blocks)
        ):
            raise ConfigError(
                f"ascending levels between 1 and {len(blocks)}", str(list(levels)), "change `levels` of the preset"
            )
        self.mean = np.asarray(mean, np.float32)
        self.std = np.asarray(std, np.float32)
        levels_of_grey = np.arange(256, dtype=np.float32)[:, None] / np.float32(255)
        self._normal = np.ascontiguousarray((levels_of_grey - self.mean) / self.std)
        self._resampled: dict[tuple[object, ...], Tensor] = {}

    @property
    def blocks(self) -> nn.ModuleList | nn.Sequential:
        """Transformer blocks in order."""
        blocks: nn.ModuleList | nn.Sequential = (
            self.visual.transformer.resblocks if self.native else self.visual.trunk.blocks
        )
        return blocks

    @property
    def patch(self) -> int:
        """Side of a patch, model pixels."""
        size = self.visual.patch_size if self.native else self.visual.trunk.patch_embed.patch_size
        return int(size[0])

    @property
    def width(self) -> int:
        """Width of a patch token."""
        return int(self.visual.conv1.out_channels if self.native else self.visual.trunk.embed_dim)

    @property
    def dtype(self) -> torch.dtype:
        """Precision of the tower."""
        parameter: Tensor = next(self.visual.parameters())
        return parameter.dtype

    @property
    def device(self) -> torch.device:
        """Where the tower lives."""
        parameter: Tensor = next(self.visual.parameters())
        return parameter.device

    def prepare(self, image: QueryImage, side: int) -> ModelInput:
        """Resize to about ``side * side`` model pixels with the aspect kept, and normalise."""
        frame = fit(image.height, image.width, side, self.patch)
        return ModelInput(self.normalise(resize(image.pixels, frame.model)), frame)

    def normalise(self, pixels: np.ndarray) -> Float[Tensor, "3 height width"]:
        """uint8 RGB (height, width, 3) to the tower's normalised input."""
        planes = [cv2.LUT(pixels[..., channel], table) for channel, table in enumerate(self._normal.T)]
        return torch.from_numpy(np.stack(planes))

    def forward(self, pixels: Float[Tensor, "batch 3 height width"], writer: Writer | None = None) -> PatchFeatures:
        """Patch tokens of a batch.

        Args:
            pixels: normalised, sides divisible by the patch.
            writer: when given, rewrites the patch tokens of each level inside the stream (residual mode).

        Raises:
            ConfigError: a side that is not divisible by the patch.
        """
        height, width = pixels.shape[-2:]
        if height % self.patch or width % self.patch:
            raise ConfigError(f"sides divisible by {self.patch}", f"{height}x{width}", "use `prepare`")
        grid = (height // self.patch, width // self.patch)
        out = self._tower(grid, writer).forward_intermediates(
            pixels.to(self.device, self.dtype),
            indices=[level - 1 for level in self.levels],
            output_fmt="NLC",
            output_extra_tokens=True,
            normalize_intermediates=True,
            intermediates_only=True,
        )
        return PatchFeatures(tuple(out["image_intermediates"]), out["image_intermediates_prefix"][-1][:, 0], grid)

    def _tower(self, grid: tuple[int, int], writer: Writer | None) -> Any:
        """The tower as one forward sees it: its own modules and weights, but for positions and, with a writer, tapped blocks.

        The few modules that differ are copied, some microseconds; those of the tower are read only.
        """
        table, blocks = self._positions(grid), None if writer is None else self._written_blocks(writer, grid)
        if self.native:
            transformer = None if blocks is None else _twin(self.visual.transformer, resblocks=blocks)
            return _twin(self.visual, positional_embedding=table, transformer=transformer)
        return _twin(self.visual, trunk=_twin(self.visual.trunk, pos_embed=table, blocks=blocks))

    def _written_blocks(self, writer: Writer, grid: tuple[int, int]) -> nn.ModuleList:
        """The blocks of the tower, the tapped ones with the writer behind them."""
        batch_first = not self.native or bool(self.visual.transformer.batch_first)
        blocks = list(self.blocks)
        for position, level in enumerate(self.levels):
            write = partial(_write_at, writer, position, grid)
            blocks[level - 1] = _WrittenBlock(blocks[level - 1], write, grid[0] * grid[1], batch_first)
        return nn.ModuleList(blocks)

    def _positions(self, grid: tuple[int, int]) -> Tensor | None:
        """Position embeddings resampled to ``grid``, as the tower's parameter has them; None where that one fits."""
        table: Tensor = self.visual.positional_embedding if self.native else self.visual.trunk.pos_embed
        flat = table.unsqueeze(0) if self.native else table
        own = tuple(self.visual.grid_size) if self.native else tuple(self.visual.trunk.patch_embed.grid_size)
        if own == grid or (not self.native and self.visual.trunk.dynamic_img_size):
            return None
        if table.requires_grad:
            return self._resample(flat, own, grid)
        key = (grid, table.dtype, table.device, table._version)
        found = self._resampled.get(key)
        if found is None:
            with torch.inference_mode(False):
                found = self._resample(flat, own, grid)
            # another dictionary, so that no thread sees one that changes
            self._resampled = {key: found, **dict(list(self._resampled.items())[: GRIDS - 1])}
        return found

    def _resample(self, flat: Tensor, own: tuple[int, int], grid: tuple[int, int]) -> Tensor:
        """A table (1, prefix + patches, width) of one grid for another, as the tower's parameter has it."""
        prefix = flat.shape[1] - own[0] * own[1]
        square = flat[:, prefix:].reshape(1, *own, -1).permute(0, 3, 1, 2).float()
        resampled = nn.functional.interpolate(square, size=grid, mode="bicubic", antialias=True, align_corners=False)
        body = resampled.permute(0, 2, 3, 1).reshape(1, grid[0] * grid[1], -1).to(flat.dtype)
        full = torch.cat([flat[:, :prefix], body], dim=1)
        return full[0] if self.native else full


def _twin(module: nn.Module, **parts: Tensor | nn.Module | None) -> nn.Module:
    """A module that shares everything with another one but the parameters and modules named; None leaves one shared."""
    twin = copy(module)
    parameters: dict[str, Tensor | None] = dict(module._parameters)
    modules: dict[str, nn.Module | None] = dict(module._modules)
    for name, part in parts.items():
        if isinstance(part, nn.Module):
            modules[name] = part
        elif part is not None:
            parameters[name] = part
    twin.__dict__.update(_parameters=parameters, _modules=modules)
    return twin


def _write_at(writer: Writer, position: int, grid: tuple[int, int], tokens: Tensor) -> Tensor:
    return writer(position, tokens, grid)


def resize(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resample uint8 RGB to (height, width): area averaging when shrinking, bicubic when enlarging."""
    height, width = size
    if pixels.shape[:2] == (height, width):
        return pixels
    shrinking = pixels.shape[0] * pixels.shape[1] > height * width
    out: np.ndarray = cv2.resize(
        np.ascontiguousarray(pixels), (width, height), interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_CUBIC
    )
    return out
