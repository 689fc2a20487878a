"""Under another threshold people are told, and name, scores as measured: those that the card shows."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from assistant.language.spoken import Spoken
from assistant.language.structured import template_report
from assistant.reading.acts import understanding
from assistant.reading.acts.act import Act
from assistant.reading.question import read_question
from assistant.types import AnomalyMap, Inspection, Mode, Verdict, as_measured, shifted
from assistant.vocabulary.knowledge import load_knowledge
from assistant.words import wording
from assistant.words.claims import unbacked
from assistant.words.evidence import caption, evidence_text
from assistant.words.facts import fact_lines
from assistant.words.scene.dialogue_state import DialogueState, Earlier
from tests.inspections import inspection, region
from tests.words.replies.test_reply import told

KNOWLEDGE = load_knowledge()
MEASURED = {
    0.2: {"anomalous": (0.38, (0.47, 0.33)), "normal": (0.08, ()), "close": (0.23, (0.29,)), "no region": (0.38, ())},
    0.8: {"anomalous": (0.93, (0.97, 0.88)), "normal": (0.61, ()), "close": (0.82, (0.87,)), "no region": (0.93, ())},
}
"""Image score and peaks as measured, by threshold and state."""
CASES = [(threshold, name, mode) for threshold in MEASURED for name in MEASURED[threshold] for mode in Mode]
BANDS = re.compile(r"[\d.]+ to [\d.]+ is borderline, below [\d.]+ or from [\d.]+ on clear")
"""Ends of the bands, which are scores of their own."""
GROUND = 0.04
SPOT = {0.2: 0.17, 0.8: 0.58}
"""What the map reaches at the bottom right, outside the regions, as measured."""
FURTHER = (
    "is there something at the bottom right?", "only the number please: what is the score?", "why is region 1 major?",
    "why is nothing marked at the bottom right?", "rate it from 0 to 100", "rate it from 1 to 10",
    "how high must the score be?", "is the score a probability?", "what does borderline mean?",
    "what does peak mean?", "what does region mean on the card?", "what do the colours of the card mean?",
    "what is the top of the scale?", "which place drives the score?", "where does the threshold come from?",
    "what if region 1 was not there?", "give me a table of the regions", "which region decides the verdict?",
    "region 1 or region 2, which is worse?", "what if it were a scratch?", "is it a crack or a stain?",
    "what does the card show?", "I see a dark spot at the bottom right", "what does the heat map show?",
    "be 20 % stricter: what is the score then?", "how does this compare with the one before?",
)  # fmt: skip


@pytest.fixture(autouse=True)
def by_words_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is asked is read without the sentence tower, which not every machine has."""
    monkeypatch.setattr(understanding, "sentence_tower", lambda: None)


def answer(found: Inspection, text: str, *others: Earlier) -> str:
    """The answer to a question, as a conversation gives it."""
    *_, last = Spoken(found, KNOWLEDGE, DialogueState(others=others)).answers(read_question(text))
    return last.text


def measured(threshold: float, name: str, mode: Mode = Mode.FEW_SHOT) -> Inspection:
    """An inspection of made-up scores, threshold 0.5."""
    score, peaks = MEASURED[threshold][name]
    found = tuple(
        region(n, ("top left",) if n == 1 else ("top right",), kind, 0.63, 0.03, peak)
        for n, (kind, peak) in enumerate(zip(("crack", "stain"), peaks, strict=False), 1)
    )
    scores = np.full((32, 48), GROUND, np.float32)
    scores[28:31, 40:46] = SPOT[threshold]
    for number, peak in enumerate(peaks):
        scores[4:8, 4 + 24 * number : 8 + 24 * number] = peak
    return replace(inspection(score, found, "plate", mode=mode), anomaly_map=AnomalyMap(scores))


def moved(found: Inspection, threshold: float) -> Inspection:
    """An inspection under another threshold; severities stay."""
    return replace(
        found,
        image_score=shifted(found.image_score, threshold),
        regions=tuple(
            replace(r, peak_score=shifted(r.peak_score, threshold), mean_score=shifted(r.mean_score, threshold))
            for r in found.regions
        ),
        anomaly_map=AnomalyMap(np.asarray(shifted(found.anomaly_map.scores, threshold), np.float32)),
        threshold=threshold,
    )


def scores_of(found: Inspection, threshold: float) -> set[float]:
    """Scores that an inspection holds and that may be told."""
    peaks = (r.peak_score for r in found.regions)
    places = (float(np.unique(found.anomaly_map.scores)[i]) for i in (0, 1))
    return {found.image_score, *peaks, *places, float(found.anomaly_map.scores.max()), threshold}


