"""Samples made on the fly, without a disk."""

from __future__ import annotations

from collections.abc import Iterator

from data_builders.config import BuildConfig
from data_builders.families import Families, load_families, pools
from data_builders.products import by_product, samples_from_pools
from data_builders.sample import Sample


def iter_samples(
    config: BuildConfig, start: int = 0, stop: int | None = None, families: Families | None = None
) -> Iterator[Sample]:
    """Samples ``start`` to ``stop`` (exclusive; ``config.count`` when None): the very ones a build writes."""
    found = pools(config, load_families(config) if families is None else families)
    for indices in by_product(config, range(start, config.count if stop is None else stop)):
        yield from samples_from_pools(config, indices, found)
