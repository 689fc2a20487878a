"""What an epoch learns from, where data sets are weighed against each other: a part of each, drawn anew each epoch."""

from __future__ import annotations

import random
from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

from training.localizer.data import SET_SPACING

Shaped = TypeVar("Shaped", bound=Hashable)


def weighed(shapes: Mapping[int, Shaped], weights: Sequence[float] | None, rng: random.Random) -> dict[int, Shaped]:
    """The samples of an epoch: as many of each set as its weight says, none twice, and of one set at least all of them.

    Of every shape of a set the same share is drawn, so that epochs have as many batches.

    Args:
        shapes: of all samples, by index.
        weights: of the sets, relative; all samples when None.
        rng: draws.

    >>> sorted(weighed({0: "a", 1: "a", 2: "a", 3: "a", SET_SPACING: "a"}, (2, 1), random.Random(0)))
    [1, 3, 10000000]
    """
    if weights is None:
        return dict(shapes)
    sets: dict[int, dict[Shaped, list[int]]] = {}
    for index in sorted(shapes):
        sets.setdefault(index // SET_SPACING, {}).setdefault(shapes[index], []).append(index)
    sizes = {number: sum(map(len, groups.values())) for number, groups in sets.items()}
    most = min(sizes[number] / weights[number] for number in sets)
    drawn: list[int] = []
    for number, groups in sets.items():
        share = weights[number] * most / sizes[number]
        for members in groups.values():
            drawn += rng.sample(members, round(share * len(members)))
    return {index: shapes[index] for index in drawn}
