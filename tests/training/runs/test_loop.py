"""The loop on a stage of one small layer: equal steps however they are shared out, stopping, disks, trackers, processes."""

from __future__ import annotations

import errno
import json
import os
import random
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from accelerate import Accelerator
from accelerate.commands.config.config_args import load_config_from_file
from safetensors.torch import load_file
from torch import Tensor, nn

from assistant.errors import ConfigError
from tests.processes import context
from tests.training.tiny_runs import language_recipe, localize_recipe
from training.runs.loop import run
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


def _child(rank: int, processes: int, port: int, arguments: list[str]) -> None:
    """A process as torchrun starts it."""
    from accelerate.state import AcceleratorState, GradientState

    AcceleratorState._reset_state(True)
    GradientState._reset_state()
    os.environ.update(
        RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE=str(processes), LOCAL_WORLD_SIZE=str(processes),
        MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port), ACCELERATE_USE_CPU="true",
    )  # fmt: skip
    code = main(arguments)
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()
    os._exit(code)


def launched(config: Path, arguments: list[str]) -> None:
    """Run training in as many processes as an accelerate configuration says."""
    count = int(yaml.safe_load(config.read_text())["num_processes"])
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = context()
    children = [server.Process(target=_child, args=(rank, count, port, arguments)) for rank in range(count)]
    for child in children:
        child.start()
    for child in children:
        child.join(240)
        assert child.exitcode == 0


@pytest.mark.filterwarnings("ignore:Grad strides do not match:UserWarning")
@pytest.mark.parametrize("stage", ["localize", "instruct"])
def test_two_processes_equal_one_that_accumulates(built: Path, folder: Path, stage: str) -> None:
    where, recipe = (built, localize_recipe) if stage == "localize" else (folder, language_recipe)
    made: Any = recipe
    for name, config, accumulate in (("one", "cpu.yaml", 2), ("two", "cpu_2_processes.yaml", 1)):
        more: dict[str, Any] = {
            "epochs": 1,
            "max_steps": 3,
            "tracker": "tensorboard",
        }  # which is closed before the run ends
        path = made(where, f"{name}", **more) if stage == "localize" else made(where, stage, loop=more)
        changes = [f"loop.accumulate={accumulate}", f"out={where / (stage + '_' + name)}"]
        launched(CONFIGS / config, ["--config", str(path), *(w for c in changes for w in ("--set", c))])
    one, two = (load_file(where / f"{stage}_{n}" / "last" / "model.safetensors") for n in ("one", "two"))
    assert_alike(one, two, 2e-5)
    record = json.loads((where / f"{stage}_two" / "run.json").read_text())
    assert record["processes"] == 2
    assert (where / f"{stage}_two" / "preset" / "preset.yaml").is_file()
