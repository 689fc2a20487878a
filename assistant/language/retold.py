"""A measured answer -> the same in a model's own words, sentence by sentence; one that nothing backs is not shown.

What was measured is right: where a model's words fail, it stands. Messages whose only acts are read for sure, and whose answers
are numbers or fixed words, are not given to a model at all.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from assistant.config import LanguageConfig
from assistant.language.choice import LEAVES, is_loopback
from assistant.language.models.chat import ChatDialogue, ChatLanguageModel
from assistant.language.writers.briefing import Asked
from assistant.reading.acts.act import Act, Family
from assistant.reading.acts.languages import ENGLISH, language_of
from assistant.reading.acts.message import MessageKind
from assistant.reading.acts.understanding import Understanding
from assistant.reading.faithfulness import contradicts
from assistant.reading.question import Question
from assistant.reading.refusals import declines
from assistant.types import Inspection
from assistant.words.answer_checks import invented
from assistant.words.claims import disposition, grave, hedged, looks, polarity, quantities_of, unbacked
from assistant.words.replies.reply import Reply

READ_FOR_SURE = 0.7
"""Confidence from which 95 of 100 acts are those that were meant."""
MOST_SENTENCES = 5
"""Of a model, on one message."""
EXACT = frozenset({
    Act.PRESENCE, Act.COUNT, Act.WHERE, Act.LIST_REGIONS, Act.WORST_REGION, Act.SCORE, Act.THRESHOLD, Act.SLICE, Act.SIDE,
    Act.RATING, Act.REPORT,
})  # fmt: skip
"""Acts whose answers are numbers and names: they gain nothing by other words."""
FIXED = frozenset({Family.MEASURE, Family.UNANSWERABLE, Family.MEDICAL, Family.TOOL, Family.TALK})
"""Families of such acts, and of those whose answers are this program's own to give."""
_META = re.compile(
    r"\b(?:the|these|those|above|given|provided) facts?\b|\bmeasured answer\b|\bas an ai\b|\blanguage model\b"
    r"|\bin (?:my|your) own words\b"
)
"""Talk about the talk."""
_SENTENCE = re.compile(
    r"\s*(?:[^.!?\n]|[.](?=\d)|(?<=\be\.g)[.]|(?<=\bi\.e)[.]|(?<=\be)[.](?=g)|(?<=\bi)[.](?=e))+(?:[.!?]+(?=\s)|(?=\n))"
)


def is_retold(understood: Understanding, said: Reply) -> bool:
    """Whether a message is worth a model's words.

    Args:
        understood: the message.
        said: what the measurements say on it.
    """
    if understood.kind is not MessageKind.SENTENCE or understood.language != ENGLISH:
        return False
    exact = [one for one in understood.acts if one.act in EXACT or one.act.family in FIXED]
    sure = all(one.confidence >= READ_FOR_SURE for one in understood.acts)
    return not (said.acts and not understood.unclear and sure and len(exact) == len(understood.acts))


_STAYS = "which sends it nowhere else."


def with_model(said: Reply, language: LanguageConfig | None) -> Reply:
    """What is said of this program itself, true also where another model than its own talks: which one, and where pictures go.

    Args:
        said: a reply.
        language: the model that talks; None where nobody named one.
    """
    if language is None or not {Act.MODEL, Act.PRIVACY} & set(said.acts):
        return said
    sentences = [
        s.replace(_STAYS, f"and {LEAVES} are sent to {language.title}.")
        if language.kind == "server" and not is_loopback(language.name)
        else s
        for s in said.sentences
    ]
    if Act.MODEL in said.acts:
        sentences.insert(1, f"What is not a plain measurement is put into words by {language.title}.")
    return replace(said, sentences=tuple(sentences))


@dataclass(frozen=True, eq=False)
class Retelling:
    """One message, and what a model may say on it.

    Args:
        question: the message, read.
        said: what the measurements say on it.
        inspection: of the picture.
        turns: (question, answer) so far, as shown.
        stop: ends the writing.
    """

    question: Question
    said: Reply
    inspection: Inspection
    turns: Sequence[tuple[str, str]]
    stop: threading.Event

    def sentences(self, model: ChatLanguageModel, dialogue: ChatDialogue) -> Iterator[str]:
        """Sentences that hold, each with the space before it; the model is not heard further after one that does not.

        Raises:
            ServerError, WeightsError: a model that cannot be asked.
        """
        told = self.said.text if self.said.acts else None
        words = model.retell(dialogue, Asked(self.question.put, told, self.turns), self.stop)
        facts, sees = dialogue.briefing.facts, model.writer.sees
        rest, heard, whole = "", 0, False
        try:
            while heard < MOST_SENTENCES:
                try:
                    rest += next(words)
                except StopIteration as stopped:
                    whole = bool(stopped.value)
                    break
                while heard < MOST_SENTENCES and (found := _SENTENCE.match(rest)) is not None:
                    rest = rest[found.end() :]
                    if not self._holds(found[0].strip(), heard, facts, sees):
                        return
                    heard += 1
                    yield found[0].rstrip()
        finally:
            words.close()
        last = rest.strip()
        if whole and last and heard < MOST_SENTENCES and self._holds(last, heard, facts, sees):
            yield rest.rstrip()

    @cached_property
    def _before(self) -> frozenset[str]:
        return frozenset(answer for _, answer in self.turns)

    def _holds(self, sentence: str, heard: int, facts: Sequence[str], sees: bool) -> bool:
        """Whether a sentence, the first one after ``heard`` others, may be shown."""
        said, asked = self.said, self.question
        known = (*facts, said.text, asked.text)
        return (
            "\ufffd" not in sentence
            and any(c.isalpha() for c in sentence)
            and sentence not in self._before
            and _META.search(sentence.lower()) is None
            and language_of(sentence) == ENGLISH
            and not contradicts(sentence, self.inspection, asked if heard == 0 else None)
            and not unbacked(sentence, self.inspection, facts, (said.text, asked.text))
            and not grave(sentence, *facts, said.text)
            and disposition(sentence) in (None, disposition(said.text))
            and (sees or looks(sentence) <= looks(" ".join(known)))
            and (heard > 0 or self._answers(sentence, known))
        )

    def _answers(self, sentence: str, known: Sequence[str]) -> bool:
        """Whether a first sentence is one that can begin an answer: on the subject, with the yes or no that was measured."""
        measured, said = polarity(self.said.text), polarity(sentence)
        if said is not None and said is not measured and not self._free_to_say(measured, sentence):
            return False
        if self.said.acts and declines(sentence) and not declines(self.said.text):
            return False
        measured_of = [q for q in quantities_of(self.said.text) if q.unit]
        if measured_of and any(act.family is Family.MEASURE for act in self.said.acts):
            return any(one.backs(q) for q in quantities_of(sentence) for one in measured_of)
        return invented(sentence, *known) < 1.0

    def _free_to_say(self, measured: bool | None, sentence: str) -> bool:
        """Whether yes and no are the model's to say: nothing measured tells, or the reader of contradictions has checked it."""
        if measured is not None:
            return False
        checked = self.question.yes_verdict is not None or bool(self.question.kinds)
        return checked or (not self.said.acts and hedged(sentence))
