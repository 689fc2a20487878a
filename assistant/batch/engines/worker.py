"""A worker process of a run: a job, then units come in on standard input; outcomes go out on standard output.

It ends when its input does, so it never outlives the run that started it.
"""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from assistant.batch.engines.frames import packed, receive, send
from assistant.batch.engines.jobs import Job, Unit
from assistant.errors import AssistantError

READY, OUTCOME, FATAL = "ready", "outcome", "fatal"


def main() -> None:
    """Work until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the run decides
    incoming, outgoing = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not end up between the messages
    try:
        _work(receive(incoming), incoming, outgoing)
    except AssistantError as error:
        send(outgoing, (FATAL, packed(error)))
    except (EOFError, BrokenPipeError):  # the run has gone
        os._exit(0)


def _work(job: Job, incoming: BinaryIO, outgoing: BinaryIO) -> None:
    import torch

    from assistant.batch.engines.unit_inspector import UnitInspector
    from assistant.pipeline import Assistant

    torch.set_num_threads(job.threads)
    bench = UnitInspector(Assistant.load(job.preset, device=job.device, language=job.language), job)
    send(outgoing, (READY, None))
    given: queue.SimpleQueue[Unit] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(incoming, given), daemon=True).start()
    for outcome in bench.outcomes(_units(given)):
        send(outgoing, (OUTCOME, outcome))


def _listen(incoming: BinaryIO, given: queue.SimpleQueue[Unit]) -> None:
    """Units as they come; when the input ends nobody is there to read the rest."""
    try:
        while True:
            given.put(receive(incoming))
    except EOFError:
        os._exit(0)


def _units(given: queue.SimpleQueue[Unit]) -> Iterator[Unit | None]:
    """Units as they come, with None before each wait."""
    while True:
        try:
            yield given.get_nowait()
        except queue.Empty:
            yield None
            yield given.get()


def command() -> list[str]:
    """How this module is started as a process."""
    return [sys.executable, "-m", "assistant.batch.engines.worker"]


def environment(threads: int) -> dict[str, Any]:
    """Variables of a worker: this process's module path, and its number of threads."""
    path = os.pathsep.join(p or str(Path.cwd()) for p in sys.path)
    counts = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(threads))
    return {**os.environ, **counts, "PYTHONPATH": path, "TOKENIZERS_PARALLELISM": "false"}


if __name__ == "__main__":
    main()
