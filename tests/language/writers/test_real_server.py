"""A real server on loopback, ``transformers serve`` with the small model of ``mini``: the same words as from that model here."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from assistant.language.chat_model import ChatLanguageModel
from assistant.language.choice import chosen_language
from assistant.language.conversation import Conversation
from assistant.language.writers.local import LocalWriter
from assistant.language.writers.message import ChatWriter, Message
from assistant.language.writers.server import ServerWriter
from assistant.towers.weights import tower_path
from tests.inspections import inspection, region
from tests.language.writers.real_servers import forked

pytestmark = [
    pytest.mark.weights,
    pytest.mark.skipif(find_spec("uvicorn") is None or find_spec("fastapi") is None, reason="needs what gradio brings"),
]
STARTING = 240.0
"""Seconds within which it has to be there."""
CHAT = (Message("system", "Be brief."), Message("user", "Name a colour of the sky."))
FOUND = inspection(0.93, (region(1, ("top left",), "crack", 0.72, 0.031, 0.97),))


def transformers_command() -> None:
    from transformers.cli.transformers import main

    main()


@pytest.fixture(scope="module")
def folder() -> Path:
    return tower_path("smollm2")


@pytest.fixture(scope="module")
def address(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of one server for all tests here."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--host", "127.0.0.1", "--port", str(port), "--dtype", "float32", "--device", "cpu"]
    log = tmp_path_factory.mktemp("server") / "log"
    words = ["transformers", "serve", str(folder), *options]
    with forked(transformers_command, words, f"http://127.0.0.1:{port}/health", log, STARTING):
        yield f"http://127.0.0.1:{port}/v1"


def written(writer: ChatWriter, tokens: int = 12) -> str:
    return "".join(writer.write(CHAT, stop=threading.Event(), most_tokens=tokens))


def served(address: str, folder: Path) -> ServerWriter:
    return ServerWriter.of(chosen_language(address, model=str(folder)))


@pytest.fixture(scope="module")
def here(folder: Path) -> LocalWriter:
    """The model in this process."""
    return LocalWriter(chosen_language(str(folder)), "float32")


def test_a_model_says_the_same_served_and_here(address: str, folder: Path, here: LocalWriter) -> None:
    assert written(served(address, folder)) == written(here) != ""


def test_a_model_of_words_alone_is_found_out_though_its_server_takes_pictures(address: str, folder: Path) -> None:
    assert not served(address, folder).sees()


def test_a_conversation_is_the_same_served_and_here(address: str, folder: Path, here: LocalWriter) -> None:
    def answered(writer: ChatWriter) -> str:
        model = ChatLanguageModel(writer)
        talk = Conversation(FOUND, lambda: (model, model.open(FOUND)), language=chosen_language(str(folder)))
        return talk.ask("Why is it flagged?").text

    assert answered(served(address, folder)) == answered(here)


def test_a_model_that_it_does_not_have_is_one_line(address: str) -> None:
    writer = ServerWriter.of(chosen_language(address, model="nobody/nothing"))
    with pytest.raises(Exception, match="model server") as caught:
        written(writer)
    assert "\n" not in str(caught.value)
