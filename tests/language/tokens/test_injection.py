"""Injection: placeholder rows become the given vectors, in training, generation, chunks and threads; nothing else changes."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import torch

from assistant.errors import ConfigError
from assistant.language.tokens.injection import inject, model_lock
from tests.tiny_language import tiny_model

HOLE = 3
IDS = torch.tensor([[9, HOLE, HOLE, 11, 12], [HOLE, 9, 10, HOLE, 12]])


@pytest.fixture
def model() -> Any:
    return tiny_model()


def expected(model: Any, ids: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
    embedded = model.get_input_embeddings()(ids).detach().clone()
    for sample in range(len(ids)):
        embedded[sample, ids[sample] == HOLE] = rows[sample]
    return model(inputs_embeds=embedded).logits


def test_rows_are_written_in_order_within_each_sample(model: Any) -> None:
    rows = torch.randn(2, 2, 32)
    with inject(model, HOLE, rows):
        logits = model(IDS).logits
    torch.testing.assert_close(logits, expected(model, IDS, rows))
    plain = model(IDS).logits
    assert not torch.allclose(plain, logits)
    assert torch.equal(plain, tiny_model()(IDS).logits)


@pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing")  # asked by peft
def test_gradients_reach_the_rows_under_checkpointing_and_lora(model: Any) -> None:
    from peft import LoraConfig, get_peft_model

    wrapped: Any = get_peft_model(model, LoraConfig(r=2, target_modules=r".*\.q_proj"))
    wrapped.activation_checkpointing_enable({"use_reentrant": False})
    wrapped.train()
    rows = torch.randn(2, 2, 32, requires_grad=True)
    with inject(wrapped, HOLE, rows):
        wrapped(IDS, labels=IDS).loss.backward()
    assert rows.grad is not None
    assert bool((rows.grad.abs().sum(-1) > 0).all())


def test_generation_with_a_cache_equals_generation_from_vectors(model: Any) -> None:
    rows = torch.randn(1, 2, 32) * 3
    ids = IDS[:1]
    options: dict[str, Any] = {"max_new_tokens": 6, "do_sample": False, "pad_token_id": 0, "suppress_tokens": [HOLE]}
    with inject(model, HOLE, rows):
        said = model.generate(ids, attention_mask=torch.ones_like(ids), **options)[0, 5:]
    embedded = model.get_input_embeddings()(ids).detach().clone()
    embedded[0, 1:3] = rows[0]
    there = model.generate(inputs_embeds=embedded, attention_mask=torch.ones_like(ids), **options)[0]
    assert said.tolist() == there.tolist()
    assert HOLE not in said.tolist()


def test_a_prompt_in_chunks_equals_the_whole(model: Any) -> None:
    rows = torch.randn(2, 2, 32)
    with inject(model, HOLE, rows):
        first = model(IDS[:, :2], use_cache=True)
        second = model(IDS[:, 2:], past_key_values=first.past_key_values)
    torch.testing.assert_close(second.logits, expected(model, IDS, rows)[:, 2:], atol=1e-5, rtol=1e-4)


def test_samples_may_have_different_numbers_of_rows_and_copies(model: Any) -> None:
    ids = torch.tensor([[HOLE, 8, 9], [7, 8, 9]])
    rows = torch.randn(1, 32)
    with inject(model, HOLE, [rows, torch.zeros(0, 32)]):
        logits = model(ids.repeat_interleave(2, 0)).logits
    torch.testing.assert_close(logits[0], logits[1])
    torch.testing.assert_close(logits[2], model(ids[1:]).logits[0])


def test_two_placeholders_nest(model: Any) -> None:
    rows, others = torch.randn(2, 2, 32), torch.randn(2, 1, 32)
    ids = torch.tensor([[2, HOLE, HOLE, 5], [HOLE, 2, HOLE, 5]])
    with inject(model, HOLE, rows), inject(model, 2, others):
        logits = model(ids).logits
    embedded = model.get_input_embeddings()(ids).detach().clone()
    for i in range(2):
        embedded[i, ids[i] == HOLE], embedded[i, ids[i] == 2] = rows[i], others[i]
    torch.testing.assert_close(logits, model(inputs_embeds=embedded).logits)


def test_other_counts_are_refused_and_leave_no_hook(model: Any) -> None:
    with (
        pytest.raises(ConfigError, match="3 placeholders in sample 0, got 2"),
        inject(model, HOLE, torch.zeros(2, 3, 32)),
    ):
        model(IDS)
    with (
        pytest.raises(ConfigError, match="1 placeholders in sample 0, got 2"),
        inject(model, HOLE, torch.zeros(2, 1, 32)),
    ):
        model(IDS)
    with pytest.raises(ConfigError, match="4 samples, got 2"), inject(model, HOLE, [torch.zeros(2, 32)] * 4):
        model(IDS)
    assert not model.get_input_embeddings()._forward_hooks


def test_words_are_written_without_waiting_and_a_late_placeholder_is_told(
    model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the prompt nothing is read back from the device until the end."""
    waited: list[int] = []
    real = torch.Tensor.__bool__
    monkeypatch.setattr(torch.Tensor, "__bool__", lambda self: waited.append(1) or real(self))
    embedding = model.get_input_embeddings()
    with inject(model, HOLE, torch.randn(2, 2, 32)):
        embedding(IDS)
        waited.clear()
        for _ in range(5):
            embedding(torch.tensor([[9], [10]]))
        assert not waited
    assert waited == [1]
    with (
        pytest.raises(ConfigError, match="placeholders in the prompt alone, got one that was written"),
        inject(model, HOLE, torch.randn(2, 2, 32)),
    ):
        [embedding(ids) for ids in (IDS, torch.tensor([[9], [HOLE]]), torch.tensor([[9], [10]]))]


def test_threads_do_not_mix(model: Any) -> None:
    rows = [torch.full((2, 2, 32), float(i)) for i in range(4)]
    alone = [expected(model, IDS, r) for r in rows]
    wrong: list[int] = []

    def work(i: int) -> None:
        for _ in range(5):
            with inject(model, HOLE, rows[i]):
                if not torch.allclose(model(IDS).logits, alone[i], atol=1e-5):
                    wrong.append(i)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert model_lock(model) is model_lock(model)
