"""The one training loop: accelerate, gradient accumulation, several processes, trackers, checkpoints, exact resume.

A stage says what an epoch's batches are, how one is loaded, and its losses; the loop does the rest. Everything random follows
from (seed, epoch, batch), so a run that was stopped goes on as if it had not been.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import torch
from accelerate import Accelerator, DistributedDataParallelKwargs
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from torch import Tensor, nn

from assistant.errors import ConfigError
from training.losses import total


@dataclass(frozen=True)
class LoopConfig:
    """Numbers of the loop.

    Args:
        epochs: passes over the training split.
        learning_rate: peak, after warm-up; cosine to zero.
        warm_up: share of the steps, [0, 1].
        weight_decay: of matrices; vectors have none.
        accumulate: batches an optimizer step, a process.
        clip_norm: largest gradient norm.
        seed: of everything random.
        checkpoint_every: optimizer steps between checkpoints.
        mixed_precision: no | bf16.
        tracker: none | tensorboard | wandb | trackio | mlflow.
        loss_weights: weight a loss part; 1 where not named.
    """

    epochs: int = 8
    learning_rate: float = 1e-3
    warm_up: float = 0.05
    weight_decay: float = 0.02
    accumulate: int = 1
    clip_norm: float = 1.0
    seed: int = 0
    checkpoint_every: int = 500
    mixed_precision: str = "no"
    tracker: str = "none"
    loss_weights: dict[str, float] | None = None


@runtime_checkable
class Stage(Protocol):
    """What a stage tells the loop.

    Optional: ``rates``, beginnings of names to shares of the learning rate; ``experts``, metric to beginnings of names of the
    parameters whose best epoch it chooses, where parts are independent (None: all the others).
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


