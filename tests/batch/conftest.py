"""Pictures and runs of the batch tests; one tiny assistant for all."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from assistant.batch import BatchRun, run
from assistant.pipeline import Assistant

Row = dict[str, Any]


@pytest.fixture(scope="session")
def tiny() -> Assistant:
    return Assistant.load("tiny")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Nine noise pictures of three shapes, in two folders."""
    folder = tmp_path / "photos"
    rng = np.random.default_rng(3)
    for number in range(9):
        size = ((60, 80), (80, 60), (48, 150))[number % 3]
        draw(folder / ("deeper" if number > 5 else "") / f"{number}.png", rng.integers(0, 256, (*size, 3), np.uint8))
    return folder


@pytest.fixture
def inspected(tiny: Assistant, tmp_path: Path) -> Callable[..., BatchRun]:
    """A run of the tiny assistant in this process, iterated to its end; ``out`` is below the test's folder."""

    def inspect(*inputs: Path | str, out: str = "out", **options: Any) -> BatchRun:
        asked = run([str(path) for path in inputs], tmp_path / out, assistant=tiny, **options)
        for _ in asked:
            pass
        return asked

    return inspect


def draw(path: Path, values: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), values)
    return path


def rows_of(path: Path) -> dict[str, Row]:
    """Rows by source, without what a clock says; fails on a torn line or two rows for one source."""
    rows: dict[str, Row] = {}
    for line in path.read_bytes().split(b"\n")[:-1]:
        row = json.loads(line)
        assert row["source"] not in rows, f"two rows for {row['source']}"
        row.pop("timing_ms")
        rows[row["source"]] = row
    return rows
