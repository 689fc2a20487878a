"""Shards are disjoint and complete; merging tells of what is missing and what is double."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assistant.batch import Inputs, Shard, merge, run
from assistant.errors import DataSetError
from assistant.pipeline import Assistant
from tests.batch.conftest import rows_of
from tests.batch.test_running import Inspected, same


def test_shards_are_disjoint_complete_and_join_to_the_whole(photos: Path, tmp_path: Path, inspected: Inspected) -> None:
    inspected(photos, out="whole", save_maps=True)
    for index in (1, 2, 3):
        inspected(photos, out="parts", shard=Shard(index, 3), save_maps=True)
    shards = [rows_of(tmp_path / f"parts/results-{i}-of-3.jsonl") for i in (1, 2, 3)]
    assert sum(map(len, shards)) == len(set().union(*shards)) == 9
    merged = merge([tmp_path / "parts"])
    assert merged.complete
    assert (merged.rows, merged.doubles, merged.missing) == (9, 0, 0)
    same(rows_of(tmp_path / "whole/results.jsonl"), rows_of(merged.path))


def test_merge_tells_of_missing_and_double_rows(
    photos: Path, tmp_path: Path, inspected: Inspected, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # whose a picture is follows from its path below the working directory
    for index in (1, 2):
        inspected(photos, out=f"m{index}", shard=Shard(index, 3), save_maps=True)
    merged = merge([tmp_path / "m1", tmp_path / "m2"], tmp_path / "all", inputs=None)
    assert merged.problems == ("shard 3 of 3 has no rows here: run it, or name its folder",)
    row = next(iter(rows_of(merged.path).values()))
    assert (tmp_path / "all" / row["map_path"]).is_file()
    inspected(photos, out="m3", shard=Shard(3, 3))
    third = tmp_path / "m3/results-3-of-3.jsonl"
    *kept, lost = third.read_bytes().splitlines(keepends=True)
    stolen = (tmp_path / "m1/results-1-of-3.jsonl").read_bytes().splitlines(keepends=True)[0]
    third.write_bytes(b"".join([*kept, stolen]))
    folders = [tmp_path / f"m{i}" for i in (1, 2, 3)]
    merged = merge(folders, tmp_path / "all")
    assert merged.doubles == 1
    assert any("more than one row" in text for text in merged.problems)
    assert any(f"{third}" in text for text in merged.problems)
    merged = merge(folders, tmp_path / "all", inputs=Inputs((str(photos),)))
    assert merged.missing == 1
    assert any(json.loads(lost)["source"] in text for text in merged.problems)


def test_merge_needs_shards_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(DataSetError, match="results of shards"):
        merge([tmp_path])
    with pytest.raises(DataSetError, match="--out"):
        merge([tmp_path, tmp_path])


def test_a_shard_that_was_stopped_is_told_of(photos: Path, tmp_path: Path, tiny: Assistant) -> None:
    rows = iter(run([photos], tmp_path / "out", assistant=tiny, shard=Shard(1, 1)))
    next(rows)
    rows.close()  # type: ignore[attr-defined]
    (tmp_path / "out/results.jsonl").rename(tmp_path / "out/results-1-of-1.jsonl")
    (tmp_path / "out/run.json").rename(tmp_path / "out/run-1-of-1.json")
    assert any("not finished" in text for text in merge([tmp_path / "out"]).problems)
