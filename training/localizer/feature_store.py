"""Features of samples on disk: shards of samples of one shape, a memory-mapped safetensors file each. Knows no pictures.

A token is kept in seven bits: divided by its shard's spread of each channel, then by the largest number of the token. It errs by
about a sixtieth of a standard deviation, less than the dropout behind it by far. Reference tokens that patches were matched
with are kept once a shard, however many patches and samples they serve.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, Int, UInt8
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from assistant.errors import DataSetError
from assistant.vision.localizer import Match

FORMAT = 3
"""Raised whenever features of before cannot be read any more."""
ENDING = ".features.safetensors"


@dataclass(frozen=True)
class Shape:
    """What must agree for samples to share a batch."""

    rows: int
    columns: int
    compared: bool


@dataclass(frozen=True, eq=False)
class Compared:
    """What the references of a sample say of it.

    Args:
        picture: number of the reference picture (or turned copy) each patch was matched with, a level.
        patch: of that picture, a level.
        distance: cosine distance to it, a level.
        statistics: of normal distances, (levels, 2).
        subspace: residual norm outside the references' subspace.
        class_distance: two numbers.
        shots: number of references.
    """

    picture: Int[Tensor, "levels patches"]
    patch: Int[Tensor, "levels patches"]
    distance: Float[Tensor, "levels patches"]
    statistics: Float[Tensor, "levels 2"]
    subspace: Float[Tensor, " patches"]
    class_distance: Float[Tensor, " 2"]
    shots: int


@dataclass(frozen=True, eq=False)
class SampleFeatures:
    """Features of one sample.

    Args:
        index: of the sample.
        shape: of its patches.
        tokens: a level.
        pooled: the class token.
        new: in-picture novelty, a level.
        regions: share of each patch that a defect covers, a defect.
        compared: with references; None without any.
    """

    index: int
    shape: Shape
    tokens: Float[Tensor, "levels patches width"]
    pooled: Float[Tensor, " width"]
    new: Float[Tensor, "levels patches"]
    regions: Float[Tensor, "defects patches"]
    compared: Compared | None


@dataclass(frozen=True, eq=False)
class Packed:
    """Tokens in seven bits.

    Args:
        values: see :func:`in_seven_bits`, [-63, 63] with 64 added.
        longest: largest number of a token, in spreads.
        spread: of each channel, a level or for all.
    """

    values: UInt8[Tensor, "*tokens bytes"]
    longest: Float[Tensor, "*tokens"]
    spread: Float[Tensor, "*some width"]

    def unpacked(self) -> Float[Tensor, "*tokens width"]:
        """Tokens in float32."""
        values: Tensor = of_seven_bits(self.values, self.spread.shape[-1]).sub_(MIDDLE).view(torch.int8).float()
        values.mul_((self.longest.float() / LARGEST)[..., None]).mul_(self.spread)
        return values

    def to(self, device: torch.device) -> Packed:
        """The same on another device."""
        return Packed(*(getattr(self, f.name).to(device, non_blocking=True) for f in fields(self)))

    def pinned(self) -> Packed:
        """The same in memory that a GPU copies from while it computes."""
        return Packed(*(getattr(self, f.name).pin_memory() for f in fields(self)))


LARGEST, MIDDLE = 63, 64
"""Largest number of a token as it is kept, and where zero lies."""


def in_seven_bits(values: UInt8[Tensor, "*tokens width"]) -> UInt8[Tensor, "*tokens bytes"]:
    """Numbers below 128, eight of them in seven bytes: seven in the low bits, the eighth a bit each in the high ones.

    >>> numbers = torch.arange(118, 128, dtype=torch.uint8)
    >>> len(in_seven_bits(numbers)), bool((of_seven_bits(in_seven_bits(numbers), 10) == numbers).all())
    (14, True)
    """
    eighth = -(-values.shape[-1] // 8)
    padded = torch.nn.functional.pad(values, (0, 8 * eighth - values.shape[-1])).unflatten(-1, (8, eighth))
    bits = torch.arange(7, dtype=torch.uint8, device=values.device)[:, None]
    packed: Tensor = padded[..., :7, :] | (padded[..., 7:, :] >> bits & 1) << 7
    return packed.flatten(-2)


def of_seven_bits(packed: UInt8[Tensor, "*tokens bytes"], width: int) -> UInt8[Tensor, "*tokens width"]:
    """The numbers again."""
    groups = packed.unflatten(-1, (7, packed.shape[-1] // 7))
    last = groups[..., 0, :] >> 7
    for bit in range(1, 7):
        last = last | groups[..., bit, :] >> 7 << bit
    return torch.cat((packed & 127, last), -1)[..., :width]


def pack(tokens: Float[Tensor, "*tokens width"], spread: Float[Tensor, "*some width"]) -> Packed:
    """Tokens in seven bits, each number within a 126th of its token's largest.

    >>> tokens = torch.randn(3, 5, 8)
    >>> packed = pack(tokens, spread_of(tokens))
    >>> bool((packed.unpacked() - tokens).abs().max() < 0.05)
    True
    """
    even = tokens.float() / spread
    longest = even.abs().amax(-1).clamp_min(1e-6).half()
    values = (even * (LARGEST / longest.float())[..., None]).round().clamp(-LARGEST, LARGEST) + MIDDLE
    return Packed(in_seven_bits(values.to(torch.uint8)), longest, spread)


def spread_of(tokens: Float[Tensor, "*tokens width"]) -> Float[Tensor, " width"]:
    """Root mean square of each channel."""
    return tokens.float().flatten(0, -2).square().mean(0).sqrt().clamp_min(1e-6)


Pool = dict[int, Float[Tensor, "patches levels width"]]
"""Tokens of reference pictures, by their numbers."""


def write_shard(folder: Path, samples: Sequence[SampleFeatures], pool: Pool) -> None:
    """Write samples of one shape, whole or not at all; ``pool`` has the reference pictures they were compared with."""
    levels = range(samples[0].tokens.shape[0])
    spread = torch.stack([spread_of(torch.stack([s.tokens[i] for s in samples])) for i in levels])
    packed = [pack(s.tokens, spread[:, None]) for s in samples]
    tensors = {
        "tokens": torch.stack([p.values for p in packed]),
        "longest": torch.stack([p.longest for p in packed]),
        "spread": spread,
        "pooled": torch.stack([s.pooled for s in samples]).half(),
        "new": torch.stack([s.new for s in samples]).half(),
        "regions": torch.cat([s.regions for s in samples]).half(),
    }
    if samples[0].shape.compared:
        tensors |= _compared(samples, pool, spread)
    about = {
        "shape": asdict(samples[0].shape),
        "indices": [s.index for s in samples],
        "regions": [len(s.regions) for s in samples],
    }
    target = folder / f"{samples[0].index:09d}{ENDING}"
    partial = target.with_suffix(".partial")
    contiguous = {name: value.cpu().contiguous() for name, value in tensors.items()}
    save_file(contiguous, partial, metadata={"about": json.dumps(about)})
    partial.replace(target)


def _compared(samples: Sequence[SampleFeatures], pool: Pool, spread: Tensor) -> dict[str, Tensor]:
    """Tensors of the comparison; reference tokens once each, level by level in one table."""
    found = [s.compared for s in samples if s.compared is not None]
    wide = max(len(tokens) for tokens in pool.values())
    tokens, longest, index, start = [], [], [], 0
    for level in range(len(spread)):
        keys = torch.stack([c.picture[level].cpu() * wide + c.patch[level].cpu() for c in found])
        used, at = keys.unique(return_inverse=True)
        chosen = torch.stack([pool[int(key) // wide][int(key) % wide, level] for key in used])
        kept = pack(chosen, spread[level])
        tokens.append(kept.values)
        longest.append(kept.longest)
        index.append(at.int() + start)
        start += len(used)
    return {
        "reference_tokens": torch.cat(tokens),
        "reference_longest": torch.cat(longest),
        "matched": torch.stack(index, 1),
        "distance": torch.stack([c.distance for c in found]).half(),
        "statistics": torch.stack([c.statistics for c in found]).float(),
        "subspace": torch.stack([c.subspace for c in found]).half(),
        "class_distance": torch.stack([c.class_distance for c in found]).float(),
        "shots": torch.tensor([float(c.shots) for c in found]),
    }


@dataclass(frozen=True)
class _Place:
    """Where a sample's features are."""

    path: Path
    position: int
    shape: Shape


