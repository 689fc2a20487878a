"""The command ``inspect`` on whole volumes: the scan's finding, its row, the score volume over the scan."""

from __future__ import annotations

import json
import re
from pathlib import Path

import nibabel
import numpy as np
import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from assistant.cli.app import app
from assistant.errors import ProfileError
from assistant.pictures.images import load_image
from assistant.pipeline import Assistant
from assistant.report import json_schema
from tests.volumes.scans import dicom_series, nifti, solid

AFFINE = np.array([[0, 0, 1.5, -7], [1.5, 0, 0, 3], [0, -4.0, 0, 5], [0, 0, 0, 1.0]])


@pytest.fixture(scope="module")
def tiny() -> Assistant:
    return Assistant.load("tiny")


@pytest.fixture(autouse=True)
def _loaded(tiny: Assistant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Assistant, "load", lambda *_, **__: tiny)


def run(*words: str | Path) -> tuple[int, str, str]:
    ended = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
    return ended.exit_code, ended.stdout, ended.stderr


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    """``scan.nii.gz`` with a ball, ``normal/`` with three scans, ``series/`` of DICOM slices."""
    nifti(tmp_path / "scan.nii.gz", solid((40, 48, 14), ball=(12, 30, 6)).transpose(1, 2, 0), AFFINE)
    (tmp_path / "normal").mkdir()
    for number in range(3):
        noise = np.random.default_rng(number).normal(0, 5, (40, 48, 14)).astype(np.int16)
        nifti(tmp_path / f"normal/{number}.nii.gz", (solid((40, 48, 14)) + noise).transpose(1, 2, 0), AFFINE)
    dicom_series(tmp_path / "series", solid((40, 48, 12), ball=(12, 30, 5)))
    return tmp_path


def test_a_scan_has_one_row_with_a_volume(scans: Path) -> None:
    code, out, _ = run("inspect", scans / "scan.nii.gz", "--json")
    (row,) = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    Draft202012Validator(json_schema()).validate(row)
    told = row["volume"]
    assert row["source"] == str(scans / "scan.nii.gz")
    assert told["shape"] == [40, 48, 14]
    assert told["spacing_mm"] == [1.5, 1.5, 4.0]
    assert told["axes"] == [2]
    assert len(told["slice_scores"]) == 14
    assert max(one for one in told["slice_scores"] if one is not None) == pytest.approx(row["image_score"], abs=1e-4)
    assert told["worst_source"] == f"{scans / 'scan.nii.gz'}::axis=2,slice={told['worst_slice']}"
    picture = load_image(told["worst_source"])
    assert (picture.height, picture.width) == (row["height"], row["width"])


def test_the_score_volume_lies_over_the_scan(scans: Path) -> None:
    code, out, _ = run(
        "inspect", scans / "scan.nii.gz", "--references", scans / "normal", "--score-volume", scans / "s.nii.gz",
        "--out", scans / "out", "--json",
    )  # fmt: skip
    row = json.loads(out)
    scan, scores = nibabel.load(scans / "scan.nii.gz"), nibabel.load(scans / "s.nii.gz")
    assert code == 0
    assert scores.shape == scan.shape
    assert np.allclose(scores.affine, scan.affine)
    assert row["mode"] == "few_shot"
    assert row["volume"]["references"] == 3
    values = np.asarray(scores.dataobj)
    assert values.max() == pytest.approx(row["image_score"], abs=0.1)
    again = nibabel.load(scans / "out" / row["volume"]["score_path"])
    assert (np.asarray(again.dataobj) == values).all()
    assert (scans / "out" / row["overlay_path"]).is_file()
    for region in row["volume"]["regions"]:
        i, j, k, i_end, j_end, k_end = region["box"]
        inside = values[i:i_end, j:j_end, k:k_end]
        assert inside.max() >= 0.5
        assert values.max() == inside.max() or region["id"] > 1
        centre = np.linalg.inv(scan.affine) @ [*region["centroid_mm"], 1.0]
        assert all(
            low - 0.5 <= at <= high for low, at, high in zip((i, j, k), centre, (i_end, j_end, k_end), strict=False)
        )


def test_a_folder_of_slices_is_one_scan_and_its_files_too(scans: Path) -> None:
    code, out, _ = run("inspect", scans / "series", "--json")
    row = json.loads(out)
    assert code == 0
    assert row["volume"]["kind"] == "DICOM"
    assert Path(row["volume"]["worst_source"]).parent == scans / "series"
    code, out, _ = run("inspect", *sorted((scans / "series").iterdir()), "--json")
    other = json.loads(out)
    assert other["image_score"] == row["image_score"]
    assert other["volume"]["worst_slice"] == row["volume"]["worst_slice"]


