"""What :mod:`training.check` does for stages ``align`` and ``instruct``: reads all conversations, learns from two batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch

from assistant.errors import WeightsError
from training.language.data import SamplePlan, read_tensors
from training.language.run import counts_of, open_language, read_samples, train_language
from training.language.sets import WINDOW, open_conversations
from training.runs.check_report import CheckReport, parameters, peak_memory, short_loop
from training.runs.plans import first_plans
from training.runs.recipe import Call, LanguageRecipe

RENDERED = 1000
"""Conversations whose tokens are counted, at most."""
READ = 100
"""Pictures whose tensors are read, at most."""


def check_language(recipe: LanguageRecipe, folder: Path) -> CheckReport:
    """Report on a recipe of the stages; ``folder`` is a temporary one."""
    stream = open_conversations(recipe) if recipe.data.streaming else None
    samples, faults = read_samples(recipe) if stream is None else (stream.held, stream.faults)
    if faults:
        from assistant.errors import DataSetError

        raise DataSetError("conversations that can be used", f"{len(faults)} bad, first {faults[0]}", "make them again")
    pictures = sorted({s.tensors for s in samples if s.tensors is not None})
    for path in pictures[:: max(1, len(pictures) // READ)]:
        read_tensors(path)
    short = recipe.model_copy(update={"out": folder / "run", "loop": short_loop(recipe.loop)})
    work = open_language(short, samples, stream)
    stage = work.stage
    plans = first_plans(stage, recipe.loop, None if stream is None else WINDOW)
    batches = len(plans) if stream is None else stage.source.batches
    tokens = _tokens(
        stage, [SamplePlan((s,), p.text, p.embeddings) for batch in plans for p in batch for s in p.samples]
    )
    held, replayed = len(stage.held), len(stage.held_replay)
    stage.held, stage.held_replay = stage.held[: recipe.batch_size], stage.held_replay[: recipe.batch_size]
    stage.epoch, stage.source = _ends(plans, recipe.loop.accumulate), None
    train_language(work, Call("training.check"))
    _loads(work, folder / "run" / "checkpoint")
    laps = work.clock.laps
    steps = batches // recipe.loop.accumulate * recipe.loop.epochs
    steps = min(steps, recipe.loop.max_steps or steps)
    passes = (3 * held + replayed) / max(1, 3 * len(stage.held) + len(stage.held_replay))
    looks = recipe.loop.epochs + 1 + stage.trained
    seconds = {"train": laps["step"][0] * steps, "validate": laps["validate"][-1] * passes * looks}
    told = {k: round(v, 1) for k, v in seconds.items()} | {"total": round(sum(seconds.values()), 1)}
    model = stage.parts.model
    frozen = sum(p.numel() for p in model.parameters() if not p.requires_grad)
    counts = counts_of(samples) if stream is None else stream.counts
    return CheckReport(
        recipe.stage, counts, parameters(stage.module), frozen, steps, told, peak_memory(), tokens
    )  # fmt: skip


def _ends(plans: Sequence[list[SamplePlan]], accumulate: int) -> Any:
    """An epoch of two steps: a batch of the middle length, and the longest, whose memory is the largest."""
    by_length = sorted(plans, key=lambda batch: max(p.length for p in batch) * len(batch))
    middle, longest = by_length[len(by_length) // 2], by_length[-1]

    def epoch(number: int, seed: int) -> Iterator[list[SamplePlan]]:
        yield from [middle] * accumulate
        yield from [longest] * accumulate

    return epoch


def _tokens(stage: Any, planned: Sequence[SamplePlan]) -> dict[str, int]:
    """Lengths of rendered conversations; how many tokens are supervised."""
    some = planned[:: max(1, len(planned) // RENDERED)]
    rendered = [stage.rendered(p) for p in some]
    lengths = sorted(len(r.ids) for r in rendered)
    supervised = sum(sum(label >= 0 for label in r.labels) for r in rendered)
    return {
        "median": lengths[len(lengths) // 2],
        "95 %": lengths[int(len(lengths) * 0.95)],
        "longest": lengths[-1],
        "supervised (mean)": round(supervised / len(lengths)),
    }


def _loads(work: Any, folder: Path) -> None:
    """What was saved is what comes back.

    Raises:
        WeightsError: it is not.
    """
    again, kept = work.reload(folder).module.state_dict(), work.stage.module.state_dict()
    for name, value in kept.items():
        if not torch.equal(again[name].float(), value.half().float()):
            raise WeightsError("saved parts that load as they were", f"another {name}", "check the disk")
