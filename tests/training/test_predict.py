"""Predictions for language sets: what is written, what it equals, and going on after a stop."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from assistant.pictures.images import load_image
from assistant.pipeline import Assistant
from assistant.report import HIGHEST, InspectionRow
from assistant.types import Domain
from data_builders.build import main as build_main
from training.language.data import LanguageSample, read_tensors
from training.language.hub_stage import picture_of
from training.localizer.data import read_rows
from training.localizer.encoding import FeatureEncoder
from training.localizer.feature_folder import made_from, write_record
from training.localizer.features import encode_rows
from training.localizer.projection import hash_of_projection, keep_projection, projection_of
from training.localizer.sifting import sift
from training.predict import main, references_of, told_name
from training.runs.recipe import Recipe, read_recipe


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    config = folder / "build.yaml"
    config.write_text(yaml.safe_dump({"count": 6, "seed": 5, "size": 96, "references": [1, 2]}))
    assert build_main(["--config", str(config), "--out", str(folder / "set"), "--workers", "1"]) == 0
    return folder


def test_predictions_follow_the_inspection_and_go_on(built: Path) -> None:
    out = built / "language"
    arguments = ["--sets", str(built / "set"), "--out", str(out), "--preset", "tiny"]
    assert main([*arguments, "--limit", "2"]) == 0
    with (out / "set" / "evidence.jsonl").open("a") as table:
        table.write('{"index": 2, "cut')
    assert main(arguments) == 0
    made = out / "set"
    evidence = [json.loads(line) for line in (made / "evidence.jsonl").read_text().splitlines()]
    inspections = [json.loads(line) for line in (made / "inspections.jsonl").read_text().splitlines()]
    rows = read_rows(built / "set")
    assert [e["index"] for e in evidence] == [r.index for r in rows]
    assert [i["source"] for i in inspections] == [str(r.image) for r in rows]
    for row, told, said in zip(rows, evidence, inspections, strict=True):
        InspectionRow.model_validate({k: v for k, v in said.items() if k != HIGHEST})
        assert said["mode"] == ("few_shot" if references_of(row) else "zero_shot")
        assert bool(references_of(row)) == bool(row.index % 2)
        assert told["score"] == said["image_score"]
        assert said["verdict"] in told["evidence"]
        maps, blocks = read_tensors(made / f"{row.index:07d}.safetensors")
        assert maps.shape == (1, 48, 48)
        assert blocks.shape[0] == 64
    inspection = Assistant.load("tiny").inspect(rows[0].image)
    assert inspection.image_score == pytest.approx(evidence[0]["score"], abs=1e-6)
    maps, _ = read_tensors(made / f"{rows[0].index:07d}.safetensors")
    torch.testing.assert_close(float(maps.mean()), float(inspection.anomaly_map.scores.mean()), atol=2e-3, rtol=0)


def test_cached_tokens_predict_what_the_pictures_do(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without references and with: the match kept with the tokens stands for the references it was made with."""
    assistant, rows = Assistant.load("tiny"), read_rows(built / "set")
    for number in (0, 1):
        features = built / f"features{number}"
        maker = FeatureEncoder(assistant.detector.clip.encoder, assistant.detector.localizer)
        encode_rows(rows, maker, features, 0, (112,), (number,))
        recipe = built / f"recipe{number}.yaml"
        data = {
            "sets": [str(built / "set")], "features": str(features), "limit": [5], "sides": [112], "shots": [number],
        }  # fmt: skip
        recipe.write_text(yaml.safe_dump({"stage": "localize", "preset": "tiny", "data": data, "out": "none"}))
        told_recipe = read_recipe(recipe, [])
        assert isinstance(told_recipe, Recipe)
        directions = projection_of(assistant.detector.localizer)
        made = made_from(told_recipe, assistant.detector.clip, hash_of_projection(directions))
        write_record(features, made, made["projection"])
        keep_projection(directions, features)
        out = built / f"cached{number}"
        other = built / f"other{number}.yaml"
        other.write_text(recipe.read_text().replace("- 112", "- 56"))
        assert main(["--recipe", str(other), "--out", str(out), "--preset", "tiny"]) == 2
        assert "sides [112] instead of [56]" in capsys.readouterr().err
        assert not out.exists()
        assert main(["--recipe", str(recipe), "--out", str(out), "--preset", "tiny"]) == 0
        said = [json.loads(line) for line in (out / "set" / "inspections.jsonl").read_text().splitlines()]
        assert [i["mode"] for i in said] == [("few_shot" if number else "zero_shot")] * 5
        name = told_name(rows[1])
        plain = assistant.inspect(rows[1].image, object_name=name, domain=Domain(rows[1].domain))
        if number == 0:
            assert said[1]["image_score"] == pytest.approx(plain.image_score, abs=5e-3)


def test_a_set_in_shards_is_predicted_alike(built: Path) -> None:
    """Sifted, inspected, and found again by what the language stages read."""
    config, packed = str(built / "build.yaml"), built / "shards" / "set"
    assert build_main(["--config", config, "--out", str(packed), "--workers", "1", "--format", "shards"]) == 0
    rows, faults = sift(read_rows(packed), decode=True)
    assert not faults
    shown = [(r.index, r.types, r.split, load_image(r.image).pixels.shape[:2]) for r in read_rows(built / "set")]
    assert [(r.index, r.types, r.split, r.size) for r in rows] == shown
    assert replace(rows[0], stated=None).size == rows[0].size
    told = {}
    for folder in (built / "set", packed):
        out = built / f"from {folder.parent.name}"
        assert main(["--sets", str(folder), "--out", str(out), "--preset", "tiny", "--limit", "2"]) == 0
        told[folder] = [json.loads(line) for line in (out / "set" / "evidence.jsonl").read_text().splitlines()]
    assert [e["evidence"] for e in told[packed]] == [e["evidence"] for e in told[built / "set"]]
    assert [e["score"] for e in told[packed]] == pytest.approx([e["score"] for e in told[built / "set"]], abs=1e-6)
    sample = LanguageSample((), None, "", 0.0, picture=Path(told[packed][0]["source"]))
    assert np.array_equal(load_image(picture_of(sample)).pixels, load_image(read_rows(built / "set")[0].image).pixels)
    bad = [
        replace(rows[0], mask=rows[0].image),
        replace(rows[1], image=Path(f"{rows[1].image}x")),
        replace(rows[2], stated=(9, 9)),
        *rows * 10,
    ]
    assert [str(fault) for fault in sift(bad, decode=True)[1]] == [
        f"row 0: expected a mask of the data set, 8-bit grey PNG, got something else in {rows[0].image}; build the set again",
        f"row 1: no file {rows[1].image.name}x",
        f"row 2: a picture of {rows[2].size} pixels where the set states (9, 9)",
    ]


def test_a_missing_set_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--sets", str(tmp_path), "--out", str(tmp_path / "out"), "--preset", "tiny"]) == 2
    assert "a data set with metadata.jsonl" in capsys.readouterr().err
