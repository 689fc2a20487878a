"""The demo of sample pictures: every picture under both modes, files where they are said to be, clear errors."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from demo import samples


@pytest.fixture
def data_set(tmp_path: Path, pictures: Path) -> Path:
    """A data set of two samples; the second has no references."""
    rows = [
        {"image_file_name": "a.png", "reference_file_names": ["b.png", "deeper/c.png"], "object_name": "lid",
         "domain": "industrial", "defects": [{"type": "hole"}, {"type": "hole"}]},
        {"image_file_name": "b.png", "reference_file_names": [], "object_name": "scan",
         "domain": "medical", "defects": []},
    ]  # fmt: skip
    (pictures / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")
    return pictures


def test_each_picture_is_inspected_without_and_with_references(
    data_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    arguments = ["--pictures", str(data_set), "--out", str(out), "--preset", "tiny"]
    for _ in range(2):  # a second run replaces the rows of the first
        assert samples.main(arguments) == 0
    rows = [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]
    assert [row["mode"] for row in rows] == ["zero_shot", "few_shot", "zero_shot"]
    assert all((out / row[key]).is_file() for row in rows for key in ("map_path", "overlay_path"))
    assert len({row["overlay_path"] for row in rows}) == 3
    sheet = cv2.imread(str(out / "sheet.png"))
    assert sheet.shape == (2 * (samples.TILE + samples.BAR), 3 * (samples.TILE + 6), 3)
    assert np.all(sheet[samples.TILE + samples.BAR :, -samples.TILE :] == 255)
    shown = capsys.readouterr().out
    assert "sheet.png" in shown
    assert "hole" in shown


def test_folders_without_samples_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--pictures", str(tmp_path), "--out", str(tmp_path / "out")]
    assert samples.main(arguments) == 1
    assert "expected a data set with metadata.jsonl or shards" in capsys.readouterr().err
    (tmp_path / "metadata.jsonl").write_text('{"image_file_name": "a.png"}\n')
    assert samples.main(arguments) == 1
    assert "expected rows of a built data set" in capsys.readouterr().err
    (tmp_path / "metadata.jsonl").write_text("")
    assert samples.main(arguments) == 1
    assert "at least one sample picture" in capsys.readouterr().err