class _Losses(nn.Module):
    """The stage as a module, so that a wrapped forward synchronises gradients between processes."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.module = stage.module
        self._losses = stage.losses

    def forward(self, batch: Any, rng: random.Random) -> dict[str, Tensor]:
        return self._losses(batch, rng)


@dataclass
class Progressed:
    """How far a run is, and the best value so far of each metric that chooses; the JSON beside a checkpoint."""

    epoch: int = 0
    batch: int = 0
    step: int = 0
    best: dict[str, float] = field(default_factory=dict)
    history: list[dict[str, Any]] | None = None


def run(stage: Stage, config: LoopConfig, out: Path, resume: bool) -> Progressed:
    """Train, validate after every epoch, keep the best parameters in ``out/best.pt`` and the last state in ``out/last``.

    Raises:
        ConfigError: a run folder that is in use by another configuration, or nothing to resume.
    """
    unused = DistributedDataParallelKwargs(find_unused_parameters=True)
    accelerator = Accelerator(
        mixed_precision=config.mixed_precision, cpu=not torch.cuda.is_available(), kwargs_handlers=[unused]
    )
    out.mkdir(parents=True, exist_ok=True)
    _claim(out, config, resume)
    torch.manual_seed(config.seed)
    per_epoch = _steps(stage, config, accelerator)
    wrapped = _Losses(stage)
    rates: dict[str, float] = getattr(stage, "rates", {})
    optimizer = torch.optim.AdamW(_groups(stage.module, config, rates), lr=config.learning_rate)
    steps = max(1, per_epoch * config.epochs)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda s: _rate(s, steps, config.warm_up))
    prepared, optimizer = accelerator.prepare(wrapped, optimizer)
    done = Progressed(history=[])
    if resume:
        done = _restore(accelerator, schedule, out)
    tracker = _Tracker(config.tracker, out) if accelerator.is_main_process else None
    with _bar(accelerator) as bar:
        task = bar.add_task("training", total=steps, completed=done.step, losses="")
        while done.epoch < config.epochs:
            _epoch(
                stage,
                prepared,
                accelerator,
                optimizer,
                schedule,
                config,
                done,
                out,
                lambda text: bar.update(task, completed=done.step, losses=text),
            )
            _finish_epoch(stage, accelerator, schedule, done, out, tracker)
    if tracker:
        tracker.close()
    return done


def _epoch(
    stage: Stage, prepared: Any, accelerator: Accelerator, optimizer: Any, schedule: Any, config: LoopConfig,
    done: Progressed, out: Path, show: Any,
) -> None:  # fmt: skip
    plans = _mine(list(stage.epoch(done.epoch, config.seed)), accelerator, config.accumulate)
    stage.module.train()
    for number in range(done.batch, len(plans)):
        rng = random.Random(f"{config.seed}/{done.epoch}/{number}/{accelerator.process_index}")
        last = (number + 1) % config.accumulate == 0
        parts = _backward(prepared, stage.load(plans[number]), rng, accelerator, config, last)
        done.batch = number + 1
        if not last:
            continue
        accelerator.clip_grad_norm_(prepared.parameters(), config.clip_norm)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        schedule.step()
        done.step += 1
        if done.step % 10 == 0:
            show(" ".join(f"{k} {float(v):.3f}" for k, v in parts.items()))
        if done.step % config.checkpoint_every == 0:
            _save(accelerator, schedule, done, out)


def _backward(
    prepared: Any, batch: Any, rng: random.Random, accelerator: Accelerator, config: LoopConfig, last: bool
) -> dict[str, Tensor]:
    from contextlib import nullcontext

    with nullcontext() if last else accelerator.no_sync(prepared):
        parts: dict[str, Tensor] = prepared(batch, rng)
        loss = total(parts, config.loss_weights or {}) / config.accumulate
        if not torch.isfinite(loss):
            raise ConfigError("a finite loss", str(float(loss)), "lower the learning rate")
        accelerator.backward(loss)
    return {k: v.detach() for k, v in parts.items()}


def _finish_epoch(
    stage: Stage, accelerator: Accelerator, schedule: Any, done: Progressed, out: Path, tracker: Any
) -> None:
    metrics = stage.validate() if accelerator.is_main_process else {}
    done.epoch, done.batch = done.epoch + 1, 0
    if accelerator.is_main_process:
        assert done.history is not None
        done.history.append({"epoch": done.epoch, "step": done.step, **metrics})
        print(json.dumps(done.history[-1]), flush=True)
        if tracker:
            tracker.log(metrics, done.step)
        _keep_best(stage, metrics, done, out / "best.safetensors")
    accelerator.wait_for_everyone()
    _save(accelerator, schedule, done, out)


def _keep_best(stage: Stage, metrics: dict[str, float], done: Progressed, path: Path) -> None:
    """Write the parameters of every expert whose metric is at its best; the others stay as they were at theirs."""
    from safetensors.torch import load_file, save_file

    experts: dict[str, tuple[str, ...] | None] = getattr(stage, "experts", None) or {stage.primary: None}
    better = {n for n in experts if n in metrics and metrics[n] > done.best.get(n, -math.inf)}
    now = {k: v.detach().cpu().contiguous() for k, v in stage.module.state_dict().items()}
    kept = load_file(path) if path.exists() and done.best else dict(now)
    named = [prefixes for prefixes in experts.values() if prefixes]
    for name in better:
        done.best[name] = metrics[name]
        prefixes = experts[name]
        for key in now:
            if key.startswith(prefixes) if prefixes else not any(key.startswith(p) for p in named):
                kept[key] = now[key]
    if better:
        partial = path.with_suffix(".partial")
        save_file(kept, partial)
        partial.replace(path)


def _save(accelerator: Accelerator, schedule: Any, done: Progressed, out: Path) -> None:
    """A whole checkpoint, swapped in at once: a run killed here keeps the one before."""
    import shutil

    fresh, last, old = out / "saving", out / "last", out / "old"
    accelerator.save_state(str(fresh))
    if accelerator.is_main_process:
        (fresh / "progress.json").write_text(
            json.dumps(asdict(done) | {"schedule": schedule.state_dict()["last_epoch"]})
        )
        shutil.rmtree(old, ignore_errors=True)
        if last.exists():
            last.rename(old)
        fresh.rename(last)
        shutil.rmtree(old, ignore_errors=True)
    accelerator.wait_for_everyone()


def _restore(accelerator: Accelerator, schedule: Any, out: Path) -> Progressed:
    last = out / "last" if (out / "last").exists() else out / "old"
    if not last.exists():
        return Progressed(history=[])
    accelerator.load_state(str(last))
    raw = json.loads((last / "progress.json").read_text())
    position = raw.pop("schedule")
    schedule.last_epoch = position
    for group, rate in zip(schedule.optimizer.param_groups, schedule.base_lrs, strict=True):
        group["lr"] = rate * schedule.lr_lambdas[0](position)
    return Progressed(**raw)


def _claim(out: Path, config: LoopConfig, resume: bool) -> None:
    record = out / "loop.json"
    wanted = json.loads(json.dumps(asdict(config)))
    if resume and record.exists() and json.loads(record.read_text()) != wanted:
        raise ConfigError("the configuration this run began with", "another one", "start afresh in another folder")
    if not resume and (out / "last").exists():
        raise ConfigError(
            "an empty run folder", f"{out.name} with a checkpoint", "add --resume or choose another --out"
        )
    record.write_text(json.dumps(wanted, indent=1))


def _mine(plans: list[Any], accelerator: Accelerator, accumulate: int) -> list[Any]:
    """This process's share: the same number of whole accumulation groups for every process."""
    whole = len(plans) // (accelerator.num_processes * accumulate) * accelerator.num_processes * accumulate
    return plans[accelerator.process_index : whole : accelerator.num_processes]


def _steps(stage: Stage, config: LoopConfig, accelerator: Accelerator) -> int:
    plans = _mine(list(stage.epoch(0, config.seed)), accelerator, config.accumulate)
    if not plans:
        raise ConfigError("enough samples for one optimizer step", "fewer", "lower accumulate or build more")
    return len(plans) // config.accumulate


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


class _Tracker:
    """Numbers to a tracker of accelerate's, by name."""

    def __init__(self, name: str, out: Path) -> None:
        self._accelerator = None
        if name != "none":
            self._accelerator = Accelerator(log_with=name, project_dir=str(out))
            self._accelerator.init_trackers("anomaly-assistant")

    def log(self, metrics: dict[str, float], step: int) -> None:
        if self._accelerator:
            self._accelerator.log(metrics, step=step)

    def close(self) -> None:
        if self._accelerator:
            self._accelerator.end_training()
