"""Stage ``localize`` in residual mode: adapters write into the tower's stream, so pictures go through it at every step.

Two phases. Adapters and the text expert learn here, end to end through the frozen tower (MVFA, Huang et al., CVPR 2024);
tokens are then encoded once with the trained adapters, and the reference expert learns on them as in lateral mode.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch

from assistant.geometry import fit
from assistant.pictures.images import load_image
from assistant.towers.clip import Clip
from assistant.vision.heads import patch_coverage
from assistant.vision.localizer import Localizer, novelty
from training.localizer.data import DataRow, defect_masks
from training.localizer.feature_store import Shape
from training.localizer.features import FeatureBatch, plan
from training.localizer.stage import LocalizeStage, Prediction


class LiveStage(LocalizeStage):
    """Text evidence alone, on pictures instead of cached tokens."""

    def __init__(
        self,
        clip: Clip,
        localizer: Localizer,
        rows: Sequence[DataRow],
        sides: Sequence[int],
        seed: int,
        batch_size: int,
    ) -> None:
        self.encoder = clip.encoder.requires_grad_(False)
        self.sides = {r.index: plan(r, seed, sides, (0,))[0] for r in rows}
        shapes = {r.index: self._shape(r) for r in rows}
        super().__init__(clip, localizer, rows, shapes, batch_size)

    def read(self, planned: tuple[list[int], Shape]) -> FeatureBatch:
        """Pictures and targets of one planned batch, which threads decode ahead."""
        indices, shape = planned
        rows = [self.rows[i] for i in indices]
        grid = (shape.rows, shape.columns)
        empty = torch.zeros(0, grid[0] * grid[1])
        regions = [torch.stack([patch_coverage(m, grid) for m in defect_masks(r)]) if r.types else empty for r in rows]
        return FeatureBatch(
            tokens=(),
            pooled=torch.zeros(len(rows), self.encoder.width),
            new=torch.zeros(0),
            coverage=torch.stack([r.sum(0).clamp(0, 1) for r in regions]),
            regions=torch.cat(regions),
            region_owner=tuple(i for i, r in enumerate(regions) for _ in range(len(r))),
            region_types=tuple(t for r in rows for t in r.types),
            match=None,
            rows=tuple(rows),
            shape=shape,
            pixels=torch.stack([self.encoder.prepare(load_image(r.image), self.sides[r.index]).pixels for r in rows]),
        )

    def place(self, read: FeatureBatch) -> FeatureBatch:
        """The batch beside the module."""
        return read.to(self.device)

    def forward(self, batch: FeatureBatch, named: Sequence[bool]) -> Prediction:
        """Through the tower with the adapters writing, then the text expert."""
        if batch.pixels is None:
            raise ValueError("expected a batch with pixels, got one without")
        grid = (batch.shape.rows, batch.shape.columns)
        with torch.autocast(self.device.type, enabled=False):
            found = self.encoder(batch.pixels, self.module.writer())
        tokens = tuple(t.float() for t in found.levels)
        with torch.no_grad():
            new = torch.stack([novelty(t, grid) for t in tokens], 1)
        return super().forward(replace(batch, tokens=tokens, new=new), named)

    def _shape(self, row: DataRow) -> Shape:
        frame = fit(*row.size, self.sides[row.index], self.encoder.patch)
        return Shape(*frame.grid, False)
