"""Runs end to end on the preset tiny: the same rows whatever the batch, the shard, the engine and the kills."""

from __future__ import annotations

import errno
import json
import os
import random
import signal
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from assistant.batch import BatchRun, Inputs, Shard, merge, run
from assistant.batch.fleet import Fleet
from assistant.batch.items import Item
from assistant.batch.jobs import Job
from assistant.errors import ConfigError, DataSetError, StorageError, WeightsError
from assistant.images import load_map
from assistant.pipeline import Assistant
from assistant.report import SCHEMA_FILE
from assistant.request import Request
from tests.batch.conftest import Row, draw, rows_of

Inspected = Callable[..., BatchRun]


def same(rows: dict[str, Row], others: dict[str, Row]) -> None:
    """Equal rows; scores to 1e-4."""
    assert rows.keys() == others.keys()
    for source, row in rows.items():
        other = others[source]
        if row["error"] is None:
            assert abs(row["image_score"] - other["image_score"]) < 1e-4
        assert (row["verdict"], row["error"], row["caption"]) == (other["verdict"], other["error"], other["caption"])
        boxes = [[r["box"] for r in one["regions"] or ()] for one in (row, other)]
        assert boxes[0] == boxes[1]


def test_rows_follow_the_schema_and_point_to_what_was_written(
    photos: Path, tmp_path: Path, inspected: Inspected
) -> None:
    (photos / "bad.png").write_text("no picture")
    asked = inspected(photos, save_maps=True, save_overlays=True)
    assert (asked.found, asked.written, asked.failed, asked.skipped, asked.total) == (10, 10, 1, 0, 10)
    schema = json.loads(SCHEMA_FILE.read_text())
    rows = [json.loads(line) for line in (tmp_path / "out/results.jsonl").read_text().splitlines()]
    for row in rows:
        jsonschema.validate(row, schema)
        if row["error"] is None:
            assert load_map(tmp_path / "out" / row["map_path"]).shape == (row["height"], row["width"])
            assert (tmp_path / "out" / row["overlay_path"]).is_file()
            assert row["caption"]
            assert set(row["timing_ms"]) == {"decode", "encode", "map", "language"}
    assert sum(row["error"] is not None for row in rows) == 1


def test_a_row_is_what_a_single_inspection_says(
    photos: Path, tmp_path: Path, inspected: Inspected, tiny: Assistant
) -> None:
    inspected(photos, batch_size=4)
    for source, row in rows_of(tmp_path / "out/results.jsonl").items():
        alone = tiny.inspect(source)
        assert abs(alone.image_score - row["image_score"]) < 1e-4
        assert [list(r.box.as_tuple()) for r in alone.regions] == [r["box"] for r in row["regions"]]


def test_batches_of_any_size_give_the_same_rows(photos: Path, tmp_path: Path, inspected: Inspected) -> None:
    for size in (1, 8, 32):
        inspected(photos, out=f"b{size}", batch_size=size)
    one = rows_of(tmp_path / "b1/results.jsonl")
    same(one, rows_of(tmp_path / "b8/results.jsonl"))
    same(one, rows_of(tmp_path / "b32/results.jsonl"))


