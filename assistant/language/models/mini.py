"""A small causal language model that sees through our visual encoder: image tokens, prompt embeddings, evidence text."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import torch
from torch import Tensor

from assistant.config import LanguageConfig
from assistant.errors import ConfigError
from assistant.language.models.mini_parts import LanguageParts, load_parts
from assistant.language.models.trained import TrainedLanguageModel
from assistant.language.tokens.chat_template import Slots
from assistant.language.tokens.generation import DecodingOptions
from assistant.language.tokens.projector import EncodedImage
from assistant.towers.precision import best_dtype
from assistant.types import Inspection


class MiniLVLM(TrainedLanguageModel):
    """Projector + prompt learner + causal language model with LoRA.

    Args:
        parts: trained.
        decoding: how words are chosen.
    """

    def __init__(self, parts: LanguageParts, decoding: DecodingOptions | None = None) -> None:
        super().__init__(parts.model, parts.renderer, parts.prompt_learner, parts.reserved, decoding)
        self.parts = parts

    @classmethod
    def load(
        cls, config: LanguageConfig, folder: Path, block_width: int, towers: dict[str, str],
        dtype: torch.dtype | None = None, decoding: DecodingOptions | None = None,
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

    def _look(self, inspection: Inspection, encoded: EncodedImage | None) -> Tensor:
        """Image tokens, (64, width): the projector runs once a picture."""
        if encoded is None:
            raise ConfigError("the encoded picture", "none", "pass what the visual encoder saw")
        tokens: Tensor = self.parts.projector(encoded.blocks.to(self.model.device))[0]
        return tokens

    def _slots(self, image: Tensor, told: bool) -> Slots:
        return self.parts.slots(told)

    def _showing(self, images: Sequence[Tensor], prompts: Sequence[Tensor]) -> AbstractContextManager[None]:
        return self.parts.shown(images, prompts)
