"""Stages align and instruct on a tiny random model: what moves, what the loss is, what a run leaves, what is drawn."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from torch.nn import functional as F

from assistant.chat import IGNORE_INDEX
from assistant.config import LanguageConfig
from assistant.errors import DataSetError
from assistant.language_parts import LanguageParts, load_parts, new_parts
from assistant.lora import add_lora
from tests.training.tiny_runs import BLOCK_WIDTH
from tests.training.tiny_runs import language_recipe as recipe
from training.language import LanguageStage
from training.language_data import (
    Planned,
    Sample,
    drawn,
    length_sorted,
    mixed,
    read_language_set,
    read_replay,
)
from training.losses import total
from training.recipe import LanguageData
from training.replay import main as replay_main
from training.train import main


def parts_of(folder: Path) -> LanguageParts:
    return new_parts(LanguageConfig(kind="local", name=str(folder / "llama")), BLOCK_WIDTH, {})


def stage_of(folder: Path, parts: LanguageParts, **data: Any) -> LanguageStage:
    told = LanguageData(sets=(folder / "set",), **data)
    return LanguageStage(parts, read_language_set(folder / "set"), read_replay(folder / "replay.jsonl"), told, 4)


@pytest.mark.parametrize("lora", [False, True])
def test_one_step_moves_only_what_should_move(folder: Path, lora: bool) -> None:
    parts = parts_of(folder)
    found = add_lora(parts.model, rank=4) if lora else {}
    stage = stage_of(folder, parts)
    before = {n: p.detach().clone() for n, p in parts.model.named_parameters()}
    held = {n: b.clone() for n, b in parts.prompt_learner.named_buffers()}
    moved = {n: p.detach().clone() for n, p in stage.module.named_parameters()}
    optimizer = torch.optim.AdamW(stage.module.parameters(), 1e-2)
    for planned in list(stage.epoch(0, 0))[:2]:
        total(stage.losses(stage.load(planned), random.Random(0)), {}).backward()
        optimizer.step()
        optimizer.zero_grad()
    assert {n for n, p in parts.model.named_parameters() if not torch.equal(p, before[n])} == set(found)
    assert all(not torch.equal(p, moved[n]) for n, p in stage.module.named_parameters())
    assert all(torch.equal(b, held[n]) for n, b in parts.prompt_learner.named_buffers())
    assert len(stage.module.lora) == len(found)


def test_the_loss_is_the_one_computed_by_hand(folder: Path) -> None:
    parts = parts_of(folder)
    add_lora(parts.model, rank=4)
    stage = stage_of(folder, parts, replay_share=0.5)
    planned = next(p for p in stage.epoch(0, 0) if len({s.sample.tensors is None for s in p}) == 2)
    batch = stage.load(planned)
    losses = stage.losses(batch, random.Random(0))
    assert batch.maps is not None
    assert batch.blocks is not None
    assert batch.scores is not None
    embedded = parts.model.get_input_embeddings()(batch.chat.input_ids).detach().clone()
    learned, projected = parts.prompt_learner(batch.maps, batch.scores), parts.projector(batch.blocks)
    for at, position in enumerate(batch.pictured):
        ids = batch.chat.input_ids[position]
        embedded[position, ids == parts.image_id] = projected[at]
        if batch.prompted[at]:
            embedded[position, ids == parts.anomaly_id] = learned[at]
    logits = parts.model(inputs_embeds=embedded, attention_mask=batch.chat.attention_mask).logits
    whole = F.cross_entropy(logits[:, :-1].flatten(0, 1), batch.chat.labels[:, 1:].flatten(), ignore_index=IGNORE_INDEX)
    torch.testing.assert_close(losses["map"] + losses["replay"], whole)
    assert min(float(v.detach()) for v in losses.values()) > 0


def test_runs_train_and_leave_parts_that_load(folder: Path) -> None:
    assert main(["--config", str(recipe(folder, "align"))]) == 0
    started = recipe(folder, "instruct", start=str(folder / "align" / "checkpoint"), loop={"epochs": 3})
    assert main(["--config", str(started), "--set", "loop.learning_rate=0.01"]) == 0
    checkpoint = folder / "instruct" / "checkpoint"
    card = json.loads((checkpoint / "card.json").read_text())
    first, last = card["history"][0], card["history"][-1]
    assert last["both_loss"] < first["both_loss"]
    assert {"replay_loss", "embeddings_loss", "text_loss"} <= set(card["scores"])
    state = (folder / "instruct" / "last" / "model.safetensors").stat().st_size
    assert state < 1.2 * sum(p.stat().st_size for p in checkpoint.glob("*.safetensors")) * 2
    towers = {k: v for k, v in card["towers"].items() if k != "llama"}
    config = LanguageConfig(kind="local", name=str(folder / "llama"))
    parts = load_parts(checkpoint, config, BLOCK_WIDTH, towers, torch.float32, merge=False)
    score = stage_of(folder, parts).validate()["both_loss"]
    assert score == pytest.approx(card["scores"]["both_loss"], abs=0.02)


def test_what_is_drawn_keeps_its_shares(folder: Path) -> None:
    samples = [s for s in read_language_set(folder / "set") if not s.validation]
    replay, rng = read_replay(folder / "replay.jsonl"), random.Random(0)
    every = mixed(samples, replay, 0.3, rng)
    assert sum(s.tensors is None for s in every) == round(len(samples) * 0.3 / 0.7)
    planned = [drawn(samples[0], rng, 0.4, 0.05) for _ in range(2000)]
    assert 0.36 < sum(not p.text for p in planned) / 2000 < 0.44
    assert 0.02 < sum(not p.embeddings for p in planned) / 2000 < 0.05
    assert all(p.text or p.embeddings for p in planned)
    batches = list(length_sorted([Planned(s, True, True) for s in every], 4, rng))
    assert sorted(id(p.sample) for b in batches for p in b) == sorted(map(id, every))


def test_an_unfinished_answer_does_not_teach_an_end(folder: Path) -> None:
    stage = stage_of(folder, parts_of(folder))
    ended, cut = (Sample(({"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}), None, "", 0, e)
                  for e in (True, False))  # fmt: skip
    labels = [stage.rendered(Planned(s, False, False)).labels for s in (ended, cut)]
    assert labels[0] == (*labels[1], 0)


def test_replay_is_the_models_own_and_goes_on(folder: Path, tmp_path: Path) -> None:
    prompts, out = tmp_path / "prompts.yaml", tmp_path / "replay.jsonl"
    prompts.write_text(yaml.safe_dump({"general": ["hello", "what is two and two?"], "more": ["hello", "sing"]}))
    arguments = [str(prompts), "--out", str(out), "--preset", str(folder / "preset.yaml"), "--longest", "5"]
    assert replay_main([*arguments, "--limit", "2", "--batch-size", "1"]) == 0
    alone = out.read_text()
    assert replay_main(arguments) == 0
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert out.read_text().startswith(alone)
    assert sorted(r["prompt"] for r in rows) == ["hello", "sing", "what is two and two?"]
    out.unlink()
    assert replay_main([*arguments, "--batch-size", "3"]) == 0
    together = {r["prompt"]: r["answer"] for r in map(json.loads, out.read_text().splitlines())}
    assert together == {r["prompt"]: r["answer"] for r in rows}


def test_bad_sets_are_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DataSetError, match=r"evidence\.jsonl"):
        read_language_set(tmp_path)
    (tmp_path / "evidence.jsonl").write_text('{"index": 0, "evidence": "", "score": 1}\n')
    (tmp_path / "conversations.jsonl").write_text('{"index": 1, "conversations": []}\n')
    with pytest.raises(DataSetError, match="line 1"):
        read_language_set(tmp_path)
    (tmp_path / "conversations.jsonl").write_text("no\n")
    with pytest.raises(DataSetError, match="a JSON object a line"):
        read_language_set(tmp_path)
