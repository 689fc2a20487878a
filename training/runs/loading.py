"""Batches read ahead of the step by threads: always the planned ones in the planned order, however many threads read.

Reading decodes, copies and renders, which leaves the interpreter free; a batch depends on its plan alone.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from safetensors import SafetensorError

from assistant.errors import AssistantError, DataSetError

AHEAD = 2
"""Batches that lie ready for each thread that reads."""

Read = Callable[[Any], Any]


@contextmanager
def read_ahead(read: Read, plans: Iterable[Any], loaders: int) -> Iterator[Iterator[Any]]:
    """Batches of plans, in order; leaving early stops the reading.

    Args:
        read: makes a batch of a plan.
        plans: of the batches; taken a few at a time.
        loaders: threads that read; with 0 a batch is read when it is asked for.

    Raises:
        AssistantError: what reading a batch says, where that batch is asked for.

    >>> with read_ahead(str, range(5), 2) as batches:
    ...     " ".join(batches)
    '0 1 2 3 4'
    """
    if not loaders:
        yield (_read(read, plan) for plan in plans)
        return
    pool = ThreadPoolExecutor(loaders, "loader")
    try:
        yield _ahead(pool, read, plans, AHEAD * loaders)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _ahead(pool: ThreadPoolExecutor, read: Read, plans: Iterable[Any], most: int) -> Iterator[Any]:
    waiting: deque[Future[Any]] = deque()
    for plan in plans:
        waiting.append(pool.submit(_read, read, plan))
        if len(waiting) > most:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _read(read: Read, plan: Any) -> Any:
    try:
        return read(plan)
    except AssistantError:
        raise
    except (OSError, SafetensorError, RuntimeError, ValueError, KeyError) as error:
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataSetError("a batch that can be read", said, "check that its files are whole and stay there") from error


def loaders_of_machine() -> int:
    """Threads that may decode pictures beside what computes: half of this process's cores, eight at most."""
    cores = (os.cpu_count() or 1) // max(1, int(os.environ.get("LOCAL_WORLD_SIZE", "1")))
    return max(1, min(8, cores // 2))
