"""Features of reference pictures, as often as they are wanted: in memory, then in a file without a name, then encoded anew."""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO

import numpy as np
import torch

from assistant.pictures.images import load_image
from assistant.towers.encoder import PatchFeatures
from assistant.types import QueryImage
from assistant.vision.checks.reference_set import Glance
from assistant.vision.encoded_query import Picture

HELD_BYTES = 256 * 2**20
"""Features of references that are held in memory until they are scored: 75 references of the preset mini."""
FILED_BYTES = 2 * 2**30
"""Further ones that wait in a temporary file; others are encoded twice."""


class ReferenceFeatures:
    """Features of reference pictures in their order, as often as wanted.

    The first are held in memory, the next in a file without a name; what fits in neither is encoded anew.

    Args:
        encode: a picture -> its patch tokens, a batch of one.
        references: pictures or paths.
    """

    def __init__(self, encode: Callable[[QueryImage], PatchFeatures], references: Sequence[Picture]) -> None:
        self._encode, self._references = encode, references
        self._held: list[PatchFeatures] = []
        self._held_bytes = 0
        self._filed: dict[int, Filed] = {}
        self._file: IO[bytes] | None = None
        self._free = FILED_BYTES
        self.glances: list[Glance] = []
        """At the references encoded so far."""

    def __enter__(self) -> ReferenceFeatures:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def __len__(self) -> int:
        return len(self._references)

    def __iter__(self) -> Iterator[PatchFeatures]:
        for number in range(len(self._references)):
            yield self[number]

    def __getitem__(self, number: int) -> PatchFeatures:
        if not 0 <= number < len(self._references):
            raise IndexError(number)
        if number < len(self._held):
            return self._held[number]
        if number in self._filed:
            return self._read(self._filed[number])
        picture = self.picture(number)
        features = self._encode(picture)
        if number == len(self.glances):
            self.glances.append(Glance.of(picture))
        self._keep(number, features)
        return features

    def picture(self, number: int) -> QueryImage:
        """A reference, decoded now where it is a path."""
        picture = self._references[number]
        return picture if isinstance(picture, QueryImage) else load_image(picture)

    def _keep(self, number: int, features: PatchFeatures) -> None:
        size = sum(t.nbytes for t in (*features.levels, features.pooled))
        if number == len(self._held) and self._held_bytes + size <= HELD_BYTES:
            self._held.append(features)
            self._held_bytes += size
        elif size <= self._free:
            try:
                self._filed[number] = self._write(features)
                self._free -= size
            except OSError:
                self._free = 0  # no room there: they are encoded twice

    def _write(self, features: PatchFeatures) -> Filed:
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="anomaly-references-")  # noqa: SIM115  closed on exit
        start = self._file.seek(0, os.SEEK_END)
        tensors = (*features.levels, features.pooled)
        for tensor in tensors:
            self._file.write(tensor.float().cpu().contiguous().numpy().data)
        self._file.flush()
        return Filed(start, tuple(t.shape for t in tensors), features.grid, features.pooled.device)

    def _read(self, filed: Filed) -> PatchFeatures:
        assert self._file is not None
        self._file.seek(filed.start)
        tensors = []
        for shape in filed.shapes:
            values = np.frombuffer(self._file.read(4 * math.prod(shape)), np.float32).copy()
            tensors.append(torch.from_numpy(values).reshape(shape).to(filed.device))
        return PatchFeatures(tuple(tensors[:-1]), tensors[-1], filed.grid)


@dataclass(frozen=True)
class Filed:
    """Where features lie in the file: first byte, shapes of the levels' tokens and of the pooled token, grid; their device."""

    start: int
    shapes: tuple[torch.Size, ...]
    grid: tuple[int, int]
    device: torch.device
