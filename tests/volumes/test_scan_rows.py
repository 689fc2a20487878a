"""A run gives a volume one row, its slices rows of their own where they are asked for, and refuses what does not go together."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import cv2
import nibabel
import numpy as np
import pytest
from typer.testing import CliRunner

from assistant.batch import BatchOptions, BatchRun, Inputs
from assistant.batch.inputs.listing import find_items
from assistant.batch.results.summary import write_summary
from assistant.cli.app import app
from assistant.errors import ConfigError
from assistant.inquiry import Inquiry
from assistant.pipeline import Assistant
from assistant.request import Request
from tests.volumes.scans import dicom_series, nifti, solid


@pytest.fixture(scope="module")
def tiny() -> Assistant:
    return Assistant.load("tiny")


@pytest.fixture
def folder(tmp_path: Path, pixels: np.ndarray) -> Path:
    """A picture, a NIfTI volume, a series, and two series in one folder."""
    scans = tmp_path / "scans"
    scans.mkdir()
    cv2.imwrite(str(scans / "a.png"), pixels)
    nifti(scans / "b.nii.gz", solid((40, 48, 8), ball=(12, 30, 4)))
    dicom_series(scans / "c", solid((40, 48, 6)))
    dicom_series(scans / "d", solid((40, 48, 5)), uid="1.2.826.0.1.5", number=3)
    for path in dicom_series(tmp_path / "other", solid((48, 40, 4)), uid="1.2.826.0.1.6", number=9):
        path.rename(scans / "d" / f"x{path.name}")
    return scans


def rows_of(tiny: Assistant, folder: Path, out: Path, *, volumes: bool = True, **options: Any) -> list[dict[str, Any]]:
    inputs = Inputs((str(folder),), volumes=volumes)
    return list(BatchRun(BatchOptions(inputs, out, workers=0, **options), tiny))


def test_each_volume_is_one_row(tiny: Assistant, folder: Path, tmp_path: Path) -> None:
    rows = {row["source"]: row for row in rows_of(tiny, folder, tmp_path / "out", save_maps=True, save_overlays=True)}
    series = [f"{folder / 'd'}::series=1.2.826.0.1.{last}" for last in (5, 6)]
    assert sorted(rows) == sorted(map(str, [folder / "a.png", folder / "b.nii.gz", folder / "c", *series]))
    assert all(row["error"] is None for row in rows.values())
    assert rows[str(folder / "a.png")]["volume"] is None
    told = rows[str(folder / "b.nii.gz")]["volume"]
    assert told["shape"] == [40, 48, 8]
    scores = nibabel.load(tmp_path / "out" / told["score_path"])
    assert scores.shape == (40, 48, 8)
    assert [rows[one]["volume"]["shape"] for one in series] == [[40, 48, 5], [48, 40, 4]]
    assert rows[series[0]]["volume"]["name"] == "series 3 AXIAL"
    assert (tmp_path / "out" / rows[series[0]]["overlay_path"]).is_file()
    assert write_summary(tmp_path / "out/results.jsonl").is_file()


def test_a_run_goes_on_without_doing_volumes_twice(tiny: Assistant, folder: Path, tmp_path: Path) -> None:
    assert len(rows_of(tiny, folder, tmp_path / "out")) == 5
    assert rows_of(tiny, folder, tmp_path / "out") == []
    with pytest.raises(ConfigError, match="volumes"):
        rows_of(tiny, folder, tmp_path / "out", volumes=False)


def test_slices_have_rows_where_they_are_asked_for(folder: Path) -> None:
    every = list(find_items(Inputs((str(folder),))))
    assert len(every) == 1 + 8 + 6 + 9
    assert not any(item.volume for item in every)
    assert len(list(find_items(Inputs((str(folder),), slices=False)))) == 1 + 1 + 6 + 9


def test_slices_named_one_by_one_stay_pictures_and_a_manifest_may_name_a_folder(folder: Path, tmp_path: Path) -> None:
    some = [str(path) for path in sorted((folder / "c").iterdir())[:3]]
    assert [item.volume for item in find_items(Inputs(tuple(some), volumes=True))] == [False] * 3
    (tmp_path / "m.csv").write_text(f"source\n{folder / 'c'}\n{folder / 'b.nii.gz'}\n")
    listed = list(find_items(Inputs(manifest=tmp_path / "m.csv", volumes=True)))
    assert [(Path(item.source).name, item.volume) for item in listed] == [("c", True), ("b.nii.gz", True)]


def test_a_series_of_a_folder_can_be_named_again(tiny: Assistant, folder: Path) -> None:
    found = tiny.inspect_volume(f"{folder / 'd'}::series=1.2.826.0.1.6")
    assert found.volume.shape == (48, 40, 4)


def test_references_are_of_the_kind_of_what_is_inspected(tiny: Assistant, folder: Path, tmp_path: Path) -> None:
    normal = nifti(tmp_path / "normal.nii.gz", solid((40, 48, 8)))
    request = Request(references=(str(normal),))
    rows = {Path(row["source"]).name: row for row in rows_of(tiny, folder, tmp_path / "out", request=request)}
    assert "expected a scan beside reference scans" in rows["a.png"]["error"]
    assert rows["b.nii.gz"]["mode"] == "few_shot"
    assert rows["b.nii.gz"]["volume"]["references"] == 1
    request = Request(references=(str(folder / "a.png"),))
    rows = {Path(row["source"]).name: row for row in rows_of(tiny, folder, tmp_path / "two", request=request)}
    assert rows["a.png"]["mode"] == "few_shot"
    assert "expected no pictures as references with a scan" in rows["b.nii.gz"]["error"]


def test_questions_are_not_passed_over_in_silence(tiny: Assistant, folder: Path, tmp_path: Path) -> None:
    (folder / "a.png").unlink()
    rows = rows_of(tiny, folder / "b.nii.gz", tmp_path / "out", questions=("Is it fine?",))
    assert rows[0]["warnings"][-1] == "was asked nothing: the questions of a run are put to single pictures alone"


def test_merge_expects_volumes_where_the_rows_are_of_volumes(
    tiny: Assistant, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Assistant, "load", lambda *_, **__: tiny)
    out = str(tmp_path / "out")
    for part in ("1/2", "2/2"):
        words = ["batch", str(folder), "--out", out, "--workers", "0", "--shard", part]
        assert CliRunner().invoke(app, words, catch_exceptions=False).exit_code == 0
    assert CliRunner().invoke(app, ["merge", out, "--expect", str(folder)], catch_exceptions=False).exit_code == 0
    nifti(folder / "new.nii", solid((40, 48, 8)))
    told = CliRunner().invoke(app, ["merge", out, "--expect", str(folder), "--json"], catch_exceptions=False)
    assert told.exit_code == 1
    assert json.loads(told.stdout)["missing"] == 1


def test_mutual_mode_takes_slices(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="expected slices in mutual mode, got whole volumes"):
        BatchOptions(Inputs((str(folder),), volumes=True), tmp_path / "out", mutual=True)


def test_rows_of_volumes_are_read_back(tiny: Assistant, folder: Path, tmp_path: Path) -> None:
    from assistant.report import inspection_of_row

    (row,) = rows_of(tiny, folder / "b.nii.gz", tmp_path / "out")
    again = inspection_of_row(json.loads(json.dumps(row)), np.zeros((48, 40), np.float32))
    assert again.image_score == row["image_score"]


def test_a_run_that_goes_on_notices_a_changed_slice_and_no_other(tiny: Assistant, folder: Path, tmp_path: Path) -> None:
    out, whole = tmp_path / "out", {str(folder / "c")}
    first = rows_of(tiny, folder, out)
    assert rows_of(tiny, folder, out) == []
    changed = sorted((folder / "c").iterdir())[2]
    status = changed.stat()
    data = bytearray(changed.read_bytes())
    data[-40:-20] = b"\x01\x02" * 10
    changed.write_bytes(data)
    os.utime(changed, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    assert {row["source"] for row in rows_of(tiny, folder, out)} == whole
    os.utime(changed, ns=(status.st_atime_ns, status.st_mtime_ns + 2))
    assert rows_of(tiny, folder, out) == []
    assert len(first) == 5


def test_a_slice_that_is_added_or_taken_away_is_noticed(tiny: Assistant, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    rows_of(tiny, folder, out)
    sorted((folder / "c").iterdir())[-1].unlink()
    (again,) = rows_of(tiny, folder, out)
    assert again["source"] == str(folder / "c")
    assert again["volume"]["slices"] == 5


def test_a_closer_look_at_a_scan_is_refused_at_every_door(tiny: Assistant, folder: Path, tmp_path: Path) -> None:
    scan = str(folder / "b.nii.gz")
    with pytest.raises(ConfigError, match="detail overview of a scan"):
        tiny.inspect_volume(scan, detail="full")
    request = Request(inquiry=Inquiry.of({"detail": "full"}))
    rows = {Path(row["source"]).name: row for row in rows_of(tiny, folder, tmp_path / "out", request=request)}
    assert "expected no --detail with a scan" in rows["b.nii.gz"]["error"]
    assert rows["a.png"]["error"] is None
