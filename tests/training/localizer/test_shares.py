"""Sets are weighed against each other within an epoch."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.errors import ConfigError
from assistant.pipeline import Assistant
from training.localizer.data import SET_SPACING, read_rows
from training.localizer.features import Shape
from training.localizer.shares import weighed
from training.localizer.stage import LocalizeStage
from training.runs.recipe import read_recipe


def test_an_epoch_has_parts_by_weight_and_as_many_batches_each_time(built: Path) -> None:
    rows = [
        replace(r, index=r.index + n * SET_SPACING, split="train")
        for n in (0, 1)
        for r in read_rows(built / "set")[:24]
    ]
    assistant = Assistant.load("tiny")
    shapes = {r.index: Shape(8, 8, compared=r.index % 2 == 0) for r in rows}
    stage = LocalizeStage(assistant.detector.clip, assistant.detector.localizer, rows, shapes, 4)
    every = [sorted(i for batch, _ in stage.epoch(number, 0) for i in batch) for number in range(2)]
    assert every[0] == every[1] == sorted(shapes)
    stage.weights = (1.0, 3.0)
    epochs = [list(stage.epoch(number, 0)) for number in range(3)]
    assert {len(batches) for batches in epochs} == {8}
    drawn = [[i for batch, _ in batches for i in batch] for batches in epochs]
    assert all(Counter(i // SET_SPACING for i in one) == {0: 8, 1: 24} and len(set(one)) == 32 for one in drawn)
    assert len({tuple(sorted(one)) for one in drawn}) == 3
    assert drawn[0] == [i for batch, _ in stage.epoch(0, 0) for i in batch]


def test_a_set_without_samples_of_a_kind_does_not_count() -> None:
    drawn = weighed(dict.fromkeys(range(SET_SPACING, SET_SPACING + 10), "a"), (5.0, 1.0), random.Random(0))
    assert len(drawn) == 10


@pytest.mark.parametrize("told", ["[1]", "[1, 0]"])
def test_weights_that_make_no_sense_are_refused(tmp_path: Path, told: str) -> None:
    (tmp_path / "r.yaml").write_text("{stage: localize, data: {sets: [a, b], features: f}, out: o}")
    with pytest.raises(ConfigError, match="weights must be above 0, one for each of the 2 sets"):
        read_recipe(tmp_path / "r.yaml", [f"data.weights={told}"])
