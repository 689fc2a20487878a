"""The benchmark of a GPU on the smallest sizes: a phase that fails or hangs costs itself alone, and results are kept."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import torch

from assistant.errors import ConfigError
from training import benchmark_gpu
from training.measures import gpu_phases
from training.measures.gpu_phases import PHASES, TINY, random_preset, run_module, spoken
from training.measures.random_vlm import save_random_vlm


def test_results_are_appended_and_a_phase_costs_itself_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    scripts = {
        "localize": "import json,pathlib,sys; pathlib.Path('localize.json').write_text(json.dumps({'samples_s': 2.5}))",
        "inspect": "raise SystemExit('error: no picture')",
        "scores": "import time; time.sleep(60)",
    }
    for name, script in scripts.items():
        (tmp_path / f"{name}.py").write_text(script)
    monkeypatch.chdir(tmp_path)
    real = benchmark_gpu.subprocess.run

    def run(command: list[str], **more: object) -> object:
        name = command[command.index("--inside") + 1]
        return real([sys.executable, "-S", f"{name}.py"], **more)  # type: ignore[call-overload]

    monkeypatch.setattr(benchmark_gpu.subprocess, "run", run)
    monkeypatch.setitem(PHASES, "scores", (PHASES["scores"][0], 1))
    monkeypatch.setattr(benchmark_gpu, "git_state", lambda: None)
    phases = [word for name in scripts for word in ("--phase", name)]
    assert benchmark_gpu.main(["--out", str(tmp_path), "--tiny", *phases]) == 1
    rows = [json.loads(line) for line in (tmp_path / "results.jsonl").read_text().splitlines()]
    assert [(row["phase"], row["error"]) for row in rows] == [
        ("localize", None), ("inspect", "error: no picture"), ("scores", "stopped after 1 s"),
    ]  # fmt: skip
    assert rows[0]["numbers"] == {"samples_s": 2.5}
    shown = capsys.readouterr().out
    assert "samples_s 2.5" in shown
    assert "no picture" in shown


def test_a_random_model_is_heard_and_compared(tmp_path: Path) -> None:
    """The phase of the language model without its training, which runs of the stages are tested for elsewhere."""
    from assistant.config import load_preset
    from assistant.language.models.hub_parts import new_vlm_parts, save_vlm_parts
    from assistant.language.models.lora import add_lora
    from assistant.vision.checkpoint import Card

    save_random_vlm(tmp_path / "vlm", TINY.layers, TINY.width)
    preset = random_preset(TINY, tmp_path)
    text = preset.read_text() + f"language: {{kind: hub, name: {tmp_path / 'vlm'}}}\n"
    preset.write_text(text)
    parts = new_vlm_parts(load_preset(str(preset))[0].language, torch.float32)
    add_lora(parts.model, 4)
    save_vlm_parts(tmp_path / "parts", parts, Card("tiny", parts.towers, "", {}, [], {}))
    numbers = spoken(preset, tmp_path / "parts", 8)
    assert numbers["tokens_s"] > 0
    assert numbers["ratio_to_bare"] == pytest.approx(numbers["tokens_s"] / numbers["bare_tokens_s"])


def test_a_command_that_fails_is_told_by_its_last_line() -> None:
    with pytest.raises(ConfigError, match=r"expected no_such_module to end well, got .*No module named no_such_module"):
        run_module("no_such_module")


def test_the_tests_that_are_run_are_those_of_the_marker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def run(*words: str, folder: Path) -> float:
        asked.extend(words)
        (tmp_path / "suite.xml").write_text('<testsuites><testsuite tests="6" skipped="1" failures="0"/></testsuites>')
        assert all((folder / word).is_file() for word in words if word.endswith(".py"))
        return 2.0

    monkeypatch.setattr(gpu_phases, "run_module", run)
    assert gpu_phases.suite(TINY, tmp_path) == {"tests": 6, "skipped": 1, "tests_s": 2.0}
    named = [word for word in asked if word.endswith(".py")]
    assert "tests/test_device.py" in named
    assert asked[asked.index("-m") + 1] == "device"


def test_weights_apart_from_those_without_shards_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        gpu_phases, "sharded_against_plain", lambda *_: {"largest_difference": 0.1, "moved": 0.2, "ratio": 1.0}
    )
    with pytest.raises(ConfigError, match=r"the weights of training without shards, got some 0\.1 apart"):
        gpu_phases.shards(TINY, tmp_path)
