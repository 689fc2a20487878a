"""Stages align and instruct on a tiny random model: what moves, what the loss is, what a run leaves, what is drawn."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from torch import Tensor
from torch.nn import functional as F

from assistant.config import LanguageConfig
from assistant.errors import DataSetError
from assistant.language.models.lora import add_lora
from assistant.language.models.mini_parts import LanguageParts, load_parts, new_parts
from assistant.language.tokens.chat_template import IGNORE_INDEX
from tests.training.tiny_runs import BLOCK_WIDTH
from tests.training.tiny_runs import language_recipe as recipe
from training.language.data import (
    Corpus,
    LanguageSample,
    SamplePlan,
    drawn,
    grouped,
    length_sorted,
    mixed,
    read_language_set,
    read_replay,
    read_tensors,
)
from training.language.mini_stage import MiniStage
from training.language.packing import plain_attention, use_plain_attention
from training.language.replay import read_prompts
from training.language.run import hash_of_parts, some
from training.replay import main as replay_main
from training.runs.losses import total
from training.runs.recipe import LanguageData
from training.train import main


def parts_of(folder: Path) -> LanguageParts:
    return new_parts(LanguageConfig(kind="local", name=str(folder / "llama")), BLOCK_WIDTH, {})


def stage_of(folder: Path, parts: LanguageParts, **data: Any) -> MiniStage:
    told = LanguageData(sets=(folder / "set",), **data)
    return MiniStage(parts, Corpus(read_language_set(folder / "set"), read_replay(folder / "replay.jsonl")), told, 4)


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


def by_hand(stage: MiniStage, planned: SamplePlan, sample: LanguageSample) -> Tensor:
    """Cross-entropies of a conversation that is alone in its batch."""
    parts, renderer = stage.parts, stage.parts.renderer
    if sample.tensors is None:
        whole = stage._replayed(sample)
    else:
        whole = renderer.render(
            sample.messages, parts.slots(planned.embeddings), sample.evidence if planned.text else None
        )
    ids, labels = torch.tensor([whole.ids]), torch.tensor(whole.labels)
    embedded = parts.model.get_input_embeddings()(ids).detach().clone()
    if sample.tensors is not None:
        maps, blocks = read_tensors(sample.tensors)
        embedded[ids == parts.image_id] = parts.projector(blocks[None])[0]
        if planned.embeddings:
            embedded[ids == parts.anomaly_id] = parts.prompt_learner(maps[None], torch.tensor([sample.score]))[0]
    logits = parts.model(inputs_embeds=embedded).logits[0]
    found = F.cross_entropy(logits[:-1], labels[1:], ignore_index=IGNORE_INDEX, reduction="none")
    return found[labels[1:] != IGNORE_INDEX]


def test_the_loss_is_the_one_computed_by_hand(folder: Path) -> None:
    parts = parts_of(folder)
    add_lora(parts.model, rank=4)
    stage = stage_of(folder, parts, replay_share=0.5, embeddings_dropped=0.3, together=3)
    planned = next(p for p in stage.epoch(0, 0) if len({s.picture is None for s in p}) == 2)
    assert max(len(p.samples) for p in planned) == 3
    losses = stage.losses(stage.load(planned), random.Random(0))
    alone = {name: [by_hand(stage, p, s) for p in planned for s in p.samples if (p.picture is None) == (name == "replay")]
             for name in ("map", "replay")}  # fmt: skip
    count = sum(len(x) for found in alone.values() for x in found)
    for name, found in alone.items():
        torch.testing.assert_close(losses[name], torch.cat(found).sum() / count)
    assert min(float(v.detach()) for v in losses.values()) > 0


def test_runs_train_and_leave_parts_that_load(folder: Path) -> None:
    assert main(["--config", str(recipe(folder, "align"))]) == 0
    started = recipe(folder, "instruct", start=str(folder / "align" / "checkpoint"), loop={"epochs": 3})
    assert main(["--config", str(started), "--set", "loop.learning_rate=0.01"]) == 0
    checkpoint = folder / "instruct" / "checkpoint"
    card = json.loads((checkpoint / "card.json").read_text())
    assert card["start"] == hash_of_parts(folder / "align" / "checkpoint")
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
    planned = [drawn((samples[0],), rng, 0.4, 0.05) for _ in range(2000)]
    assert 0.36 < sum(not p.text for p in planned) / 2000 < 0.44
    assert 0.02 < sum(not p.embeddings for p in planned) / 2000 < 0.05
    assert all(p.text or p.embeddings for p in planned)
    groups = grouped(every, 2, rng)
    assert {len(g) for g in groups} == {1, 2}
    assert all(len({s.tensors for s in g}) == 1 for g in groups)
    batches = list(length_sorted([SamplePlan(g, True, True) for g in groups], 4, rng))
    assert sorted(id(s) for b in batches for p in b for s in p.samples) == sorted(map(id, every))


def test_an_unfinished_answer_does_not_teach_an_end(folder: Path) -> None:
    stage = stage_of(folder, parts_of(folder))
    ended, cut = (LanguageSample(({"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}), None, "", 0, e)
                  for e in (True, False))  # fmt: skip
    labels = [stage.rendered(SamplePlan((s,), False, False)).labels for s in (ended, cut)]
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


def test_replay_of_one_part(tmp_path: Path) -> None:
    path = tmp_path / "prompts.yaml"
    path.write_text(yaml.safe_dump({"training": ["a", "b"], "held_out": ["c"]}, sort_keys=False))
    assert read_prompts(path) == ["a", "b", "c"]
    assert read_prompts(path, "held_out") == ["c"]
    with pytest.raises(DataSetError, match="training, held_out"):
        read_prompts(path, "rest")


def test_a_limit_keeps_the_conversations_of_a_picture_together(folder: Path) -> None:
    samples = read_language_set(folder / "set")
    kept = some(samples, 20, 0)
    assert len(kept) == 20
    whole = {path: sum(s.tensors == path for s in samples) for path in {s.tensors for s in kept}}
    assert sum(sum(s.tensors == path for s in kept) < count for path, count in whole.items()) <= 1
    assert some(samples, 20, 1) != kept
    assert sorted(map(id, some(samples, None, 0))) == sorted(map(id, samples))


def test_plain_attention_is_attention() -> None:
    generator = torch.Generator().manual_seed(0)
    query, key, value = (torch.randn(2, heads, 7, 4, generator=generator) for heads in (6, 2, 2))
    attends = torch.ones(2, 1, 7, 7, dtype=torch.bool).tril()
    found, _ = plain_attention(None, query, key, value, attends, 0.3)
    wanted = F.scaled_dot_product_attention(query, key, value, attends, scale=0.3, enable_gqa=True)
    torch.testing.assert_close(found, wanted.transpose(1, 2))


def test_the_loss_is_the_same_by_plain_attention(folder: Path) -> None:
    stage = stage_of(folder, parts_of(folder), replay_share=0.5, together=3)
    batch = stage.load(next(stage.epoch(0, 0)))
    fused, _ = stage.token_losses(batch)
    use_plain_attention(stage.parts.model)
    plain, _ = stage.token_losses(batch)
    torch.testing.assert_close(plain, fused)


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
