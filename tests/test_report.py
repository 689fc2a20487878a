"""Rows keep their contract: every field, plain JSON, errors with everything else null."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from assistant import report
from assistant.errors import DataSetError, ImageError
from assistant.pictures.images import load_map
from assistant.region_rows import MEASURES
from assistant.types import (
    AnomalyMap,
    Answer,
    Box,
    Coverage,
    Domain,
    Extents,
    Inspection,
    MeasuredBy,
    Measures,
    Mode,
    QueryImage,
    Region,
    RuleDecision,
    RuleVerdict,
    Severity,
    Verdict,
    WordsOf,
)  # fmt: skip

FIELDS = (
    "schema source width height object_name mode image_score threshold verdict p_value regions caption answers "
    "map_path overlay_path preset weights version timing_ms guarantee brightness warnings spacing_mm spacing_of "
    "rule detail tiles looked_at volume reasoning error"
).split()  # fmt: skip


def an_inspection(pixels: np.ndarray, score: float = 0.87, source: str = "parts/lid.png") -> Inspection:
    scores = np.zeros(pixels.shape[:2], np.float32)
    scores[10:20, 50:65] = 0.95
    region = Region(1, Box(50, 10, 65, 20), 0.031, ("top right",), 0.95, 0.8, "scratch", 0.62, Severity.MAJOR)
    return Inspection(
        QueryImage(pixels, source), "lid", Mode.FEW_SHOT, score, None, (region,) if score >= 0.5 else (),
        AnomalyMap(scores), "mini", "sha256:ab", {"encode": 190.04},
    )  # fmt: skip


def test_row_holds_exactly_the_fields_of_the_contract(pixels: np.ndarray) -> None:
    answer = Answer("Is it fine?", "No.", Verdict.ANOMALOUS, False, WordsOf.MODEL)
    row = report.inspection_row(
        an_inspection(pixels),
        caption="A scratch.",
        answers=[answer],
        map_path="maps/x.png",
        overlay_path="overlays/x.png",
    )
    assert list(row) == FIELDS
    assert row["schema"] == "anomaly-assistant/inspection@1"
    assert (row["width"], row["height"], row["mode"], row["verdict"]) == (80, 60, "few_shot", "anomalous")
    assert (row["threshold"], row["p_value"], row["error"]) == (0.5, None, None)
    assert row["regions"] == [{
        "id": 1, "box": [50, 10, 65, 20], "area_fraction": 0.031, "cells": ["top right"], "peak_score": 0.95,
        "mean_score": 0.8, "type": "scratch", "type_probability": 0.62, "severity": "major",
        "group": None, **dict.fromkeys(MEASURES),
    }]  # fmt: skip
    assert row["answers"] == [{
        "question": "Is it fine?", "answer": "No.", "stated_verdict": "anomalous", "contradictory": False,
        "words_of": "model",
    }]  # fmt: skip
    assert row["timing_ms"] == {"encode": 190.0}
    assert row["brightness"] == pytest.approx(0.61, abs=0.02)
    assert row["warnings"] == []
    assert json.loads(report.to_line(row)) == row


def test_an_inspection_is_read_back_from_its_row(pixels: np.ndarray) -> None:
    for score in (0.87, 0.2):
        made = replace(an_inspection(pixels, score), warnings=("shows another product",) if score < 0.5 else ())
        small = np.full((48, 48), 0.25, np.float32)
        back = report.inspection_of_row(report.inspection_row(made), small, Domain.MEDICAL)
        row = report.inspection_row(made)
        assert report.inspection_row(back) | {"width": 80, "height": 60, "brightness": row["brightness"]} == row
        assert back.regions == made.regions
        assert (back.image.domain, back.image.pixels.shape) == (Domain.MEDICAL, (48, 48, 3))
        assert back.anomaly_map.scores is small
        assert back.verdict is made.verdict


MEASURED = Measures(
    MeasuredBy.LINE, (57.25, 14.5), Extents(15.0, 2.5, (15.25, 3.0), 37.5, 10.0, 2.0, 7.5),
    Extents(3.0, 0.5, (3.05, 0.6), 1.5, 2.0, 0.4, 1.5), ("rough",), 2, may_go_on=True,
)  # fmt: skip


def test_what_was_looked_at_stands_in_the_row_and_is_read_back(pixels: np.ndarray) -> None:
    made = replace(an_inspection(pixels), coverage=Coverage("auto", 7, 0.25))
    row = report.inspection_row(made)
    assert (row["detail"], row["tiles"], row["looked_at"]) == ("auto", 7, 0.25)
    assert report.inspection_of_row(row, made.anomaly_map.scores).coverage == made.coverage
    earlier = {name: value for name, value in row.items() if name not in ("detail", "tiles", "looked_at")}
    assert report.inspection_of_row(earlier, made.anomaly_map.scores).coverage is None


def test_measures_scale_and_ruling_stand_in_the_row_and_are_read_back(pixels: np.ndarray) -> None:
    made = an_inspection(pixels)
    regions = (replace(made.regions[0], measures=MEASURED),)
    ruling = RuleVerdict(RuleDecision.UNDECIDED, "any crack", (1,), "no scale")
    image = replace(made.image, spacing_mm=(0.2, 0.25), spacing_of="detector")
    row = report.inspection_row(replace(made, regions=regions, image=image, rule=ruling))
    assert (row["spacing_mm"], row["spacing_of"]) == ([0.2, 0.25], "detector")
    assert row["rule"] == {"verdict": "undecided", "clause": "any crack", "regions": [1], "reason": "no scale"}
    told = {name: row["regions"][0][name] for name in MEASURES}
    assert told == {
        "length_px": 15.0, "width_px": 2.5, "feret_px": [15.25, 3.0], "area_px": 37.5, "edge_distance_px": 10.0,
        "margin_px": 2.0, "nearest_px": 7.5, "length_mm": 3.0, "width_mm": 0.5, "feret_mm": [3.05, 0.6], "area_mm2": 1.5,
        "edge_distance_mm": 2.0, "margin_mm": 0.4, "nearest_mm": 1.5, "centroid": [57.25, 14.5], "nearest_id": 2,
        "measured_by": "line", "caveats": ["rough"], "may_go_on": True,
    }  # fmt: skip
    back = report.inspection_of_row(json.loads(report.to_line(row)), made.anomaly_map.scores)
    assert back.regions == regions
    assert (back.rule, back.image.spacing_mm, back.image.spacing_of) == (ruling, (0.2, 0.25), "detector")


def test_rows_of_earlier_runs_are_read(pixels: np.ndarray) -> None:
    row = report.inspection_row(an_inspection(pixels))
    for name in report.LATER:
        row.pop(name)
    row["regions"] = [{k: v for k, v in one.items() if k not in (*MEASURES, "group")} for one in row["regions"]]
    back = report.inspection_of_row(row, np.zeros((4, 4), np.float32))
    assert (back.regions[0].measures, back.rule, back.image.spacing_mm) == (None, None, None)


def test_the_highest_place_travels_beside_the_contract(pixels: np.ndarray) -> None:
    place = Region(1, Box(0, 0, 20, 20), 0.02, ("top left",), 0.4, 0.35, "crack", 0.5, Severity.MINOR)
    made = replace(an_inspection(pixels, 0.2), highest=place)
    assert list(report.inspection_row(made)) == FIELDS
    row = json.loads(json.dumps(report.inspection_row(made) | report.highest_row(made)))
    assert report.inspection_of_row(row, made.anomaly_map.scores).highest == place
    assert report.highest_row(an_inspection(pixels)) == {"highest": None}
    with pytest.raises(DataSetError, match="peak_score"):
        report.inspection_of_row(row | {"highest": row["highest"] | {"peak_score": 2}}, made.anomaly_map.scores)


def test_rows_that_tell_no_inspection_are_refused(pixels: np.ndarray) -> None:
    small = np.zeros((4, 4), np.float32)
    with pytest.raises(DataSetError, match="inspected picture, got unreadable"):
        report.inspection_of_row(report.error_row("a.png", "unreadable"), small)
    with pytest.raises(DataSetError, match="image_score"):
        report.inspection_of_row(report.inspection_row(an_inspection(pixels)) | {"image_score": 2}, small)


def test_error_row_is_null_but_for_schema_source_and_error() -> None:
    row = report.error_row("a.png", ImageError("a picture", "0 bytes\nin a.png", "copy it again"))
    assert list(row) == FIELDS
    assert row["error"] == "expected a picture, got 0 bytes in a.png; copy it again"
    assert {k for k, v in row.items() if v is not None} == {"schema", "source", "error"}


def test_scores_outside_the_range_are_refused(pixels: np.ndarray) -> None:
    with pytest.raises(ValidationError, match="image_score"):
        report.inspection_row(an_inspection(pixels, score=1.2))
    with pytest.raises(ValueError, match="JSON compliant"):
        report.to_line({"image_score": float("nan")})


def test_schema_file_says_what_the_rows_are() -> None:
    assert json.loads(report.SCHEMA_FILE.read_text(encoding="utf-8")) == report.json_schema()
    assert list(report.json_schema()["properties"]) == FIELDS


def test_pictures_are_written_under_names_of_their_own(tmp_path: Path, pixels: np.ndarray) -> None:
    first = report.write_pictures(an_inspection(pixels, source="one/lid.png"), tmp_path)
    second = report.write_pictures(an_inspection(pixels, source="two/lid.png"), tmp_path)
    assert first != second
    assert first.map_path is not None
    assert first.overlay_path is not None
    scores = load_map(tmp_path / first.map_path)
    assert scores.shape == (60, 80)
    assert scores[15, 55] == pytest.approx(0.95, abs=1e-4)
    assert (tmp_path / first.overlay_path).is_file()


@pytest.mark.parametrize(
    "source", ["../../etc/x.png", "a b.png", "…png", "scan.nii.gz::axis=2,slice=4", "." * 9, "x" * 300]
)
def test_picture_names_stay_in_their_folder(source: str) -> None:
    name = report.picture_name(source)
    assert "/" not in name
    assert not name.startswith(".")
    assert len(name) < 80


def test_rows_are_appended(tmp_path: Path) -> None:
    path = tmp_path / "new" / "results.jsonl"
    for source in ("a.png", "é.png"):
        report.append_row(path, report.error_row(source, "no"))
    assert [json.loads(line)["source"] for line in path.read_text(encoding="utf-8").splitlines()] == ["a.png", "é.png"]
