"""The command evaluate: which runs, which references, what is written. Metrics have tests of their own."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from assistant.errors import ConfigError, DataSetError
from assistant.evaluation.command import EvaluateOptions, run, runs_of
from assistant.evaluation.sets import draw_references, own_reference
from assistant.labels.labelled_set import LabelledPicture
from assistant.labels.layouts import read_set
from assistant.pipeline import Assistant
from assistant.vision.detector import Detector


@pytest.fixture
def data_set(tmp_path: Path, pixels: np.ndarray) -> Path:
    """Four normal pictures, three normal and three anomalous test pictures, own references of the latter."""
    root = tmp_path / "lids"
    for number in range(4):
        shifted = np.roll(pixels, 5 * number, axis=1)
        files = {f"train/good/{number}.png": shifted}
        if number < 3:
            files[f"test/good/{number}_good.png"] = np.roll(shifted, 2, axis=1)
            files[f"test/hole/{number}_test.png"] = 255 - shifted
            files[f"ground_truth/hole/{number}_test_mask.png"] = (shifted < 30).astype(np.uint8) * 255
            files[f"reference/{number}_temp.png"] = shifted
        for name, values in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(root / name), values)
    return root


def test_items_carry_kind_and_mask(data_set: Path) -> None:
    items = read_set(data_set).pictures
    assert [(item.path.name, item.kind) for item in items[2:4]] == [("2_good.png", None), ("0_test.png", "hole")]
    assert items[3].masks == (data_set / "ground_truth/hole/0_test_mask.png",)
    with pytest.raises(DataSetError, match="MVTec layout"):
        read_set(data_set / "train")


def test_references_follow_the_seed(data_set: Path) -> None:
    assert draw_references(data_set, "2", 0) == draw_references(data_set, "2", 0)
    assert {tuple(draw_references(data_set, "2", seed)) for seed in range(8)} != {
        tuple(draw_references(data_set, "2", 0))
    }
    assert len(draw_references(data_set, "all", 5)) == 4
    assert draw_references(data_set, "0", 0) == []
    with pytest.raises(DataSetError, match="got 4 in"):
        draw_references(data_set, "5", 0)


def test_own_references_go_by_name(data_set: Path) -> None:
    item = LabelledPicture(data_set / "test/hole/1_test.png", "hole")
    assert own_reference(data_set, "reference", item, "refuse") == data_set / "reference/1_temp.png"
    other = LabelledPicture(data_set / "test/good/7_good.png", None)
    assert own_reference(data_set, "reference", other, "zero-shot") is None
    assert own_reference(data_set, "reference", other, "itself") == other.path
    with pytest.raises(DataSetError, match=r"got 0 for 7_good\.png"):
        own_reference(data_set, "reference", other, "refuse")


def test_runs_repeat_only_what_a_draw_decides(data_set: Path) -> None:
    options = EvaluateOptions((data_set,), ("0", "2", "all", "mutual"), seeds=3)
    names = [one.name for one in runs_of(options)]
    assert names == [f"lids.{name}" for name in ("k0.s0", "k2.s0", "k2.s1", "k2.s2", "kall.s0", "kmutual.s0")]
    with pytest.raises(ConfigError, match="shots as a number"):
        EvaluateOptions((data_set,), ("few",))


def test_a_run_writes_predictions_and_report(
    data_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny = Assistant.load("tiny")
    again = EvaluateOptions((data_set,), ("0",), predictions=tmp_path / "predictions")
    options = replace(again, shots=("0", "1"), seeds=2, output=tmp_path / "report.md")
    run(tiny, options, as_json=True)
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    run(tiny, again, as_json=True)  # its rows replace those of the first
    assert [(row["shots"], row["seeds"], row["images"]) for row in rows] == [("0", 1, 6), ("1", 2, 6)]
    assert all(0 <= row["image_auroc"] <= 1 for row in rows)
    folders = sorted(path.name for path in (tmp_path / "predictions").iterdir())
    assert folders == ["lids.k0.s0", "lids.k1.s0", "lids.k1.s1"]
    for folder in (tmp_path / "predictions/lids.k0.s0", tmp_path / "predictions/lids.k1.s1"):
        written = [json.loads(line) for line in (folder / "results.jsonl").read_text().splitlines()]
        assert len(written) == 6
        assert all((folder / row["map_path"]).is_file() and Path(row["source"]).is_file() for row in written)
    assert "| lids | 1 | 2 | 6 |" in (tmp_path / "report.md").read_text()
    assert len(json.loads((tmp_path / "report.json").read_text())["runs"]) == 3


@pytest.mark.parametrize("kind", ["0/1", "red", "palette", "16 bit"])
def test_masks_of_every_kind_are_measured_alike(kind: str, data_set: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A mask of value 1 once counted as empty: its defect as normal pixels."""
    options = EvaluateOptions((data_set,), ("0",))
    run(Assistant.load("tiny"), options, as_json=True)
    before = json.loads(capsys.readouterr().out)
    for path in (data_set / "ground_truth/hole").iterdir():
        mask = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) // 255
        if kind == "palette":
            image = Image.fromarray(mask).convert("P")
            image.putpalette([0, 0, 0, 128, 0, 0] + [0] * 762)
        else:
            values = {"0/1": mask, "red": mask[..., None] * np.uint8([250, 50, 83]), "16 bit": mask.astype(np.uint16)}
            image = Image.fromarray(values[kind])
        image.save(path)
    run(Assistant.load("tiny"), options, as_json=True)
    assert json.loads(capsys.readouterr().out) == before


def test_masks_that_do_not_fit_end_the_command_before_a_picture_is_inspected(
    data_set: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    options = EvaluateOptions((data_set,), ("0",))
    monkeypatch.setattr(Detector, "encode", None)
    path = data_set / "ground_truth/hole/0_test_mask.png"
    mask = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    cv2.imwrite(str(path), cv2.rotate(mask, cv2.ROTATE_90_CLOCKWISE))
    with pytest.raises(DataSetError, match="its sides are exchanged"):
        run(Assistant.load("tiny"), options, as_json=True)
    cv2.imwrite(str(path), mask * 0)
    (data_set / "ground_truth/hole/1_test_mask.png").unlink()
    with pytest.raises(TypeError):
        run(Assistant.load("tiny"), options, as_json=True)
    told = [line for line in capsys.readouterr().err.splitlines() if line]
    assert told == [
        "note: lids: 1 of 3 defective pictures have no mask and no part in pixel metrics: hole/1_test.png",
        "note: lids: 1 masks of defective pictures mark nothing and are left out: hole/0_test.png",
    ]
