"""Ray gives the rows of a local run, also when an actor's process is killed, and the bytes of a local build: on one cluster."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from assistant.batch import BatchRun, run
from assistant.errors import ConfigError
from data_builders.build import build
from tests.batch.conftest import rows_of
from tests.batch.test_running import same
from tests.data_builders.fakes import config, fake_families
from tests.data_builders.test_shards import built, files_of

ray_warns = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def ended() -> Iterator[list[str]]:
    """What was to end the cluster, which goes on to the last of the tests here: starting one takes longer than they."""
    import ray

    ends: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_worker_niceness", "0")  # Ray's 15 would starve on a busy machine
        patch.setenv("RAY_prestart_worker_first_driver", "0")  # they would know nothing of its environment
        patch.setattr(ray, "shutdown", lambda: ends.append("ended"))
        yield ends
    ray.shutdown()


def test_without_ray_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ConfigError, match=r"anomaly-assistant\[ray\]"):
        list(run(["a.png"], tmp_path, engine="ray"))


@ray_warns
def test_two_workers_give_the_rows_of_a_local_run_though_one_is_killed(
    photos: Path, tmp_path: Path, inspected: Callable[..., BatchRun], ended: list[str]
) -> None:
    (photos / "bad.png").write_text("no picture")
    inspected(photos, out="here", save_maps=True)
    killed = threading.Event()
    threading.Thread(target=_kill_an_actor, args=(killed,), daemon=True).start()
    asked = run([photos], tmp_path / "ray", preset="tiny", engine="ray", workers=2, save_maps=True)
    assert len(list(asked)) == 10
    assert killed.is_set(), "an actor was killed while the run was on"
    assert ended == ["ended"], "what a run starts it ends"
    same(rows_of(tmp_path / "here/results.jsonl"), rows_of(tmp_path / "ray/results.jsonl"))
    assert list(run([photos], tmp_path / "ray", preset="tiny", engine="ray", workers=2, save_maps=True)) == []


@ray_warns
def test_two_workers_build_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ended: list[str]) -> None:
    """The rows come in order from any engine; processes of this machine are in test_build."""
    import ray

    options = config(format="shards", defect_probability=0.7, references=2)
    begin, runs, begun, before = ray.init, ray.is_initialized(), [], len(ended)

    def started(**asked: Any) -> None:
        monkeypatch.undo()
        begun.append(asked)
        if not runs:
            begin(**asked)

    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray, "init", started)
    build(options, tmp_path / "set", 2, fake_families(), shard_rows=4, engine="ray")
    assert files_of(tmp_path / "set") == built(tmp_path / "here", options)
    variables = {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path)}
    told = {"log_to_driver": False, "logging_level": "error", "include_dashboard": False, "num_cpus": 2}
    assert begun == [{"runtime_env": {"env_vars": variables}, **told}]
    assert len(ended) == before + 1, "what a build starts it ends"


def _kill_an_actor(killed: threading.Event) -> None:
    """Kill the first process of ours that Ray calls an actor."""
    while not killed.is_set():
        for number in _descendants(os.getpid()):
            try:
                title = Path(f"/proc/{number}/cmdline").read_bytes()
            except OSError:
                continue
            if title.startswith(b"ray::") and b"MapWorker" in title:
                os.kill(number, signal.SIGKILL)
                killed.set()
                return
        time.sleep(0.05)


def _descendants(root: int) -> list[int]:
    """Processes below one, from the parents that they name."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    below, size = {root}, 0
    while size != len(below):
        size = len(below)
        below |= {child for child, parent in parents.items() if parent in below}
    return sorted(below - {root})
