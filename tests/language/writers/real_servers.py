"""Model servers of other projects, as processes of a test's own."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.processes import called


@contextmanager
def started(command: Sequence[str], asked: str, log: Path, seconds: float) -> Iterator[None]:
    """A server that answers at an address, until the block is left.

    Args:
        command: that starts it.
        asked: address that answers once it is there.
        log: file that gets what it says.
        seconds: within which it has to be there.
    """
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file)
        try:
            _wait_for(asked, lambda: process.poll() is None, log, seconds)
            yield
        finally:
            process.terminate()
            process.wait(30)


@contextmanager
def forked(main: Callable[[], object], words: Sequence[str], asked: str, log: Path, seconds: float) -> Iterator[None]:
    """As :func:`started`, by the function that its command calls, in a process that has imported most of it."""
    process = called(main, words, {}, log)
    try:
        _wait_for(asked, process.is_alive, log, seconds)
        yield
    finally:
        process.terminate()
        process.join(30)
        assert process.exitcode is not None


def _wait_for(asked: str, alive: Callable[[], bool], log: Path, seconds: float) -> None:
    began = time.monotonic()
    while alive() and time.monotonic() - began < seconds:
        try:
            if httpx.get(asked, trust_env=False).is_success:
                return
        except httpx.HTTPError:
            time.sleep(0.1)
    pytest.fail(f"the server did not start: {log.read_text()[-500:]}")
