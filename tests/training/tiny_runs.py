"""Small data sets and recipes for runs of the preset tiny."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch
import yaml
from safetensors.torch import save_file
from torch import Tensor

from assistant.config import TowerConfig
from assistant.towers import clip
from data_builders.build import main as build_main
from tests.tiny_language import tiny_folder

BLOCK_WIDTH = 256
"""Four times the width of the random visual encoder of the preset tiny."""


@contextmanager
def texts_embedded_once() -> Iterator[None]:
    """Random towers are the same in every load, and so are their texts' embeddings, which runs make anew for each object."""
    random_towers, embedded = clip._random, dict[int, dict[str, Tensor]]()

    def towers(config: TowerConfig) -> clip.Clip:
        return replace(random_towers(config), embedded=embedded.setdefault(config.joint_width, {}))

    with patch.object(clip, "_random", towers):
        yield


def build_set(folder: Path, **more: Any) -> Path:
    """A data set of 28 small pictures in ``folder/set``."""
    config = folder / "build.yaml"
    config.write_text(
        yaml.safe_dump({"count": 28, "seed": 5, "size": 96, "references": [1, 2], "validation_share": 0.4, **more})
    )
    assert build_main(["--config", str(config), "--out", str(folder / "set"), "--workers", "1"]) == 0
    return folder


def localize_recipe(built: Path, out: str, start: str | None = None, preset: str = "tiny", **loop: object) -> Path:
    """A recipe ``built/out.yaml`` of two epochs."""
    path = built / f"{out}.yaml"
    data = {
        "sets": [str(built / "set")], "features": str(built / "features"), "sides": [112], "shots": [0, 1, 2],
    }  # fmt: skip
    body = {
        "stage": "localize", "preset": preset, "start": start, "data": data, "batch_size": 4,
        "loop": {"epochs": 2, "checkpoint_every": 2, "tracker": "none", **loop}, "out": str(built / out),
    }  # fmt: skip
    path.write_text(yaml.safe_dump(body))
    return path


def language_set(made: Path) -> Path:
    """A language set of 40 made-up pictures, one or two short conversations each."""
    made.mkdir()
    evidence, conversations = [], []
    generator = torch.Generator().manual_seed(0)
    for i in range(40):
        anomalous = i % 2 == 1
        maps = torch.zeros(48, 48)
        maps[:16, :16] = float(anomalous)
        blocks = torch.randn(64, BLOCK_WIDTH, generator=generator)
        save_file({"map": maps.half(), "image_tokens": blocks.half()}, made / f"{i:07d}.safetensors")
        evidence.append({"index": i, "evidence": "Verdict.", "score": 0.9 if anomalous else 0.1})
        talk = [{"role": "user", "content": "ok?"}, {"role": "assistant", "content": "no" if anomalous else "yes"}]
        talks = [talk, [*talk, *talk]][: 1 + i % 3]
        conversations.append({"index": i, "source": "x", "conversations": talks, "intents": [], "kind": "chat"})
    for name, rows in (("evidence", evidence), ("conversations", conversations)):
        (made / f"{name}.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    return made


def language_folder(out: Path) -> Path:
    """A preset with a tiny language model, a language set, and replay."""
    tiny_folder(out / "llama")
    preset = yaml.safe_load(Path("assistant/presets/tiny/preset.yaml").read_text())
    language = {"kind": "local", "name": str(out / "llama")}
    (out / "preset.yaml").write_text(yaml.safe_dump(preset | {"language": language}))
    language_set(out / "set")
    rows = [{"prompt": f"say {i}", "answer": f"{i}", "ended": i % 2 == 0} for i in range(20)]
    (out / "replay.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    return out


def language_recipe(folder: Path, stage: str, **more: Any) -> Path:
    """A recipe ``folder/stage.yaml`` of one epoch."""
    path = folder / f"{stage}.yaml"
    data = {"sets": [str(folder / "set")], "replay": str(folder / "replay.jsonl")}
    loop = {"epochs": 1, "tracker": "none", **more.pop("loop", {})}
    body = {
        "stage": stage, "preset": str(folder / "preset.yaml"), "data": data, "batch_size": 4, "lora": {"rank": 4},
        "loop": loop, "out": str(folder / stage), **more,
    }  # fmt: skip
    path.write_text(yaml.safe_dump(body))
    return path
