"""Conversations on the page: opened, spoken at a pace that can be read, and shown with a mark where they go wrong."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from assistant.language.checked_answers import NOTE
from assistant.types import Answer, Inspection
from assistant.words.scene.dialogue_state import Earlier

if TYPE_CHECKING:
    from assistant.pipeline import Assistant

MARK = "⚠ Disagrees with the measured map."
"""Shown under an answer that contradicts the evidence."""
PAUSE = 0.015
"""Seconds between words of an answer that no model writes, so that it can be read along and stopped."""


@runtime_checkable
class PageConversation(Protocol):
    """A conversation about one inspected picture, as the page needs it."""

    def stream(self, question: str, *, stop: threading.Event | None = None) -> Iterator[Answer]:
        """The answer as it grows; the last one is whole."""
        ...

    def undo(self) -> None:
        """Take back the last question."""
        ...


@runtime_checkable
class TakesUp(Protocol):
    """A conversation that goes on from an earlier one."""

    def take_up(self, questions: Sequence[str]) -> None:
        """Hear questions that were answered before."""
        ...


class PacedConversation:
    """A conversation whose words come with pauses between them.

    Args:
        talk: whose words.
        pause: seconds.
    """

    def __init__(self, talk: PageConversation, pause: float) -> None:
        self._talk, self._pause = talk, pause

    def stream(self, question: str, *, stop: threading.Event | None = None) -> Iterator[Answer]:
        """The answer as it grows."""
        shown = 0
        for answer in self._talk.stream(question, stop=stop):
            words = re.findall(r"\s*\S+", answer.text)
            for count in range(shown + 1, len(words)):
                yield (said := replace(answer, text="".join(words[:count])))
                time.sleep(self._pause)
                if stop is not None and stop.is_set():
                    yield said
                    return
            shown = len(words)
            yield answer

    def undo(self) -> None:
        """Take back the last question."""
        self._talk.undo()

    def take_up(self, questions: Sequence[str]) -> None:
        """Hear questions that were answered before."""
        take_up(self._talk, questions)


def open_conversation(assistant: Assistant, inspection: Inspection, others: Sequence[Earlier] = ()) -> PageConversation:
    """A conversation with whatever model the preset has.

    Args:
        assistant: that talks.
        inspection: of the picture.
        others: further pictures of the session.

    Raises:
        WeightsError: a language model that cannot be had.
    """
    talk = assistant.open(inspection, others=others)
    return PacedConversation(talk, PAUSE) if assistant.preset.language.kind == "none" else talk


def take_up(talk: object, questions: Sequence[str]) -> None:
    """Let a conversation hear questions that were answered before, where it can, so that it goes on from them."""
    if questions and isinstance(talk, TakesUp):
        talk.take_up(questions)


def shown(answer: Answer) -> str:
    """The answer as the page shows it, with a visible mark when it contradicts the evidence."""
    return f"{answer.text.removesuffix(NOTE).strip()}\n\n{MARK}" if answer.contradictory else answer.text
