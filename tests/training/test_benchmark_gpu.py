"""The benchmark of a GPU on the smallest sizes: a phase that fails or hangs costs itself alone, and results are kept."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import torch

from assistant.errors import ConfigError
from training import benchmark_gpu
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
