"""The interface of language models that are shown pictures and maps, and the choice of one for a preset.

A model says words; whether they hold against the evidence is decided in one place for all,
:mod:`assistant.language.checked_answers`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from assistant.errors import ConfigError
from assistant.language.tokens.generation import Talk
from assistant.types import Inspection

if TYPE_CHECKING:
    from assistant.language.tokens.projector import EncodedImage

Evidence = Literal["off", "text", "embeddings", "both"]
"""What a model is told beside the picture: nothing, the evidence text, the prompt embeddings of the map, or both."""
EVIDENCE: tuple[Evidence, ...] = ("off", "text", "embeddings", "both")


@dataclass(eq=False)
class Session:
    """A conversation on one inspected picture.

    Args:
        inspection: what the numbers say.
        shown: what the model keeps of picture and map.
        talk: ids so far.
        evidence: what was told with the first question; None before it.
    """

    inspection: Inspection
    shown: Any
    talk: Talk = field(default_factory=Talk)
    evidence: Evidence | None = None

    def settle(self, evidence: Evidence) -> bool:
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


@runtime_checkable
class LanguageModel(Protocol):
    """Whatever converses on an inspected picture."""

    def open(self, inspection: Inspection, encoded: EncodedImage | None = None) -> Session:
        """A conversation that has not begun.

        Args:
            inspection: what the numbers say.
            encoded: the picture as our visual encoder saw it; models with a vision tower of their own need none.
        """
        ...

    def stream(
        self,
        session: Session,
        question: str,
        *,
        stop: threading.Event | None = None,
        evidence: Evidence = "both",
        begin: str = "",
    ) -> Iterator[str]:
        """The model's words on a question in pieces; ``begin`` are words it is made to begin with."""
        ...

    def answer(self, session: Session, question: str, *, evidence: Evidence = "both", begin: str = "") -> str:
        """The model's words on a question."""
        ...


@runtime_checkable
class BatchLanguageModel(LanguageModel, Protocol):
    """A language model that also writes in several conversations at once."""

    def answer_together(
        self, sessions: Sequence[Session], question: str, *, evidence: Evidence = "both", begins: Sequence[str] = ()
    ) -> list[str]:
        """The model's words on one question in several conversations; ``begins`` are as many as conversations, or none."""
        ...
