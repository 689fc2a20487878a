"""The benchmark of batch runs measures what it says, on a few tiny pictures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assistant.errors import ConfigError
from tests.tiny_language import talking_preset
from training import benchmark_batch


@pytest.fixture(autouse=True)
def _one_core(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads of a bare loop that wait for each other on a busy core cost a minute."""
    monkeypatch.setattr(benchmark_batch, "cores", lambda: 1)


def test_it_compares_a_run_with_the_bare_loop(
    pictures: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(benchmark_batch, "in_processes", lambda *_: 0.0)  # processes are costly to start
    options = ["--count", "5", "--preset", "tiny", "--workers", "0", "--batch-sizes", "2", "--memory", "4"]
    assert benchmark_batch.main([str(pictures), *options]) == 0
    bare, run, share, memory = map(json.loads, capsys.readouterr().out.splitlines())
    assert (bare["what"], bare["batch_size"]) == ("bare loop", 2)
    assert run["failed"] == 0
    assert share["share"] == pytest.approx(run["rate"] / bare["one_process"], rel=0.05)
    assert memory["pictures"] == 4
    assert memory["peak_mib"] > 50


def test_words_of_a_language_model_add_to_the_bare_loop(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(benchmark_batch, "in_processes", lambda *_: 0.0)
    preset = str(talking_preset(tmp_path / "talking"))
    options = ["--count", "4", "--preset", preset, "--workers", "0", "--batch-sizes", "1", "4", "--caption", "model"]
    assert benchmark_batch.main([str(pictures), *options]) == 0
    *bare, run, share = map(json.loads, capsys.readouterr().out.splitlines())
    best = {name: max(b["one_process"] for b in bare if b["what"] == name) for name in ("bare loop", "bare writing")}
    assert [b["batch_size"] for b in bare] == [1, 4, 1, 4]
    assert run["failed"] == 0
    assert share["share"] == pytest.approx(run["rate"] * sum(1 / rate for rate in best.values()), rel=0.05)


def test_a_preset_without_a_language_model_has_no_words_to_time(pictures: Path) -> None:
    with pytest.raises(ConfigError, match="a preset with a language model"):
        benchmark_batch.bare_writing([str(next(pictures.iterdir()))], "tiny", 1, 1)


def test_a_rate_needs_rows_after_the_warm_ones() -> None:
    bursts = [second + place / 1000 for second in range(10) for place in range(8)]
    assert benchmark_batch.warm_rate(bursts, 500) == pytest.approx(8, rel=0.05)
    with pytest.raises(ConfigError, match="four pictures"):
        benchmark_batch.warm_rate([1.0], 1)
