"""The one training loop: accelerate, gradient accumulation, several processes, trackers, checkpoints, exact resume.

A stage says what an epoch's batches are, how one is loaded, and its losses; the loop does the rest. Everything random follows
from (seed, epoch, batch), so a run that was stopped goes on as if it had not been, and one process that accumulates two batches
does what two processes do with one each.
"""

from __future__ import annotations

import json
import logging
import math
import random
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import torch
from accelerate import Accelerator, DistributedDataParallelKwargs
from accelerate.state import AcceleratorState
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from torch import Tensor, nn

from assistant.errors import ConfigError
from training.runs.clock import Clock
from training.runs.folder import RunState, claim, keep_best, restore_state, save_state
from training.runs.loading import read_ahead
from training.runs.losses import total
from training.runs.plans import plans_of
from training.runs.processes import processes
from training.runs.recipe import LoopConfig
from training.runs.sharding import (
    StageLosses,
    begin_shards,
    forget_unused,
    is_sharded,
    rejoin,
    unsharded,
    whole_state,
)
from training.runs.trackers import tracker_of

_LOG = logging.getLogger(__name__)

SHOWN_EVERY = 10
"""Optimizer steps between two looks at the losses."""


@runtime_checkable
class Stage(Protocol):
    """What a stage tells the loop.

    Optional: ``rates``, beginnings of names to shares of the learning rate; ``experts``, metric to beginnings of names of the
    parameters whose best epoch it chooses, where parts are independent (None: all the others); ``trained``, true where it
    starts from trained parts, which then count as the first best; ``weight``, how much a batch counts among those of an
    optimizer step (supervised tokens), 1 where it is not there; ``read`` and ``place``, the two halves of ``load``: what threads
    do ahead of the step, and what brings a batch beside the module; ``source``, a :class:`~training.runs.streaming.Source`
    whose plans come instead of those of ``epoch``.
    """

    module: Any
    primary: str

    def epoch(self, number: int, seed: int) -> Iterator[Any]:
        """Plans of the batches of an epoch, the same for the same number and seed."""

    def load(self, planned: Any) -> Any:
        """Read one batch."""

    def losses(self, batch: Any, rng: random.Random) -> dict[str, Tensor]:
        """Losses by part."""

    def validate(self) -> dict[str, float]:
        """Metrics on the validation split; ``primary`` names the one that chooses the checkpoint, higher is better."""


def run(stage: Stage, config: LoopConfig, out: Path, resume: bool, clock: Clock | None = None) -> RunState:
    """Train, validate after every epoch, keep the best parameters in ``out/best.safetensors`` and the last state in ``out/last``.

    Raises:
        ConfigError: a run folder that is in use by another configuration, a tracker that is missing, or a loss that is
            no number.
    """
    tracker = tracker_of(config.tracker)
    processes()
    AcceleratorState._reset_state()  # a run before in this process may have had another precision
    unused = DistributedDataParallelKwargs(find_unused_parameters=True)
    accelerator = Accelerator(
        mixed_precision="no",  # parameters stay in float32 whatever wraps them; the losses cast by themselves
        cpu=not torch.cuda.is_available(),
        kwargs_handlers=[unused],
        log_with=tracker,
        project_dir=str(out),
    )
    out.mkdir(parents=True, exist_ok=True)
    if accelerator.is_main_process:
        claim(out, config, resume)
    accelerator.wait_for_everyone()
    if tracker:
        accelerator.init_trackers("anomaly-assistant")
    with _bar(accelerator) as bar:
        done = _Run(stage, config, accelerator, out, clock or Clock(), bar).go(resume)
    for (
        opened
    ) in accelerator.trackers:  # not end_training, which ends the process group too, with work still to be shared
        opened.finish()
    return done


