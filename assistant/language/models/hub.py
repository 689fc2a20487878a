"""Any transformers image-text-to-text model, with the prompt embeddings of our map at placeholder tokens.

The model sees the picture through its own vision tower, which runs once a conversation: later turns go on from the cache.
What the processor makes of a picture (its tokens, pixels, positions) is taken as it is, so that every family's own way of
merging image features stays in force.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from assistant.config import LanguageConfig
from assistant.language.interface import Evidence, Session
from assistant.language.models.hub_inputs import ImageInput, Looker, find_block, image_ids, model_inputs, processor_look
from assistant.language.models.hub_parts import load_vlm_parts
from assistant.language.tokens.batch_generation import Put, speak_together
from assistant.language.tokens.chat_template import Renderer, Slots
from assistant.language.tokens.generation import Decoding, Speaker
from assistant.language.tokens.injection import inject
from assistant.language.tokens.projector import EncodedImage
from assistant.language.tokens.prompt_learner import PROMPT_TOKENS, PromptLearner
from assistant.types import Inspection
from assistant.vocabulary.knowledge import load_knowledge
from assistant.words.evidence import evidence_text


@dataclass(frozen=True, eq=False)
class _Shown:
    image: ImageInput
    prompts: Tensor
    text: str


class TransformersVLM:
    """An image-text-to-text model that is also shown the map.

    Args:
        model: in evaluation mode.
        renderer: of its conversations.
        look: how it takes pictures.
        prompt_learner: in the width of its language model.
        anomaly_id: placeholder token of prompt embeddings.
        reserved: further tokens that are never written, as those of pictures.
        decoding: how words are chosen.
    """

    def __init__(
        self,
        model: Any,
        renderer: Renderer,
        look: Looker,
        prompt_learner: PromptLearner,
        anomaly_id: int,
        reserved: tuple[int, ...] = (),
        decoding: Decoding | None = None,
    ) -> None:
        self.model, self.renderer, self.look = model, renderer, look
        self.prompt_learner, self.anomaly_id = prompt_learner, anomaly_id
        self._speaker = Speaker(model, renderer.tokenizer, renderer.end_ids, (anomaly_id, *reserved), decoding)

    @classmethod
    def load(cls, config: LanguageConfig, folder: Path, decoding: Decoding | None = None) -> TransformersVLM:
        """A model of the hub by name or by folder, with the trained parts of another folder.

        Raises:
            WeightsError: a model or parts that cannot be had, or parts of another model.
        """
        parts = load_vlm_parts(folder, config)
        return cls(
            parts.model, parts.renderer, processor_look(parts.processor), parts.prompt_learner, parts.anomaly_id,
            image_ids(parts.model), decoding,
        )  # fmt: skip

    def open(self, inspection: Inspection, encoded: EncodedImage | None = None) -> Session:
        """A conversation on a picture; ``encoded`` is not needed."""
        maps = torch.from_numpy(inspection.anomaly_map.scores)[None, None].to(self.model.device)
        score = torch.tensor([inspection.image_score], device=self.model.device)
        with torch.inference_mode():
            prompts = self.prompt_learner(maps, score)[0]
        (image,), _ = self.look([inspection.image.pixels])
        return Session(inspection, _Shown(image, prompts, evidence_text(inspection, load_knowledge())))

    def stream(
        self,
        session: Session,
        question: str,
        *,
        stop: threading.Event | None = None,
        evidence: Evidence = "both",
        begin: str = "",
    ) -> Iterator[str]:
        """The model's words in pieces."""
        put, image = self._put(session, question, evidence, begin), session.shown.image

        def inputs(ids: list[int]) -> dict[str, Any]:
            return model_inputs({0: image}, image.inputs, torch.tensor([ids]), self.model.device)

        return self._speaker.speak(put.talk, put.asked, put.begin, lambda: self._showing([session]), inputs, stop)

    def answer_together(
        self, sessions: Sequence[Session], question: str, *, evidence: Evidence = "both", begins: Sequence[str] = ()
    ) -> list[str]:
        """The model's words on one question in several conversations, written as one batch."""
        starts = begins or [""] * len(sessions)
        puts = [self._put(s, question, evidence, begin) for s, begin in zip(sessions, starts, strict=True)]
        _, together = self.look([s.inspection.image.pixels for s in sessions])
        images = {row: s.shown.image for row, s in enumerate(sessions)}

        def inputs(ids: torch.Tensor) -> dict[str, Any]:
            return model_inputs(images, together, ids, self.model.device)

        return speak_together(self._speaker, puts, lambda: self._showing(sessions), inputs)

    def _put(self, session: Session, question: str, evidence: Evidence, begin: str) -> Put:
        """A question as ids, after the picture and its evidence where it is the first."""
        first, shown = session.settle(evidence), session.shown
        if not first:
            return Put(session.talk, self.renderer.following(question), self.renderer.words(begin))
        told = evidence in ("embeddings", "both")
        slots = Slots(shown.image.ids, (self.anomaly_id,) * PROMPT_TOKENS if told else ())
        asked = self.renderer.opening(question, slots, shown.text if evidence in ("text", "both") else None)
        session.talk.fixed = _after(asked, slots)
        return Put(session.talk, asked, self.renderer.words(begin))

    def _showing(self, sessions: Sequence[Session]) -> AbstractContextManager[None]:
        told = [s.evidence in ("embeddings", "both") for s in sessions]
        prompts = [s.shown.prompts if t else s.shown.prompts[:0] for s, t in zip(sessions, told, strict=True)]
        return inject(self.model, self.anomaly_id, prompts)

    def answer(self, session: Session, question: str, *, evidence: Evidence = "both", begin: str = "") -> str:
        """The model's words on a question."""
        return "".join(self.stream(session, question, evidence=evidence, begin=begin))


def _after(asked: tuple[int, ...], slots: Slots) -> int:
    """Where the last slot ends."""
    block = slots.anomaly or slots.image
    return find_block(asked, block) + len(block)
