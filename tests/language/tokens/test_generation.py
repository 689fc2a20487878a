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
from assistant.language.tokens.stopping import REPETITION_WINDOW, RepetitionStop, repeated
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


@pytest.mark.filterwarnings("ignore:.*generation flags.*")
def test_a_models_own_preferences_do_not_choose_words() -> None:
    """Neither its penalties nor its beams, greedily or drawn."""
    tokenizer = tiny_tokenizer()
    asked = tuple(tokenizer("Is it whole?").input_ids)

    def said(temperature: float, **own: Any) -> str:
        model = tiny_model()
        model.generation_config.update(**own)
        speaker = Speaker(model, tokenizer, [0], [1, 2, 3], DecodingOptions(10, temperature, seed=3))
        return "".join(speaker.speak(Prompt(Talk(), asked)))

    own = {
        "repetition_penalty": 50.0,
        "no_repeat_ngram_size": 1,
        "num_beams": 3,
        "do_sample": True,
        "top_k": 1,
        "top_p": 0.1,
    }
    for temperature in (0.0, 2.0):
        plain = said(temperature)
        for name, value in own.items():
            assert said(temperature, **{name: value}) == plain, name
    assert said(0.0) != said(2.0)


def test_the_repeat_guard_says_what_its_words_on_lists_say() -> None:
    generator = torch.Generator().manual_seed(0)
    rows = torch.randint(0, 2, (40, 60), generator=generator)
    for length in (10, 17, 18, 40, 60):
        part = rows[:, :length]
        assert RepetitionStop(2)(part, None).tolist() == [repeated(row) for row in part[:, 2:].tolist()]
    again = torch.cat([rows, rows], 1)
    assert all(RepetitionStop(0)(again, None).tolist())
