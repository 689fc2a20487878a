"""A row tells of the file as it is: what changed is done again, what did not is not read, whatever its path is called."""

from __future__ import annotations

import io
import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assistant.batch import BatchOptions, BatchRun, Inputs, Shard, find_items, merge, run
from assistant.batch.engines.jobs import Job
from assistant.batch.engines.ray_engine import Actor
from assistant.batch.inputs import fingerprints
from assistant.batch.inputs.item import Item
from assistant.errors import ConfigError
from assistant.pipeline import Assistant
from assistant.request import Request
from tests.batch.conftest import Row, draw, rows_of

Told = Callable[..., tuple[BatchRun, list[str]]]


@pytest.fixture
def told(tiny: Assistant, tmp_path: Path) -> Told:
    """A run to its end into ``out``, with what it told."""

    def inspect(*inputs: Path | str, out: str = "out", **options: Any) -> tuple[BatchRun, list[str]]:
        sentences: list[str] = []
        given = options.pop("inputs", Inputs(tuple(map(str, inputs))))
        asked = BatchRun(BatchOptions(given, tmp_path / out, **options), tiny, tell=sentences.append)
        for _ in asked:
            pass
        return asked, sentences

    return inspect


def noise(path: Path, seed: int, size: tuple[int, int] = (60, 80)) -> Path:
    return draw(path, np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8))


def rows(tmp_path: Path, out: str = "out") -> dict[str, Row]:
    return rows_of(tmp_path / out / "results.jsonl")


def test_a_replaced_picture_is_done_again_and_told(photos: Path, tmp_path: Path, told: Told, tiny: Assistant) -> None:
    told(photos)
    before = rows(tmp_path)
    noise(photos / "0.png", 77, (90, 70))
    again, sentences = told(photos)
    assert (again.written, again.skipped, again.changed, again.found) == (1, 8, 1, 9)
    assert sentences == [f"1 changed since inspected; done again, old rows set aside: {photos}/0.png"]
    after = rows(tmp_path)
    assert after.keys() == before.keys()
    assert {s for s in after if after[s] != before[s]} == {f"{photos}/0.png"}
    assert (after[f"{photos}/0.png"]["height"], after[f"{photos}/0.png"]["width"]) == (90, 70)
    (aside,) = (tmp_path / "out/aside.jsonl").read_text().splitlines()
    assert json.loads(aside)["height"] == 60
    assert told(photos)[0].written == 0


