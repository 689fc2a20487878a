"""The loop on a stage of one small layer: equal steps however they are shared out, stopping, disks, trackers, processes."""

from __future__ import annotations

import errno
import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from accelerate import Accelerator
from accelerate.commands.config.config_args import load_config_from_file
from safetensors.torch import load_file
from torch import Tensor, nn

from assistant.errors import ConfigError, DataSetError
from tests.processes import begun
from tests.training.tiny_runs import language_recipe, localize_recipe
from training.localizer.stage import LocalizeStage
from training.runs.loop import _require_even, run
from training.runs.processes import processes
from training.runs.recipe import LoopConfig
from training.runs.trackers import tracker_of
from training.train import main

CONFIGS = Path("training/configs/accelerate")
ROWS = torch.randn(24, 3, generator=torch.Generator().manual_seed(1))


class Toy:
    """Least squares on rows; a plan is a list of row numbers, a batch counts by its rows."""

    primary = "score"

    def __init__(self, plans: list[list[int]], scores: list[float] | None = None) -> None:
        torch.manual_seed(3)
        self.module = nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.0), nn.Linear(4, 1))
        self.plans, self.scores = plans, scores or [0.0] * 99

    def epoch(self, number: int, seed: int) -> Iterator[list[int]]:
        yield from self.plans

    def load(self, planned: list[int]) -> Tensor:
        return ROWS[planned]

    def weight(self, batch: Tensor) -> float:
        return float(len(batch))

    def losses(self, batch: Tensor, rng: random.Random) -> dict[str, Tensor]:
        return {"all": (self.module(batch)[:, 0] - batch.sum(1)).square().mean()}

    def validate(self) -> dict[str, float]:
        return {"score": self.scores.pop(0)}


def numbers(**changes: Any) -> LoopConfig:
    return LoopConfig(**{"epochs": 1, "tracker": "none", "learning_rate": 1e-2, **changes})


def trained(plans: list[list[int]], out: Path, **changes: Any) -> dict[str, Tensor]:
    run(Toy(plans), numbers(**changes), out, False)
    return load_file(out / "last" / "model.safetensors")


def assert_alike(one: dict[str, Tensor], other: dict[str, Tensor], tolerance: float = 1e-5) -> None:
    assert one.keys() == other.keys()
    for name, tensor in one.items():
        torch.testing.assert_close(other[name], tensor, atol=tolerance, rtol=0)


def test_accumulated_batches_are_one_batch_whatever_their_sizes(tmp_path: Path) -> None:
    """The loss is a mean over what is counted, not over batches."""
    whole = trained([[*range(8)], [*range(8, 20)]], tmp_path / "whole")
    parts = trained([[0], [*range(1, 8)], [*range(8, 18)], [18, 19]], tmp_path / "parts", accumulate=2)
    assert_alike(whole, parts)
    plain = trained([[0], [*range(1, 8)]], tmp_path / "plain", accumulate=1)
    assert any(not torch.allclose(plain[n], whole[n], atol=1e-4) for n in whole)


def test_patience_and_the_largest_number_of_steps_end_a_run(tmp_path: Path) -> None:
    stage = Toy([[0], [1]], [0.1, 0.5, 0.4, 0.3, 0.9])
    done = run(stage, numbers(epochs=5, patience=2), tmp_path / "patience", False)
    assert [row["score"] for row in done.history] == [0.1, 0.5, 0.4, 0.3]
    assert done.best == {"score": 0.5}
    again = run(stage, numbers(epochs=5, patience=2), tmp_path / "patience", True)
    assert len(again.history) == 4
    assert run(Toy([[0], [1]]), numbers(epochs=5, max_steps=3), tmp_path / "steps", False).step == 3


def test_trained_parts_count_as_the_first_best(tmp_path: Path) -> None:
    stage: Any = Toy([[0], [1]], [0.8, 0.2, 0.3])
    stage.trained = True
    before = {n: p.detach().clone() for n, p in stage.module.named_parameters()}
    done = run(stage, numbers(epochs=2), tmp_path, False)
    assert [row["epoch"] for row in done.history] == [0, 1, 2]
    assert_alike(before, load_file(tmp_path / "best.safetensors"), 0)


