"""What is said on a message: it follows from the inspection, for every act, in every state of a picture."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest

from assistant.reading.acts.act import Act
from assistant.reading.acts.message import MessageKind
from assistant.reading.acts.slots import slots_of
from assistant.reading.acts.understanding import OFFERED, AskedAct, Understanding
from assistant.reading.faithfulness import contradicts
from assistant.reading.question import read_question
from assistant.types import AnomalyMap, Domain, Extents, Inspection, MeasuredBy, Measures, Mode
from assistant.vision.detail.overview import unseen
from assistant.vocabulary.knowledge import load_knowledge
from assistant.words.replies.reply import Reply, reply
from assistant.words.replies.telling.sayers import SAYERS
from assistant.words.scene.dialogue_state import DialogueState, Earlier
from tests.inspections import inspection, region, regions

KNOWLEDGE = load_knowledge()
LONG = Measures(
    MeasuredBy.LINE, (12.0, 8.0),
    Extents(134.4, 3.2, (130.0, 20.0), 430.0, 5.0, 8.0), Extents(26.9, 0.64, (26.0, 4.0), 17.2, 1.0, 1.6),
)  # fmt: skip
CRACK = replace(region(1, ("top left",), "crack", 0.4), measures=LONG)
STATES = {
    "anomalous": inspection(0.86, regions(2), "plate"),
    "many regions": inspection(0.97, regions(9)),
    "normal": inspection(0.12),
    "close": inspection(0.46),
    "no region": inspection(0.8),
    "normal with a region": inspection(0.3, regions(1)),
    "seen as a whole": replace(inspection(0.12), warnings=unseen((3000, 4000), (21, 28))),
}


def told(
    found: Inspection,
    *acts: tuple[Act, str],
    message: str | None = None,
    focus: tuple[int, ...] = (),
    before: tuple[Act, ...] = (),
    last: Reply | None = None,
    **more: Any,
) -> Reply:
    """The reply to a message whose acts are known, after one about the regions of ``focus``; ``more`` is the dialogue's state."""
    last = last or Reply((), (), before, focus)
    question = read_question(message or " ".join(text for _, text in acts))
    asked = tuple(AskedAct(act, 1.0, slots_of(act, read_question(text), question), text) for act, text in acts)
    understood = Understanding(asked, (), OFFERED, "en", MessageKind.SENTENCE)
    return reply(understood, question, found, KNOWLEDGE, state=DialogueState(**more), last=last)


@pytest.mark.parametrize("domain", [None, Domain.INDUSTRIAL, Domain.MEDICAL])
@pytest.mark.parametrize("mode", list(Mode))
def test_every_act_has_a_reply_that_agrees_with_the_picture(domain: Domain | None, mode: Mode) -> None:
    assert set(SAYERS) == set(Act)
    states = STATES if mode is Mode.ZERO_SHOT else {name: STATES[name] for name in ("many regions", "normal")}
    for (name, state), act in product(states.items(), Act):
        found = replace(state, image=replace(state.image, domain=domain), mode=mode)
        text = told(found, (act, act.example)).text
        assert text.strip(), (name, act)
        assert "None " not in f"{text} " or act is Act.COUNT, (name, act, text)
        assert not contradicts(text, found), (name, act, text)


@pytest.mark.parametrize("act", [Act.PRESENCE, Act.SUMMARY])
def test_a_normal_verdict_says_what_was_not_looked_for(act: Act) -> None:
    assert "200 px were not looked for" in told(STATES["seen as a whole"], (act, act.example)).text
    assert "looked for" not in told(STATES["normal"], (act, act.example)).text


def test_the_size_of_a_line_is_told_apart_from_the_area_around_it() -> None:
    outline = replace(CRACK, measures=replace(LONG, by=MeasuredBy.OUTLINE))
    by_line, by_outline = (told(inspection(0.9, (one,)), (Act.SIZE, "how big is it")).text for one in (CRACK, outline))
    assert "holds a line of about" in by_line
    assert "the marked area around it is" in by_line
    assert "is about" in by_outline
    assert "line" not in by_outline


