"""A choice that the facts cannot make: what they say, and that the two cannot be told apart; no scraps of the question."""

from __future__ import annotations

from dataclasses import replace

import pytest

from assistant.language.spoken import Spoken
from assistant.reading.acts import understanding
from assistant.reading.acts.act import Act
from assistant.reading.faithfulness import contradicts
from assistant.reading.question import read_question
from assistant.reading.told.choices import offered
from assistant.reading.told.posed import Pose, posed_in
from assistant.types import Inspection, Severity
from assistant.vocabulary.knowledge import load_knowledge
from assistant.words.replies.verdicts import NOT_ABSENT
from tests.inspections import inspection, region
from tests.words.replies.test_reply import told

STAIN = replace(region(1, ("top centre",), "stain", 0.54, area=0.003, peak=0.6), severity=Severity.MINOR)
MARKED = inspection(0.9, (STAIN,), "gear housing")
CLEAN = inspection(0.12, (), "control board")
GRAVE = inspection(1.0, (region(1, ("middle right",), "corrosion", 0.9),), "jam jar")
CHOICES = (
    "is it a casting seam or a tool mark?",
    "are those ribs or cooling fins around the edge?",
    "is that a via or a test point?",
    "slub or mis-pick, choose one",
    "is region 1 a mould seam or a stress mark?",
    "what's that, a gasket or a spacer?",
)


@pytest.fixture(autouse=True)
def by_words_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is asked is read without the sentence tower, which not every machine has."""
    monkeypatch.setattr(understanding, "sentence_tower", lambda: None)


def said(text: str, found: Inspection, spoken: Spoken | None = None) -> str:
    *_, last = (spoken or Spoken(found, load_knowledge())).answers(read_question(text))
    assert not contradicts(last.text, found), last.text
    return last.text


@pytest.mark.parametrize("question", CHOICES)
def test_of_a_mark_its_looks_are_told_and_that_the_two_cannot_be_told_apart(question: str) -> None:
    answer = said(question, MARKED)
    assert answer == (
        "Region 1, at the top centre, looks most like a stain (54 %, a guess). "
        "Which of the two it is the picture cannot tell: I know neither by name."
    )


@pytest.mark.parametrize("question", [CHOICES[0], *CHOICES[2:4], "is it a chip or a crack?", "flux or solder balls?"])
def test_of_what_is_not_marked_nothing_is_denied(question: str) -> None:
    answer = said(question, CLEAN)
    assert answer.startswith("Which of the two it is the picture cannot tell: nothing is marked on the control board")
    assert f"Either may be there: {NOT_ABSENT}." in answer
    assert '"' not in answer
    assert "neither" not in answer.lower()


def test_three_are_none_and_any_of_them() -> None:
    assert "Which of these it is the picture cannot tell: I know none of them by name." in said(
        "gizmo, widget or doodad?", MARKED
    )
    assert "Any of them may be there" in said("gizmo, widget or doodad?", CLEAN)


def test_where_it_comes_from_is_asked_as_such() -> None:
    assert said("what caused it, needle or tension?", CLEAN).startswith("Which of the two it comes from")
    assert "oil or coolant; the picture alone does not prove it" in said("coolant or a gasket?", MARKED)
    assert "Which of the two" in said("a hand or a gasket?", MARKED), "a word that a cause shares is not the cause"


def test_a_light_or_a_fault_is_told_by_a_second_picture() -> None:
    for found in (MARKED, CLEAN):
        answer = said("is it a lighting thing or a real fault?", found)
        assert "a reflection moves" in answer
        assert "Which of the two it is" in answer


@pytest.mark.parametrize(
    "question",
    ["is this electroluminescence or a normal camera?", "microscope or phone picture?", "flash or backlight?"],
)
def test_how_a_picture_was_taken_is_no_kind(question: str) -> None:
    assert said(question, MARKED).startswith("How the picture was taken it does not tell")


@pytest.mark.parametrize(
    ("question", "options"),
    [
        ("what caused it, needle or tension?", ("needle", "tension")),
        ("what's that grey cloud there, moisture or a firing problem?", ("moisture", "firing problem")),
        ("is there a chip on the lower edge or is that the mould line?", ("chip on the lower edge", "mould line")),
    ],
)
def test_what_is_asked_before_the_alternatives_is_none_of_them(question: str, options: tuple[str, ...]) -> None:
    assert offered(question) == options


@pytest.mark.parametrize(
    ("question", "options"),
    [
        ("so final call, ship or hold back?", ("ship", "hold back")),
        ("toss it or grind it?", ("toss it", "grind it")),
        ("watch it or send it back?", ("watch it", "send it back")),
    ],
)
def test_decisions_are_what_is_done(question: str, options: tuple[str, ...]) -> None:
    posed = posed_in(question)
    assert posed is not None
    assert (posed.pose, posed.options) == (Pose.DECISIONS, options)


def test_what_was_done_to_a_part_is_no_decision() -> None:
    posed = posed_in("is it welded or glued?")
    assert posed is not None
    assert posed.pose is Pose.KINDS


@pytest.mark.parametrize(
    "question", ["how does it fare without references?", "how do you know it is normal without pictures of good ones?"]
)
def test_without_references_is_not_without_a_region(question: str) -> None:
    posed = posed_in(question)
    assert posed is None or posed.pose is not Pose.WITHOUT


@pytest.mark.parametrize("question", ["so you say it is fine?", "i say it is ok, right?"])
def test_who_says_something_supposes_nothing(question: str) -> None:
    assert posed_in(question) is None


@pytest.mark.parametrize(
    "question",
    ["scrap it or send it to the washer?", "rework it or chuck it?", "toss it or grind it?", "ship it or smash it?"],
)
@pytest.mark.parametrize("found", [MARKED, GRAVE], ids=["minor", "major"])
def test_one_picture_destroys_nothing(question: str, found: Inspection) -> None:
    answer = said(question, found)
    assert answer.startswith("I would hold it and check it first"), answer


def test_answers_about_the_decision_agree() -> None:
    spoken = Spoken(GRAVE, load_knowledge())
    assert said("is it ok to ship?", GRAVE, spoken).startswith("I would hold it back")
    assert said("reject, hold or rework?", GRAVE, spoken).startswith('Rather "hold" than "reject" or "rework"')
    assert said("pass or fail?", GRAVE, spoken).startswith('No: rather "fail" than "pass"')
    close = replace(MARKED, image_score=0.51)
    assert said("is it ok to ship?", close).startswith("I would hold it and look again before deciding")
    assert said("hold or ship?", close).startswith('Rather "hold" than "ship"')


def test_what_the_user_saw_is_looked_at_before_any_choice() -> None:
    spoken = Spoken(CLEAN, load_knowledge())
    said("there is a burnt patch at the bottom left", CLEAN, spoken)
    assert "nothing is marked at the bottom left (the map reaches 0.00 there)" in said("flux or solder?", CLEAN, spoken)
    assert said("ship it or scrap it?", CLEAN, spoken).startswith("Have what you saw looked at by hand first")
    assert told(CLEAN, (Act.ACCEPT, "ship it or scrap it?")).text.startswith("My verdict is normal")
