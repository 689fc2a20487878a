"""Stages ``align`` and ``instruct`` on an image-text-to-text model: the model sees for itself.

The pictures of a batch go through the model's own processor together, so that every family's way of cutting and padding them
stays in force. What is trained: the prompt learner, and for ``instruct`` a LoRA on the language model; the vision tower never.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn import functional as F

from assistant.config import Preset
from assistant.errors import DataSetError
from assistant.language.models.hub_inputs import TYPES, ImageInput, image_text, look_at, token_types
from assistant.language.models.hub_parts import VlmParts, load_vlm_parts, new_vlm_parts
from assistant.language.models.lora import add_lora, lora_parameters
from assistant.language.tokens.chat_template import IGNORE_INDEX, ChatBatch, LabelledIds, Slots, collate
from assistant.language.tokens.injection import inject
from assistant.language.tokens.prompt_learner import PROMPT_TOKENS
from assistant.pictures.images import load_image
from assistant.pictures.shards import is_there
from training.language.data import LanguageSample, SamplePlan, read_tensors
from training.language.stage import LanguageBatch, LanguageStage

if TYPE_CHECKING:
    from training.runs.recipe import LanguageRecipe


@dataclass(frozen=True, eq=False)
class VlmBatch(LanguageBatch):
    """Conversations one a row; all pictures together.

    Args:
        inputs: further inputs of the model, of all pictures together.
    """

    chat: ChatBatch
    inputs: dict[str, Tensor]


class VlmStage(LanguageStage[VlmParts, VlmBatch]):
    """What one step computes on a model that sees for itself; mixing, validation and meters are the language stage's."""

    @property
    def together(self) -> int:
        """One conversation a sequence: how packed ones see each other would have to be told to every family."""
        return 1

    def load(self, planned: Sequence[SamplePlan]) -> VlmBatch:
        """Read, look at and render one planned batch."""
        shown = [(i, p, sample) for i, p in enumerate(planned) if (sample := p.picture) is not None]
        pictured = tuple(i for i, _, _ in shown)
        images, inputs = self._look([sample for _, _, sample in shown])
        of_sample = dict(zip(pictured, images, strict=True))
        rendered = [self._told(p, of_sample.get(i)) for i, p in enumerate(planned)]
        chat = collate(rendered, self.parts.tokenizer.pad_token_id)
        if not pictured:
            return VlmBatch(chat, (), (), None, None, {})
        if (types := token_types(of_sample, chat.input_ids)) is not None:
            inputs = inputs | {TYPES: types}
        maps = torch.stack([read_tensors(path)[0] for _, _, sample in shown if (path := sample.tensors) is not None])
        scores = torch.tensor([sample.score for _, _, sample in shown])
        return VlmBatch(chat, pictured, tuple(p.embeddings for _, p, _ in shown), maps, scores, inputs)

    def rendered(self, planned: SamplePlan) -> LabelledIds:
        """The one conversation of a plan as ids and labels."""
        images, _ = self._look([planned.picture] if planned.picture is not None else [])
        return self._told(planned, images[0] if images else None)

    def _look(self, samples: Sequence[LanguageSample]) -> tuple[list[ImageInput], dict[str, Tensor]]:
        if not samples:
            return [], {}
        pixels = [load_image(picture_of(sample)).pixels for sample in samples]
        if not hasattr(
            self._own, "processor"
        ):  # a tokenizer keeps its padding in itself: each thread that reads has a copy
            self._own.processor = deepcopy(self.parts.processor)
        return look_at(self._own.processor, self._shown_as, pixels)

    @cached_property
    def _own(self) -> threading.local:
        return threading.local()

    @cached_property
    def _shown_as(self) -> str:
        return image_text(self.parts.processor)

    def _told(self, planned: SamplePlan, image: ImageInput | None) -> LabelledIds:
        if image is None:
            (sample,) = planned.samples
            return self._replayed(sample)
        anomaly = (self.parts.anomaly_id,) * PROMPT_TOKENS if planned.embeddings else ()
        (sample,) = planned.samples
        return self.parts.renderer.render(
            sample.messages, Slots(image.ids, anomaly), sample.evidence if planned.text else None
        )

    def token_losses(self, batch: VlmBatch) -> tuple[Tensor, Tensor]:
        """Cross-entropy of every supervised token, and the sample each belongs to."""
        model, chat, device = self.parts.model, batch.chat, self.device
        ids, labels = chat.input_ids.to(device), chat.labels.to(device)
        inputs = {name: _placed(value, model) for name, value in batch.inputs.items()}
        with inject(model, self.parts.anomaly_id, self._prompts(batch, len(ids))):
            hidden = model.model(
                input_ids=ids, attention_mask=chat.attention_mask.to(device), use_cache=False, **inputs
            ).last_hidden_state
        following = labels[:, 1:]
        supervised = following != IGNORE_INDEX
        logits = model.lm_head(hidden[:, :-1][supervised]).float()
        return F.cross_entropy(logits, following[supervised], reduction="none"), supervised.nonzero()[:, 0]

    def _prompts(self, batch: VlmBatch, size: int) -> list[Tensor]:
        none = torch.zeros(0, self.parts.prompt_learner.width, device=self.device)
        prompts = [none] * size
        if batch.maps is None or batch.scores is None:
            return prompts
        learned = self.module.prompt_learner(batch.maps.to(self.device), batch.scores.to(self.device))
        for at, (position, told) in enumerate(zip(batch.pictured, batch.prompted, strict=True)):
            prompts[position] = learned[at] if told else none
        return prompts


def _placed(value: Tensor, model: Any) -> Tensor:
    """On the model's device; pictures in its precision."""
    return value.to(model.device, model.dtype) if value.is_floating_point() else value.to(model.device)


def picture_of(sample: LanguageSample) -> Path:
    """The file of a sample's picture.

    Raises:
        DataSetError: unknown or gone.
    """
    if sample.picture is None or not is_there(sample.picture):
        raise DataSetError(
            "the picture of every conversation (`source` in evidence.jsonl)", str(sample.picture),
            "run where the pictures are, or run training.predict again",
        )  # fmt: skip
    return sample.picture


def start_vlm(recipe: LanguageRecipe, preset: Preset, start: Path | None) -> VlmParts:
    """Parts to train: untrained or of an earlier run, with a LoRA for ``instruct``."""
    bf16 = recipe.loop.mixed_precision == "bf16"
    dtype = torch.bfloat16 if bf16 or preset.language.quantization != "none" else torch.float32
    if preset.language.quantization != "none" and not torch.cuda.is_available():
        dtype = torch.bfloat16 if bf16 else torch.float32
    if start is not None:
        parts = load_vlm_parts(start, preset.language, dtype)
    else:
        parts = new_vlm_parts(preset.language, dtype, recipe.loop.seed)
    if recipe.stage == "instruct" and not lora_parameters(parts.model):
        add_lora(parts.model, recipe.lora.rank, recipe.lora.alpha, recipe.loop.seed)
    if recipe.checkpointing:
        parts.model.activation_checkpointing_enable({"use_reentrant": False})
        parts.model.train()  # in evaluation mode nothing is checkpointed
        _no_dropout(parts.model)
    return parts


def _no_dropout(model: Any) -> None:
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0


def require_pictures(samples: Sequence[LanguageSample], rng: random.Random, most: int = 200) -> None:
    """Look for the pictures of some samples before a model is loaded.

    Raises:
        DataSetError: one is gone.
    """
    shown = [s for s in samples if s.tensors is not None]
    for sample in rng.sample(shown, min(most, len(shown))):
        picture_of(sample)