def test_a_full_disk_costs_a_checkpoint_and_not_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real, calls = Accelerator.save_state, []

    def save_state(self: Accelerator, folder: str) -> Any:
        calls.append(folder)
        if len(calls) == 2:
            Path(folder).mkdir()
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(self, folder)

    monkeypatch.setattr(Accelerator, "save_state", save_state)
    done = run(Toy([[0], [1], [2]]), numbers(checkpoint_every=1), tmp_path, False)
    assert done.step == 3
    assert len(calls) == 4
    assert "a checkpoint could not be written ([Errno 28] No space left on device)" in caplog.text
    assert json.loads((tmp_path / "last" / "progress.json").read_text())["step"] == 3
    assert not (tmp_path / "saving").exists()


def test_best_parameters_that_cannot_be_written_are_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from training.runs import folder as run_folder

    real, calls = run_folder.save_file, []

    def save_file(*arguments: Any) -> None:
        calls.append(1)
        if len(calls) == 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(*arguments)

    monkeypatch.setattr(run_folder, "save_file", save_file)
    done = run(Toy([[0]], [0.9, 0.5]), numbers(epochs=2), tmp_path, False)
    assert done.best == {"score": 0.5}


def test_trackers_go_by_name(tmp_path: Path) -> None:
    run(Toy([[0]] * 10), numbers(tracker="auto"), tmp_path / "run", False)
    assert list((tmp_path / "run").rglob("events.out.tfevents*"))
    for name in ("wandb", "trackio", "mlflow"):
        if subprocess.run([sys.executable, "-c", f"import {name}"], capture_output=True, check=False).returncode:
            with pytest.raises(ConfigError, match=f"the package {name} for `loop.tracker`, got none; pip install"):
                tracker_of(name)
    with pytest.raises(ConfigError, match="a tracker of none, auto"):
        tracker_of("paper")


def test_another_configuration_does_not_resume(tmp_path: Path) -> None:
    run(Toy([[0]]), numbers(), tmp_path, False)
    with pytest.raises(ConfigError, match=r"got learning_rate 0\.5 instead of 0\.01"):
        run(Toy([[0]]), numbers(learning_rate=0.5), tmp_path, True)
    record = tmp_path / "loop.json"
    old = json.loads(record.read_text())
    record.write_text(json.dumps({k: v for k, v in old.items() if k not in ("patience", "max_steps")}))
    assert run(Toy([[0]]), numbers(), tmp_path, True).epoch == 1


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_accelerate_configurations_are_valid(path: Path) -> None:
    config: Any = load_config_from_file(str(path))
    kinds = {"cpu": "NO", "cpu_2_processes": "MULTI_CPU", "gpu": "NO", "gpus_ddp": "MULTI_GPU", "gpus_fsdp2": "FSDP",
             "gpus_zero2": "DEEPSPEED"}  # fmt: skip
    assert config.distributed_type.value == kinds[path.stem]
    assert config.use_cpu == path.stem.startswith("cpu")
    if path.stem == "gpus_fsdp2":
        assert config.fsdp_config["fsdp_version"] == 2
    if path.stem == "gpus_zero2":
        assert config.deepspeed_config["zero_stage"] == 2


