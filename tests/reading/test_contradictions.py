"""What contradicts an inspection and what does not: users' own kinds, numbers of regions, shares, "no other"."""

from __future__ import annotations

import pytest

from assistant.reading.faithfulness import contradicts
from assistant.reading.question import read_question
from assistant.types import Inspection
from tests.inspections import inspection, region

ONE = inspection(0.93, (region(1, ("top left",), "scratch", 0.72, 0.031, 0.97),))
THREE = inspection(
    0.9,
    (
        region(1, ("bottom right",), "crack", 0.8, 0.06, 0.98),
        region(2, ("top centre", "centre"), "stain", 0.6, 0.012, 0.8),
        region(3, ("middle left",), "contamination", 0.4, 0.003, 0.6),
    ),
)
NORMAL = inspection(0.08)
OWN = inspection(
    0.9,
    (region(1, ("top left",), "no solder", 0.8, 0.02), region(2, ("centre",), "blowhole (small pit)", 0.6, 0.01)),
)
RUST = inspection(0.9, (region(1, ("centre",), "rust", 0.8, 0.02),))
CASES = {"one": ONE, "three": THREE, "normal": NORMAL, "own": OWN, "rust": RUST}

AGREES = """
one | There is a scratch at the top left and no other defect.
one | No other defects are visible.
one | There are no cracks, only a scratch.
one | It is not a crack but a scratch.
one | There is nothing at the bottom right.
one | The right side looks fine.
one | It covers about 3 % of the picture.
one | It covers 3.1 % of the picture.
one | It takes up less than 5 % of the image.
one | I am 72 % sure.
one | A scratch covers more than 2 % of the surface.
one | Only one defect was found.
one | The scratch is major, not critical.
one | The scratch is on the left side.
one | An abrasion is at the top left.
one | Apart from the scratch at the top left everything is fine.
one | Region 1 is a scratch.
one | There is only region 1; no region 2 exists.
three | Region 1 is a crack at the bottom right and region 2 is a stain at the top centre.
three | Regions 1 and 2 are larger than region 3.
three | There is a crack at the bottom right.
three | There are at least two defects.
three | Several defects are visible.
three | There is a crack, a stain and contamination, and nothing else.
three | There are three regions and no others.
three | There is one crack and no other crack.
three | There is no crack at the top left.
three | All three regions together cover 7.5 % of the picture.
three | The crack is in region 1 and the stain is in region 2.
three | Region 2 is not a crack.
normal | No, nothing is wrong.
normal | There is no scratch and no other defect.
normal | Region 1 does not exist: there are no regions.
normal | No critical defects are visible.
normal | There are minor variations, which is normal.
own | There is no solder at the top left.
own | Region 2 is a blowhole (small pit).
own | Region 2 is a blowhole in the centre.
own | There is something like "no solder" at the top left.
rust | There is corrosion in the centre.
rust | There is rust in the centre.
""".strip().splitlines()

CONTRADICTS = """
one | There is no scratch.
one | It is not a scratch.
one | There is nothing at the top left.
one | The top left is fine.
one | The left side looks normal.
one | The scratch is on the right side.
one | It covers half of the picture.
one | It covers 72 % of the picture.
one | It covers less than 1 % of the picture.
one | It covers more than 10 % of the picture.
one | I am 31 % sure.
one | There are several defects.
one | There is more than one defect.
one | Region 2 is at the top left.
one | Region 3 is minor.
one | It is rated critical.
one | There is missing solder at the top left.
one | There are two scratches.
one | There is a dent and no other defect.
three | There is a crack at the bottom right and no other defect.
three | Apart from the crack at the bottom right the picture looks normal.
three | Besides the crack at the bottom right, nothing else stands out.
three | There is only one defect.
three | Region 4 is a crack.
three | Regions 2 and 5 are stains.
three | Region 1 is a stain and region 2 is a crack.
three | Region 1 is at the bottom right and region 2 is at the bottom right.
three | There are two cracks.
three | No crack was found.
three | Region 1 is not a crack.
three | Region 1 covers 1.2 % of the picture.
three | Region 3 is critical.
three | There is no stain in the centre.
normal | It is minor.
normal | There is something unusual at the top left.
normal | Region 1 is at the top left.
normal | It covers 5 % of the picture.
own | There is no solder at the bottom right.
own | Region 1 is a blowhole (small pit).
own | There is a crack in the centre.
rust | There is a stain in the centre.
rust | There is no rust.
rust | There is no corrosion.
""".strip().splitlines()


def case(row: str) -> tuple[Inspection, str]:
    name, text = row.split(" | ")
    return CASES[name], text


@pytest.mark.parametrize("row", AGREES)
def test_agrees(row: str) -> None:
    seen, text = case(row)
    assert not contradicts(text, seen, vocabulary=("missing solder",))


@pytest.mark.parametrize("row", CONTRADICTS)
def test_contradicts(row: str) -> None:
    seen, text = case(row)
    assert contradicts(text, seen, vocabulary=("missing solder",))


def test_an_own_kind_is_read_only_when_it_is_known() -> None:
    assert contradicts("There is missing solder at the top left.", ONE, vocabulary=("missing solder",))
    assert not contradicts("There is missing solder at the top left.", ONE)


@pytest.mark.parametrize(
    ("question", "right", "seen"),
    [
        ("Is there a crack?", "No.", ONE),
        ("Is there a scratch?", "Yes.", ONE),
        ("Is it a scratch?", "Yes.", ONE),
        ("Do you see a scratch at the top left?", "Yes.", ONE),
        ("Is there a scratch at the bottom right?", "No.", ONE),
        ("Is there anything at the centre?", "No.", ONE),
        ("Is region 2 a crack?", "No.", THREE),
        ("Is there rust?", "Yes.", RUST),
        ("Is there no solder at the top left?", "Yes.", OWN),
        ("Is it normal?", "No.", ONE),
        ("Isn't it normal?", "Yes.", NORMAL),
        ("Is anything wrong?", "No.", NORMAL),
        ("Any damage?", "Yes.", ONE),
    ],
)
def test_a_bare_yes_or_no_is_held_against_the_question(question: str, right: str, seen: Inspection) -> None:
    wrong = {"Yes.": "No.", "No.": "Yes."}[right]
    assert not contradicts(right, seen, read_question(question))
    assert contradicts(wrong, seen, read_question(question))


@pytest.mark.parametrize(
    "question", ["Is the scratch deep?", "Is it a serious scratch?", "Is anything else wrong?", "Where is it?"]
)
def test_a_bare_yes_or_no_to_other_questions_says_nothing(question: str) -> None:
    assert not contradicts("Yes.", ONE, read_question(question))
    assert not contradicts("No.", ONE, read_question(question))
