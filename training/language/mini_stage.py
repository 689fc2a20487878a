"""Stages ``align`` and ``instruct`` on a causal language model, which is shown image tokens and prompt embeddings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from assistant.language.models.mini_parts import LanguageParts
from assistant.language.tokens.chat_template import IGNORE_INDEX, LabelledIds
from assistant.language.tokens.projector import IMAGE_TOKENS
from assistant.language.tokens.prompt_learner import PROMPT_TOKENS
from training.language.data import SamplePlan, stacked
from training.language.packing import Pack, PackedBatch, collate_packed, pack
from training.language.stage import LanguageBatch, LanguageStage


@dataclass(frozen=True, eq=False)
class MiniBatch(LanguageBatch):
    """Conversations on one picture packed in one row.

    Args:
        blocks: pooled blocks of the pictures; None without any.
    """

    chat: PackedBatch
    blocks: Tensor | None


class MiniStage(LanguageStage[LanguageParts, MiniBatch]):
    """What one step computes where the parts bring the pictures; mixing, validation and meters are the language stage's."""

    def load(self, planned: Sequence[SamplePlan]) -> MiniBatch:
        """Render and read one planned batch."""
        chat = collate_packed([self._packed(p) for p in planned], self.parts.tokenizer.pad_token_id)
        pictures = [(row, p, sample) for row, p in enumerate(planned) if (sample := p.picture) is not None]
        if not pictures:
            return MiniBatch(chat, (), (), None, None, None)
        maps, blocks = stacked([path for _, _, sample in pictures if (path := sample.tensors) is not None])
        scores = torch.tensor([sample.score for _, _, sample in pictures])
        prompted = tuple(p.embeddings for _, p, _ in pictures)
        return MiniBatch(chat, tuple(row for row, _, _ in pictures), prompted, maps, scores, blocks)

    def _packed(self, planned: SamplePlan) -> Pack:
        renderer, picture = self.parts.renderer, planned.picture
        if picture is None:
            return pack((), [self._replayed(sample) for sample in planned.samples])
        head = renderer.head(self.parts.slots(planned.embeddings), picture.evidence if planned.text else None)
        return pack(head, [renderer.turns(sample.messages) for sample in planned.samples])

    def rendered(self, planned: SamplePlan) -> LabelledIds:
        """The one conversation of a plan, by itself, as ids and labels."""
        (sample,) = planned.samples
        if sample.tensors is None:
            return self._replayed(sample)
        slots = self.parts.slots(planned.embeddings)
        rendered: LabelledIds = self.parts.renderer.render(
            sample.messages, slots, sample.evidence if planned.text else None
        )
        return rendered

    def token_losses(self, batch: MiniBatch) -> tuple[Tensor, Tensor]:
        """Cross-entropy of every supervised token, and the row each belongs to."""
        model, chat = self.parts.model, batch.chat
        ids, labels = chat.input_ids.to(self.device), chat.labels.to(self.device)
        images, prompts = self._vectors(batch, len(ids))
        with self.parts.shown(images, prompts):
            hidden = model.model(
                input_ids=ids, attention_mask=chat.attends.to(self.device), position_ids=chat.positions.to(self.device),
                use_cache=False,
            ).last_hidden_state  # fmt: skip
        following = labels[:, 1:]
        supervised = following != IGNORE_INDEX
        logits = model.lm_head(hidden[:, :-1][supervised]).float()
        return F.cross_entropy(logits, following[supervised], reduction="none"), supervised.nonzero()[:, 0]

    def _vectors(self, batch: MiniBatch, size: int) -> tuple[list[Tensor], list[Tensor]]:
        """Image tokens and prompt embeddings of each sample; no rows where it has none."""
        width = self.parts.prompt_learner.width
        none = torch.zeros(0, width, device=self.device)
        images, prompts = [none] * size, [none] * size
        if batch.blocks is None or batch.maps is None or batch.scores is None:
            return images, prompts
        projected = self.module.projector(batch.blocks.to(self.device))
        learned = self.module.prompt_learner(batch.maps.to(self.device), batch.scores.to(self.device))
        assert projected.shape[1] == IMAGE_TOKENS
        assert learned.shape[1] == PROMPT_TOKENS
        for at, (position, told) in enumerate(zip(batch.pictured, batch.prompted, strict=True)):
            images[position] = projected[at]
            prompts[position] = learned[at] if told else none
        return images, prompts
