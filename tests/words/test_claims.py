"""Claims of a sentence against what is known."""

from __future__ import annotations

import pytest

from assistant.words.claims import disposition, grave, hedged, looks, polarity, quantities_of, unbacked
from tests.inspections import inspection, region

ONE = inspection(0.87, (region(1, area=0.031, peak=0.95),))
FACTS = (
    "Picture: 640 px wide, 480 px high.",
    "Region 1: 45.2 px long and 3 px wide, 12 px from the picture's edge, 3.1 % of it.",
)


@pytest.mark.parametrize(
    ("sentence", "backed"),
    [
        ("It is 45.2 px long.", True),
        ("It is about 45 px long.", True),
        ("It is 45.2 px wide.", False),
        ("It is 46 px long.", False),
        ("It is 45.25 px long.", False),
        ("It is 45 mm long.", False),
        ("It is 45 long.", True),
        ("A length of 45 px.", True),
        ("A width of 45 px.", False),
        ("It lies 12 pixels from the edge.", True),
        ("It lies 3 pixels from the edge.", False),
        ("It covers 3.1 percent.", True),
        ("It covers 3 %.", True),
        ("It covers 31 %.", False),
        ("The picture is 640 px wide.", True),
        ("The part is 640 px wide.", False),
        ("1. It is 3 px wide.\n2. It is 45 px long.", True),
        ("From 3 to 45 px.", True),
        ("From 3-46 px.", False),
        ("You said 7 mm.", True),
        ("Nothing in digits.", True),
    ],
)
def test_a_number_needs_the_same_one_in_the_same_unit(sentence: str, backed: bool) -> None:
    assert (unbacked(sentence, ONE, FACTS, ["Is it over 7 mm?"]) == []) is backed


def test_scores_may_be_told_as_shares() -> None:
    assert unbacked("It is 87 % sure.", ONE, ["score 0.87"], []) == []
    assert unbacked("It is 78 % sure.", ONE, ["score 0.87"], []) != []


def test_units_are_read_however_they_are_written() -> None:
    units = [
        q.unit
        for q in quantities_of(
            "5 µm, 5 microns, 5mm, 5 millimetres, 5 inches, 5°, 5 percent, 5 px, 5 m, 5 meters, 5 more"
        )
    ]
    assert units == ["um", "um", "mm", "mm", "in", "deg", "%", "px", "m", "m", ""]


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ("You can ship it.", True), ("It is safe to use.", True), ("Accept it.", True), ("It should not be shipped.", False),
        ("Do not use it.", False), ("Reject this one.", False), ("Hold it back until a person has looked.", False),
        ("It is a crack at the top.", None),
    ],
)  # fmt: skip
def test_what_is_to_become_of_it(text: str, passes: bool | None) -> None:
    assert disposition(text) is passes


def test_small_readers() -> None:
    assert (polarity("Yes: a crack."), polarity("No, it is not."), polarity("None was found.")) == (True, False, None)
    assert hedged("It may be so.")
    assert not hedged("It is so.")
    assert grave("It is guaranteed to hold.")
    assert not grave("It is not a diagnosis.", "Research use, not a diagnosis.")
    assert looks("A reddish, smooth mark.") == {"reddish", "smooth"}
