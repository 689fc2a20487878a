"""A score that is close gets "hold and check"; words of a kind's name are that kind; a label is a kind's name, no writing."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from assistant.language.spoken import Spoken
from assistant.reading.acts import understanding
from assistant.reading.faithfulness import contradicts
from assistant.reading.question import read_question
from assistant.types import Inspection, Severity
from assistant.vocabulary.knowledge import load_knowledge
from assistant.words.scene.dialogue_state import DialogueState
from tests.inspections import inspection, region

STAIN = replace(region(1, ("top centre",), "stain", 0.54, area=0.003, peak=0.6), severity=Severity.MINOR)
CLOSE = inspection(0.51, (STAIN,), "casting")
MINOR = inspection(0.9, (STAIN,), "casting")
CLOSE_BELOW = inspection(0.47, (), "casting")
LEATHER = inspection(0.95, (region(1, ("bottom left",), "texture disruption", 0.79),), "leather")
CHANCES = ((("texture disruption", 0.79), ("pit", 0.13), ("hole", 0.004), ("discolouration", 0.02)),)
OFFERS = (
    "can i wipe it and take it again or do I need to scrap it?",
    "scrap or pass?",
    "accept or reject?",
    "throw it away or keep it?",
    "should I bin it or ship it?",
    "rework or scrap?",
    "release it or send it back as a reject?",
)
FINAL = re.compile(r'Rather "[^"]*(?:scrap|pass|accept|reject|away|keep|bin|ship|rework|release|again)')


QUOTED = re.compile(r'In my vocabulary, "[^.]*\.|Say "[^.]*\.')
"""Sentences about the user's words, which state nothing of the picture."""


@pytest.fixture(autouse=True)
def by_words_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is asked is read without the sentence tower, which not every machine has."""
    monkeypatch.setattr(understanding, "sentence_tower", lambda: None)


def talk(found: Inspection) -> Spoken:
    return Spoken(found, load_knowledge(), DialogueState(kind_chances=lambda: CHANCES if found is LEATHER else ()))


def said(text: str, found: Inspection, spoken: Spoken | None = None) -> str:
    *_, last = (spoken or talk(found)).answers(read_question(text))
    assert not contradicts(QUOTED.sub("", last.text), found), last.text
    return last.text


@pytest.mark.parametrize("question", OFFERS)
@pytest.mark.parametrize("found", [CLOSE, CLOSE_BELOW], ids=["just above", "just below"])
def test_a_close_score_says_hold_and_check_whatever_is_offered(question: str, found: Inspection) -> None:
    answer = said(question, found)
    assert not FINAL.search(answer), answer
    assert "hold it and check it first" in answer, answer
    assert "close to the threshold" in answer


@pytest.mark.parametrize(
    "question", ["scrap or pass?", "accept or reject?", "throw it away or keep it?", "reject it or ship it?"]
)
def test_a_minor_mark_is_checked_before_the_piece_is_lost(question: str) -> None:
    answer = said(question, MINOR)
    assert "hold it and check it first" in answer, answer
    assert "first try to clean a small area" in answer


def test_the_careful_one_of_the_offers_is_chosen_and_answers_do_not_turn_round() -> None:
    spoken = talk(CLOSE)
    first = said("can i wipe it and take it again or do I need to scrap it?", CLOSE, spoken)
    then = said("ok so bottom line: pass, hold or scrap?", CLOSE, spoken)
    assert "hold it and check it first" in first
    assert then.startswith('Rather "hold" than "pass" or "scrap"')
    assert said("look again or scrap it?", CLOSE).startswith('Rather "look again" than "scrap it"')


def test_a_road_is_not_held() -> None:
    road = replace(CLOSE, object_name="road")
    assert "have it looked at first" in said("reject or accept?", road)


@pytest.mark.parametrize(
    "question",
    [
        "Is it the texture or the colour that deviates there?",
        "texture or colour?",
        "is that a colour thing or a texture thing?",
        "texture or a fold?",
        "more a surface texture issue or a pit?",
        "is it the coloring or the texture?",
        "which is it, texture or color?",
    ],
)
def test_a_word_of_a_kinds_name_is_that_kind(question: str) -> None:
    answer = said(question, LEATHER)
    assert "Of these, it looks most like texture disruption" in answer, answer
    assert "texture disruption 79 %" in answer
    assert "vocabulary:" not in answer
    assert "no kind" not in answer


def test_words_that_no_kind_has_are_still_none() -> None:
    assert "I know neither by name" in said("gizmo or widget?", LEATHER)


@pytest.mark.parametrize(
    "question",
    [
        'So would "hole" be a plausible label?',
        "Could hole be a better name?",
        "is hole a possible label for it?",
        "would hole have been the right class?",
        "might a hole be a more fitting term?",
        "can hole be the correct category?",
    ],
)
def test_a_name_that_is_put_gets_its_chance(question: str) -> None:
    answer = said(question, LEATHER)
    assert "a hole has less than 1 %" in answer, answer
    assert "writing" not in answer
    assert "learn a name" not in answer
    told = said(f"{question} What probability did it get?", LEATHER)
    assert "A hole has less than 1 %, as the kind of region 1" in told, told


@pytest.mark.parametrize(
    "question",
    [
        "What were the alternative labels considered?",
        "which other labels are there?",
        "What do you mean by that label?",
        "what label did you give it?",
        "what do you actually understand by this label?",
        "which class was it given, what label did it get?",
    ],
)
def test_a_label_that_the_assistant_gave_is_no_writing(question: str) -> None:
    answer = said(question, LEATHER)
    assert "writing" not in answer, answer
    assert "exture disruption" in answer


@pytest.mark.parametrize("question", ["what does the label say?", "read the label", "what is written on the label?"])
def test_a_label_on_the_part_is_writing(question: str) -> None:
    assert "I do not read writing" in said(question, LEATHER)
