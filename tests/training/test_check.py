"""training.check: two steps of every stage, what it reports, and one line on bad data."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

from tests.training.tiny_runs import language_recipe, localize_recipe
from training.check import main
from training.localizer.data import read_rows


def test_localize_is_checked_and_its_folders_stay_empty(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = localize_recipe(built, "checked", epochs=7)
    before = {p.name for p in built.iterdir()}
    sheet = built / "sheet.png"
    assert (
        main(["--config", str(config), "--set", f"data.features={built}/unused", "--sheet", str(sheet), "--json"]) == 0
    )
    report = json.loads(capsys.readouterr().out)
    assert {p.name for p in built.iterdir()} == {*before, "sheet.png"}
    with Image.open(sheet) as opened:
        assert opened.size[0] > 300
    assert report["counts"]["train"]["normal"] + report["counts"]["train"]["anomalous"] == 17
    assert report["trainable"]["adapters"] > 0
    assert report["steps"] % 7 == 0
    assert report["seconds"]["total"] == pytest.approx(sum(report["seconds"].values()) / 2, abs=0.3)
    assert report["seconds"]["encode"] > 0
    assert report["peak_memory_mb"] > 100


def test_language_is_checked(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = language_recipe(folder, "instruct", out=str(folder / "never"))
    assert main(["--config", str(config)]) == 0
    told = capsys.readouterr().out
    assert not (folder / "never").exists()
    assert "stage instruct: 2 steps, a validation, a save and a load went well" in told
    for word in ("lora ", "projector ", "tokens a conversation: median", "the whole run: "):
        assert word in told


def test_bad_data_is_one_line_and_exit_code_2(
    built: Path, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(built / "set", tmp_path / "set")
    shutil.copy(built / "build.yaml", tmp_path)
    config = localize_recipe(tmp_path, "bad")
    picture = read_rows(tmp_path / "set")[3].image
    picture.write_bytes(picture.read_bytes()[:300])
    assert main(["--config", str(config)]) == 2
    told = capsys.readouterr().err.strip().splitlines()[-1]
    assert told.startswith("error: expected pictures and masks that can be read, got 1 bad, first row")
    table = tmp_path / "set" / "metadata.jsonl"
    rows = [json.loads(line) | {"split": "train"} for line in table.read_text().splitlines()]
    table.write_text("".join(json.dumps(r) + "\n" for r in rows if Path(r["image_file_name"]).name != picture.name))
    assert main(["--config", str(config)]) == 2
    assert "0 normal and 0 anomalous in `validation`" in capsys.readouterr().err
    shutil.copytree(folder / "set", tmp_path / "words")
    (tmp_path / "words" / "0000003.safetensors").unlink()
    talk = language_recipe(folder, "align")
    assert main(["--config", str(talk), "--set", f"data.sets=[{tmp_path / 'words'}]"]) == 2
    assert "1 bad, first no file 0000003.safetensors" in capsys.readouterr().err
