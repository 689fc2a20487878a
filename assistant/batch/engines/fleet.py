"""Worker processes, fed with units as they finish them; one that dies is replaced and its units are done again.

A unit that was in work when a worker died is tried once more, alone in a worker: if that one dies too, the unit is to
blame and its pictures become rows with ``error``.
"""

from __future__ import annotations

import contextlib
import queue
import subprocess
import threading
from collections import deque
from collections.abc import Iterator
from typing import IO, Any

from assistant.batch.engines import worker
from assistant.batch.engines.frames import receive, send, unpacked
from assistant.batch.engines.jobs import Job, Outcome, Unit
from assistant.batch.inputs.fingerprints import fingerprint_of
from assistant.errors import AssistantError, ImageError, WeightsError
from assistant.report import error_row

PATIENCE = 10
"""Seconds a worker is given to end by itself."""


class _Worker:
    """One process, its unfinished units, and the thread that listens to it."""

    def __init__(self, job: Job, heard: queue.SimpleQueue[tuple[_Worker, Any]]) -> None:
        self.units: list[list[Any]] = []
        """(unit, names without a row yet)."""
        self.alone = False
        self.ready = False
        self.process = subprocess.Popen(
            worker.command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=worker.environment(job.threads)
        )
        self._send(job)
        threading.Thread(target=self._listen, args=(heard,), daemon=True).start()

    def give(self, unit: Unit, alone: bool) -> None:
        """Add a unit to its work."""
        self.units.append([unit, {item.name for item in unit}])
        self.alone = alone
        self._send(unit)

    def took(self, outcome: Outcome) -> None:
        """Note that an outcome has come."""
        for entry in self.units:
            if entry[0] == outcome.unit:
                entry[1].discard(outcome.item.name)
                if not entry[1]:
                    self.units.remove(entry)
                break
        self.alone = self.alone and bool(self.units)

    def stop(self) -> None:
        """End it now."""
        self.process.kill()
        self.process.wait(PATIENCE)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):  # what was not sent yet has no reader any more
                    pipe.close()

    def _send(self, value: Any) -> None:
        with contextlib.suppress(OSError, ValueError):  # where it has died, its listener tells
            send(_pipe(self.process.stdin), value)

    def _listen(self, heard: queue.SimpleQueue[tuple[_Worker, Any]]) -> None:
        try:
            while True:
                heard.put((self, receive(_pipe(self.process.stdout))))
        except (EOFError, OSError, ValueError):
            heard.put((self, None))


class Fleet:
    """Workers of one run.

    Args:
        job: of each.
        count: of processes.
        ahead: units a worker has at most.
    """

    def __init__(self, job: Job, count: int, ahead: int) -> None:
        self._job, self._count, self._ahead = job, count, ahead
        self._heard: queue.SimpleQueue[tuple[_Worker, Any]] = queue.SimpleQueue()
        self._workers: list[_Worker] = []
        self._suspects: deque[Unit] = deque()
        self._suspected: set[Unit] = set()
        self._stillborn = 0

    @property
    def processes(self) -> list[int]:
        """Ids of the processes that work now."""
        return [one.process.pid for one in self._workers]

    def outcomes(self, units: Iterator[Unit]) -> Iterator[Outcome]:
        """Outcomes of all units, in the order they are finished.

        Raises:
            AssistantError: what ends a run: references, weights or a folder that cannot be used.
        """
        try:
            more = True
            while True:
                more = self._feed(units) if more else self._feed(iter(()))
                if not more and not self._suspects and not any(one.units for one in self._workers):
                    return
                sender, message = self._heard.get()
                yield from self._take(sender, message)
        finally:
            for one in self._workers:
                one.stop()
            self._workers.clear()

    def _feed(self, units: Iterator[Unit]) -> bool:
        """Keep every worker busy; False once ``units`` is used up."""
        while self._suspects and (idle := self._idle()) is not None:
            idle.give(self._suspects.popleft(), alone=True)
        while (least := self._least_busy()) is not None:
            unit = next(units, None)
            if unit is None:
                return False
            least.give(unit, alone=False)
        return True

    def _idle(self) -> _Worker | None:
        free = next((one for one in self._workers if not one.units), None)
        return free or (self._new() if len(self._workers) < self._count else None)

    def _least_busy(self) -> _Worker | None:
        """Where the next unit goes: a worker for each of the first units, then the one with the fewest."""
        if len(self._workers) < self._count and all(one.units for one in self._workers):
            return self._new()
        open_ = [one for one in self._workers if not one.alone and len(one.units) < self._ahead]
        return min(open_, key=lambda one: len(one.units), default=None)

    def _new(self) -> _Worker:
        self._workers.append(_Worker(self._job, self._heard))
        return self._workers[-1]

    def _take(self, sender: _Worker, message: Any) -> Iterator[Outcome]:
        if message is None:
            yield from self._died(sender)
        elif message[0] == worker.FATAL:
            raise unpacked(message[1])
        elif message[0] == worker.READY:
            sender.ready, self._stillborn = True, 0
        else:
            sender.took(message[1])
            yield message[1]

    def _died(self, sender: _Worker) -> Iterator[Outcome]:
        sender.stop()
        self._workers.remove(sender)
        if not sender.ready:
            self._stillborn += 1
            if self._stillborn > 2 * self._count:
                code = sender.process.returncode
                raise WeightsError("a worker process that starts", f"one that ended with {code}", "try --workers 0")
        for unit, left in sender.units:
            if not sender.ready or unit not in self._suspected:
                self._suspected.add(unit)
                self._suspects.append(unit)
                continue
            for item in (one for one in unit if one.name in left):
                do = "look at the file, or give the run more memory"
                row = error_row(item.name, ImageError("a picture that a worker survives", "two that died on it", do))
                yield Outcome(unit, item, row, fingerprint_of(item.source))


def _pipe(pipe: IO[bytes] | None) -> Any:
    if pipe is None:
        raise AssistantError("a worker with pipes", "none")
    return pipe
