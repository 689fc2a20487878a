"""Products -> what the experts say of their queries, of their references and of copies of these, under several reference sets.

What weights and thresholds are learned from: everything a profile would read of the references, and what came of the queries.
A share of the products is seen by a text expert that knows nothing about them: its logits are weakened and mixed with a linear
function of the tokens, which finds the same spots in references and queries alike.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import torch
from jaxtyping import Float
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional as F

from assistant.pictures.images import load_image
from assistant.towers.encoder import PatchFeatures
from assistant.types import QueryImage
from assistant.vision.build_profile import COPIES, rotated
from assistant.vision.detector import Detector
from assistant.vision.experts.gate import text_summary, told_of
from assistant.vision.experts.jitter import jittered
from assistant.vision.experts.opinions import Opinions, opinions, said_nearby
from assistant.vision.heads import patch_coverage, top_mean
from assistant.vision.localizer import Logits
from assistant.vision.references.growing_bank import GrowingBank
from training.localizer.data import DataRow, defect_masks

SUBSETS = 3
"""Reference sets that are drawn of a product."""
LEFT_OUT = 16
"""References judged by the others, at most."""
IGNORANT = 0.2
"""Share of the reference sets that a text expert sees who knows nothing about the product."""
LOUDEST = 4.0
"""Largest standard deviation of what such an expert invents, logits."""


@dataclass(frozen=True, eq=False)
class ProductStatistics:
    """One reference set of a product.

    Args:
        about: what a gate is told.
        queries, left_out, copies: image logits of the experts.
        query_maps, left_out_maps, copy_maps: their maps.
        anomalous: whether a query is.
        coverage: share of each patch of a query that is defective.
        shots: references.
    """

    about: Float[Tensor, " told"]
    queries: Float[Tensor, "queries experts"]
    left_out: Float[Tensor, "left experts"]
    copies: Float[Tensor, "copies experts"]
    query_maps: Float[Tensor, "queries experts patches"]
    left_out_maps: Float[Tensor, "left experts patches"]
    copy_maps: Float[Tensor, "copies experts patches"]
    anomalous: Float[Tensor, " queries"]
    coverage: Float[Tensor, "queries patches"]
    shots: Float[Tensor, ""]


@dataclass(frozen=True, eq=False)
class _Pictured:
    """A picture with what the text expert says of it."""

    features: PatchFeatures
    text: Logits


class ProductReader:
    """Encodes products and asks the experts about them.

    Args:
        detector: with a trained localizer.
        shots: numbers of references to draw from.
        seed: of every draw.
    """

    def __init__(self, detector: Detector, shots: Sequence[int], seed: int) -> None:
        self._detector, self._shots, self._seed = detector, tuple(shots), seed

    @torch.inference_mode()
    def read(self, rows: Sequence[DataRow]) -> list[ProductStatistics]:
        """Statistics of a product under some reference sets; none where it has no references.

        Args:
            rows: of one product.
        """
        rng = random.Random(f"{self._seed}/{rows[0].product}")
        counts = [count for count in self._shots if 1 <= count <= len(rows[0].references)]
        if not counts:
            return []
        drawn = rng.sample(counts, min(SUBSETS, len(counts)))
        paths = rng.sample(rows[0].references, max(drawn))
        images = [load_image(path) for path in paths]
        references = [self._pictured(image) for image in images]
        queries = [self._pictured(load_image(row.image)) for row in rows]
        found = []
        for count in drawn:
            chosen = range(count)
            turns = [(i, q) for i in range(count) for q in (1, 2, 3)] if count == 1 and rng.random() < 0.75 else []
            copied = [jittered(images[chosen[n % min(count, COPIES)]], n) for n in range(COPIES)]
            group = _Group(
                queries, [references[i] for i in chosen], [(i, self._pictured(rotated(images[chosen[i]], q))) for i, q in turns],
                [self._pictured(copy) for copy in copied],
            )  # fmt: skip
            if rng.random() < IGNORANT:
                group = group.misread(rng)
            found.append(self._statistics(group, rows))
        return found

    def _pictured(self, image: QueryImage) -> _Pictured:
        detector = self._detector
        features = detector.patch_features(image)
        anchors = detector.anchors.states(None)[None]
        evidence = detector.localizer.text_evidence(features.levels, anchors, features.grid)
        return _Pictured(features, detector.localizer.zero_shot(evidence))

    def _statistics(self, group: _Group, rows: Sequence[DataRow]) -> ProductStatistics:
        localizer, settings = self._detector.localizer, self._detector.preset.references
        growing = GrowingBank(localizer, settings.rows, settings.variance, torch.Generator().manual_seed(0))
        for one in group.references:
            growing.add(one.features, said_nearby(one.text.map)[0])
        for i, turned in group.turns:
            growing.add_copy(i, turned.features, said_nearby(turned.text.map)[0])
        bank = growing.bank()

        def judged(one: _Pictured, leave_out: int | None = None) -> Opinions:
            match = bank.match(localizer, one.features, leave_out=leave_out)
            return opinions(localizer, one.features.levels, one.text, match)

        queries = [judged(one) for one in group.queries]
        count = len(group.references)
        left = [judged(one, i) for i, one in enumerate(group.references[:LEFT_OUT])] if count > 1 else []
        copies = [judged(one) for one in group.copies]
        texts = torch.cat([text_summary(one.text) for one in group.references])
        width = queries[0].images.shape[1]
        left_images = torch.cat([o.images for o in left]) if left else texts.new_zeros(0, width)
        copy_images = torch.cat([o.images for o in copies])
        grid = group.queries[0].features.grid
        return ProductStatistics(
            about=told_of(count, texts, bank.statistics, bank.class_spread),
            queries=torch.cat([o.images for o in queries]),
            left_out=left_images,
            copies=copy_images,
            query_maps=_maps(queries, width, grid),
            left_out_maps=_maps(left, width, grid),
            copy_maps=_maps(copies, width, grid),
            anomalous=torch.tensor([float(bool(row.types)) for row in rows]),
            coverage=torch.stack([_coverage(row, grid) for row in rows]),
            shots=torch.tensor(float(count)),
        )


@dataclass(frozen=True, eq=False)
class _Group:
    """Pictures of a product: queries, references, (reference, turned copy), jittered copies."""

    queries: Sequence[_Pictured]
    references: Sequence[_Pictured]
    turns: Sequence[tuple[int, _Pictured]]
    copies: Sequence[_Pictured]

    def misread(self, rng: random.Random) -> _Group:
        """The same pictures as a text expert sees them who invents: louder or quieter, all by one rule."""
        level = rng.randrange(len(self.queries[0].features.levels))
        width = self.queries[0].features.levels[level].shape[-1]
        direction = torch.randn(width, generator=torch.Generator().manual_seed(rng.randrange(2**31)))
        direction = direction.to(self.queries[0].text.map.device)
        invented = [_along(one, level, direction) for one in self.references]
        flat = torch.cat([i.flatten() for i in invented])
        middle, spread = flat.mean(), flat.std().clamp_min(1e-6)
        keep, loud, shift = rng.random(), rng.uniform(0, LOUDEST), rng.uniform(-2, 3)

        def seen(one: _Pictured) -> _Pictured:
            made = (_along(one, level, direction) - middle) / spread * loud + shift
            new = keep * one.text.map + made
            image = keep * (one.text.image - top_mean(one.text.map.flatten(1))) + top_mean(new.flatten(1))
            return _Pictured(one.features, Logits(new, image))

        return _Group(
            [seen(one) for one in self.queries], [seen(one) for one in self.references],
            [(i, seen(one)) for i, one in self.turns], [seen(one) for one in self.copies],
        )  # fmt: skip


def _along(one: _Pictured, level: int, direction: Tensor) -> Tensor:
    tokens = F.layer_norm(one.features.levels[level], one.features.levels[level].shape[-1:])
    rows, columns = one.features.grid
    along: Tensor = (tokens @ direction).reshape(-1, rows, columns)
    return along


def _maps(judged: Sequence[Opinions], width: int, grid: tuple[int, int]) -> Tensor:
    if not judged:
        return torch.zeros(0, width, grid[0] * grid[1])
    return torch.cat([o.maps for o in judged]).flatten(2)


def _coverage(row: DataRow, grid: tuple[int, int]) -> Float[Tensor, " patches"]:
    masks = defect_masks(row)
    if not masks:
        return torch.zeros(grid[0] * grid[1])
    return torch.stack([patch_coverage(mask, grid) for mask in masks]).sum(0).clamp(0, 1)


def write_statistics(found: Sequence[ProductStatistics], split: str, path: Path) -> None:
    """One file a product, in half precision but for image logits; written whole."""
    tensors = {}
    for number, one in enumerate(found):
        for name in (f.name for f in fields(one)):
            value: Tensor = getattr(one, name).cpu().contiguous()
            tensors[f"{number}.{name}"] = value.half() if name.endswith("maps") or name == "coverage" else value.float()
    partial = path.with_suffix(".partial")
    save_file(tensors, partial, metadata={"split": split})
    partial.replace(path)


def read_statistics(path: Path) -> list[ProductStatistics]:
    """What :func:`write_statistics` was given, in single precision."""
    tensors = load_file(path)
    count = 1 + max((int(name.split(".")[0]) for name in tensors), default=-1)
    names = [f.name for f in fields(ProductStatistics)]
    return [ProductStatistics(**{n: tensors[f"{i}.{n}"].float() for n in names}) for i in range(count)]
