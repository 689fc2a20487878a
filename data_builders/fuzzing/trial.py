"""Broken files given to readers in a process of its own, which is watched: tracebacks, hangs, deaths, memory."""

from __future__ import annotations

import multiprocessing
import os
import resource
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from assistant.errors import AssistantError
from data_builders.fuzzing.mutations import mutated
from data_builders.fuzzing.readers import Target, targets

READ, REFUSED, TRACEBACK, HANG, DEATH, MEMORY = "read", "refused", "traceback", "hang", "death", "memory"
FAULTS = (TRACEBACK, HANG, DEATH, MEMORY)
MOST_SECONDS = 5.0
"""Of a processor: on a busy machine a case may wait longer, :data:`MOST_WAIT` at most."""
MOST_WAIT = 60.0
MOST_BYTES = 2**30
"""That one file may add to what the process holds at most."""
_ROOM = 3 * 2**30
"""Address space beyond which memory is refused to the process."""


@dataclass(frozen=True)
class Outcome:
    """What became of one broken file.

    Args:
        number: of the case; with the seed it tells the file again.
        target: name of the reader.
        end: one of the words above.
        said: the last line of a traceback with its place, or the error's text.
        seconds: of a processor that it took.
        added: bytes that the most memory of the process grew by.
    """

    number: int
    target: str
    end: str
    said: str
    seconds: float
    added: int


def broken(all_targets: Sequence[Target], seed: int, number: int) -> tuple[Target, bytes]:
    """The reader and the file of a case, the same on every machine."""
    target = all_targets[number % len(all_targets)]
    rng = np.random.default_rng([seed, number])
    one, other = (target.seeds[int(rng.integers(len(target.seeds)))] for _ in range(2))
    return target, mutated(one, other, rng, target.text)


def trials(seed: int, numbers: Sequence[int], names: Sequence[str] = ()) -> Iterator[Outcome]:
    """Outcomes of cases in order; a process that hangs or dies is replaced by another, which goes on.

    Args:
        seed: of all files.
        numbers: of the cases.
        names: of readers to try, or starts of names; all when empty.
    """
    left = list(numbers)
    context = multiprocessing.get_context("spawn")
    while left:
        here, there = context.Pipe(duplex=False)
        worker = context.Process(target=_work, args=(there, seed, left, tuple(names)), daemon=True)
        worker.start()
        there.close()
        try:
            yield from _heard(here, left, worker)
        finally:
            worker.kill()
            worker.join()
            here.close()


def _heard(pipe: Connection, left: list[int], worker: Any) -> Iterator[Outcome]:
    """Outcomes as the process tells them, taken off ``left``; one that it does not tell is a hang or a death."""
    name, begun = "", False
    while left:
        try:
            waited = _waited(pipe, worker.pid) if begun else pipe.poll(300)
            told = pipe.recv() if waited else None
        except (EOFError, OSError):
            worker.join(5)
            yield Outcome(left.pop(0), name, DEATH, f"exit code {worker.exitcode}", 0.0, 0)
            return
        if isinstance(told, str):
            name, begun = told, True
            continue
        if told is None:
            yield Outcome(left.pop(0), name, HANG, f"no end after {MOST_SECONDS:g} s of work", MOST_SECONDS, 0)
            return
        left.pop(0)
        begun = False
        yield told


def _waited(pipe: Connection, worker: int) -> bool:
    """Whether the outcome of a case comes before the process has worked, or waited, for too long."""
    worked, started = _seconds_of(worker), time.perf_counter()
    while not pipe.poll(0.5):
        spent = time.perf_counter() - started
        if spent > MOST_WAIT or (spent > MOST_SECONDS and _seconds_of(worker) - worked > MOST_SECONDS):
            return False
    return True


def _seconds_of(process: int) -> float:
    """Processor time that a process has had; the time of day where that is not told."""
    try:
        told = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return time.perf_counter()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


def _work(pipe: Connection, seed: int, numbers: Sequence[int], names: tuple[str, ...]) -> None:
    """In the process: each case, its name told before and its outcome after."""
    chosen = [t for t in targets() if not names or t.name.startswith(names)]
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize() if _has_proc() else 0
    if used:
        resource.setrlimit(resource.RLIMIT_AS, (used + _ROOM, used + _ROOM))
    with tempfile.TemporaryDirectory() as folder:
        for number in numbers:
            target, data = broken(chosen, seed, number)
            path = Path(folder) / str(number % 7) / target.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            pipe.send(target.name)
            pipe.send(_tried(number, target, path))
            path.unlink(missing_ok=True)


def _has_proc() -> bool:
    return Path("/proc/self/statm").is_file()


def _tried(number: int, target: Target, path: Path) -> Outcome:
    peak, started = _peak(), time.process_time()
    end, said = _end_of(lambda: target.read(path))
    seconds, added = time.process_time() - started, _peak() - peak
    if end in (READ, REFUSED) and seconds > MOST_SECONDS:
        end, said = HANG, f"{seconds:.1f} s"
    if end in (READ, REFUSED) and added > MOST_BYTES:
        end, said = MEMORY, f"{added / 2**20:.0f} MiB"
    return Outcome(number, target.name, end, said, seconds, added)


def _end_of(read: Callable[[], object]) -> tuple[str, str]:
    try:
        read()
    except AssistantError as error:
        text = str(error)
        return (TRACEBACK, f"several lines: {text[:100]!r}") if "\n" in text else (REFUSED, text)
    except BaseException as error:  # noqa: BLE001  whatever it is, it is what a person would have been shown
        own = [f for f in traceback.extract_tb(error.__traceback__) if "fuzzing" not in f.filename]
        place = f"{Path(own[-1].filename).name}:{own[-1].lineno}" if own else "?"
        return TRACEBACK, f"{type(error).__name__} at {place}: {' '.join(str(error).split())[:120]}"
    return READ, ""


def _peak() -> int:
    """Most memory that the process has held, bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
