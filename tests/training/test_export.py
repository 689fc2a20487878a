"""What comes out of a run: a record, a preset folder that works everywhere, a card that says what tuning did."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file
from typer.testing import CliRunner

from assistant.cli.app import app
from assistant.config import load_preset
from assistant.errors import ConfigError
from assistant.language.models.lora import load_lora
from assistant.language.models.mini_parts import load_base
from assistant.pipeline import Assistant
from assistant.vision.checkpoint import Card
from demo.settings import Settings
from tests.tiny_language import tiny_folder
from tests.training.tiny_runs import language_recipe, localize_recipe
from training.export import main as export_main
from training.localizer.data import manifest_hash, read_rows
from training.localizer.stage import LocalizeStage
from training.runs.cards import card_text, notes_on
from training.train import main


@pytest.fixture(scope="module")
def taught(built: Path, folder: Path) -> Path:
    """A localize run on a preset with a tiny language model, an instruct run on what came out, both into one preset."""
    first = localize_recipe(built, "taught", preset=str(folder / "preset.yaml"), epochs=1)
    assert main(["--config", str(first)]) == 0
    talk = language_recipe(folder, "instruct", preset=str(built / "taught" / "preset"), out=str(folder / "talked"))
    assert main(["--config", str(talk)]) == 0
    out = folder / "both"
    runs = [str(built / "taught"), str(folder / "talked")]
    assert (
        export_main(["preset", *runs, "--out", str(out), "--base", str(folder / "preset.yaml"), "--name", "lids"]) == 0
    )
    return out


def test_a_run_folder_says_everything(built: Path, taught: Path) -> None:
    record = json.loads((built / "taught" / "run.json").read_text())
    assert record["recipe"]["loop"]["epochs"] == 1
    assert record["data"] == {str(built / "set"): manifest_hash(built / "set")}
    assert record["seed"] == 0
    assert {"torch", "transformers", "accelerate"} <= set(record["versions"])
    assert record["command"].startswith("accelerate launch -m training.train --config ")
    assert record["counts"]["train"]["normal"] > 0
    assert record["git"] is None or len(record["git"]["commit"]) == 40
    assert record["ended"] >= record["begun"]
    assert record["seconds"]["step"] > 0


def test_both_runs_are_in_the_preset(built: Path, folder: Path, taught: Path) -> None:
    preset, where = load_preset(taught)
    assert (preset.name, preset.checkpoint, preset.language.parts) == ("lids", "localizer", "language")
    assert where == taught
    assert load_preset(folder / "talked" / "preset")[0].name == "talked"
    trained = (built / "taught" / "checkpoint" / "localizer.safetensors").read_bytes()
    for made in (taught, folder / "talked" / "preset"):
        assert (made / "localizer" / "localizer.safetensors").read_bytes() == trained
        assert (made / "language" / "adapter_model.safetensors").is_file()
    assistant = Assistant.load(taught)
    inspection = assistant.inspect(read_rows(built / "set")[0].image)
    assert inspection.preset == "lids"
    answer = assistant.ask(inspection, ["Is anything wrong?"])[0]
    assert assistant.open(inspection).model is not None
    again = Assistant.load(taught)
    assert again.ask(again.inspect(read_rows(built / "set")[0].image), ["Is anything wrong?"])[0].text == answer.text


def test_the_preset_is_accepted_by_every_door(built: Path, taught: Path, tmp_path: Path) -> None:
    picture = str(read_rows(built / "set")[0].image)
    run = CliRunner().invoke
    told = run(app, ["inspect", picture, "--preset", str(taught), "--json"])
    assert told.exit_code == 0
    assert json.loads(told.stdout)["preset"] == "lids"
    assert run(app, ["ask", picture, "Is anything wrong?", "--preset", f"{taught}/"]).exit_code == 0
    batch = ["batch", picture, "--out", str(tmp_path / "batch"), "--preset", str(taught), "--workers", "0"]
    assert run(app, batch).exit_code == 0
    for kind in ("good", "hole"):
        (tmp_path / "set" / "test" / kind).mkdir(parents=True)
        shutil.copy(picture, tmp_path / "set" / "test" / kind / f"1{Path(picture).suffix}")
    measured = ["evaluate", str(tmp_path / "set"), "--preset", str(taught), "--shots", "0", "--seeds", "1", "--json"]
    assert run(app, measured).exit_code == 0
    assert Settings(preset=str(taught)).preset == str(taught)


def test_a_start_from_the_preset_is_told_before_and_after_and_never_gets_worse(
    built: Path, taught: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = localize_recipe(built, "again", start="preset", preset=str(taught), epochs=1, learning_rate=30.0)
    assert main(["--config", str(config), "--set", f"data.features={built / 'again_features'}"]) == 0
    card = json.loads((built / "again" / "checkpoint" / "card.json").read_text())
    assert card["before"]["text_score"] == card["history"][0]["text_score"]
    assert card["scores"]["text_score"] >= card["before"]["text_score"] - 1e-6
    assert card["scores"]["reference_score"] >= card["before"]["reference_score"] - 1e-6
    assert card["start"] == Assistant.load(str(taught)).weights
    assert card["notes"]
    text = (built / "again" / "preset" / "README.md").read_text()
    assert card["notes"][0] in text
    assert "| on the validation split | before | after |" in text
    kept = built / "again_features" / "projection.safetensors"
    save_file({name: tensor + 1 for name, tensor in load_file(kept).items()}, kept)
    assert main(["--config", str(config), "--set", f"data.features={kept.parent}", "--set", f"out={built}/no"]) == 2
    assert "name another folder in `data.features`" in capsys.readouterr().err


def test_half_of_the_start_is_kept_unless_the_mean_is_worse(
    built: Path, taught: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = LocalizeStage.validate

    def scored(monkeypatch: pytest.MonkeyPatch, *values: float) -> None:
        """Let validation give these scores, of both experts and of all, one call after the other."""
        scores = iter(values)
        names = ("score", "text_score", "reference_score")
        monkeypatch.setattr(
            LocalizeStage, "validate", lambda self: {**real(self), **dict.fromkeys(names, next(scores))}
        )

    start = load_file(taught / "localizer" / "localizer.safetensors")
    features = f"data.features={built / 'kept_features'}"
    for name, keep, rate in (("anew", 0.0, 0.003), ("half", 0.5, 0.003)):
        config = localize_recipe(built, name, start="preset", preset=str(taught), epochs=1, learning_rate=rate)
        scored(monkeypatch, 0.5, 0.9, 0.9, 0.9, 0.9)
        assert main(["--config", str(config), "--set", features, "--set", f"keep={keep}"]) == 0
    whole, half = (load_file(built / n / "checkpoint" / "localizer.safetensors") for n in ("anew", "half"))
    assert any(not torch.equal(whole[name], start[name]) for name in start)
    for name, value in half.items():
        torch.testing.assert_close(value, (whole[name] + start[name]) / 2, atol=2e-3, rtol=2e-3)
    config = localize_recipe(built, "worse", start="preset", preset=str(taught), epochs=1, learning_rate=0.003)
    scored(monkeypatch, 0.5, 0.9, 0.9, 0.4, 0.4, 0.4)
    capsys.readouterr()
    assert main(["--config", str(config), "--set", features, "--set", "keep=0.5"]) == 0
    assert "the best parts are kept as they are" in capsys.readouterr().out
    worse = load_file(built / "worse" / "checkpoint" / "localizer.safetensors")
    for name, value in worse.items():
        torch.testing.assert_close(value, whole[name], atol=1e-5, rtol=0)


def test_a_run_killed_before_its_first_checkpoint_still_counts_the_start(built: Path, taught: Path) -> None:
    config = localize_recipe(built, "early", start="preset", preset=str(taught), epochs=1, learning_rate=0.003)
    features = f"data.features={built / 'kept_features'}"
    assert main(["--config", str(config), "--set", features, "--resume"]) == 0
    card = json.loads((built / "early" / "checkpoint" / "card.json").read_text())
    assert card["history"][0]["step"] == 0
    assert card["before"]["score"] == card["history"][0]["score"]


def test_a_merged_model_is_plain_and_says_the_same(folder: Path, taught: Path, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from training.language.merge_lora import merge_parts

    out = merge_parts(folder / "talked", tmp_path / "merged", dtype=torch.float32)
    model, tokenizer = AutoModelForCausalLM.from_pretrained(out), AutoTokenizer.from_pretrained(out)
    base = AutoModelForCausalLM.from_pretrained(folder / "llama")
    assert {n: p.shape for n, p in model.named_parameters()} == {n: p.shape for n, p in base.named_parameters()}
    apart, _ = load_base(folder / "llama", torch.float32)
    load_lora(apart, folder / "talked" / "checkpoint", merge=False)
    ids = torch.tensor([tokenizer("Is anything wrong?").input_ids])
    torch.testing.assert_close(model(ids).logits, apart(ids).logits, atol=1e-4, rtol=1e-4)
    assert not torch.allclose(model(ids).logits, base(ids).logits, atol=1e-6)
    assert (out / "anomaly_assistant" / "prompt_learner.safetensors").is_file()
    with pytest.raises(ConfigError, match="an empty folder"):
        merge_parts(folder / "talked", out)
    other = tmp_path / "preset.yaml"
    described = yaml.safe_load((folder / "preset.yaml").read_text())
    described["language"]["name"] = str(tiny_folder(tmp_path / "llama", seed=4))
    other.write_text(yaml.safe_dump(described))
    assert export_main(["merge", str(folder / "talked"), "--preset", str(other), "--out", str(tmp_path / "x")]) == 2


@pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing:FutureWarning")  # of peft's
def test_a_lora_alone_is_loaded_by_peft_and_written_for_llama_cpp(folder: Path, taught: Path, tmp_path: Path) -> None:
    import gguf
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.modeling_gguf_pytorch_utils import LlamaTensorProcessor

    out = tmp_path / "lora"
    assert export_main(["lora", str(folder / "talked"), "--out", str(out), "--base-name", "org/base"]) == 0
    ids = torch.tensor([AutoTokenizer.from_pretrained(folder / "llama")("Is anything wrong?").input_ids])
    apart, _ = load_base(folder / "llama", torch.float32)
    load_lora(apart, folder / "talked" / "checkpoint", merge=False)
    base = AutoModelForCausalLM.from_pretrained(folder / "llama")
    loaded = PeftModel.from_pretrained(base, str(out))
    torch.testing.assert_close(loaded(ids).logits, apart(ids).logits, atol=1e-4, rtol=1e-4)
    about = json.loads((out / "adapter_config.json").read_text())
    assert about["base_model_name_or_path"] == "org/base"
    assert "model.layers.0.self_attn.q_proj" in about["target_modules"]

    file = gguf.GGUFReader(out / "adapter.gguf")
    assert file.get_field("general.architecture").contents() == "llama"
    assert file.get_field("adapter.type").contents() == "lora"
    assert file.get_field("adapter.lora.alpha").contents() == about["lora_alpha"]
    tensors = {t.name: np.array(t.data) for t in file.tensors}
    state, heads = load_file(out / "adapter_model.safetensors"), base.config.num_attention_heads
    assert len(tensors) == len(state)
    prefix = "base_model.model.model.layers.0."
    plain = state[f"{prefix}mlp.down_proj.lora_B.weight"].float().numpy()
    np.testing.assert_array_equal(tensors["blk.0.ffn_down.weight.lora_b"], plain)
    first = state[f"{prefix}self_attn.q_proj.lora_A.weight"].float().numpy()
    np.testing.assert_array_equal(tensors["blk.0.attn_q.weight.lora_a"], first)
    turned = LlamaTensorProcessor()._reverse_permute_weights(tensors["blk.0.attn_q.weight.lora_b"], heads, heads)
    np.testing.assert_array_equal(turned, state[f"{prefix}self_attn.q_proj.lora_B.weight"].float().numpy())
    assert export_main(["lora", str(folder / "talked"), "--out", str(out)]) == 2, "a folder in use"
    other = tmp_path / "preset.yaml"
    described = yaml.safe_load((folder / "preset.yaml").read_text())
    described["language"]["name"] = str(tiny_folder(tmp_path / "llama", seed=4))
    other.write_text(yaml.safe_dump(described))
    assert export_main(["lora", str(folder / "talked"), "--preset", str(other), "--out", str(tmp_path / "x")]) == 2
    assert not (tmp_path / "x").exists()


def test_a_card_says_when_tuning_hurt() -> None:
    hurt = notes_on({"score": 0.9, "text_image_auroc": 0.9}, {"score": 0.8, "text_image_auroc": 0.8})
    assert "hurt" in hurt[0]
    assert "text_image_auroc by 0.100" in hurt[1]
    mixed = notes_on({"score": 0.5, "a": 0.5, "b": 0.9}, {"score": 0.6, "a": 0.8, "b": 0.8})
    assert [n.split()[1] for n in mixed] == ["helped", "than"]
    assert "helped" in notes_on({"score": -2.0, "both_loss": 2.0}, {"score": -1.0, "both_loss": 1.0})[0]
    assert "hurt" in notes_on({"score": -1.0, "both_loss": 1.0}, {"score": -2.0, "both_loss": 2.0})[0]
    assert "nothing" in notes_on({"score": 0.9}, {"score": 0.9})[0]
    assert notes_on({}, {"score": 0.9}) == []
    text = card_text("Parts", Card("mini", {}, "train", {}, [], {"score": 0.8}, before={"score": 0.9}, notes=hurt))
    assert "| score | 0.9000 | 0.8000 |" in text


def test_bad_exports_are_one_line(tmp_path: Path, taught: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert export_main(["preset", str(tmp_path), "--out", str(tmp_path / "o")]) == 2
    assert "expected a run folder with run.json" in capsys.readouterr().err
    assert export_main(["preset", str(tmp_path), "--out", str(tmp_path / "o"), "--base", "tiny"]) == 2
    assert "expected a run that ended" in capsys.readouterr().err
    assert not (tmp_path / "o").exists()
    described = yaml.safe_load((taught / "preset.yaml").read_text())
    assert Path(described["language"]["name"]).is_absolute()
