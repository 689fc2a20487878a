"""The benchmark of batch runs measures what it says, on a few tiny pictures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from training import benchmark_batch


def test_it_compares_a_run_with_the_bare_loop(
    pictures: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(benchmark_batch, "bare_loops", lambda *_: 0.0)  # processes are costly to start
    options = ["--count", "5", "--preset", "tiny", "--workers", "0", "--batch-sizes", "2", "--memory", "4"]
    assert benchmark_batch.main([str(pictures), *options]) == 0
    bare, run, share, memory = map(json.loads, capsys.readouterr().out.splitlines())
    assert (bare["what"], bare["batch_size"]) == ("bare loop", 2)
    assert run["failed"] == 0
    assert share["share"] == pytest.approx(run["rate"] / bare["one_process"], rel=0.05)
    assert memory["pictures"] == 4
    assert memory["peak_mib"] > 50