@dataclass(eq=False)
class _Run:
    """What a run needs at every step, prepared once."""

    stage: Stage
    config: LoopConfig
    accelerator: Accelerator
    out: Path
    clock: Clock
    bar: Progress
    done: RunState = field(default_factory=RunState)

    def __post_init__(self) -> None:
        stage, config = self.stage, self.config
        torch.manual_seed(config.seed)
        self.plans = plans_of(stage, config, self.accelerator.process_index, self.accelerator.num_processes)
        every = self.plans.steps * config.epochs
        self.steps = min(every, config.max_steps or every)
        plugin = self.accelerator.state.deepspeed_plugin
        if plugin is not None:
            _require_even(stage, config)
            plugin.deepspeed_config["train_micro_batch_size_per_gpu"] = 1  # batches are counted by the loop
        self.names = set(stage.module.state_dict())
        optimizer = optimizer_of(stage, config)
        self.schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda s: _rate(s, self.steps, config.warm_up))
        losses = StageLosses(stage.module, stage.losses, config.mixed_precision == "bf16")
        self.prepared, self.optimizer = self.accelerator.prepare(losses, optimizer)
        self.sharded = is_sharded(self.prepared)
        if self.sharded:
            begin_shards(self.prepared)

    def go(self, resume: bool) -> RunState:
        if resume:
            self.done = restore_state(self.accelerator, self.schedule, self.out)
            self.plans.resume(self.done.lanes)
        if getattr(self.stage, "trained", False) and not self.done.history:
            self._validate()
        done = self.done
        self.task = self.bar.add_task("training", total=self.steps, completed=done.step, losses="")
        while done.epoch < self.config.epochs and not done.ended:
            self._epoch()
            done.epoch, done.batch = done.epoch + 1, 0
            done.ended = done.step >= self.steps
            self._validate()
            self._save()
        rejoin(self.prepared, self.stage.module)
        return done

    def _epoch(self) -> None:
        done, config = self.done, self.config
        self.stage.module.train()
        count = self.accelerator.num_processes
        first = done.batch // count
        every, plans = self.plans.of_epoch(done.epoch, first)
        last = min(every, first + (self.steps - done.step) * config.accumulate)
        read = getattr(self.stage, "read", self.stage.load)
        with read_ahead(read, islice(plans, last - first), config.loaders) as batches:
            for number in range(first, last, config.accumulate):
                with self.clock("step"):
                    parts = self._step(batches, number)
                self.plans.learned()
                done.batch += config.accumulate * count
                done.step += 1
                if done.step % SHOWN_EVERY == 0:
                    self._show(parts)
                if done.step % config.checkpoint_every == 0:
                    self._save()

    def _step(self, ready: Iterator[Any], first: int) -> dict[str, Tensor]:
        """One optimizer step over the next ``accumulate`` batches of this process, of which the first has this number."""
        config, accelerator = self.config, self.accelerator
        numbers = range(first, first + config.accumulate)
        with self.clock("load"):
            place = getattr(self.stage, "place", lambda batch: batch)
            batches = [place(next(ready)) for _ in numbers]
        shares = self._shares(batches)
        for number, batch, share in zip(numbers, batches, shares, strict=True):
            last = number == numbers[-1]
            everywhere = number * accelerator.num_processes + accelerator.process_index
            rng = random.Random(f"{config.seed}/{self.done.epoch}/{everywhere}")
            torch.manual_seed(rng.getrandbits(48))  # dropout too is the same wherever the batch runs
            with nullcontext() if last else accelerator.no_sync(self.prepared):
                parts: dict[str, Tensor] = self.prepared(batch, rng)
                loss = total(parts, config.loss_weights or {})
                if not torch.isfinite(loss):
                    raise ConfigError("a finite loss", str(float(loss)), "lower the learning rate")
                accelerator.backward(loss * share)
        if self.sharded:
            forget_unused(self.prepared, accelerator)
        accelerator.clip_grad_norm_(self.prepared.parameters(), config.clip_norm)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.schedule.step()
        return {k: v.detach() for k, v in parts.items()}

    def _shares(self, batches: list[Any]) -> list[float]:
        """How much of the step's loss each batch is; gradients are averaged over processes, hence their number."""
        weigh: Callable[[Any], float] | None = getattr(self.stage, "weight", None)
        if weigh is None:
            return [1 / len(batches)] * len(batches)
        weights = [float(weigh(batch)) for batch in batches]
        every = sum(weights)
        if self.accelerator.num_processes > 1:
            here = torch.tensor([every], device=self.accelerator.device)
            every = float(self.accelerator.gather(here).sum())
        return [weight * self.accelerator.num_processes / max(1.0, every) for weight in weights]

    def _show(self, parts: dict[str, Tensor]) -> None:
        values = {name: float(value) for name, value in parts.items()}
        self.bar.update(self.task, completed=self.done.step, losses=" ".join(f"{k} {v:.3f}" for k, v in values.items()))
        rate = self.schedule.get_last_lr()[0]
        self.accelerator.log({f"loss/{k}": v for k, v in values.items()} | {"learning_rate": rate}, step=self.done.step)

    def _validate(self) -> None:
        """Metrics of the first process, kept in the history; all processes learn whether to stop."""
        from accelerate.utils import broadcast_object_list

        done, stage, told = self.done, self.stage, [False]
        now = whole_state(stage.module, self.names)  # gathered by all, before the first process goes its own way
        with unsharded(self.prepared):
            if self.accelerator.is_main_process:
                with self.clock("validate"):
                    metrics = stage.validate()
                done.history.append({"epoch": done.epoch, "step": done.step, **metrics})
                _LOG.info("%s", json.dumps(done.history[-1]))
                self.accelerator.log(metrics, step=done.step)
                experts: dict[str, tuple[str, ...] | None] = getattr(stage, "experts", None) or {stage.primary: None}
                done.stale = 0 if keep_best(now, experts, metrics, done, self.out) else done.stale + 1
                told = [self.config.patience is not None and done.stale >= self.config.patience]
        broadcast_object_list(told)
        done.ended = done.ended or told[0]

    def _save(self) -> None:
        with self.clock("save"):
            self.done.lanes = self.plans.states()
            save_state(self.accelerator, self.schedule, self.done, self.out)


