"""Model servers of other projects, as processes of a test's own."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest


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
            began = time.monotonic()
            while process.poll() is None and time.monotonic() - began < seconds:
                try:
                    if httpx.get(asked, trust_env=False).is_success:
                        break
                except httpx.HTTPError:
                    time.sleep(0.1)
            else:
                pytest.fail(f"the server did not start: {log.read_text()[-500:]}")
            yield
        finally:
            process.terminate()
            process.wait(30)
