"""What is asked of what is not marked cannot be told; it is never said that there is nothing."""

from __future__ import annotations

import re

import pytest

from assistant.language.spoken import Spoken
from assistant.reading.acts import understanding
from assistant.reading.acts.act import Act
from assistant.reading.faithfulness import contradicts
from assistant.reading.question import read_question
from assistant.types import Domain
from assistant.vocabulary.knowledge import load_knowledge
from assistant.words.replies import verdicts
from assistant.words.replies.verdicts import NOT_ABSENT
from tests.inspections import inspection
from tests.words.replies.test_reply import told

CLEAN = inspection(0.13, (), "ferrite core")
DENIED = re.compile(
    r"nothing (?:to|needs|wrong)|no (?:further )?(?:check|action|step) (?:is )?(?:needed|required)|looks as it should"
    r"|is (?:fine|safe(?! or)|intact)"
)
ASKED = (
    (Act.SIZE, "how big is it?", "I cannot measure it: nothing is marked on the ferrite core"),
    (Act.LENGTH, "how long is it?", "I cannot measure it"),
    (Act.TYPE, "what kind is it?", "What kind it is I cannot tell"),
    (Act.SEVERITY, "how bad is it?", "How bad it is I cannot rate"),
    (Act.WHERE, "where is it?", "I cannot point to it"),
    (Act.LIST_REGIONS, "list all", "The list is empty"),
    (Act.APPEARANCE, "what does it look like?", "I cannot describe it"),
    (Act.ORIENTATION, "which way does it run?", "Which way it runs I cannot tell"),
    (Act.SPREAD, "are they clustered?", "How they lie to each other I cannot tell"),
    (Act.CAUSE, "what causes it?", "What causes it I cannot tell"),
    (Act.EFFECT, "what does it lead to?", "What it leads to I cannot tell"),
    (Act.PREVENT, "how is it avoided?", "How it is avoided I cannot tell"),
)


@pytest.mark.parametrize("domain", [None, Domain.MEDICAL])
@pytest.mark.parametrize(("act", "question", "begins"), ASKED)
def test_it_is_said_that_it_cannot_be_told_and_not_that_there_is_nothing(
    act: Act, question: str, begins: str, domain: Domain | None
) -> None:
    found = inspection(0.13, (), "ferrite core", domain)
    text = told(found, (act, question)).text
    assert begins.replace("on the", "in the" if domain else "on the") in text
    assert NOT_ABSENT in text.lower()
    assert verdicts.DRAW in text or verdicts.DRAW_SCAN in text or re.search(r"decides", text)
    assert not contradicts(text, found), text


@pytest.mark.parametrize("act", list(Act))
def test_no_reply_denies_what_somebody_sees(act: Act) -> None:
    for domain in (None, Domain.MEDICAL):
        said = told(inspection(0.13, (), "ferrite core", domain), (act, act.example)).text
        assert not DENIED.search(said.lower()), said


def test_a_kind_that_is_named_is_what_cannot_be_told() -> None:
    assert told(CLEAN, (Act.WIDTH, "how wide is the hole?")).text.startswith(
        "I cannot measure a hole: nothing is marked"
    )
    assert told(CLEAN, (Act.PRESENCE, "is there a hole?")).text.startswith(
        "No: neither a hole nor anything else was found"
    )


@pytest.fixture
def by_words_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(understanding, "sentence_tower", lambda: None)


@pytest.mark.usefixtures("by_words_alone")
def test_what_was_reported_is_meant_later_on() -> None:
    spoken = Spoken(CLEAN, load_knowledge())

    def said(text: str) -> str:
        *_, last = spoken.answers(read_question(text))
        assert not contradicts(last.text, CLEAN), last.text
        return last.text

    said("there's a hole near the bottom left")
    assert "nothing is marked at the bottom left" in said("how wide is the hole?")
    assert "No. No defect" not in said("is it good?")
    assert "nothing is marked at the bottom left" in said("so what should I do now?")
    assert said("can I ship it?").startswith(
        "Have what you saw looked at by hand first: nothing is marked at the bottom left"
    )
    assert said("so can I ship it, yes or no?").startswith("Not yet: have what you saw looked at by hand first")