def inner(found: Inspection) -> re.Pattern[str]:
    """Scores as the inspection holds them, and the threshold inside, as they would be written."""
    numbers = {f"{value:.2f}" for value in scores_of(found, 0.5)}
    told = {f"{as_measured(value, found.threshold):.2f}" for value in scores_of(found, 0.5)}
    return re.compile(r"(?<![\d.])(?:" + "|".join(re.escape(one) for one in sorted(numbers - told)) + r")(?!\d)")


@pytest.mark.parametrize(("threshold", "name", "mode"), CASES)
def test_no_reply_tells_a_score_that_the_card_does_not_show(threshold: float, name: str, mode: Mode) -> None:
    found = moved(measured(threshold, name, mode), threshold)
    never = inner(found)
    other = moved(measured(threshold, "close"), threshold)
    before = Earlier("before.png", other)
    said = {act.example: told(found, (act, act.example), others=(before,)).text for act in Act}
    said |= {text: answer(found, text, before) for text in FURTHER}
    for text, reply in said.items():
        assert not never.search(BANDS.sub("", reply)), (text, reply)


@pytest.mark.parametrize(("threshold", "name", "mode"), CASES)
def test_what_is_written_without_a_question_tells_them_too(threshold: float, name: str, mode: Mode) -> None:
    found = moved(measured(threshold, name, mode), threshold)
    facts = fact_lines(found, KNOWLEDGE)
    texts = [evidence_text(found, KNOWLEDGE), "\n".join(facts), caption(found, KNOWLEDGE, "full")]
    for text in texts:
        assert not inner(found).search(text), text
    assert f"score {wording.score(found)}" in texts[0]
    assert template_report(found, KNOWLEDGE).values["score"] == MEASURED[threshold][name][0]
    assert not unbacked(f"The score of the picture is {wording.score(found)}.", found, facts, ())
    assert unbacked(f"The score of the picture is {found.image_score:.2f}.", found, facts, ())


@pytest.mark.parametrize("threshold", list(MEASURED))
def test_the_score_and_the_threshold_are_told_as_measured(threshold: float) -> None:
    found = moved(measured(threshold, "anomalous"), threshold)
    score, peaks = MEASURED[threshold]["anomalous"]
    said = told(found, (Act.SCORE, "what is the score?")).text
    assert said.startswith(f"The image score is {score:.2f}, the threshold {threshold:.2f}: anomalous.")
    assert f"moved to {threshold:.2f}" in told(found, (Act.THRESHOLD, "what is the threshold?")).text
    explained = told(found, (Act.SCORE, f"what does {score:.2f} mean?")).text
    assert f"{score:.2f} is the score of the picture" in explained
    assert f"the threshold of {threshold:.2f}" in explained
    explained = told(found, (Act.SCORE, f"what does {peaks[0]:.2f} mean?")).text
    assert f"{peaks[0]:.2f} is the highest value of the map in region 1" in explained


@pytest.mark.parametrize(
    ("threshold", "other", "turns"),
    [(0.2, 0.5, True), (0.2, 0.3, False), (0.2, 0.35, False), (0.8, 0.5, False), (0.8, 0.95, True), (0.8, 0.9, False)],
)
def test_another_threshold_is_held_against_the_measured_scores(threshold: float, other: float, turns: bool) -> None:
    found = moved(measured(threshold, "anomalous"), threshold)
    score, peaks = MEASURED[threshold]["anomalous"]
    said = answer(found, f"with a threshold of {other} would it be normal?")
    assert f"the verdict would {'turn' if turns else 'stay as it is'}: the score of {score:.2f}" in said
    for number, peak in enumerate(peaks, 1):
        if other >= threshold:
            assert (f"region {number} ({peak:.2f})" in said.lower()) is (peak >= other)


@pytest.mark.parametrize(("threshold", "begins"), [(0.2, "Before the threshold was moved: "), (0.5, "Here: ")])
def test_a_promise_is_one_of_the_threshold_that_was_not_moved(threshold: float, begins: str) -> None:
    found = replace(moved(measured(0.2, "anomalous"), threshold), guarantee="at most 5 % of normal pictures")
    said = told(found, (Act.CARD_WORD, "what does guarantee mean?")).text
    assert f"{begins}at most 5 % of normal pictures." in said


@pytest.mark.parametrize("threshold", list(MEASURED))
def test_at_half_scores_are_told_as_they_are_held(threshold: float) -> None:
    found = measured(threshold, "anomalous")
    assert moved(found, 0.5).image_score == found.image_score
    assert (found.verdict is Verdict.ANOMALOUS) is (found.image_score >= 0.5)
    assert wording.threshold(found) == "0.50"
    assert wording.score(found) == f"{found.image_score:.2f}"
