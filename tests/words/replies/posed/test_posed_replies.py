"""What is said where something is put to the assistant: it follows from regions, kinds' chances and the rule of severity."""

from __future__ import annotations

from dataclasses import replace

import pytest

from assistant.language.spoken import Spoken
from assistant.reading.acts import understanding
from assistant.reading.faithfulness import contradicts
from assistant.reading.question import read_question
from assistant.types import Domain, Extents, Inspection, MeasuredBy, Measures, Mode
from assistant.vocabulary.knowledge import load_knowledge
from assistant.words.scene.dialogue_state import DialogueState
from tests.inspections import inspection, region

KNOWLEDGE = load_knowledge()
CRACK = region(1, ("top left",), "crack", 0.66, area=0.02, peak=0.95)
STAIN = region(2, ("bottom right",), "stain", 0.4, area=0.03, peak=0.7)
CHANCES = ((("crack", 0.66), ("scratch", 0.2), ("cut", 0.1), ("chip", 0.004)), (("stain", 0.4), ("residue", 0.3)))
BAD = inspection(0.9, (CRACK, STAIN), "plate", mode=Mode.FEW_SHOT)
CLEAN = inspection(0.2, (), "plate", mode=Mode.FEW_SHOT)


@pytest.fixture(autouse=True)
def by_words_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is asked is read without the sentence tower, which not every machine has."""
    monkeypatch.setattr(understanding, "sentence_tower", lambda: None)


def talk(found: Inspection = BAD) -> Spoken:
    return Spoken(found, KNOWLEDGE, DialogueState(kind_chances=lambda: CHANCES[: len(found.regions)]))


def said(text: str, found: Inspection = BAD, spoken: Spoken | None = None) -> str:
    *_, last = (spoken or talk(found)).answers(read_question(text))
    assert not contradicts(last.text, found), last.text
    return last.text


@pytest.mark.parametrize("question", ["scratch or crack?", "is it a crack or a scratch", "crack vs scratch?"])
def test_the_kind_that_is_supported_is_told_with_the_numbers(question: str) -> None:
    answer = said(question)
    assert answer.startswith("Of these, it looks most like a crack (")
    assert "a scratch 20 %" in answer
    assert "a crack 66 %" in answer


def test_kinds_that_are_not_supported_or_not_known_are_said_to_be_so() -> None:
    neither = said("scratch or chip?")
    assert neither.startswith("Neither is what it looks most like: region 1")
    assert "a chip less than 1 %" in neither
    assert said("scratch, dent or chip?").startswith("None is what it looks most like")
    assert "For the other I have no number: it is no kind that I know" in said("crack or gizmo?")
    assert "Which of the two it is the picture cannot tell: I know neither by name." in said("gizmo or widget?")
    assert "They are one kind to me, a crack" in said("fissure or fracture?")
    assert "map does not tell" in said("a real defect or a reflection?")
    unmarked = said("crack or scratch?", CLEAN)
    assert unmarked.startswith("Which of the two it is the picture cannot tell: nothing is marked on the plate")
    assert "Either may be there" in unmarked


def test_what_the_user_sees_elsewhere_is_given_no_kind() -> None:
    answer = said("What about the dark arc above the box. Is it a stain or a scratch?")
    assert "I name the kind only of what is marked" in answer
    assert "looks most like" not in answer


def test_causes_that_are_offered_are_held_against_the_known_ones() -> None:
    assert "Both are possible: usual causes of a crack are" in said("is it likely fatigue or thermal?")
    assert "None of these is among the causes" in said("what causes this, moonlight or cosmic rays?")


def test_regions_are_compared_with_the_reason() -> None:
    assert said("which is worse, 1 or 2?").startswith(
        "Region 1 is the worse one: both are rated major, but the map is higher"
    )
    assert said("which is bigger, 1 or 2?").startswith("Region 2 is the larger one")
    assert "no such region" in said("which is worse, 1 or 5?")
    assert said("which of the regions decides the verdict?").startswith("Region 1, a crack at the top left")


@pytest.mark.parametrize(
    ("question", "found", "chosen"),
    [
        ("accept or reject?", BAD, "reject"),
        ("accept or reject?", CLEAN, "accept"),
        ("Do I stop the loom or let it run?", BAD, "stop the loom"),
        ("Do I stop the loom or let it run?", CLEAN, "let it run"),
        (
            "accept it or send it to a second inspector?",
            replace(BAD, image_score=0.55),
            "send it to a second inspector",
        ),
    ],
)
def test_a_decision_is_chosen_by_verdict_and_closeness(question: str, found: Inspection, chosen: str) -> None:
    assert said(question, found).startswith(f'Rather "{chosen}" than')


def test_a_scan_is_decided_by_a_reader() -> None:
    scan = replace(BAD, image=replace(BAD.image, domain=Domain.MEDICAL))
    assert "qualified reader decides" in said("accept or reject?", scan)
    sides = said("left or right hemisphere, assuming radiological convention?", scan)
    assert "on the left of the picture" in sides
    assert "patient's right side" in sides


def test_objections_grant_what_the_user_knows_and_offer_the_next_kinds() -> None:
    answer = said("that's not a crack, this is rubber")
    assert answer.startswith("You know what this is")
    assert "a crack (66 % sure)" in answer
    assert "a scratch (20 %)" in answer
    assert 'Say "region 1 is a ..." to correct it' in answer
    never = said("that's not rust, this is rubber")
    assert never.startswith("I call nothing corrosion here")
    cause = said("the causes say fatigue, but it was never loaded")
    assert "fatigue" in cause.split(".")[0]
    assert "Overload or impact" in cause
    assert "Whether it is corrosion I cannot tell: nothing is marked" in said("that's not rust, this is rubber", CLEAN)


def test_what_else_it_could_be_is_told_once_for_all_objections_of_a_message() -> None:
    assert "then a scratch (20 %)" in said("what else could it be?")
    several = said("A crack on a rubber mat? Gizmo more like. What else could it be?")
    assert several.count("then a scratch (20 %)") == 1
    assert 'Say "region 1 is a Gizmo"' in several


def test_a_name_given_to_a_region_holds_for_the_rest_of_the_conversation() -> None:
    spoken = talk()
    assert 'I call region 1 "drip mark"' in said("region 1 is a drip mark", spoken=spoken)
    assert 'what you call "drip mark"' in said("is anything wrong?", spoken=spoken)
    assert "drip mark" not in said("is anything wrong?")
    assert "Say which region" in said("call it a drip mark")


def test_suppositions_are_computed_from_what_is_left() -> None:
    left = said("If I ignore region 1, would you still reject it?")
    assert left.startswith("Yes, I would still hold it back: without region 1 one region remains: region 2")
    only = inspection(0.9, (CRACK,), "plate")
    assert "nothing marked is left" in said("if I ignore region 1, would you still reject it?", only)
    assert said("suppose region 1 is glare. Is it ok then?").startswith("No, I would still hold it back")
    assert "no such region" in said("would it pass without region 7?")
    assert "verdict would turn: the score of 0.90 stays below it, so it would pass" in said(
        "what if the threshold were .95?"
    )
    assert "region 1 (0.95) would reach it" in said("with a threshold of 0.8 would it still be bad?")
    assert "would turn: the score of 0.20 reaches it" in said("what if the threshold were 0.1?", CLEAN)


def test_another_kind_is_rated_by_the_rule() -> None:
    chip = said("if region 2 is a chip, is the severity still minor?")
    assert chip.startswith(
        "No. If it is a chip, region 2, at the bottom right, is still major: that kind counts as grave"
    )
    assert "still major" in said("if it is a hole, is region 1 still major?")
    assert "I have no rule for that name" in said("if region 2 is a gizmo, how severe is it?")


def test_both_halves_of_a_double_question_are_answered_of_the_same_region() -> None:
    answer = said("Where is region 2, and how bad is it?")
    assert "at the bottom right" in answer
    assert "I rate it major: an unusual mark, perhaps a stain" in answer
    assert "crack" not in answer
    places = said("Is the centre ok? And the edge at the top right looks chipped to me, you didnt mark that one")
    assert "at the centre" in places
    assert "at the top right" in places


LONG = Measures(MeasuredBy.LINE, (12.0, 8.0), Extents(24.0, 3.2, (24.0, 4.0), 43.0, 5.0, 2.0), None)
LINE = inspection(0.9, (replace(CRACK, measures=LONG),), "tile")


@pytest.mark.parametrize(
    "question",
    [
        "how long is it in mm, this is about a 9.6 cm wide shot",
        "the tile is 96 mm wide, how long is the crack?",
        "at 2 mm/px, how long is it?",
        "how long is it in mm if the tile is 96 mm across?",
        "How long is it? The picture is maybe 96 mm x 64 mm",
    ],
)
def test_a_size_told_with_the_question_gives_millimetres(question: str) -> None:
    spoken = talk(LINE)
    assert "48.0 mm long" in said(question, LINE, spoken)
    assert "mm" in said("how wide is it?", LINE, spoken)


def test_what_a_size_is_taken_as_is_said_and_a_part_or_a_distance_gives_none() -> None:
    assert "hold if the tile spans the picture from side to side" in said(
        "how long is it if the tile is 96 mm wide?", LINE
    )
    screw = said("how long is it in mm, knowing the screw next to it is 8 mm?", LINE)
    assert "gives no scale" in screw
    assert "24 px" in screw
    camera = said("How long is it in mm? The camera is at 300 mm height.", LINE)
    assert "angle of view" in camera
    assert "24 px" in camera


def test_the_form_asked_for_is_kept_for_any_answer() -> None:
    lines = said("Give me two lines I can put on the tag.").split("\n")
    assert len(lines) == 2
    assert "score 0.90" in lines[0]
    assert "rated major" in lines[1]
    assert said("how long is it? just the number", LINE) == "24 px"
    assert said("score, number only") == "0.90"
    assert said("Is it OK? yes or no").startswith("No: ")
    one = said("why do you think so, in one sentence?")
    assert one.count(". ") == 0
    table = said("list the regions as a table").split("\n")
    assert sum(line.startswith("| ") for line in table) == 2 + len(BAD.regions)
    assert said("what should I do next, short", CLEAN).startswith(
        "I know of no step to take: no defect was found on the plate"
    )


def test_a_report_tells_what_was_not_determined_where_that_is_asked() -> None:
    assert "- Not looked at:" in said("Write it up for the report, including what you could not determine.")
    assert "Not looked at" not in said("Write it up for the report.")
