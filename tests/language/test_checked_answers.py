"""Faithfulness in one place: contradictions are asked again from the facts, and marked where they stay."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from assistant.language.checked_answers import NOTE, answers_together, checked_answer, finished, stream_answer
from assistant.language.interface import EvidenceKind, TokenDialogue
from assistant.reading.question import read_question
from assistant.reading.refusals import declines
from assistant.types import Domain, Inspection, Mode
from assistant.vocabulary.knowledge import load_knowledge
from tests.inspections import inspection, region, regions

ONE = inspection(0.93, (region(1, ("top left",), "scratch", 0.72, 0.031, 0.97),), "metal plate")
FACT = "Yes, the picture looks anomalous: there is a scratch at the top left."


class Spoken:
    """Says the words it is given, in order, after what it is made to begin with."""

    def __init__(self, *words: str) -> None:
        self.words, self.begun, self.dialogues = list(words), list[str](), list[TokenDialogue]()

    def open(self, inspection: Inspection, encoded: Any = None) -> TokenDialogue:
        return TokenDialogue(inspection, None)

    def stream(
        self, dialogue: TokenDialogue, question: str, *, stop: threading.Event | None = None, evidence: EvidenceKind = "both",
        begin: str = "",
    ) -> Iterator[str]:  # fmt: skip
        self.begun.append(begin)
        self.dialogues.append(dialogue)
        dialogue.talk.before = len(dialogue.talk.ids)
        dialogue.talk.ids += [1]
        yield begin
        yield from self.words.pop(0).split(" ")

    def answer(
        self, dialogue: TokenDialogue, question: str, *, evidence: EvidenceKind = "both", begin: str = ""
    ) -> str:
        return " ".join(self.stream(dialogue, question, evidence=evidence, begin=begin))

    def answer_together(
        self,
        dialogues: Sequence[TokenDialogue],
        question: str,
        *,
        evidence: EvidenceKind = "both",
        begins: Sequence[str] = (),
    ) -> list[str]:
        starts = begins or [""] * len(dialogues)
        return [self.answer(s, question, evidence=evidence, begin=b) for s, b in zip(dialogues, starts, strict=True)]


class Spaced(Spoken):
    def stream(self, *arguments: Any, **options: Any) -> Iterator[str]:
        for piece in super().stream(*arguments, **options):
            yield f"{piece} "


def said(model: Spoken, question: str = "Is anything wrong?", about: Inspection = ONE) -> Any:
    return checked_answer(model, model.open(about), read_question(question), load_knowledge())


def test_words_that_hold_are_given_as_they_are() -> None:
    model = Spaced("Yes, a scratch at the top left.")
    answer = said(model)
    assert "scratch at the top left." in answer.text
    assert answer.stated_verdict is ONE.verdict
    assert not answer.contradictory
    assert model.begun == [""]


def test_a_contradiction_is_asked_once_more_from_the_facts() -> None:
    model = Spaced("No, it is normal.", "")
    answer = said(model)
    assert model.begun == ["", FACT]
    assert answer.text == FACT
    assert not answer.contradictory


def test_a_contradiction_that_stays_is_marked() -> None:
    model = Spaced("No, it is normal.", "But it is at the bottom right.")
    dialogue = model.open(ONE)
    answer = checked_answer(model, dialogue, read_question("Is anything wrong?"), load_knowledge())
    assert answer.contradictory
    assert answer.text.endswith(NOTE)
    assert dialogue.talk.ids == [1]


def test_a_question_without_facts_is_not_asked_again() -> None:
    model = Spaced("The defect is at the bottom right.")
    answer = said(model, "Write me a song.")
    assert model.begun == [""]
    assert answer.text.endswith(NOTE)


def test_answers_grow_and_the_last_is_checked() -> None:
    model = Spaced("No, it is normal.", "")
    every = list(stream_answer(model, model.open(ONE), read_question("Is anything wrong?"), load_knowledge()))
    assert any(a.text.startswith("No") for a in every)
    assert every[-1].text == FACT
    assert every[-1].stated_verdict is not None


def test_what_is_passed_over_is_added_once_it_holds() -> None:
    question = "Where is it, and what should I check next?"
    whole = said(Spaced("It is at the top left."), question)
    assert whole.text.startswith("It is at the top left. ")
    assert "Next," in whole.text
    assert not whole.contradictory
    wrong = said(Spaced("It is at the bottom right.", "It is at the bottom right."), question)
    assert wrong.text.endswith(NOTE)


def test_a_stopped_answer_is_not_asked_again() -> None:
    model, stop = Spaced("No, it is normal."), threading.Event()
    stop.set()
    every = list(
        stream_answer(model, model.open(ONE), read_question("Is anything wrong?"), load_knowledge(), stop=stop)
    )
    assert every[-1].contradictory
    assert model.begun == [""]


def test_medical_answers_carry_the_notice() -> None:
    lesion = inspection(0.9, regions(1, ("mass",)), "brain MRI", Domain.MEDICAL)
    assert said(Spaced("The region is possibly a mass."), "What kind is it?", lesion).text.endswith("not a diagnosis.")


@pytest.mark.parametrize(
    ("text", "ended", "kept"),
    [
        ("B", True, "B"),
        ("One. Two", False, "One."),
        (" One two", False, "One two"),
        ("3.1 % of it", False, "3.1 % of it"),
        ("A stain, a dent and", False, "A stain."),
    ],
)
def test_what_was_cut_ends_with_a_sentence(text: str, ended: bool, kept: str) -> None:
    assert finished(text, ended) == kept


CHOICE = "Where is it? Answer with the letter only.\nA. centre\nB. top left"


def test_options_are_asked_in_words_and_given_as_wanted() -> None:
    model = Spaced("Top left (B).", "Top left (B).")
    asked: list[str] = []
    stream = model.stream
    model.stream = lambda dialogue, question, **more: asked.append(question) or stream(dialogue, question, **more)  # type: ignore[method-assign,func-returns-value]
    answer = said(model, CHOICE)
    assert answer.text == "B"
    assert answer.question == CHOICE
    assert asked == ["Where is it?\nA. centre\nB. top left\nAnswer with the option."]
    assert said(model, CHOICE.replace(" Answer with the letter only.", "")).text == "Top left (B)."


def test_a_wrong_option_is_asked_again_from_the_one_that_fits() -> None:
    model = Spaced("Centre (A).", "")
    answer = said(model, CHOICE.replace("only", ""))
    assert model.begun == ["", "Top left (B)."]
    assert answer.text == "Top left (B)."
    assert not answer.contradictory


def test_words_that_are_no_option_are_asked_again() -> None:
    model = Spaced("Somewhere else.", "")
    assert said(model, CHOICE).text == "B"
    assert model.begun == ["", "Top left (B)."]


def test_what_no_picture_tells_is_not_answered() -> None:
    model = Spaced("It is not expensive.", "", "I cannot tell the price from a picture.")
    for _ in range(2):
        answer = said(model, "How expensive is it?")
        assert declines(answer.text)
        assert not answer.contradictory
    assert len(model.begun) == 3
    normal = inspection(0.05)
    assert declines(said(Spaced("No, the picture looks normal.", ""), "Is it noisy?", normal).text)
    assert said(Spaced("There is no crack."), "How deep is the crack?", normal).text == "There is no crack."


@pytest.mark.parametrize(
    ("mode", "words", "begun"),
    [
        (
            Mode.FEW_SHOT,
            "No reference picture was given.",
            "Compared with the reference pictures, the picture looks anomalous",
        ),
        (
            Mode.ZERO_SHOT,
            "Compared with the reference, it differs.",
            "No reference picture was given; judged by itself, the",
        ),
    ],
)
def test_references_are_neither_denied_nor_made_up(mode: Mode, words: str, begun: str) -> None:
    about = replace(ONE, mode=mode)
    model = Spaced(words, "")
    answer = said(model, "Compare it with the reference.", about)
    assert model.begun[1].startswith(begun)
    assert answer.text == model.begun[1]
    assert not answer.contradictory


def test_of_a_batch_only_the_answers_that_do_not_hold_are_written_again() -> None:
    model = Spoken("Yes, a scratch.", "No, the picture looks normal.", "No, it is fine.", "")
    about = [ONE, ONE, replace(ONE, image_score=0.1, regions=())]
    dialogues = [model.open(one) for one in about]
    answers = answers_together(model, dialogues, read_question("Is anything wrong?"), load_knowledge())
    assert model.begun == ["", "", "", FACT]
    assert model.dialogues == [*dialogues, dialogues[1]]
    assert [a.contradictory for a in answers] == [False, False, False]
    assert FACT in answers[1].text
    assert [a.stated_verdict for a in answers] == [one.verdict for one in about]
    assert [s.talk.ids for s in dialogues] == [[1]] * 3
