"""Samples of one product share their references, in memory and on disk."""

from __future__ import annotations

import json

import numpy as np
import pytest

from assistant.errors import ConfigError
from data_builders.build import build
from data_builders.iterate import iter_samples
from data_builders.products import make_product, make_sample
from data_builders.writer import read_rows
from tests.data_builders.fakes import config, fake_families


def _same(first, second) -> bool:
    return len(first) == len(second) and all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def test_samples_of_a_product_share_family_size_and_references():
    some = config(count=24, queries_per_product=4, references=(1, 5), defect_probability=0.5)
    samples = list(iter_samples(some, families=fake_families()))
    for start in range(0, 24, 4):
        first, *others = samples[start : start + 4]
        assert [s.product for s in (first, *others)] == [start // 4] * 4
        for other in others:
            assert _same(first.references, other.references)
            assert (other.family, other.split, other.pixels.shape) == (first.family, first.split, first.pixels.shape)
            assert not np.array_equal(other.pixels, first.pixels)
    assert not _same(samples[0].references, samples[4].references)
    assert len({len(s.references) for s in samples}) > 1
    assert 0 < sum(not s.defects for s in samples) < 24


def test_a_sample_of_a_product_depends_on_seed_and_index_only():
    some = config(queries_per_product=4)
    alone, together = make_sample(some, 6, fake_families()), make_product(some, 1, fake_families())[2]
    assert alone.index == together.index == 6
    assert np.array_equal(alone.pixels, together.pixels)
    assert alone.defects == together.defects
    assert _same(alone.references, together.references)


def test_queries_of_a_mixed_product_are_of_other_designs():
    clean = {"capture_strength": 0, "benign_probability": 0, "defect_probability": 0, "queries_per_product": 3}
    for mixed in (0.0, 1.0):
        samples = make_product(config(mixed_reference_probability=mixed, references=2, **clean), 0, fake_families())
        colours = np.array([p.mean((0, 1)) for s in samples for p in (s.pixels, *s.references[:1])])
        assert (np.ptp(colours, axis=0).max() > 10) == bool(mixed)


def test_the_splits_take_whole_products():
    some = config(queries_per_product=3, validation_share=0.25)
    splits = [some.split_of(index) for index in range(24)]
    assert splits.count("validation") == 6
    assert all(len(set(splits[start : start + 3])) == 1 for start in range(0, 24, 3))


def test_rows_of_a_product_point_to_the_same_files(tmp_path):
    some = config(count=8, queries_per_product=4, references=2)
    manifest = build(some, tmp_path, families=fake_families())
    rows = list(read_rows(tmp_path))
    assert [row["product"] for row in rows] == [0] * 4 + [1] * 4
    assert len({tuple(row["reference_file_names"]) for row in rows}) == 2
    assert len(list((tmp_path / "references").rglob("*.jpg"))) == 4
    assert manifest["pictures"] == 12
    build(config(count=2), tmp_path / "single", families=fake_families())
    assert all("product" not in row for row in read_rows(tmp_path / "single"))


@pytest.mark.parametrize("workers", [1, 2])
def test_a_build_stopped_within_a_product_goes_on(tmp_path, workers):
    some = {"queries_per_product": 4, "references": 2}
    build(config(count=14, **some), tmp_path / "whole", families=fake_families())
    build(config(count=6, **some), tmp_path / "part", workers, families=fake_families())
    with (tmp_path / "part/metadata.jsonl").open("rb+") as file:
        file.truncate((tmp_path / "part/metadata.jsonl").stat().st_size - 30)
    build(config(count=14, **some), tmp_path / "part", workers, families=fake_families())
    for path in (tmp_path / "whole").rglob("*.*"):
        assert (tmp_path / "part" / path.relative_to(tmp_path / "whole")).read_bytes() == path.read_bytes()


@pytest.mark.parametrize("which", ["image", "reference"])
def test_a_reference_on_the_evaluation_list_refuses_the_product(tmp_path, which):
    some = {"count": 6, "queries_per_product": 3, "references": 2}
    build(config(**some), tmp_path / "free", families=fake_families())
    row = list(read_rows(tmp_path / "free"))[4]
    value = row["image_sha256"] if which == "image" else row["reference_sha256"][1]
    (tmp_path / "list.txt").write_text(f"{value}\n")
    guarded = config(evaluation_hashes=str(tmp_path / "list.txt"), **some)
    manifest = build(guarded, tmp_path / "guarded", families=fake_families())
    assert manifest["refused"] == ([4] if which == "image" else [3, 4, 5])
    assert json.loads((tmp_path / "guarded/manifest.json").read_text()) == manifest


def test_a_template_needs_a_product_of_its_own():
    with pytest.raises(ConfigError, match="template_probability needs"):
        config(queries_per_product=2, template_probability=0.1)
