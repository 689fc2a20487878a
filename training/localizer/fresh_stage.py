"""Stage ``localize`` with the frozen tower inside the step: tokens are made on the device and never written.

Every epoch draws anew which side, which references and how many, whether they are turned, and how the pictures are changed. A
batch's query pictures and references go through the tower together; bank and match are made where the tokens are. Threads
decode, change and prepare pictures ahead. Validation sees the draws and pictures that kept features would have.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from functools import partial
from typing import Any

import torch

from assistant.towers.clip import Clip
from assistant.vision.localizer import Localizer, Match, novelty
from assistant.vision.text_anchors import embed_states
from training.localizer.data import DataRow
from training.localizer.encoding import Draw, FeatureEncoder, Seen, grid_of, seen
from training.localizer.feature_store import Shape
from training.localizer.features import FeatureBatch, batches, plan
from training.localizer.shares import weighed
from training.localizer.stage import LocalizeStage
from training.localizer.streamed import RowStream, drawn_row
from training.runs.recipe import DataConfig
from training.runs.streaming import Drawn

Planned = tuple[Sequence[Draw], Shape]


class FreshStage(LocalizeStage):
    """Lateral mode without kept features.

    Args:
        clip: its visual encoder is frozen.
        localizer: trained.
        rows: of both splits.
        data: sides and shots to draw from.
        seed: of all draws.
        batch_size: samples a batch.
        changes: whether pictures are changed by chance in training.
        stream: what is trained on, where that does not stand in ``rows``.
    """

    def __init__(
        self, clip: Clip, localizer: Localizer, rows: Sequence[DataRow], data: DataConfig, seed: int, batch_size: int,
        changes: bool = True, stream: RowStream | None = None,
    ) -> None:  # fmt: skip
        self.features = FeatureEncoder(clip.encoder.requires_grad_(False), localizer)
        self.data, self.changes = data, changes
        self.sizes = {row.index: row.size for row in rows}
        self.fixed = {row.index: self._draw(row, str(seed)) for row in rows}
        super().__init__(clip, localizer, rows, {i: self._shape(draw) for i, draw in self.fixed.items()}, batch_size)
        self.source = None
        if stream is not None:
            self._states |= {name: embed_states(clip, name) for name in stream.names if name not in self._states}
            self.source = stream.source(partial(self._window, seed), batch_size)

    def epoch(self, number: int, seed: int) -> Iterator[Any]:
        """Batches of one epoch, drawn anew: the same for the same number and seed."""
        draws = {i: self._draw(self.rows[i], f"{seed}/{number}", self.changes) for i in self.train_shapes}
        shapes = {i: self._shape(draw) for i, draw in draws.items()}
        rng = random.Random(f"{seed}/{number}")
        for indices, shape in batches(weighed(self.learned(shapes), self.weights, rng), self.batch_size, rng):
            yield [draws[i] for i in indices], shape

    def _window(self, seed: int, drawn: Sequence[Drawn], rng: random.Random) -> Iterator[Planned]:
        """Batches of samples of a stream; how they are shown hangs on the pass, as it hangs on the epoch in lists."""
        draws = [self._draw(drawn_row(one), f"{seed}/{one.epoch}", self.changes) for one in drawn]
        shapes = {at: self._shape(draw) for at, draw in enumerate(draws)}
        for members, shape in batches(self.learned(shapes), self.batch_size, rng):
            yield [draws[at] for at in members], shape

    def _draw(self, row: DataRow, seed: str, changes: bool = False) -> Draw:
        shown = Draw(row, *plan(row, seed, self.data.sides, self.data.shots))
        whose = row.index if row.product is None else f"product {row.product}"
        return replace(shown, variant=random.Random(f"{seed}/{whose}").randrange(1, 2**48)) if changes else shown

    def _shape(self, draw: Draw) -> Shape:
        size = self.sizes.get(draw.row.index) or draw.row.size
        return Shape(*grid_of(size, draw.side, self.features.encoder.patch), draw.count > 0)

    def read(self, planned: Any) -> tuple[Seen, Shape]:
        """Pictures and masks of a planned batch, decoded and prepared; in validation the plan names samples."""
        draws, shape = planned
        shown = seen(self.features.encoder, [self.fixed[d] if isinstance(d, int) else d for d in draws])
        if torch.cuda.is_available():
            shown = replace(shown, pixels={picture: values.pin_memory() for picture, values in shown.pixels.items()})
        return shown, shape

    @torch.no_grad()
    def place(self, read: tuple[Seen, Shape]) -> FeatureBatch:
        """Its tokens, and what its references say, on the device."""
        shown, shape = read
        queries = self.features.encode(shown)
        levels = tuple(torch.cat(level) for level in zip(*(query.levels for query in queries), strict=True))
        regions = [r.to(self.device, non_blocking=True) for r in shown.regions]
        matches = (
            [self.features.match(d, q) for d, q in zip(shown.draws, queries, strict=True)] if shape.compared else []
        )
        return FeatureBatch(
            tokens=levels,
            pooled=torch.cat([query.pooled for query in queries]),
            new=torch.stack([novelty(tokens, (shape.rows, shape.columns)) for tokens in levels], 1),
            coverage=torch.stack([r.sum(0).clamp(0, 1) for r in regions]),
            regions=torch.cat(regions),
            region_owner=tuple(i for i, r in enumerate(regions) for _ in range(len(r))),
            region_types=tuple(t for draw in shown.draws for t in draw.row.types),
            match=_together(matches) if matches else None,
            rows=tuple(draw.row for draw in shown.draws),
            shape=shape,
        )


def _together(matches: Sequence[Match]) -> Match:
    return Match(**{f.name: torch.cat([getattr(match, f.name) for match in matches]) for f in fields(Match)})