def test_without_volumes_it_is_as_before(scans: Path) -> None:
    _, out, _ = run("inspect", scans / "scan.nii.gz", scans / "series", "--no-volumes", "--json")
    rows = [json.loads(line) for line in out.splitlines()]
    assert len(rows) == 13
    assert all(row["volume"] is None for row in rows)
    assert "is the middle slice of its volume" in rows[0]["warnings"][0]
    _, out, _ = run("inspect", f"{scans / 'scan.nii.gz'}::slice=3", "--json")
    assert json.loads(out)["volume"] is None


def test_all_three_axes(scans: Path) -> None:
    _, out, _ = run("inspect", scans / "scan.nii.gz", "--axes", "all", "--json")
    assert json.loads(out)["volume"]["axes"] == [2, 0, 1]
    _, out, _ = run("inspect", scans / "scan.nii.gz", "--axes", "1", "--references", scans / "normal", "--json")
    row = json.loads(out)
    assert row["volume"]["axes"] == [1]
    assert len(row["volume"]["slice_scores"]) == 48
    code, out, error = run("inspect", scans / "scan.nii.gz", "--axes", "3", "--json")
    assert code == 1
    assert "expected axes of 0, 1 and 2, or all" in error


@pytest.mark.parametrize(
    "option",
    [
        ("--rule", "reject any crack"),
        ("--mm-per-pixel", "1"),
        ("--score", "max"),
        ("--detail", "full"),
        ("--references", "picture.png"),
    ],
    ids=str,
)
def test_what_scans_do_not_take_is_refused(scans: Path, pixels: np.ndarray, option: tuple[str, str]) -> None:
    import cv2

    cv2.imwrite(str(scans / "picture.png"), pixels)
    value = str(scans / option[1]) if option[1].endswith(".png") else option[1]
    code, out, error = run("inspect", scans / "scan.nii.gz", option[0], value, "--json")
    assert code == 1
    assert json.loads(out)["error"].startswith("expected no ")
    assert "with a scan" in error


def test_mixed_references_are_refused(scans: Path, pixels: np.ndarray) -> None:
    import cv2

    from assistant.errors import ConfigError

    cv2.imwrite(str(scans / "normal/picture.png"), pixels)
    with pytest.raises(ConfigError, match="references of one kind, scans or pictures, got 3 scans and 1 pictures"):
        run("inspect", scans / "scan.nii.gz", "--references", scans / "normal")


def test_a_table_for_people(scans: Path) -> None:
    _, out, _ = run("inspect", scans / "scan.nii.gz", "--references", scans / "normal")
    assert "few-shot, NIfTI 40x48x14, 1.5x1.5x4 mm" in out
    assert "slices " in out
    assert "Research use, not a diagnosis." in out


def test_a_broken_scan_is_a_row_with_its_error(scans: Path) -> None:
    (scans / "broken.nii.gz").write_bytes((scans / "scan.nii.gz").read_bytes()[:2000])
    code, out, _ = run("inspect", scans / "broken.nii.gz", scans / "scan.nii.gz", "--json")
    rows = {Path(row["source"]).name: row for row in map(json.loads, out.splitlines())}
    assert code == 1
    assert "a whole NIfTI file" in rows["broken.nii.gz"]["error"]
    assert rows["scan.nii.gz"]["error"] is None


def test_a_profile_is_made_of_pictures(scans: Path, tiny: Assistant) -> None:
    whole = str(scans / "scan.nii.gz")
    refused = f"expected pictures for a profile, got the whole scan {whole}; compare scans by inspect or batch"
    for words in (
        ("build", whole, "-o", str(scans / "p.safetensors")),
        ("build", f"{whole}::slice=3", "--anomalous-reference", whole, "-o", str(scans / "p.safetensors")),
        ("check", whole),
    ):
        with pytest.raises(ProfileError, match=re.escape(refused)):
            run("profile", *words)
    with pytest.raises(ProfileError, match=re.escape(refused)):
        tiny.build_profile([scans / "scan.nii.gz"])
    assert not (scans / "p.safetensors").exists()
    code, _, _ = run("profile", "build", f"{whole}::slice=3", f"{whole}::slice=9", "-o", scans / "p.safetensors")
    assert code == 0
