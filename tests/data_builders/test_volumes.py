"""Head phantoms: the same seed the same scan, the lesion where the mask says, and a measure that reads what was built."""

from __future__ import annotations

import json
from pathlib import Path

import nibabel
import numpy as np
import pytest

from assistant.types import Levels
from assistant.volumes.volume import Volume
from data_builders.volumes import LIST, draw_phantom, main
from training import benchmark_volumes

SHAPE = (40, 40, 14)


def test_a_lesion_lies_where_the_mask_says() -> None:
    with_lesion, again = (draw_phantom(5, SHAPE, lesion=True) for _ in range(2))
    assert (with_lesion.values == again.values).all()
    assert with_lesion.lesion is not None
    assert with_lesion.mask.any((0, 1)).sum() >= 2, "over several slices"
    centre = np.argwhere(with_lesion.mask).mean(0)
    assert np.abs(centre - with_lesion.lesion.centre).max() < 1.0
    middle = tuple(round(one) for one in with_lesion.lesion.centre)
    assert with_lesion.mask[middle]
    assert draw_phantom(5, SHAPE, lesion=False).mask.sum() == 0


def test_a_set_is_built_and_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "heads"
    size = ["--side", "40", "--slices", "14"]
    assert main(["--out", str(out), "--count", "4", "--references", "2", *size]) == 0
    told = [json.loads(line) for line in (out / LIST).read_text().splitlines()]
    assert [one["lesion"] is not None for one in told] == [False, True, False, True, False, False]
    for one in told:
        scan = nibabel.load(out / one["source"])
        assert scan.shape == SHAPE
        mask = out / "masks" / Path(one["source"]).name
        assert mask.is_file() is (one["lesion"] is not None)
    assert main(["--out", str(out), *size]) == 2
    lines = tmp_path / "lines.jsonl"
    capsys.readouterr()
    asked = [str(out), "--preset", "tiny", "--references", "2", "--out", str(lines)]
    assert benchmark_volumes.main(asked) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["scans"] == 4
    assert 0 <= found["scan_auroc"] <= 1
    assert 0 <= found["found_at_one_false_place_a_scan"] <= 1
    assert len(lines.read_text().splitlines()) == 4
    assert benchmark_volumes.main([str(tmp_path), "--preset", "tiny"]) == 2


def test_places_are_peaks_apart_and_count_once() -> None:
    values = np.zeros((40, 40, 14), np.int16)
    volume = Volume(
        values, np.diag([2.0, 2.0, 5.0, 1.0]), ((0, 1), (1, 1), (2, 1)), Levels(0.0, 1.0), "scan.nii", "NIfTI"
    )
    scores = np.full(values.shape, 0.01, np.float32)
    scores[9:12, 19:22, 6:9] = 0.9
    scores[30, 30, 3] = 0.8
    (high, first), (low, second), *_ = benchmark_volumes.strongest_places(scores, volume)
    assert (round(high, 1), round(low, 1)) == (2.2, 1.4)
    assert np.allclose(first, [20, 40, 35], atol=0.1)
    assert np.allclose(second, [60, 60, 15], atol=0.1)

    def scan(lesion: bool, *places: tuple[float, float | None]) -> benchmark_volumes.ScanResult:
        return benchmark_volumes.ScanResult("a", lesion, False, 0.5, 0, 0, None, False, 0, places, (1, 1))

    some = [scan(True, (3, 4.0), (2, 30.0), (1, 3.0)), scan(True, (2.5, 40.0), (0, 2.0)), scan(False, (2.2, None))]
    assert benchmark_volumes.found_at(some, 0.0) == 0.5
    assert benchmark_volumes.found_at(some, 1.0) == 0.5, "a second place on one lesion is a false one"
    assert benchmark_volumes.found_at(some, 4 / 3) == 1.0
