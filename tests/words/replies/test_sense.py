"""Kinds, causes, effects and advice make sense on the object; what is uncertain is said; nothing is said twice without need."""

from __future__ import annotations

from dataclasses import replace

import pytest

from assistant.reading.acts.act import Act
from assistant.types import Domain
from assistant.vocabulary.knowledge import load_knowledge
from assistant.vocabulary.materials import fits_object, is_movable, is_plain, materials_of, sensible
from assistant.words.replies.verdicts import NOT_ABSENT
from assistant.words.scene import phrases
from tests.inspections import inspection, region, regions
from tests.words.replies.test_reply import STATES, told


def on(name: str | None, kind: str, probability: float = 0.9) -> str:
    """The causes, effects and next steps told of a kind on an object."""
    found = inspection(0.9, (region(1, ("centre",), kind, probability),), name)
    acts = ((Act.CAUSE, "what causes it?"), (Act.EFFECT, "what can it lead to?"), (Act.NEXT_STEP, "what to do next?"))
    return " ".join(told(found, one).text for one in acts)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("casting", "print error"),
        ("bottle", "corrosion"),
        ("fabric", "crack"),
        ("road", "fold"),
        ("circuit board", "texture disruption"),
    ],
)
def test_a_kind_that_the_object_cannot_have_is_called_a_guess(name: str, kind: str) -> None:
    said = on(name, kind)
    assert f"makes little sense on the {name}" in said
    assert "if it is" in said.lower()
    assert "Usual causes are" not in said, "no cause without a condition"
    assert "makes little sense" not in on(None, kind)
    assert "makes little sense" not in on("widget", kind)


@pytest.mark.parametrize(
    ("name", "kind", "left_out", "kept"),
    [
        ("leather", "texture disruption", "a broken thread", "broken grain"),
        ("magnetic tile", "texture disruption", "worn rollers", "worn tools"),
        ("road", "crack", "take the part out of use", "fatigue"),
        ("road", "crack", "gas leak", "sudden failure"),
        ("tablet", "scratch", "start corrosion", "spoil the finish"),
        ("wooden plank", "pit", "trapped gas while casting", "a particle pressed in"),
    ],
)
def test_what_does_not_fit_the_object_is_not_said_as_usual(name: str, kind: str, left_out: str, kept: str) -> None:
    said = on(name, kind)
    sure = " ".join(s for s in said.split(". ") if "does not fit" not in s)
    assert kept in sure
    assert left_out not in sure
    assert left_out in on(None, kind) or left_out == "worn rollers", "of an unknown object all that is usual is told"


def test_a_road_cannot_be_held_back() -> None:
    found = inspection(0.9, (region(1, ("centre",), "crack", 0.9),), "road")
    assert told(found, (Act.ACCEPT, "is it ok?")).text.startswith("I would have it looked at")
    assert "old the part back" not in told(found, (Act.NEXT_STEP, "what next?")).text
    assert is_movable("casting")


def test_medical_causes_are_no_diagnosis() -> None:
    scan = replace(inspection(0.9).image, domain=Domain.MEDICAL)
    found = replace(inspection(0.9, (region(1, ("centre",), "mass", 0.9),)), image=scan)
    assert "no diagnosis" in told(found, (Act.CAUSE, "what causes it?")).sentences[1]


def test_what_is_known_of_every_kind_has_something_for_every_material() -> None:
    knowledge = load_knowledge()
    for entry in knowledge.entries.values():
        if entry.domain is Domain.MEDICAL:
            continue
        assert sensible(entry.causes, frozenset()) == entry.causes
        for name in ("casting", "bottle", "fabric", "leather", "road", "circuit board", "tablet", "label", "plank"):
            materials = materials_of(name)
            if fits_object(entry.name, materials):
                assert sensible(entry.causes, materials), (entry.name, name)
    crack = knowledge.find("crack")
    assert crack is not None
    assert is_plain(crack, None)
    assert is_plain(crack, "casting")
    assert not is_plain(crack, "road")


def test_the_chance_of_a_kind_is_listed_and_called_uncertain_where_it_is_low() -> None:
    found = inspection(0.9, (region(1, ("centre",), "pit", 0.34), region(2, ("top left",), "crack", 0.9)), "plate")
    said = told(found, (Act.LIST_REGIONS, "list them")).text
    assert "kind uncertain: 34 % sure" in said
    assert "kind 90 % sure" in said


def test_what_was_heard_is_not_said_again_behind_the_answer() -> None:
    found = STATES["anomalous"]
    first = told(found, (Act.PRICE, "what does it cost?"))
    again = told(found, (Act.ORIGIN, "who made it?"), last=first, heard=(first.text,))
    assert any("What I can tell" in sentence for sentence in first.sentences)
    assert not any("What I can tell" in sentence for sentence in again.sentences)
    assert again.sentences[0].startswith("Who made it"), "what is asked is answered"
    normal = STATES["normal"]
    seen = told(normal, (Act.EFFECT, "what can it lead to?"))
    later = told(normal, (Act.CAUSE, "what caused it?"), last=seen, heard=(seen.text,))
    assert NOT_ABSENT in later.text.lower(), "what a normal verdict is worth is said each time"
    lines = told(found, (Act.REPORT, "report"), heard=(told(found, (Act.REPORT, "report")).text,))
    assert lines.text == told(found, (Act.REPORT, "report")).text


def test_the_limit_is_said_once_a_message() -> None:
    said = told(STATES["normal"], (Act.REPHRASE, "in plain words"), (Act.ACCEPT, "is it ok to ship?")).text
    assert said.count(phrases.LIMIT) == 1


def test_other_questions_are_offered_near_the_one_asked() -> None:
    from assistant.reading.acts.message import MessageKind
    from assistant.reading.acts.slots import slots_of
    from assistant.reading.acts.understanding import AskedAct, Understanding
    from assistant.reading.question import read_question
    from assistant.words.replies.reply import reply
    from tests.words.replies.test_reply import KNOWLEDGE

    question = read_question("could that be buffed?")
    guess = AskedAct(Act.REPAIR, 0.35, slots_of(Act.REPAIR, question, question), question.text)
    near = (Act.REPAIR, Act.GREETING, Act.PRAISE)
    unclear = Understanding((), (question.text,), near, "en", MessageKind.SENTENCE, guess)
    said = reply(unclear, question, inspection(0.9, regions(1)), KNOWLEDGE).text
    assert 'I can answer "Where is it?" or "How sure are you?"' in said
    nearer = replace(unclear, nearest=(Act.REPAIR, Act.CAUSE, Act.GREETING))
    said = reply(nearer, question, inspection(0.9, regions(1)), KNOWLEDGE).text
    assert '"What could have caused it?" or "What can it lead to?"' in said, "others of the family fill up"
