"""The folder of a run: whose it is, checkpoints that are swapped in whole, the best parameters so far.

``last`` is the newest whole state, ``best.safetensors`` the parameters of the best validation, ``loop.json`` the numbers the
run began with. A checkpoint that cannot be written (a full disk) is said and left out; the run goes on with the one before.
"""

from __future__ import annotations

import json
import logging
import math
import shutil
from collections.abc import Callable, Container
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from accelerate import Accelerator
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from assistant.errors import ConfigError
from training.runs.processes import processes
from training.runs.recipe import LoopConfig

_LOG = logging.getLogger(__name__)

BEST = "best.safetensors"
WRITE_ERRORS = (OSError, RuntimeError, SafetensorError)
"""What torch and safetensors raise where a file cannot be written."""


@dataclass
class RunState:
    """How far a run is, and the best value so far of each metric that chooses; the JSON beside a checkpoint.

    Args:
        epoch, batch, step: done so far; batches of this epoch, by all processes.
        best: by metric.
        history: metrics of each validation.
        stale: epochs since a metric was at its best.
        ended: stopped before its last epoch, by patience or by the largest number of steps.
        lanes: where those of a stream are, see :mod:`training.runs.streaming`; None without one.
    """

    epoch: int = 0
    batch: int = 0
    step: int = 0
    best: dict[str, float] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    stale: int = 0
    ended: bool = False
    lanes: list[dict[str, Any]] | None = None


def claim(out: Path, config: LoopConfig, resume: bool) -> None:
    """Take a folder for a loop, or check that it is the loop to go on with.

    Raises:
        ConfigError: a run of another configuration, or a run where none is to be resumed.
    """
    record = out / "loop.json"
    count = processes().num_processes
    wanted = config.model_dump(mode="json") | {"accumulate": config.accumulate * count}  # of all processes together
    if resume and record.exists():
        begun = LoopConfig().model_dump(mode="json") | json.loads(record.read_text())
        require_alike(wanted, begun, f"the run in {out.name}", ("tracker", "checkpoint_every", "loaders"))
    if not resume and ((out / "last").exists() or (out / "old").exists()):
        raise ConfigError(
            "an empty run folder", f"{out.name} with a checkpoint", "add --resume or choose another --out"
        )
    record.write_text(json.dumps(wanted, indent=1))


def require_alike(now: dict[str, Any], begun: dict[str, Any], whose: str, free: Container[str] = ()) -> None:
    """Compare what a call asks with what a run began with.

    Args:
        now: values by name, as asked.
        begun: those of the run.
        whose: the run, for the error.
        free: names that may differ.

    Raises:
        ConfigError: names all that differ, with both values.
    """
    odd = [name for name in sorted({*now, *begun}) if name not in free and now.get(name) != begun.get(name)]
    if odd:
        shown = (f"{name} {json.dumps(now.get(name))} instead of {json.dumps(begun.get(name))}" for name in odd)
        raise ConfigError(f"what {whose} began with", ", ".join(shown), "start afresh in another folder")


def keep_best(
    state: dict[str, Tensor], experts: dict[str, tuple[str, ...] | None], metrics: dict[str, float], done: RunState,
    out: Path,
) -> bool:  # fmt: skip
    """Write the parameters of every expert whose metric is at its best; the others stay as they were at theirs.

    Returns:
        Whether any was.
    """
    path = out / BEST
    better = {n for n in experts if n in metrics and metrics[n] > done.best.get(n, -math.inf)}
    if not better:
        return False
    now = {name: tensor.cpu().contiguous() for name, tensor in state.items()}
    kept = load_file(path) if path.exists() and done.best else dict(now)
    named = [prefixes for prefixes in experts.values() if prefixes]
    for name in better:
        prefixes = experts[name]
        for key in now:
            if key.startswith(prefixes) if prefixes else not any(key.startswith(p) for p in named):
                kept[key] = now[key]
    partial = path.with_suffix(".partial")
    if not written("the best parameters", lambda: save_file(kept, partial), partial):
        return False
    partial.replace(path)
    done.best |= {name: metrics[name] for name in better}
    return True


def written(what: str, write: Callable[[], Any], partial: Path) -> bool:
    """Write; where that fails, say so in one line, remove what was begun, and return False."""
    try:
        write()
    except WRITE_ERRORS as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        _LOG.warning("%s could not be written (%s); the run goes on", what, first)
        if partial.is_dir():
            shutil.rmtree(partial, ignore_errors=True)
        else:
            partial.unlink(missing_ok=True)
        return False
    return True


def save_state(accelerator: Accelerator, schedule: Any, done: RunState, out: Path) -> bool:
    """A whole checkpoint, swapped in at once: a run killed here keeps the one before.

    Returns:
        Whether it was written.
    """
    from accelerate.utils import gather_object

    fresh, last, old = out / "saving", out / "last", out / "old"
    if accelerator.is_main_process:
        shutil.rmtree(fresh, ignore_errors=True)
    accelerator.wait_for_everyone()

    def write() -> None:
        accelerator.save_state(str(fresh))
        if accelerator.is_main_process:
            position = {"schedule": schedule.state_dict()["last_epoch"]}
            (fresh / "progress.json").write_text(json.dumps(asdict(done) | position))

    fine = all(gather_object([written("a checkpoint", write, fresh)]))
    if accelerator.is_main_process and fine:
        shutil.rmtree(old, ignore_errors=True)
        if last.exists():
            last.rename(old)
        fresh.rename(last)
        shutil.rmtree(old, ignore_errors=True)
    accelerator.wait_for_everyone()
    return fine


def restore_state(accelerator: Accelerator, schedule: Any, out: Path) -> RunState:
    """Load the newest whole checkpoint; a fresh start where there is none."""
    last = out / "last" if (out / "last").exists() else out / "old"
    if not last.exists():
        return RunState()
    accelerator.load_state(str(last))
    raw = json.loads((last / "progress.json").read_text())
    position = raw.pop("schedule")
    schedule.last_epoch = position
    for group, rate in zip(schedule.optimizer.param_groups, schedule.base_lrs, strict=True):
        group["lr"] = rate * schedule.lr_lambdas[0](position)
    return RunState(**raw)
