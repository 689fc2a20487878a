"""Alternatives and suppositions are what is asked where the act is about them; elsewhere they are a turn of phrase."""

from __future__ import annotations

import pytest

from assistant.reading.acts.act import Act
from assistant.reading.acts.understanding import AskedAct, understand
from assistant.reading.question import read_question
from assistant.reading.told.posed import Pose


def acts_of(text: str, lexical: bool = False) -> list[tuple[Act, Pose | None]]:
    def pose(one: AskedAct) -> Pose | None:
        return None if one.slots.posed is None else one.slots.posed.pose

    return [(one.act, pose(one)) for one in understand(read_question(text), lexical=lexical).acts]


@pytest.mark.weights
@pytest.mark.parametrize(
    ("text", "act"),
    [
        ("do you compare it to my good ones or just guess?", Act.REFERENCES),
        ("the border then. sharp or fuzzy", Act.MARGIN),
        ("does it run across or along?", Act.ORIENTATION),
        ("can i send this as a pdf or as a csv?", Act.EXPORT),
        ("is the patient's left on the left or on the right of the picture?", Act.SIDE),
    ],
)
def test_a_choice_of_another_thing_than_kinds_is_left_to_its_act(text: str, act: Act) -> None:
    found = acts_of(text)
    assert (act, None) in found, found
    assert all(pose not in (Pose.KINDS, Pose.DECISIONS) for _, pose in found), found


@pytest.mark.parametrize("lexical", [True, pytest.param(False, marks=pytest.mark.weights)])
@pytest.mark.parametrize("text", ["scratch or crack?", "is it a scratch or a crack?", "flux or solder balls?"])
def test_a_choice_of_kinds_and_one_that_stands_alone_are_put(text: str, lexical: bool) -> None:
    assert acts_of(text, lexical) == [(Act.TYPE, Pose.KINDS)]


def test_a_supposition_on_a_region_is_one_whatever_it_asks() -> None:
    assert acts_of("suppose region 1 is glare. Is it ok then?", lexical=True) == [(Act.ACCEPT, Pose.WITHOUT)]
