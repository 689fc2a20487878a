"""Pictures -> patch tokens at chosen levels of a CLIP visual encoder, prefix tokens removed by name.

Knows open_clip's two kinds of vision tower (native ViT, timm trunk) and nothing of anomalies. Any input whose sides are
divisible by the patch is accepted, square or not: position embeddings are resampled to its grid.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
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


class _Intermediates(nn.Module):
    """Calls ``forward_intermediates`` as a forward, so that ``functional_call`` can swap position embeddings."""

    def __init__(self, visual: nn.Module) -> None:
        super().__init__()
        self.visual = visual

    def forward(self, pixels: Tensor, indices: list[int]) -> tuple[list[Tensor], list[Tensor]]:
        visual: Any = self.visual
        out = visual.forward_intermediates(
            pixels,
            indices=indices,
            output_fmt="NLC",
            output_extra_tokens=True,
            normalize_intermediates=True,
            intermediates_only=True,
        )
        return out["image_intermediates"], out["image_intermediates_prefix"]


class VisualEncoder(nn.Module):
    """Patch tokens of an open_clip vision tower.

    Args:
        visual: ``open_clip`` vision tower, native ``VisionTransformer`` or ``TimmModel`` around a timm ViT.
        levels: tapped blocks, 1-based, ascending.
        mean, std: input normalisation, RGB.

    Raises:
        ConfigError: a level outside the tower, or a tower without patches.
    """

    def __init__(self, visual: nn.Module, levels: Sequence[int], mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        self._forward = _Intermediates(visual)
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
    def visual(self) -> Any:
        """The open_clip tower."""
        return self._forward.visual

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
        indices = [level - 1 for level in self.levels]
        swapped = {f"visual.{name}": value for name, value in self._positions(grid).items()}
        with ExitStack() as stack:
            if writer is not None:
                stack.enter_context(self._writing(writer, grid))
            tokens, prefix = torch.func.functional_call(
                self._forward, swapped, (pixels.to(self.device, self.dtype), indices), strict=False
            )
        return PatchFeatures(tuple(tokens), prefix[-1][:, 0], grid)

    @contextmanager
    def _writing(self, writer: Writer, grid: tuple[int, int]) -> Iterator[None]:
        """Forward hooks on the tapped blocks that replace their patch tokens."""
        patches = grid[0] * grid[1]

        def hook(position: int) -> Callable[[nn.Module, Any, Tensor], Tensor]:
            def rewrite(_: nn.Module, __: Any, out: Tensor) -> Tensor:
                batch_first = not self.native or self.visual.transformer.batch_first
                stream = out if batch_first else out.transpose(0, 1)
                prefix, tokens = stream.split([stream.shape[1] - patches, patches], dim=1)
                stream = torch.cat([prefix, writer(position, tokens, grid)], dim=1)
                return stream if batch_first else stream.transpose(0, 1)

            return rewrite

        handles = [self.blocks[level - 1].register_forward_hook(hook(i)) for i, level in enumerate(self.levels)]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _positions(self, grid: tuple[int, int]) -> dict[str, Tensor]:
        """Position embeddings resampled to ``grid``, under the tower's own parameter name; empty when they fit."""
        name = "positional_embedding" if self.native else "trunk.pos_embed"
        table = self.visual.get_parameter(name)
        flat = table.unsqueeze(0) if self.native else table
        own = tuple(self.visual.grid_size) if self.native else tuple(self.visual.trunk.patch_embed.grid_size)
        if own == grid or (not self.native and self.visual.trunk.dynamic_img_size):
            return {}
        if table.requires_grad:
            return {name: self._resample(flat, own, grid)}
        key = (grid, table.dtype, table.device, table._version)
        found = self._resampled.get(key)
        if found is None:
            with torch.inference_mode(False):
                found = self._resample(flat, own, grid)
            self._resampled = {key: found, **dict(list(self._resampled.items())[: GRIDS - 1])}
        return {name: found}

    def _resample(self, flat: Tensor, own: tuple[int, int], grid: tuple[int, int]) -> Tensor:
        """A table (1, prefix + patches, width) of one grid for another, as the tower's parameter has it."""
        prefix = flat.shape[1] - own[0] * own[1]
        square = flat[:, prefix:].reshape(1, *own, -1).permute(0, 3, 1, 2).float()
        resampled = nn.functional.interpolate(square, size=grid, mode="bicubic", antialias=True, align_corners=False)
        body = resampled.permute(0, 2, 3, 1).reshape(1, grid[0] * grid[1], -1).to(flat.dtype)
        full = torch.cat([flat[:, :prefix], body], dim=1)
        return full[0] if self.native else full


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
