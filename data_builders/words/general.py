"""General prompts: everyday requests without a picture, to keep a language model's general behaviour."""

from __future__ import annotations

from data_builders.words.phrases import load


def general_prompts(held_out: bool) -> tuple[str, ...]:
    """Prompts for training, or those kept for evaluation.

    Args:
        held_out: the prompts that are never trained on.
    """
    return tuple(load("general_prompts")["held_out" if held_out else "training"])
