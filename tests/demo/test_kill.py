"""A page that is killed in the middle: after a restart and a reload nothing is lost but the sentence being written."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest

from assistant.errors import ConfigError
from assistant.pipeline import Assistant
from tests.demo.browser import ask, choose_sample, idle, open_page
from tests.demo.conftest import write_incoming, write_samples
from tests.demo.running import running
from tests.processes import command

pytestmark = pytest.mark.filterwarnings("ignore")
START = "from assistant.cli.app import main; main()"
ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def served(port: int, folder: Path, *more: str) -> Iterator[ForkServerProcess]:
    """The page as a process of its own, killed in the end if it is there still."""
    words = ["demo", "--preset", "tiny", "--port", str(port), "--samples", str(folder / "samples"), *more]
    process = command(words, {"TMPDIR": str(folder)}, folder / f"log of {port}")
    try:
        until = time.monotonic() + 300
        while time.monotonic() < until and process.is_alive():
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 5):
                break
            time.sleep(0.05)
        yield process
    finally:
        process.kill()
        process.join(30)


def end(process: ForkServerProcess, number: signal.Signals) -> None:
    assert process.pid is not None
    os.kill(process.pid, number)
    process.join(30)


def rows(projects: Path) -> list[str]:
    """Sources of the rows of the folder that is inspected; none before there is one."""
    files = projects.glob("project-*/runs/*/results.jsonl")
    return [json.loads(line)["source"] for path in files for line in path.read_bytes().split(b"\n")[:-1]]


def test_nothing_is_lost_but_the_sentence_being_written(browser: Any, tmp_path: Path, pixels: np.ndarray) -> None:
    write_samples(tmp_path / "samples")
    cv2.imwrite(str(tmp_path / "lid.png"), np.tile(pixels, (3, 3, 1)))
    incoming = write_incoming(tmp_path / "incoming", 40)
    port, projects = free_port(), ["--projects", str(tmp_path / "projects"), "--folder", str(incoming)]
    with served(port, tmp_path, *projects) as process:
        page = open_page(browser, f"http://127.0.0.1:{port}/")
        choose_sample(page, 2)
        page.locator("#box textarea, #box input").fill("1, 1, 9, 9")
        page.locator("#drop input[type=file]").set_input_files(tmp_path / "lid.png")
        page.wait_for_function("document.querySelector('#card').innerText.includes('lid.png')")
        page.wait_for_function("document.querySelector('#box textarea, #box input').value === ''")  # painted last
        idle(page)
        page.locator("#box textarea, #box input").fill("50, 10, 65, 20")
        page.locator("#kind textarea, #kind input").fill("gouge")
        page.locator("#is-defect").click()
        page.wait_for_selector("#status .done")
        card = page.locator("#card .numbers").inner_text()
        answer = ask(page, "Is anything wrong here?")
        page.locator("#question textarea").fill("What do you see?")
        page.locator("#question textarea").press("Enter")
        page.wait_for_function("document.querySelector('#talk').innerText.includes('What do you see?')")
        page.locator("#everything button").first.click()
        page.locator("#folder-go").click()
        page.wait_for_function("/[1-9][0-9]* of /.test(document.querySelector('#folder-said')?.innerText)")
        end(process, signal.SIGKILL)
        assert process.exitcode == -signal.SIGKILL
    with served(port, tmp_path, *projects):
        # another page of the same browser: the old one reloads by itself once it hears of the server, nobody knows when
        context = page.context
        page.close()
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{port}/")
        page.wait_for_function("document.querySelector('#card')?.innerText.includes('threshold')")
        page.wait_for_function("document.querySelector('#status') && !document.querySelector('#status .busy')")
        assert page.locator("#card .numbers").inner_text() == card
        talk = page.locator("#talk").inner_text()
        assert answer.splitlines()[0] in talk
        assert "What do you see?" in talk
        assert "gouge marked" in page.locator("#said").inner_text()
        assert "gouge" in page.locator("#table").inner_text()
        assert page.locator("#bench .thumb").count() == 2
        page.locator("#bench .thumb").first.click()
        page.wait_for_function("document.querySelector('#card').innerText.includes('plate 2')")
        idle(page)
        assert len(list(tmp_path.glob("anomaly-demo-*"))) == 1, "what the killed page left is gone"
        assert list((tmp_path / "projects").glob("project-*/files/*lid.png"))

        until = time.monotonic() + 120
        while len(written := rows(tmp_path / "projects")) < 41 and time.monotonic() < until:
            time.sleep(0.1)
        assert len(written) == len(set(written)) == 41, "each picture of the folder once"

        page.locator("#projects button").first.click()
        page.locator("#project-delete").click()
        page.locator("#project-sure").click()
        page.wait_for_function("document.querySelectorAll('#bench .thumb').length === 0")
        assert not list((tmp_path / "projects").glob("project-*/files/*lid.png"))
    page.context.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_stop_it_leaves_no_upload(tmp_path: Path, pixels: np.ndarray, number: signal.Signals) -> None:
    write_samples(tmp_path / "samples")
    ok, data = cv2.imencode(".png", pixels)
    assert ok
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with served(port, tmp_path, "--no-projects") as process, httpx.Client(base_url=address, timeout=60) as page:
        sent = page.post("/gradio_api/upload", files={"files": ("p.png", data.tobytes())}).json()[0]
        given = {"path": sent, "meta": {"_type": "gradio.FileData"}}
        for _ in range(2):
            asked = page.post("/gradio_api/call/inspect", json={"data": [given, [], "", "", 0.5]})
            told = page.get(f"/gradio_api/call/inspect/{asked.json()['event_id']}").text
            assert '"verdict"' in told
        cache = Path(sent).parents[1]
        assert not list(cache.glob("tmp*")), "no empty file a call"
        foreign = page.get("/", headers={"Host": "evil.example"})
        assert foreign.status_code == 400
        assert foreign.text
        end(process, number)
        assert [p for p in tmp_path.glob("anomaly-demo-*/**/*") if p.is_file()] == []


def test_a_port_that_is_taken_at_the_last_moment_is_told(tiny: Assistant, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = f"a port of this machine that is free, got {port}, which is taken"
        with pytest.raises(ConfigError, match=told), running(tiny, tmp_path, port=port):
            pass


def test_a_taken_port_is_told_before_anything_is_loaded(tmp_path: Path) -> None:
    write_samples(tmp_path / "samples")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        words = ["demo", "--preset", "tiny", "--no-projects", "--port", port, "--samples", str(tmp_path / "samples")]
        places = {"PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}
        ended = subprocess.run(
            [sys.executable, "-X", "importtime", "-c", START, *words], env={**os.environ, **places}, capture_output=True,
            text=True, timeout=120, check=False,
        )  # fmt: skip
    assert ended.returncode != 0
    assert f"expected a port of this machine that is free, got {port}, which is taken" in ended.stderr + ended.stdout
    assert "Traceback" not in ended.stderr
    assert not re.search(r"\| +(torch|gradio)$", ended.stderr, re.MULTILINE)