@pytest.mark.parametrize("name", list(STATES))
def test_scans_are_never_cleared_nor_called_diseased(name: str) -> None:
    found = STATES[name]
    scan = replace(found, image=replace(found.image, domain=Domain.MEDICAL))
    for act in Act:
        text = told(scan, (act, act.example)).text.lower()
        assert "healthy" not in text
        assert "defect" not in text or act.family.value in ("tool", "talk"), (act, text)
    for act in (Act.MALIGNANT, Act.BIOPSY, Act.BIRADS, Act.DIAGNOSIS):
        assert any(who in told(scan, (act, act.example)).text for who in ("radiologist", "doctor", "reader")), act


def test_accept_says_hold_back_or_what_a_normal_verdict_is_worth() -> None:
    assert told(STATES["anomalous"], (Act.ACCEPT, "ship it?")).text.startswith("I would hold it back:")
    clean = told(STATES["normal"], (Act.ACCEPT, "ship it?")).text
    assert clean.startswith("My verdict is normal: no defect was found (score 0.12")
    assert "That nothing is marked does not mean that nothing is there. Your own acceptance rule decides." in clean
    assert "look again" in told(STATES["close"], (Act.ACCEPT, "ship it?")).text


def test_an_unsure_kind_is_not_stated_as_fact() -> None:
    guess = inspection(0.9, (replace(CRACK, type_probability=0.4),))
    assert "an unusual mark, perhaps a crack, at the top left" in told(guess, (Act.PRESENCE, "anything wrong?")).text
    assert "that is a guess (40 % sure)" in told(guess, (Act.TYPE, "what kind?")).text
    sure = inspection(0.9, (replace(CRACK, type_probability=0.9),))
    assert "perhaps" not in told(sure, (Act.PRESENCE, "anything wrong?")).text


def test_lengths_are_in_millimetres_where_the_scale_is_known_and_the_scale_is_asked_for_where_not() -> None:
    scaled = inspection(0.9, (CRACK,))
    assert "about 26.9 mm" in told(scaled, (Act.LENGTH, "how long in mm?")).text
    assert LONG.mm is not None
    bare = inspection(0.9, (replace(CRACK, measures=replace(LONG, mm=None)),))
    answer = told(bare, (Act.LENGTH, "how long is it in mm?")).text
    assert "134 px long" in answer
    assert "need a scale" in answer
    assert "need a scale" not in told(bare, (Act.LENGTH, "how long is it?")).text


def test_a_size_that_is_told_gives_the_scale_under_its_assumption() -> None:
    bare = inspection(0.9, (replace(CRACK, measures=replace(LONG, mm=None)),))
    answer = told(bare, (Act.SCALE, "the part is 96 mm wide")).text
    assert "If the part spans the picture (48 px) and is 96.0 mm wide, a pixel is 2 mm, and region 1" in answer
    assert "269 mm long" in answer
    assert "0.012 mm a pixel" in told(bare, (Act.SCALE, "one pixel is 12 um")).text


def test_a_place_is_answered_by_what_the_map_says_there() -> None:
    scores = np.zeros((32, 48), np.float32)
    scores[28, 44] = 0.41
    found = replace(inspection(0.2), anomaly_map=AnomalyMap(scores))
    answer = told(found, (Act.MISSED, "you missed one at the bottom right")).text
    assert "Nothing is marked at the bottom right: the map reaches 0.41 there" in answer
    for words in ("at 5 o'clock", "at (44, 28)", "around x 44, y 28"):
        assert "reaches 0.41" in told(found, (Act.PRESENCE, f"is there something {words}?")).text, words
    marked = inspection(0.9, (CRACK,))
    assert "I marked something there" in told(marked, (Act.PRESENCE, "is there something at the top left?")).text


