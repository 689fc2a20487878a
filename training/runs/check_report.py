"""What a check of a recipe finds, and what checks of every stage need."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import Any

import torch

from training.runs.recipe import LoopConfig

STEPS = 2


@dataclass(frozen=True)
class CheckReport:
    """What a check found.

    Args:
        stage: of the recipe.
        counts: of the data.
        trainable: parameters a part.
        frozen: parameters that stay.
        steps: optimizer steps of the whole run.
        seconds: estimates of the whole run by phase, and ``total``.
        peak_memory_mb: of the process, or of the GPU where there is one.
        tokens: lengths of conversations; empty for stage localize.
    """

    stage: str
    counts: dict[str, Any]
    trainable: dict[str, int]
    frozen: int
    steps: int
    seconds: dict[str, float]
    peak_memory_mb: int
    tokens: dict[str, int] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """For people."""
        parts = ", ".join(f"{name} {count:,}" for name, count in self.trainable.items())
        told = [f"stage {self.stage}: {STEPS} steps, a validation, a save and a load went well"]
        told += [f"data: {name} " + ", ".join(f"{k} {v}" for k, v in found.items())
                 for name, found in self.counts.items() if found]  # fmt: skip
        told.append(f"trainable: {sum(self.trainable.values()):,} ({parts}); frozen: {self.frozen:,}")
        if self.tokens:
            told.append("tokens a conversation: " + ", ".join(f"{k} {v:,}" for k, v in self.tokens.items()))
        told.append(f"peak memory: {self.peak_memory_mb:,} MB")
        phases = ", ".join(f"{name} {clock(value)}" for name, value in self.seconds.items() if name != "total")
        told.append(f"the whole run: {self.steps:,} steps, about {clock(self.seconds['total'])} ({phases})")
        return told


def clock(seconds: float) -> str:
    """Seconds as people say them.

    >>> clock(42), clock(600), clock(9000)
    ('42 s', '10 min', '2 h 30 min')
    """
    if seconds < 120:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"


def short_loop(loop: LoopConfig) -> LoopConfig:
    """The recipe's loop, two steps of it, without a tracker."""
    return loop.model_copy(update={"epochs": 1, "max_steps": STEPS, "tracker": "none", "patience": None})


def peak_memory() -> int:
    """Largest memory so far, MB: of the GPU where there is one, else of this process."""
    if torch.cuda.is_available():
        return round(torch.cuda.max_memory_allocated() / 2**20)
    try:
        import resource
    except ImportError:  # not on Windows
        return 0
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(used / (2**20 if sys.platform == "darwin" else 2**10))


def parameters(module: Any) -> dict[str, int]:
    """Trainable parameters of each direct part that has any."""
    counts = {n: sum(p.numel() for p in m.parameters() if p.requires_grad) for n, m in module.named_children()}
    return {name: count for name, count in counts.items() if count}
