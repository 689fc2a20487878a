"""Conversations of an assistant, on whatever language model its preset has."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from assistant.language.interface import BatchLanguageModel, Dialogue, EvidenceKind, LanguageModel
from assistant.language.loading import load_language_model
from assistant.language.tokens.projector import BLOCK, EncodedImage, pool_blocks
from assistant.reading.question import read_question
from assistant.types import Answer, Inspection, QueryImage

if TYPE_CHECKING:
    from assistant.vision.detector import Detector


class Conversation:
    """Questions about one inspected picture, each seeing those before it.

    Args:
        model: that talks.
        dialogue: opened by it.
        evidence: what it is told, where it has that switch.
    """

    def __init__(self, model: LanguageModel[Any], dialogue: Dialogue, evidence: EvidenceKind = "both") -> None:
        self.model, self.dialogue, self.evidence = model, dialogue, evidence

    @property
    def inspection(self) -> Inspection:
        """Of the picture."""
        return self.dialogue.inspection

    def stream(self, question: str, *, stop: threading.Event | None = None) -> Iterator[Answer]:
        """The answer as it grows; the last one is whole and checked against the evidence, and may differ from those before.

        Args:
            question: as typed.
            stop: ends the writing soon after it is set; what was written by then is the answer.
        """
        yield from self.model.reply(self.dialogue, read_question(question), stop=stop, evidence=self.evidence)

    def undo(self) -> None:
        """Take back the last question and its answer; once after each answer."""
        self.dialogue.undo()

    def ask(self, question: str) -> Answer:
        """The whole answer."""
        *_, last = self.stream(question)
        return last


class Conversations:
    """What an assistant needs to converse: the language model, loaded at the first question, and pictures as encoded.

    Args:
        detector: whose pictures are talked about.
    """

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self._lock = threading.Lock()
        self._model: LanguageModel[Any] | None = None

    def open(self, inspection: Inspection, evidence: EvidenceKind = "both") -> Conversation:
        """A conversation on an inspected picture.

        Raises:
            WeightsError: a language model that cannot be had.
        """
        model = self._loaded_model()
        encoded = self._encoded(inspection.image) if self._detector.preset.language.reads_patch_tokens else None
        return Conversation(model, model.open(inspection, encoded), evidence)

    def ask_together(
        self, inspections: Sequence[Inspection], questions: Sequence[str], evidence: EvidenceKind = "both"
    ) -> list[list[Answer]]:
        """Answers to the same questions about several pictures: a conversation a picture, written as one batch.

        A model that writes in one conversation at a time, as a prompted base model, takes one after the other.
        """
        if not questions:
            return [[] for _ in inspections]
        talks = [self.open(inspection, evidence) for inspection in inspections]
        model = self._loaded_model()
        if not isinstance(model, BatchLanguageModel) or len(talks) < 2:
            return [[talk.ask(question) for question in questions] for talk in talks]
        dialogues = [talk.dialogue for talk in talks]
        turns = [model.reply_together(dialogues, read_question(q), evidence=evidence) for q in questions]
        return [list(answers) for answers in zip(*turns, strict=True)]

    def _encoded(self, image: QueryImage) -> EncodedImage:
        features = self._detector.last_level(image)
        return EncodedImage(pool_blocks(features.levels[-1], features.grid))

    def _loaded_model(self) -> LanguageModel[Any]:
        with self._lock:
            if self._model is None:
                detector = self._detector
                width = BLOCK * BLOCK * detector.clip.encoder.width
                self._model = load_language_model(detector.preset, detector.folder, width, detector.clip.hashes)
            return self._model
