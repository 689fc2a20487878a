"""Runs end to end on the preset tiny: the same rows whatever the batch, the shard, the engine and the kills."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from jsonschema import Draft202012Validator

from assistant.batch import BatchRun, Inputs, run
from assistant.batch.engines.decoding import DecodeAhead, DecodedPicture, DecodeOptions
from assistant.batch.inputs.item import Item
from assistant.errors import ConfigError, WeightsError
from assistant.inquiry import Inquiry
from assistant.pictures.images import load_map
from assistant.pipeline import Assistant
from assistant.report import SCHEMA_FILE
from assistant.request import Request
from assistant.types import Answer, Inspection
from tests.batch.conftest import Row, rows_of
from tests.tiny_language import talking_preset

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
    schema = Draft202012Validator(json.loads(SCHEMA_FILE.read_text()))
    rows = [json.loads(line) for line in (tmp_path / "out/results.jsonl").read_text().splitlines()]
    for row in rows:
        schema.validate(row)
        if row["error"] is None:
            assert load_map(tmp_path / "out" / row["map_path"]).shape == (row["height"], row["width"])
            assert (tmp_path / "out" / row["overlay_path"]).is_file()
            assert row["caption"]
            assert set(row["timing_ms"]) == {"decode", "encode", "map", "measure", "language"}
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
    encode = tiny.detector.patch_features_of

    def noted(pixels: object) -> object:
        sizes.append(tuple(pixels.shape))  # type: ignore[attr-defined]
        return encode(pixels)  # type: ignore[arg-type]

    monkeypatch.setattr(tiny.detector, "patch_features_of", noted)
    inspected(photos, batch_size=3)
    assert sorted(size[0] for size in sizes) == [3, 3, 3]
    assert len({size[2:] for size in sizes}) == 3


def test_what_is_done_is_not_done_again(
    photos: Path, inspected: Inspected, tiny: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    inspected(photos, photos / "0.png", photos)
    monkeypatch.setattr(tiny.detector, "patch_features_of", lambda _: pytest.fail("encoded again"))
    again = inspected(photos)
    assert (again.skipped, again.written, again.found) == (9, 0, 9)


def test_other_settings_do_not_go_on_unless_the_run_begins_anew(
    photos: Path, tmp_path: Path, inspected: Inspected
) -> None:
    inspected(photos)
    with pytest.raises(ConfigError, match=r"caption.*--restart"):
        inspected(photos, caption="none")
    inspected(photos, caption="none", restart=True)
    assert {row["caption"] for row in rows_of(tmp_path / "out/results.jsonl").values()} == {None}


def test_failed_pictures_are_tried_again_when_asked(
    photos: Path, inspected: Inspected, tiny: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    score, calls = tiny.detector.score, [0]

    def once_too_little(*given: Any, **options: Any) -> Inspection:
        calls[0] += 1
        if calls[0] == 3:
            raise MemoryError
        return score(*given, **options)

    monkeypatch.setattr(tiny.detector, "score", once_too_little)
    inspected(photos)
    assert (inspected(photos).failed, calls[0]) == (1, 9)
    mended = inspected(photos, retry_failed=True)
    assert (mended.written, mended.failed) == (1, 0)


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
    rows = list(
        run(Inputs(manifest=manifest), tmp_path / "out", assistant=tiny, request=Request(Inquiry(object_name="part")))
    )
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


QUESTIONS = ("Is it fine?", "Where?")


@pytest.fixture(scope="module")
def talking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    """An assistant with a tiny language model of its own, exact enough that random words do not hang on a rounding."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("assistant.language.models.mini.best_dtype", lambda *_: torch.float32)
        yield Assistant.load(talking_preset(tmp_path_factory.mktemp("talking")))


@pytest.mark.parametrize("size", [1, 4, None])
def test_words_of_a_language_model_are_those_of_single_pictures(
    photos: Path, tmp_path: Path, talking: Assistant, size: int | None
) -> None:
    asked = {"caption": "model", "questions": QUESTIONS, "batch_size": size}
    assert len(list(run([photos], tmp_path / "out", assistant=talking, **asked))) == 9
    for source, row in rows_of(tmp_path / "out/results.jsonl").items():
        inspection = talking.inspect(source)
        (caption,) = talking.ask(inspection, ["Describe this picture."])
        assert row["caption"] == caption.text
        assert [a["question"] for a in row["answers"]] == list(QUESTIONS)
        assert [a["answer"] for a in row["answers"]] == [a.text for a in talking.ask(inspection, QUESTIONS)]


