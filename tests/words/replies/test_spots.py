"""A place that the user points to: what the map says there, carried to the questions after, and no comfort."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from assistant.reading.acts.act import Act
from assistant.reading.faithfulness import contradicts
from assistant.types import AnomalyMap, Box, Domain, Inspection
from assistant.words.replies import spots
from assistant.words.replies.reply import Reply
from assistant.words.replies.verdicts import NOT_ABSENT
from tests.inspections import inspection, region
from tests.words.replies.test_reply import told

LEFT = replace(region(1, ("middle left",), "crack", 0.9), box=Box(100, 120, 140, 180))


def mapped(*, score: float = 0.9, at: tuple[int, int, float] = (250, 40, 0.31), marked: bool = True) -> Inspection:
    """A picture of 300 x 300 px with one region at the middle left, and a place (x, y) of a score."""
    scores = np.full((300, 300), 0.02, np.float32)
    if marked:
        scores[120:180, 100:140] = 0.9
    scores[at[1] - 5 : at[1] + 5, at[0] - 5 : at[0] + 5] = at[2]
    found = inspection(score, (LEFT,) if marked else (), "plate")
    return replace(
        found, image=replace(found.image, pixels=np.zeros((300, 300, 3), np.uint8)), anomaly_map=AnomalyMap(scores)
    )


SEEN = (
    "i see a bright dot at the top right",
    "there's a dark spot at the top right",
    "you didn't mark the edge at the top right",
    "the corner up right looks chipped to me",
    "what about the smudge at the top right?",
    "did you see the line at the top right?",
    "there is a fibre around x 250, y 40",
    "you missed the mark at 250,40",
    "why is there no box at the top right?",
    "also some specks at the top right, not marked",
)


@pytest.mark.parametrize("message", SEEN)
def test_what_the_user_sees_is_answered_by_the_map_there_without_comfort(message: str) -> None:
    found = mapped()
    said = told(found, (Act.MISSED, message))
    assert "0.31" in said.text, said.text
    assert NOT_ABSENT in said.text
    assert spots.DRAW in said.text or said.text.startswith("Nothing is marked at the top right because")
    assert said.spot is not None
    assert not contradicts(said.text, found), said.text


@pytest.mark.parametrize(
    ("way", "at", "where"),
    [
        ("left of region 1", (70, 150), "left of region 1"),
        ("to the right of the box", (170, 150), "right of region 1"),
        ("just below the crack", (120, 210), "below region 1"),
        ("above it", (120, 90), "above region 1"),
        ("above and left of the box", (70, 90), "above and left of region 1"),
    ],
)
def test_a_place_beside_a_region_is_found(way: str, at: tuple[int, int], where: str) -> None:
    said = told(mapped(at=(*at, 0.27)), (Act.MISSED, f"there is a faint line {way}")).text
    assert f"Nothing is marked {where}: the map reaches 0.27 there" in said, said


LATER = [
    (Act.SEVERITY, "is it bad?", "How bad it is I cannot rate"),
    (Act.SIZE, "how big is that?", "I cannot measure it"),
    (Act.TYPE, "what is it?", "I name the kind only of what is marked"),
    (Act.WHY, "why did you not mark it?", "because the map reaches only 0.31"),
    (Act.CAUSE, "what causes that?", "What causes it I cannot tell"),
    (Act.NEXT_STEP, "what should I do about it?", "What to do about it I cannot say"),
    (Act.DANGEROUS, "is that dangerous?", "That is no all-clear"),
    (Act.CHECKED, "was it looked at?", spots.LOOKED),
]


@pytest.mark.parametrize(("act", "message", "words"), LATER)
def test_it_is_the_place_pointed_to_before(act: Act, message: str, words: str) -> None:
    found = mapped()
    first = told(found, (Act.MISSED, SEEN[0]))
    later = told(found, (act, message), last=first)
    assert words in later.text, later.text
    assert later.spot == first.spot
    assert not contradicts(later.text, found), later.text
    assert words not in told(found, (act, message)).text, "without a place before, it is the region"


def test_another_region_or_the_whole_picture_ends_the_place() -> None:
    found = mapped()
    first = told(found, (Act.MISSED, SEEN[0]))
    other = told(found, (Act.SIZE, "how big is region 1?"), last=first)
    assert "I cannot measure it" not in other.text
    assert "I cannot measure it" not in told(found, (Act.SIZE, "how big is it?"), last=other).text
    whole = told(found, (Act.COUNT, "how many are there?"), last=first)
    assert whole.spot is None
    again = told(found, (Act.CAUSE, "what would cause a spot like that?"), last=whole)
    assert "What causes it I cannot tell" in again.text, "it is named again by more than a word"


def test_a_high_place_of_a_normal_picture_is_told_with_why_it_is_not_marked() -> None:
    found = mapped(score=0.3, at=(250, 40, 0.56), marked=False)
    said = told(found, (Act.MISSED, "there is a dark blob at the top right")).text
    assert "the map reaches 0.56, but the picture as a whole stays below its threshold" in said
    assert NOT_ABSENT in said
    why = told(found, (Act.WHY, "why isn't the top right marked?")).text
    assert "places are marked in pictures only whose score reaches the threshold" in why


def test_something_seen_without_a_place_is_asked_for_it() -> None:
    said = told(mapped(), (Act.MISSED, "i also see some dark smudges")).text
    assert "Outside region 1 nothing is marked: the map reaches 0.31 there at most." in said
    assert spots.WHERE in said
    assert NOT_ABSENT in said


def test_what_the_user_saw_is_looked_at_before_anything_is_accepted() -> None:
    found = mapped(score=0.2, marked=False)
    seen = told(found, (Act.MISSED, SEEN[0]))
    later = told(found, (Act.COMPARE_GOOD, "how does it compare with good ones?"), last=seen)
    accepted = told(found, (Act.ACCEPT, "can I ship it?"), last=later).text
    assert accepted.startswith("Have what you saw looked at by hand first: nothing is marked at the top right")
    assert "Have what you saw" not in told(found, (Act.ACCEPT, "can I ship it?")).text
    assert "Seen by the user at the top right, and not marked" in told(found, (Act.REPORT, "report"), last=seen).text


def test_of_a_scan_a_qualified_reader_is_named() -> None:
    found = replace(mapped(), image=replace(mapped().image, domain=Domain.MEDICAL))
    said = told(found, (Act.MISSED, SEEN[0])).text
    assert spots.DRAW_SCAN in said
    assert NOT_ABSENT in said


def test_a_piece_of_a_message_whose_act_is_unknown_is_read_for_its_place() -> None:
    from assistant.reading.acts.message import MessageKind
    from assistant.reading.acts.slots import slots_of
    from assistant.reading.acts.understanding import OFFERED, AskedAct, Understanding
    from assistant.reading.question import read_question
    from assistant.words.replies.reply import reply
    from tests.words.replies.test_reply import KNOWLEDGE

    message = read_question("is region 1 a crack? also up right, it is lighter there")
    piece = "is region 1 a crack?"
    asked = AskedAct(Act.TYPE, 1.0, slots_of(Act.TYPE, read_question(piece), message), piece)
    understood = Understanding((asked,), ("also up right, it is lighter there",), OFFERED, "en", MessageKind.SENTENCE)
    said: Reply = reply(understood, message, mapped(), KNOWLEDGE)
    assert said.acts == (Act.TYPE,)
    assert "Nothing is marked at the top right: the map reaches 0.31 there" in said.text


def test_to_accept_is_not_advised_where_the_user_saw_something() -> None:
    found = mapped(score=0.2, marked=False)
    seen = told(found, (Act.MISSED, SEEN[0]))
    question = "accept, or have someone look at it by hand?"
    assert told(found, (Act.ACCEPT, question), last=seen).text.startswith(
        "Have what you saw looked at by hand first: nothing is marked at the top right"
    )
