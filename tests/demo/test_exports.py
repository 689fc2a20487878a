"""Exported files: rows by the contract, masks and overlays of the picture in view, corrections that training reads."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from assistant.report import InspectionRow
from assistant.types import QueryImage
from data_builders import writer
from demo.bench.judging import BenchError
from demo.bench.workbench import Workbench
from demo.export import corrected_set, exports
from demo.handlers import Handlers
from demo.sample_set import SampleSet
from tests.demo.running import components
from training.localizer.data import defect_masks, read_rows


def test_rows_follow_the_contract_with_measured_scores(bench: Workbench, part: QueryImage) -> None:
    session = bench.store.new()
    picture = bench.add(session, part)
    bench.set_threshold(session, 0.1)
    list(bench.ask(session, "Is it fine?"))
    paths = exports.write_all(session)
    row = json.loads(paths[0].read_text())
    InspectionRow(**row)
    assert row["threshold"] == 0.1
    assert row["image_score"] == picture.view.measured.image_score  # type: ignore[union-attr]
    assert row["answers"][0]["question"] == "Is it fine?"
    assert all(
        region["peak_score"] <= picture.view.measured.anomaly_map.scores.max() + 1e-6 for region in row["regions"]
    )  # type: ignore[union-attr]
    mask = cv2.imread(str(paths[1]), cv2.IMREAD_GRAYSCALE)
    assert ((mask == 255) == (picture.view.measured.anomaly_map.scores >= 0.1)).all()  # type: ignore[union-attr]
    assert cv2.imread(str(paths[2])) is not None
    assert "Is it fine?" in paths[3].read_text()
    assert {p.parent for p in paths} == {session.folder}


def test_nothing_to_export(bench: Workbench) -> None:
    session = bench.store.new()
    with pytest.raises(BenchError, match="drop one or choose a sample"):
        exports.write_all(session)
    with pytest.raises(BenchError, match="at least one correction"):
        corrected_set.write_corrections(session)


def test_exported_corrections_stay_as_long_as_there_are_any(bench: Workbench, part: QueryImage, tmp_path: Path) -> None:
    page = components()
    do = Handlers(bench, SampleSet(None, tmp_path / "samples"), page, tmp_path)
    session = bench.store.new()
    bench.add(session, part)

    def offered(stream: Iterator[dict[Any, Any]]) -> dict[str, Any]:
        *_, last = stream
        return dict(last[page.corrections_file])

    assert not offered(do.mark_normal(session.id))["visible"], "nothing is exported yet"
    session.pictures[0].judged_version = -1  # what was said is still being learned from
    made = offered(do.corrections(session.id, ""))
    assert not session.pictures[0].stale, "a file holds what was learned"
    *_, learned = do.look_again(session.id)
    assert learned[page.corrections_file] == made
    assert made["visible"]
    assert made["label"] == "Download corrections"
    later = offered(do.mark_defect(session.id, None, "5, 5, 20, 20", "hole"))
    assert (later["value"], later["label"]) == (made["value"], "Download corrections, without your last change")
    assert offered(do.corrections(session.id, ""))["label"] == "Download corrections"
    for left in (True, False):
        assert offered(do.undo(session.id))["visible"] is left


def test_corrections_are_a_data_set_that_training_reads(bench: Workbench, part: QueryImage, tmp_path: Path) -> None:
    session = bench.store.new()
    bench.add(session, QueryImage(np.roll(part.pixels, 9, axis=0), "fine.png"))
    bench.mark_normal(session)
    bench.add(session, part)
    mask = np.zeros((60, 80), bool)
    mask[10:20, 50:65] = mask[40:44, 3:9] = True
    bench.mark_defect(session, mask, "hole")
    with zipfile.ZipFile(corrected_set.write_corrections(session)) as archive:
        archive.extractall(tmp_path / "set")
    rows = read_rows(tmp_path / "set")
    assert [row.types for row in rows] == [(), ("hole", "hole")]
    assert [len(row.references) for row in rows] == [0, 1]
    assert rows[1].references[0].is_file()
    assert (np.logical_or(*defect_masks(rows[1])) == mask).all()
    stored = cv2.imread(str(rows[1].image))[..., ::-1]
    assert (stored == part.pixels).all()
    manifest = json.loads((tmp_path / "set" / "manifest.json").read_text())
    assert corrected_set.DATA_SET == writer.SCHEMA == manifest["schema"]
    assert manifest["rows"] == 2
    assert next(iter(writer.read_rows(tmp_path / "set")))["verdict"] == "normal"


def test_exported_files_are_called_after_their_pictures(bench: Workbench, part: QueryImage, tmp_path: Path) -> None:
    session = bench.store.new()
    names = ("line 3/suspect.png", "../suspect.png", "\u00fc.png")
    for number, name in enumerate(names):
        bench.add(session, QueryImage(np.roll(part.pixels, number, axis=1), name))
        mask = np.zeros((60, 80), bool)
        mask[10:20, 50:65] = True
        bench.mark_defect(session, mask, "hole")

    def unpacked(layout: str) -> Path:
        with zipfile.ZipFile(corrected_set.write_corrections(session, layout)) as archive:
            archive.extractall(tmp_path / (layout or "set"))
        return tmp_path / (layout or "set")

    stems = ["0000000_line_3_suspect", "0000001_suspect", "0000002"]
    rows = list(writer.read_rows(unpacked("")))
    assert [row["source"] for row in rows] == list(names)
    assert [Path(row["image_file_name"]).stem for row in rows] == stems
    assert [Path(row["mask_file_name"]).stem for row in rows] == stems
    told = json.loads((unpacked("coco") / "annotations" / "instances_default.json").read_text())
    assert [one["file_name"] for one in told["images"]] == [f"{stem}.png" for stem in stems]
    assert sorted(path.stem for path in (unpacked("labelme") / "images").glob("*.json")) == stems
    assert {path.stem for path in unpacked("yolo").rglob("*.png")} == set(stems)
