"""Stages ``align`` and ``instruct``: projector and prompt learner, then with them a LoRA, on conversations.

The language model is frozen and stays outside the stage's module, so that checkpoints hold what is trained alone. Logits
are computed at supervised tokens only.
"""

from __future__ import annotations

import json
import logging
import random
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import torch
from torch import Tensor, nn

from assistant.language.models.hub_parts import VlmParts
from assistant.language.models.lora import lora_parameters
from assistant.language.models.mini_parts import LanguageParts
from assistant.language.tokens.chat_template import IGNORE_INDEX, ChatBatch, LabelledIds
from training.language.data import Corpus, LanguageSample, SamplePlan, drawn, grouped, length_sorted, mixed
from training.language.packing import PackedBatch

_LOG = logging.getLogger(__name__)

if TYPE_CHECKING:
    from training.runs.recipe import LanguageData
    from training.runs.streaming import Source

REPORT_EVERY = 50


class Trainable(nn.Module):
    """What a stage trains: projector, prompt learner, and the LoRA's layers, which live in the language model."""

    def __init__(self, parts: LanguageParts | VlmParts) -> None:
        super().__init__()
        if isinstance(parts, LanguageParts):  # models that see for themselves have no projector
            self.projector = parts.projector
        self.prompt_learner = parts.prompt_learner
        # the layers themselves and not their parameters: what shards or wraps them does it where the model uses them
        layers = sorted({name.rpartition(".")[0] for name in lora_parameters(parts.model)})
        self.lora = nn.ModuleDict({name.replace(".", "/"): parts.model.get_submodule(name) for name in layers})


@dataclass(frozen=True, eq=False)
class LanguageBatch:
    """Conversations with what stands behind their placeholders.

    Args:
        chat: padded at the right.
        pictured: row of each picture.
        prompted: which pictures have prompt embeddings.
        maps, scores: of the pictures, in the order of ``pictured``; None without any.
    """

    chat: ChatBatch | PackedBatch
    pictured: tuple[int, ...]
    prompted: tuple[bool, ...]
    maps: Tensor | None
    scores: Tensor | None


Parts = TypeVar("Parts", LanguageParts, VlmParts)
Batch = TypeVar("Batch", bound=LanguageBatch)


class LanguageStage(ABC, Generic[Parts, Batch]):
    """What one step computes, and how it is validated; a kind of model says how a batch is read and run.

    Args:
        parts: with a LoRA in the model for ``instruct``.
        corpus: of both splits.
        data: shares of the mix.
        batch_size: pictures a batch.
        mixed_precision: no | bf16; validation runs as training does.
        lora_rate: share of the learning rate for the LoRA.
    """

    primary = "score"
    source: Source[list[SamplePlan]] | None = None
    """What is trained on where that is streamed."""

    def __init__(
        self, parts: Parts, corpus: Corpus, data: LanguageData, batch_size: int,
        mixed_precision: str = "no", lora_rate: float = 0.2,
    ) -> None:  # fmt: skip
        self.parts: Parts = parts
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
        return self.planned(self.samples, random.Random(f"{seed}/{number}"))

    @property
    def replayed(self) -> float:
        """Share of what is learned from that is replayed: a frozen model forgets nothing."""
        return self.data.replay_share if self.replay and len(self.module.lora) else 0.0

    def planned(self, samples: Sequence[LanguageSample], rng: random.Random) -> Iterator[list[SamplePlan]]:
        """Batches of conversations and their share of replay, the same for the same draws."""
        chosen = mixed(samples, self.replay, self.replayed, rng)
        groups = grouped(chosen, self.together, rng)
        planned = [drawn(g, rng, self.data.text_dropped, self.data.embeddings_dropped) for g in groups]
        return length_sorted(planned, self.batch_size, rng)

    @abstractmethod
    def load(self, planned: Sequence[SamplePlan]) -> Batch:
        """Render and read one planned batch."""

    @abstractmethod
    def rendered(self, planned: SamplePlan) -> LabelledIds:
        """The one conversation of a plan, by itself, as ids and labels."""

    @abstractmethod
    def token_losses(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Cross-entropy of every supervised token, and the row each belongs to."""

    def _replayed(self, sample: LanguageSample) -> LabelledIds:
        asked, said = (m["content"] for m in sample.messages)
        whole = self.parts.renderer.render_bare(asked, said)
        end = len(whole.ids) - (0 if sample.ended else len(self.parts.renderer.end_ids))
        return LabelledIds(whole.ids[:end], whole.labels[:end])

    def weight(self, batch: Batch) -> float:
        """Supervised tokens: what a batch counts among those of an optimizer step."""
        return float((batch.chat.labels[:, 1:] != IGNORE_INDEX).sum())

    def losses(self, batch: Batch, rng: random.Random) -> dict[str, Tensor]:
        """Summed loss of each part over the number of supervised tokens of the batch: their sum is the loss per token."""
        nll, row = self.token_losses(batch)
        of_map = torch.isin(row, torch.tensor(batch.pictured, dtype=torch.long, device=row.device))
        count = max(1, len(nll))
        parts = {"map": nll[of_map].sum() / count, "replay": nll[~of_map].sum() / count}
        self._report({"map": nll[of_map].detach(), "replay": nll[~of_map].detach()})
        return parts

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
