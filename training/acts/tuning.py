"""The sentence tower tuned to acts: low-rank additions to its dense layers (LoRA, Hu et al. 2021), with a linear head."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from assistant.reading.acts.index import LinearHead
from assistant.reading.acts.sentence_tower import HEADS, LAYERS, WIDTH, LowRank, SentenceTower

BUCKET = 20
"""Batches whose sentences are sorted by length together, so that few tokens are padding."""


@dataclass(frozen=True)
class TuningRecipe:
    """How the tower is tuned.

    Args:
        rank: of the additions.
        dropout: of what goes into them.
        epochs: passes over the sentences; 0 leaves the tower as it is.
        batch: sentences a step.
        learning_rate: of the additions, at its highest (one cycle, Smith 2018).
        head_rate: of the head.
        smoothing: of the targets.
    """

    rank: int = 16
    dropout: float = 0.05
    epochs: int = 4
    batch: int = 48
    learning_rate: float = 1e-3
    head_rate: float = 5e-3
    smoothing: float = 0.05


def tune(
    tower: SentenceTower,
    texts: Sequence[str],
    targets: Float[Tensor, "sentences acts"],
    weights: Float[Tensor, " sentences"],
    recipe: TuningRecipe,
    seed: int,
) -> tuple[dict[str, LowRank], LinearHead]:
    """Additions to the tower, and the head on its unit vectors.

    Args:
        tower: as published.
        texts: sentences.
        targets: share of each act in what a sentence does; rows sum to 1.
        weights: of each sentence.
        recipe: how long and how strictly.
        seed: of the additions, of dropout and of the order.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        encoder, head = _encoder(tower, recipe), nn.Linear(WIDTH, targets.shape[1])
        coded = [coding.ids for coding in tower.tokenizer.encode_batch(list(texts))]
        batches = _batches([len(ids) for ids in coded], recipe, random.Random(seed))
        tuned = [one for one in encoder.parameters() if one.requires_grad]
        rates = [recipe.learning_rate, recipe.head_rate]
        groups: list[dict[str, Any]] = [{"params": tuned}, {"params": list(head.parameters())}]
        optimizer = torch.optim.AdamW(groups, weight_decay=0.01)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rates, total_steps=len(batches) + 1, pct_start=0.1)
        encoder.train()
        for batch in batches:
            scores = head(_features(encoder, [coded[at] for at in batch]))
            losses = functional.cross_entropy(
                scores, targets[batch], reduction="none", label_smoothing=recipe.smoothing
            )
            optimizer.zero_grad()
            (losses * weights[batch]).mean().backward()
            nn.utils.clip_grad_norm_(tuned, 1.0)
            optimizer.step()
            schedule.step()
    weight = head.weight.detach().numpy().T * WIDTH**0.5
    return _additions(encoder), LinearHead(np.ascontiguousarray(weight), head.bias.detach().numpy().copy())


def _encoder(tower: SentenceTower, recipe: TuningRecipe) -> nn.Module:
    """The tower as a module that can learn."""
    from peft import LoraConfig, get_peft_model
    from transformers import BertConfig, BertModel

    words, _ = tower.weights["embeddings.word_embeddings.weight"].shape
    places, _ = tower.weights["embeddings.position_embeddings.weight"].shape
    config = BertConfig(
        vocab_size=words, hidden_size=WIDTH, num_hidden_layers=LAYERS, num_attention_heads=HEADS, intermediate_size=4 * WIDTH,
        max_position_embeddings=places, hidden_dropout_prob=0.1, attention_probs_dropout_prob=0.1,
    )  # fmt: skip
    model = BertModel(config, add_pooling_layer=False)
    model.load_state_dict({name: tower.weights[name] for name in model.state_dict()})
    lora = LoraConfig(
        r=recipe.rank, lora_alpha=2 * recipe.rank, lora_dropout=recipe.dropout, target_modules=["query", "key", "value", "dense"]
    )  # fmt: skip
    encoder: nn.Module = get_peft_model(model, lora)
    return encoder


def _features(encoder: nn.Module, coded: Sequence[Sequence[int]]) -> Float[Tensor, "sentences width"]:
    """Means over tokens, of length √width."""
    ids = nn.utils.rnn.pad_sequence([torch.tensor(row) for row in coded], batch_first=True)
    lengths = torch.tensor([len(row) for row in coded])
    there = (torch.arange(ids.shape[1]) < lengths[:, None]).long()
    hidden = encoder(input_ids=ids, attention_mask=there).last_hidden_state
    means = (hidden * there[..., None]).sum(1) / lengths[:, None]
    features: Tensor = functional.normalize(means, dim=1) * WIDTH**0.5
    return features


def _batches(lengths: Sequence[int], recipe: TuningRecipe, rng: random.Random) -> list[list[int]]:
    """Numbers of the sentences of each step, all epochs; sentences of a batch are about as long."""
    found: list[list[int]] = []
    for _ in range(recipe.epochs):
        order = list(range(len(lengths)))
        rng.shuffle(order)
        drawn: list[list[int]] = []
        for start in range(0, len(order), recipe.batch * BUCKET):
            alike = sorted(order[start : start + recipe.batch * BUCKET], key=lambda at: lengths[at])
            drawn += [alike[at : at + recipe.batch] for at in range(0, len(alike), recipe.batch)]
        rng.shuffle(drawn)
        found += drawn
    return found


def _additions(encoder: nn.Module) -> dict[str, LowRank]:
    """What was learned, by the names of the tower's dense layers."""
    found = {}
    for name, module in encoder.named_modules():
        if hasattr(module, "lora_A") and "default" in module.lora_A:
            down, up = module.lora_A["default"].weight, module.lora_B["default"].weight
            scale = module.scaling["default"]
            found[name.removeprefix("base_model.model.")] = LowRank(
                down.detach().numpy().copy(), (up * scale).detach().numpy()
            )
    return found
