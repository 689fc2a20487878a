"""Conversations of an assistant, on whatever language model its preset has."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from assistant.config import LanguageConfig
from assistant.errors import ConfigError
from assistant.language.chat_model import ChatDialogue, ChatLanguageModel
from assistant.language.interface import (
    BatchLanguageModel,
    Dialogue,
    DraftDialogue,
    DraftWriter,
    EvidenceKind,
    LanguageModel,
    TokenDialogue,
)
from assistant.language.loading import load_language_model
from assistant.language.spoken import Spoken
from assistant.language.tokens.projector import BLOCK, EncodedImage, pool_blocks
from assistant.reading.question import read_question
from assistant.types import Answer, Inspection, QueryImage
from assistant.vocabulary.knowledge import load_knowledge
from assistant.words.scene.dialogue_state import DialogueState, Earlier, KindChances

if TYPE_CHECKING:
    from assistant.vision.detector import Detector


class Conversation:
    """Questions about one inspected picture, each seeing those before it.

    Led from the facts (:mod:`assistant.language.spoken`), unless the model is to answer alone with an ``evidence`` of its own, or
    a question has lettered options.

    Args:
        inspection: of the picture.
        begin: gives a language model and a dialogue on the picture; asked once, when a model is first needed.
        evidence: what the model is told where it answers alone; None for answers led from the facts.
        others: further pictures of the session.
        language: the model where it is one that puts what was measured into its own words.
        kind_chances: gives the kinds of each region with their chances, the likeliest first; asked when a question needs them.
    """

    def __init__(
        self,
        inspection: Inspection,
        begin: Callable[[], tuple[LanguageModel[Any], Dialogue]],
        evidence: EvidenceKind | None = None,
        others: Sequence[Earlier] = (),
        language: LanguageConfig | None = None,
        kind_chances: Callable[[], Sequence[KindChances]] = tuple,
    ) -> None:
        self._begin, self._evidence, self._retells = begin, evidence, language is not None
        state = DialogueState(others=others, kind_chances=kind_chances)
        self._spoken = Spoken(inspection, load_knowledge(), state, language=language)
        self._begun: tuple[LanguageModel[Any], Dialogue] | None = None
        self._takers: list[Callable[[], None]] = []

    @property
    def inspection(self) -> Inspection:
        """Of the picture."""
        return self._spoken.inspection

    def stream(self, question: str, *, stop: threading.Event | None = None) -> Iterator[Answer]:
        """The answer as it grows; the last one is whole and checked against the evidence.

        Led from the facts, what was shown stays; a model that answers alone may be replaced by the last one.

        Args:
            question: as typed.
            stop: ends the writing soon after it is set; what was written by then is the answer.

        Raises:
            WeightsError: a language model that is needed and cannot be had.
        """
        asked = read_question(question)
        if self._evidence is None and not asked.options:
            self._takers.append(self._spoken.undo)
            yield from self._spoken.answers(asked, self._writer, stop, self._retell if self._retells else None)
            return
        model, dialogue = self.model_and_dialogue
        self._takers.append(dialogue.undo)
        yield from model.reply(dialogue, asked, stop=stop, evidence=self._evidence or "both")

    def take_up(self, questions: Sequence[str]) -> None:
        """Go on from questions that were answered in an earlier conversation on the picture; nothing is written.

        What follows may refer to them, and :meth:`undo` takes them back. Those with lettered options are left out, as are all
        where the model answers alone.

        Args:
            questions: in their order.
        """
        for asked in map(read_question, questions):
            if self._evidence is None and not asked.options:
                self._takers.append(self._spoken.undo)
                for _ in self._spoken.answers(asked):
                    pass

    @property
    def model_and_dialogue(self) -> tuple[LanguageModel[Any], Dialogue]:
        """The language model and its dialogue on the picture, begun now where it was not."""
        if self._begun is None:
            self._begun = self._begin()
        return self._begun

    @property
    def model(self) -> LanguageModel[Any]:
        """The language model, loaded now where it was not."""
        return self.model_and_dialogue[0]

    @property
    def dialogue(self) -> Dialogue:
        """Its dialogue on the picture, begun now where it was not."""
        return self.model_and_dialogue[1]

    def _writer(self) -> tuple[DraftWriter[Any], DraftDialogue] | None:
        """The model as one whose sentences can be heard one by one; None for another kind."""
        model, dialogue = self.model_and_dialogue
        if isinstance(model, DraftWriter) and isinstance(dialogue, TokenDialogue):
            return model, dialogue
        return None

    def _retell(self) -> tuple[ChatLanguageModel, ChatDialogue]:
        """The model as one that is told what was measured.

        Raises:
            ConfigError: it is another.
        """
        model, dialogue = self.model_and_dialogue
        if isinstance(model, ChatLanguageModel) and isinstance(dialogue, ChatDialogue):
            return model, dialogue
        raise ConfigError("a language model that is told the facts", type(model).__name__)

    def undo(self) -> None:
        """Take back the last question and its answer; once after each answer."""
        if self._takers:
            self._takers.pop()()

    def ask(self, question: str) -> Answer:
        """The whole answer."""
        *_, last = self.stream(question)
        return last


class Conversations:
    """What an assistant needs to converse: the language model, loaded when it is first needed, and pictures as encoded.

    Args:
        detector: whose pictures are talked about.
    """

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self._lock = threading.Lock()
        self._model: LanguageModel[Any] | None = None

    def open(
        self, inspection: Inspection, evidence: EvidenceKind | None = None, others: Sequence[Earlier] = ()
    ) -> Conversation:
        """A conversation on an inspected picture; see :class:`Conversation`."""

        def begin() -> tuple[LanguageModel[Any], Dialogue]:
            model = self._loaded_model()
            encoded = self._encoded(inspection.image) if self._detector.preset.language.reads_patch_tokens else None
            return model, model.open(inspection, encoded)

        language = self._detector.preset.language
        told = language if language.is_told else None
        return Conversation(inspection, begin, evidence, others, told, lambda: self._detector.kind_chances(inspection))

    def ask_together(
        self, inspections: Sequence[Inspection], questions: Sequence[str], evidence: EvidenceKind | None = None
    ) -> list[list[Answer]]:
        """Answers to the same questions about several pictures, a conversation a picture.

        Where a trained model answers alone, the conversations are written as one batch; of a server several are asked at once; a
        model that writes in one at a time, as a prompted base model, takes one after the other.
        """
        if not questions:
            return [[] for _ in inspections]
        talks = [self.open(inspection, evidence) for inspection in inspections]
        at_once = self._detector.preset.language.in_flight if self._detector.preset.language.kind == "server" else 1
        if at_once > 1 and len(talks) > 1:
            with ThreadPoolExecutor(min(at_once, len(talks)), "talk") as pool:
                return list(pool.map(lambda talk: [talk.ask(question) for question in questions], talks))
        alone = evidence is not None or any(read_question(q).options for q in questions)
        model = self._loaded_model() if alone and len(talks) > 1 else None
        if not isinstance(model, BatchLanguageModel):
            return [[talk.ask(question) for question in questions] for talk in talks]
        dialogues = [talk.model_and_dialogue[1] for talk in talks]
        turns = [model.reply_together(dialogues, read_question(q), evidence=evidence or "both") for q in questions]
        return [list(answers) for answers in zip(*turns, strict=True)]

    @property
    def tokens(self) -> int:
        """Read and written so far by a model that is told the facts in words, as far as it says; 0 of others."""
        with self._lock:
            return self._model.writer.usage.total if isinstance(self._model, ChatLanguageModel) else 0

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
