"""Numbers and ratings are explained from how they are made, with the picture's own numbers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from assistant.reading.acts.act import Act
from assistant.reading.faithfulness import contradicts
from assistant.types import Mode
from assistant.vocabulary.severity import points_of
from tests.inspections import inspection, region
from tests.words.replies.test_reply import told

CRACK = region(1, ("top left",), "crack", 0.34, area=0.005, peak=0.79)
SECOND = region(2, ("top centre",), "crack", 0.83, area=0.008, peak=0.62)
FOUND = inspection(0.69, (CRACK, SECOND), "plate", mode=Mode.FEW_SHOT)


@pytest.mark.parametrize(
    "question",
    [
        "why is region 1 major and region 2 minor?",
        "why major and not minor?",
        "how is the severity determined?",
        "what makes one major and another minor",
        "how did you decide the severity of these",
        "what does minor mean and what does major mean?",
        "severity: against which criterion is it rated",
        "how come region 2 is minor but region 1 is major",
        "what are the ratings based on, major or minor?",
        "explain how the rating is calculated",
    ],
)
def test_a_rating_is_explained_by_its_points(question: str) -> None:
    said = told(FOUND, (Act.SEVERITY, question)).text
    for found in (CRACK, SECOND):
        size, strength = points_of(found.area_fraction, found.peak_score, found.type)
        assert f"Region {found.id} is rated {found.severity.value}: {size:.2f} for its size" in said
        assert f"{strength:.2f} for its strength" in said
        assert f"make {size + strength:.2f}" in said
    assert "0.35 points to become major" in said
    assert not contradicts(said, FOUND)


def test_a_grave_kind_is_never_minor_and_that_is_said() -> None:
    grave = inspection(0.9, (region(1, ("centre",), "crack", 0.9, area=0.0001, peak=0.6),))
    strong = replace(grave, regions=(region(1, ("centre",), "crack", 0.9, area=0.0001, peak=0.9),))
    said = told(strong, (Act.SEVERITY, "why is it major?")).text
    assert "a grave kind is never minor from 0.90 on" in said
    assert "never minor" not in told(grave, (Act.SEVERITY, "why is it minor?")).text


NUMBERS = [
    ("what does 0.69 mean?", "0.69 is the score of the picture"),
    ("is 0.62 much?", "0.62 is the highest value of the map in region 2"),
    ("is 0.79 high?", "0.79 is the highest value of the map in region 1"),
    ("what does 34 % mean", "34 % is how sure the kind of region 1 is"),
    ("why only 34 percent sure", "the rest lies with other kinds"),
    ("0.8 % of the picture, is that too small?", "0.8 % of the picture is what the map marks as region 2"),
    ("is the score a probability?", "no probability that you can count on"),
    ("does 0.69 mean a 69 % chance?", "does not say that 69 of 100"),
    ("what about the top 1 %?", "highest hundredth is, on average, the score of the picture: 0.69"),
    ("what is the threshold based on?", "the higher of two points"),
    ("which region decides the verdict?", "region 1, an unusual mark, perhaps a crack, at the top left, weighs most"),
    ("how is it 34 % sure when the peak is 0.79?", "They are different things"),
    ("is the score the same as the peak?", "0.79 is the highest value of the map in region 1"),
    ("what would the score have to be?", "has to reach 0.50"),
    ("what is the p-value?", "it takes 20 normal reference pictures or more"),
    ("does the cut frame affect the score?", "what lies outside does not count"),
]


@pytest.mark.parametrize(("question", "words"), NUMBERS)
def test_a_number_is_explained_whatever_the_act(question: str, words: str) -> None:
    for act in (Act.SCORE, Act.SURE, Act.PRESENCE, Act.NONSENSE):
        said = told(FOUND, (act, question)).text
        assert words in said, said
        assert not contradicts(said, FOUND), said


def test_the_highest_value_of_a_normal_map_is_told_apart_from_the_score() -> None:
    place = region(1, ("centre",), None, None, peak=0.503)
    found = replace(inspection(0.26, mode=Mode.FEW_SHOT), highest=place)
    said = told(found, (Act.SCORE, "what does 0.50 at the centre mean, isn't that the threshold?")).text
    assert "0.50 is the highest value of the map, at or above the threshold" in said
    assert (
        "Nothing is marked at the centre, where it lies: the verdict is made by the score of the picture, 0.26" in said
    )
    assert not contradicts(said, found)


def test_a_p_value_is_the_share_of_normal_pictures() -> None:
    said = told(replace(FOUND, p_value=0.048), (Act.SCORE, "what does the p-value say?")).text
    assert "The p-value is 0.048: the share of normal pictures" in said


def test_other_numbers_are_left_to_the_act() -> None:
    for act, question in (
        (Act.LENGTH, "how long is region 2, in mm?"),
        (Act.RATING, "rate it from 0 to 10"),
        (Act.SCALE, "the plate is 0.79 m wide, what is it in mm"),
        (Act.WHERE, "where is region 1?"),
        (Act.WHY, "why is it anomalous?"),
    ):
        assert not told(FOUND, (act, question)).exact, question
