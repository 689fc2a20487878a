"""A picture is a scan of a patient where somebody states it, never by a stray word."""

from __future__ import annotations

import pytest

from assistant.language.spoken import Spoken
from assistant.reading.acts import understanding
from assistant.reading.question import read_question
from assistant.reading.told.told_domain import told_scan
from assistant.types import Domain
from assistant.vocabulary.knowledge import load_knowledge
from tests.inspections import inspection, region

STATED = (
    "this is a brain mri",
    "it's a mammogram of a woman of fifty",
    "what stands out on this chest x-ray?",
    "that is a scan",
    "well, it is an axial ct slice",
    "my knee x-ray, is it broken?",
    "treat it as medical please",
)
STRAY = (
    "is it bad for the patient?",
    "a patient complained about this tablet",
    "could users be hurt, a doctor asks?",
    "is there a lesion or a tumour in the casting?",
    "this is a ct scan of the weld",
    "this is the x-ray tube housing",
    "is this a scan?",
    "the radiologist next door says hello, is it biopsy needles you make?",
    "scan the barcode",
    "this slice of bread is burnt",
)


@pytest.fixture(autouse=True)
def by_words_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is asked is read without the sentence tower, which not every machine has."""
    monkeypatch.setattr(understanding, "sentence_tower", lambda: None)


@pytest.mark.parametrize("said", STATED)
def test_a_scan_that_is_stated_is_one(said: str) -> None:
    assert told_scan(said) is True


@pytest.mark.parametrize("said", STRAY)
def test_a_stray_word_states_nothing(said: str) -> None:
    assert told_scan(said) is None


@pytest.mark.parametrize("said", ["this is not a scan", "it's a casting, not an mri", "no, that isn't an x-ray"])
def test_a_scan_that_is_denied_is_none(said: str) -> None:
    assert told_scan(said) is False


def test_the_words_of_scans_last_from_the_statement_until_it_is_taken_back() -> None:
    spoken = Spoken(inspection(0.9, (region(1, kind="crack"),), "brake disc"), load_knowledge())

    def said(text: str) -> str:
        *_, last = spoken.answers(read_question(text))
        return last.text

    for stray in STRAY:
        said(stray)
    assert "qualified reader" not in said("is it ok?")
    said("this is a brain mri")
    assert "qualified reader" in said("is it ok?")
    said("sorry, that is not a scan")
    assert "qualified reader" not in said("is it ok?")


def test_what_the_file_says_is_not_taken_back() -> None:
    spoken = Spoken(inspection(0.9, (region(1, kind="mass"),), None, Domain.MEDICAL), load_knowledge())
    *_, _ = spoken.answers(read_question("this is not a scan"))
    *_, last = spoken.answers(read_question("is it ok to release?"))
    assert "reader" in last.text


@pytest.mark.parametrize(
    "question", ["is it bad for the patient?", "can it hurt a child?", "would you treat a patient with it?"]
)
def test_harm_asked_of_a_part_is_no_matter_of_treatment(question: str) -> None:
    *_, last = Spoken(inspection(0.13, (), "tablet"), load_knowledge()).answers(read_question(question))
    assert "Treatment is" not in last.text
    assert "qualified reader" not in last.text
    assert "does not mean that nothing is there" in last.text
