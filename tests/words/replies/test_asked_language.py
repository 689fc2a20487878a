"""An answer that is asked for in another language is in English, which is said once, in the form that is asked for."""

from __future__ import annotations

import pytest

from assistant.language.spoken import Spoken
from assistant.reading.acts import understanding
from assistant.reading.acts.languages import load_languages
from assistant.reading.question import read_question
from assistant.reading.told.asked_language import asked_language
from assistant.vocabulary.knowledge import load_knowledge
from tests.inspections import inspection, regions

GERMAN = load_languages()["de"].notice
FOUND = inspection(0.9, regions(1), "plate")
STATED = "The plate looks defective"


@pytest.fixture(autouse=True)
def by_words_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is asked is read without the sentence tower, which not every machine has."""
    monkeypatch.setattr(understanding, "sentence_tower", lambda: None)


def answers(*messages: str) -> list[str]:
    spoken = Spoken(FOUND, load_knowledge())
    return [[*spoken.answers(read_question(message))][-1].text for message in messages]


@pytest.mark.parametrize(
    ("message", "notice"),
    [
        ("Can you write me a short summary in german language?", "I answer in English only, not in German."),
        ("Summarise it in one sentence in French please", "I answer in English only, not in French."),
        ("Give me the summary in Swedish.", "I answer in English only, not in Swedish."),
        ("summary auf Deutsch bitte", GERMAN),
        ("answer in Spanish: summarise it", "I answer in English only, not in Spanish."),
        ("Reply in Italian. Summarise it.", "I answer in English only, not in Italian."),
        ("in Polish please, a summary", "I answer in English only, not in Polish."),
    ],
)
def test_it_is_said_that_the_answer_is_in_english(message: str, notice: str) -> None:
    (answer,) = answers(message)
    assert answer.startswith(notice), answer
    assert answer.count(notice) == 1
    assert STATED in answer


@pytest.mark.parametrize(
    "message",
    [
        "auf Deutsch",
        "auf Deutsch bitte",
        "kannst du das auf Deutsch sagen?",
        "antworte auf deutsch",
        "reply auf Deutsch",
    ],
)
def test_a_request_alone_gets_the_last_answer_again(message: str) -> None:
    before, again, once_more = answers("Where is it?", message, "reply in French please")
    assert again.startswith(GERMAN)
    assert again.endswith(before)
    assert once_more == f"I answer in English only, not in French. {before}"
    assert STATED in answers(message)[0]


@pytest.mark.parametrize(
    "message",
    [
        "is the label in German?",
        "was it made in Germany?",
        "is it written in French?",
        "where is it?",
        "a french fry is in the picture",
    ],
)
def test_a_language_of_something_else_is_none_that_is_asked_for(message: str) -> None:
    assert asked_language(message) is None
    assert "in English" not in answers(message)[0]
