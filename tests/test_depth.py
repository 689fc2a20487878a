"""Pictures deeper than 8 bits at every door: references and query are read alike, and what was not plain stands in the row."""

from __future__ import annotations

import inspect
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from assistant.batch import Inputs, run
from assistant.errors import ProfileError
from assistant.evaluation.passes import Protocol, Run, inspections
from assistant.evaluation.sets import LabelledPicture
from assistant.inquiry import Inquiry
from assistant.pictures.images import load_image
from assistant.pictures.levels import read_with
from assistant.pictures.sets import shared_levels
from assistant.pipeline import Assistant
from assistant.request import Inspector, Request
from assistant.types import Inspection, Levels
from assistant.vision.references.profile import AnomalousReference, Profile
from data_builders.files import decode, read_pixels


@pytest.fixture(scope="module")
def assistant() -> Assistant:
    return Assistant.load("tiny")


def part(seed: int) -> np.ndarray:
    """A part as a camera of 12 bits sees it."""
    y, x = np.mgrid[:84, :112]
    noise = np.random.default_rng(seed).normal(0, 4, x.shape)
    return np.rint((150 + 12 * np.sin(x / 9) + 12 * np.sin(y / 9) + noise).clip(0, 255) * 8).astype(np.uint16)


def saved(path: Path, values: np.ndarray, **options: Any) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(path, values, **options)
    return str(path)


@pytest.fixture
def references(tmp_path: Path) -> list[str]:
    return [saved(tmp_path / "good" / f"{n}.tif", part(n)) for n in range(3)]


@pytest.fixture
def brighter(tmp_path: Path) -> str:
    """A part that the camera saw a quarter brighter."""
    return saved(tmp_path / "new" / "brighter.tif", np.rint(part(7) * 1.25).astype(np.uint16))


def read_alike(inspection: Inspection, levels: Levels | None) -> bool:
    return inspection.image.deep is not None and levels is not None and inspection.image.deep.levels == levels


def test_a_reference_set_fixes_how_its_queries_are_read(
    assistant: Assistant, references: list[str], brighter: str, tmp_path: Path
) -> None:
    profile = assistant.build_profile(references)
    assert profile.levels == shared_levels(references)
    alone = assistant.inspect(brighter)
    beside = assistant.inspect(brighter, references=references)
    decoded = assistant.inspect(load_image(brighter), references=[load_image(path) for path in references])
    assert read_alike(beside, profile.levels)
    assert beside.image.pixels.mean() > alone.image.pixels.mean() + 30
    assert beside.image_score == pytest.approx(decoded.image_score, abs=1e-6)
    assert any("lies outside the grey levels of its references" in warning for warning in beside.warnings)
    profile.save(tmp_path / "part.safetensors")
    kept = Profile.load(tmp_path / "part.safetensors")
    assert kept.levels == profile.levels
    assert profile.summary()["levels"] == [kept.levels.black, kept.levels.white] if kept.levels else False
    assert read_alike(assistant.inspect(brighter, profile=kept), profile.levels)
    asked = Inspector(assistant, Request(profile=str(tmp_path / "part.safetensors")))
    assert read_alike(asked.inspect(brighter), profile.levels)
    assert read_alike(Inspector(assistant, Request(references=tuple(references))).inspect(brighter), profile.levels)


def test_a_profile_of_other_levels_is_refused(assistant: Assistant, references: list[str], tmp_path: Path) -> None:
    profile = assistant.build_profile(references)
    with pytest.raises(ProfileError):
        replace(profile, levels=Levels(9.0, 1.0)).save(tmp_path / "odd.safetensors")
    with pytest.raises(ProfileError):
        replace(profile, levels=Levels(float("nan"), 1.0)).save(tmp_path / "odd.safetensors")


def test_a_picture_that_was_not_read_alike_is_told_of(
    assistant: Assistant, references: list[str], brighter: str
) -> None:
    deep = assistant.build_profile(references)
    detector = assistant.detector
    own = detector.score(detector.encode(brighter), deep)
    assert (
        "has more than 8 bits a channel, and was read by grey levels of its own, not of the references" in own.warnings
    )
    eight = load_image((part(3) >> 3).astype(np.uint8))
    told = detector.score(detector.encode(eight), deep).warnings
    assert "is not read by the grey levels of the references (it has 8 bits a channel, or a table of its own)" in told


def test_anomalous_references_are_read_alike(assistant: Assistant, references: list[str], brighter: str) -> None:
    bright = AnomalousReference(load_image(brighter))
    beside = assistant.build_profile(references, anomalous_references=[bright])
    again = assistant.build_profile(
        references, anomalous_references=[AnomalousReference(load_image(brighter, levels=beside.levels))]
    )
    assert beside.anomalous_keys is not None
    assert again.anomalous_keys is not None
    assert np.allclose(beside.anomalous_keys.cpu(), again.anomalous_keys.cpu())


def test_mutual_pictures_are_read_alike(assistant: Assistant, references: list[str], brighter: str) -> None:
    found = assistant.inspect_mutual([*references, brighter])
    assert len({one.image.deep.levels for one in found if one.image.deep is not None}) == 1