def test_a_picture_the_language_model_fails_on_is_a_row_and_the_rest_unharmed(
    photos: Path, inspected: Inspected, tmp_path: Path, tiny: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answers(inspections: Sequence[Inspection], questions: Sequence[str]) -> list[list[Answer]]:
        if any(one.image.source.endswith("4.png") for one in inspections):
            raise MemoryError
        return [[Answer(q, "It is fine.") for q in questions] for _ in inspections]

    monkeypatch.setattr(tiny, "ask_together", answers)
    inspected(photos, questions=QUESTIONS)
    rows = rows_of(tmp_path / "out/results.jsonl")
    assert sorted(s[-5:] for s, row in rows.items() if row["error"] is not None) == ["4.png"]
    assert all(len(row["answers"]) == 2 for row in rows.values() if row["error"] is None)
    assert len(rows) == 9


def test_a_try_that_ran_out_of_memory_is_let_go_before_fewer_pictures_are_tried(
    photos: Path, inspected: Inspected, tiny: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Held:
        alive = 0

        def __init__(self) -> None:
            Held.alive += 1

        def __del__(self) -> None:
            Held.alive -= 1

    seen = []

    def answers(inspections: Sequence[Inspection], questions: Sequence[str]) -> list[list[Answer]]:
        seen.append((len(inspections), Held.alive))
        held = Held()
        if len(inspections) > 1:
            raise MemoryError
        del held
        return [[] for _ in inspections]

    monkeypatch.setattr(tiny, "ask_together", answers)
    asked = inspected(photos, questions=QUESTIONS, batch_size=4)
    assert (asked.written, asked.failed) == (9, 0)
    assert {size for size, _ in seen} == {4, 2, 1}
    assert {alive for _, alive in seen} == {0}


def test_what_goes_wrong_in_a_mutual_chunk_is_a_row_of_each_picture_left(
    photos: Path, inspected: Inspected, tmp_path: Path, tiny: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = tiny.detector.score_mutual

    def one_only(*given: Any, **options: Any) -> Iterator[Inspection]:
        judged = iter(real(*given, **options))
        yield next(judged)
        raise MemoryError("no room")

    monkeypatch.setattr(tiny.detector, "score_mutual", one_only)
    inspected(photos, mutual=True, chunk=16)
    rows = rows_of(tmp_path / "out/results.jsonl")
    assert len(rows) == 9
    assert sum(row["error"] is None for row in rows.values()) == 1
    assert all("no room" in row["error"] for row in rows.values() if row["error"] is not None)


def test_a_language_model_that_cannot_be_had_ends_the_run(
    photos: Path, inspected: Inspected, tiny: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(_: object, __: object) -> None:
        raise WeightsError("a language model", "none")

    monkeypatch.setattr(tiny, "ask_together", gone)
    with pytest.raises(WeightsError):
        inspected(photos, questions=QUESTIONS)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"engine": "slurm"}, "engine"),
        ({"chunk": 1}, "chunks"),
        ({"workers": -1}, "workers"),
        ({"batch_size": 0}, "batch size"),
        ({"caption": "poet"}, "captions of evidence, model, none"),
        ({"mutual": True, "request": Request(references=("ok/",))}, "mutual"),
    ],
)
def test_options_that_make_no_sense_are_refused(tmp_path: Path, options: dict[str, object], match: str) -> None:
    with pytest.raises(ConfigError, match=match):
        run(["photos"], tmp_path, **options)
    with pytest.raises(ConfigError, match="pictures"):
        run([], tmp_path)


def test_decoding_processes_give_what_a_thread_gives(photos: Path, tiny: Assistant) -> None:
    how = DecodeOptions(Request().limits, None, 56, 14)
    units = [(Item(str(path)),) for path in sorted(photos.rglob("*.png"))] + [(Item("none.png"),)]
    apart, here = (
        [unit[0] for unit in DecodeAhead(how, processes, 3).read(iter(units)) if unit is not None]
        for processes in (1, 0)
    )
    assert [one.item for one in apart] == [unit[0] for unit in units]
    for one, other in zip(apart, here, strict=True):
        assert type(one) is type(other)
        if isinstance(one, DecodedPicture) and isinstance(other, DecodedPicture):
            assert np.array_equal(one.resized, other.resized)


def test_importing_loads_no_torch() -> None:
    code = "import sys, assistant.batch; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=Path(__file__).parents[2]).returncode == 0
