"""Frozen patch tokens of a data set, encoded once: the adapters then train many epochs at the cost of reading them.

Right in lateral mode only, where the tokens do not depend on what is trained. Samples are encoded in groups, their pictures in
batches of one shape, and written a shard at a time; a run that was stopped goes on where it was.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from rich.progress import Progress
from torch import Tensor

from assistant.vision.localizer import Match
from training.localizer.data import DataRow
from training.localizer.encoding import Draw, FeatureEncoder, seen
from training.localizer.feature_store import FeatureStore, SampleFeatures, Shape, StoredBatch, write_shard
from training.runs.loading import loaders_of_machine, read_ahead
from training.runs.processes import my_share, processes

SIDES = (336, 336, 336, 448)


@dataclass(frozen=True, eq=False)
class FeatureBatch:
    """Samples of one shape.

    Args:
        tokens: of the query pictures, a level.
        pooled: class tokens of the query pictures.
        new: in-picture novelty, (batch, levels, patches).
        coverage: share of each patch that is defective, (batch, patches).
        regions: share of each patch that one defect covers, a defect; with the sample it belongs to and its type.
        match: against the references; None without any.
        rows: the samples.
        pixels: tower input, where tokens are not known yet because they depend on what is trained.
    """

    tokens: tuple[Tensor, ...]
    pooled: Tensor
    new: Tensor
    coverage: Tensor
    regions: Tensor
    region_owner: tuple[int, ...]
    region_types: tuple[str, ...]
    match: Match | None
    rows: tuple[DataRow, ...]
    shape: Shape
    pixels: Tensor | None = None

    def to(self, device: torch.device) -> FeatureBatch:
        """The same batch with every tensor of it on another device."""
        return replace(self, **{f.name: _moved(getattr(self, f.name), device) for f in fields(self)})


def _moved(value: Any, device: torch.device) -> Any:
    """A field of a batch on a device: tensors, matches and tuples of tensors move, all else stays."""
    if isinstance(value, Tensor | Match):
        return value.to(device)
    if isinstance(value, tuple) and value and all(isinstance(v, Tensor) for v in value):
        return tuple(v.to(device) for v in value)
    return value


TURNED = 0.5
"""Share of the samples with one reference of which turned copies are searched too, as with a free camera."""


def plan(row: DataRow, seed: int | str, sides: Sequence[int], shots: Sequence[int]) -> tuple[int, int, bool]:
    """Side, number of references and whether turned copies of them are searched, drawn by the sample's index and a seed.

    Samples of one product have one side, so that their references are encoded once.
    """
    rng = random.Random(f"{seed}/{row.index}")
    side, count = rng.choice(list(sides)), min(rng.choice(list(shots)), len(row.references))
    if row.product is not None:
        side = random.Random(f"{seed}/product/{row.product}").choice(list(sides))
    if row.aligned:
        return side, 1, False
    return side, count, count == 1 and rng.random() < TURNED


GROUP = 16
"""Samples that are encoded and written together: those of one product, and of one shape, lie side by side."""


def encode_rows(
    rows: Sequence[DataRow],
    features: FeatureEncoder,
    folder: Path,
    seed: int,
    sides: Sequence[int] = SIDES,
    shots: Sequence[int] = (0, 1, 2, 4),
) -> None:
    """Write the features of every row that is not there yet; processes share the work.

    Args:
        rows: the samples.
        features: makes them.
        folder: of the features, a file a shard.
        seed: of side and references of each row.
        sides: to draw from, pixels.
        shots: numbers of references to draw from.
    """
    folder.mkdir(parents=True, exist_ok=True)
    store = FeatureStore(folder)
    draws = [Draw(row, *plan(row, seed, sides, shots)) for row in rows if row.index not in store]
    processes().wait_for_everyone()  # all have looked before one writes
    groups = my_share(_groups(draws))
    known = [set[Any]()] + [{p for draw in group for p in draw.references} for group in groups]
    with (
        read_ahead(
            lambda n: seen(features.encoder, groups[n], known[n]), range(len(groups)), loaders_of_machine()
        ) as ready,
        Progress(disable=len(draws) < 8, transient=True) as bar,
    ):
        task = bar.add_task("encoding", total=sum(map(len, groups)))
        for shown in ready:
            _write(folder, features.of_all(shown), features)
            bar.advance(task, len(shown.draws))


def _groups(draws: Sequence[Draw]) -> list[list[Draw]]:
    """Samples that share references or a shape together."""
    order = sorted(
        draws, key=lambda d: (d.side, -1 if d.row.product is None else d.row.product, d.count > 0, d.row.index)
    )
    return [order[start : start + GROUP] for start in range(0, len(order), GROUP)]


def _write(folder: Path, made: Sequence[SampleFeatures], features: FeatureEncoder) -> None:
    of_shape: dict[Shape, list[SampleFeatures]] = {}
    for sample in made:
        of_shape.setdefault(sample.shape, []).append(sample)
    references = features.reference_tokens()
    for samples in of_shape.values():
        write_shard(folder, samples, references)


@lru_cache(maxsize=4)
def _store(folder: Path) -> FeatureStore:
    return FeatureStore(folder)


def store_of(folder: Path) -> FeatureStore:
    """The features of a folder as they are now."""
    return _store(folder).look()


def read_shape(path: Path) -> Shape:
    """Shape of a sample's features; the path is that of the folder with the sample's index."""
    return store_of(path.parent).shape(int(path.stem))


def read_batch(folder: Path, rows: Sequence[DataRow], shape: Shape, device: torch.device | None = None) -> FeatureBatch:
    """Features of samples of one shape, float32, on a device; they travel there as they are stored."""
    stored = store_of(folder).read([row.index for row in rows])
    return opened(stored.to(device) if device else stored, rows, shape)


def opened(stored: StoredBatch, rows: Sequence[DataRow], shape: Shape) -> FeatureBatch:
    """What is stored, float32, where it is."""
    regions = [r.float() for r in stored.regions]
    return FeatureBatch(
        tokens=tuple(stored.tokens.unpacked().unbind(1)),
        pooled=stored.pooled.float(),
        new=stored.new.float(),
        coverage=torch.stack([r.sum(0).clamp(0, 1) if len(r) else r.new_zeros(r.shape[1]) for r in regions]),
        regions=torch.cat(regions),
        region_owner=tuple(i for i, r in enumerate(regions) for _ in range(len(r))),
        region_types=tuple(t for row in rows for t in row.types),
        match=stored.match(),
        rows=tuple(rows),
        shape=shape,
    )


def batches(shapes: dict[int, Shape], batch_size: int, rng: random.Random) -> Iterator[tuple[list[int], Shape]]:
    """Indices of samples in batches of one shape each, in random order, every sample once."""
    groups: dict[Shape, list[int]] = {}
    for index in sorted(shapes):
        groups.setdefault(shapes[index], []).append(index)
    made = []
    for shape, members in groups.items():
        rng.shuffle(members)
        made += [(members[i : i + batch_size], shape) for i in range(0, len(members), batch_size)]
    rng.shuffle(made)
    yield from made
