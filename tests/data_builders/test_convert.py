from __future__ import annotations

import json

import numpy as np
import pytest

from assistant.errors import DataSetError
from data_builders.build import build
from data_builders.convert import from_mvtec, main, to_messages, to_mvtec
from data_builders.files import encode_mask, encode_pixels, read_mask, write_atomic
from data_builders.writer import read_rows
from tests.data_builders.fakes import config, fake_families


@pytest.fixture
def category(tmp_path):
    """An MVTec category with two normal pictures, one normal test picture and one hole of two components."""
    folder, rng = tmp_path / "metal_nut", np.random.default_rng(0)
    for name in ("train/good/000", "train/good/001", "test/good/000", "test/bent_lead/000"):
        write_atomic(folder / f"{name}.png", encode_pixels(rng.integers(0, 255, (40, 60, 3), np.uint8), "png"))
    mask = np.zeros((40, 60), bool)
    mask[2:6, 3:9] = mask[30:38, 50:60] = True
    write_atomic(folder / "ground_truth/bent_lead/000_mask.png", encode_mask(mask))
    return folder


def test_from_mvtec_makes_rows_with_one_defect_a_component(category, tmp_path):
    manifest = from_mvtec(category, tmp_path / "set")
    rows = list(read_rows(tmp_path / "set"))
    assert manifest["counts"] == {"split": {"train": 2, "test": 2}, "verdict": {"normal": 3, "anomalous": 1}}
    bad = next(r for r in rows if r["verdict"] == "anomalous")
    assert bad["object_name"] == "metal nut"
    assert [(d["type"], d["box"]) for d in bad["defects"]] == [
        ("bent lead", [3, 2, 9, 6]),
        ("bent lead", [50, 30, 60, 38]),
    ]
    assert bad["reference_file_names"] == [r["image_file_name"] for r in rows if r["split"] == "train"]
    assert rows[0]["image_file_name"] not in rows[0]["reference_file_names"]
    assert set(np.unique(read_mask(tmp_path / "set" / bad["mask_file_name"]))) == {0, 254, 255}


def test_a_missing_or_wrong_mask_is_an_error(category, tmp_path):
    write_atomic(category / "ground_truth/bent_lead/000_mask.png", encode_mask(np.ones((4, 6), bool)))
    with pytest.raises(DataSetError, match=r"a mask of \(40, 60\)"):
        from_mvtec(category, tmp_path / "a")
    (category / "ground_truth/bent_lead/000_mask.png").unlink()
    with pytest.raises(DataSetError, match=r"000_mask\.png, got no such file"):
        from_mvtec(category, tmp_path / "b")
    with pytest.raises(DataSetError, match="train/good"):
        from_mvtec(tmp_path, tmp_path / "c")


def test_to_mvtec_and_back_keeps_pictures_and_masks(tmp_path):
    build(config(count=30), tmp_path / "set", families=fake_families())
    rows = list(read_rows(tmp_path / "set"))
    counts = to_mvtec(tmp_path / "set", tmp_path / "mvtec")
    assert sum(counts.values()) == 30
    assert counts["plain/train/good"] == sum(
        r["family"] == "plain" and r["verdict"] == "normal" and r["split"] == "train" for r in rows
    )
    from_mvtec(tmp_path / "mvtec" / "plain", tmp_path / "back")
    before = {r["image_sha256"]: r for r in rows if r["family"] == "plain"}
    after = list(read_rows(tmp_path / "back"))
    assert {r["image_sha256"] for r in after} == set(before)
    for row in after:
        old = before[row["image_sha256"]]
        masks = [
            read_mask(folder / r["mask_file_name"]) > 0
            for folder, r in ((tmp_path / "back", row), (tmp_path / "set", old))
        ]
        assert np.array_equal(*masks)
        assert row["verdict"] == old["verdict"]
    with pytest.raises(DataSetError, match="empty or absent"):
        to_mvtec(tmp_path / "set", tmp_path / "mvtec")


def test_messages_rows_point_at_the_pictures(tmp_path):
    build(config(count=3), tmp_path / "set", families=fake_families())
    assert to_messages(tmp_path / "set", tmp_path / "rows" / "m.jsonl") == 3
    lines = [json.loads(line) for line in (tmp_path / "rows" / "m.jsonl").read_text().splitlines()]
    for line, row in zip(lines, read_rows(tmp_path / "set"), strict=True):
        assert (tmp_path / "rows" / line["images"][0]).resolve() == (
            tmp_path / "set" / row["image_file_name"]
        ).resolve()
        assert line["messages"][0]["content"] == "<image>" + row["conversations"][0][0]["content"]
        assert line["messages"][1:] == row["conversations"][0][1:]


def test_the_command_line(tmp_path, capsys):
    assert main(["to-messages", str(tmp_path), str(tmp_path / "m.jsonl")]) == 1
    assert "metadata.jsonl" in capsys.readouterr().err