class _Shard:
    """An open shard; its tensors lie in the file until they are read."""

    def __init__(self, path: Path) -> None:
        with safe_open(path, "pt") as file:
            about = json.loads(file.metadata()["about"])
            self.tensors: dict[str, Tensor] = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        counts = torch.tensor([0, *about["regions"]]).cumsum(0).tolist()
        self.regions = list(pairwise(counts))


class FeatureStore:
    """The features of a folder, by the index of a sample; shards that join later are seen by :meth:`look`.

    Args:
        folder: may be empty or absent.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: set[Path] = set()
        self._places: dict[int, _Place] = {}
        self._open: dict[Path, _Shard] = {}
        self.look()

    def look(self) -> FeatureStore:
        """Take in shards that are new.

        Raises:
            DataSetError: a damaged one.
        """
        for path in sorted(self._folder.glob(f"*{ENDING}")):
            if path in self._seen:
                continue
            try:
                with safe_open(path, "pt") as file:
                    about = json.loads(file.metadata()["about"])
                shape = Shape(**about["shape"])
            except (SafetensorError, OSError, ValueError, TypeError, KeyError) as error:
                raise DataSetError("whole features", f"{path.name} ({error})", "remove that file") from error
            self._seen.add(path)
            self._places |= {index: _Place(path, at, shape) for at, index in enumerate(about["indices"])}
        return self

    def __contains__(self, index: int) -> bool:
        return index in self._places

    def shape(self, index: int) -> Shape:
        """Of a sample.

        Raises:
            DataSetError: it has no features here.
        """
        return self._place(index).shape

    def _place(self, index: int) -> _Place:
        if index not in self._places:
            raise DataSetError(f"features of sample {index}", f"none in {self._folder}", "encode them again")
        return self._places[index]

    def read(self, indices: Sequence[int]) -> StoredBatch:
        """Features of samples of one shape, as they are stored.

        Raises:
            DataSetError: of a sample without features here.
        """
        places = [self._place(index) for index in indices]
        found = [(self._shard(place.path), place.position) for place in places]

        def stacked(name: str) -> Tensor:
            return torch.stack([shard.tensors[name][at] for shard, at in found])

        spread = torch.stack([shard.tensors["spread"][:, None] for shard, _ in found])
        tokens = Packed(stacked("tokens"), stacked("longest"), spread)
        regions = [shard.tensors["regions"][slice(*shard.regions[at])] for shard, at in found]
        compared, matched = {}, None
        if places[0].shape.compared:
            rows = [shard.tensors["matched"][at] for shard, at in found]
            matched = Packed(
                torch.stack([s.tensors["reference_tokens"][r] for (s, _), r in zip(found, rows, strict=True)]),
                torch.stack([s.tensors["reference_longest"][r] for (s, _), r in zip(found, rows, strict=True)]),
                spread,
            )
            compared = {name: stacked(name) for name in COMPARED}
        return StoredBatch(tokens, stacked("pooled"), stacked("new"), regions, matched, compared)

    def _shard(self, path: Path) -> _Shard:
        if path not in self._open:
            self._open[path] = _Shard(path)
        return self._open[path]


COMPARED = ("distance", "statistics", "subspace", "class_distance", "shots")


@dataclass(frozen=True, eq=False)
class StoredBatch:
    """Features of samples of one shape as they lie in their shards.

    Args:
        tokens: (batch, levels, patches, width).
        pooled: (batch, width).
        new: (batch, levels, patches).
        regions: of each sample, (defects, patches).
        matched: reference tokens, as ``tokens``; None without references.
        compared: what else the references say, by name.
    """

    tokens: Packed
    pooled: Tensor
    new: Tensor
    regions: list[Tensor]
    matched: Packed | None
    compared: dict[str, Tensor]

    def to(self, device: torch.device) -> StoredBatch:
        """The same on another device, still packed."""
        return self._each(lambda value: value.to(device, non_blocking=True), lambda packed: packed.to(device))

    def pinned(self) -> StoredBatch:
        """The same in memory that a GPU copies from while it computes."""
        return self._each(lambda value: value.pin_memory(), lambda packed: packed.pinned())

    def _each(self, move: Any, repack: Any) -> StoredBatch:
        return StoredBatch(
            repack(self.tokens), move(self.pooled), move(self.new), [move(r) for r in self.regions],
            None if self.matched is None else repack(self.matched),
            {name: move(value) for name, value in self.compared.items()},
        )  # fmt: skip

    def match(self) -> Match | None:
        """What the references say, float32; None without any."""
        if self.matched is None:
            return None
        said = {name: value.float() for name, value in self.compared.items()}
        return Match(
            **said,
            row=torch.zeros_like(said["distance"], dtype=torch.long),
            token=self.matched.unpacked(),
            text=torch.zeros_like(said["distance"][:, 0]),
        )
