"""The sentence tower tuned to acts: what is added to it, and that it tells what the head was taught."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from assistant.reading.acts.index import softmax
from assistant.reading.acts.sentence_tower import LAYERS, WIDTH, LowRank, SentenceTower
from training.acts.tuning import TuningRecipe, tune

WORDS = "where is it how long so very the crack bad ok ship".split()
RECIPE = TuningRecipe(rank=2, epochs=12, batch=8, learning_rate=3e-3)


@pytest.fixture(scope="module")
def tower() -> SentenceTower:
    """A tower of the size of the published one that has learned nothing."""
    from transformers import BertConfig, BertModel

    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(WORDS), hidden_size=WIDTH, num_hidden_layers=LAYERS, num_attention_heads=12, intermediate_size=4 * WIDTH,
        max_position_embeddings=16,
    )  # fmt: skip
    tokenizer = Tokenizer(WordLevel({word: at for at, word in enumerate(WORDS)}, unk_token="it"))
    tokenizer.pre_tokenizer = Whitespace()
    weights = {name: tensor.clone() for name, tensor in BertModel(config, add_pooling_layer=False).state_dict().items()}
    return SentenceTower(tokenizer, weights)


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_a_tuned_tower_tells_what_it_was_taught(tower: SentenceTower) -> None:
    texts = [
        "where is it",
        "so where",
        "where is the crack",
        "where very where",
        "how long",
        "how long is it",
        "so long",
        "long",
    ]
    targets = torch.eye(2)[[0] * 4 + [1] * 4]
    before = {name: weight.clone() for name, weight in tower.weights.items()}
    drawn = torch.random.get_rng_state()
    additions, head = tune(tower, texts, targets, torch.ones(8), RECIPE, seed=3)
    assert torch.equal(drawn, torch.random.get_rng_state()), "what others draw is the same"
    assert all(torch.equal(before[name], weight) for name, weight in tower.weights.items())
    assert len(additions) == 6 * LAYERS
    assert {one.down.shape[0] for one in additions.values()} == {2}
    adapted = tower.adapted(additions)
    told = softmax(adapted.embed(texts) @ head.weight + head.bias)
    assert told.argmax(1).tolist() == [0] * 4 + [1] * 4
    assert told.max(1).mean() > 0.8
    assert np.abs(adapted.embed(texts) - tower.embed(texts)).max() > 0.01
    again, _ = tune(tower, texts, targets, torch.ones(8), RECIPE, seed=3)
    assert all(np.array_equal(again[name].up, one.up) for name, one in additions.items())


def test_what_is_added_is_added_to_one_layer(tower: SentenceTower) -> None:
    name = "encoder.layer.2.output.dense"
    down, up = np.ones((1, 4 * WIDTH), np.float32), np.full((WIDTH, 1), 0.5, np.float32)
    adapted = tower.adapted({name: LowRank(down, up)})
    changed = adapted.weights[f"{name}.weight"] - tower.weights[f"{name}.weight"]
    torch.testing.assert_close(changed, torch.full_like(changed, 0.5))
    assert all(adapted.weights[other] is weight for other, weight in tower.weights.items() if other != f"{name}.weight")
    with pytest.raises(KeyError):
        tower.adapted({"encoder.layer.9.output.dense": LowRank(down, up)})
