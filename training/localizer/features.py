"""Frozen patch tokens of a data set, encoded once: the adapters then train many epochs at the cost of reading them.

Right in lateral mode only, where the tokens do not depend on what is trained. One safetensors file a sample, written whole;
a run that was stopped goes on where it was.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import torch
from rich.progress import track
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from assistant.pictures.images import load_image
from assistant.towers.encoder import PatchFeatures, VisualEncoder
from assistant.types import QueryImage
from assistant.vision.build_profile import FIXED_WINDOW, rotated
from assistant.vision.heads import patch_coverage
from assistant.vision.localizer import Localizer, Match, novelty
from assistant.vision.references.growing_bank import build_bank
from training.localizer.data import DataRow, defect_masks

SIDES = (336, 336, 336, 448)


@dataclass(frozen=True)
class Shape:
    """What must agree for samples to share a batch."""

    rows: int
    columns: int
    compared: bool


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


def plan(row: DataRow, seed: int, sides: Sequence[int], shots: Sequence[int]) -> tuple[int, int, bool]:
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


@dataclass(frozen=True, eq=False)
class FeatureEncoder:
    """What makes features of samples.

    Args:
        encoder: of pictures.
        localizer: gives the projection of the matching.
        residual: its adapters write into the encoder's stream.
        kept: features of the product's references, by product, path, side and quarter turn.
    """

    encoder: VisualEncoder
    localizer: Localizer
    residual: bool = False
    kept: dict[tuple[int, Path, int, int], PatchFeatures] = field(default_factory=dict)

    @torch.inference_mode()
    def of(self, row: DataRow, side: int, count: int, turned: bool) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Those of one sample with ``count`` references, and its shape."""
        localizer, query = self.localizer, self._encoded(load_image(row.image), side)
        chosen = chosen_references(row, count)
        references = [self._reference(row.product, path, side) for path in chosen]
        turns = [
            (i, self._reference(row.product, p, side, q)) for i, p in enumerate(chosen) for q in (1, 2, 3) if turned
        ]
        masks = defect_masks(row)
        regions = (
            torch.stack([patch_coverage(m, query.grid) for m in masks])
            if masks
            else torch.zeros(0, query.grid[0] * query.grid[1])
        )
        tensors = {
            "tokens": torch.stack(query.levels, 1)[0].half(),
            "pooled": query.pooled.half(),
            "new": torch.stack([novelty(t, query.grid)[0] for t in query.levels]).half(),
            "regions": regions.half(),
        }
        if references:
            bank = build_bank(localizer, references, turns, rows=10**9)
            window = FIXED_WINDOW if row.aligned else None
            tensors |= _match_tensors(bank.match(localizer, query, window))
            tensors["shots"] = torch.tensor(float(len(references)))
        shape = Shape(*query.grid, bool(references))
        return tensors, {"shape": asdict(shape)}

    def _encoded(self, image: QueryImage, side: int) -> PatchFeatures:
        writer = self.localizer.writer() if self.residual else None
        return _single(self.encoder(self.encoder.prepare(image, side).pixels[None], writer))

    def _reference(self, product: int | None, path: Path, side: int, quarter: int = 0) -> PatchFeatures:
        """Features of a reference, kept for the other samples of its product."""
        if product is None:
            return self._encoded(rotated(load_image(path), quarter), side)
        if self.kept and next(iter(self.kept))[0] != product:
            self.kept.clear()
        key = (product, path, side, quarter)
        if key not in self.kept:
            self.kept[key] = self._encoded(rotated(load_image(path), quarter), side)
        return self.kept[key]


def chosen_references(row: DataRow, count: int) -> list[Path]:
    """The references that a sample is compared with: the first ones, or of a product's some drawn by the sample's index."""
    if row.product is None:
        return list(row.references[:count])
    return random.Random(row.index).sample(row.references, count)


def encode_rows(
    rows: Sequence[DataRow],
    features: FeatureEncoder,
    folder: Path,
    seed: int,
    sides: Sequence[int] = SIDES,
    shots: Sequence[int] = (0, 1, 2, 4),
) -> None:
    """Write the features of every row that is not there yet.

    Args:
        rows: the samples.
        features: makes them.
        folder: of the features, one file a row.
        seed: of side and references of each row.
        sides: to draw from, pixels.
        shots: numbers of references to draw from.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for row in track(rows, "encoding", disable=len(rows) < 8):
        target = folder / f"{row.index:07d}.safetensors"
        if target.exists():
            continue
        tensors, about = features.of(row, *plan(row, seed, sides, shots))
        partial = target.with_suffix(".partial")
        save_file(tensors, partial, metadata={"about": json.dumps(about)})
        partial.replace(target)


def _match_tensors(match: Match) -> dict[str, Tensor]:
    return {
        "matched": match.token[0].half(),
        "distance": match.distance[0].half(),
        "statistics": match.statistics[0].contiguous(),
        "subspace": match.subspace[0].half(),
        "class_distance": match.class_distance[0],
    }


def _match(loaded: Sequence[dict[str, Tensor]]) -> Match:
    names = ("matched", "distance", "statistics", "subspace", "class_distance", "shots")
    stacked = {n: torch.stack([s[n] for s in loaded]).float() for n in names}
    return Match(
        distance=stacked["distance"],
        row=torch.zeros_like(stacked["distance"], dtype=torch.long),
        token=stacked["matched"],
        statistics=stacked["statistics"],
        subspace=stacked["subspace"],
        class_distance=stacked["class_distance"],
        shots=stacked["shots"],
        text=torch.zeros_like(stacked["distance"][:, 0]),
    )


def _single(features: PatchFeatures) -> PatchFeatures:
    return PatchFeatures(tuple(t.float() for t in features.levels), features.pooled.float(), features.grid)


def read_shape(path: Path) -> Shape:
    """Shape of a sample's features."""
    with safe_open(path, "pt") as handle:
        return Shape(**json.loads(handle.metadata()["about"])["shape"])


def read_batch(folder: Path, rows: Sequence[DataRow], shape: Shape, device: torch.device | None = None) -> FeatureBatch:
    """Features of samples of one shape, float32, on a device; they travel there in half precision."""
    files = [load_file(folder / f"{row.index:07d}.safetensors") for row in rows]
    loaded = [{name: value.to(device) for name, value in one.items()} for one in files] if device else files
    tokens = torch.stack([s["tokens"] for s in loaded])
    regions = [s["regions"].float() for s in loaded]
    return FeatureBatch(
        tokens=tuple(t.float() for t in tokens.unbind(1)),
        pooled=torch.cat([s["pooled"] for s in loaded]).float(),
        new=torch.stack([s["new"] for s in loaded]).float(),
        coverage=torch.stack([r.sum(0).clamp(0, 1) if len(r) else r.new_zeros(r.shape[1]) for r in regions]),
        regions=torch.cat(regions),
        region_owner=tuple(i for i, r in enumerate(regions) for _ in range(len(r))),
        region_types=tuple(t for row in rows for t in row.types),
        match=_match(loaded) if shape.compared else None,
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