def test_pictures_of_one_shape_are_encoded_together(
    photos: Path, inspected: Inspected, tiny: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[tuple[int, ...]] = []
    encode = tiny.encode_batch

    def noted(pixels: object) -> object:
        sizes.append(tuple(pixels.shape))  # type: ignore[attr-defined]
        return encode(pixels)  # type: ignore[arg-type]

    monkeypatch.setattr(tiny, "encode_batch", noted)
    inspected(photos, batch_size=3)
    assert sorted(size[0] for size in sizes) == [3, 3, 3]
    assert len({size[2:] for size in sizes}) == 3


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


def test_merge_tells_of_missing_and_double_rows(photos: Path, tmp_path: Path, inspected: Inspected) -> None:
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


def test_killed_at_twenty_random_moments_the_rows_are_those_of_one_run(
    photos: Path, tmp_path: Path, inspected: Inspected, tiny: Assistant
) -> None:
    (photos / "bad.png").write_text("no picture")
    started = time.perf_counter()
    inspected(photos, out="whole", save_maps=True)
    spent = time.perf_counter() - started
    rng = random.Random(5)
    kills = 0
    for _ in range(200):
        if kills == 20:
            break
        child = _forked(lambda: inspected(photos, out="cut", save_maps=True))
        time.sleep(rng.uniform(0, spent / 2))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            kills += 1
        else:  # it was done before: begin another cut run with half of the rows and a torn one
            lines = (tmp_path / "cut/results.jsonl").read_bytes().splitlines(keepends=True)
            (tmp_path / "cut/results.jsonl").write_bytes(b"".join(lines[:4]) + lines[4][: rng.randrange(len(lines[4]))])
    assert kills == 20
    inspected(photos, out="cut", save_maps=True, batch_size=2)
    same(rows_of(tmp_path / "whole/results.jsonl"), rows_of(tmp_path / "cut/results.jsonl"))
    assert not list((tmp_path / "cut/maps").glob(".*"))


def _forked(work: Callable[[], object]) -> int:
    """Id of a child that works and ends."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    return child


def test_what_is_done_is_not_done_again(
    photos: Path, inspected: Inspected, tiny: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    inspected(photos, photos / "0.png", photos)
    monkeypatch.setattr(tiny, "encode_batch", lambda _: pytest.fail("encoded again"))
    again = inspected(photos)
    assert (again.skipped, again.written, again.found) == (9, 0, 9)


def test_other_settings_do_not_go_on_unless_the_run_begins_anew(
    photos: Path, tmp_path: Path, inspected: Inspected
) -> None:
    inspected(photos)
    with pytest.raises(ConfigError, match=r"caption True.*--restart"):
        inspected(photos, caption=False)
    inspected(photos, caption=False, restart=True)
    assert {row["caption"] for row in rows_of(tmp_path / "out/results.jsonl").values()} == {None}


def test_failed_pictures_are_tried_again_when_asked(photos: Path, tmp_path: Path, inspected: Inspected) -> None:
    bad = photos / "bad.png"
    bad.write_text("no picture")
    inspected(photos)
    draw(bad, np.full((60, 80, 3), 9, np.uint8))
    assert inspected(photos).failed == 1
    mended = inspected(photos, retry_failed=True)
    assert (mended.written, mended.failed) == (1, 0)


def test_a_second_run_on_the_same_folder_is_refused(
    photos: Path, tmp_path: Path, tiny: Assistant, inspected: Inspected
) -> None:
    first = iter(run([photos], tmp_path / "out", assistant=tiny))
    next(first)
    with pytest.raises(StorageError, match="no other run"):
        inspected(photos)
    assert len(list(first)) == 8


def test_a_map_that_does_not_fit_on_the_disk_ends_the_run_and_keeps_the_rows(
    photos: Path, tmp_path: Path, inspected: Inspected, monkeypatch: pytest.MonkeyPatch
) -> None:
    from assistant.batch import pictures

    real, calls = pictures.save_map, [0]

    def full(path: Path, scores: np.ndarray) -> None:
        calls[0] += 1
        if calls[0] == 4:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        real(path, scores)

    monkeypatch.setattr(pictures, "save_map", full)
    with pytest.raises(StorageError, match="No space left"):
        inspected(photos, save_maps=True)
    assert len(rows_of(tmp_path / "out/results.jsonl")) == 3
    assert inspected(photos, save_maps=True).written == 6


def test_references_and_names_of_a_manifest_reach_their_pictures(
    photos: Path, tmp_path: Path, inspected: Inspected, tiny: Assistant
) -> None:
    manifest = tmp_path / "m.jsonl"
    lines = [
        {"source": f"{photos}/0.png", "object_name": "lid", "references": [f"{photos}/3.png"]},
        {"source": f"{photos}/1.png"},
        {"source": f"{photos}/2.png", "references": [f"{photos}/none.png"]},
    ]
    manifest.write_text("\n".join(map(json.dumps, lines)))
    rows = list(run(Inputs(manifest=manifest), tmp_path / "out", assistant=tiny, request=Request(object_name="part")))
    first, second, third = sorted(rows, key=lambda row: row["source"])
    assert (first["object_name"], first["mode"]) == ("lid", "few_shot")
    assert (second["object_name"], second["mode"]) == ("part", "zero_shot")
    assert "nothing at" in third["error"]
    alone = tiny.inspect(f"{photos}/0.png", references=[f"{photos}/3.png"], object_name="lid")
    assert abs(alone.image_score - first["image_score"]) < 1e-4


def test_mutual_chunks_are_the_same_after_a_stop_and_need_two_pictures(
    photos: Path, tmp_path: Path, inspected: Inspected, tiny: Assistant
) -> None:
    inspected(photos, out="whole", mutual=True, chunk=4)
    whole = rows_of(tmp_path / "whole/results.jsonl")
    assert {row["mode"] for row in whole.values()} == {"mutual"}
    first = tiny.inspect_mutual([f"{photos}/{n}.png" for n in range(4)])
    for inspection in first:
        assert abs(whole[inspection.image.source]["image_score"] - inspection.image_score) < 1e-4
    rows = iter(run([photos], tmp_path / "cut", assistant=tiny, mutual=True, chunk=4))
    for _ in range(6):
        next(rows)
    rows.close()  # type: ignore[attr-defined]
    inspected(photos, out="cut", mutual=True, chunk=4)
    same(whole, rows_of(tmp_path / "cut/results.jsonl"))
    inspected(photos / "0.png", out="lone", mutual=True)
    (lone,) = rows_of(tmp_path / "lone/results.jsonl").values()
    assert "two or more pictures" in lone["error"]


def test_questions_are_answered_in_the_rows(
    photos: Path, inspected: Inspected, tmp_path: Path, tiny: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    from assistant.types import Answer

    monkeypatch.setattr(tiny, "ask", lambda _, questions: [Answer(q, "It is fine.") for q in questions])
    inspected(photos / "0.png", questions=("Is it fine?", "Where?"))
    (row,) = rows_of(tmp_path / "out/results.jsonl").values()
    assert [answer["question"] for answer in row["answers"]] == ["Is it fine?", "Where?"]

    def gone(_: object, __: object) -> None:
        raise WeightsError("a language model", "none")

    monkeypatch.setattr(tiny, "ask", gone)
    with pytest.raises(WeightsError):
        inspected(photos / "1.png", questions=("Is it fine?", "Where?"))


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"engine": "slurm"}, "engine"),
        ({"chunk": 1}, "chunks"),
        ({"workers": -1}, "workers"),
        ({"batch_size": 0}, "batch size"),
        ({"mutual": True, "request": Request(references=("ok/",))}, "mutual"),
    ],
)
def test_options_that_make_no_sense_are_refused(tmp_path: Path, options: dict[str, object], match: str) -> None:
    with pytest.raises(ConfigError, match=match):
        run(["photos"], tmp_path, **options)
    with pytest.raises(ConfigError, match="pictures"):
        run([], tmp_path)


def test_workers_give_the_same_rows_though_one_is_killed(photos: Path, tmp_path: Path, inspected: Inspected) -> None:
    inspected(photos, out="here", save_maps=True)
    fleet = Fleet(Job(preset="tiny", maps=tmp_path / "fleet"), 2, 3)
    units = iter([(Item(str(path)),) for path in sorted(photos.rglob("*.png"))])
    rows: dict[str, Row] = {}
    for row in fleet.rows(units):
        if not rows:
            os.kill(fleet.processes[0], signal.SIGKILL)
        row.pop("timing_ms")
        rows[row["source"]] = row
    same(rows_of(tmp_path / "here/results.jsonl"), rows)
    assert fleet.processes == []


def test_what_ends_a_worker_at_its_start_ends_the_run(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="a preset"):
        list(Fleet(Job(preset="none such"), 1, 1).rows(iter([(Item("a.png"),)])))
