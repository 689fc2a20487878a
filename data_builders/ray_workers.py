"""Samples made by Ray (extra ``ray``): on this machine, or on the cluster of ``RAY_ADDRESS``, in the order of their indices.

The process that runs the command appends the rows and packs the shards; pictures are written by the workers. So the folder of the
set, and the folders that the configuration names, must be at the same paths on every machine. A worker that dies is replaced, and
what it was making is made again: samples follow from seed and index.
"""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from assistant.errors import ConfigError

Made = TypeVar("Made")
AHEAD = 4
"""Tasks of each worker that are waiting or done: what holds the memory of a long build flat."""


@contextmanager
def by_ray(
    work: Callable[[tuple[int, ...]], Made], missing: Sequence[tuple[int, ...]], workers: int
) -> Iterator[Iterator[Made]]:
    """What ``work`` makes of each group of indices, in order.

    Args:
        work: picklable; each worker has a copy.
        missing: groups of indices.
        workers: of a local Ray; those of a cluster are as many as it has processors.

    Raises:
        ConfigError: Ray is not installed.
    """
    try:
        import ray as installed
    except ImportError:
        do = 'pip install "anomaly-assistant[ray]"'
        raise ConfigError("the package ray for --engine ray", "none", do) from None
    ray: Any = installed
    started = not ray.is_initialized()
    if started:
        _start(ray, workers)
    try:
        count = int(ray.cluster_resources().get("CPU", 1)) if "RAY_ADDRESS" in os.environ else workers
        actor = ray.remote(num_cpus=1, max_restarts=-1, max_task_retries=-1)(Worker)
        actors = [actor.remote(work) for _ in range(max(1, min(count, len(missing))))]
        yield _in_order(ray, actors, missing)
    finally:
        if started:
            ray.shutdown()


class Worker:
    """One process that makes samples."""

    def __init__(self, work: Callable[[tuple[int, ...]], Any]) -> None:
        import cv2

        cv2.setNumThreads(1)
        self._work = work

    def make(self, indices: tuple[int, ...]) -> Any:
        """What comes of a group of indices."""
        return self._work(indices)


def _in_order(ray: Any, actors: list[Any], missing: Sequence[tuple[int, ...]]) -> Iterator[Any]:
    """Results in the order of the groups; each actor has a few of them at a time."""
    tasks = (actors[number % len(actors)].make.remote(indices) for number, indices in enumerate(missing))
    waiting = deque(islice(tasks, AHEAD * len(actors)))
    while waiting:
        yield ray.get(waiting.popleft())
        waiting.extend(islice(tasks, 1))


def _start(ray: Any, workers: int) -> None:
    """Join the cluster of ``RAY_ADDRESS``, or start a local one whose workers find the modules of this process."""
    variables = {"OMP_NUM_THREADS": "1"}
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": "error"}
    if "RAY_ADDRESS" not in os.environ:
        variables["PYTHONPATH"] = os.pathsep.join(path or str(Path.cwd()) for path in sys.path)
        options |= {"include_dashboard": False, "num_cpus": max(1, workers)}
    ray.init(runtime_env={"env_vars": variables}, **options)
