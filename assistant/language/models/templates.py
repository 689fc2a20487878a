"""Answers that follow from the evidence alone, word by word: what talks where a preset has no language model."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from assistant.language.interface import EvidenceKind, LanguageModel
from assistant.reading.faithfulness import contradicts, stated_verdict
from assistant.reading.question import Question, read_question
from assistant.types import Answer, Inspection, WordsOf
from assistant.vocabulary.knowledge import load_knowledge
from assistant.words.evidence import caption
from assistant.words.template_answers import answer_from_evidence

if TYPE_CHECKING:
    from assistant.language.tokens.projector import EncodedImage

SHORT = 6
"""Words of a question that may lean on the one before it."""


@dataclass(eq=False)
class TemplateDialogue:
    """A conversation as the questions asked.

    Args:
        inspection: what the numbers say.
        asked: questions so far, each with what it left out.
    """

    inspection: Inspection
    asked: list[Question] = field(default_factory=list)

    def undo(self) -> None:
        """Take back the last question."""
        if self.asked:
            self.asked.pop()


class TemplateLanguageModel(LanguageModel[TemplateDialogue]):
    """Says what the evidence says on a question; the picture's caption where it does not understand the question.

    A question that names no subject ("and region 2?", "why?") takes over what the one before it was about.
    """

    def open(self, inspection: Inspection, encoded: EncodedImage | None = None) -> TemplateDialogue:
        """A dialogue that has not begun; ``encoded`` is not needed."""
        return TemplateDialogue(inspection)

    def reply(
        self,
        dialogue: TemplateDialogue,
        question: Question,
        *,
        stop: threading.Event | None = None,
        evidence: EvidenceKind = "both",
    ) -> Iterator[Answer]:
        """The answer, word by word.

        Args:
            dialogue: grows by one turn.
            question: read.
            stop: ends the answer with the next word.
            evidence: of no account: there is nothing else to answer from.
        """
        whole = resolved(question, dialogue.asked[-1]) if dialogue.asked else question
        dialogue.asked.append(whole)
        inspection, knowledge = dialogue.inspection, load_knowledge()
        text = answer_from_evidence(whole, inspection, knowledge) or caption(inspection, knowledge)
        words = text.split(" ")
        for end in range(1, len(words)):
            stopped = stop is not None and stop.is_set()
            yield Answer(question.text, " ".join(words[:end]))
            if stopped:
                return
        wrong = contradicts(text, inspection, whole)
        yield Answer(question.text, text, stated_verdict(text, whole), wrong, WordsOf.MEASUREMENTS)


def resolved(question: Question, before: Question) -> Question:
    """A follow-up with what it leaves out taken from the question before it.

    >>> earlier = read_question("How bad is region 1?")
    >>> [resolved(read_question(text), earlier).text for text in ("And region 2?", "Why?")]
    ['How bad is region 2?', 'Why, region 1?']
    """
    number, earlier = question.region, before.region
    if number is not None and not read_question(re.sub(r"region \d+", "", question.text.lower())).intents:
        if earlier is not None:
            return read_question(re.sub(r"region \d+", f"region {number}", before.text, flags=re.IGNORECASE))
        return read_question(f"{before.text.rstrip('?!. ')}, region {number}?")
    if earlier is not None and number is None and question.intents and len(question.text.split()) <= SHORT:
        return read_question(f"{question.text.rstrip('?!. ')}, region {earlier}?")
    return question
