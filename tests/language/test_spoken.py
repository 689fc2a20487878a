"""A conversation led from the facts: a model's sentences are held against them before they are shown; nothing is taken back."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from assistant.language.interface import EvidenceKind, TokenDialogue
from assistant.language.spoken import Spoken, numbers_of
from assistant.reading.question import read_question
from assistant.types import Inspection
from assistant.vocabulary.knowledge import load_knowledge
from tests.inspections import inspection, region

CRACKED = inspection(0.93, (region(1, ("top left",), "crack", 0.72, 0.031, 0.97),), "metal plate")
TRUE = "Usual causes of a crack are overload or impact, or fatigue."
WHY = "What could have caused the crack?"


class Writer:
    """A model that writes what it is given, word by word."""

    def __init__(self, text: str) -> None:
        self.text, self.heard, self.words = text, list[str](), 0

    def open(self, inspection: Inspection, encoded: Any = None) -> TokenDialogue:
        return TokenDialogue(inspection, None)

    def stream(
        self, dialogue: TokenDialogue, question: str, *, stop: threading.Event | None = None, evidence: EvidenceKind = "both",
        begin: str = "",
    ) -> Iterator[str]:  # fmt: skip
        self.heard.append(question)
        dialogue.talk.before = len(dialogue.talk.ids)
        dialogue.talk.ids += [1]
        read = False
        try:
            for word in self.text.split(" "):
                self.words += 1
                yield f" {word}" if "|" not in word else word.replace("|", "")
            dialogue.talk.ended = read = True
        finally:
            if stop is not None and not read:
                stop.set()

    def answer(
        self, dialogue: TokenDialogue, question: str, *, evidence: EvidenceKind = "both", begin: str = ""
    ) -> str:
        return self.text


def shown(model: Writer, question: str, found: Inspection = CRACKED) -> list[str]:
    """Every state of the answer that somebody would see."""
    talk = Spoken(found, load_knowledge())
    return [a.text for a in talk.answers(read_question(question), lambda: (model, model.open(found)))]


def test_a_models_sentence_that_holds_is_shown() -> None:
    assert shown(Writer(TRUE), WHY)[-1] == TRUE


@pytest.mark.parametrize(
    "wrong",
    [
        "The scratch is at the bottom right, which comes from rain.",
        "No, the plate is rated minor.",
        "Usual causes of a crack are overload or impact, 37 % of them.",
        "A wandering moon drew purple elephants across quiet meadows.",
        "Region 7 was made by overload or impact.",
    ],
)
def test_a_sentence_that_fails_is_never_seen(wrong: str) -> None:
    states = shown(Writer(wrong), WHY)
    assert all(wrong.split()[0] not in state or "usual causes" in state.lower() for state in states)
    assert "overload or impact" in states[-1]
    assert wrong not in " ".join(states)


def test_what_was_shown_is_never_taken_back() -> None:
    states = shown(Writer(f"{TRUE} The scratch is at the bottom right. {TRUE}"), WHY)
    assert all(later.startswith(earlier) for earlier, later in pairwise(states))
    assert states[-1] == TRUE, "it is not heard any further after a sentence that fails"


def test_a_model_that_is_not_heard_to_its_end_stops_and_stops_nobody_else() -> None:
    stop, model = threading.Event(), Writer(f"The scratch is at the bottom right. {TRUE * 20}")
    dialogue = model.open(CRACKED)
    talk = Spoken(CRACKED, load_knowledge())
    *_, last = talk.answers(read_question(WHY), lambda: (model, dialogue), stop)
    assert "usual causes" in last.text.lower()
    assert not stop.is_set(), "the answer is whole: it was not the user who stopped it"
    assert model.words < 12
    assert dialogue.talk.ids == [], "what nobody saw is no part of the conversation"


def test_a_decimal_point_at_the_end_of_a_piece_ends_no_sentence() -> None:
    said = "Usual causes of a crack at 3. |1 % are overload or impact, or fatigue."
    assert shown(Writer(said), WHY)[-1] == said.replace(" |", "")


def test_other_acts_are_answered_at_once_and_without_the_model() -> None:
    model = Writer(TRUE)
    assert len(shown(model, "Is it OK to ship?")) == 1
    assert shown(model, "Is it OK to ship?")[0].startswith("I would hold it back")
    assert model.heard == []


def test_a_reply_is_taken_back_with_what_it_was_about() -> None:
    talk = Spoken(inspection(0.9, (region(1), region(2, ("centre",), "dent"))), load_knowledge())
    list(talk.answers(read_question("How bad is region 2?")))
    (about_two,) = talk.answers(read_question("How big is it?"))
    assert about_two.text.startswith("Region 2")
    talk.undo()
    talk.undo()
    assert talk.replies == []
    talk.undo()


def test_numbers_compare_by_their_value() -> None:
    assert numbers_of("0.860 and 1.0") == numbers_of(".86 and 1")
