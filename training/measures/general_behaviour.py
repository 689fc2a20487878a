"""What a tuned language model kept of its base: the loss on the base's own answers to general prompts, without a picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch.nn import functional as F

from assistant.language.models.mini_parts import LanguageParts
from assistant.language.tokens.chat_template import IGNORE_INDEX, LabelledIds, Renderer
from training.language.data import LanguageSample
from training.language.replay import replayed
from training.measures.told_pictures import watched


def rendered(renderer: Renderer, sample: LanguageSample) -> LabelledIds:
    """A general prompt with its answer; the end is supervised where the base model ended itself."""
    whole = renderer.render_bare(sample.messages[0]["content"], sample.messages[1]["content"])
    if sample.ended:
        return whole
    cut = len(renderer.end_ids)
    return LabelledIds(whole.ids[:-cut], whole.labels[:-cut])


@torch.inference_mode()
def summed_loss(model: Any, one: LabelledIds) -> tuple[float, int]:
    """Summed cross-entropy in nats of the supervised tokens, and how many they are."""
    ids, labels = (torch.tensor([values], device=model.device) for values in (one.ids, one.labels))
    logits = model(input_ids=ids, use_cache=False).logits[0, :-1].float()
    loss = F.cross_entropy(logits, labels[0, 1:], ignore_index=IGNORE_INDEX, reduction="sum")
    return float(loss), int((labels[0, 1:] != IGNORE_INDEX).sum())


def general_behaviour(
    parts: LanguageParts, base: Any, samples: Sequence[LanguageSample], limit: int | None
) -> dict[str, float | int | None]:
    """Mean loss per token of the base and of the tuned model, and their ratio.

    Args:
        parts: tuned, the LoRA in the model.
        base: the model without it, of the same precision.
        samples: held-out prompts with the base's own answers.
        limit: prompts at most.
    """
    before = after = 0.0
    tokens = 0
    chosen = list(samples)[:limit]
    for sample in watched(chosen, "general prompts"):
        one = rendered(parts.renderer, sample)
        loss, count = summed_loss(base, one)
        before, tokens = before + loss, tokens + count
        after += summed_loss(parts.model, one)[0]
    return {
        "prompts": len(chosen),
        "tokens": tokens,
        "base_loss": before / tokens if tokens else None,
        "tuned_loss": after / tokens if tokens else None,
        "ratio": after / before if before and math.isfinite(after) else None,
    }


def side_by_side(parts: LanguageParts, samples: Sequence[LanguageSample], count: int, longest: int = 96) -> list[str]:
    """Greedy answers of the tuned model beside the base model's, to read."""
    out = []
    for sample in samples[:count]:
        prompt = sample.messages[0]["content"]
        said = replayed(parts.model, parts.renderer, [prompt], longest)[0]["answer"]
        out.append(f"Q: {prompt}\nbase:  {sample.messages[1]['content']}\ntuned: {said}")
    return out
