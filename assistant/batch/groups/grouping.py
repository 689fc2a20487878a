"""A finished run -> groups of its regions: ``groups.json`` and ``groups.webp`` beside the rows, and ``group`` in the rows.

What comes out depends on rows and embeddings alone: not on the order of the pictures, on workers, shards or stops.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32, Int

from assistant.batch.groups.clustering import ALONE, REACH, alike, letters, nearest
from assistant.batch.groups.contact_sheet import SHEET, write_sheet
from assistant.batch.groups.group_file import GROUPS, SCHEMA, Group, Groups, read_groups
from assistant.batch.groups.members import Unfitting, drawn, embedded, unfitting, unit
from assistant.batch.results.pictures import unwritable
from assistant.batch.results.region_embeddings import RegionEmbeddings, embeddings_path
from assistant.batch.results.rows import parsed
from assistant.errors import DataSetError
from assistant.report import to_line

MOST_CLUSTERED = 4000
"""Regions that are compared with each other, in 150 MB; the others join the group whose mean they are alike, or none."""
AT_ONCE = 1000


@dataclass
class _Gathered:
    """Members of a group as they come in: each with its cosine to the mean of those that were clustered."""

    members: list[tuple[float, Unfitting]]
    total: np.ndarray

    def add(self, likeness: float, member: Unfitting, vector: np.ndarray) -> None:
        self.members.append((likeness, member))
        self.total = self.total + vector


def group_run(results: Path) -> Groups:
    """Group the regions of a file of rows that no known kind fits.

    Two regions are alike by the cosine of their embeddings; see :func:`assistant.batch.groups.clustering.alike`. Kinds that a
    person gave to groups of before stay with the groups that hold their medoids.

    Args:
        results: rows, with ``embeddings.jsonl`` beside them; nobody else may write to them meanwhile.

    Raises:
        StorageError: the folder is full or cannot be written.
    """
    found, preset, weights = unfitting(results)
    gathered = list(_gather(found, RegionEmbeddings(embeddings_path(results))))
    kinds = _kinds_of_before(results.with_name(GROUPS))
    named = [_group(one, name, kinds) for one, name in zip(sorted(gathered, key=_rank), letters(), strict=False)]
    alone = len(found) - sum(group.regions for group in named)
    groups = Groups(schema=SCHEMA, preset=preset, weights=weights, regions=len(found), alone=alone, groups=tuple(named))
    letter = {(one.source, one.region): group.name for group in named for one in group.members}
    _mark_rows(results, letter)
    groups.write(results.with_name(GROUPS))
    write_sheet(results.with_name(SHEET), groups, results)
    return groups


def _gather(found: Sequence[Unfitting], embeddings: RegionEmbeddings) -> Iterator[_Gathered]:
    """Groups of regions, in no order."""
    compared, others = drawn(found, MOST_CLUSTERED)
    places, vectors = embedded(compared, embeddings)
    labels = alike(vectors, REACH)
    numbers = [number for number in dict.fromkeys(labels.tolist()) if number != ALONE]
    if not numbers:
        return
    centres = unit(np.stack([vectors[labels == number].mean(0) for number in numbers]))
    groups = [_Gathered([], np.zeros(vectors.shape[1], np.float64)) for _ in numbers]
    own = np.array([numbers.index(label) if label != ALONE else ALONE for label in labels.tolist()])
    _add(groups, centres, [compared[place] for place in places], vectors, own)
    for start in range(0, len(others), AT_ONCE):
        some = others[start : start + AT_ONCE]
        places, vectors = embedded(some, embeddings)
        if places:
            _add(groups, centres, [some[place] for place in places], vectors, nearest(vectors, centres, REACH))
    yield from groups


def _add(
    groups: Sequence[_Gathered],
    centres: Float32[np.ndarray, "groups width"],
    members: Sequence[Unfitting],
    vectors: Float32[np.ndarray, "regions width"],
    own: Int[np.ndarray, " regions"],
) -> None:
    for member, vector, number in zip(members, vectors, own.tolist(), strict=True):
        if number != ALONE:
            groups[number].add(float(vector @ centres[number]), member, vector)


def _rank(group: _Gathered) -> tuple[int, int, str, int]:
    """Most pictures first, then most regions, then by the first region's name."""
    first = min((one.source, one.region) for _, one in group.members)
    return -len({one.source for _, one in group.members}), -len(group.members), *first


def _group(gathered: _Gathered, name: str, kinds: Mapping[tuple[str, int], str]) -> Group:
    # to 4 decimals: what a rounding of the encoder changes must not change an order
    ordered = sorted(gathered.members, key=lambda pair: (-round(pair[0], 4), pair[1].source, pair[1].region))
    members = [one for _, one in ordered]
    count = len(members)
    pairs = (float(gathered.total @ gathered.total) - count) / (count * (count - 1))
    types = Counter(one.type or "unnamed" for one in members)
    known = sorted(types.items(), key=lambda pair: (-pair[1], pair[0]))
    return Group(
        name=name,
        kind=next((kinds[key] for one in members if (key := (one.source, one.region)) in kinds), None),
        regions=count,
        pictures=len({one.source for one in members}),
        cohesion=round(min(1.0, max(-1.0, pairs)), 3),
        known_kinds={kind: round(number / count, 3) for kind, number in known},
        medoid=members[0].member,
        members=tuple(one.member for one in members),
    )


def _kinds_of_before(path: Path) -> dict[tuple[str, int], str]:
    """Kinds that were given to groups, by their medoids; none where there was no file that can be read."""
    try:
        before = read_groups(path)
    except DataSetError:
        return {}
    return {(one.medoid.source, one.medoid.region): one.kind for one in before.groups if one.kind is not None}


def _mark_rows(results: Path, letter: Mapping[tuple[str, int], str]) -> None:
    """Write the letters into the rows, which are replaced as a whole; rows whose letters stay are the same bytes."""
    part = results.with_name(f".{results.name}.grouped")
    try:
        with results.open("rb") as rows, part.open("wb") as target:
            target.writelines(_marked(line, letter) for line in rows)
        part.replace(results)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise unwritable(error, results) from error


def _marked(line: bytes, letter: Mapping[tuple[str, int], str]) -> bytes:
    row: dict[str, Any] | None = parsed(line)
    if row is None or not row["regions"]:
        return line
    told = [letter.get((row["source"], region["id"])) for region in row["regions"]]
    if told == [region.get("group") for region in row["regions"]]:
        return line
    row["regions"] = [{**region, "group": name} for region, name in zip(row["regions"], told, strict=True)]
    return (to_line(row) + "\n").encode()
