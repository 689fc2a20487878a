"""Letters and words of multiple-choice answers."""

from __future__ import annotations

import pytest

from assistant.reading.chosen_option import read_choice
from assistant.reading.question import read_question

PLACES = {"A": "top left", "B": "bottom right", "C": "centre", "D": "top centre"}
YES_NO = {"A": "No.", "B": "Yes."}
TYPES = {"A": "a scratch", "B": "a blowhole (small pit)", "C": "uneven shading", "D": "a broken piece"}
QUESTION = "Is there any defect in the object?"


@pytest.mark.parametrize(
    ("answer", "options", "letter"),
    [
        ("B", PLACES, "B"),
        ("b", PLACES, "B"),
        ("B.", PLACES, "B"),
        ("(C)", PLACES, "C"),
        ("**D**", PLACES, "D"),
        ("B. bottom right", PLACES, "B"),
        ("B) bottom right", PLACES, "B"),
        ("B: bottom right", PLACES, "B"),
        ("The answer is B", PLACES, "B"),
        ("The answer is (B).", PLACES, "B"),
        ("Answer: C", PLACES, "C"),
        ("I choose option D.", PLACES, "D"),
        ("The correct option is A.", PLACES, "A"),
        ("It is at the top left.", PLACES, "A"),
        ("The defect is in the center of the image.", PLACES, "C"),
        ("At the upper middle.", PLACES, "D"),
        ("top centre", PLACES, "D"),
        ("It is not at the top left but in the centre.", PLACES, "C"),
        ("A or B", PLACES, None),
        ("Either the top left or the centre.", PLACES, None),
        ("I do not know.", PLACES, None),
        ("", PLACES, None),
        ("E", PLACES, None),
        ("B. top left", PLACES, None),
        ("A scratch is visible.", TYPES, "A"),
        ("There is a blowhole (small pit).", TYPES, "B"),
        ("Uneven shading.", TYPES, "C"),
        ("It is a broken piece, not a scratch.", TYPES, "D"),
        ("A scratch and a broken piece.", TYPES, None),
        ("Yes, there is a defect.", YES_NO, "B"),
        ("No.", YES_NO, "A"),
        ("No, it looks fine", YES_NO, "A"),
        ("The part is intact.", YES_NO, "A"),
        ("There is a scratch.", YES_NO, "B"),
        ("No defects are visible.", YES_NO, "A"),
        ("Option B is not right.", PLACES, None),
        ("Not A.", PLACES, None),
        ("Bottom", PLACES, None),
        ("C\nbecause it is in the centre", PLACES, "C"),
        ("The answer is a scratch.", TYPES, "A"),
        ("D. It is the top centre", PLACES, "D"),
        ("Both A and C.", PLACES, None),
        ("lower right", PLACES, "B"),
    ],
)
def test_read_choice(answer: str, options: dict[str, str], letter: str | None) -> None:
    assert read_choice(answer, options, read_question(QUESTION) if options is YES_NO else None) == letter


def test_letters_are_those_of_the_options() -> None:
    assert read_choice("A. Yes", {"A": "Yes", "B": "No"}) == "A"
    assert read_choice("C", {"A": "Yes", "B": "No"}) is None
    assert read_choice("b", {"a": "Yes", "b": "No"}) == "b"
