"""Rows of a run -> regions that no known kind fits, and what they look like."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32

from assistant.batch.groups.group_file import Member
from assistant.batch.inputs.item import key_of
from assistant.batch.results.region_embeddings import RegionEmbeddings
from assistant.batch.results.rows import read_rows
from assistant.words.wording import SURE


@dataclass(frozen=True, slots=True, order=True)
class Unfitting:
    """A region that no known kind fits.

    Args:
        source, region: the picture as rows name it, and the region's number in its row.
        type: the nearest kind all the same; None without a vocabulary.
    """

    source: str
    region: int
    type: str | None

    @property
    def key(self) -> int:
        """64 bits of a hash: an order that has nothing to do with names."""
        return key_of(f"{self.source}#{self.region}")

    @property
    def member(self) -> Member:
        """As a file of groups names it."""
        return Member(source=self.source, region=self.region)


def fits(region: dict[str, Any]) -> bool:
    """Whether a kind fits a region of a row: the words about it do not say "possibly" (:data:`assistant.words.wording.SURE`)."""
    return region["type"] is not None and (region["type_probability"] or 0.0) >= SURE


def unfitting(results: Path) -> tuple[list[Unfitting], str | None, str | None]:
    """Regions without a fitting kind, sorted by source and number; preset and weights that the rows tell."""
    found, preset, weights = [], None, None
    for row in read_rows(results):
        if row["error"] is None:
            preset, weights = preset or row["preset"], weights or row["weights"]
            found += [Unfitting(row["source"], one["id"], one["type"]) for one in row["regions"] if not fits(one)]
    return sorted(found, key=lambda one: (one.source, one.region)), preset, weights


def embedded(
    members: Iterable[Unfitting | Member], embeddings: RegionEmbeddings
) -> tuple[list[int], Float32[np.ndarray, "regions width"]]:
    """What regions look like, of length 1, and their places among ``members``; those without an embedding are left out."""
    places: list[int] = []
    vectors: list[np.ndarray] = []
    source, known = "", None
    for place, one in enumerate(members):
        if one.source != source:
            source, known = one.source, embeddings.of(one.source)
        if known is not None and one.region <= len(known) and (not vectors or known.shape[1] == len(vectors[0])):
            places.append(place)
            vectors.append(known[one.region - 1].astype(np.float32))
    if not vectors:
        return [], np.empty((0, 1), np.float32)
    return places, unit(np.stack(vectors))


def unit(vectors: Float32[np.ndarray, "regions width"]) -> Float32[np.ndarray, "regions width"]:
    """Vectors of length 1."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-6), np.float32)


def drawn(members: Sequence[Unfitting], most: int) -> tuple[list[Unfitting], list[Unfitting]]:
    """At most ``most`` regions, drawn by a hash and not by their order, and the others; both in the order given."""
    if len(members) <= most:
        return list(members), []
    last = sorted(one.key for one in members)[most - 1]
    return [one for one in members if one.key <= last], [one for one in members if one.key > last]