def test_a_file_written_again_as_it_was_keeps_its_row_and_is_read_once(
    photos: Path, tmp_path: Path, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    told(photos)
    before = rows(tmp_path)
    os.utime(photos / "0.png", ns=(1, 1))
    again, sentences = told(photos)
    assert (again.written, sentences) == (0, [])
    monkeypatch.setattr(fingerprints, "_digest", lambda *_: pytest.fail("a file that has not changed was read"))
    assert told(photos)[0].skipped == 9
    assert rows(tmp_path) == before


def test_a_file_that_is_gone_keeps_its_row_and_one_that_comes_is_inspected(
    photos: Path, tmp_path: Path, told: Told
) -> None:
    late = photos / "late.png"
    first, _ = told(photos, late)
    assert first.failed == 1
    (photos / "0.png").rename(tmp_path / "elsewhere.png")
    noise(late, 5)
    again, sentences = told(photos, photos / "0.png", late)
    assert (again.written, again.failed) == (1, 0)
    assert sentences[0].startswith(f"1 changed since inspected; done again, old rows set aside: {late}")
    assert sentences[1] == f"1 gone since inspected; rows kept: {photos}/0.png"
    assert rows(tmp_path)[f"{photos}/0.png"]["error"] is None


@pytest.mark.parametrize(
    ("edit", "fault"),
    [
        (lambda line: line[:-20], "no JSON object"),
        (lambda line: b"null", "no JSON object"),
        (lambda line: line.replace(b'"image_score": ', b'"image_score": 7'), "its `image_score` breaks the schema"),
        (lambda line: line.replace(b'"weights"', b'"wights"'), "its `wights` breaks the schema"),
        (lambda line: line.replace(b'"version": "', b'"version": "9'), "it was edited after it was written"),
    ],
)
def test_a_row_edited_by_hand_is_named_and_done_again(
    photos: Path, tmp_path: Path, told: Told, edit: Callable[[bytes], bytes], fault: str
) -> None:
    told(photos)
    path = tmp_path / "out/results.jsonl"
    lines = path.read_bytes().splitlines()
    source, edited = json.loads(lines[3])["source"], edit(lines[3])
    assert edited != lines[3]
    path.write_bytes(b"".join(line + b"\n" for line in [*lines[:3], edited, *lines[4:]]))
    again, sentences = told(photos)
    assert sentences == [f"line 4 of {path}: {fault}; set aside in aside.jsonl, its picture is done again"]
    assert again.written == 1
    assert json.loads(path.read_bytes().splitlines()[-1])["source"] == source
    assert (tmp_path / "out/aside.jsonl").read_bytes() == edited + b"\n"
    assert len(rows(tmp_path)) == 9


def spellings(photos: Path, tmp_path: Path) -> list[str]:
    """Five ways from the working directory ``tmp_path`` to one picture."""
    (tmp_path / "link").symlink_to(photos)
    return ["photos/0.png", "./photos/0.png", "photos/../photos/0.png", str(photos / "0.png"), "link/0.png"]


def test_five_spellings_are_one_picture(
    photos: Path, tmp_path: Path, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    every = spellings(photos, tmp_path)
    assert [item.source for item in find_items(Inputs(tuple(every)))] == every[:1]
    for number, first in enumerate(every):
        assert told(first, out=f"o{number}")[0].written == 1
        for other in every:
            assert told(other, out=f"o{number}")[0].skipped == 1, f"{other} after {first}"
        assert list(rows(tmp_path, f"o{number}")) == [first]
    noise(photos / "0.png", 9, (70, 60))
    again, _ = told("link/", out="o0")
    assert (again.changed, again.written) == (1, 9)
    assert [s for s in rows(tmp_path, "o0") if s.endswith("/0.png")] == ["link/0.png"]
    (photos / "same.png").symlink_to(photos / "0.png")
    assert told(photos, out="o0")[0].written == 1, "a link to a file is a picture of its own"


def test_shards_agree_on_every_spelling_of_a_path_from_here(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: Told
) -> None:
    monkeypatch.chdir(tmp_path)
    for spelling in ("photos", "./photos", str(photos)):
        for index in (1, 2, 3):
            asked, _ = told(spelling, shard=Shard(index, 3))
            assert asked.found == asked.skipped + asked.written
            assert asked.written == (asked.found if spelling == "photos" else 0)
    assert merge([tmp_path / "out"], inputs=Inputs((str(photos),))).complete


def test_a_name_that_leads_elsewhere_now_is_another_picture(
    photos: Path, tmp_path: Path, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, seed in (("a", 1), ("b", 2)):
        noise(tmp_path / name / "in/x.png", seed)
    noise(tmp_path / "b/in/y.png", 3)
    monkeypatch.chdir(tmp_path / "a")
    told("in")
    monkeypatch.chdir(tmp_path / "b")
    again, _ = told("in")
    assert (again.changed, again.written) == (1, 2)
    assert len(rows(tmp_path)) == 2
    monkeypatch.chdir(tmp_path)
    (tmp_path / "b").rename(tmp_path / "c")
    monkeypatch.chdir(tmp_path / "c")
    assert told("in")[0].written == 0, "the same files in a folder that was moved"


def test_every_slice_of_a_replaced_volume_is_done_again(tmp_path: Path, told: Told) -> None:
    nibabel = pytest.importorskip("nibabel")
    path = tmp_path / "in/scan.nii.gz"
    path.parent.mkdir()

    def write(seed: int) -> None:
        values = np.random.default_rng(seed).integers(0, 900, (40, 48, 3)).astype(np.int16)
        nibabel.save(nibabel.Nifti1Image(values, np.eye(4)), path)

    write(1)
    assert told(tmp_path / "in")[0].written == 3
    before = rows(tmp_path)
    assert told(f"{path}::slice=1,axis=2")[0].skipped == 1, "one slice, its selector in another order"
    write(2)
    again, sentences = told(tmp_path / "in")
    assert (again.changed, again.written) == (3, 3)
    assert sentences[0].startswith("3 changed")
    after = rows(tmp_path)
    assert after.keys() == before.keys()
    assert all(after[s]["image_score"] != before[s]["image_score"] for s in after)


def test_pictures_compared_with_a_replaced_one_are_done_again(photos: Path, tmp_path: Path, told: Told) -> None:
    told(photos, mutual=True, chunk=4)
    before = rows(tmp_path)
    noise(photos / "0.png", 9)
    again, _ = told(photos, mutual=True, chunk=4)
    assert (again.changed, again.written, again.skipped) == (1, 4, 5)
    told(photos, out="fresh", mutual=True, chunk=4)
    after, fresh = rows(tmp_path), rows(tmp_path, "fresh")
    assert after.keys() == before.keys()
    assert {s: row["image_score"] for s, row in after.items()} == pytest.approx(
        {s: row["image_score"] for s, row in fresh.items()}, abs=1e-6
    )


def test_what_a_manifest_says_anew_is_done_again(photos: Path, tmp_path: Path, told: Told) -> None:
    manifest = tmp_path / "m.csv"
    reference = noise(tmp_path / "good/r.png", 1)
    lines = ["source,object_name,references"]
    lines += [f"{photos}/{n}.png,{'lid' if n == 0 else ''},{reference if n == 1 else ''}" for n in range(3)]
    manifest.write_text("\n".join(lines))
    inputs = Inputs(manifest=manifest)
    assert told(inputs=inputs)[0].written == 3
    assert told(inputs=inputs)[0].written == 0
    manifest.write_text("\n".join(lines).replace("lid", "cap"))
    again, sentences = told(inputs=inputs)
    assert (again.changed, again.written) == (1, 1)
    assert sentences == [
        f"1 with other words or references in the manifest; done again, old rows set aside: {photos}/0.png"
    ]
    assert rows(tmp_path)[f"{photos}/0.png"]["object_name"] == "cap"
    noise(reference, 2)
    assert (told(inputs=inputs)[0].changed, len(rows(tmp_path))) == (1, 3)


def test_options_whose_files_changed_are_refused_and_nothing_is_written(
    photos: Path, tmp_path: Path, told: Told, tiny: Assistant
) -> None:
    good, profile = noise(tmp_path / "good/r.png", 1), tmp_path / "p.safetensors"
    tiny.build_profile([str(good)]).save(profile)
    asked = {"references": Request(references=(str(good.parent),)), "profile": Request(profile=str(profile))}
    for name, request in asked.items():
        told(photos, out=name, request=request)
    noise(good, 2)
    tiny.build_profile([str(good)]).save(profile)
    for name, request in asked.items():
        before = {path.name: path.read_bytes() for path in (tmp_path / name).glob("*.json*")}
        with pytest.raises(ConfigError, match=f"{name}_content 'sha256:.*--restart"):
            told(photos, out=name, request=request)
        assert {path.name: path.read_bytes() for path in (tmp_path / name).glob("*.json*")} == before
    told(photos, out="references", request=asked["references"], restart=True)


def test_a_preset_that_changed_under_its_name_is_refused(photos: Path, tmp_path: Path) -> None:
    preset = tmp_path / "own/preset.yaml"
    preset.parent.mkdir()
    text = Path("assistant/presets/tiny/preset.yaml").read_text()
    preset.write_text(text)
    picture = [photos / "0.png"]
    assert len(list(run(picture, tmp_path / "out", preset=str(preset.parent), workers=0))) == 1
    preset.write_text(f"{text}\nlanguage: {{kind: none, image_token: '<x>'}}\n")
    with pytest.raises(ConfigError, match="preset_content"):
        list(run(picture, tmp_path / "out", preset=str(preset.parent), workers=0))


def test_rows_without_a_record_of_their_options_are_refused(photos: Path, tmp_path: Path, told: Told) -> None:
    told(photos)
    (tmp_path / "out/run.json").unlink()
    with pytest.raises(ConfigError, match=r"run.json, which tells how the rows .* got none; give --restart"):
        told(photos)


def test_rows_of_before_files_were_recorded_are_kept_and_told(photos: Path, tmp_path: Path, told: Told) -> None:
    told(photos)
    (tmp_path / "out/files.jsonl").unlink()
    again, sentences = told(photos)
    assert again.written == 0
    assert sentences[0].startswith("9 inspected before files were recorded; rows kept, files not compared: ")
    assert sentences[0].endswith(", …")


def test_a_kill_between_record_and_row_costs_nothing(photos: Path, tmp_path: Path, told: Told) -> None:
    told(photos)
    path = tmp_path / "out/results.jsonl"
    *kept, last = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(kept) + last[:50])
    files = tmp_path / "out/files.jsonl"
    files.write_bytes(files.read_bytes()[:-30])
    again, sentences = told(photos)
    assert (again.written, sentences) == (1, [])
    assert told(photos)[1] == []


def test_a_changed_picture_is_noticed_whoever_did_the_work(photos: Path, tmp_path: Path) -> None:
    """What a worker process and an actor of a cluster send holds what the file was."""
    picture = photos / "0.png"
    actor = Actor(Job(preset="tiny"))
    (sent,) = actor({"unit": [pickle.dumps((Item(str(picture)),))]})["outcome"]
    assert pickle.loads(sent)[1].file == fingerprints.fingerprint_of(str(picture))
    assert len(list(run([picture], tmp_path / "out", preset="tiny", workers=1))) == 1
    noise(picture, 8)
    assert len(list(run([picture], tmp_path / "out", preset="tiny", workers=0))) == 1
    assert len(rows(tmp_path)) == 1


def test_a_list_on_standard_input_is_compared_too(photos: Path, tmp_path: Path, tiny: Assistant) -> None:
    listed = "".join(f"{path}\n" for path in sorted(photos.glob("*.png"))).encode()
    for written in (6, 1):
        options = BatchOptions(Inputs(("-",)), tmp_path / "out")
        assert len(list(BatchRun(options, tiny, io.BytesIO(listed)))) == written
        noise(photos / "0.png", 4)


def test_joined_rows_go_on_and_notice_changes(photos: Path, tmp_path: Path, told: Told) -> None:
    for index in (1, 2):
        told(photos, out=f"m{index}", shard=Shard(index, 2), save_maps=True)
    assert merge([tmp_path / "m1", tmp_path / "m2"], tmp_path / "all").complete
    assert told(photos, out="all", save_maps=True)[1] == []
    noise(photos / "0.png", 4)
    again, _ = told(photos, out="all", save_maps=True)
    assert (again.changed, again.written, len(rows(tmp_path, "all"))) == (1, 1, 9)
    with pytest.raises(ConfigError, match="maps True"):
        told(photos, out="all")


def test_joining_names_edited_rows_and_shards_of_other_options(photos: Path, tmp_path: Path, told: Told) -> None:
    told(photos, out="m1", shard=Shard(1, 2))
    told(photos, out="m2", shard=Shard(2, 2), caption="none")
    path = tmp_path / "m1/results-1-of-2.jsonl"
    first, *rest = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([first.replace(b'"caption"', b'"kaption"'), *rest]))
    merged = merge([tmp_path / "m1", tmp_path / "m2"], tmp_path / "all")
    assert merged.problems[0] == f"line 1 of {path}: its `kaption` breaks the schema; left out, run its command again"
    other = tmp_path / "m2/results-2-of-2.jsonl"
    assert f"{other} was made with caption 'none', those before with 'evidence': restart one" in merged.problems
    assert len(rows(tmp_path, "all")) == merged.rows == 8


def test_one_picture_of_two_shards_is_double_however_it_is_spelled(
    photos: Path, tmp_path: Path, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told("photos/0.png", out="m1")
    told("photos/../photos/0.png", out="m2")
    merged = merge([tmp_path / "m1", tmp_path / "m2"], tmp_path / "all")
    assert (merged.rows, merged.doubles) == (1, 1)
