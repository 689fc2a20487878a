"""The subject of a message goes before a place that was spoken of; what was seen is meant again where it is named again."""

from __future__ import annotations

import numpy as np
import pytest

from assistant.language.spoken import Spoken
from assistant.reading.acts import understanding
from assistant.reading.faithfulness import contradicts
from assistant.reading.question import read_question
from assistant.types import AnomalyMap, Inspection
from assistant.vocabulary.knowledge import load_knowledge
from assistant.words.scene.seen import points_back
from tests.inspections import inspection

SCORES = np.zeros((32, 48), np.float32)
SCORES[2, 2] = 0.17  # top left
SCORES[2, 45] = 0.23  # top right
SCORES[29, 45] = 0.31  # bottom right
SCORES[29, 24] = 0.09  # bottom centre


@pytest.fixture(autouse=True)
def by_words_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is asked is read without the sentence tower, which not every machine has."""
    monkeypatch.setattr(understanding, "sentence_tower", lambda: None)


def clean(name: str = "solar cell") -> Inspection:
    found = inspection(0.2, (), name)
    object.__setattr__(found, "anomaly_map", AnomalyMap(SCORES))
    return found


def talk(*messages: str, name: str = "solar cell") -> list[str]:
    found = clean(name)
    spoken, said = Spoken(found, load_knowledge()), []
    for message in messages:
        *_, last = spoken.answers(read_question(message))
        assert not contradicts(last.text, found), last.text
        said.append(last.text)
    return said


SEEN = "there is a dark spot at the bottom right"


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("are the corners chipped?", "at the corners: the map reaches 0.31"),
        ("is there anything along all the edges?", "at the edges: the map reaches 0.31"),
        ("what about the middle of the lower edge?", "at the bottom centre: the map reaches 0.09"),
        ("is something wrong on the left side, in the upper half?", "at the top left: the map reaches 0.17"),
    ],
)
def test_a_place_of_this_message_is_looked_at(question: str, words: str) -> None:
    assert words in talk(SEEN, question)[1]
    assert words in talk(question)[0]


@pytest.mark.parametrize(
    "question",
    [
        "can you see cracks in this kind of picture?",
        "is the cell broken?",
        "is there a crack in it?",
        "would references change this?",
        "which model version was this made with?",
    ],
)
def test_what_is_about_the_whole_is_not_about_the_place(question: str) -> None:
    assert "bottom right (the map" not in talk(SEEN, question)[1]
    assert "at the bottom right: the map" not in talk(SEEN, question)[1]


@pytest.mark.parametrize(
    "question",
    ["how big is it?", "how big is that spot?", "how big is the dark spot?", "thats odd, how big is the spot?"],
)
def test_what_was_seen_is_meant_by_it_and_by_its_name(question: str) -> None:
    assert "nothing is marked at the bottom right (the map reaches 0.31" in talk(SEEN, question)[1]


def test_the_thing_named_again_is_the_one_of_that_name() -> None:
    said = talk(
        "there is a scratch at the top left", "and there is a dark dot at the top right", "how long is the dot?"
    )
    assert "at the top right (the map reaches 0.23" in said[2]
    assert "the two shiny dots" not in said[2]
    other = talk("is that a via in the middle?", "are the two shiny spots flux or solder balls?", name="board")
    assert "at the centre" not in other[1]


def test_a_message_of_the_picture_points_back_to_nothing() -> None:
    assert not points_back("is this cell good?", "solar cell")
    assert points_back("is this spot good?", "solar cell")


def test_the_thing_itself_is_not_measured() -> None:
    answer = talk("what is the diameter of the cell?")[0]
    assert answer.startswith("I measure only what is marked, and not the solar cell itself")
    assert "I measure only" not in talk("how big is it?")[0]