def test_batches_are_the_same_whatever_the_number_of_loaders(tmp_path: Path) -> None:
    """One that is slow to read comes in its place; what cannot be read is told in one line, and no thread stays."""

    class Slow(Toy):
        learned: list[float]

        def read(self, planned: list[int]) -> Tensor:
            time.sleep(0.02 * (planned[0] % 3))
            if planned[0] == 20:
                raise FileNotFoundError(errno.ENOENT, "No such file", "x.safetensors")
            return ROWS[planned]

        def place(self, read: Tensor) -> Tensor:
            self.learned.append(float(read[0, 0]))
            return read

    plans = [[i, i + 1] for i in (3, 2, 5, 4, 0, 1, 8)]
    weights, orders = [], []
    for loaders in (0, 1, 3):
        stage: Any = Slow(plans)
        stage.learned = []
        run(stage, numbers(loaders=loaders, max_steps=6), tmp_path / str(loaders), False)
        weights.append(load_file(tmp_path / str(loaders) / "last" / "model.safetensors"))
        orders.append(stage.learned)
    assert orders == [[float(ROWS[plan[0], 0]) for plan in plans[:6]]] * 3
    assert_alike(weights[0], weights[1], 0)
    assert_alike(weights[0], weights[2], 0)
    stage = Slow([*plans, [20]])
    stage.learned = []
    with pytest.raises(DataSetError, match=r"a batch that can be read, got .*No such file"):
        run(stage, numbers(loaders=2), tmp_path / "gone", False)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("loader")]


class Forked(Toy):
    """Rows of a negative first number go through one layer, the others through another; stops before a step."""

    def __init__(self, stop_before: int = 99) -> None:
        negative, other = (torch.nonzero((ROWS[:, 0] < 0) == side)[:, 0].tolist() for side in (True, False))
        uses = [negative[:2], other[:3], negative[2:4], negative[4:6], other[3:6], other[6:7]]
        super().__init__(uses)
        self.module = nn.ModuleDict({"negative": nn.Linear(3, 1), "other": nn.Linear(3, 1)})
        self.left = stop_before

    def losses(self, batch: Tensor, rng: random.Random) -> dict[str, Tensor]:
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt
        said = self.module["negative" if batch[0, 0] < 0 else "other"](batch)
        return {"all": (said[:, 0] - batch.sum(1)).square().mean()}

    def validate(self) -> dict[str, float]:
        """By the first process alone."""
        with torch.no_grad():
            return {
                "score": -sum(
                    float((layer(ROWS)[:, 0] - ROWS.sum(1)).square().mean()) for layer in self.module.values()
                )
            }


def forked(out: Path, accumulate: int) -> None:
    """Three epochs of three steps; stopped in the second and resumed, and again without a stop."""
    config = numbers(epochs=3, checkpoint_every=2, accumulate=accumulate, learning_rate=0.1, weight_decay=0.5)
    with pytest.raises(KeyboardInterrupt):
        run(Forked(stop_before=5 * accumulate), config, out / "stopped", False)
    run(Forked(), config, out / "stopped", True)
    stage: Any = Forked()
    stage.trained = True  # validated before the first step
    done = run(stage, config, out / "straight", False)
    assert len({row["score"] for row in done.history}) == 4 or processes().process_index
    kept = load_file(out / "straight" / "best.safetensors")
    stage.module.load_state_dict(kept)
    assert_alike(kept, {name: value.detach() for name, value in stage.module.state_dict().items()}, 0)


def environment_of(config: Path) -> dict[str, str]:
    """What accelerate's launcher sets for the processes of a configuration."""
    from accelerate.commands.launch import _validate_launch_command, launch_command_parser
    from accelerate.utils.launch import prepare_multi_gpu_env

    given = launch_command_parser().parse_args(["--config_file", str(config), "train.py"])
    made = prepare_multi_gpu_env(_validate_launch_command(given)[0])
    return {name: value for name, value in made.items() if name.startswith(("ACCELERATE_", "FSDP_"))}


def _shard_on_processors() -> None:
    """Accelerate takes its FSDP plugin where there are GPUs alone; all else of it, and torch, shard on processors too."""
    from accelerate.state import AcceleratorState, PartialState
    from accelerate.utils import DistributedType

    begin: Any = AcceleratorState.__init__

    def begun(self: Any, *arguments: Any, fsdp_plugin: Any = None, **more: Any) -> None:
        begin(self, *arguments, fsdp_plugin=fsdp_plugin, **more)
        if fsdp_plugin is not None:
            self.fsdp_plugin, self.distributed_type = fsdp_plugin, DistributedType.FSDP
            PartialState._shared_state["distributed_type"] = DistributedType.FSDP

    AcceleratorState.__init__ = begun  # type: ignore[method-assign]


