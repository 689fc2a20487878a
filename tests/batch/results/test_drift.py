"""A change within a run is told once, in the order of names, whoever wrote the rows first; ordinary runs are not told of."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from assistant.batch.results import drift
from assistant.batch.results.drift import FALSE_ALARMS, change_point, find_drifts
from assistant.batch.results.file_records import FileRecord, files_path
from assistant.batch.results.summary import write_summary
from assistant.report import error_row, inspection_row, to_line
from tests.test_report import an_inspection

RUNS = 300


def names(count: int) -> list[str]:
    return [f"{number}.png" for number in range(count)]


def written(
    path: Path, scores: Sequence[float], light: Sequence[float], order: Sequence[int], mode: str = "few_shot"
) -> Path:
    """Rows in an order of their own; the sources tell that of the pictures."""
    whole = inspection_row(an_inspection(np.full((60, 80, 3), 120, np.uint8), 0.2))
    rows = [
        whole | {"source": f"line/{n}.png", "image_score": scores[n], "brightness": light[n], "mode": mode}
        for n in order
    ]
    path.write_text("".join(to_line(row) + "\n" for row in [error_row("bad.png", "no"), *rows]), encoding="utf-8")
    return path


@pytest.mark.parametrize("kind", ["normal", "skewed", "tied"])
def test_exchangeable_values_are_hardly_ever_told_of(kind: str) -> None:
    rng = np.random.default_rng(len(kind))
    draw = {
        "normal": lambda: rng.normal(size=120),
        "skewed": lambda: rng.exponential(size=120) ** 3,
        "tied": lambda: rng.integers(0, 3, 120),
    }[kind]
    alarms = sum(change_point([float(v) for v in draw()], names(120)) is not None for _ in range(RUNS))
    assert alarms <= FALSE_ALARMS * RUNS


@pytest.mark.parametrize("shift", [-3.0, 3.0])
def test_a_shift_is_found_near_where_it_is(shift: float) -> None:
    rng = np.random.default_rng(1)
    found = [
        change_point([*rng.normal(size=50).tolist(), *rng.normal(shift, 1, 50).tolist()], names(100)) for _ in range(40)
    ]
    told = [place for place in found if place is not None]
    assert len(told) >= 38
    assert abs(float(np.median(told)) - 50) <= 3


def test_the_order_in_which_rows_were_written_does_not_matter(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    scores = [*rng.uniform(0.1, 0.2, 60), *rng.uniform(0.3, 0.5, 60)]
    light = [*rng.uniform(0.5, 0.55, 60), *rng.uniform(0.3, 0.35, 60)]
    found = [
        find_drifts(written(tmp_path / f"results-{n}.jsonl", scores, light, order))
        for n, order in enumerate((range(120), rng.permutation(120)))
    ]
    assert found[0] == found[1]
    assert {one.what for one in found[0]} == {"brightness", "image_score"}
    assert all(55 <= one.place <= 65 and one.count == 120 for one in found[0])
    assert all(f"line/{one.place - 1}.png" == one.source for one in found[0])
    sentences = [one.sentence() for one in found[0]]
    assert any("brightness changed" in s and "check lamp and exposure" in s for s in sentences)
    assert any("scores changed" in s and "with the light" in s for s in sentences)


def test_a_moved_camera_changes_scores_alone(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    scores = [*rng.uniform(0.1, 0.2, 60), *rng.uniform(0.3, 0.5, 60)]
    (one,) = find_drifts(written(tmp_path / "results.jsonl", scores, [0.5] * 120, range(120)))
    assert one.what == "image_score"
    assert "brightness as before: camera moved, or other parts" in one.sentence()
    summary = write_summary(tmp_path / "results.jsonl", [one]).read_text()
    assert "## Changes within the run" in summary
    assert "False alarms: at most 1% of runs." in summary
    assert "scores changed from about picture" in summary


def test_runs_without_references_and_pictures_with_their_own_are_left_alone(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    scores = [*rng.uniform(0.1, 0.2, 60), *rng.uniform(0.3, 0.5, 60)]
    path = written(tmp_path / "results.jsonl", scores, [0.5] * 120, range(120), mode="zero_shot")
    assert find_drifts(path) == ()
    assert "Changes" not in write_summary(path).read_text()
    written(path, scores, [0.5] * 120, range(120))
    assert len(find_drifts(path)) == 1
    records = [FileRecord(f"line/{n}.png", f"/line/{n}.png", None, asked="a" if n < 60 else "b") for n in range(120)]
    files_path(path).write_bytes(b"".join(record.line() for record in records))
    assert find_drifts(path) == ()


def test_of_very_many_rows_a_share_is_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drift, "MOST", 100)
    rng = np.random.default_rng(5)
    scores = [*rng.uniform(0.1, 0.2, 150), *rng.uniform(0.6, 0.9, 150)]
    one, again = (
        find_drifts(written(tmp_path / f"{n}.jsonl", scores, [0.5] * 300, order))
        for n, order in enumerate((range(300), rng.permutation(300)))
    )
    assert one == again
    assert 50 <= one[0].count <= 100


def test_rows_of_before_are_read(tmp_path: Path) -> None:
    path = written(tmp_path / "results.jsonl", [0.1] * 30, [0.5] * 30, range(30))
    old = []
    for line in path.read_text().splitlines():
        row = json.loads(line)
        del row["brightness"], row["warnings"]
        old.append(json.dumps(row | {"schema": "anomaly-assistant/inspection@1"}))
    path.write_text("\n".join(old) + "\n")
    assert find_drifts(path) == ()
    assert "* pictures: 31" in write_summary(path).read_text()


def test_the_summary_counts_warnings_by_kind(tmp_path: Path) -> None:
    path = written(tmp_path / "results.jsonl", [0.1] * 3, [0.5] * 3, range(3))
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for number, row in enumerate(lines[1:]):
        row["warnings"] = [f"was taken in another light (lightness {number}): check the lamp"]
    path.write_text("".join(json.dumps(row) + "\n" for row in lines))
    assert "| was taken in another light | 3 |" in write_summary(path).read_text()
