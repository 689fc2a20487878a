"""A server with the random preset on a free port of loopback, in a thread of the test process."""

from __future__ import annotations

import base64
import io
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
import tifffile
import uvicorn

from assistant.pictures.images import load_image
from assistant.pipeline import Assistant
from assistant.serving.app import build_app
from assistant.serving.settings import ServeSettings
from assistant.speech.recogniser import Recogniser


def png(seed: int = 0, side: int = 60) -> bytes:
    """A small picture of its own for each seed, as a PNG."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(90, 160, (side, side + 20, 3), dtype=np.uint8)
    top, left = rng.integers(0, side // 2, 2)
    pixels[top : top + 14, left : left + 14] = rng.integers(0, 255, 3, dtype=np.uint8)
    return cv2.imencode(".png", pixels)[1].tobytes()


def pages(count: int) -> bytes:
    """A TIFF whose pages are small pictures of their own."""
    file = io.BytesIO()
    tifffile.imwrite(file, np.stack([load_image(png(n)).pixels for n in range(count)]))
    return file.getvalue()


def data_url(content: bytes) -> str:
    """A picture in an address."""
    return "data:image/png;base64," + base64.b64encode(content).decode()


def said(text: str, *pictures: bytes) -> dict[str, Any]:
    """A message of the user."""
    parts = [{"type": "image_url", "image_url": {"url": data_url(one)}} for one in pictures]
    return {"role": "user", "content": [{"type": "text", "text": text}, *parts]}


@contextmanager
def serving(assistant: Assistant, recogniser: Recogniser | None = None, **options: Any) -> Iterator[str]:
    """Address of a running server."""
    app = build_app(assistant, ServeSettings(**{"stop_seconds": 5.0, **options}), recogniser)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", timeout_graceful_shutdown=5))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    end = time.monotonic() + 30
    while not server.started:
        assert thread.is_alive()
        assert time.monotonic() < end
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(15)
        assert not thread.is_alive()


@pytest.fixture(scope="package")
def tiny() -> Assistant:
    return Assistant.load("tiny")


@pytest.fixture(scope="package")
def address(tiny: Assistant, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of a server that several tests share."""
    with serving(tiny, profiles=tmp_path_factory.mktemp("profiles")) as found:
        yield found


@pytest.fixture(scope="package")
def client(address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=address, timeout=60, trust_env=False) as made:
        yield made


@pytest.fixture
def started(tiny: Assistant) -> Iterator[Callable[..., httpx.Client]]:
    """Starts a server with options of its own, stopped afterwards."""
    with ExitStack() as stack:

        def start(**options: Any) -> httpx.Client:
            found = stack.enter_context(serving(tiny, **options))
            return stack.enter_context(httpx.Client(base_url=found, timeout=60, trust_env=False))

        yield start


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "part.png"
    path.write_bytes(png())
    return path
