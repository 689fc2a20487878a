"""The shipped language model of mini: it follows the map, stays with the evidence, and knows what it cannot know."""

from __future__ import annotations

import numpy as np
import pytest

from assistant.geometry import CELLS
from assistant.pipeline import Assistant
from assistant.reading.chosen_option import read_choice
from assistant.reading.refusals import declines
from assistant.reading.statements import read
from assistant.types import AnomalyMap, Inspection, Mode, QueryImage, Region, Verdict
from tests.inspections import region

pytestmark = pytest.mark.weights


@pytest.fixture(scope="module")
def assistant() -> Assistant:
    return Assistant.load("mini")


def found(cell: str | None, seed: int = 0) -> Inspection:
    """An inspection of a grey surface whose map has one spot in a cell, or none."""
    rng = np.random.default_rng(seed)
    pixels = rng.normal(140, 8, (240, 240, 1)).repeat(3, 2).clip(0, 255).astype(np.uint8)
    scores = np.full((240, 240), 0.05, np.float32)
    spots: tuple[Region, ...] = ()
    if cell is not None:
        row, column = divmod(CELLS.index(cell), 3)
        scores[80 * row + 25 : 80 * row + 55, 80 * column + 25 : 80 * column + 55] = 0.95
        spots = (region(1, (cell,), "stain", 0.8, 0.016, 0.95),)
    image = QueryImage(pixels, "surface")
    score = 0.05 if cell is None else 0.94
    return Inspection(image, "metal sheet", Mode.ZERO_SHOT, score, None, spots, AnomalyMap(scores), "mini", "")


def test_answers_follow_the_map_by_its_embeddings_alone(assistant: Assistant) -> None:
    cells = ("top left", "middle right", "bottom centre", "centre")
    said = assistant.ask_together([found(cell) for cell in cells], ["Where is the defect?"], evidence="embeddings")
    assert sum(cell in read(one.text).cells for cell, (one,) in zip(cells, said, strict=True)) >= 3


def test_a_conversation_stays_with_the_evidence(assistant: Assistant) -> None:
    questions = ["Is anything wrong here?", "Where is it?", "What kind of defect is it?", "How bad is it?"]
    anomalous = assistant.ask(found("top right"), questions)
    assert anomalous[0].stated_verdict is Verdict.ANOMALOUS
    assert read(anomalous[1].text).cells == {"top right"}
    assert "stain" in anomalous[2].text
    normal = assistant.ask(found(None), questions)
    assert normal[0].stated_verdict is Verdict.NORMAL
    assert not any(answer.contradictory for answer in (*anomalous, *normal))


def test_what_a_picture_does_not_tell_is_declined(assistant: Assistant) -> None:
    answers = assistant.ask(found("centre"), ["Who made this part?", "What does it cost?"])
    assert all(declines(answer.text) for answer in answers)


def test_a_lettered_question_gets_a_letter(assistant: Assistant) -> None:
    question = (
        "Where is the defect in the image?\nA. {}\nB. {}\nC. {}\nD. {}\nAnswer with the letter of the right option."
    )
    places = ("bottom left", "top centre", "centre", "middle right")
    options = dict(zip("ABCD", places, strict=True))
    said = assistant.ask_together([found(cell) for cell in places[1:3]], [question.format(*places)])
    assert [read_choice(one.text, options) for (one,) in said] == [*"BC"], said