def _child(rank: int, port: int, environment: dict[str, str], calls: list[list[str]], out: Path) -> None:
    """One of two processes, as torchrun starts it."""
    from accelerate.state import AcceleratorState, GradientState

    AcceleratorState._reset_state(True)
    GradientState._reset_state()
    os.environ.update(environment)
    os.environ.update(
        RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE="2", LOCAL_WORLD_SIZE="2",
        MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port), ACCELERATE_USE_CPU="true",
    )  # fmt: skip
    if environment.get("ACCELERATE_USE_FSDP") == "true":
        _shard_on_processors()
    codes = [main(arguments) for arguments in calls]
    forked(out, 1)
    torch.distributed.destroy_process_group()
    os._exit(max(codes))


def launched(config: Path, calls: list[list[str]], out: Path) -> None:
    """Run training in two processes that share what an accelerate configuration says."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment, logs = environment_of(config), [out.with_suffix(f".{rank}.log") for rank in range(2)]
    children = [begun(_child, (rank, port, environment, calls, out), log) for rank, log in enumerate(logs)]
    for child, log in zip(children, logs, strict=True):
        child.join(240)
        assert child.exitcode == 0, log.read_text()


def test_what_deepspeed_cannot_do_is_refused() -> None:
    stage: Any = Toy([[0]])
    _require_even(stage, numbers())
    with pytest.raises(ConfigError, match="accumulate: 1 under DeepSpeed, got 2"):
        _require_even(stage, numbers(accumulate=2))
    stage.experts = LocalizeStage.experts
    with pytest.raises(ConfigError, match=r"the same parameters under DeepSpeed, got .*; train with gpus_fsdp2\.yaml"):
        _require_even(stage, numbers())


STAGES = ("localize", "align", "instruct")


@pytest.mark.filterwarnings("ignore:Grad strides do not match:UserWarning")
def test_two_processes_equal_one_that_accumulates(built: Path, folder: Path, tmp_path: Path) -> None:
    """Every stage, copied to the processes (DDP) and in shards over them (FSDP 2): some steps, and a run that is resumed.

    What ``align`` trains on is streamed.
    """
    made = {"localize": localize_recipe(built, "shared", epochs=2, max_steps=5)}
    loop = {"epochs": 2, "max_steps": 6, "tracker": "tensorboard"}  # which is closed before the run ends
    made |= {stage: language_recipe(folder, stage, loop=loop) for stage in STAGES[1:]}

    def calls(name: str, accumulate: int, stages: Sequence[str] = STAGES) -> list[list[str]]:
        changes = {stage: [f"loop.accumulate={accumulate}", f"out={tmp_path / name / stage}"] for stage in STAGES}
        changes["align"].append("data.streaming=true")
        return [["--config", str(made[s]), *(w for c in changes[s] for w in ("--set", c))] for s in stages]

    assert [main(arguments) for arguments in calls("one", 2)] == [0, 0, 0]
    forked(tmp_path / "one", 2)
    ways = {"ddp": ("cpu_2_processes.yaml", ("localize", "instruct")), "fsdp": ("gpus_fsdp2.yaml", STAGES)}
    for name, (config, stages) in ways.items():
        launched(CONFIGS / config, calls(name, 1, stages), tmp_path / name)
        for stage in (*stages, "stopped", "straight"):
            one, two = (load_file(tmp_path / n / stage / "best.safetensors") for n in ("one", name))
            assert_alike(one, two, 1e-5)
            assert {value.dtype for value in two.values()} == {torch.float32}
        for stage in stages:
            record = json.loads((tmp_path / name / stage / "run.json").read_text())
            assert record["processes"] == 2
            parts = "localizer" if stage == "localize" else "language"
            saved = sorted((tmp_path / name / stage / "preset" / parts).glob("*.safetensors"))
            assert saved
            for path in saved:
                one = load_file(tmp_path / "one" / path.relative_to(tmp_path / name))
                assert_alike(one, load_file(path), 1e-3)  # half precision
    assert_alike(*(load_file(tmp_path / "fsdp" / run / "best.safetensors") for run in ("stopped", "straight")), 0)
