"""A set in parquet shards: the same samples as in files, whole at every moment, read by ``datasets`` as it is."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from assistant.errors import ConfigError, DataSetError
from assistant.samples.sets import open_set
from data_builders import stores
from data_builders.build import build
from data_builders.config import BuildConfig
from tests.data_builders.fakes import config, fake_families


def built(folder: Path, options: BuildConfig, rows: int = 4) -> dict[str, bytes]:
    """A set in shards of so many rows; its files."""
    build(options, folder, families=fake_families(), shard_rows=rows)
    return files_of(folder)


def files_of(folder: Path) -> dict[str, bytes]:
    """Bytes of every file below a folder."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture(scope="module")
def options() -> BuildConfig:
    return config(format="shards", defect_probability=0.7, references=2)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, options: BuildConfig) -> Path:
    folder = tmp_path_factory.mktemp("shards") / "set"
    built(folder, options)
    return folder


def test_samples_are_those_of_the_files(tmp_path, whole, options):
    files = build(options.model_copy(update={"format": "files"}), tmp_path / "files", families=fake_families())
    manifest = json.loads((whole / "manifest.json").read_text())
    assert manifest["rows_sha256"] == files["rows_sha256"]
    assert {key: manifest[key] for key in ("rows", "pictures", "counts")} == {
        key: files[key] for key in ("rows", "pictures", "counts")
    }
    ours, theirs = open_set(whole), open_set(tmp_path / "files")
    assert (ours.form, theirs.form) == ("shards", "files")
    for mine, other in zip(ours, theirs, strict=True):
        assert mine.row == other.row
        names = [mine.row["image_file_name"], mine.row["mask_file_name"], *mine.row["reference_file_names"]]
        assert [mine.read(n) for n in names] == [other.read(n) for n in names]
        assert np.array_equal(mine.picture().pixels, other.picture().pixels)
        assert np.array_equal(mine.mask_values(), other.mask_values())


def test_the_manifest_has_the_hashes_of_the_shards(whole):
    files = files_of(whole)
    shards = json.loads(files["manifest.json"])["shards"]
    assert [(s["file"], s["rows"]) for s in shards] == [
        ("data/train-00000.parquet", 4), ("data/train-00001.parquet", 4), ("data/train-00002.parquet", 1),
        ("data/validation-00000.parquet", 3),
    ]  # fmt: skip
    assert all(hashlib.sha256(files[s["file"]]).hexdigest() == s["sha256"] for s in shards)
    assert sorted(files) == sorted(["manifest.json", *(s["file"] for s in shards)])


class Killed(BaseException):
    """Ends a build at once."""


@pytest.mark.parametrize("moment", ["after a row", "after a shard", "within a shard"])
def test_a_killed_build_goes_on_to_the_same_bytes(tmp_path, whole, options, moment, monkeypatch):
    append, write, rows = stores.ShardStore.append, stores.write_shard, []

    def append_some(self: stores.ShardStore, row: dict[str, object]) -> None:
        append(self, row)
        rows.append(row)
        if len(rows) == 7:
            raise Killed

    def write_one(path: Path, *given: object) -> None:
        if moment == "after a shard":
            write(path, *given)
        else:
            path.parent.mkdir(parents=True)
            path.with_name(f".part-{path.name}").write_bytes(b"PAR1half")
        raise Killed

    if moment == "after a row":
        monkeypatch.setattr(stores.ShardStore, "append", append_some)
    else:
        monkeypatch.setattr(stores, "write_shard", write_one)
    with pytest.raises(Killed):
        built(tmp_path / "set", options)
    with pytest.raises(DataSetError, match="a build that was stopped"):
        open_set(tmp_path / "set")
    monkeypatch.undo()
    assert built(tmp_path / "set", options) == files_of(whole)


def test_without_ray_it_says_what_to_install(tmp_path, options, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ConfigError, match=r"anomaly-assistant\[ray\]"):
        build(options, tmp_path / "set", 2, fake_families(), engine="ray")


def test_a_set_that_grows_is_the_one_built_at_once(tmp_path, whole, options):
    built(tmp_path / "set", options.model_copy(update={"count": 6}))
    grown = built(tmp_path / "set", options)
    assert grown == files_of(whole)


def test_references_of_a_product_are_stored_once_and_no_shard_ends_within_one(tmp_path):
    options = config(format="shards", count=16, queries_per_product=4, references=6, image_format="png")
    files = built(tmp_path / "set", options, rows=5)
    samples = list(open_set(tmp_path / "set"))
    of = {
        product: {str(s.image).partition("::")[0] for s in samples if s.row["product"] == product}
        for product in range(4)
    }
    assert all(len(shards) == 1 for shards in of.values())
    unique = sum(
        len(s.read(n)) for p in range(4) for s in samples[4 * p : 4 * p + 1] for n in s.row["reference_file_names"]
    )
    queries = sum(len(s.read(s.row["image_file_name"])) + len(s.read(s.row["mask_file_name"])) for s in samples)
    stored = sum(len(data) for name, data in files.items() if name.startswith("data/"))
    assert stored < unique + queries + 40_000 * sum(name.startswith("data/") for name in files)
    assert stored < 4 * unique


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("streaming", [False, True])
def test_datasets_reads_the_folder_as_it_is(tmp_path, whole, streaming, monkeypatch):
    import datasets

    monkeypatch.setattr(datasets.config, "SLEEP_TIME_ON_THREADS_SHUTDOWN", 0)
    read = datasets.load_dataset(str(whole), streaming=streaming, cache_dir=str(tmp_path / "cache"))
    pictures = datasets.List(datasets.Image())
    for split, count in (("train", 9), ("validation", 3)):
        assert read[split].features["image"] == read[split].features["mask"] == datasets.Image()
        assert read[split].features["references"] == pictures
        rows = list(read[split])
        ours = [s for s in open_set(whole) if s.row["split"] == split]
        assert len(rows) == count == len(ours)
        for row, sample in zip(rows, ours, strict=True):
            assert np.array_equal(np.asarray(row["image"]), sample.picture().pixels)
            assert [r.size for r in row["references"]] == [row["image"].size] * 2
            assert row["defects"] == sample.row["defects"]
            assert row["conversations"] == sample.row["conversations"]
