"""Sizes and rulings in words: the unit that is known, what is rough or a least size."""

from __future__ import annotations

from dataclasses import replace

import pytest

from assistant.types import Domain, Extents, MeasuredBy, Measures, RuleDecision, RuleVerdict
from assistant.words import wording
from tests.inspections import inspection, region

PX = Extents(45.3, 2.25, (46.0, 4.0), 100.0, 3.0, 4.5)
LINE = Measures(MeasuredBy.LINE, (5.0, 5.0), PX)


@pytest.mark.parametrize(
    ("measures", "length", "width"),
    [
        (None, None, None),
        (LINE, "45 px", "2.2 px"),
        (replace(LINE, mm=replace(PX, length=2.34, width=0.118)), "2.3 mm", "0.12 mm"),
        (replace(LINE, by=MeasuredBy.OUTLINE), "about 45 px", "about 2.2 px"),
        (replace(LINE, may_go_on=True), "at least 45 px", "2.2 px"),
        (replace(LINE, px=replace(PX, length=312.4)), "312 px", "2.2 px"),
    ],
)
def test_sizes(measures: Measures | None, length: str | None, width: str | None) -> None:
    one = replace(region(1), measures=measures)
    assert (wording.size(one, "length"), wording.size(one, "width")) == (length, width)


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        (RuleVerdict(RuleDecision.ACCEPT), "accept"),
        (RuleVerdict(RuleDecision.REJECT, "any dent", (2,)), "reject: any dent (region 2)"),
        (RuleVerdict(RuleDecision.REJECT, "a score of at least 0.9"), "reject: a score of at least 0.9"),
        (RuleVerdict(RuleDecision.UNDECIDED, "any dent", (1, 2), "why"), "undecided: any dent (regions 1 and 2); why"),
    ],
)
def test_rulings(verdict: RuleVerdict, words: str) -> None:
    assert wording.ruling(verdict) == words


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (None, "The picture"),
        ("metal lid", "The picture of the metal lid"),
        ("scan", "The scan"),
        ("an abdominal CT scan", "The abdominal CT scan"),
        ("Chest X-ray", "The Chest X-ray"),
        ("medical image", "The medical image"),
        ("scanner", "The picture of the scanner"),
        ("image sensor", "The picture of the image sensor"),
    ],
)
def test_no_picture_of_a_picture(name: str | None, words: str) -> None:
    assert wording.subject(inspection(0.2, name=name, domain=Domain.MEDICAL)) == words
