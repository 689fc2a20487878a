"""Towers by open_clip's names and folders, on tiny random weights: they run as they were trained, or not at all."""

from __future__ import annotations

import copy
import json
import logging
import threading
import warnings
from pathlib import Path
from typing import Any

import open_clip
import open_clip.factory
import pytest
import torch
from open_clip.transformer import QuickGELU
from safetensors.torch import save_file

from assistant.config import TowerConfig, load_preset
from assistant.errors import WeightsError
from assistant.towers.clip import load_clip
from assistant.towers.loader_warnings import refused_warnings

SMALL = {
    "embed_dim": 32,
    "vision_cfg": {"image_size": 56, "layers": 3, "width": 32, "head_width": 16, "patch_size": 14},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1},
}
FLOAT32, CPU = torch.float32, torch.device("cpu")


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """Weights of a small CLIP model, as a file."""
    path = tmp_path / "open_clip_model.safetensors"
    save_file(open_clip.CLIP(**copy.deepcopy(SMALL)).state_dict(), path)
    return path


@pytest.fixture
def fetched(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """open_clip as it is, but its ViT-L/14-336 is small and lies on this disk."""
    known = open_clip.factory._MODEL_CONFIGS
    for name in ("ViT-L-14-336", "ViT-L-14-336-quickgelu"):
        monkeypatch.setitem(known, name, {**known[name], **copy.deepcopy(SMALL)})
    monkeypatch.setattr(open_clip.factory, "download_pretrained", lambda *given, **more: str(weights))


def folder(weights: Path, quick: bool) -> TowerConfig:
    """The tower of an open_clip folder around the weights."""
    config = {"model_cfg": {**SMALL, "quick_gelu": quick}, "preprocess_cfg": {"mean": [0.5] * 3, "std": [0.5] * 3}}
    (weights.parent / "open_clip_config.json").write_text(json.dumps(config))
    return TowerConfig(
        kind="hub", name=f"local-dir:{weights.parent}", levels=(1, 2, 3), side=112, joint_width=32, dtype="float32"
    )


def activations(model: torch.nn.Module) -> set[type]:
    return {type(module) for name, module in model.named_modules() if name.endswith(".gelu")}


@pytest.mark.parametrize("name", ["clip-large"])
@pytest.mark.usefixtures("fetched")
def test_presets_with_openais_weights_run_quick_gelu(name: str) -> None:
    tower = load_preset(name)[0].tower
    assert tower.pretrained == "openai"
    clip = load_clip(tower.model_copy(update={"levels": (1, 2, 3), "joint_width": 32}), FLOAT32, CPU)
    assert activations(clip.model.visual) == {QuickGELU}
    assert activations(clip.model.transformer) == {QuickGELU}
    trained = open_clip.CLIP(**copy.deepcopy(SMALL), quick_gelu=True).eval()
    trained.load_state_dict(clip.model.state_dict())
    pixels = torch.randn(1, 3, 56, 56)
    with torch.inference_mode():
        torch.testing.assert_close(clip.model.encode_image(pixels), trained.encode_image(pixels))


@pytest.mark.usefixtures("fetched")
def test_openais_weights_under_a_name_with_another_activation_are_refused() -> None:
    tower = TowerConfig(kind="hub", name="ViT-L-14-336", pretrained="openai", levels=(1,), side=56, joint_width=32)
    with pytest.raises(WeightsError, match="ViT-L-14-336 openai without a warning, got QuickGELU mismatch") as told:
        load_clip(tower, FLOAT32, CPU)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("quick", [True, False])
def test_a_folder_says_its_own_activation(weights: Path, quick: bool) -> None:
    clip = load_clip(folder(weights, quick), FLOAT32, CPU)
    assert activations(clip.model.visual) == {QuickGELU if quick else torch.nn.GELU}


def test_what_the_loader_logs_as_a_warning_is_refused_and_nothing_stays_behind(weights: Path) -> None:
    tower = folder(weights, True).model_copy(update={"pretrained": "openai"})
    root = logging.getLogger()
    before = list(root.handlers), root.level, warnings.showwarning, list(warnings.filters)
    root.setLevel(logging.ERROR)  # a program that wants to hear errors only is told all the same
    try:
        with pytest.raises(WeightsError, match="Ignoring `pretrained='openai'`"):
            load_clip(tower, FLOAT32, CPU)
        assert root.level == logging.ERROR
    finally:
        root.setLevel(before[1])
    assert (list(root.handlers), root.level, warnings.showwarning, list(warnings.filters)) == before


def test_a_missing_folder_is_one_line(tmp_path: Path) -> None:
    tower = TowerConfig(kind="hub", name=f"local-dir:{tmp_path / 'none'}", levels=(1,), side=56, joint_width=32)
    with pytest.raises(WeightsError, match=r"got Directory .* not found: .*; connect"):
        load_clip(tower, FLOAT32, CPU)


def _log(name: str) -> Any:
    return lambda: logging.getLogger(name).warning("slow\nconnection")


@pytest.mark.parametrize(
    ("say", "refused"),
    [
        (lambda: warnings.warn("odd weights", UserWarning, stacklevel=1), True),
        (lambda: warnings.warn("odd weights", RuntimeWarning, stacklevel=1), True),
        (_log("open_clip"), True),
        (_log("root"), True),
        (_log("huggingface_hub.file_download"), False),
        (lambda: warnings.warn_explicit("no links", UserWarning, "/lib/huggingface_hub/cache.py", 1), False),
        (lambda: warnings.warn("old name", FutureWarning, stacklevel=1), False),
    ],
)
def test_every_warning_is_refused_but_those_of_fetching_and_of_age(say: Any, refused: bool) -> None:
    if not refused:
        with warnings.catch_warnings(record=True), refused_warnings("a tower"):
            say()
        return
    with (
        pytest.raises(WeightsError, match=r"^expected a tower without a warning, got (odd weights|slow); "),
        refused_warnings("a tower"),
    ):
        say()


def test_warnings_of_another_thread_are_not_the_loaders() -> None:
    with warnings.catch_warnings(record=True) as heard, refused_warnings("a tower"):
        other = threading.Thread(target=lambda: warnings.warn("mine", UserWarning, stacklevel=1))
        other.start()
        other.join()
        logging_thread = threading.Thread(target=_log("root"))
        logging_thread.start()
        logging_thread.join()
    assert [str(one.message) for one in heard] == ["mine"]
