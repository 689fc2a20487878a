"""Evidence text, captions and template answers: right, grammatical, cautious, and never against the verdict."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from typing import Literal

import pytest

from assistant.reading.faithfulness import contradicts, stated_verdict
from assistant.reading.intents import Intent
from assistant.reading.question import read_question
from assistant.types import Domain, Inspection, Mode
from assistant.vision.detail.overview import unseen
from assistant.vocabulary.knowledge import load_knowledge
from assistant.words.answer_checks import addresses, invented, left_unsaid
from assistant.words.evidence import caption, evidence_text
from assistant.words.template_answers import answer_from_evidence
from tests.inspections import KINDS, LESIONS, inspection, region, regions

KNOWLEDGE = load_knowledge()
QUESTIONS = (
    "Is anything wrong?",
    "Is it normal?",
    "Are there any defects?",
    "Is there a crack?",
    "How many regions are there?",
    "Where?",
    "What kind is it?",
    "How big is it?",
    "How bad is it, and what should I check next?",
    "Why did it happen?",
    "What are the effects?",
)


def many() -> list[Inspection]:
    """Every count 0..10 on both sides of the threshold, near and far, both domains."""
    return [
        inspection(score, regions(count, kinds), name, domain)
        for count, score, (kinds, domain, name) in itertools.product(
            range(11),
            (0.1, 0.45, 0.55, 0.93),
            ((KINDS, Domain.INDUSTRIAL, "metal plate"), (LESIONS, Domain.MEDICAL, "brain MRI"), (KINDS, None, None)),
        )
    ]


def test_a_caption_says_what_was_not_looked_for() -> None:
    whole = replace(inspection(0.1), warnings=unseen((3000, 4000), (21, 28)))
    assert "found; marks smaller than about 200 px were not looked for." in caption(whole, KNOWLEDGE)
    assert "looked for" not in caption(inspection(0.1), KNOWLEDGE)


def test_evidence_states_the_facts() -> None:
    found = (
        region(1, ("bottom right", "centre"), "crack", 0.8, 0.06, 0.98),
        region(2, ("top left",), "stain", 0.4, 0.0004, 0.6),
    )
    text = evidence_text(inspection(0.87, found, "tile", None, Mode.FEW_SHOT), KNOWLEDGE, reference_count=4)
    lines = text.splitlines()
    assert lines[0] == "Object: tile."
    assert "compared with 4 reference pictures" in lines[1]
    assert lines[2] == "Verdict: anomalous (clearly anomalous, score 0.87)."
    assert lines[3] == "Number of anomalous regions: 2."
    assert lines[4] == (
        "Region 1: crack (80 % sure), at the bottom right and the centre, 6.0 % of the picture, peak 0.98, "
        "severity critical."
    )
    assert "less than 0.1 %" in lines[5]
    assert lines[6].startswith("About crack: causes: overload or impact")
    assert len(lines) == 7


def test_evidence_tells_where_a_map_without_regions_is_highest() -> None:
    place = region(1, ("bottom left", "bottom centre"), None, None, 0.01, 0.42)
    told = evidence_text(replace(inspection(0.2), highest=place), KNOWLEDGE)
    assert "Highest score of the map: 0.42, at the bottom left." in told
    alike = evidence_text(replace(inspection(0.2), highest=replace(place, type="crack")), KNOWLEDGE)
    assert "at the bottom left, most like crack." in alike
    assert "Highest" not in evidence_text(inspection(0.2), KNOWLEDGE)


@pytest.mark.parametrize(
    ("score", "words"),
    [
        (0.0, "clearly normal"),
        (0.3, "probably normal"),
        (0.4, "borderline"),
        (0.6, "borderline"),
        (0.7, "probably anomalous"),
        (1.0, "clearly anomalous"),
    ],
)
def test_score_bands(score: float, words: str) -> None:
    assert f"({words}, score {score:.2f})" in evidence_text(inspection(score), KNOWLEDGE)


def test_captions_by_example() -> None:
    assert caption(inspection(0.1, (), "the lid"), KNOWLEDGE) == (
        "The picture of the lid looks normal; no anomalous region was found."
    )
    assert caption(inspection(0.9, regions(1), "screws"), KNOWLEDGE) == (
        "The picture of the screws looks anomalous: possibly a scratch at the top left."
    )
    nine = caption(inspection(0.9, regions(9)), KNOWLEDGE)
    assert nine.startswith("The picture looks anomalous; nine regions stand out: ")
    assert nine.endswith("and six more.")


def test_user_phrases_are_quoted() -> None:
    text = caption(inspection(0.9, (region(1, kind="missing solder"),)), KNOWLEDGE)
    assert 'something like "missing solder" at the top left' in text


@pytest.mark.parametrize("style", ["short", "full"])
def test_every_caption_agrees_with_its_inspection(style: Literal["short", "full"]) -> None:
    for case in many():
        text = caption(case, KNOWLEDGE, style)
        assert stated_verdict(text) is case.verdict, text
        assert not contradicts(text, case), text
        assert text == caption(case, KNOWLEDGE, style)


@pytest.mark.parametrize("style", ["short", "full"])
def test_every_caption_is_grammatical(style: Literal["short", "full"]) -> None:
    for case in many():
        text = caption(case, KNOWLEDGE, style)
        assert not re.search(
            r"\b(one regions|(two|three|nine|\d\d) region)\b|\bregions stands|\bregion stand\b", text
        ), text
        assert not re.search(r"\ba [aeio]|\ban [^aeio]|  |\.\.| ,|,,", text), text
        assert re.match(r"[A-Z]", text)
        assert text.endswith(".")
        assert not re.search(r"\b(a|an) (corrosion|contamination|fluid|exudate|atrophy)\b", text), text


def test_uncertainty_is_named() -> None:
    assert "uncertain" in caption(inspection(0.55, regions(1)), KNOWLEDGE)
    assert "uncertain" not in caption(inspection(0.75, regions(1)), KNOWLEDGE)
    sure, unsure = region(1, kind="dent", probability=0.8), region(1, kind="dent", probability=0.3)
    assert "possibly a dent" in caption(inspection(0.9, (unsure,)), KNOWLEDGE)
    assert "possibly" not in caption(inspection(0.9, (sure,)), KNOWLEDGE)


def test_medical_by_domain_or_by_lesion() -> None:
    lesion = (region(1, kind="mass", probability=0.9),)
    for case in (inspection(0.9, lesion), inspection(0.1, (), None, Domain.MEDICAL)):
        assert "not a diagnosis" in caption(case, KNOWLEDGE)
        assert "not a diagnosis" in evidence_text(case, KNOWLEDGE)
    assert "suggestive of a mass" in caption(inspection(0.9, lesion), KNOWLEDGE)
    assert "defect" not in caption(inspection(0.9, lesion), KNOWLEDGE, "full")
    assert "diagnosis" not in caption(inspection(0.9, lesion, None, Domain.INDUSTRIAL), KNOWLEDGE)


def test_full_caption_tells_the_mode() -> None:
    for mode, words in (
        (Mode.ZERO_SHOT, "without reference"),
        (Mode.FEW_SHOT, "against reference"),
        (Mode.MUTUAL, "same run"),
    ):
        assert words in caption(inspection(0.9, regions(2), mode=mode), KNOWLEDGE, "full")


@pytest.mark.parametrize("question", QUESTIONS)
def test_template_answers_agree_and_address(question: str) -> None:
    for case in many():
        text = answer_from_evidence(read_question(question), case, KNOWLEDGE)
        assert text is not None
        assert not contradicts(text, case, read_question(question)), (question, text)
        assert addresses(text, read_question(question), case, KNOWLEDGE), (question, text)


def test_template_answers_by_example() -> None:
    one = inspection(0.93, (region(1, ("top left",), "scratch", 0.72, 0.031, 0.97),), "plate")

    def said(question: str) -> str | None:
        return answer_from_evidence(read_question(question), one)

    assert said("Is anything wrong?") == "Yes, the picture looks anomalous: there is a scratch at the top left."
    assert said("Is it normal?") == "No, the picture looks anomalous: there is a scratch at the top left."
    assert said("Where is it?") == "The region is at the top left."
    assert said("What kind is it?") == "The region is a scratch (72 % sure)."
    assert said("How large is it?") == "The region covers 3.1 % of the picture."
    assert said("Is there a crack?") == "No crack was found. The picture looks anomalous, and one region stands out."
    assert said("Where is region 3?") == "There is no such region: one region stood out."
    assert said("What is the serial number?") == "The picture and its anomaly map do not tell that."
    assert said("Tell me a story.") is None


def test_pointed_region() -> None:
    two = inspection(0.9, (region(1, ("top left",)), region(2, ("bottom right",), "stain")))
    assert answer_from_evidence(read_question("Where is region 2?"), two) == "The region is at the bottom right."
    assert (
        answer_from_evidence(read_question("And what kind is the other one?"), two)
        == "The region is a stain (70 % sure)."
    )


@pytest.mark.parametrize(
    ("question", "intents"),
    [
        ("Is anything wrong?", [Intent.PRESENCE]),
        ("How many defects are there?", [Intent.COUNT]),
        ("Where is the defect?", [Intent.WHERE]),
        ("What type of defect is it?", [Intent.TYPE]),
        ("How bad is it, and what should I check next?", [Intent.SEVERITY, Intent.NEXT_STEP]),
        ("What causes this?", [Intent.CAUSE]),
        ("Who made it?", [Intent.UNANSWERABLE]),
        ("Thank you", []),
    ],
)
def test_intents(question: str, intents: list[Intent]) -> None:
    assert list(read_question(question).intents) == intents


def test_invented_share() -> None:
    assert invented("The region is at the top left.", "Region 1: top left") == 0
    assert invented("The picture was taken in a hospital in Norway.", "Region 1: top left") > 0.4


@pytest.mark.parametrize(
    ("question", "defect", "normal"),
    [
        ("Where is it?\nA. centre\nB. top left\nC. nowhere\nOne letter.", "Top left (B).", "Nowhere (C)."),
        ("Is there any defect in the object?\nA. No.\nB. Yes.\nAnswer.", "Yes (B).", "No (A)."),
        ("What is known of it: it is a plate.\nIs there any defect?\nA. Yes\nB. No", "Yes (A).", "No (B)."),
        ("What is the type of the defect?\nA. crack\nB. scratch\nC. none", "Scratch (B).", "None (C)."),
    ],
)
def test_the_one_option_that_agrees_is_the_answer(question: str, defect: str, normal: str) -> None:
    one = inspection(0.93, (region(1, ("top left",), "scratch", 0.7),), "plate", Domain.MEDICAL)
    assert answer_from_evidence(read_question(question), one, KNOWLEDGE) == defect
    assert (
        answer_from_evidence(read_question(question), inspection(0.1, (), "plate", Domain.MEDICAL), KNOWLEDGE) == normal
    )
    assert not contradicts(defect, one, read_question(question))
    assert contradicts(normal, one, read_question(question))


def test_what_an_answer_passes_over_is_told_from_the_evidence() -> None:
    one = inspection(0.93, (region(1, ("top left",), "scratch", 0.7, 0.031),), "plate")
    question = "How bad is it, and what should I check next?"
    severity, step = left_unsaid("It is at the top left.", read_question(question), one, KNOWLEDGE)
    assert one.regions[0].severity.value in severity
    assert left_unsaid(f"It is rated {one.regions[0].severity.value}.", read_question(question), one, KNOWLEDGE) == [
        step
    ]
    assert left_unsaid(f"{severity} {step}", read_question(question), one, KNOWLEDGE) == []
    assert not contradicts(f"{severity} {step}", one, read_question(question))
    assert left_unsaid("It is rated major.", read_question("How bad is it?"), inspection(0.1), KNOWLEDGE) == []
    assert left_unsaid("I cannot tell that from the picture.", read_question("How bad is it?"), one, KNOWLEDGE) == []
    assert left_unsaid("There is no crack.", read_question("What caused the crack?"), one, KNOWLEDGE) == []


@pytest.mark.parametrize(
    "question",
    [
        "Is there blood in the picture?",
        "Could a high temperature have caused it?",
        "Is it just noise?",
        "Is it chemical damage?",
    ],
)
def test_what_can_be_seen_or_reasoned_is_not_called_unanswerable(question: str) -> None:
    assert Intent.UNANSWERABLE not in read_question(question).intents
