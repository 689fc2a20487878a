"""What a language model is to the rest: it opens a dialogue on an inspected picture and replies in it.

Two floors. A :class:`LanguageModel` gives answers; there are trained ones, those that are told the facts in words, and one of
templates. Most first write drafts (:class:`DraftWriter`): whether they hold against the evidence is decided in one place for all,
:mod:`assistant.language.checked_answers`.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeVar, runtime_checkable

from assistant.errors import ConfigError
from assistant.language.tokens.generation import Talk
from assistant.reading.question import Question
from assistant.types import Answer, Inspection

if TYPE_CHECKING:
    from assistant.language.tokens.projector import EncodedImage

EvidenceKind = Literal["off", "text", "embeddings", "both"]
"""What a model is told beside the picture: nothing, the evidence text, the prompt embeddings of the map, or both."""
EVIDENCE: tuple[EvidenceKind, ...] = ("off", "text", "embeddings", "both")


@runtime_checkable
class Dialogue(Protocol):
    """What a language model keeps of one conversation on one inspected picture."""

    @property
    def inspection(self) -> Inspection:
        """What the numbers say."""
        ...

    def undo(self) -> None:
        """Take back the last question and its answer; once after each answer."""
        ...


@runtime_checkable
class DraftDialogue(Dialogue, Protocol):
    """What a model that writes drafts keeps of one conversation."""

    @property
    def ended(self) -> bool:
        """Whether the last draft came to an end by itself."""
        ...


Kept = TypeVar("Kept", bound=Dialogue)
Drafted = TypeVar("Drafted", bound=DraftDialogue)


class LanguageModel(ABC, Generic[Kept]):
    """Whatever converses on an inspected picture."""

    @abstractmethod
    def open(self, inspection: Inspection, encoded: EncodedImage | None = None) -> Kept:
        """A dialogue that has not begun.

        Args:
            inspection: what the numbers say.
            encoded: the picture as our visual encoder saw it; models that do not look through it need none.
        """

    @abstractmethod
    def reply(
        self,
        dialogue: Kept,
        question: Question,
        *,
        stop: threading.Event | None = None,
        evidence: EvidenceKind = "both",
    ) -> Iterator[Answer]:
        """The answer as it grows; the last one is whole and checked against the evidence, and may differ from those before.

        Args:
            dialogue: grows by one turn.
            question: read.
            stop: ends the writing soon after it is set; what was written by then is the answer.
            evidence: what is told, where the model has that switch.
        """


class BatchLanguageModel(LanguageModel[Kept]):
    """A language model that also writes in several dialogues at once."""

    @abstractmethod
    def reply_together(
        self, dialogues: Sequence[Kept], question: Question, *, evidence: EvidenceKind = "both"
    ) -> list[Answer]:
        """What :meth:`reply` ends with, for one question in several dialogues that are written as one batch."""


@dataclass(eq=False)
class TokenDialogue:
    """A conversation as the ids of its tokens.

    Args:
        inspection: what the numbers say.
        shown: what the model keeps of picture and map.
        talk: ids so far.
        evidence: what was told with the first question; None before it.
    """

    inspection: Inspection
    shown: Any
    talk: Talk = field(default_factory=Talk)
    evidence: EvidenceKind | None = None

    def settle(self, evidence: EvidenceKind) -> bool:
        """Fix what is told; whether this is the first question.

        Raises:
            ConfigError: an unknown word, or another one than the conversation began with.
        """
        if evidence not in EVIDENCE:
            raise ConfigError(f"evidence {', '.join(EVIDENCE)}", str(evidence), "choose one")
        first = not self.talk.ids
        if not first and evidence != self.evidence:
            raise ConfigError(f"evidence {self.evidence} as before", evidence, "begin another conversation")
        self.evidence = evidence
        return first

    @property
    def ended(self) -> bool:
        """Whether the last draft came to an end by itself."""
        return self.talk.ended

    def undo(self) -> None:
        """Take back the last question and its answer."""
        self.talk.undo()


@runtime_checkable
class DraftWriter(Protocol[Drafted]):
    """A model whose own words are drafts of answers."""

    def open(self, inspection: Inspection, encoded: EncodedImage | None = None) -> Drafted:
        """A dialogue that has not begun; see :meth:`LanguageModel.open`."""
        ...

    def stream(
        self,
        dialogue: Drafted,
        question: str,
        *,
        stop: threading.Event | None = None,
        evidence: EvidenceKind = "both",
        begin: str = "",
    ) -> Iterator[str]:
        """The model's words on a question in pieces; ``begin`` are words it is made to begin with."""
        ...

    def answer(self, dialogue: Drafted, question: str, *, evidence: EvidenceKind = "both", begin: str = "") -> str:
        """The model's words on a question."""
        ...


@runtime_checkable
class BatchDraftWriter(DraftWriter[Drafted], Protocol[Drafted]):
    """A model that also drafts in several dialogues at once."""

    def answer_together(
        self,
        dialogues: Sequence[Drafted],
        question: str,
        *,
        evidence: EvidenceKind = "both",
        begins: Sequence[str] = (),
    ) -> list[str]:
        """The model's words on one question in several dialogues; ``begins`` are as many as dialogues, or none."""
        ...
