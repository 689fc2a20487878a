"""What no picture tells is refused by the thing that is named: its own reason, what would tell, and the fact that is nearest."""

from __future__ import annotations

from dataclasses import replace

import pytest

from assistant.reading.acts.act import Act
from assistant.reading.acts.slots import slots_of
from assistant.reading.faithfulness import contradicts
from assistant.reading.question import read_question
from assistant.types import Domain, Inspection
from assistant.words.replies.untold.things import load_things, things_in
from tests.inspections import inspection, region
from tests.words.replies.test_reply import STATES, told

CRACKED = inspection(0.9, (region(1, ("top left",), "crack", 0.9),), "casting")
SCAN = replace(
    inspection(0.7, (region(1, ("centre",), "mass", 0.9),)),
    image=replace(inspection(0.7).image, domain=Domain.MEDICAL),
)
NAMED = [
    (Act.MATERIAL, "what is the hardness of it?", "How hard it is", "hardness tester"),
    (Act.PRESENCE, "does it leak?", "Whether it leaks", "pressure test"),
    (Act.NONSENSE, "what torque do the bolts need", "How tight the screws", "torque wrench"),
    (Act.TYPE, "which alloy is it", "Which alloy", "spectrometer"),
    (Act.EFFECT, "does that affect the power output?", "power or efficiency", "current-voltage curve"),
    (Act.AREA, "how much mass is missing?", "How much material is gone", "weighing"),
    (Act.APPEARANCE, "how rough is the surface", "How rough", "roughness tester"),
    (Act.OTHER_SIDE, "is there porosity inside the part?", "What it is like inside", "ultrasound"),
    (Act.SIZE, "what is the bore diameter?", "What the part itself measures", "gauge"),
    (Act.IDENTIFY, "what is this part used for?", "What it is used for", "data sheet"),
    (Act.PRESENCE, "will it fail in the field?", "Whether and when it will break", "load test"),
    (Act.SIDE, "which lobe is it in?", "Which lobe", "radiologist"),
    (Act.MISSED, "is the midline shifted?", "Whether the midline is shifted", "qualified reader"),
]


@pytest.mark.parametrize(("act", "question", "what", "tells"), NAMED)
def test_the_thing_that_is_named_is_refused_whatever_the_act(act: Act, question: str, what: str, tells: str) -> None:
    for found in (CRACKED, STATES["normal"]):
        said = told(found, (act, question))
        assert what in said.sentences[0], said.text
        assert "cannot be told from one picture" in said.sentences[0]
        assert tells in said.sentences[0]
        assert said.exact
        assert len(said.sentences) > 1, "the fact that comes nearest"
        assert not contradicts(said.text, found)


def test_what_is_not_marked_is_never_said_to_be_absent() -> None:
    for question in ("is there oedema around it?", "any midline shift?", "any lymph nodes?", "does it enhance?"):
        for found in (SCAN, replace(STATES["normal"], image=SCAN.image)):
            said = told(found, (Act.PRESENCE, question)).text
            assert "does not mean that" in said, said
            assert "no " not in said.lower().split("research")[0].replace("no diagnosis", "").replace("no sign", ""), (
                said
            )


def test_several_things_of_one_reason_are_refused_together_and_none_twice() -> None:
    said = told(
        SCAN, (Act.MISSED, "is there oedema or a midline shift?"), (Act.CLAIM, "it looks like oedema to me")
    ).text
    assert said.count("Whether there is oedema") == 1
    assert "and whether the midline is shifted cannot be told" in said


def test_an_answer_stands_beside_the_thing_that_is_not_told() -> None:
    said = told(CRACKED, (Act.ACCEPT, "can I ship it if it leaks?")).text
    assert said.startswith("I would hold it back")
    assert "Whether it leaks or is tight cannot be told" in said


def test_what_a_picture_can_tell_is_not_refused() -> None:
    for act, question in (
        (Act.CAUSE, "could the temperature have caused it?"),
        (Act.HOW_IT_WORKS, "how do you work?"),
        (Act.LENGTH, "how long is the crack?"),
        (Act.COUNT, "how many defects are there?"),
        (Act.NEXT_STEP, "what should I do next?"),
    ):
        assert "cannot be told from one picture" not in told(CRACKED, (act, question)).sentences[0], question


def test_other_things_than_marks_are_not_counted() -> None:
    said = told(CRACKED, (Act.COUNT, "how many screws are there?")).text
    assert said.startswith("How many screws there are I cannot tell")
    assert "one region stands out" in said


def test_things_have_distinct_clauses_and_a_reason_each() -> None:
    things = load_things()
    assert len({thing.say for thing in things}) == len(things) > 50
    assert all(thing.because and thing.tells for thing in things)
    assert {thing.act for thing in things} >= {act for act in Act if act.family.value == "unanswerable"}


@pytest.mark.parametrize("found", [CRACKED, SCAN, STATES["normal"], STATES["many regions"], STATES["no region"]])
def test_no_refusal_contradicts_the_picture(found: Inspection) -> None:
    for thing in load_things():
        said = told(found, (thing.act or Act.NONSENSE, thing.say)).text
        assert not contradicts(said, found), (thing.say, said)


def test_of_words_that_overlap_the_longest_name_one() -> None:
    assert [thing.say for thing in things_in("how old is the patient", scan=True)] == ["such a thing about the patient"]
    assert [thing.say for thing in things_in("how old is it", scan=True)] == ["how old it is"]


def test_a_size_that_is_told_is_no_question_about_the_part() -> None:
    said = told(CRACKED, (Act.SIZE, "can you give me mm if the outer diameter is about 95 mm?"))
    assert not said.exact
    assert "What the part itself measures" in told(CRACKED, (Act.SIZE, "what is the outer pipe diameter?")).text


def test_signs_are_refused_also_where_one_is_asked_to_choose() -> None:
    posed = slots_of(Act.TYPE, read_question("is there oedema or midline shift?"), read_question("?"))
    assert posed is not None
    said = told(SCAN, (Act.TYPE, "is there oedema or midline shift?")).text
    assert said.startswith("Whether there is oedema and whether the midline is shifted cannot be told")
