"""Words written in a worker thread: read to their end, or left early."""

from __future__ import annotations

import threading
import time
from contextlib import nullcontext
from typing import Any

import pytest
import torch

from assistant.language.tokens.batch_generation import speak_together
from assistant.language.tokens.generation import DecodingOptions, Prompt, Speaker, Talk, written
from assistant.language.tokens.stopping import REPETITION_WINDOW, RepetitionStop
from tests.tiny_language import tiny_model, tiny_tokenizer


def test_an_answer_read_to_its_end_is_not_stopped() -> None:
    stop = threading.Event()

    def work(streamer: Any) -> None:
        streamer.text_queue.put("One ")
        streamer.text_queue.put("two.")
        streamer.end()
        time.sleep(0.1)  # a worker tidies up after its last word

    assert list(written(tiny_tokenizer(), work, stop, "Well, ")) == ["Well, ", "One ", "two."]
    assert not stop.is_set()


def test_an_answer_left_early_stops_its_worker() -> None:
    stop, left = threading.Event(), threading.Event()

    def work(streamer: Any) -> None:
        while not stop.wait(0.001):
            streamer.text_queue.put("on ")
        left.set()

    pieces: Any = written(tiny_tokenizer(), work, stop)
    assert next(pieces) == "on "
    pieces.close()
    assert left.is_set()


def test_what_a_worker_raises_is_raised_where_it_is_read() -> None:
    def work(streamer: Any) -> None:
        raise ZeroDivisionError("no")

    with pytest.raises(ZeroDivisionError, match="no"):
        list(written(tiny_tokenizer(), work, threading.Event()))


def test_the_answer_that_repeats_itself_ends_and_the_others_go_on() -> None:
    window = list(range(10, 10 + REPETITION_WINDOW))
    rows = torch.tensor([[1, 1, *window, *window], [1, 1, *window, *(n + 100 for n in window)]])
    assert RepetitionStop(2)(rows, None).tolist() == [True, False]
    assert RepetitionStop(2 + len(window))(rows, None).tolist() == [False, False]


@pytest.mark.parametrize("temperature", [0.0, 2.0])
def test_torchs_own_generator_is_left_as_it_was_and_not_touched_where_nothing_is_drawn(
    temperature: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokenizer, model = tiny_tokenizer(), tiny_model()
    speaker = Speaker(model, tokenizer, [0], [1, 2, 3], DecodingOptions(12, temperature, seed=3))
    seeded: list[int] = []
    seed = torch.manual_seed
    monkeypatch.setattr(torch, "manual_seed", lambda number: seeded.append(number) or seed(number))
    before = torch.get_rng_state()
    asked = tuple(tokenizer("Is it whole?").input_ids)
    texts = ["".join(speaker.speak(Prompt(Talk(), asked))) for _ in range(2)]
    together = speak_together(speaker, [Prompt(Talk(), asked)], nullcontext)
    assert texts[0] == texts[1] == together[0]
    assert seeded == ([] if temperature == 0 else [3, 3, 3])
    assert torch.equal(torch.get_rng_state(), before)