def test_yes_and_no_follow_what_is_asked() -> None:
    cracked = inspection(0.9, (replace(CRACK, type_probability=0.9),))
    assert told(cracked, (Act.PRESENCE, "is there a crack?")).text.startswith("Yes: a crack")
    for negated in ("is it free of cracks?", "no cracks?", "isn't there a crack?"):
        assert told(cracked, (Act.PRESENCE, negated)).text.startswith("A crack at the top left"), negated
        assert told(STATES["normal"], (Act.PRESENCE, negated)).text.startswith("Neither a crack"), negated
    for question, bad, good in (("defect? y/n", "Yes. ", "No. "), ("ok y/n", "No. ", "Yes. ")):
        assert told(cracked, (Act.PRESENCE, question)).text.startswith(bad), question
        assert told(STATES["normal"], (Act.PRESENCE, question)).text.startswith(good), question


@pytest.mark.parametrize("act", [Act.SIZE, Act.SEVERITY, Act.NEXT_STEP, Act.TYPE, Act.CAUSE])
def test_what_is_asked_of_regions_that_are_not_there_denies_none_that_are(act: Act) -> None:
    found = inspection(0.9, (CRACK,))
    assert "no other one: the one region" in told(found, (act, "and the other one?"), focus=(1,)).text
    assert "no such region" in told(found, (act, "what about region 7?")).text
    assert "perhaps a crack, at the top left" in told(found, (act, "the one at the bottom right")).text


def test_reasons_fit_the_verdict() -> None:
    assert "scores above the threshold" in told(STATES["no region"], (Act.WHY, "why?")).text
    assert "because region 1" in told(inspection(0.9, (CRACK,)), (Act.WHY, "why is region 1 marked?")).text
    unmarked = told(inspection(0.9, (CRACK,)), (Act.WHY, "why is the bottom right marked?")).text
    assert "Nothing is marked at the bottom right because the map reaches only 0.00 there" in unmarked
    assert "The nearest mark is region 1" in unmarked
    assert "No single mark" in told(STATES["no region"], (Act.CUSTOMER_NOTICE, "would they notice?")).text


def test_a_size_in_a_question_is_no_place() -> None:
    found = inspection(0.9, (CRACK,))
    assert told(found, (Act.PRESENCE, "is the 30 x 20 px spot bad?")).text.startswith("It looks defective")


def test_each_thing_that_no_picture_tells_has_its_own_reason() -> None:
    found = STATES["normal"]
    acts = [act for act in Act if act.family.value == "unanswerable"]
    reasons = {told(found, (act, act.example)).sentences[0] for act in acts}
    assert len(reasons) == len(acts) > 10


def test_it_is_the_region_spoken_of_before_and_the_other_one_is_another() -> None:
    found = STATES["many regions"]
    first = told(found, (Act.WORST_REGION, "which is the worst?"))
    assert first.focus == (1,) or first.text.startswith("Region 1")
    again = told(found, (Act.SIZE, "how big is it?"), focus=(3,))
    assert again.focus == (3,)
    assert again.text.startswith("Region 3")
    other = told(found, (Act.SIZE, "and the other one?"), focus=(1,))
    assert other.focus == (2,)
    assert "There is no such region" in told(found, (Act.WHERE, "where is region 12?")).text


def test_a_message_that_only_names_another_region_asks_what_the_one_before_did() -> None:
    found = STATES["many regions"]
    for message, number in (("and region 2?", 2), ("what about region 5", 5), ("and the other one?", 2)):
        question = read_question(message)
        unclear = Understanding((), (message,), OFFERED, "en", MessageKind.SENTENCE)
        answer = reply(unclear, question, found, KNOWLEDGE, last=Reply((), (), (Act.SEVERITY,), (1,)))
        assert answer.acts == (Act.SEVERITY,), message
        assert answer.focus == (number,), message


