"""Where harm, recall, release or a doubt is spoken of, a normal verdict is said to be no all-clear, and who decides."""

from __future__ import annotations

import re

import pytest

from assistant.language.spoken import Spoken
from assistant.reading.acts import understanding
from assistant.reading.faithfulness import contradicts
from assistant.reading.question import read_question
from assistant.types import Domain, Inspection
from assistant.vocabulary.knowledge import load_knowledge
from assistant.words.replies.verdicts import NOT_ABSENT
from tests.inspections import inspection, regions

TABLET = inspection(0.13, (), "tablet")
COMFORT = re.compile(
    r"nothing to expect|nothing needs to be done|speaks against it|calls for it|not even this one", re.IGNORECASE
)
"""What must not be said of a picture in which nothing was found."""
DECIDES = re.compile(r"\bdecides?\b|looked at|reader")
HARM = (
    "What does it lead to?",
    "Are there any consequences for users?",
    "Can somebody be harmed by a chipped tablet?",
    "Do we need to recall anything?",
    "Is it safe to swallow?",
    "Could a child be hurt by it?",
    "Shall we call the batch back or only this one?",
    "Can I release it?",
    "Is there a risk that we are sued?",
)
DOUBTS = (
    "that can't be right, look again",
    "i don't believe you, is it really good?",
    "are you sure? it looks chipped",
    "i see a chip, should i pass it?",
    "there is a chip, what should I do now?",
    "nonsense, check it again",
)


@pytest.fixture(autouse=True)
def by_words_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is asked is read without the sentence tower, which not every machine has."""
    monkeypatch.setattr(understanding, "sentence_tower", lambda: None)


def said(text: str, found: Inspection = TABLET) -> str:
    *_, last = Spoken(found, load_knowledge()).answers(read_question(text))
    assert not contradicts(last.text, found), last.text
    return last.text


@pytest.mark.parametrize("question", [*HARM, *DOUBTS])
@pytest.mark.parametrize("domain", [None, Domain.MEDICAL])
def test_a_normal_verdict_is_no_all_clear(question: str, domain: Domain | None) -> None:
    answer = said(question, inspection(0.13, (), "tablet", domain))
    assert not COMFORT.search(answer), answer
    assert NOT_ABSENT in answer.lower(), answer


@pytest.mark.parametrize("question", HARM)
def test_somebody_else_decides_on_harm_recall_and_release(question: str) -> None:
    assert DECIDES.search(said(question)), said(question)


@pytest.mark.parametrize(
    "question",
    ["what now?", "what should i do next?", "is it ok?", "can i ship it?", "what are the effects?", "is it dangerous?"],
)
def test_no_answer_to_a_normal_picture_comforts(question: str) -> None:
    answer = said(question)
    assert not COMFORT.search(answer), answer
    assert NOT_ABSENT in answer.lower(), answer


def test_yes_or_no_keeps_what_the_verdict_is_worth() -> None:
    assert NOT_ABSENT in said("Can I release it, yes or no?").lower()


def test_what_is_marked_needs_no_such_words() -> None:
    bad = inspection(0.9, regions(1), "tablet")
    assert NOT_ABSENT not in said("Can somebody be harmed by it?", bad).lower()
    assert NOT_ABSENT not in said("how is the score made?").lower()