def test_rows_of_a_batch_are_those_of_inspect(
    assistant: Assistant, references: list[str], brighter: str, tmp_path: Path
) -> None:
    request = Request(references=tuple(references))
    rows = _rows([brighter, *references], tmp_path / "out", assistant, request=request)
    alone = Inspector(assistant, request).inspect(brighter)
    assert rows[brighter]["image_score"] == pytest.approx(alone.image_score, abs=1e-4)
    assert rows[brighter]["warnings"] == list(alone.warnings)


def test_references_of_a_manifest_fix_the_levels_of_their_rows(
    assistant: Assistant, references: list[str], brighter: str, tmp_path: Path
) -> None:
    listed = tmp_path / "list.jsonl"
    listed.write_text(json.dumps({"source": brighter, "references": references}) + "\n")
    rows = _rows(Inputs(manifest=listed), tmp_path / "out", assistant)
    alone = Inspector(assistant, Request(references=tuple(references))).inspect(brighter)
    assert rows[brighter]["image_score"] == pytest.approx(alone.image_score, abs=1e-4)


def test_mutual_rows_of_a_batch_are_read_alike(
    assistant: Assistant, references: list[str], brighter: str, tmp_path: Path
) -> None:
    rows = _rows([*references, brighter], tmp_path / "out", assistant, mutual=True, chunk=4)
    found = assistant.inspect_mutual([*references, brighter])
    for path, one in zip([*references, brighter], found, strict=True):
        assert rows[path]["image_score"] == pytest.approx(one.image_score, abs=1e-4)


def test_a_row_a_page_and_no_data_in_the_row(assistant: Assistant, tmp_path: Path) -> None:
    path = saved(tmp_path / "pages.tif", np.stack([part(n) for n in range(3)]), photometric="minisblack")
    heights = (480 + part(1) / 100).astype(np.float32)
    heights[:9] = -99999
    holed = saved(tmp_path / "heights.tif", heights)
    rows = _rows([path, holed], tmp_path / "out", assistant)
    assert sorted(rows) == [holed, *(f"{path}::frame={n}" for n in range(3))]
    assert "holds no data in part, shown black (11 % of its pixels: -99999)" in rows[holed]["warnings"]
    assert rows[f"{path}::frame=1"]["warnings"] == []
    one = assistant.inspect(path)
    assert one.warnings[0].startswith("is the first page of its file (of 3;")


def test_the_page_reads_a_picture_as_its_references_and_again_alone(
    assistant: Assistant, references: list[str], brighter: str
) -> None:
    image, levels = load_image(brighter), shared_levels(references)
    assert image.deep is not None
    alike = read_with(image, levels)
    again = read_with(alike, image.deep.own)
    assert np.array_equal(again.pixels, image.pixels)
    assert again.notes == image.notes == ()
    assert read_with(again, levels).notes == alike.notes
    assert len(alike.notes) == 1
    assert shared_levels([alike, load_image(references[0])]) == shared_levels([image, load_image(references[0])])


def test_evaluation_reads_references_and_queries_alike(
    assistant: Assistant, references: list[str], brighter: str, tmp_path: Path
) -> None:
    for n in range(3):
        saved(tmp_path / "set/train/good" / f"{n}.tif", part(n))
    item = LabelledPicture(Path(brighter), None)
    runs = [Run(tmp_path / "set", "3", 0), Run(tmp_path / "set", "mutual", 0)]
    items = [item, *(LabelledPicture(Path(path), None) for path in references)]
    found = list(inspections(assistant, runs, items, Protocol(None, "skip", Inquiry())))
    beside = next(inspection for run, one, inspection in found if run is runs[0] and one is item)
    assert read_alike(beside, shared_levels(references))
    mutual = [inspection.image.deep.levels for run, _, inspection in found if run is runs[1] and inspection.image.deep]
    assert len(mutual) == 4
    assert len(set(mutual)) == 1


def _rows(inputs: list[str] | Inputs, out: Path, assistant: Assistant, **options: Any) -> dict[str, dict[str, Any]]:
    for _ in run(inputs, out, assistant=assistant, **options):
        pass
    lines = (out / "results.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    assert all(row["error"] is None for row in rows), [row["error"] for row in rows]
    return {row["source"]: row for row in rows}


def test_opencv_decodes_no_file() -> None:
    """It reads what the project has just packed itself: jittered copies and simulated cameras."""
    root = Path(__file__).parents[1]
    packages = (root / name for name in ("assistant", "data_builders", "training", "demo"))
    found = {
        str(path.relative_to(root))
        for package in packages
        for path in package.rglob("*.py")
        if re.search(r"cv2\.(imread|imdecode)", path.read_text(encoding="utf-8"))
    }
    own = {
        "assistant/samples/masks.py",
        "assistant/vision/experts/jitter.py",
        "data_builders/capture.py",
        "training/localizer/changed.py",
    }
    assert found == own
    assert "imdecode" not in inspect.getsource(decode) + inspect.getsource(read_pixels)
