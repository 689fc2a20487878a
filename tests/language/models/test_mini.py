"""The small language model that sees: what it is shown changes its words, turns are cached exactly, dialogues never mix."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from assistant.config import LanguageConfig
from assistant.errors import ConfigError, WeightsError
from assistant.language.interface import BatchLanguageModel
from assistant.language.loading import load_language_model
from assistant.language.models.mini import MiniLVLM
from assistant.language.models.trained import read_scores
from assistant.language.tokens.generation import DecodingOptions
from assistant.language.tokens.projector import EncodedImage
from assistant.language.tokens.prompt_learner import resize_map
from assistant.pipeline import Assistant
from assistant.types import AnomalyMap, Inspection, QueryImage
from assistant.vision.detail.painted import Layer, PaintedMap
from tests.inspections import inspection, region
from tests.tiny_language import talking_preset

QUESTIONS = ("Is anything wrong?", "Where is it?", "Why <file_sep>?")


def seen(number: int) -> tuple[Inspection, EncodedImage]:
    """An inspection with a map of its own, and its encoded picture."""
    rng = np.random.default_rng(number)
    plain = inspection(0.9 if number % 2 else 0.2, (region(1),) if number % 2 else ())
    maps = AnomalyMap(rng.random((32, 48), dtype=np.float32))
    changed = Inspection(**{**plain.__dict__, "anomaly_map": maps})
    return changed, EncodedImage(torch.randn(1, 64, 256, generator=torch.Generator().manual_seed(number)))


@pytest.fixture(scope="module")
def preset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return talking_preset(tmp_path_factory.mktemp("preset"))


@pytest.fixture(scope="module")
def model(preset: Path) -> MiniLVLM:
    config = LanguageConfig(kind="local", name=str(preset / "llama"))
    return MiniLVLM.load(config, preset / "language", 256, towers(), torch.float32, DecodingOptions(max_new_tokens=12))


def towers() -> dict[str, str]:
    return Assistant.load("tiny").detector.clip.hashes


def talked(model: MiniLVLM, number: int, **told: Any) -> list[str]:
    dialogue = model.open(*seen(number))
    return [model.answer(dialogue, q, **told) for q in QUESTIONS]


def test_it_is_a_language_model_and_greedy(model: MiniLVLM) -> None:
    assert isinstance(model, BatchLanguageModel)
    assert talked(model, 1) == talked(model, 1)


def test_what_is_shown_changes_the_words(model: MiniLVLM) -> None:
    said = {evidence: talked(model, 1, evidence=evidence)[0] for evidence in ("off", "text", "embeddings", "both")}
    assert len(set(said.values())) > 2
    assert talked(model, 1) != talked(model, 2)


def test_conversations_written_together_are_those_written_alone(model: MiniLVLM) -> None:
    begins = ["", "Yes, it does look", "No"]
    alone, together = ([model.open(*seen(n)) for n in (1, 2, 3)] for _ in range(2))
    for question, starts in zip(QUESTIONS, ((), begins, ()), strict=True):
        one = [model.answer(s, question, begin=b) for s, b in zip(alone, starts or [""] * 3, strict=True)]
        assert model.answer_together(together, question, begins=starts) == one
        assert [s.talk.ids for s in together] == [s.talk.ids for s in alone]
        assert [s.talk.ended for s in together] == [s.talk.ended for s in alone]
    assert len({len(s.talk.ids) for s in together}) > 1  # so that some were padded
    assert model.answer(together[0], "And now?") == model.answer(alone[0], "And now?")


def test_a_batch_that_fails_leaves_the_conversations_as_they_were(
    model: MiniLVLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialogues = [model.open(*seen(n)) for n in (1, 2)]
    model.answer_together(dialogues, QUESTIONS[0])
    before = [list(s.talk.ids) for s in dialogues]

    def no_room(*_: Any, **__: Any) -> None:
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(model.parts.model, "generate", no_room)
        with pytest.raises(MemoryError):
            model.answer_together(dialogues, QUESTIONS[1])
    assert [s.talk.ids for s in dialogues] == before


def test_kept_turns_equal_fresh_ones(model: MiniLVLM) -> None:
    dialogue = model.open(*seen(1))
    for question in QUESTIONS:
        kept = model.answer(dialogue, question)
        ids, before = list(dialogue.talk.ids), dialogue.talk.before
        fresh = model.open(*seen(1))
        fresh.evidence, fresh.talk.ids, fresh.talk.fixed = "both", ids[:before], dialogue.talk.fixed
        if before:
            assert model.answer(fresh, question) == kept
            assert fresh.talk.ids == ids
    logits = []
    for past in (dialogue.talk.cache, None):
        known = dialogue.talk.cached
        given = torch.tensor([[*known, 9, 10]])
        with (
            torch.no_grad(),
            model.parts.shown(
                [dialogue.shown.image] if past is None else [torch.zeros(0, 32)],
                [dialogue.shown.prompts] if past is None else [torch.zeros(0, 32)],
            ),
        ):
            logits.append(model.parts.model(given[:, len(known) if past else 0 :], past_key_values=past).logits[0, -2:])
    torch.testing.assert_close(logits[0], logits[1], atol=1e-4, rtol=1e-4)


def test_later_turns_compute_the_new_ids_alone(model: MiniLVLM) -> None:
    dialogue, lengths = model.open(*seen(1)), []
    handle = model.parts.model.get_input_embeddings().register_forward_hook(
        lambda m, a, o: lengths.append(a[0].shape[1])
    )
    try:
        model.answer(dialogue, QUESTIONS[0])
        first = max(lengths)
        lengths.clear()
        model.answer(dialogue, QUESTIONS[1])
    finally:
        handle.remove()
    assert max(lengths) < first / 3


def test_interleaved_and_threaded_sessions_never_mix(model: MiniLVLM) -> None:
    alone = {number: talked(model, number) for number in range(4)}
    dialogues = {number: model.open(*seen(number)) for number in range(4)}
    for i, question in enumerate(QUESTIONS):
        for number, dialogue in dialogues.items():
            assert model.answer(dialogue, question) == alone[number][i]
    said: dict[int, list[str]] = {}
    threads = [threading.Thread(target=lambda n=n: said.update({n: talked(model, n)})) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said == alone


def test_begin_and_undo(model: MiniLVLM) -> None:
    dialogue = model.open(*seen(1))
    first = model.answer(dialogue, QUESTIONS[0])
    ids = list(dialogue.talk.ids)
    dialogue.talk.undo()
    assert model.answer(dialogue, QUESTIONS[0], begin="Yes, it is.").startswith("Yes, it is.")
    dialogue.talk.undo()
    assert model.answer(dialogue, QUESTIONS[0]) == first
    assert dialogue.talk.ids == ids
    assert not set(model.parts.reserved) & set(ids[dialogue.talk.fixed :])


def test_stopping_and_leaving_keep_the_conversation_usable(model: MiniLVLM) -> None:
    dialogue, stop = model.open(*seen(1)), threading.Event()
    stop.set()
    model.answer(model.open(*seen(1)), QUESTIONS[0])
    pieces = list(model.stream(dialogue, QUESTIONS[0], stop=stop))
    assert len("".join(pieces)) <= 4
    stream = model.stream(dialogue, QUESTIONS[1])
    next(stream, None)
    stream.close()
    assert dialogue.talk.ids[-1] == model.parts.renderer.end_ids[-1]
    assert model.answer(dialogue, QUESTIONS[2])


def test_an_error_of_the_worker_reaches_the_reader(model: MiniLVLM, monkeypatch: pytest.MonkeyPatch) -> None:
    dialogue = model.open(*seen(1))
    with monkeypatch.context() as patch:
        patch.setattr(model.parts.model, "generate", lambda **_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            model.answer(dialogue, QUESTIONS[0])
    assert dialogue.talk.ids == []
    assert [model.answer(dialogue, q) for q in QUESTIONS] == talked(model, 1)


def test_evidence_is_fixed_by_the_first_question(model: MiniLVLM) -> None:
    dialogue = model.open(*seen(1))
    model.answer(dialogue, QUESTIONS[0], evidence="text")
    with pytest.raises(ConfigError, match="evidence text as before, got both"):
        model.answer(dialogue, QUESTIONS[1])
    with pytest.raises(ConfigError, match="the encoded picture"):
        model.open(seen(1)[0])


def test_an_assistant_with_parts_talks_through_them(preset: Path, pixels: np.ndarray) -> None:
    assistant = Assistant.load(preset)
    found = assistant.inspect(QueryImage(pixels, "part"))
    talk = assistant.open(found, "both")
    every = list(talk.stream("Where?"))
    assert every[-1].question == "Where?"
    assert every[-1] == list(assistant.stream(found, "Where?", evidence="both"))[-1]
    assert [a.text for a in assistant.ask(found, ["Where?", "Why?"], evidence="both")] == [
        every[-1].text,
        talk.ask("Why?").text,
    ]
    assert type(talk.model) is MiniLVLM
    again = QueryImage(pixels, "part")
    other = Inspection(**{**found.__dict__, "image": again})
    assert assistant.ask(other, ["Where?"], evidence="both")[0].text == every[-1].text


def test_other_towers_are_refused_at_the_first_question(preset: Path) -> None:
    assistant = Assistant.load(preset)
    with pytest.raises(WeightsError, match="made for these towers"):
        load_language_model(assistant.preset, preset, 256, {"vision": "other"})


def test_the_map_of_a_large_picture_is_read_by_its_areas() -> None:
    scores = np.random.default_rng(8).random((20, 30), np.float32)
    large = PaintedMap((1600, 2400), [Layer(scores, (80, 80))])
    read = resize_map(torch.from_numpy(read_scores(large))[None, None])
    assert read_scores(large).size < 10_000
    assert torch.allclose(read, resize_map(torch.from_numpy(large.scores)[None, None]), atol=0.02)
    small = AnomalyMap(scores)
    assert read_scores(small) is small.scores
