"""Reading answers: negation, hypotheses, places, counts, kinds; and contradiction with an inspection."""

from __future__ import annotations

import pytest

from assistant.reading.faithfulness import contradicts, stated_verdict
from assistant.reading.question import read_question
from assistant.reading.statements import read
from tests.inspections import inspection, region

ONE = inspection(0.93, (region(1, ("top left",), "scratch", 0.72, 0.031, 0.97),), "metal plate")
THREE = inspection(
    0.9,
    (
        region(1, ("bottom right",), "crack", 0.8, 0.06, 0.98),
        region(2, ("top centre", "centre"), "stain", 0.6, 0.012, 0.8),
        region(3, ("middle left",), "contamination", 0.4, 0.003, 0.6),
    ),
)
NORMAL = inspection(0.08)


@pytest.mark.parametrize(
    "text",
    [
        "There is a scratch at the top left.",
        "The part is not normal.",
        "It is anything but good: the plate is damaged.",
        "Yes, there are two defects.",
        "No, the part isn't normal.",
        "Something is wrong here.",
        "There is no doubt that the tile is defective.",
        "It shows an anomaly, not a shadow.",
        "The rest of the picture looks normal, but there is a crack in the centre.",
        "It is not without defects.",
        "The picture looks anomalous, although no single region stands out.",
        "Compared with the normal reference pictures it is abnormal.",
        "The plate is not normal, there are two anomalies.",
    ],
)
def test_states_anomalous(text: str) -> None:
    verdict = stated_verdict(text)
    assert verdict is not None
    assert verdict.value == "anomalous"


@pytest.mark.parametrize(
    "text",
    [
        "No defects are visible.",
        "The part looks normal.",
        "Nothing is wrong with it.",
        "There are no scratches, stains or other defects.",
        "It is free of defects.",
        "I see no sign of an anomaly.",
        "Yes, it looks fine.",
        "It does not show any damage.",
        "There's neither damage nor any other defect.",
        "The lid is defect-free.",
        "No anomalous region was found.",
        "It is normal; if there is a crack later, inspect again.",
    ],
)
def test_states_normal(text: str) -> None:
    verdict = stated_verdict(text)
    assert verdict is not None
    assert verdict.value == "normal"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Yes.",
        "No.",
        "Region 1 covers 3 %.",
        "Check the part for defects.",
        "Is there a defect?",
        "If there is a crack, reject it.",
        "It is normal. There is a defect.",
        "Scratches are caused by hard objects.",
        "Yesterday it rained.",
    ],
)
def test_states_none(text: str) -> None:
    assert stated_verdict(text) is None


def test_bare_yes_and_no_take_the_question() -> None:
    for question, yes in (
        ("Is it normal?", "normal"),
        ("Is anything wrong?", "anomalous"),
        ("Any defects?", "anomalous"),
    ):
        assert stated_verdict("Yes.", read_question(question)) == yes
        assert stated_verdict("No.", read_question(question)) != yes
    assert stated_verdict("No.", read_question("Is there a crack?")) is None
    assert read_question("Where is the defect?").yes_verdict is None


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("It is at the top-left.", {"top left"}),
        ("In the upper left corner and the lower right corner.", {"top left", "bottom right"}),
        ("It is in the center.", {"centre"}),
        ("At the middle left and the centre right.", {"middle left", "middle right"}),
        ("At the top middle.", {"top centre"}),
        ("Not at the top left, but at the bottom centre.", {"bottom centre"}),
        ("That is right.", set()),
    ],
)
def test_cells(text: str, cells: set[str]) -> None:
    assert read(text).cells == cells


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("There are three defects.", 3),
        ("No anomalous regions were found.", 0),
        ("There is a defect.", 1),
        ("12 regions were detected.", 12),
        ("Region 2 is larger.", None),
    ],
)
def test_counts(text: str, count: int | None) -> None:
    assert read(text).count == count


