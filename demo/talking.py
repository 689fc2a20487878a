"""Questions about a picture on the bench: cleaned, answered piece by piece, and the questions that fit a result.

A preset with a language model talks through :meth:`Assistant.open`; one without answers from the evidence alone.
"""

from __future__ import annotations

import re
import threading
import time
import unicodedata
from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

from assistant.geometry import CELLS
from assistant.language.checked_answers import NOTE
from assistant.reading.faithfulness import contradicts, stated_verdict
from assistant.reading.question import read_question
from assistant.types import Answer, Box, Inspection, Region, Verdict
from assistant.vocabulary.knowledge import load_knowledge
from assistant.words import wording
from assistant.words.evidence import caption
from assistant.words.template_answers import answer_from_evidence

if TYPE_CHECKING:
    from assistant.pipeline import Assistant

LONGEST_QUESTION = 600
"""Characters kept of a question."""
MARK = "⚠ Disagrees with the measured map."
"""Shown under an answer that contradicts the evidence."""
PAUSE = 0.015
"""Seconds between words of an answer that no model writes, so that it can be read along and stopped."""
LEAST_OVERLAP = 0.1
"""A box points at a region that covers at least this share of the smaller of both."""


class Talk(Protocol):
    """A conversation about one inspected picture."""

    def stream(self, question: str, *, stop: threading.Event | None = None) -> Iterator[Answer]:
        """The answer as it grows; the last one is whole."""
        ...

    def undo(self) -> None:
        """Take back the last question."""
        ...


class EvidenceTalk:
    """Answers that follow from the evidence, for presets without a language model.

    A question that names no subject ("and region 2?", "why?") takes over what the one before it was about.

    Args:
        inspection: what the numbers say.
        pause: seconds between words.
    """

    def __init__(self, inspection: Inspection, pause: float = PAUSE) -> None:
        self._inspection, self._pause = inspection, pause
        self._asked: list[str] = []

    def stream(self, question: str, *, stop: threading.Event | None = None) -> Iterator[Answer]:
        """The answer, word by word."""
        whole = read_question(resolved(question, self._asked[-1] if self._asked else ""))
        self._asked.append(whole.text)
        knowledge = load_knowledge()
        text = answer_from_evidence(whole, self._inspection, knowledge) or caption(self._inspection, knowledge)
        words = text.split(" ")
        for end in range(1, len(words)):
            if stop is not None and stop.is_set():
                yield Answer(question, " ".join(words[:end]))
                return
            yield Answer(question, " ".join(words[:end]))
            time.sleep(self._pause)
        yield Answer(question, text, stated_verdict(text, whole), contradicts(text, self._inspection, whole))

    def undo(self) -> None:
        """Take back the last question."""
        if self._asked:
            self._asked.pop()


def open_talk(assistant: Assistant, inspection: Inspection) -> Talk:
    """A conversation with whatever model the preset has.

    Raises:
        WeightsError: a language model that cannot be had.
    """
    return EvidenceTalk(inspection) if assistant.preset.language.kind == "none" else assistant.open(inspection)


def resolved(question: str, before: str) -> str:
    """A follow-up with what it leaves out taken from the question before it.

    >>> resolved("And region 2?", "How bad is region 1?"), resolved("Why?", "How bad is region 1?")
    ('How bad is region 2?', 'Why, region 1?')
    """
    number, earlier = (re.search(r"region (\d+)", text.lower()) for text in (question, before))
    if not before:
        return question
    if number and not read_question(re.sub(r"region \d+", "", question.lower())).intents:
        if earlier:
            return re.sub(r"region \d+", f"region {number[1]}", before, flags=re.IGNORECASE)
        return f"{before.rstrip('?!. ')}, region {number[1]}?"
    if earlier and not number and read_question(question).intents and len(question.split()) <= 6:
        return f"{question.rstrip('?!. ')}, region {earlier[1]}?"
    return question


def clean_question(text: str) -> str:
    """A question as models get it: no control characters, no markup, no special tokens, one line, not too long.

    >>> clean_question("Hi <|im_end|>\\n<b>you</b>")
    'Hi ‹|im_end|› ‹b›you‹/b›'
    """
    kept = "".join(c if unicodedata.category(c)[0] != "C" else " " for c in unicodedata.normalize("NFC", str(text)))
    return " ".join(kept.split())[:LONGEST_QUESTION].translate({ord("<"): "‹", ord(">"): "›"})


def shown(answer: Answer) -> str:
    """The answer as the page shows it, with a visible mark when it contradicts the evidence."""
    return f"{answer.text.removesuffix(NOTE).strip()}\n\n{MARK}" if answer.contradictory else answer.text


def suggestions(inspection: Inspection, asked: int = 0) -> list[str]:
    """Four questions that fit a result.

    Args:
        inspection: under its threshold.
        asked: how many were asked already; later ones go deeper.
    """
    regions = inspection.regions
    if inspection.verdict is Verdict.NORMAL:
        fits = ["Is anything wrong here?", "How sure are you?", "What should I check next?", "What do you see?"]
    elif not regions:
        fits = ["Is anything wrong here?", "Why does it look anomalous?", "What should I check next?", "How bad is it?"]
    else:
        first, several = regions[0].id, len(regions) > 1
        fits = [
            "What is wrong here?",
            "How many regions are there?" if several else f"Where is region {first}?",
            f"How bad is region {first}?",
            f"What may have caused region {first}?",
            f"And region {regions[1].id}?" if several else "What happens if I ignore it?",
            "What should I do next?",
        ]
    start = min(asked, max(0, len(fits) - 4))
    return fits[start : start + 4]


def region_question(number: int) -> str:
    """What is asked when a region is clicked."""
    return f"What is region {number}, and how bad is it?"


def pointed_question(inspection: Inspection, box: Box) -> str:
    """What is asked when a person draws a box: of the region under it, else of the place."""
    region = pointed_region(inspection.regions, box)
    if region is not None:
        return region_question(region.id)
    x, y = (box.x_min + box.x_max) / 2, (box.y_min + box.y_max) / 2
    column, row = (
        min(2, int(3 * at / side)) for at, side in ((x, inspection.image.width), (y, inspection.image.height))
    )
    return f"Is anything wrong at {wording.place([CELLS[3 * row + column]])}?"


def pointed_region(regions: tuple[Region, ...], box: Box) -> Region | None:
    """The region that a box covers best; None where it covers none to speak of."""

    def share(region: Region) -> float:
        other = region.box
        width = min(box.x_max, other.x_max) - max(box.x_min, other.x_min)
        height = min(box.y_max, other.y_max) - max(box.y_min, other.y_min)
        return max(0, width) * max(0, height) / min(box.area, other.area)

    best = max(regions, key=share, default=None)
    return best if best is not None and share(best) >= LEAST_OVERLAP else None
