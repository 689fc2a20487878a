"""A language model that is told the facts in words, by whichever writer: one loaded here, or a server."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from assistant.errors import ConfigError, ServerError
from assistant.language.checked_answers import stream_answer
from assistant.language.interface import EvidenceKind, LanguageModel
from assistant.language.writers.briefing import Asked, Briefing
from assistant.language.writers.cleaning import cleaned
from assistant.language.writers.message import ChatWriter, Words
from assistant.reading.faithfulness import contradicts, stated_verdict
from assistant.reading.question import Question
from assistant.types import Answer, Inspection, WordsOf
from assistant.vocabulary.knowledge import Knowledge, load_knowledge
from assistant.words.evidence import caption
from assistant.words.template_answers import answer_from_evidence

if TYPE_CHECKING:
    from assistant.language.tokens.projector import EncodedImage

UNHEARD = "(The language model could not be asked; this is what was measured.)"
"""Ends an answer that a model was to put in its own words and could not be asked for."""
_log = logging.getLogger("assistant.language")


@dataclass(eq=False)
class ChatDialogue:
    """A conversation as turns in words.

    Args:
        inspection: what the numbers say.
        briefing: what is told of it.
        turns: (question, answer) so far, of a model that answers alone.
        ended: whether the last draft came to an end by itself.
        choices: answers that there are to the question asked now; empty for free words.
    """

    inspection: Inspection
    briefing: Briefing
    turns: list[tuple[str, str]] = field(default_factory=list)
    ended: bool = True
    choices: tuple[str, ...] = ()

    def undo(self) -> None:
        """Take back the last question and its answer."""
        del self.turns[-1:]


class ChatLanguageModel(LanguageModel[ChatDialogue]):
    """Puts measured answers into its own words, and answers alone where it is asked to.

    Args:
        writer: of its words.
        knowledge: of kinds; the package's own when None.
    """

    def __init__(self, writer: ChatWriter, knowledge: Knowledge | None = None) -> None:
        self.writer, self._knowledge = writer, knowledge or load_knowledge()
        self._told: set[str] = set()
        self._lock = threading.Lock()

    def open(self, inspection: Inspection, encoded: EncodedImage | None = None) -> ChatDialogue:
        """A dialogue that has not begun; ``encoded`` is not needed."""
        return ChatDialogue(inspection, Briefing(inspection, self._knowledge))

    def retell(self, dialogue: ChatDialogue, asked: Asked, stop: threading.Event) -> Words:
        """The model's words on a question whose measured answer it is told; no turn of the dialogue.

        Raises:
            ServerError, WeightsError: a model that cannot be asked.
        """
        messages = dialogue.briefing.messages(asked, sees=self.sees(dialogue))
        return cleaned(self.writer.write(messages, stop=stop))

    def sees(self, dialogue: ChatDialogue) -> bool:
        """Whether the model is shown the picture of a dialogue.

        Raises:
            ServerError, WeightsError: a model that cannot be asked.
        """
        return dialogue.briefing.visible and self.writer.sees()

    def reply(
        self,
        dialogue: ChatDialogue,
        question: Question,
        *,
        stop: threading.Event | None = None,
        evidence: EvidenceKind = "both",
    ) -> Iterator[Answer]:
        """The answer as it grows; checked as every draft is, and measured alone where the model cannot be asked.

        Raises:
            ConfigError: prompt embeddings alone, which a model that is told in words does not take.
            WeightsError: a model that cannot be had.
        """
        if evidence == "embeddings":
            do = "choose off, text or both"
            raise ConfigError("evidence in words for a language model that is told the facts", evidence, do)
        before, dialogue.choices = len(dialogue.turns), tuple(question.options.values())
        try:
            yield from stream_answer(self, dialogue, question, self._knowledge, stop=stop, evidence=evidence)
        except ServerError as error:
            self.tell(error)
            known = answer_from_evidence(question, dialogue.inspection, self._knowledge)
            text = f"{known or caption(dialogue.inspection, self._knowledge)} {UNHEARD}"
            dialogue.turns[before:] = [(question.put, text)]
            wrong = contradicts(text, dialogue.inspection, question)
            yield Answer(question.text, text, stated_verdict(text, question), wrong, WordsOf.MODEL_UNREACHABLE)

    def stream(
        self,
        dialogue: ChatDialogue,
        question: str,
        *,
        stop: threading.Event | None = None,
        evidence: EvidenceKind = "both",
        begin: str = "",
    ) -> Iterator[str]:
        """The model's words in pieces; what it is made to begin with is all of its answer."""
        turns = tuple(dialogue.turns)
        dialogue.turns.append((question, begin))
        dialogue.ended = True
        if begin:
            yield begin
            return
        told = evidence != "off"
        messages = dialogue.briefing.messages(Asked(question, None, turns), sees=self.sees(dialogue), told=told)
        written = self.writer.write(messages, stop=stop or threading.Event(), choices=dialogue.choices)
        words, text = cleaned(_chosen(written) if dialogue.choices else written), ""
        dialogue.ended = False
        try:
            while True:
                piece = next(words)
                text += piece
                dialogue.turns[len(turns) :] = [(question, text)]
                yield piece
        except StopIteration as stopped:
            dialogue.ended = bool(stopped.value)
        finally:
            words.close()

    def answer(self, dialogue: ChatDialogue, question: str, *, evidence: EvidenceKind = "both", begin: str = "") -> str:
        """The model's words on a question."""
        return "".join(self.stream(dialogue, question, evidence=evidence, begin=begin))

    def tell(self, error: ServerError) -> None:
        """Say once why the model cannot be asked."""
        line = str(error)
        with self._lock:
            new = line not in self._told
            self._told.add(line)
        if new:
            _log.warning("%s", line)


def _chosen(words: Words) -> Words:
    """The words of an answer that may be JSON with a field ``answer``, in one piece."""
    text = ""
    try:
        while True:
            text += next(words)
    except StopIteration as stopped:
        ended = bool(stopped.value)
    finally:
        words.close()
    try:
        found = json.loads(text)
        text = str(found["answer"])
    except (ValueError, TypeError, KeyError, RecursionError):
        pass
    yield text
    return ended
