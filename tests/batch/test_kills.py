"""Kills, full disks and second runs cost no row and make none double; dead workers are replaced."""

from __future__ import annotations

import errno
import os
import random
import signal
import subprocess
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from assistant.batch import run
from assistant.batch.engines import fleet
from assistant.batch.engines.fleet import Fleet
from assistant.batch.engines.jobs import Job
from assistant.batch.inputs.item import Item
from assistant.errors import ConfigError, StorageError
from assistant.pipeline import Assistant
from tests.batch.conftest import Row, rows_of
from tests.batch.test_running import Inspected, same
from tests.processes import Worker


def test_killed_at_twenty_random_moments_the_rows_are_those_of_one_run(
    photos: Path, tmp_path: Path, inspected: Inspected, tiny: Assistant
) -> None:
    (photos / "bad.png").write_text("no picture")
    started = time.perf_counter()
    inspected(photos, out="whole", save_maps=True)
    spent = time.perf_counter() - started
    rng = random.Random(5)
    kills = 0
    for _ in range(200):
        if kills == 20:
            break
        child = _forked(lambda: inspected(photos, out="cut", save_maps=True))
        time.sleep(rng.uniform(0, spent / 2))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            kills += 1
        else:  # it was done before: begin another cut run with half of the rows and a torn one
            lines = (tmp_path / "cut/results.jsonl").read_bytes().splitlines(keepends=True)
            (tmp_path / "cut/results.jsonl").write_bytes(b"".join(lines[:4]) + lines[4][: rng.randrange(len(lines[4]))])
    assert kills == 20
    inspected(photos, out="cut", save_maps=True, batch_size=2)
    same(rows_of(tmp_path / "whole/results.jsonl"), rows_of(tmp_path / "cut/results.jsonl"))
    assert not list((tmp_path / "cut/maps").glob(".*"))


def _forked(work: Callable[[], object]) -> int:
    """Id of a child that works and ends."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    return child


def test_a_second_run_on_the_same_folder_is_refused(
    photos: Path, tmp_path: Path, tiny: Assistant, inspected: Inspected
) -> None:
    first = iter(run([photos], tmp_path / "out", assistant=tiny))
    next(first)
    with pytest.raises(StorageError, match="no other run"):
        inspected(photos)
    assert len(list(first)) == 8


def test_a_map_that_does_not_fit_on_the_disk_ends_the_run_and_keeps_the_rows(
    photos: Path, tmp_path: Path, inspected: Inspected, monkeypatch: pytest.MonkeyPatch
) -> None:
    from assistant.batch.results import pictures

    real, calls = pictures.save_map, [0]

    def full(path: Path, scores: np.ndarray) -> None:
        calls[0] += 1
        if calls[0] == 4:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        real(path, scores)

    monkeypatch.setattr(pictures, "save_map", full)
    with pytest.raises(StorageError, match="No space left"):
        inspected(photos, save_maps=True)
    assert len(rows_of(tmp_path / "out/results.jsonl")) == 3
    assert inspected(photos, save_maps=True).written == 6


@pytest.fixture
def forked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers fork from a process that has imported what they need; test_changed_files starts one by its command."""
    monkeypatch.setattr(fleet, "subprocess", SimpleNamespace(Popen=Worker, PIPE=subprocess.PIPE))


@pytest.mark.usefixtures("forked")
def test_workers_give_the_same_rows_though_one_is_killed(photos: Path, tmp_path: Path, inspected: Inspected) -> None:
    inspected(photos, out="here", save_maps=True)
    workers = Fleet(Job(preset="tiny", maps=tmp_path / "fleet"), 2, 3)
    units = iter([(Item(str(path)),) for path in sorted(photos.rglob("*.png"))])
    rows: dict[str, Row] = {}
    for outcome in workers.outcomes(units):
        if not rows:
            os.kill(workers.processes[0], signal.SIGKILL)
        row = outcome.row
        row.pop("timing_ms")
        rows[row["source"]] = row
    same(rows_of(tmp_path / "here/results.jsonl"), rows)
    assert workers.processes == []


@pytest.mark.usefixtures("forked")
def test_what_ends_a_worker_at_its_start_ends_the_run(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="a preset"):
        list(Fleet(Job(preset="none such"), 1, 1).outcomes(iter([(Item("a.png"),)])))
