"""What all trained language models have in common: they are shown picture, map and evidence, asked, and heard.

How a model takes a picture, and where it finds placeholders for it, is each model's own.
"""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor

from assistant.inquiry import LARGE
from assistant.language.checked_answers import answers_together, stream_answer
from assistant.language.interface import BatchLanguageModel, EvidenceKind, TokenDialogue
from assistant.language.tokens.batch_generation import speak_together
from assistant.language.tokens.chat_template import Renderer, Slots, find_block
from assistant.language.tokens.generation import DecodingOptions, Prompt, Speaker
from assistant.language.tokens.projector import EncodedImage
from assistant.language.tokens.prompt_learner import SIDE, PromptLearner
from assistant.pictures.overlay import reduced_scores
from assistant.reading.question import Question
from assistant.types import AnomalyMap, Answer, Inspection
from assistant.vocabulary.knowledge import load_knowledge
from assistant.words.evidence import evidence_text

Inputs = Callable[[Tensor], dict[str, Any]]
"""Maps ids of prompts, (batch, length), that are read from their start to further inputs of the model."""


def read_scores(anomaly_map: AnomalyMap) -> Float32[np.ndarray, "rows columns"]:
    """What a prompt learner needs of a map; of a large one the area means it would make, so that it is not painted whole."""
    large = anomaly_map.size[0] * anomaly_map.size[1] > LARGE
    return reduced_scores(anomaly_map, (SIDE, SIDE)) if large else anomaly_map.scores


@dataclass(frozen=True, eq=False)
class Exhibit:
    """What a model is shown of one picture.

    Args:
        image: the picture as the model takes it.
        prompts: prompt embeddings, (18, width).
        text: the evidence in words.
    """

    image: Any
    prompts: Tensor
    text: str


class TrainedLanguageModel(BatchLanguageModel[TokenDialogue]):
    """A model trained on pictures with their maps.

    Args:
        model: transformers model with ``generate``, in evaluation mode.
        renderer: of its conversations.
        prompt_learner: in the width of its language model.
        reserved: tokens that are never written.
        decoding: how words are chosen.
    """

    def __init__(
        self,
        model: Any,
        renderer: Renderer,
        prompt_learner: PromptLearner,
        reserved: Sequence[int],
        decoding: DecodingOptions | None = None,
    ) -> None:
        self.model, self.renderer, self.prompt_learner = model, renderer, prompt_learner
        self._speaker = Speaker(model, renderer.tokenizer, renderer.end_ids, reserved, decoding)

    @abstractmethod
    def _look(self, inspection: Inspection, encoded: EncodedImage | None) -> Any:
        """The picture as this model takes it."""

    @abstractmethod
    def _slots(self, image: Any, told: bool) -> Slots:
        """Placeholders of a picture, and of its map where it is told."""

    @abstractmethod
    def _showing(self, images: Sequence[Any], prompts: Sequence[Tensor]) -> AbstractContextManager[None]:
        """What holds while placeholders are read: a picture and prompt embeddings (none or all) a prompt."""

    def _inputs(self, dialogues: Sequence[TokenDialogue]) -> Inputs:
        """Further inputs of the model for prompts of these dialogues."""
        return lambda ids: {}

    def open(self, inspection: Inspection, encoded: EncodedImage | None = None) -> TokenDialogue:
        """A dialogue on a picture, which is looked at once.

        Raises:
            ConfigError: without the encoded picture, where the model sees through our visual encoder.
        """
        maps = torch.from_numpy(read_scores(inspection.anomaly_map))[None, None].to(self.model.device)
        score = torch.tensor([inspection.image_score], device=self.model.device)
        with torch.inference_mode():
            image = self._look(inspection, encoded)
            prompts = self.prompt_learner(maps, score)[0]
        return TokenDialogue(inspection, Exhibit(image, prompts, evidence_text(inspection, load_knowledge())))

    def reply(
        self,
        dialogue: TokenDialogue,
        question: Question,
        *,
        stop: threading.Event | None = None,
        evidence: EvidenceKind = "both",
    ) -> Iterator[Answer]:
        """The answer as it grows; drafts are checked and asked for again by :mod:`assistant.language.checked_answers`."""
        return stream_answer(self, dialogue, question, load_knowledge(), stop=stop, evidence=evidence)

    def reply_together(
        self, dialogues: Sequence[TokenDialogue], question: Question, *, evidence: EvidenceKind = "both"
    ) -> list[Answer]:
        """Answers to one question in several dialogues, written as one batch."""
        return answers_together(self, dialogues, question, load_knowledge(), evidence=evidence)

    def stream(
        self,
        dialogue: TokenDialogue,
        question: str,
        *,
        stop: threading.Event | None = None,
        evidence: EvidenceKind = "both",
        begin: str = "",
    ) -> Iterator[str]:
        """The model's words in pieces.

        Raises:
            ConfigError: another evidence than the dialogue began with.
        """
        prompt, inputs = self._prompt(dialogue, question, evidence, begin), self._inputs([dialogue])
        return self._speaker.speak(
            prompt, lambda: self._shown([dialogue]), lambda ids: inputs(torch.tensor([ids])), stop
        )

    def answer(
        self, dialogue: TokenDialogue, question: str, *, evidence: EvidenceKind = "both", begin: str = ""
    ) -> str:
        """The model's words on a question."""
        return "".join(self.stream(dialogue, question, evidence=evidence, begin=begin))

    def answer_together(
        self,
        dialogues: Sequence[TokenDialogue],
        question: str,
        *,
        evidence: EvidenceKind = "both",
        begins: Sequence[str] = (),
    ) -> list[str]:
        """The model's words on one question in several dialogues, written as one batch."""
        starts = begins or [""] * len(dialogues)
        prompts = [self._prompt(one, question, evidence, begin) for one, begin in zip(dialogues, starts, strict=True)]
        return speak_together(self._speaker, prompts, lambda: self._shown(dialogues), self._inputs(dialogues))

    def _prompt(self, dialogue: TokenDialogue, question: str, evidence: EvidenceKind, begin: str) -> Prompt:
        """A question as ids, after the picture and its evidence where it is the first."""
        if not dialogue.settle(evidence):
            return Prompt(dialogue.talk, self.renderer.following(question), self.renderer.words(begin))
        slots = self._slots(dialogue.shown.image, evidence in ("embeddings", "both"))
        text = dialogue.shown.text if evidence in ("text", "both") else None
        asked = self.renderer.opening(question, slots, text)
        last = slots.anomaly or slots.image
        dialogue.talk.fixed = find_block(asked, last) + len(last)
        return Prompt(dialogue.talk, asked, self.renderer.words(begin))

    def _shown(self, dialogues: Sequence[TokenDialogue]) -> AbstractContextManager[None]:
        told = [one.evidence in ("embeddings", "both") for one in dialogues]
        prompts = [one.shown.prompts if t else one.shown.prompts[:0] for one, t in zip(dialogues, told, strict=True)]
        return self._showing([one.shown.image for one in dialogues], prompts)
