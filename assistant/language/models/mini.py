"""A small causal language model that sees through our visual encoder: image tokens, prompt embeddings, evidence text."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from assistant.config import LanguageConfig
from assistant.errors import ConfigError
from assistant.language.interface import Evidence, Session
from assistant.language.models.mini_parts import LanguageParts, load_parts
from assistant.language.tokens.batch_generation import Put, speak_together
from assistant.language.tokens.generation import Decoding, Speaker
from assistant.language.tokens.projector import EncodedImage
from assistant.towers.precision import best_dtype
from assistant.types import Inspection
from assistant.vocabulary.knowledge import load_knowledge
from assistant.words.evidence import evidence_text


@dataclass(frozen=True, eq=False)
class _Shown:
    """Image tokens (64, width), prompt embeddings (18, width) and evidence text of one picture."""

    image: Tensor
    prompts: Tensor
    text: str


class MiniLVLM:
    """Projector + prompt learner + causal language model with LoRA.

    Args:
        parts: trained.
        decoding: how words are chosen.
    """

    def __init__(self, parts: LanguageParts, decoding: Decoding | None = None) -> None:
        self.parts = parts
        self._speaker = Speaker(parts.model, parts.tokenizer, parts.renderer.end_ids, parts.reserved, decoding)

    @classmethod
    def load(
        cls, config: LanguageConfig, folder: Path, block_width: int, towers: dict[str, str],
        dtype: torch.dtype | None = None, decoding: Decoding | None = None,
    ) -> MiniLVLM:  # fmt: skip
        """Trained parts of a folder around a preset's base model.

        Raises:
            WeightsError: missing or damaged files, or parts trained on other towers.
        """
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        parts = load_parts(folder, config, block_width, towers, dtype or best_dtype("auto", device))
        for module in (parts.model, parts.projector, parts.prompt_learner):
            module.to(device)
        return cls(parts, decoding)

    def open(self, inspection: Inspection, encoded: EncodedImage | None = None) -> Session:
        """A conversation on a picture: projector and prompt learner run once.

        Raises:
            ConfigError: without the encoded picture.
        """
        if encoded is None:
            raise ConfigError("the encoded picture", "none", "pass what the visual encoder saw")
        device = self.parts.model.device
        maps = torch.from_numpy(inspection.anomaly_map.scores)[None, None].to(device)
        score = torch.tensor([inspection.image_score], device=device)
        with torch.inference_mode():
            image = self.parts.projector(encoded.blocks.to(device))[0]
            prompts = self.parts.prompt_learner(maps, score)[0]
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
        put = self._put(session, question, evidence, begin)
        return self._speaker.speak(put.talk, put.asked, put.begin, lambda: self._showing([session]), stop=stop)

    def answer_together(
        self, sessions: Sequence[Session], question: str, *, evidence: Evidence = "both", begins: Sequence[str] = ()
    ) -> list[str]:
        """The model's words on one question in several conversations, written as one batch."""
        starts = begins or [""] * len(sessions)
        puts = [self._put(s, question, evidence, begin) for s, begin in zip(sessions, starts, strict=True)]
        return speak_together(self._speaker, puts, lambda: self._showing(sessions))

    def _put(self, session: Session, question: str, evidence: Evidence, begin: str) -> Put:
        """A question as ids, after the picture and its evidence where it is the first."""
        first, renderer = session.settle(evidence), self.parts.renderer
        if not first:
            return Put(session.talk, renderer.following(question), renderer.words(begin))
        text = session.shown.text if evidence in ("text", "both") else None
        asked = renderer.opening(question, self.parts.slots(evidence in ("embeddings", "both")), text)
        session.talk.fixed = 1 + max(i for i, token in enumerate(asked) if token in self.parts.reserved)
        return Put(session.talk, asked, renderer.words(begin))

    def _showing(self, sessions: Sequence[Session]) -> AbstractContextManager[None]:
        told = [s.evidence in ("embeddings", "both") for s in sessions]
        prompts = [s.shown.prompts if t else s.shown.prompts[:0] for s, t in zip(sessions, told, strict=True)]
        return self.parts.shown([s.shown.image for s in sessions], prompts)

    def answer(self, session: Session, question: str, *, evidence: Evidence = "both", begin: str = "") -> str:
        """The model's words on a question."""
        return "".join(self.stream(session, question, evidence=evidence, begin=begin))
