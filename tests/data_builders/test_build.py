"""A data set is built: whole, the same for the same seed, resumed where it stopped."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from assistant.errors import ConfigError, DataSetError
from assistant.reading.faithfulness import stated_verdict
from assistant.reading.question import read_question
from data_builders.build import build, main
from data_builders.captions import caption_conversation
from data_builders.config import load_config
from data_builders.files import own_mask, picture_hashes, pixel_sha256, read_pixels
from data_builders.products import make_sample
from data_builders.writer import read_rows
from tests.data_builders.fakes import config, fake_families

CONFIGS = sorted(
    p
    for p in (Path(__file__).parents[2] / "data_builders" / "configs").glob("*.yaml")
    if not p.stem.endswith("_excluded")
)


def _bytes(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_rows_and_files_do_not_depend_on_the_workers(tmp_path):
    build(config(), tmp_path / "one", workers=1, families=fake_families())
    build(config(), tmp_path / "two", workers=2, families=fake_families())
    assert _bytes(tmp_path / "one") == _bytes(tmp_path / "two")


def test_a_killed_build_goes_on_after_its_torn_line(tmp_path):
    whole, part = tmp_path / "whole", tmp_path / "part"
    build(config(), whole, families=fake_families())
    build(config(count=5), part, families=fake_families())
    with (part / "metadata.jsonl").open("rb+") as file:
        file.truncate((part / "metadata.jsonl").stat().st_size - 30)
    first = (part / "images/0000/0000000.jpg").stat().st_mtime_ns
    build(config(), part, families=fake_families())
    assert _bytes(part) == _bytes(whole)
    assert (part / "images/0000/0000000.jpg").stat().st_mtime_ns == first


def test_a_damaged_line_in_the_middle_is_an_error_and_restart_mends_it(tmp_path):
    build(config(count=3), tmp_path, families=fake_families())
    path = tmp_path / "metadata.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text(lines[0] + "{torn\n" + lines[2])
    with pytest.raises(DataSetError, match="line 2"):
        build(config(count=3), tmp_path, families=fake_families())
    build(config(count=3), tmp_path, families=fake_families(), restart=True)
    assert path.read_text() == "".join(lines)


def test_another_configuration_needs_restart(tmp_path):
    build(config(count=2), tmp_path, families=fake_families())
    with pytest.raises(ConfigError, match=r"other values for seed, size.*--restart"):
        build(config(count=2, seed=5, size=48), tmp_path, families=fake_families())


def test_a_build_begun_before_an_option_came_goes_on(tmp_path):
    build(config(count=3), tmp_path / "set", families=fake_families())
    manifest = tmp_path / "set/manifest.json"
    record = json.loads(manifest.read_text())
    del record["config"]["faint_probability"]
    manifest.write_text(json.dumps(record))
    assert build(config(count=3), tmp_path / "set", families=fake_families())["rows"] == 3
    manifest.write_text(json.dumps(record))
    with pytest.raises(ConfigError, match="faint_probability"):
        build(config(count=3, faint_probability=0.5), tmp_path / "set", families=fake_families())


def test_a_folder_with_other_things_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(DataSetError, match="an empty folder"):
        build(config(), tmp_path, families=fake_families(), restart=True)
    assert (tmp_path / "thesis.txt").read_text() == "mine"


def test_what_is_on_disk_is_the_sample(tmp_path):
    some = config(image_format="png", count=8, defect_probability=0.7)
    build(some, tmp_path, families=fake_families())
    rows = list(read_rows(tmp_path))
    assert [row["index"] for row in rows] == list(range(8))
    for row in rows:
        sample = make_sample(some, row["index"], fake_families())
        assert np.array_equal(read_pixels(tmp_path / row["image_file_name"]), sample.pixels)
        mask = own_mask(tmp_path / row["mask_file_name"])
        assert np.array_equal(mask > 0, sample.mask)
        assert row["verdict"] == ("anomalous" if sample.defects else "normal")
        for stated, record in zip(row["defects"], sample.defects, strict=True):
            assert stated["box"] == list(record.box.as_tuple())
            assert json.loads(stated["parameters"]) == dict(record.parameters)
        assert mask.max() == (255 if sample.defects else 0) or len(sample.defects) > 1
        (conversation,) = row["conversations"]
        assert [turn["role"] for turn in conversation[:2]] == ["user", "assistant"]
        assert conversation == caption_conversation(row)
        assert stated_verdict(conversation[1]["content"], read_question(conversation[0]["content"])) in (
            None,
            row["verdict"],
        )


def test_the_manifest_counts_and_covers_every_file(tmp_path):
    manifest = build(config(), tmp_path, families=fake_families())
    rows = list(read_rows(tmp_path))
    assert manifest == json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["complete"]
    assert manifest["rows"] == 12
    assert manifest["counts"]["split"] == {"train": 9, "validation": 3}
    assert sum(manifest["counts"]["type"].values()) == sum(len(r["defects"]) for r in rows)
    assert manifest["rows_sha256"] == hashlib.sha256((tmp_path / "metadata.jsonl").read_bytes()).hexdigest()
    image = (tmp_path / rows[3]["image_file_name"]).read_bytes()
    assert rows[3]["image_sha256"] == hashlib.sha256(image).hexdigest()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("references", [0, 2])
def test_the_hugging_face_image_folder_reads_it(tmp_path, monkeypatch, references):
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    build(config(references=references), tmp_path / "set", families=fake_families())
    data = datasets.load_dataset("imagefolder", data_dir=str(tmp_path / "set"), cache_dir=str(tmp_path / "cache"))[
        "train"
    ]
    rows = list(read_rows(tmp_path / "set"))
    assert len(data) == len(rows)
    for item, row in zip(data, rows, strict=True):
        assert item["image"].size == (row["width"], row["height"])
        assert item["mask"].size == item["image"].size
        assert item["defects"] == row["defects"]
        assert item["conversations"] == row["conversations"]
        assert item["split"] == row["split"]
        if references:
            assert [r.size for r in item["reference"]] == [item["image"].size] * references


@pytest.mark.parametrize("which", ["bytes", "pixels", "reference"])
def test_pictures_on_the_evaluation_list_are_refused(tmp_path, which):
    build(config(), tmp_path / "free", families=fake_families())
    row = list(read_rows(tmp_path / "free"))[4]
    name = row["reference_file_names"][0] if which == "reference" else row["image_file_name"]
    data = (tmp_path / "free" / name).read_bytes()
    value = (
        pixel_sha256(read_pixels(tmp_path / "free" / name)) if which == "pixels" else hashlib.sha256(data).hexdigest()
    )
    assert value in picture_hashes(data)
    (tmp_path / "list.txt").write_text(f"# pictures of the benchmark\n{value}  some/file.png\n")
    guarded = config(evaluation_hashes=str(tmp_path / "list.txt"))
    manifest = build(guarded, tmp_path / "guarded", families=fake_families())
    assert manifest["refused"] == [4]
    assert [r["index"] for r in read_rows(tmp_path / "guarded")] == [i for i in range(12) if i != 4]
    assert not (tmp_path / "guarded" / row["image_file_name"]).exists()


def test_a_bad_evaluation_list_is_an_error(tmp_path):
    (tmp_path / "list.txt").write_text("not-a-hash\n")
    with pytest.raises(ConfigError, match="64 hexadecimal digits"):
        build(config(evaluation_hashes=str(tmp_path / "list.txt")), tmp_path / "out", families=fake_families())


def test_the_command_line_reports_bad_files(tmp_path, capsys):
    (tmp_path / "c.yaml").write_text("colour: 1\n")
    assert main(["--config", str(tmp_path / "c.yaml"), "--out", str(tmp_path / "out")]) == 2
    assert "known option" in capsys.readouterr().err


@pytest.mark.parametrize("path", CONFIGS, ids=lambda p: p.name)
def test_the_shipped_configurations_are_valid(path):
    assert load_config(path).count > 0


def test_a_folder_of_ones_own_gets_the_kinds_named_alone(tmp_path, capsys):
    rng = np.random.default_rng(0)
    for number in range(3):
        (tmp_path / "cloth").mkdir(exist_ok=True)
        cv2.imwrite(str(tmp_path / f"cloth/{number}.png"), rng.integers(90, 160, (150, 150, 3), np.uint8))
    teach = Path(__file__).parents[2] / "data_builders" / "configs" / "teach.yaml"
    given = ["--config", str(teach), "--normals", str(tmp_path / "cloth"), "--kind", "surface", "--count", "30"]
    out = tmp_path / "set"
    assert main([*given, "--workers", "1", "--out", str(out), "--defects", "stain", "contamination", "pin hole"]) == 0
    rows = list(read_rows(out))
    drawn = {d["family"] for row in rows for d in row["defects"]}
    assert {"stain", "particles"} <= drawn <= {"stain", "particles", "fibre", "drop", "pin hole"}
    assert {split: any(r["defects"] for r in rows if r["split"] == split) for split in ("train", "validation")} == {
        "train": True, "validation": True,
    }  # fmt: skip
    assert not any("faded_to" in d["parameters"] for row in rows for d in row["defects"])
    few = ["--count", "8", "--workers", "1", "--faint", "1"]
    assert main([*given, *few, "--out", str(tmp_path / "faint")]) == 0
    faint = [defect for row in read_rows(tmp_path / "faint") for defect in row["defects"]]
    assert [defect["type"] for defect in faint if "faded_to" not in defect["parameters"]] == []
    assert len(faint) >= 3
    assert main([*given, "--out", str(tmp_path / "none"), "--faint", "2"]) == 2
    capsys.readouterr()
    assert main([*given, "--out", str(tmp_path / "none"), "--defects", "sadness"]) == 2
    assert "stain" in capsys.readouterr().err