def test_several_acts_are_replied_to_in_order_and_courtesies_give_way() -> None:
    found = STATES["anomalous"]
    both = told(found, (Act.GREETING, "hi"), (Act.WHERE, "where is it"), (Act.CAUSE, "and why does it happen"))
    assert both.acts == (Act.WHERE, Act.CAUSE)
    assert both.text.index("Region 1") < both.text.index("usual causes")
    assert told(found, (Act.GREETING, "hi")).text.startswith("Hello.")
    assert told(found, (Act.THANKS, "thanks")).text == "You are welcome."


def test_what_is_not_understood_still_gets_the_verdict_and_questions_to_ask() -> None:
    question = read_question("flurb the wobble")
    empty = Understanding((), ("flurb the wobble",), (Act.BIRADS, Act.WHERE, Act.CLAIM), "en", MessageKind.SENTENCE)
    answer = reply(empty, question, STATES["anomalous"], KNOWLEDGE).text
    assert answer.startswith("I may not have understood that, or cannot tell it from the picture")
    assert "The plate looks defective" in answer
    assert '"Where is it?"' in answer
    assert "BI-RADS" not in answer
    markup = Understanding((), (), OFFERED, "en", MessageKind.MARKUP)
    assert reply(markup, read_question("<b>"), STATES["normal"], KNOWLEDGE).text.startswith("That holds no question")


def test_another_language_gets_its_notice_before_the_answer() -> None:
    question = read_question("Wo ist der Fehler?")
    asked = AskedAct(Act.WHERE, 1.0, slots_of(Act.WHERE, question, question), "where is defect")
    german = Understanding((asked,), (), OFFERED, "de", MessageKind.SENTENCE)
    assert reply(german, question, STATES["anomalous"], KNOWLEDGE).text.startswith(
        "Dieser Assistent antwortet auf Englisch"
    )


def test_other_pictures_of_the_session_are_compared_and_counted() -> None:
    earlier = (Earlier("a.png", STATES["normal"]), Earlier("b.png", STATES["many regions"]))
    found = STATES["anomalous"]
    assert told(found, (Act.WHICH_BAD, "which are bad?"), others=earlier).text == "2 of 3: b.png and this one."
    assert (
        "a.png: normal" in told(found, (Act.COMPARE_PICTURE, "compare it with the first picture"), others=earlier).text
    )
    assert "this picture only" in told(found, (Act.WHICH_BAD, "which are bad?")).text


def test_a_summary_has_the_form_that_was_asked_for() -> None:
    found = STATES["anomalous"]
    assert len(told(found, (Act.SUMMARY, "summarise in one sentence")).sentences) == 1
    bullets = told(found, (Act.SUMMARY, "summary as bullets"))
    assert all(line.startswith("- ") for line in bullets.text.splitlines())
    assert 2 <= len(bullets.text.splitlines()) <= 4


def test_an_act_that_only_comes_near_is_tried_and_other_questions_are_offered() -> None:
    question = read_question("could that be buffed?")
    guess = AskedAct(Act.REPAIR, 0.35, slots_of(Act.REPAIR, question, question), question.text)
    unclear = Understanding((), (question.text,), (Act.REPAIR, Act.CAUSE, Act.SIZE), "en", MessageKind.SENTENCE, guess)
    said = reply(unclear, question, STATES["anomalous"], KNOWLEDGE)
    assert said.acts == (Act.REPAIR,)
    assert said.text.startswith("Scrap, rework or repair is decided by")
    assert said.text.endswith('I can answer "What could have caused it?" or "How big is it?", for example.')
    without = reply(replace(unclear, guess=None), question, STATES["anomalous"], KNOWLEDGE)
    assert without.acts == ()
    assert without.text.startswith("I may not have understood that")


def test_kinds_of_scans_are_not_looked_for_in_parts() -> None:
    asked = "is there any shrinkage or a crack?"
    assert "atrophy" not in told(STATES["normal"], (Act.PRESENCE, asked)).text
    scan = replace(STATES["normal"], image=replace(STATES["normal"].image, domain=Domain.MEDICAL))
    assert "atrophy" in told(scan, (Act.PRESENCE, asked)).text
