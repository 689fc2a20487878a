"""A run goes on as it began or not at all, and a call that is refused changes no byte of its folder."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest
import yaml
from safetensors.torch import load_file

from assistant.errors import ConfigError
from tests.processes import begun
from tests.training.runs.test_loop import Toy, assert_alike, numbers
from tests.training.tiny_runs import language_recipe, localize_recipe
from training.runs import loop
from training.train import main


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Bytes and time of every file below a folder."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


@pytest.fixture(scope="session")
def localized(built: Path) -> Path:
    """A recipe of one epoch that has run."""
    config = localize_recipe(built, "begun", epochs=1)
    assert main(["--config", str(config)]) == 0
    return config


def refused(config: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What a call says that is refused, in one line, and that changes nothing."""
    out = Path(yaml.safe_load(config.read_text())["out"])
    before = contents(out)
    capsys.readouterr()
    assert main(["--config", str(config), *arguments]) == 2
    assert contents(out) == before
    (line,) = capsys.readouterr().err.splitlines()
    return line


def test_a_run_of_another_recipe_does_not_go_on(localized: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = refused(
        localized, capsys, "--resume", "--set", "batch_size=2", "--set", "data.shots=[0]", "--set", "loop.epochs=3",
        "--set", "loop.learning_rate=0.5", "--set", "data.sides=[56]", "--set", "keep=0.5", "--set", "data.limit=20",
    )  # fmt: skip
    assert line == (
        "error: expected what the run in begun began with, got batch_size 2 instead of 4, data.limit 20 instead of null, "
        "data.shots [0] instead of [0, 1, 2], data.sides [56] instead of [112], keep 0.5 instead of 0.0, loop.epochs 3 "
        "instead of 1, loop.learning_rate 0.5 instead of 0.001; start afresh in another folder"
    )


def test_a_run_on_other_data_does_not_go_on(
    localized: Path, built: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.localizer.run.manifest_hash", lambda _: "another")
    line = refused(localized, capsys, "--resume")
    assert 'got hash of data 1 "another" instead of "' in line


def test_other_processes_go_on_where_the_batches_of_a_step_are_the_same(
    localized: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = Path(yaml.safe_load(localized.read_text())["out"]) / "run.json"
    kept = path.read_text()
    path.write_text(json.dumps(json.loads(kept) | {"processes": 2}))
    line = refused(localized, capsys, "--resume")
    assert "got batches an optimizer step (accumulate x processes) 1 instead of 2; start afresh" in line
    path.write_text(kept)


def test_no_call_writes_before_it_is_taken(localized: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "an empty run folder, got begun with a checkpoint; add --resume" in refused(localized, capsys)
    assert "for `loop.tracker`" in refused(localized, capsys, "--resume", "--set", "loop.tracker=mlflow")
    assert "a preset" in refused(localized, capsys, "--resume", "--set", "preset=none")
    record = Path(yaml.safe_load(localized.read_text())["out"]) / "run.json"
    kept = record.read_bytes()
    record.unlink()
    assert "run.json, which tells how the run began" in refused(localized, capsys, "--resume")
    record.write_bytes(kept)


def test_what_does_not_count_may_differ(localized: Path, built: Path) -> None:
    (built / "moved").symlink_to(built / "set")
    changes = {"data.sets": f"[{built / 'moved'}]", "loop.checkpoint_every": "7", "loop.tracker": "tensorboard"}
    words = [word for name, value in changes.items() for word in ("--set", f"{name}={value}")]
    out = Path(yaml.safe_load(localized.read_text())["out"])
    best = load_file(out / "best.safetensors")
    assert main(["--config", str(localized), "--resume", *words]) == 0
    assert_alike(best, load_file(out / "best.safetensors"), 0)
    record = json.loads((out / "run.json").read_text())
    assert record["recipe"]["loop"]["checkpoint_every"] == 7
    assert len(record["earlier"]) == 1


def test_a_language_run_goes_on_with_its_own_words_alone(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = language_recipe(folder, "align", loop={"max_steps": 1}, out=str(folder / "align_to_go_on"))
    assert main(["--config", str(config)]) == 0
    other = folder / "align_replay.jsonl"
    other.write_text((folder / "replay.jsonl").read_text().replace("say", "tell"))
    line = refused(config, capsys, "--resume", "--set", f"data.replay={other}", "--set", "batch_size=3")
    assert "got batch_size 3 instead of 4, hash of data 2" in line
    line = refused(config, capsys, "--resume", "--set", "stage=instruct")
    assert 'got stage "instruct" instead of "align"' in line


def _first_step(rank: int, port: int, out: Path) -> None:
    """One of two processes that stop after the first of four optimizer steps of an epoch."""
    os.environ.update(
        RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE="2", LOCAL_WORLD_SIZE="2", MASTER_ADDR="127.0.0.1",
        MASTER_PORT=str(port), ACCELERATE_USE_CPU="true",
    )  # fmt: skip
    real = loop.save_state

    def stops(*given: Any) -> None:
        real(*given)
        os._exit(0)

    loop.save_state = stops  # type: ignore[assignment]
    loop.run(Toy([[n] for n in range(8)]), numbers(checkpoint_every=1), out, False)


def test_one_process_that_accumulates_goes_on_where_two_stopped(tmp_path: Path) -> None:
    """Within an epoch too: what is kept is how many batches all processes have done."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    logs = [tmp_path / f"{rank}.log" for rank in range(2)]
    children = [begun(_first_step, (rank, port, tmp_path / "cut"), log) for rank, log in enumerate(logs)]
    for child, log in zip(children, logs, strict=True):
        child.join(240)
        assert child.exitcode == 0, log.read_text()
    plans = [[n] for n in range(8)]
    with pytest.raises(ConfigError, match="got accumulate 1 instead of 2"):
        loop.run(Toy(plans), numbers(), tmp_path / "cut", True)
    loop.run(Toy(plans), numbers(accumulate=2), tmp_path / "whole", False)
    loop.run(Toy(plans), numbers(accumulate=2), tmp_path / "cut", True)
    whole, cut = (load_file(tmp_path / name / "last/model.safetensors") for name in ("whole", "cut"))
    assert_alike(whole, cut, 1e-6)
