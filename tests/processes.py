"""Processes of a test's own: real ones that can be killed, forked from a server that has imported once what they need."""

from __future__ import annotations

import atexit
import multiprocessing
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path

from assistant.batch.engines import worker

TRAINING = [
    "tests.training.runs.test_loop", "tests.training.runs.test_continuation", "training.localizer.run",
    "training.language.run", "training.language.mini_stage", "transformers.models.llama.modeling_llama", "open_clip", "peft",
    "torch.utils.tensorboard",
]  # fmt: skip
"""What runs of training import."""
COMMANDS = [
    "assistant.cli.app", "assistant.pipeline", "assistant.batch.engines.worker", "demo.loading", "demo.server", "open_clip",
]  # fmt: skip
"""What the command ``demo`` and the workers of ``batch`` import."""


def context(preloaded: Sequence[str] = TRAINING) -> ForkServerContext:
    """What starts them; the server is started with the first, and knows the modules and the environment of then."""
    made = multiprocessing.get_context("forkserver")
    made.set_forkserver_preload(list(preloaded))
    return made


def command(words: Sequence[str], environment: Mapping[str, str], log: Path) -> ForkServerProcess:
    """The command line ``anomaly-assistant`` with these words, begun; what it prints goes to ``log``."""
    process = context(COMMANDS).Process(target=_command, args=(list(words), dict(environment), log))
    process.start()
    return process


def _command(words: list[str], environment: dict[str, str], log: Path) -> None:
    from assistant.cli.app import main

    os.environ.update(environment)
    tempfile.tempdir = None  # chosen anew, by that environment
    sys.argv = ["anomaly-assistant", *words]
    with log.open("wb") as file:
        for number in (1, 2):
            os.dup2(file.fileno(), number)
    try:
        main()
    finally:
        atexit._run_exitfuncs()  # a process of multiprocessing ends without them


class Worker:
    """A worker of a run, in the place of the ``subprocess.Popen`` of its command."""

    returncode: int | None = None

    def __init__(self, command: Sequence[str], stdin: int, stdout: int, env: Mapping[str, str]) -> None:
        assert list(command) == worker.command()
        pipes = [multiprocessing.Pipe(duplex=False) for _ in range(2)]
        (read, given), (heard, written) = pipes
        self._process = context(COMMANDS).Process(target=_work, args=(read, written, dict(env)))
        self._process.start()
        self.pid = self._process.pid
        self.stdin, self.stdout = os.fdopen(os.dup(given.fileno()), "wb"), os.fdopen(os.dup(heard.fileno()), "rb")
        for end in (read, given, heard, written):
            end.close()

    def kill(self) -> None:
        """End it now."""
        self._process.kill()

    def wait(self, timeout: float) -> int | None:
        """Its code, once it has ended."""
        self._process.join(timeout)
        self.returncode = self._process.exitcode
        return self.returncode


def _work(incoming: Connection, outgoing: Connection, environment: dict[str, str]) -> None:
    os.environ.update(environment)
    os.dup2(incoming.fileno(), 0)
    os.dup2(outgoing.fileno(), 1)
    incoming.close()
    outgoing.close()
    sys.stdin = open(0, closefd=False)  # noqa: SIM115  it stays open as long as the process
    worker.main()
