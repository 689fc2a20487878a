"""Words of a verdict's card, and what a result rests on, are explained with the picture's own values, whatever the act."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from assistant.language.spoken import Spoken
from assistant.reading.acts import understanding
from assistant.reading.acts.act import Act
from assistant.reading.faithfulness import contradicts
from assistant.reading.question import read_question
from assistant.types import Domain, Inspection, Mode
from assistant.vocabulary.knowledge import load_knowledge
from assistant.words.replies.verdicts import NOT_ABSENT
from tests.inspections import inspection, region
from tests.words.replies.test_reply import told

CLEAN = inspection(0.13, (), "lozenge")
CLOSE = inspection(0.51, (region(1, ("top centre",), "stain", 0.54, area=0.003, peak=0.6),), "casting")
GLASS = inspection(0.97, (region(1, ("middle right",), "corrosion", 0.9),), "jam jar", mode=Mode.FEW_SHOT)


@pytest.fixture(autouse=True)
def by_words_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is asked is read without the sentence tower, which not every machine has."""
    monkeypatch.setattr(understanding, "sentence_tower", lambda: None)


def said(text: str, found: Inspection) -> str:
    *_, last = Spoken(found, load_knowledge()).answers(read_question(text))
    assert not contradicts(last.text, found), last.text
    return last.text


@pytest.mark.parametrize(
    "question",
    [
        "what does 'clearly normal' mean if I see a chip?",
        "what do you mean by probably normal?",
        "why only probably?",
        "explain 'borderline'",
    ],
)
@pytest.mark.parametrize("found", [CLEAN, CLOSE], ids=["normal", "close"])
def test_words_for_how_sure_are_held_against_the_score(question: str, found: Inspection) -> None:
    answer = said(question, found)
    assert answer.startswith(f"Such words say only where the score lies, here {found.image_score:.2f}"), answer
    assert "0.40 to 0.60 is borderline" in answer
    assert (NOT_ABSENT in answer) is (found is CLEAN)


def test_good_or_bad_is_said_of_the_score_with_the_verdict() -> None:
    answer = said("what does 0.51 mean, good or bad?", CLOSE)
    assert "0.51 is the score of the picture" in answer
    assert "only just above the threshold of 0.50, so the verdict is anomalous, but it could go either way" in answer
    assert "so the verdict is normal." in said("is 0.13 good or bad?", CLEAN)


@pytest.mark.parametrize(
    ("question", "found", "words"),
    [
        ("what does anomalous mean?", GLASS, "the score of 0.97 reaches the threshold"),
        ("what does normal mean?", CLEAN, "the score of 0.13 stays below the threshold"),
        ("what does major mean?", GLASS, "Region 1 is rated major"),
        ("what does zero-shot mean?", CLEAN, "judged without reference pictures"),
        ("what does 'corrosion' mean on the card?", GLASS, "Corrosion shows as"),
        ("what's a stain supposed to be?", CLOSE, "A stain shows as"),
        ("is that the maximum?", GLASS, "The scale ends at 1.00, and 0.50 is the threshold: the score here is 0.97"),
    ],
)
def test_a_word_of_the_card_is_explained_with_its_values(question: str, found: Inspection, words: str) -> None:
    assert words in said(question, found), said(question, found)


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("what does borderline mean?", '"borderline": 0.40 to 0.60 is borderline'),
        ("what do you mean by anomalous?", '"Anomalous" says that the score of 0.51 reaches the threshold of 0.50'),
        ("what does critical mean?", "Region 1 is rated minor"),
        ("what does few-shot mean?", "few-shot means compared with some"),
        ("what does peak mean?", "0.60 is the highest value of the map in region 1"),
        ("what does 'score' mean?", "0.51 is the score of the picture, from 0 to 1"),
    ],
)
def test_a_word_of_the_card_has_one_explanation_whatever_the_act(question: str, words: str) -> None:
    answers = {told(CLOSE, (act, question)).text for act in (Act.CARD_WORD, Act.KIND_MEANING, Act.SURE, Act.MISSED)}
    assert len(answers) == 1, answers
    assert words in answers.pop()


@pytest.mark.parametrize("act", [Act.MANAGE_REFERENCES, Act.REFERENCES, Act.MISSED])
def test_how_many_references_is_answered_in_one_way(act: Act) -> None:
    assert told(GLASS, (act, "how many references do you need?")).sentences[0].startswith("Three to begin with")


@pytest.mark.parametrize("act", [Act.VALIDATE, Act.RECORD, Act.ACCEPT])
def test_what_a_result_rests_on_is_told_whatever_the_act(act: Act) -> None:
    assert told(GLASS, (act, "is that enough evidence?")).sentences[0].startswith("By itself no")
    assert told(GLASS, (act, "which records need to be kept?")).sentences[0].startswith("Keep the picture, the score")


def test_each_word_of_a_message_is_explained() -> None:
    answer = told(
        CLOSE,
        (Act.CARD_WORD, "what does borderline mean"),
        (Act.CARD_WORD, "and what is the triangle"),
        message="what does borderline mean, and what is the triangle?",
    ).text
    assert told(CLOSE, (Act.CARD_WORD, "what does the triangle mean?")).text.startswith("A warning says")
    assert "Such words say only where the score lies" in answer
    assert "A warning says what speaks against" in answer


