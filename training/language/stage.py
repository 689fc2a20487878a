"""Stages ``align`` and ``instruct``: projector and prompt learner, then with them a LoRA, on conversations.

The language model is frozen and stays outside the stage's module, so that checkpoints hold what is trained alone. Logits
are computed at supervised tokens only.
"""

from __future__ import annotations

import json
import logging
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from assistant.language.models.lora import lora_parameters
from assistant.language.models.mini_parts import LanguageParts
from assistant.language.tokens.chat_template import IGNORE_INDEX, LabelledIds
from assistant.language.tokens.projector import IMAGE_TOKENS
from assistant.language.tokens.prompt_learner import PROMPT_TOKENS
from training.language.data import Corpus, LanguageSample, SamplePlan, drawn, grouped, length_sorted, mixed, stacked
from training.language.packing import Pack, PackedBatch, collate_packed, pack

_LOG = logging.getLogger(__name__)

if TYPE_CHECKING:
    from assistant.language.models.hub_parts import VlmParts
    from training.runs.recipe import LanguageData

REPORT_EVERY = 50


class Trainable(nn.Module):
    """What a stage trains: projector, prompt learner, and the LoRA's layers, which live in the language model."""

    def __init__(self, parts: Any) -> None:
        super().__init__()
        if hasattr(parts, "projector"):  # models that see for themselves have none
            self.projector = parts.projector
        self.prompt_learner = parts.prompt_learner
        # the layers themselves and not their parameters: what shards or wraps them does it where the model uses them
        layers = sorted({name.rpartition(".")[0] for name in lora_parameters(parts.model)})
        self.lora = nn.ModuleDict({name.replace(".", "/"): parts.model.get_submodule(name) for name in layers})


@dataclass(frozen=True, eq=False)
class LanguageBatch:
    """Conversations with what stands behind their placeholders.

    Args:
        chat: conversations on one picture packed in one row.
        pictured: row of each picture.
        prompted: which pictures have prompt embeddings.
        maps, blocks, scores: of the pictures, in the order of ``pictured``; None without any.
    """

    chat: PackedBatch
    pictured: tuple[int, ...]
    prompted: tuple[bool, ...]
    maps: Tensor | None
    blocks: Tensor | None
    scores: Tensor | None


