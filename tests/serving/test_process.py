"""The command ``serve`` as a process: started, stopped while it answers, started again."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import httpx
import pytest

from assistant.cli.app import app
from assistant.errors import ConfigError
from assistant.pipeline import Assistant
from tests.processes import command
from tests.serving.conftest import png, serving

IMAGE = {"image": ("part.png", png())}


@contextmanager
def begun(log: Path) -> Iterator[tuple[ForkServerProcess, httpx.Client]]:
    """The command on a free port; what it says is in ``log``."""
    process = command(["serve", "--preset", "tiny", "--port", "0"], {}, log)
    try:
        while not (log.exists() and log.read_text().endswith("\n")):
            assert process.is_alive()
            time.sleep(0.01)
        line = log.read_text()
        assert line.startswith("listening on http://127.0.0.1:"), line
        with httpx.Client(base_url=line.split()[2], timeout=60, trust_env=False) as client:
            yield process, client
    finally:
        process.kill()


def test_what_is_being_answered_ends_before_the_server_does(tmp_path: Path) -> None:
    with begun(tmp_path / "log") as (process, client), ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(client.post, "/inspect", files=IMAGE) for _ in range(4)]
        while client.get("/health").json()["inside"] + sum(one.done() for one in waiting) < 4:
            pass
        process.terminate()
        assert [one.result().status_code for one in waiting] == [200] * 4
        process.join(60)
        assert process.exitcode in (0, -signal.SIGTERM)
        assert (tmp_path / "log").read_text().count("\n") == 1, "nothing but its address"


def test_started_again_it_says_that_sessions_are_gone(tiny: Assistant) -> None:
    with serving(tiny) as first:
        session = httpx.post(f"{first}/inspect", files=IMAGE, trust_env=False, timeout=60).json()["session"]
    asked = {"session": session, "question": "Where?"}
    with pytest.raises(httpx.ConnectError):
        httpx.post(f"{first}/ask", json=asked, trust_env=False)
    with serving(tiny) as again:
        gone = httpx.post(f"{again}/ask", json=asked, trust_env=False, timeout=60)
    assert (gone.status_code, "inspect the picture again" in gone.text) == (404, True)


def test_an_address_that_is_taken_is_told_before_anything_is_loaded() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(ConfigError, match=r"an address that is free.*--port"),
    ):
        app(["serve", "--preset", "tiny", "--port", str(taken.getsockname()[1])], standalone_mode=False)