def test_whether_a_kind_makes_sense_is_told_by_the_object() -> None:
    odd = said("is it corrosion, and does that make any sense here?", GLASS)
    assert "Corrosion makes little sense on the jam jar" in odd
    assert "Yes" not in odd, "what makes no sense is not said to be there"
    assert (
        "A stain can be on the casting, so it makes sense in general. That it is one goes by its looks alone (54 % sure)."
        in said("does that make sense?", CLOSE)
    )
    scan = replace(GLASS, object_name=None, image=replace(GLASS.image, domain=Domain.MEDICAL))
    assert "makes no sense on a scan" in said("does that make sense here?", scan)


@pytest.mark.parametrize(
    "question",
    [
        "would references have caught it?",
        "what would change if I gave you five good lozenges as reference pictures?",
        "I have no reference pictures. If I give some, can it become different?",
        "Score 0.13 without references: how would that change with 4 normals?",
    ],
)
def test_what_references_would_do_is_told_as_far_as_it_is_known(question: str) -> None:
    answer = said(question, CLEAN)
    assert "Whether the verdict would change I cannot say before it is tried: the score here is 0.13" in answer
    assert "each place is held against good ones" in answer
    assert "Without region" not in answer


def test_what_more_references_would_do_does_not_ask_for_the_first_ones() -> None:
    few = told(GLASS, (Act.MISSED, "would more references change it?")).text
    assert "With more of them each place" in few
    assert "to begin with" not in few


def test_what_is_taken_out_is_not_swallowed() -> None:
    assert "dangerous in use" in told(GLASS, (Act.ACCEPT, "can I take it?")).text
    assert "dangerous in use" not in told(GLASS, (Act.ACCEPT, "can I take it out?")).text


def test_how_many_references_and_which() -> None:
    for question in ("how many references do you need?", "should I use good ones, and which ones would you want?"):
        assert "Three to begin with, better five or more" in said(question, CLEAN), question
    assert "Three to begin with" not in said("how many defects do you see?", GLASS)


@pytest.mark.parametrize(
    ("question", "begins"),
    [
        ("is that sufficient evidence for a rejection?", "By itself no: it is one picture"),
        (
            "what records should be kept?",
            "Keep the picture, the score with its threshold (0.97 against 0.50), the boxes",
        ),
        ("when were you last calibrated?", "When it was trained, calibrated or validated is not recorded"),
        ("who do I ask if not you?", "Ask somebody who has the piece in hand"),
        ("which kinds of defects do people look for on such a thing?", "The kinds that I can name on the jam jar are"),
    ],
)
def test_what_a_result_rests_on_is_asked_by_its_words(question: str, begins: str) -> None:
    assert said(question, GLASS).startswith(begins), said(question, GLASS)


def test_the_kinds_that_are_named_make_sense_on_the_object() -> None:
    listed = said("what kinds of defects can there be?", inspection(0.1, (), "circuit board"))
    assert "scratch" in listed
    assert "and 6 more" in listed
    assert "corrosion" not in said("what kinds of defects can there be?", inspection(0.1, (), "carpet"))


@pytest.mark.parametrize("act", [Act.TEMPERATURE, Act.SEQUENCE, Act.OTHER_SIDE])
def test_a_refusal_gives_no_reason_that_is_of_another_thing(act: Act) -> None:
    from assistant.reading.acts.message import MessageKind
    from assistant.reading.acts.slots import slots_of
    from assistant.reading.acts.understanding import OFFERED, AskedAct, Understanding
    from assistant.words.replies.reply import reply

    def answer(text: str, confidence: float, found: Inspection = CLOSE) -> str:
        question = read_question(text)
        asked = AskedAct(act, confidence, slots_of(act, question, question), text)
        scan = replace(found, image=replace(found.image, domain=Domain.MEDICAL)) if act is Act.SEQUENCE else found
        return reply(
            Understanding((asked,), (), OFFERED, "en", MessageKind.SENTENCE), question, scan, load_knowledge()
        ).text

    if act is not Act.SEQUENCE:
        assert answer("is it the coolant from the lathe?", 0.55).startswith(
            "It may be: oil or coolant is among the usual causes"
        )
        unsure = answer("is it a thing of the shift?", 0.55)
        assert unsure.startswith("I am not sure that I understand what you ask")
        assert "thermal camera" not in unsure
        assert "cannot be told from one picture" in answer("is it a thing of the shift?", 0.95)
    assert "thermal camera" in answer("how hot was it?", 0.45), "what is named is refused with its own reason"


def test_two_questions_are_both_answered_in_their_order_and_briefly() -> None:
    for question, first, second in (
        ("what does 'clearly normal' mean, and would you sign it off?", "Such words say", "My verdict is normal"),
        (
            "how sure are you, and how does it differ from good ones?",
            "The verdict is normal",
            "no normal pictures to compare",
        ),
        ("is that enough evidence, and who do I ask?", "By itself no", "Ask somebody"),
        (
            "what's the decision, and what do I change so it doesn't happen again?",
            "My verdict is normal",
            "How it is avoided",
        ),
    ):
        answer = said(question, CLEAN)
        assert 0 <= answer.find(first) < answer.find(second), answer
        assert len(re.findall(r"[.?!](?= [A-Z]|$)", answer)) <= 6, answer


def test_what_is_left_of_a_message_is_said_to_be_left() -> None:
    both = told(GLASS, (Act.SUMMARY, "one line summary"), message="one line summary")
    assert "The rest of what you ask" not in both.text
    assert "The rest of what you ask I did not understand" in said(
        "how sure are you? what is the weather tomorrow?", GLASS
    )
