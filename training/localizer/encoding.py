"""Pictures of samples -> their features: every picture through the tower once, in batches of one shape; then the references.

The same functions serve features that are kept on disk and tokens made anew at each step.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from assistant.geometry import fit
from assistant.pictures.images import load_image
from assistant.towers.encoder import PatchFeatures, VisualEncoder
from assistant.types import QueryImage
from assistant.vision.build_profile import FIXED_WINDOW, rotated
from assistant.vision.heads import patch_coverage
from assistant.vision.localizer import Localizer, Match, novelty
from assistant.vision.references.growing_bank import build_bank
from training.localizer.changed import changed, flipped
from training.localizer.data import DataRow, defect_masks
from training.localizer.feature_store import Compared, SampleFeatures, Shape

Picture = tuple[Path, int, int, int]
"""A picture as the tower sees it: path, side, quarter turns, variant (see :class:`Draw`)."""
TOGETHER = 1
"""Pictures of one shape that go through the tower at once on a processor: eight take a tenth longer each, for want of cache."""
TOGETHER_ON_GPU = 64


@dataclass(frozen=True)
class Draw:
    """A sample and how it is shown.

    Args:
        row: the sample.
        side: of the tower's input, pixels.
        count: of references.
        turned: whether turned copies of them are searched too.
        variant: what the pictures' changes are drawn by, see :mod:`training.localizer.changed`; 0 for pictures as they are.
    """

    row: DataRow
    side: int
    count: int
    turned: bool
    variant: int = 0

    @property
    def query(self) -> Picture:
        """The picture itself."""
        return self.row.image, self.side, 0, self.variant

    @property
    def chosen(self) -> list[Picture]:
        """The references it is compared with."""
        return [(path, self.side, 0, self.variant) for path in chosen_references(self.row, self.count)]

    @property
    def turns(self) -> list[tuple[int, Picture]]:
        """Turned copies of them, each with the number of the reference it is of."""
        if not self.turned:
            return []
        return [(i, (path, self.side, q, self.variant)) for i, (path, *_) in enumerate(self.chosen) for q in (1, 2, 3)]

    @property
    def references(self) -> list[Picture]:
        """All that is searched, turned copies last."""
        return [*self.chosen, *(picture for _, picture in self.turns)]


def chosen_references(row: DataRow, count: int) -> list[Path]:
    """The references that a sample is compared with: the first ones, or of a product's some drawn by the sample's index."""
    if row.product is None:
        return list(row.references[:count])
    return random.Random(row.index).sample(row.references, count)


@dataclass(frozen=True, eq=False)
class Seen:
    """Samples with their pictures decoded.

    Args:
        draws: the samples.
        pixels: what the tower is given, a picture; those that were seen before may be missing.
        regions: of each sample, the share of each patch that a defect covers, a defect.
    """

    draws: Sequence[Draw]
    pixels: dict[Picture, Tensor]
    regions: Sequence[Tensor]


def seen(encoder: VisualEncoder, draws: Sequence[Draw], known: Iterable[Picture] = ()) -> Seen:
    """Decode the pictures of samples but those that are known; on the CPU, so that threads may do it ahead."""
    left_out, pixels, regions = set(known), {}, []
    for draw in draws:
        for picture in (draw.query, *draw.references):
            if picture not in pixels and picture not in left_out:
                path, side, quarter, variant = picture
                image = load_image(path)
                if variant:
                    image = QueryImage(changed(image.pixels, variant, path.name), image.source)
                pixels[picture] = encoder.prepare(rotated(image, quarter) if quarter else image, side).pixels
        grid = tuple(length // encoder.patch for length in pixels[draw.query].shape[1:])
        masks = [patch_coverage(flipped(mask, draw.variant), (grid[0], grid[1])) for mask in defect_masks(draw.row)]
        regions.append(torch.stack(masks) if masks else torch.zeros(0, grid[0] * grid[1]))
    return Seen(draws, pixels, regions)


def picture_batches(pixels: dict[Picture, Tensor], most: int) -> Iterator[tuple[list[Picture], Tensor]]:
    """Pictures in batches of one shape each."""
    of_shape: dict[tuple[int, ...], list[Picture]] = {}
    for picture, values in pixels.items():
        of_shape.setdefault(tuple(values.shape), []).append(picture)
    for members in of_shape.values():
        for start in range(0, len(members), most):
            some = members[start : start + most]
            yield some, torch.stack([pixels[picture] for picture in some])


@dataclass(frozen=True, eq=False)
class FeatureEncoder:
    """What makes features of samples.

    Args:
        encoder: of pictures.
        localizer: gives the projection of the matching.
        residual: its adapters write into the encoder's stream.
        kept: features of the references of the samples before, which those after them may share.
    """

    encoder: VisualEncoder
    localizer: Localizer
    residual: bool = False
    kept: dict[Picture, PatchFeatures] = field(default_factory=dict)

    def of(self, draw: Draw) -> SampleFeatures:
        """Those of one sample."""
        (features,) = self.of_all(seen(self.encoder, [draw], self.kept))
        return features

    def encode(self, shown: Seen) -> list[PatchFeatures]:
        """Queries of several samples through the tower; the references they are compared with are then ``kept``."""
        encoded = self._encoded(shown.pixels)
        wanted = list(dict.fromkeys(picture for draw in shown.draws for picture in draw.references))
        kept = {picture: encoded.get(picture) or self.kept[picture] for picture in wanted}
        self.kept.clear()
        self.kept.update(kept)
        return [encoded[draw.query] for draw in shown.draws]

    @torch.inference_mode()
    def of_all(self, shown: Seen) -> list[SampleFeatures]:
        """Those of several samples; their references are numbered in the order in which they are ``kept``."""
        queries = self.encode(shown)
        numbers = {picture: number for number, picture in enumerate(self.kept)}
        return [
            self._sample(draw, query, regions, numbers)
            for draw, query, regions in zip(shown.draws, queries, shown.regions, strict=True)
        ]

    def _encoded(self, pixels: dict[Picture, Tensor]) -> dict[Picture, PatchFeatures]:
        writer = self.localizer.writer() if self.residual else None
        most = TOGETHER if self.encoder.device.type == "cpu" else TOGETHER_ON_GPU
        found: dict[Picture, PatchFeatures] = {}
        for pictures, batch in picture_batches(pixels, most):
            features = self.encoder(batch.to(self.encoder.device, non_blocking=True), writer)
            levels, pooled = [t.float() for t in features.levels], features.pooled.float()
            for at, picture in enumerate(pictures):
                one = slice(at, at + 1)
                found[picture] = PatchFeatures(tuple(t[one] for t in levels), pooled[one], features.grid)
        return found

    def _sample(self, draw: Draw, query: PatchFeatures, regions: Tensor, numbers: dict[Picture, int]) -> SampleFeatures:
        compared = self._compared(draw, query, numbers) if draw.count else None
        return SampleFeatures(
            index=draw.row.index,
            shape=Shape(*query.grid, compared is not None),
            tokens=torch.cat(query.levels),
            pooled=query.pooled[0],
            new=torch.cat([novelty(tokens, query.grid) for tokens in query.levels]),
            regions=regions,
            compared=compared,
        )

    def _compared(self, draw: Draw, query: PatchFeatures, numbers: dict[Picture, int]) -> Compared:
        match = self.match(draw, query)
        sizes = torch.tensor([0, *(self.kept[p].levels[0].shape[1] for p in draw.references)]).cumsum(0)
        starts = sizes.to(match.row.device)
        owner = torch.searchsorted(starts, match.row[0], right=True) - 1
        known = torch.tensor([numbers[picture] for picture in draw.references], device=owner.device)
        return Compared(
            picture=known[owner],
            patch=match.row[0] - starts[owner],
            distance=match.distance[0],
            statistics=match.statistics[0],
            subspace=match.subspace[0],
            class_distance=match.class_distance[0],
            shots=draw.count,
        )

    def match(self, draw: Draw, query: PatchFeatures) -> Match:
        """A picture against its references, which are ``kept``."""
        turns = [(i, self.kept[picture]) for i, picture in draw.turns]
        bank = build_bank(self.localizer, [self.kept[p] for p in draw.chosen], turns, rows=10**9)
        return bank.match(self.localizer, query, FIXED_WINDOW if draw.row.aligned else None)

    def reference_tokens(self) -> dict[int, Tensor]:
        """Tokens of the kept references by their number, (patches, levels, width)."""
        return {number: torch.cat(f.levels).transpose(0, 1) for number, f in enumerate(self.kept.values())}


def grid_of(size: tuple[int, int], side: int, patch: int) -> tuple[int, int]:
    """Rows and columns of patches of a picture of a size (height, width)."""
    return fit(*size, side, patch).grid
