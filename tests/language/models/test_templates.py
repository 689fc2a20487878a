"""Answers without a language model: the evidence's own words, the same at every door."""

from __future__ import annotations

import threading

import pytest

from assistant.language.conversation import Conversation
from assistant.language.models.templates import TemplateLanguageModel
from assistant.pipeline import Assistant
from assistant.types import Inspection, Verdict
from demo.bench import conversations
from tests.conversations import alone
from tests.inspections import inspection, region, regions

ONE = inspection(0.93, (region(1, ("top left",), "scratch", 0.72, 0.031, 0.97),), "metal plate")
QUESTIONS = ["Is anything wrong?", "Where is region 1?", "Why?", "And how bad?", "Sing a song.", "What does it cost?"]


@pytest.fixture(scope="module")
def tiny() -> Assistant:
    return Assistant.load("tiny")


def talk(about: Inspection = ONE) -> Conversation:
    model = TemplateLanguageModel()
    return alone(model, about)


def test_the_library_and_the_page_answer_alike_without_a_language_model(
    tiny: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never() -> None:
        raise AssertionError("a language model was loaded")

    monkeypatch.setattr("assistant.language.models.prompted.PromptedLanguageModel", never)
    monkeypatch.setattr(conversations, "PAUSE", 0.0)
    for about in (ONE, inspection(0.05), inspection(0.8, regions(3))):
        page = conversations.open_conversation(tiny, about)
        shown = [list(page.stream(question))[-1] for question in QUESTIONS]
        assert tiny.ask(about, QUESTIONS) == shown
        assert tiny.ask_together([about, about], QUESTIONS) == [shown, shown]
        assert not any(answer.contradictory for answer in shown)


def test_words_follow_from_the_evidence() -> None:
    answer = talk().ask("Is anything wrong?")
    assert answer.text == "Yes, the picture looks anomalous: there is a scratch at the top left."
    assert answer.stated_verdict is Verdict.ANOMALOUS
    assert talk().ask("Sing a song.").text.startswith("The picture of the metal plate looks anomalous: ")


def test_an_answer_grows_word_by_word_and_stops() -> None:
    *growing, last = talk().stream("Where is it?")
    assert [a.text for a in growing] == [" ".join(last.text.split()[:n]) for n in range(1, len(last.text.split()))]
    stop, one = threading.Event(), talk()
    pieces = one.stream("Where is it?", stop=stop)
    assert next(pieces).text == "The"
    stop.set()
    assert [a.text for a in pieces] == ["The region"], "it ends with the next word"


def test_a_question_leans_on_the_one_before_it_until_that_is_taken_back() -> None:
    about = inspection(0.9, regions(3))
    one = talk(about)
    assert one.ask("How bad is region 1?").text == f"The region is rated {about.regions[0].severity.value}."
    assert one.ask("And region 2?").text == f"The region is rated {about.regions[1].severity.value}."
    assert one.ask("And region 2?").question == "And region 2?"
    one.undo()
    one.undo()
    one.undo()
    one.undo()
    assert one.ask("And region 2?") == talk(about).ask("And region 2?")
