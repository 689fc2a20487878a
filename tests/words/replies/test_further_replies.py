"""Replies on what is asked besides verdict, place, kind and size: forms, ratings, limits, the picture itself, a report."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from assistant.geometry import CELLS
from assistant.reading.acts.act import Act
from assistant.reading.acts.slots import Slots
from assistant.reading.acts.understanding import AskedAct
from assistant.reading.question import read_question
from assistant.reading.told.scales import Scale, Unit
from assistant.types import AnomalyMap, Box, Domain, Extents, Inspection, MeasuredBy, Measures, Mode, QueryImage
from assistant.vocabulary.knowledge import load_knowledge
from assistant.words.replies.sizes import is_of_mark
from assistant.words.replies.telling.sayers import SAYERS
from assistant.words.scene.dialogue_state import DialogueState
from assistant.words.scene.scene import Scene
from tests.inspections import inspection, region

KNOWLEDGE = load_knowledge()


def marked(*lines: tuple[tuple[int, int], tuple[int, int]], score: float = 0.9) -> Inspection:
    """An inspection of a grey picture of 300 x 200 px with a dark line for each of its regions."""
    pixels, scores = np.full((200, 300, 3), 120, np.uint8), np.zeros((200, 300), np.float32)
    pixels[::2] += 8
    found = []
    for number, (start, end) in enumerate(lines, 1):
        cv2.line(pixels, start, end, (20, 20, 20), 4)
        cv2.line(scores, start, end, 1.0 - 0.1 * number, 9)
        xs, ys = sorted((start[0], end[0])), sorted((start[1], end[1]))
        box = Box(xs[0] - 4, ys[0] - 4, xs[1] + 5, ys[1] + 5)
        long = float(np.hypot(xs[1] - xs[0], ys[1] - ys[0]))
        centre = (sum(xs) / 2, sum(ys) / 2)
        px = Extents(long, 4.0, (long, 4.0), 4 * long, 10.0, 2.0)
        measures = Measures(MeasuredBy.LINE, centre, px)
        row, column = int(3 * centre[1] // 200), int(3 * centre[0] // 300)
        cell = CELLS[3 * row + column]
        found.append(replace(region(number, (cell,), "crack", 0.8), box=box, measures=measures))
    plain = inspection(score, tuple(found))
    return replace(plain, image=QueryImage(pixels, "folder/part.png"), anomaly_map=AnomalyMap(scores))


def said(
    found: Inspection, act: Act, text: str, focus: tuple[int, ...] = (), kept: Scale | None = None, **slots: object
) -> str:
    """What is said on one act."""
    question = read_question(text)
    names = Slots(cells=question.cells, kinds=question.kinds, numbers=question.numbers, **slots)  # type: ignore[arg-type]
    state = DialogueState(told_scale=kept)
    scene = Scene(found, question, AskedAct(act, 1.0, names, text), question, KNOWLEDGE, focus, state)
    return " ".join(SAYERS[act](scene))


DIAGONAL, LEVEL = ((60, 150), (150, 60)), ((200, 20), (280, 20))


def test_orientation_and_shape_are_those_of_the_mark() -> None:
    assert "runs from the bottom left to the top right, about 45°" in said(
        marked(DIAGONAL), Act.ORIENTATION, "which way?"
    )
    assert "runs horizontally" in said(marked(LEVEL), Act.ORIENTATION, "which way?")
    assert "is long and narrow, about" in said(marked(DIAGONAL), Act.SHAPE, "what shape?")
    spot = marked(((90, 90), (90, 90)))
    assert "is compact" in said(spot, Act.SHAPE, "round?")
    assert "no direction of its own" in said(spot, Act.ORIENTATION, "which way?")


def test_hours_and_degrees_are_given_where_they_are_asked_for() -> None:
    top = marked(((140, 8), (160, 8)))
    assert "lies at 12 o'clock" in said(top, Act.WHERE, "clock position?")
    assert "lies at 12 o'clock" in said(top, Act.POSITION, "position on the clock")
    assert "°" in said(top, Act.SHAPE, "circumferential extent in degrees?")
    assert "o'clock" not in said(top, Act.WHERE, "where is it?")


def test_several_marks_lie_together_or_apart() -> None:
    apart = said(marked(((10, 10), (30, 10)), ((270, 190), (290, 190))), Act.SPREAD, "clustered or scattered?")
    assert apart.startswith("Two regions, scattered over the picture")
    near = said(marked(((10, 10), (30, 10)), ((40, 30), (60, 30))), Act.SPREAD, "clustered or scattered?")
    assert near.startswith("Two regions, close together")
    assert "one region only" in said(marked(LEVEL), Act.SPREAD, "one or many?")


def test_anything_else_names_the_rest_and_only_the_rest() -> None:
    both = marked(DIAGONAL, LEVEL)
    rest = said(both, Act.ANYTHING_ELSE, "anything else?", focus=(1,))
    assert rest.startswith("Yes: region 2")
    assert "region 1" not in rest
    assert said(both, Act.ANYTHING_ELSE, "anything else?", focus=(1, 2)).startswith("Nothing else stands out")
    assert "No defect was found" in said(marked(score=0.1), Act.ANYTHING_ELSE, "anything else?")


@pytest.mark.parametrize(
    ("top", "words"),
    [(100.0, "90 of 100, with the threshold at 50"), (10.0, "9.0 of 10, with the threshold at 5"), (None, "0.90 of 1")],
)
def test_a_rating_is_on_the_scale_asked_for(top: float | None, words: str) -> None:
    answer = said(marked(DIAGONAL), Act.RATING, "rate it", scale_top=top)
    assert words in answer
    assert "no mark for quality" in answer


def test_letters_are_not_given() -> None:
    assert "there are no letters" in said(marked(DIAGONAL), Act.RATING, "grade it A to F", scale_top="letters")


def test_a_standard_is_not_pretended_to_be_known() -> None:
    answer = said(marked(DIAGONAL), Act.STANDARD, "ISO 5817 level B?")
    assert "do not know the limits" in answer
    assert "a crack at the centre" in answer


def test_the_peak_of_the_map_is_told_where_it_is() -> None:
    found = marked(LEVEL)
    answer = said(found, Act.HEAT_MAP, "where is the peak of the map?")
    assert "with 0.90" in answer
    assert (
        f"x {int(found.anomaly_map.scores.argmax()) % 300}, y {int(found.anomaly_map.scores.argmax()) // 300} px"
        in answer
    )


def test_something_in_the_picture_is_named_only_where_it_is_unusual() -> None:
    found = marked(LEVEL)
    assert "Region 1 is a crack" in said(found, Act.IDENTIFY, "what is the dark line at the top right?")
    elsewhere = said(found, Act.IDENTIFY, "what is the grey thing at the bottom left?")
    assert "do not name parts" in elsewhere
    assert "the map reaches 0.00 there" in elsewhere


def test_a_kind_is_described_and_two_are_told_apart() -> None:
    answer = said(marked(LEVEL), Act.KIND_MEANING, "what is the difference between a crack and a dent?")
    assert "A crack shows as" in answer
    assert "A dent shows as" in answer
    assert "most likely a crack" in answer
    assert "I have no description" in said(marked(score=0.1), Act.KIND_MEANING, "what is a foo?")


def test_a_report_holds_finding_place_size_and_confidence() -> None:
    answer = said(marked(DIAGONAL, LEVEL), Act.REPORT, "text for my deviation report")
    for part in ("Picture: part.png", "Finding:", "Region 1:", "Region 2:", "Confidence:", "Made by:"):
        assert part in answer, part
    message = said(marked(DIAGONAL), Act.REPORT, "an email line to the supplier")
    assert message.startswith('"On the picture part.png:')
    assert "confirmed by a person" in message


def test_the_quality_of_a_picture_is_measured() -> None:
    assert "300 x 200 pixels; its exposure" in said(marked(LEVEL), Act.IMAGE_QUALITY, "is the photo ok?")
    white = marked(LEVEL)
    white.image.pixels[:100] = 255
    assert "about half of it is pure white" in said(white, Act.IMAGE_QUALITY, "is the photo ok?")


def test_references_and_warnings_are_told() -> None:
    bare = marked(LEVEL)
    assert "three normal pictures" in said(bare, Act.BETTER_PICTURE, "what picture would help?")
    assert "without reference pictures" in said(bare, Act.REFERENCES, "what did you compare it with?")
    judged = replace(bare, mode=Mode.FEW_SHOT, references=4, warnings=("another light than the references",))
    answer = said(judged, Act.REFERENCES, "were they matched?")
    assert "four reference pictures" in answer
    assert "I was not told" in answer
    assert "Another light" in answer


def test_a_scale_that_was_told_before_gives_millimetres() -> None:
    found = marked(LEVEL)
    told = Scale("pixel", 0.5, Unit.MM)
    assert "about 40.0 mm long" in said(found, Act.LENGTH, "how long is it in mm?", kept=told, unit=Unit.MM)
    assert "need a scale" in said(found, Act.LENGTH, "how long is it in mm?", unit=Unit.MM)
    across = Scale("width", 30.0, Unit.CM, "the plate")
    assumed = said(found, Act.LENGTH, "and in mm?", kept=across, unit=Unit.MM)
    assert "about 80.0 mm long" in assumed
    assert "hold if the plate spans the picture from side to side" in assumed
    assert "hold if" not in said(found, Act.LENGTH, "how long is it in mm?", kept=told, unit=Unit.MM)
    assert "widest point alone is not measured" in said(found, Act.WIDTH, "how wide at most?", extreme="widest")


def test_a_size_told_of_a_mark_is_no_scale_of_the_picture() -> None:
    answer = said(
        marked(LEVEL), Act.SCALE, "the scratch is 4 mm long", scale=Scale("length", 4.0, Unit.MM, "the scratch")
    )
    assert "about 80 px long on the map: if that is what you measured, a pixel is 0.05 mm" in answer
    assert is_of_mark(Scale("length", 4.0, Unit.MM, "the scratch"))
    assert not is_of_mark(Scale("unknown", 120.0, Unit.MM, "the flange"))


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        ("over 30 mm", "over 30.0 mm"),
        ("over 60 mm", "under 60.0 mm"),
        ("more than 41 mm", "too near"),
        ("over 40 px", "over 40 px"),
    ],
)
def test_an_extent_is_held_against_a_limit_that_is_named(limit: str, words: str) -> None:
    scale = None if "px" in limit else Scale("pixel", 0.5, Unit.MM)
    assert words in said(marked(LEVEL), Act.LENGTH, f"is it {limit}?", kept=scale)


def test_a_limit_in_millimetres_without_a_scale_asks_for_one() -> None:
    assert "need a scale" in said(marked(LEVEL), Act.LENGTH, "is it over 3 mm?")


def test_the_distance_to_a_named_edge_is_that_one() -> None:
    found = marked(LEVEL)
    assert "15 px from the right edge" in said(found, Act.DISTANCE_EDGE, "how far from the right edge?", edge="right")
    assert "196 px from the left edge" in said(found, Act.DISTANCE_EDGE, "how far from the left edge?", edge="left")


@pytest.mark.parametrize("act", [Act.ESCALATE, Act.STANDARD, Act.OTHER_METHOD, Act.BETTER_PICTURE])
def test_of_a_scan_a_reader_decides(act: Act) -> None:
    found = marked(LEVEL)
    scan = replace(found, image=replace(found.image, domain=Domain.MEDICAL))
    answer = said(scan, act, act.example).lower()
    assert "reader" in answer or "doctor" in answer
    assert "part" not in answer.split()


def test_somebody_who_names_a_kind_is_told_what_it_is_nearest_to_and_how_sure_that_is() -> None:
    sure = said(marked(LEVEL), Act.CLAIM, "you say crack, i say dent")
    assert "nearest to a crack (80 % sure)" in sure
    assert "A dent cannot be excluded" in sure
    found = marked(LEVEL)
    unsure = replace(found, regions=(replace(found.regions[0], type_probability=0.31),))
    assert "a guess (31 % sure)" in said(unsure, Act.CLAIM, "make up your mind, crack or dent")


@pytest.mark.parametrize(("words", "side"), [("on the right", "the right side"), ("at the bottom", "the bottom")])
def test_a_side_is_looked_at_and_named(words: str, side: str) -> None:
    assert f"at {side}: the map reaches 0.00" in said(
        marked(((60, 20), (90, 20))), Act.MISSED, f"you missed one {words}"
    )


def test_one_picture_clears_neither_a_batch_nor_what_a_person_takes() -> None:
    clean = marked(score=0.1)
    assert said(clean, Act.ACCEPT, "batch 7 good to go?").startswith(
        "One picture speaks for what it shows, not for the rest"
    )
    assert "not for the rest" not in said(clean, Act.ACCEPT, "good to go?")
    for act, text in ((Act.DANGEROUS, "is it safe?"), (Act.ACCEPT, "can the patient take it?")):
        assert said(clean, act, text).startswith("One picture cannot tell whether it is safe"), text


def test_edges_are_not_answered_by_yes_or_no() -> None:
    assert not said(marked(((150, 100), (170, 100))), Act.PRESENCE, "are the edges damaged?").startswith("Yes")


def test_a_normal_picture_whose_map_is_high_somewhere_says_so() -> None:
    found = marked(((60, 20), (90, 20)), score=0.2)
    bare = replace(found, regions=())
    answer = said(bare, Act.WHY, "why is it normal?")
    assert "stays below its threshold, although the map reaches 0.90" in answer
    assert "no place stands out" not in answer


def test_a_scan_is_never_cleared_for_a_patient() -> None:
    clean = marked(score=0.1)
    scan = replace(clean, image=replace(clean.image, domain=Domain.MEDICAL))
    answer = said(scan, Act.ACCEPT, "normal then? can we tell the patient she is fine?")
    assert "a qualified reader has to look at it" in answer
    assert "safe or dangerous" not in answer
