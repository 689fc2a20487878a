"""Language parts: a zero LoRA changes nothing, a trained one is saved and loaded alike, other towers are refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from assistant.config import LanguageConfig
from assistant.errors import ConfigError, WeightsError
from assistant.language.models.lora import add_lora, load_lora, lora_parameters
from assistant.language.models.mini_parts import LanguageParts, load_parts, new_parts, save_parts
from assistant.vision.checkpoint import Card
from tests.tiny_language import tiny_folder

TOWERS = {"vision": "0" * 64}


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> LanguageConfig:
    return LanguageConfig(kind="local", name=str(tiny_folder(tmp_path_factory.mktemp("language"))))


def logits(parts: LanguageParts) -> Any:
    generator = torch.Generator().manual_seed(3)
    blocks = torch.randn(1, 64, 12, generator=generator)
    maps, score = torch.rand(1, 1, 48, 48, generator=generator), torch.rand(1, generator=generator)
    ids = torch.tensor([parts.renderer.opening("Where?", parts.slots(), "Score 0.9")])
    with torch.no_grad(), parts.shown(parts.projector(blocks), parts.prompt_learner(maps, score)):
        return parts.model(ids).logits


def trained(config: LanguageConfig) -> LanguageParts:
    parts = new_parts(config, 12, TOWERS)
    for parameter in add_lora(parts.model, rank=4).values():
        torch.nn.init.normal_(parameter, std=0.2)
    for parameter in (*parts.projector.parameters(), *parts.prompt_learner.parameters()):
        torch.nn.init.normal_(parameter, std=0.2)
    return parts


def card(parts: LanguageParts) -> Card:
    return Card("tiny", parts.towers, "", {}, [], {})


def test_an_untrained_lora_changes_nothing(config: LanguageConfig) -> None:
    parts = new_parts(config, 12, TOWERS)
    before = logits(parts)
    found = add_lora(parts.model, rank=4)
    assert torch.equal(logits(parts), before)
    assert len(found) == 2 * 2 * 7
    torch.nn.init.normal_(next(p for n, p in found.items() if "lora_B" in n))
    assert not torch.equal(logits(parts), before)


@pytest.mark.parametrize("merge", [True, False])
def test_saved_and_loaded_says_the_same(config: LanguageConfig, tmp_path: Path, merge: bool) -> None:
    parts = trained(config)
    save_parts(tmp_path, parts, card(parts))
    loaded = load_parts(tmp_path, config, 12, TOWERS, torch.float32, merge)
    torch.testing.assert_close(logits(loaded), logits(parts), atol=0.03, rtol=0.03)
    assert not torch.allclose(logits(loaded), logits(new_parts(config, 12, TOWERS)), atol=0.1)
    assert bool(lora_parameters(loaded.model)) is not merge


def test_a_merged_lora_is_rounded_once(config: LanguageConfig, tmp_path: Path) -> None:
    """Merged into bfloat16 weights it is what merging in float32 and rounding then gives; the layers are plain ones again."""
    parts = trained(config)
    save_parts(tmp_path, parts, card(parts))
    exact, short = (new_parts(config, 12, TOWERS, dtype).model for dtype in (torch.float32, torch.bfloat16))
    rounded = {n: p.detach().bfloat16().float() for n, p in exact.named_parameters()}
    for name, parameter in exact.named_parameters():
        parameter.data.copy_(rounded[name])
    for model in (exact, short):
        load_lora(model, tmp_path)
    kept = dict(short.named_parameters())
    for name, parameter in exact.named_parameters():
        assert torch.equal(parameter.detach().bfloat16(), kept[name].detach()), name
    assert {type(m) for n, m in short.named_modules() if n.endswith("_proj")} == {torch.nn.Linear}
    assert not hasattr(short, "peft_config")


def test_the_lora_is_in_the_layout_of_peft(config: LanguageConfig, tmp_path: Path) -> None:
    from peft import LoraConfig

    parts = trained(config)
    save_parts(tmp_path, parts, card(parts))
    assert LoraConfig.from_pretrained(str(tmp_path)).r == 4


def test_other_towers_bases_and_files_are_refused(config: LanguageConfig, tmp_path: Path) -> None:
    parts = trained(config)
    save_parts(tmp_path / "parts", parts, card(parts))
    with pytest.raises(WeightsError, match="made for these towers"):
        load_parts(tmp_path / "parts", config, 12, {"vision": "1" * 64}, torch.float32)
    other = LanguageConfig(kind="local", name=str(tiny_folder(tmp_path / Path(config.name).name, seed=1)))
    with pytest.raises(WeightsError, match="made for these towers"):
        load_parts(tmp_path / "parts", other, 12, TOWERS, torch.float32)
    with pytest.raises(WeightsError, match=r"projector\.safetensors"):
        load_parts(tmp_path, config, 12, TOWERS, torch.float32)
    with pytest.raises(WeightsError, match="a projector from 16"):
        load_parts(tmp_path / "parts", config, 16, TOWERS, torch.float32)
    with pytest.raises(ConfigError, match="one token"):
        new_parts(config.model_copy(update={"image_token": "<image>"}), 12, TOWERS)


def test_another_template_or_other_placeholders_are_refused(config: LanguageConfig, tmp_path: Path) -> None:
    parts = trained(config)
    save_parts(tmp_path / "parts", parts, card(parts))
    moved = config.model_copy(update={"image_token": "<|im_start|>"})
    with pytest.raises(WeightsError, match="a base model with this placeholders"):
        load_parts(tmp_path / "parts", moved, 12, TOWERS, torch.float32)
    other = tmp_path / Path(config.name).name
    shutil.copytree(config.name, other)
    template = other / "chat_template.jinja"
    template.write_text(template.read_text().replace("You help.", "You do not."))
    with pytest.raises(WeightsError, match="a base model with this chat template"):
        load_parts(tmp_path / "parts", config.model_copy(update={"name": str(other)}), 12, TOWERS, torch.float32)
    about = json.loads((tmp_path / "parts" / "card.json").read_text())
    (tmp_path / "parts" / "card.json").write_text(json.dumps(about | {"base": {}}))
    assert load_parts(tmp_path / "parts", moved, 12, TOWERS, torch.float32).image_id == 1


@pytest.mark.weights
def test_the_base_of_mini_has_placeholders_of_its_own() -> None:
    from assistant.config import load_preset

    parts = new_parts(load_preset("mini")[0].language, 4 * 384, TOWERS, torch.bfloat16)
    assert parts.tokenizer.convert_ids_to_tokens(parts.reserved) == ["<file_sep>", "<repo_name>"]
    ids = parts.renderer.opening("<file_sep>?", parts.slots(), "Score 0.9")
    assert [ids.count(i) for i in parts.reserved] == [64, 18]
    assert parts.tokenizer.decode(parts.renderer.end_ids) == "<|im_end|>"
    assert set(parts.towers) == {"vision", "smollm2"}
