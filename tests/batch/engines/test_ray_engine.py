"""Ray gives the rows of a local run, also when an actor's process is killed."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from assistant.batch import BatchRun, run
from assistant.errors import ConfigError
from tests.batch.conftest import rows_of
from tests.batch.test_running import same

ray_warns = pytest.mark.filterwarnings("ignore")


def test_without_ray_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ConfigError, match=r"anomaly-assistant\[ray\]"):
        list(run(["a.png"], tmp_path, engine="ray"))


@ray_warns
def test_two_workers_give_the_rows_of_a_local_run_though_one_is_killed(
    photos: Path, tmp_path: Path, inspected: Callable[..., BatchRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_worker_niceness", "0")  # Ray's 15 would starve on a busy machine
    (photos / "bad.png").write_text("no picture")
    inspected(photos, out="here", save_maps=True)
    killed = threading.Event()
    threading.Thread(target=_kill_an_actor, args=(killed,), daemon=True).start()
    asked = run([photos], tmp_path / "ray", preset="tiny", engine="ray", workers=2, save_maps=True)
    assert len(list(asked)) == 10
    assert killed.is_set(), "an actor was killed while the run was on"
    same(rows_of(tmp_path / "here/results.jsonl"), rows_of(tmp_path / "ray/results.jsonl"))
    assert list(run([photos], tmp_path / "ray", preset="tiny", engine="ray", workers=2, save_maps=True)) == []


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
