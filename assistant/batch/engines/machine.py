"""What a run may take of this machine: processors and memory. Asks; decides nothing but two defaults."""

from __future__ import annotations

import os
from pathlib import Path

MEMORY_A_WORKER = 2 * 2**30
"""Bytes that a worker with the preset ``mini`` and a large picture may need."""
MOST_WORKERS = 32


def cores() -> int:
    """Processors that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def free_memory() -> int | None:
    """Bytes that programs can still have; None where the system does not tell."""
    try:
        values = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text("ascii").splitlines())
        return int(values["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return None


def default_workers() -> int:
    """One process of one thread a core, as many as memory allows: threads of one process wait for each other."""
    memory = free_memory()
    fitting = MOST_WORKERS if memory is None else max(1, memory // MEMORY_A_WORKER)
    return max(1, min(cores(), fitting, MOST_WORKERS))


def default_decoders() -> int:
    """Processes that decode for one GPU."""
    return max(1, min(8, cores() - 1))
