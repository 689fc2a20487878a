"""Conversations of an assistant: on its trained language model where the preset has one, else on the prompted base model."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from assistant.language.checked_answers import answers_together, stream_answer
from assistant.language.interface import BatchLanguageModel, Evidence, LanguageModel, Session
from assistant.language.loading import load_language_model
from assistant.language.tokens.projector import BLOCK, EncodedImage, pool_blocks
from assistant.reading.question import Question, read_question
from assistant.types import Answer, Inspection, QueryImage
from assistant.vocabulary.knowledge import load_knowledge

if TYPE_CHECKING:
    from assistant.language.models.prompted import PromptedLanguageModel, Turn
    from assistant.vision.detector import Detector


class Conversation:
    """Questions about one inspected picture, each seeing those before it.

    Args:
        inspection: of the picture.
        model: trained; with its session.
        prompted: the base model instead, where there is no trained one.
        evidence: what a trained model is told.
    """

    def __init__(
        self,
        inspection: Inspection,
        model: LanguageModel | None,
        session: Session | None,
        prompted: PromptedLanguageModel | None,
        evidence: Evidence,
    ) -> None:
        self.inspection = inspection
        self.evidence: Evidence = evidence
        self._model, self._session, self._prompted = model, session, prompted
        self._turns: list[Turn] = []
        self._before = 0

    @property
    def model(self) -> LanguageModel | None:
        """The trained model that talks; None on the prompted base model."""
        return self._model

    @property
    def session(self) -> Session | None:
        """What the trained model keeps of the conversation; None on the prompted base model."""
        return self._session

    def stream(self, question: str, *, stop: threading.Event | None = None) -> Iterator[Answer]:
        """The answer as it grows; the last one is whole and checked against the evidence, and may differ from those before.

        Args:
            question: as asked.
            stop: ends the writing soon after it is set; what was written by then is the answer.
        """
        asked = read_question(question)
        if self._model is not None and self._session is not None:
            yield from stream_answer(
                self._model, self._session, asked, load_knowledge(), stop=stop, evidence=self.evidence
            )
        elif self._prompted is not None:
            yield from self._stream_prompted(self._prompted, asked, stop)

    def _stream_prompted(
        self, model: PromptedLanguageModel, question: Question, stop: threading.Event | None
    ) -> Iterator[Answer]:
        """The turn counts from its first word on, also when the answer is stopped or nobody reads it to its end."""
        past = list(self._turns)
        turn: Turn | None = None
        self._before = len(past)
        try:
            for answer, turn in model.stream(self.inspection, past, question, stop=stop):  # noqa: B007
                yield answer
        finally:
            if turn is not None:
                self._turns = [*past, turn]

    def undo(self) -> None:
        """Take back the last question and its answer; once after each answer."""
        if self._session is not None:
            self._session.talk.undo()
        else:
            del self._turns[self._before :]

    def ask(self, question: str) -> Answer:
        """The whole answer."""
        *_, last = self.stream(question)
        return last


class Conversing:
    """What an assistant needs to converse: the language model, loaded at the first question, and pictures as encoded.

    Args:
        detector: whose pictures are talked about.
    """

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self._lock = threading.Lock()
        self._loaded = False
        self._model: LanguageModel | None = None
        self._prompted: PromptedLanguageModel | None = None

    def open(self, inspection: Inspection, evidence: Evidence = "both") -> Conversation:
        """A conversation on an inspected picture.

        Raises:
            WeightsError: a language model that cannot be had.
        """
        self._load()
        if self._model is None:
            return Conversation(inspection, None, None, self._prompted, evidence)
        encoded = self._encoded(inspection.image) if self._detector.preset.language.reads_patch_tokens else None
        return Conversation(inspection, self._model, self._model.open(inspection, encoded), None, evidence)

    def ask_together(
        self, inspections: Sequence[Inspection], questions: Sequence[str], evidence: Evidence = "both"
    ) -> list[list[Answer]]:
        """Answers to the same questions about several pictures: a conversation a picture, written as one batch.

        A model that writes in one conversation at a time, as a prompted base model, takes one after the other.
        """
        if not questions:
            return [[] for _ in inspections]
        talks = [self.open(inspection, evidence) for inspection in inspections]
        sessions = [talk.session for talk in talks if talk.session is not None]
        if not isinstance(self._model, BatchLanguageModel) or len(talks) < 2:
            return [[talk.ask(question) for question in questions] for talk in talks]
        knowledge = load_knowledge()
        turns = [
            answers_together(self._model, sessions, read_question(q), knowledge, evidence=evidence) for q in questions
        ]
        return [list(answers) for answers in zip(*turns, strict=True)]

    def _encoded(self, image: QueryImage) -> EncodedImage:
        features = self._detector.last_level(image)
        return EncodedImage(pool_blocks(features.levels[-1], features.grid))

    def _load(self) -> None:
        with self._lock:
            if self._loaded:
                return
            detector = self._detector
            width = BLOCK * BLOCK * detector.clip.encoder.width
            self._model = load_language_model(detector.preset, detector.folder, width, detector.clip.hashes)
            if self._model is None:
                from assistant.language.models.prompted import PromptedLanguageModel

                self._prompted = PromptedLanguageModel()
            self._loaded = True
