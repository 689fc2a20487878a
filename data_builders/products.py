"""Products: samples that share their reference pictures, as pictures of one line that is inspected again and again.

With ``queries_per_product`` of 1 a product is one sample, made by :mod:`data_builders.sample`. A product depends on the
configuration's seed and on its number only, and a query of it on its own place too: not on the worker, nor on others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from data_builders.capture import Capture, draw_capture, is_colourless, unevenly_lit
from data_builders.config import BuildConfig
from data_builders.families import Families, Pool, load_families, pools
from data_builders.framing import Orientation, draw_size
from data_builders.sample import Sample, finish, paint_defects, record_of, sample_from_pools
from data_builders.types import Pixels, SourceFamily

SHARED, PICTURED, ASKED = 1, 2, 3
"""Streams of a product: what its samples share, its reference pictures, its queries."""
PROBE = 96
"""Side of the picture that tells whether a design has colours, pixels."""


@dataclass(frozen=True, eq=False)
class Product:
    """What all samples of one product share.

    Args:
        number: index of a sample // ``queries_per_product``.
        split: train or validation.
        pool: what the split draws from.
        source: the family of the product.
        size: (height, width) of every picture, pixels.
        turn: how the camera is mounted.
        design: of the source; in a mixed product every picture has one of its own.
        capture: the camera; in a mixed product every picture has one of its own.
        mixed: the references are unlike: other designs of the family, other cameras.
        uneven: the light falls otherwise on every picture.
        references: how many.
    """

    number: int
    split: str
    pool: Pool
    source: SourceFamily
    size: tuple[int, int]
    turn: Orientation
    design: Any
    capture: Capture
    mixed: bool
    uneven: bool
    references: int


def make_product(config: BuildConfig, number: int, families: Families | None = None) -> tuple[Sample, ...]:
    """All samples of a product; load the package's families when none are given.

    Args:
        config: with ``queries_per_product``.
        number: of the product, from 0.
        families: families to draw from.
    """
    found = pools(config, load_families(config) if families is None else families)
    first = number * config.queries_per_product
    return samples_from_pools(config, range(first, first + config.queries_per_product), found)


def make_sample(config: BuildConfig, index: int, families: Families | None = None) -> Sample:
    """Make the sample of an index; load the package's families when none are given."""
    found = pools(config, load_families(config) if families is None else families)
    return samples_from_pools(config, [index], found)[0]


def by_product(config: BuildConfig, indices: Sequence[int]) -> list[tuple[int, ...]]:
    """The indices, in their order, those of one product together."""
    groups: dict[int, list[int]] = {}
    for index in indices:
        groups.setdefault(index // config.queries_per_product, []).append(index)
    return [tuple(group) for group in groups.values()]


def samples_from_pools(config: BuildConfig, indices: Sequence[int], found: Mapping[str, Pool]) -> tuple[Sample, ...]:
    """Samples of one product, its references rendered once.

    Args:
        config: of the build.
        indices: of samples of one product; not necessarily all.
        found: pools of :func:`data_builders.families.pools`.
    """
    if config.queries_per_product == 1:
        return tuple(sample_from_pools(config, index, found) for index in indices)
    product = draw_product(config, indices[0] // config.queries_per_product, found)
    references = render_references(config, product)
    return tuple(_query(config, product, index, references) for index in indices)


def draw_product(config: BuildConfig, number: int, found: Mapping[str, Pool]) -> Product:
    """Choose family, size, pose of the camera, design, camera and number of references."""
    streams = np.random.SeedSequence([config.seed, number, SHARED]).spawn(3)
    choose, designing, camera = (np.random.default_rng(s) for s in streams)
    split = config.split_of(number * config.queries_per_product)
    pool = found[split]
    source = pool.sources[int(choose.choice(len(pool.sources), p=pool.source_chances))]
    size = draw_size(config, source.kind, choose)
    count = int(choose.integers(config.reference_range[0], config.reference_range[1] + 1))
    turn = Orientation.draw(source.kind, choose)
    mixed = bool(choose.random() < config.mixed_reference_probability)
    design = source.design(designing)
    uneven = bool(choose.random() < config.uneven_light_probability)
    capture = _camera(config, source, design, (designing, camera))
    capture = unevenly_lit(capture, source.kind, camera) if uneven else capture
    return Product(number, split, pool, source, size, turn, design, capture, mixed, uneven, count)


def _camera(
    config: BuildConfig, source: SourceFamily, design: Any, rngs: tuple[np.random.Generator, np.random.Generator]
) -> Capture:
    """The camera of a design: one for greys where a small picture of it holds only greys."""
    probe = source.render(design, rngs[0], (PROBE, PROBE)).pixels
    return draw_capture(rngs[1], source.kind, is_colourless(probe), config.capture_strength)


def render_references(config: BuildConfig, product: Product) -> tuple[Pixels, ...]:
    """The reference pictures of a product, the same for all of its samples."""
    streams = np.random.SeedSequence([config.seed, product.number, PICTURED]).spawn(4)
    designing, rendering, marking, camera = (np.random.default_rng(s) for s in streams)
    source, turn, design, capture = product.source, product.turn, product.design, product.capture
    found: list[Pixels] = []
    for _ in range(product.references):
        if product.mixed:
            design = source.design(designing)
            capture = _camera(config, source, design, (designing, camera))
            capture = unevenly_lit(capture, source.kind, camera) if product.uneven else capture
        scene = source.render(design, rendering, turn.before(product.size)).pixels
        found.append(turn.apply(finish(scene, source.kind, capture, config.benign_probability, marking, camera)))
    return tuple(found)


def _query(config: BuildConfig, product: Product, index: int, references: tuple[Pixels, ...]) -> Sample:
    member = index - product.number * config.queries_per_product
    streams = np.random.SeedSequence([config.seed, product.number, ASKED, member]).spawn(6)
    choose, designing, rendering, painting, marking, camera = (np.random.default_rng(s) for s in streams)
    source, turn, design, capture = product.source, product.turn, product.design, product.capture
    if product.mixed:
        design = source.design(designing)
        capture = _camera(config, source, design, (designing, camera))
        capture = unevenly_lit(capture, source.kind, camera) if product.uneven else capture
    picture = source.render(design, rendering, turn.before(product.size))
    if product.mixed:
        picture = replace(picture, fixed_pose=False)  # unlike references show no pose to hold to
    anomalous = bool(choose.random() < config.defect_probability)
    defects = paint_defects(picture, product.pool, config, capture, painting) if anomalous else []
    scene = defects[-1][0].pixels if defects else picture.pixels
    query = turn.apply(finish(scene, source.kind, capture, config.benign_probability, marking, camera))
    masks = tuple(turn.apply(defect.mask) for defect, _, _ in defects)
    return Sample(
        index=index, seed=config.seed, split=product.split, pixels=query, defect_masks=masks,
        defects=tuple(record_of(d, seed, seen, m) for (d, seed, seen), m in zip(defects, masks, strict=True)),
        references=references, aligned=False, object_name=picture.object_name, family=source.name, kind=source.kind,
        domain=source.domain, product=product.number,
    )  # fmt: skip
