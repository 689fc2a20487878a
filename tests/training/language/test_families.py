"""Five families of image-text-to-text models, tiny and random, from folders as a hub would have them.

Trained, resumed, saved, loaded, quantised, asked; and what is said of a folder with something wrong in it.
"""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
import yaml
from accelerate import Accelerator
from safetensors.torch import load_file, save_file

from assistant.config import LanguageConfig, load_preset
from assistant.errors import AssistantError, WeightsError
from assistant.language.models import hub_parts as vlm_parts
from assistant.language.models.hub import TransformersVLM
from assistant.language.models.hub_parts import VlmParts, load_vlm, new_vlm_parts
from assistant.language.models.lora import add_lora, lora_parameters
from assistant.language.tokens.generation import DecodingOptions
from assistant.types import AnomalyMap, Inspection, QueryImage
from tests.inspections import inspection, region
from tests.tiny_families import FAMILIES, save_family
from tests.tiny_language import tiny_folder
from tests.training.tiny_runs import language_recipe, language_set
from training.check import main as check_main
from training.export import main as export_main
from training.language.data import Corpus, SamplePlan, read_language_set, read_replay
from training.language.hub_stage import VlmStage
from training.runs.losses import total
from training.runs.recipe import LanguageData
from training.train import main


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A language set whose pictures are there, in three shapes, and replay."""
    out = tmp_path_factory.mktemp("spoken")
    made, rng = language_set(out / "set"), np.random.default_rng(0)
    rows = [json.loads(line) for line in (made / "evidence.jsonl").read_text().splitlines()]
    for row in rows:
        shape = ((40, 60, 3), (60, 40, 3), (50, 50, 3))[row["index"] % 3]
        row["source"] = str(out / f"{row['index']}.png")
        cv2.imwrite(row["source"], rng.integers(0, 255, shape, dtype=np.uint8))
    (made / "evidence.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    replay = [{"prompt": f"say {i}", "answer": f"{i}"} for i in range(20)]
    (out / "replay.jsonl").write_text("".join(json.dumps(r) + "\n" for r in replay))
    return out


@pytest.fixture(scope="module", params=FAMILIES)
def family(request: pytest.FixtureRequest, spoken: Path) -> Path:
    """A folder with ``model``, ``preset.yaml`` and the language set."""
    out = spoken / request.param
    save_family(request.param, out / "model")
    preset = yaml.safe_load(Path("assistant/presets/tiny/preset.yaml").read_text())
    language = {"kind": "hub", "name": str(out / "model")}
    (out / "preset.yaml").write_text(yaml.safe_dump(preset | {"language": language}))
    for name in ("set", "replay.jsonl"):
        (out / name).symlink_to(spoken / name)
    return out


def config_of(family: Path, **changes: Any) -> LanguageConfig:
    return load_preset(family)[0].language.model_copy(update=changes)


def stage_of(parts: VlmParts, family: Path) -> VlmStage:
    told = LanguageData(sets=(family / "set",), validation=4)
    samples = read_language_set(family / "set")
    return VlmStage(parts, Corpus(samples, read_replay(family / "replay.jsonl")), told, 4)


def planned_of(stage: VlmStage) -> list[SamplePlan]:
    """Three pictures of three shapes, one of them without its map, and a replayed conversation."""
    first = {s.tensors: s for s in reversed(stage.samples)}
    chosen = sorted(first.values(), key=lambda s: str(s.tensors))[:3]
    shown = [SamplePlan((s,), i != 1, i != 2) for i, s in enumerate(chosen)]
    return [*shown, SamplePlan((stage.replay[0],), False, False)]


def step(stage: VlmStage) -> dict[str, torch.Tensor]:
    """Which parameters of the model a step moved, with their values before."""
    before = {n: p.detach().clone() for n, p in stage.parts.model.named_parameters()}
    optimizer = torch.optim.AdamW([p for p in stage.module.parameters() if p.requires_grad], 1e-2)
    for _ in range(2):
        total(stage.losses(stage.load(planned_of(stage)), random.Random(0)), {}).backward()
        optimizer.step()
        optimizer.zero_grad()
    return {n: before[n] for n, p in stage.parts.model.named_parameters() if not torch.equal(p, before[n])}


def asked(parts: VlmParts, evidence: Any = "both") -> str:
    vlm = TransformersVLM(parts, DecodingOptions(8))
    return vlm.answer(vlm.open(seen()), "Is anything wrong?", evidence=evidence)


def seen(height: int = 32, width: int = 48) -> Inspection:
    rng, plain = np.random.default_rng(1), inspection(0.9, (region(1),))
    image = QueryImage(rng.integers(0, 255, (height, width, 3), dtype=np.uint8), "picture")
    maps = AnomalyMap(rng.random((height, width), np.float32))
    return Inspection(**{**plain.__dict__, "image": image, "anomaly_map": maps})


def test_pictures_of_several_shapes_are_written_about_together(family: Path) -> None:
    parts = new_vlm_parts(config_of(family), torch.float32)
    vlm = TransformersVLM(parts, DecodingOptions(8))
    alone, together = ([vlm.open(seen(*size)) for size in ((32, 48), (70, 30), (48, 48))] for _ in range(2))
    for question in ("Is anything wrong?", "Where?"):
        assert vlm.answer_together(together, question) == [vlm.answer(session, question) for session in alone]


def test_a_step_moves_the_lora_of_the_language_model_alone(family: Path) -> None:
    parts = new_vlm_parts(config_of(family), torch.float32)
    found = add_lora(parts.model, rank=4)
    assert len(found) == 2 * 2 * 7
    assert not [n for n in found if "vision" in n or "visual" in n]
    stage = stage_of(parts, family)
    learner = {n: p.detach().clone() for n, p in parts.prompt_learner.named_parameters()}
    assert set(step(stage)) == set(found)
    assert all(not torch.equal(p, learner[n]) for n, p in parts.prompt_learner.named_parameters())


def test_pictures_of_a_batch_are_those_of_single_ones_and_checkpointing_changes_nothing(family: Path) -> None:
    parts = new_vlm_parts(config_of(family), torch.float32)
    for parameter in add_lora(parts.model, rank=4).values():
        torch.nn.init.normal_(parameter, std=0.1)
    stage = stage_of(parts, family)
    planned = planned_of(stage)
    nll, sample = stage.token_losses(stage.load(planned))
    alone = torch.cat([stage.token_losses(stage.load([p]))[0] for p in planned])
    torch.testing.assert_close(nll, alone, atol=1e-4, rtol=1e-4)
    assert sorted(set(sample.tolist())) == [0, 1, 2, 3]
    nll.sum().backward()
    plain = {n: p.grad.clone() for n, p in stage.module.named_parameters() if p.grad is not None}
    stage.module.zero_grad()
    parts.model.activation_checkpointing_enable({"use_reentrant": False})
    parts.model.train()
    stage.token_losses(stage.load(planned))[0].sum().backward()
    assert len(plain) == len(dict(stage.module.named_parameters()))
    for name, parameter in stage.module.named_parameters():
        torch.testing.assert_close(parameter.grad, plain[name], atol=1e-3, rtol=1e-3)


def test_a_stopped_run_goes_on_and_what_it_leaves_says_the_same(family: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loop = {"epochs": 2, "max_steps": 6, "checkpoint_every": 2}
    for name in ("straight", "stopped"):
        config = language_recipe(family, "instruct", out=str(family / name), loop=loop)
        arguments = ["--config", str(config), "--set", "data.validation=2", "--set", "data.limit=40"]
        if name == "stopped":
            real, calls = Accelerator.save_state, iter(range(99))

            def save_state(self: Accelerator, out: str, real: Any = real, calls: Iterator[int] = calls) -> None:
                if next(calls) == 2:
                    raise KeyboardInterrupt
                real(self, out)

            monkeypatch.setattr(Accelerator, "save_state", save_state)
            with pytest.raises(KeyboardInterrupt):
                main(arguments)
            monkeypatch.setattr(Accelerator, "save_state", real)
            arguments.append("--resume")
        assert main(arguments) == 0
    straight, stopped = (load_file(family / n / "last" / "model.safetensors") for n in ("straight", "stopped"))
    for key, tensor in straight.items():
        torch.testing.assert_close(stopped[key], tensor, atol=1e-6, rtol=0)
    preset, folder = load_preset(family / "straight" / "preset")
    assert preset.language.parts is not None
    loaded = TransformersVLM.load(preset.language, folder / preset.language.parts, DecodingOptions(8))
    kept = new_vlm_parts(config_of(family), torch.float32)
    add_lora(kept.model, rank=4)
    stage = stage_of(kept, family)
    best = load_file(family / "straight" / "best.safetensors")
    stage.module.load_state_dict({k: v.half().float() for k, v in best.items()})
    assert loaded.answer(loaded.open(seen()), "Is anything wrong?") == asked(kept)


def test_four_bits_train_save_and_load_on_a_cpu(family: Path, tmp_path: Path) -> None:
    config = config_of(family, quantization="nf4")
    from assistant.language.models.hub_parts import load_vlm_parts, save_vlm_parts
    from assistant.vision.checkpoint import Card

    parts = new_vlm_parts(config, torch.float32)
    small = [n for n, m in parts.model.named_modules() if type(m).__name__ == "Linear4bit"]
    assert len(small) == 14
    assert not [n for n in small if "vision" in n or "visual" in n]
    found = add_lora(parts.model, rank=4)
    assert set(step(stage_of(parts, family))) == set(found)
    save_vlm_parts(tmp_path, parts, Card("tiny", parts.towers, "", {}, [], {}))
    for parameter in (*lora_parameters(parts.model).values(), *parts.prompt_learner.parameters()):
        parameter.data = parameter.data.half().float()
    loaded = load_vlm_parts(tmp_path, config, torch.float32)
    stages = [stage_of(p, family) for p in (loaded, parts)]
    with torch.no_grad():
        again, kept = (stage.token_losses(stage.load(planned_of(stage)))[0] for stage in stages)
    torch.testing.assert_close(again, kept, atol=0.02, rtol=0.02)
    assert asked(loaded) == asked(loaded)


@pytest.mark.parametrize("family", ["qwen2_5_vl"], indirect=True)
def test_without_its_package_nothing_is_quantised(family: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vlm_parts, "find_spec", lambda name: None)
    for bits in ("nf4", "int8"):
        with pytest.raises(WeightsError, match=f"the package bitsandbytes for {bits}, got none; pip install"):
            new_vlm_parts(config_of(family, quantization=bits))


@pytest.mark.filterwarnings("ignore:MatMul8bitLt:UserWarning")
@pytest.mark.parametrize("family", ["qwen2_5_vl"], indirect=True)
def test_eight_bits_train_and_answer_on_a_cpu(family: Path) -> None:
    parts = new_vlm_parts(config_of(family, quantization="int8"), torch.float32)
    small = [n for n, m in parts.model.named_modules() if type(m).__name__ == "Linear8bitLt"]
    assert len(small) == 14
    assert not [n for n in small if "vision" in n or "visual" in n]
    found = add_lora(parts.model, rank=4)
    assert set(step(stage_of(parts, family))) == set(found)
    assert asked(parts) == asked(parts)


def test_the_map_reaches_what_is_written(family: Path) -> None:
    parts = new_vlm_parts(config_of(family), torch.float32)
    with torch.no_grad():
        parts.prompt_learner.scale.fill_(30.0)
    assert asked(parts, "embeddings") == asked(parts, "embeddings")
    assert asked(parts, "embeddings") != asked(parts, "off")


@pytest.mark.parametrize("family", ["qwen2_5_vl"], indirect=True)
def test_a_recipe_is_checked_and_a_lora_merged(family: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = language_recipe(family, "instruct", out=str(family / "merged_run"), loop={"max_steps": 2})
    assert check_main(["--config", str(config), "--set", "data.validation=2"]) == 0
    assert "stage instruct: 2 steps" in capsys.readouterr().out
    assert main(["--config", str(config), "--set", "data.validation=2"]) == 0
    assert export_main(["merge", str(family / "merged_run"), "--out", str(family / "merged")]) == 0
    model, _ = load_vlm(LanguageConfig(kind="hub", name=str(family / "merged")))
    assert not lora_parameters(model)
    other = yaml.safe_load((family / "preset.yaml").read_text())
    save_family("qwen2_5_vl", family / "other")
    tensors = load_file(family / "other" / "model.safetensors")
    save_file({k: v + 0.1 for k, v in tensors.items()}, family / "other" / "model.safetensors", {"format": "pt"})
    other["language"]["name"] = str(family / "other")
    (family / "other.yaml").write_text(yaml.safe_dump(other))
    again = ["merge", str(family / "merged_run"), "--preset", str(family / "other.yaml"), "--out", str(family / "no")]
    assert export_main(again) == 2
    assert "expected parts made for a base model with this weights" in capsys.readouterr().err


def without(name: str) -> Any:
    return lambda folder: (folder / name).unlink()


def lose_a_tensor(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    tensors.pop(next(n for n in tensors if n.endswith("layers.1.self_attn.q_proj.weight") and "vis" not in n))
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def cut_short(folder: Path) -> None:
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:5000])


def pickled(folder: Path) -> None:
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()


def words_alone(folder: Path) -> None:
    shutil.rmtree(folder)
    tiny_folder(folder)


def own_code(folder: Path) -> None:
    about = json.loads((folder / "config.json").read_text())
    about |= {"model_type": "mine", "auto_map": {"AutoConfig": "code.Mine", "AutoModelForImageTextToText": "code.Mine"}}
    (folder / "config.json").write_text(json.dumps(about))
    (folder / "code.py").write_text("raise SystemExit('this code ran')\n")


WRONG = {
    "no config": without("config.json"), "no weights": without("model.safetensors"),
    "no tokenizer": without("tokenizer.json"), "no processor": without("processor_config.json"),
    "no template": without("chat_template.jinja"), "a tensor less": lose_a_tensor, "cut short": cut_short,
    "pickled": pickled, "words alone": words_alone, "own code": own_code, "nothing": shutil.rmtree,
}  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG)
def test_a_folder_with_something_wrong_is_one_clear_error(wrong: str, tmp_path: Path) -> None:
    folder = save_family("qwen2_5_vl", tmp_path / "model")
    WRONG[wrong](folder)
    with pytest.raises(AssistantError) as told:
        new_vlm_parts(LanguageConfig(kind="hub", name=str(folder)), torch.float32)
    assert "\n" not in str(told.value)
    assert "expected" in str(told.value)
