"""The training benchmark: both ways train, the run counts its batches, and a recipe too small is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.training.tiny_runs import language_recipe, localize_recipe
from training.benchmark_train import main


@pytest.mark.parametrize("stage", ["localize", "align", "instruct"])
def test_a_run_is_compared_with_its_bare_loop(
    built: Path, folder: Path, stage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    config = localize_recipe(built, "timed") if stage == "localize" else language_recipe(folder, stage)
    arguments = ["--config", str(config), "--steps", "2", "--rounds", "1"]
    assert main(arguments) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told["stage"] == stage
    assert told["bare"] > 0
    assert told["run"] > 0
    assert told["ratio"] == pytest.approx(told["run"] / told["bare"], abs=1e-3)
    assert told["processor_ratio"] == pytest.approx(told["run_processor"] / told["bare_processor"], abs=1e-3)
    assert 0 < told["load_share"] < 1
    assert not (built / "timed").exists()
    assert main([*arguments[:2], "--steps", "900"]) == 1
    assert "expected 902 batches" in capsys.readouterr().err
