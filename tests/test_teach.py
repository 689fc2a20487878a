"""Every command of docs/teach.md, in order, on generated pictures and the preset tiny: from a folder of normals to answers."""

from __future__ import annotations

import json
import re
import shlex
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

from assistant.cli.app import app
from assistant.cli.registered import GROUP, ModuleCommand
from assistant.config import load_preset
from assistant.pipeline import Assistant
from assistant.vision.calibration import Calibration
from assistant.vision.checkpoint import Card, save_checkpoint
from tests.tiny_language import tiny_folder
from tests.training.tiny_runs import texts_embedded_once

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / "docs" / "teach.md").read_text(encoding="utf-8")
MODULES = {
    point.name: found.module for point in entry_points(group=GROUP) if isinstance(found := point.load(), ModuleCommand)
}
"""Commands of the packages beside the library, to the modules whose ``main`` they are."""
SHORT = {
    "data_builders.build": ["--count", "20", "--workers", "1"],
    "data_builders.dialogues": ["--per-picture", "1"],
    "training.replay": ["--limit", "3", "--longest", "4"],
    "localize": ["data.sides=[112]", "data.shots=[1]", "loop.epochs=1", "loop.tracker=none"],
    "instruct": ["batch_size=2", "lora.rank=2", "loop.max_steps=2", "loop.tracker=none", "data.validation=2",
                 "loop.mixed_precision='no'"],
}  # fmt: skip
"""What makes a command short; the guide's own words stay."""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Six pictures of a part, a test set of it, and a preset with trained parts, as the working directory."""
    rng = np.random.default_rng(2)
    for number in range(6):
        picture = np.clip(rng.normal(140, 14, (150, 170, 1)), 0, 255).repeat(3, 2).astype(np.uint8)
        cv2.circle(picture, (85, 75), 60, (190, 180, 170), -1)
        for name in (f"my_part/{number}.png", f"my_set/train/good/{number}.png"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(tmp_path / name), picture)
    for kind in ("good", "hole"):
        (tmp_path / "my_set/test" / kind).mkdir(parents=True)
        if kind == "hole":
            cv2.circle(picture, (60, 60), 12, (0, 0, 0), -1)
        cv2.imwrite(str(tmp_path / f"my_set/test/{kind}/1.png"), picture)
    for name in ("data_builders", "training"):
        (tmp_path / name).symlink_to(ROOT / name)
    base = tmp_path / "trained"
    tiny = Assistant.load("tiny")
    card = Card("tiny", tiny.detector.clip.hashes, "", {}, [], {})
    save_checkpoint(base, tiny.detector.localizer, Calibration.identity(), card)
    described = yaml.safe_load((ROOT / "assistant/presets/tiny/preset.yaml").read_text())
    language = {"kind": "local", "name": str(tiny_folder(tmp_path / "llama"))}
    (base / "preset.yaml").write_text(yaml.safe_dump(described | {"checkpoint": ".", "language": language}))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def commands() -> list[list[str]]:
    blocks = re.findall(r"^```console\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    assert all(line.startswith("$ ") for line in lines)
    return [shlex.split(line.removeprefix("$ ")) for line in lines]


def shortened(module: str, arguments: list[str]) -> list[str]:
    told = ["trained" if word == "mini" else word for word in arguments]
    if module in ("training.train", "training.check"):
        recipe = yaml.safe_load(Path(told[told.index("--config") + 1]).read_text())
        changes = list(SHORT[recipe["stage"]])
        if not any(word.startswith("preset=") for word in told):
            changes.append("preset=trained")
        return [*told, *(word for change in changes for word in ("--set", change))]
    if module == "training.replay":
        told = [*told[: told.index("--limit")], *told[told.index("--limit") + 2 :], "--preset", "trained"]
    return [*told, *SHORT.get(module, [])]


@texts_embedded_once()
def test_the_guide_from_pictures_to_answers(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in commands():
        if words[0] == "anomaly-assistant" and words[1] not in MODULES:
            done = CliRunner().invoke(app, words[1:])
            assert done.exit_code == 0, (words, done.output)
            continue
        at = 1 if words[0] == "anomaly-assistant" else words.index("-m") + 1
        module = MODULES.get(words[at], words[at])
        code = import_module(module).main(shortened(module, words[at + 1 :]))
        assert code == 0, (words, capsys.readouterr().err)
    assert (place / "sheet.png").is_file()
    row = json.loads((place / "results" / "results.jsonl").read_text())
    assert row["preset"] == "my_part"
    text = (place / "runs/my_part/preset/README.md").read_text()
    assert "Tuning" in text
    assert load_preset("presets/my_part")[0].language.parts == "language"
    assert (place / "presets/my_part/localizer/localizer.safetensors").read_bytes() == (
        place / "runs/my_part/checkpoint/localizer.safetensors"
    ).read_bytes()
