"""Results in words and pictures: verdicts, tables, boxes, questions that fit, and nothing from outside unescaped."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assistant.errors import ConfigError
from assistant.inquiry import Inquiry
from assistant.language.checked_answers import NOTE
from assistant.reading.acts.act import Act
from assistant.types import AnomalyMap, Answer, Box, Domain, Inspection, Mode, QueryImage
from assistant.vision.regions import describe_regions
from demo.bench import conversations, questions
from demo.bench.sessions import Picture, Session, Setup
from demo.bench.thresholds import View, under_threshold
from demo.export.html_report import html_report
from demo.projects.shelf import Shelf
from demo.view import drawing, painting, words
from tests.inspections import inspection, region, regions
from tests.words.replies.test_reply import told

HOSTILE = "<img src=x onerror=alert(1)>"


def view(measured: Inspection, threshold: float = 0.5) -> View:
    return under_threshold(measured, threshold, describe_regions)


def spotted(score: float = 0.9, **changes: object) -> Inspection:
    """One spot of 0.95 in a picture of 32 x 48."""
    scores = np.zeros((32, 48), np.float32)
    scores[4:16, 8:24] = 0.95
    return replace(inspection(score, (region(1),)), anomaly_map=AnomalyMap(scores), **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("score", "threshold", "verdict", "band"),
    [
        (0.95, 0.5, "Anomalous", "Clearly anomalous"),
        (0.95, 0.95, "Anomalous", "Borderline, just above the threshold"),
        (0.7, 0.5, "Anomalous", "Probably anomalous"),
        (0.7, 0.9, "Normal", "Probably normal"),
        (0.45, 0.5, "Normal", "Borderline, just below the threshold"),
    ],
)
def test_verdicts_in_words(score: float, threshold: float, verdict: str, band: str) -> None:
    card = words.verdict_card(view(spotted(score, mode=Mode.FEW_SHOT), threshold))
    assert f">{verdict}<" in card
    assert f">{band}<" in card
    assert f"score <b>{score:.2f}</b> · threshold {threshold:.2f}" in card


def test_nothing_is_clear_without_references() -> None:
    assert ">Probably anomalous<" in words.verdict_card(view(spotted(0.95)))
    assert ">Probably normal<" in words.verdict_card(view(spotted(0.05)))


def test_the_card_tells_what_speaks_against_the_references() -> None:
    told = view(spotted(warnings=(f"shows another product {HOSTILE}",)))
    card = words.verdict_card(told)
    assert '<div class="warn">The picture shows another product &lt;img' in card
    assert HOSTILE not in card
    assert words.verdict_card(view(spotted())).count('class="warn"') == 1, (
        "without references it is a rough guess, and says so"
    )
    assert 'class="warn"' not in words.verdict_card(view(spotted(mode=Mode.FEW_SHOT)))


def test_the_caption_tells_the_threshold_that_is_set() -> None:
    assert "the score of 0.82 is close to the threshold of 0.80" in words.summary(view(spotted(0.82), 0.8))


@pytest.mark.parametrize("threshold", [0.2, 0.8])
@pytest.mark.parametrize("score", [0.38, 0.93])
def test_the_answer_and_the_card_tell_the_same_score_and_threshold(score: float, threshold: float) -> None:
    seen = view(spotted(score), threshold)
    answer = told(seen.inspection, (Act.SCORE, "What is the score?")).text
    assert f"The image score is {score:.2f}, the threshold {threshold:.2f}: {seen.verdict.value}." in answer
    assert f"score <b>{score:.2f}</b> · threshold {threshold:.2f}" in words.verdict_card(seen)


def test_the_table_tells_what_the_regions_are() -> None:
    rows = words.region_table(view(spotted()))
    assert rows == [["1", "top left", "scratch", "70 %", "major", "3.0 %", "", ""]]
    assert words.region_table(None) == []


def test_medical_results_carry_the_notice() -> None:
    scan = spotted(image=QueryImage(np.zeros((32, 48, 3), np.uint8), "scan", Domain.MEDICAL))
    assert "not a diagnosis" in words.verdict_card(view(scan))
    assert "not a diagnosis" not in words.verdict_card(view(spotted()))
    assert words.is_medical(view(scan))
    assert not words.is_medical(None)


def test_words_from_outside_are_escaped() -> None:
    named = spotted(object_name=HOSTILE, image=QueryImage(np.zeros((32, 48, 3), np.uint8), HOSTILE))
    shown = view(named)
    picture = Picture(named.image, Setup(), view=shown, messages=[{"role": "user", "content": HOSTILE}])
    for text in (
        words.verdict_card(shown),
        words.error_card(HOSTILE),
        words.busy_card(HOSTILE),
        html_report(picture, shown),
    ):
        assert "<img src=x" not in text
        assert "&lt;img src=x" in text


def test_a_report_loads_nothing() -> None:
    shown = view(spotted())
    report = html_report(Picture(shown.inspection.image, Setup(), view=shown), shown)
    assert "<script" not in report
    assert "http" not in report.replace("http-equiv", "")
    assert "default-src 'none'" in report
    assert report.count("data:image/webp;base64,") == 2
    assert "scratch" in report


def test_regions_of_a_large_picture_are_shown_at_its_own_resolution() -> None:
    pixels = np.zeros((1500, 2400, 3), np.uint8)
    pixels[1480:1500, 2380:2400] = 250
    boxes = (Box(2380, 1480, 2400, 1500), Box(100, 200, 900, 600))
    large = QueryImage(pixels, "large")
    found = replace(
        spotted(), image=large, anomaly_map=AnomalyMap(np.zeros((1500, 2400), np.float32)),
        regions=tuple(replace(region(n), box=box) for n, box in enumerate(boxes, 1)),
    )  # fmt: skip
    shown = View(found, found, 0.5, (0.9, 0.9), (0.9, 0.9))
    (first, small), (second, wide) = drawing.region_crops(shown)
    assert (first, second) == (1, 2)
    assert small.shape == (96, 96, 3)
    assert (small == 250).all(2).sum() == 400
    assert max(wide.shape) == 320
    report = html_report(Picture(large, Setup(), view=shown), shown)
    assert report.count("data:image/webp;base64,") == 4
    assert drawing.region_crops(view(spotted())) == []


def test_boxes_are_drawn_where_they_are_on_the_screen() -> None:
    large = QueryImage(np.zeros((1200, 2400, 3), np.uint8), "large")
    scores = np.zeros((1200, 2400), np.float32)
    scores[100:300, 400:800] = 0.95
    found = replace(spotted(), image=large, anomaly_map=AnomalyMap(scores))
    found = replace(found, regions=(replace(region(1), box=Box(400, 100, 800, 300)),))
    before, after = drawing.before_after(view(found))
    assert before.shape == after.shape == (600, 1200, 3)
    assert (before != after)[50:150, 200:400].mean() > 0.5


def test_small_pictures_and_their_overlays_have_one_size() -> None:
    before, after = drawing.before_after(view(spotted()))
    assert before.shape == after.shape


def test_typed_boxes() -> None:
    assert drawing.typed_box("1, 2 30,40", 60, 80) == Box(1, 2, 30, 40)
    assert drawing.typed_box("  ", 60, 80) is None
    for wrong in ("1 2 3", "a b c d", "5 5 5 9", "0 0 81 10", "-1 0 5 5", "0 0 inf 5", "nan 0 1 1"):
        with pytest.raises(ConfigError, match="the picture is 80 x 60"):
            drawing.typed_box(wrong, 60, 80)


def test_a_box_asks_about_the_region_under_it_or_the_place() -> None:
    found = replace(inspection(0.9, regions(2)), regions=(
        replace(region(1), box=Box(0, 0, 10, 10)), replace(region(2), box=Box(30, 20, 40, 30))
    ))  # fmt: skip
    assert "region 2" in questions.pointed_question(found, Box(31, 21, 39, 29))
    assert questions.pointed_question(found, Box(40, 0, 48, 8)) == "Is anything wrong at the top right?"


def test_suggestions_fit_the_result() -> None:
    assert all("region" not in q for q in questions.suggestions(inspection(0.1)))
    several = questions.suggestions(inspection(0.9, regions(3)))
    assert "How many regions are there?" in several
    assert len(several) == len(set(several)) == 4
    assert questions.suggestions(inspection(0.9, regions(3)), asked=2) != several


def test_sessions_tell_how_pictures_are_judged(tmp_path: Path) -> None:
    session = Session(Shelf(tmp_path).new(), tmp_path)
    assert "no references" in words.bench_words(session)
    session.setup.references = [QueryImage(np.zeros((9, 9, 3), np.uint8), "r")] * 2
    assert "two references" in words.bench_words(session)
    session.setup.inquiry = Inquiry(mode="zero-shot")
    assert "set aside" in words.bench_words(session)


def test_doubts_are_marked_in_answers_alone_and_said_once() -> None:
    picture = Picture(spotted().image, Setup())
    wrong = Answer("Fine?", f"It is fine. {NOTE}", None, True)
    picture.messages = [
        {"role": "user", "content": f"<b>{conversations.MARK}</b>"},
        {"role": "assistant", "content": conversations.shown(wrong)},
    ]
    question, answer = (m["content"] for m in painting.messages(picture))
    assert "class=" not in question
    assert question.startswith("&lt;b&gt;")
    assert answer == f'It is fine.<br><br><strong class="disagrees">{conversations.MARK}</strong>'
    waits = painting.messages(picture, [" <i>next</i> "])[-1]
    assert waits == {
        "role": "user",
        "content": '&lt;i&gt;next&lt;/i&gt;<span class="waits">waits for its answer</span>',
    }