def _require_even(stage: Stage, config: LoopConfig) -> None:
    """Refuse what DeepSpeed cannot do: it reduces the gradients that a process has, which have to be those of all others.

    Raises:
        ConfigError: several batches a step, or a stage whose experts a batch may leave out.
    """
    if config.accumulate > 1:
        raise ConfigError("accumulate: 1 under DeepSpeed", str(config.accumulate), "raise batch_size instead")
    if len(getattr(stage, "experts", None) or ()) > 1:
        got = "experts that batches without references leave out"
        raise ConfigError("batches of the same parameters under DeepSpeed", got, "train with gpus_fsdp2.yaml")


def optimizer_of(stage: Stage, config: LoopConfig) -> torch.optim.AdamW:
    """AdamW over what the stage trains; matrices decay, the rest does not."""
    rates: dict[str, float] = getattr(stage, "rates", {})
    return torch.optim.AdamW(_groups(stage.module, config, rates), lr=config.learning_rate)


def _groups(module: nn.Module, config: LoopConfig, rates: dict[str, float]) -> list[dict[str, Any]]:
    """Parameters by learning rate and decay; ``rates`` maps the beginning of a name to its share of the learning rate."""
    grouped: dict[tuple[float, bool], list[Any]] = {}
    for name, parameter in module.named_parameters():
        if parameter.requires_grad:
            share = next((rate for start, rate in rates.items() if name.startswith(start)), 1.0)
            grouped.setdefault((share, parameter.ndim > 1), []).append(parameter)
    return [
        {"params": members, "lr": config.learning_rate * share, "weight_decay": config.weight_decay if matrix else 0.0}
        for (share, matrix), members in sorted(grouped.items(), key=lambda item: item[0], reverse=True)
    ]


def _rate(step: int, steps: int, warm_up: float) -> float:
    warm = max(1, round(steps * warm_up))
    if step < warm:
        return (step + 1) / warm
    return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - warm) / max(1, steps - warm))))


def _bar(accelerator: Accelerator) -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn(),
        TextColumn("{task.fields[losses]}"), disable=not accelerator.is_main_process,
    )  # fmt: skip