def test_kinds() -> None:
    assert read("There is rust at the top left.").types == {"corrosion"}
    assert read("It is possibly a mass.").types == {"mass"}
    assert read("It is not a crack.").types == set()
    assert read("It can be confused with a crack.").types == set()


@pytest.mark.parametrize(
    "text",
    [
        "Yes, there is a scratch at the top left.",
        "The metal plate has one defect, a scratch in the upper left corner.",
        "It is at the top.",
        "It covers 3 % of the picture.",
        "It is a scratch (72 % sure), rated major, not critical.",
        "Feel its depth next.",
        "It is an abrasion.",
    ],
)
def test_agrees(text: str) -> None:
    assert not contradicts(text, ONE), read(text)


@pytest.mark.parametrize(
    "text",
    [
        "The part looks normal.",
        "There is a scratch at the bottom right.",
        "It is at the bottom.",
        "There are two defects.",
        "It is a crack.",
        "It is rated critical.",
        "It covers 40 % of the picture.",
        "It looks normal. There is a scratch.",
        "Region 2 is at the top left.",
        "No defect is visible.",
    ],
)
def test_contradicts(text: str) -> None:
    assert contradicts(text, ONE), read(text)


def test_leading_yes_or_no_counts_with_the_question() -> None:
    assert contradicts("No, it is not.", ONE, read_question("Is anything wrong?"))
    assert not contradicts("Yes.", ONE, read_question("Is anything wrong?"))
    assert not contradicts("No.", ONE, read_question("Is it normal?"))


def test_facts_are_compared_region_by_region() -> None:
    assert not contradicts("Region 1 is at the bottom right; region 2 is at the top centre.", THREE)
    assert contradicts("Region 1 is at the top centre.", THREE)
    assert contradicts("Region 2 is a crack.", THREE)
    assert contradicts("Region 4 is at the centre.", THREE)


def test_normal_picture() -> None:
    assert not contradicts("No, everything looks fine.", NORMAL, read_question("Is anything wrong?"))
    assert contradicts("There is a scratch.", NORMAL)
    assert contradicts("It is located at the top left.", NORMAL)
    assert not contradicts("There is nothing at the top left.", NORMAL)


def test_the_objects_name_is_no_statement() -> None:
    named = inspection(0.1, (), "hole plate top left")
    assert not contradicts("The hole plate top left looks normal.", named)


def test_regions_of_a_normal_picture_may_be_named() -> None:
    near = inspection(0.42, (region(1, ("top right",), "dent", 0.3),))
    assert not contradicts("There is possibly a dent at the top right.", near)
    assert contradicts("The part is defective.", near)


def test_a_forced_choice_contradicts_nothing() -> None:
    places = (
        "Where does it stand out most?\nA. top left\nB. centre\nC. top right\nD. bottom left\nAnswer with a letter."
    )
    for answer in ("B. centre", "B", "(B)", "centre", "Centre."):
        assert not contradicts(answer, NORMAL, read_question(places))
    assert contradicts("B. centre", ONE, read_question(places))
    assert not contradicts("A. top left", ONE, read_question(places))
    assert not contradicts("B. centre", ONE, read_question(places.replace("A. top left\n", "")))
    assert contradicts("B. centre", NORMAL, read_question(places.replace("D. bottom left", "D. nowhere")))
    assert contradicts("B. There is a scratch at the centre.", NORMAL, read_question(places))
    assert contradicts("A. Yes", NORMAL, read_question("Is there a defect?\nA. Yes\nB. No"))


def test_chances_of_other_kinds_need_the_room_that_those_of_the_regions_leave() -> None:
    found = inspection(0.9, (region(1, ("top left",), "crack", 0.66),))
    assert not contradicts("It looks most like a crack (66 %), then a scratch (20 %).", found)
    assert contradicts("It looks most like a crack (66 %), then a scratch (50 %).", found)
    assert contradicts("It looks most like a crack (20 %).", found)