class LanguageStage:
    """What one step computes, and how it is validated.

    Args:
        parts: with a LoRA in the model for ``instruct``.
        corpus: of both splits.
        data: shares of the mix.
        batch_size: pictures a batch.
        mixed_precision: no | bf16; validation runs as training does.
        lora_rate: share of the learning rate for the LoRA.
    """

    primary = "score"

    def __init__(
        self, parts: LanguageParts | VlmParts, corpus: Corpus, data: LanguageData, batch_size: int,
        mixed_precision: str = "no", lora_rate: float = 0.2,
    ) -> None:  # fmt: skip
        self.parts: Any = parts
        self.module = Trainable(parts)
        self.module.requires_grad_(True)
        self.rates = {"lora": lora_rate}
        self.data, self.batch_size, self.bf16 = data, batch_size, mixed_precision == "bf16"
        self.samples = [s for s in corpus.samples if not s.validation]
        self.replay = [s for s in corpus.replay if not s.validation]
        rng = random.Random(0)
        held = [s for s in corpus.samples if s.validation]
        self.held = rng.sample(held, min(data.validation, len(held)))
        self.held_replay = [s for s in corpus.replay if s.validation][: max(1, data.validation // 3)]
        self.meter: dict[str, list[float]] = defaultdict(list)
        self.steps = 0

    @property
    def device(self) -> torch.device:
        """Where the language model is."""
        found: torch.device = self.parts.model.device
        return found

    @property
    def together(self) -> int:
        """Conversations on one picture that are one sequence, at most."""
        return self.data.together

    def epoch(self, number: int, seed: int) -> Iterator[list[SamplePlan]]:
        """Batches of one epoch: the same for the same number and seed."""
        rng = random.Random(f"{seed}/{number}")
        share = self.data.replay_share if len(self.module.lora) else 0.0  # a frozen model forgets nothing
        chosen = mixed(self.samples, self.replay, share, rng)
        groups = grouped(chosen, self.together, rng)
        planned = [drawn(g, rng, self.data.text_dropped, self.data.embeddings_dropped) for g in groups]
        return length_sorted(planned, self.batch_size, rng)

    def load(self, planned: Sequence[SamplePlan]) -> Any:
        """Render and read one planned batch."""
        chat = collate_packed([self._packed(p) for p in planned], self.parts.tokenizer.pad_token_id)
        pictures = [(row, p, sample) for row, p in enumerate(planned) if (sample := p.picture) is not None]
        if not pictures:
            return LanguageBatch(chat, (), (), None, None, None)
        maps, blocks = stacked([path for _, _, sample in pictures if (path := sample.tensors) is not None])
        scores = torch.tensor([sample.score for _, _, sample in pictures])
        prompted = tuple(p.embeddings for _, p, _ in pictures)
        return LanguageBatch(chat, tuple(row for row, _, _ in pictures), prompted, maps, blocks, scores)

    def _packed(self, planned: SamplePlan) -> Pack:
        renderer, picture = self.parts.renderer, planned.picture
        if picture is None:
            return pack((), [self._replayed(sample) for sample in planned.samples])
        head = renderer.head(self.parts.slots(planned.embeddings), picture.evidence if planned.text else None)
        return pack(head, [renderer.turns(sample.messages) for sample in planned.samples])

    def _replayed(self, sample: LanguageSample) -> LabelledIds:
        asked, said = (m["content"] for m in sample.messages)
        whole = self.parts.renderer.render_bare(asked, said)
        end = len(whole.ids) - (0 if sample.ended else len(self.parts.renderer.end_ids))
        return LabelledIds(whole.ids[:end], whole.labels[:end])

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

    def weight(self, batch: Any) -> float:
        """Supervised tokens: what a batch counts among those of an optimizer step."""
        return float((batch.chat.labels[:, 1:] != IGNORE_INDEX).sum())

    def losses(self, batch: Any, rng: random.Random) -> dict[str, Tensor]:
        """Summed loss of each part over the number of supervised tokens of the batch: their sum is the loss per token."""
        nll, row = self.token_losses(batch)
        of_map = torch.isin(row, torch.tensor(batch.pictured, dtype=torch.long, device=row.device))
        count = max(1, len(nll))
        parts = {"map": nll[of_map].sum() / count, "replay": nll[~of_map].sum() / count}
        self._report({"map": nll[of_map].detach(), "replay": nll[~of_map].detach()})
        return parts

    def token_losses(self, batch: Any) -> tuple[Tensor, Tensor]:
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

    def _vectors(self, batch: LanguageBatch, size: int) -> tuple[list[Tensor], list[Tensor]]:
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

    def _report(self, losses: dict[str, Tensor]) -> None:
        """Mean losses per token by part, a line every :data:`REPORT_EVERY` batches."""
        for name, values in losses.items():
            if len(values):
                self.meter[name] += [float(values.sum()), float(len(values))]
        self.steps += 1
        if self.steps % REPORT_EVERY == 0:
            means = {f"{n}_loss": sum(v[::2]) / sum(v[1::2]) for n, v in self.meter.items()}
            _LOG.info("%s", json.dumps({"batch": self.steps} | {n: round(v, 4) for n, v in means.items()}))
            self.meter.clear()

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """Losses per token on the validation split: with everything, with embeddings alone, with text alone, on replay."""
        self.module.eval()
        shown = {"both": (True, True), "embeddings": (False, True), "text": (True, False)}
        out = {
            f"{name}_loss": self._mean([SamplePlan(g, text, embeddings) for g in self._groups(self.held)])
            for name, (text, embeddings) in shown.items()
            if self.held
        }
        if self.held_replay:
            out["replay_loss"] = self._mean([SamplePlan(g, False, False) for g in self._groups(self.held_replay)])
        out["score"] = -out.get("both_loss", 0.0) - out.get("embeddings_loss", 0.0) - out.get("replay_loss", 0.0)
        self.module.train()
        return out

    def _groups(self, samples: Sequence[LanguageSample]) -> list[tuple[LanguageSample, ...]]:
        return grouped(samples, self.together, random.Random(0))

    def _mean(self, planned: list[SamplePlan]) -> float:
        total, count = 0.0, 0
        casting: Any = torch.autocast(self.device.type, torch.bfloat16) if self.bf16 else nullcontext()
        for batch in length_sorted(planned, self.batch_size, random.Random(0)):
            with casting:
                nll, _ = self.token_losses(self.load(batch))
            total, count = total + float(nll.sum()), count + len(nll)
        return total / max(1, count)
