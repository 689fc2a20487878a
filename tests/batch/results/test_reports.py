"""Summaries and other programs' formats say what the rows say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assistant.batch.results.exports import write_coco, write_parquet
from assistant.batch.results.summary import WORST, write_summary
from assistant.report import error_row, inspection_row, to_line
from tests.test_report import an_inspection


@pytest.fixture
def results(tmp_path: Path, pixels: np.ndarray) -> Path:
    """20 rows with scores 0.00, 0.05 …, half of them with a region, and two that failed."""
    path = tmp_path / "results.jsonl"
    rows: list[dict[str, Any]] = [
        inspection_row(an_inspection(pixels, n / 20, f"parts/{n} |x|.png"), caption="Words.") for n in range(20)
    ]
    rows += [error_row("a.png", "expected x, got y"), error_row("b\nc.png", "expected x, got z")]
    path.write_text("".join(to_line(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_the_summary_counts_and_shows_the_worst(results: Path) -> None:
    text = write_summary(results).read_text(encoding="utf-8")
    for line in (
        "* pictures: 22",
        "* anomalous: 10",
        "* normal: 10",
        "* failed: 2",
        "| scratch | 10 |",
        "| expected x | 2 |",
    ):
        assert line in text
    assert [line.split()[-1] for line in text.splitlines() if line.startswith("0.")].count("1") == 19
    assert "# 1 <- threshold" in text
    worst = [line for line in text.splitlines() if line.startswith("| 0.")]
    assert len(worst) == WORST
    assert worst[0] == "| 0.950 | 1 | parts/19 \\|x\\|.png |"
    assert "b c.png" in text


def test_coco_boxes_are_corner_and_size(results: Path) -> None:
    found = json.loads(write_coco(results).read_text(encoding="utf-8"))
    assert (len(found["images"]), len(found["annotations"])) == (20, 10)
    assert found["categories"] == [{"id": 1, "name": "scratch"}]
    one = found["annotations"][0]
    assert one["bbox"] == [50, 10, 15, 10]
    assert found["images"][one["image_id"] - 1]["file_name"] == "parts/10 |x|.png"
    assert [a["id"] for a in found["annotations"]] == list(range(1, 11))


def test_parquet_holds_the_rows(results: Path) -> None:
    from pyarrow import parquet

    rows = parquet.read_table(write_parquet(results)).to_pylist(maps_as_pydicts="strict")
    told = [json.loads(line) for line in results.read_text(encoding="utf-8").split("\n")[:-1]]
    assert [row | {"timing_ms": row["timing_ms"] or None} for row in rows] == told


def test_no_rows_give_an_empty_summary(tmp_path: Path) -> None:
    (tmp_path / "results.jsonl").write_bytes(b"")
    assert "* pictures: 0" in write_summary(tmp_path / "results.jsonl").read_text()
    assert json.loads(write_coco(tmp_path / "results.jsonl").read_text())["images"] == []
    assert write_parquet(tmp_path / "results.jsonl").is_file()
