"""Processes of a test's own: real ones that can be killed, forked from a server that has imported what the tests import.

The server is forked itself, from the process that runs the tests, before the first of them runs.
"""

from __future__ import annotations

import atexit
import inspect
import multiprocessing
import os
import sys
import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from multiprocessing import forkserver, util
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from typing import Any
from unittest.mock import patch

from assistant.batch.engines import worker
from tests import typecheck

LATER = {"open_clip": "assistant", "peft": "tests.training", "demo.server": "tests.demo"}
"""What functions import in tests and in their processes, to the package that does: it is imported where that is there."""


def start_server() -> None:
    """Fork the server from this process, which has collected the tests and run none."""
    for name, package in LATER.items():
        if package in sys.modules:
            import_module(name)
    with patch.object(util, "spawnv_passfds", _fork_server), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of other threads, which wait
        context()
        forkserver.ensure_running()


def context() -> ForkServerContext:
    """What starts processes; they know the modules and the environment of the server's start."""
    made = multiprocessing.get_context("forkserver")
    made.set_forkserver_preload([])
    return made


def _fork_server(path: bytes, arguments: Sequence[str], kept: Sequence[int]) -> int:
    """In the place of ``spawnv_passfds``: its last argument is what the server runs, the last parameter what it inherits."""
    nothing = os.open(os.devnull, os.O_RDWR)
    process = os.fork()
    if process == 0:
        try:
            typecheck.check_no_more()
            atexit._clear()  # what this process does at its end
            for number in [int(entry.name) for entry in Path("/dev/fd").iterdir()]:
                if number > 2 and number not in kept:
                    os.dup2(nothing, number)  # not closed: objects of this process go on to write to it
            exec(arguments[-1], {})
        finally:
            os._exit(0)
    os.close(nothing)
    return process


def command(words: Sequence[str], environment: Mapping[str, str], log: Path) -> ForkServerProcess:
    """The command line ``anomaly-assistant`` with these words, begun; what it prints goes to ``log``."""
    return called(_anomaly_assistant, ["anomaly-assistant", *words], environment, log)


def _anomaly_assistant() -> None:
    from assistant.cli.app import main
    from tests.demo.running import yields

    with patch.object(inspect, "isgeneratorfunction", yields):
        main()


def called(
    main: Callable[[], object], words: Sequence[str], environment: Mapping[str, str], log: Path
) -> ForkServerProcess:
    """A program begun, as if by a command of these words; what it prints goes to ``log``."""
    return begun(_call, (main, list(words), dict(environment)), log)


def begun(target: Callable[..., object], arguments: tuple[Any, ...], log: Path) -> ForkServerProcess:
    """A function begun in a process of its own; what it prints goes to ``log``."""
    process = context().Process(target=_told, args=(log, target, arguments))
    process.start()
    return process


def _told(log: Path, target: Callable[..., object], arguments: tuple[Any, ...]) -> None:
    with log.open("wb") as file:
        for number in (1, 2):
            os.dup2(file.fileno(), number)
    target(*arguments)


def _call(main: Callable[[], object], words: list[str], environment: dict[str, str]) -> None:
    os.environ.update(environment)
    tempfile.tempdir = None  # chosen anew, by that environment
    sys.argv = words
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
        self._process = context().Process(target=_work, args=(read, written, dict(env)))
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
