"""The benchmark of small marks: what it builds is known, what it counts is right, the command runs."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from assistant.cli.app import app
from assistant.evaluation.detail.benchmark import in_place
from assistant.evaluation.detail.marks import KINDS, MARGIN, Mark, marked
from assistant.evaluation.detail.surfaces import OWN, mirrored
from assistant.types import Box


@pytest.mark.parametrize("name", sorted(OWN))
def test_surfaces_have_any_size_and_follow_their_draws(name: str) -> None:
    for size in ((30, 501), (200, 120)):
        one, same, other = (OWN[name](size, np.random.default_rng(seed)) for seed in (0, 0, 1))
        assert one.shape == (*size, 3)
        assert np.array_equal(one, same)
        assert not np.array_equal(one, other)


def test_a_photograph_is_laid_out_without_seams(tmp_path: Path) -> None:
    ramp = np.tile(np.linspace(0, 255, 64).astype(np.uint8), (64, 1))
    cv2.imwrite(str(tmp_path / "ramp.png"), ramp)
    laid = mirrored(tmp_path / "ramp.png")((300, 500), np.random.default_rng(0)).astype(int)
    assert laid.shape == (300, 500, 3)
    assert np.abs(np.diff(laid[..., 0], axis=1)).max() < 25


def test_marks_change_the_picture_in_their_boxes_alone() -> None:
    plain = OWN["granite"]((1200, 1200), np.random.default_rng(0))
    changed, marks = marked(plain, 10, (14, 60), np.random.default_rng(1))
    assert {mark.kind for mark in marks} == set(KINDS)
    different = (plain != changed).any(2)
    for mark in marks:
        box = mark.box
        inside = different[box.y_min : box.y_max, box.x_min : box.x_max]
        assert inside.any()
        assert mark.area <= box.area
        assert max(box.x_max - box.x_min, box.y_max - box.y_min) <= 1.35 * mark.size + 6
        different[box.y_min - MARGIN : box.y_max + MARGIN, box.x_min - MARGIN : box.x_max + MARGIN] = False
    assert not different.any()


def test_in_place_means_near_and_not_much_larger() -> None:
    mark = Mark("pit", Box(100, 100, 120, 120), 300, 20)
    assert in_place(Box(90, 90, 130, 130), mark)
    assert in_place(Box(140, 100, 160, 120), mark)
    assert not in_place(Box(150, 100, 160, 120), mark)
    assert not in_place(Box(0, 0, 120, 120), mark)


def test_the_command_prints_a_row_a_surface_and_detail() -> None:
    words = "benchmark detail --preset tiny --size 420x400 --pictures 2 --references 1 --detail auto --json"
    result = CliRunner().invoke(app, words.split())
    assert result.exit_code == 0, result.output
    rows = [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]
    assert [row["surface"] for row in rows] == [*OWN, "all"]
    assert rows[-1]["marks"] == sum(row["marks"] for row in rows[:-1]) > 0
    assert rows[-1]["peak_gb"] > 0


def test_a_size_that_is_none_is_refused() -> None:
    result = CliRunner().invoke(app, ["benchmark", "detail", "--preset", "tiny", "--size", "big"])
    assert "4000x3000" in str(result.exception)
