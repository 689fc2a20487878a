"""A place inside a region or beside it, after that region was talked about: not the middle or the left of the picture."""

from __future__ import annotations

import pytest

from assistant.language.spoken import Spoken
from assistant.reading.acts import understanding
from assistant.reading.question import read_question
from assistant.vocabulary.knowledge import load_knowledge
from tests.words.replies.test_spots import mapped

MIDDLE = (150, 150, 0.31)
"""A place in the middle of the picture, outside the region at the middle left."""


@pytest.fixture(autouse=True)
def by_words_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is asked is read without the sentence tower, which not every machine has."""
    monkeypatch.setattr(understanding, "sentence_tower", lambda: None)


def after(*messages: str) -> str:
    """The answer to the last of several messages."""
    spoken = Spoken(mapped(at=MIDDLE), load_knowledge())
    for message in messages:
        *_, last = spoken.answers(read_question(message))
    return last.text


@pytest.mark.parametrize(
    "message",
    [
        "There's something round in the middle of it, looks like a puncture or an imprint. Can you tell which?",
        "i see a dark dot inside it",
        "what is the dark thing inside of it?",
        "is there a hole in its centre?",
        "there is a spot at the center of region 1",
        "what is that in the middle of the mark?",
        "what about the dot within the box?",
    ],
)
def test_inside_a_region_is_not_the_middle_of_the_picture(message: str) -> None:
    answer = after("Where is region 1?", message)
    assert answer.startswith("That lies inside region 1, a crack at the middle left, which is marked"), answer
    assert "0.31" not in answer
    assert "Nothing is marked" not in answer


@pytest.mark.parametrize(
    ("message", "where"),
    [
        ("is there a scratch to the left of it?", "left of region 1"),
        ("what about the line on its left side?", "left of region 1"),
        ("i see a dot to its right", "right of region 1"),
        ("there is a line on the right side of it", "right of region 1"),
        ("what about the spot on the left-hand side of it?", "left of region 1"),
        ("i see a smudge on its right", "right of region 1"),
    ],
)
def test_beside_a_region_is_not_that_side_of_the_picture(message: str, where: str) -> None:
    assert f"Nothing is marked {where}" in after("Where is region 1?", message)


def test_the_size_of_what_lies_inside_is_not_the_regions() -> None:
    answer = after("Where is region 1?", "how big is the hole in the middle of it?")
    assert answer.startswith("What lies inside region 1 has no outline of its own")


def test_before_a_region_was_talked_about_it_is_the_thing_in_the_picture() -> None:
    assert "At the centre the map reaches" in after("is there a scratch in the middle of it?")
    assert "At the centre the map reaches" in after(
        "Where is region 1?", "is there a scratch in the middle of the picture?"
    )
