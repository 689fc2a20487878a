"""An OpenAI-compatible server on loopback that does what a test tells it to."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import cv2
import numpy as np


@dataclass(frozen=True)
class Said:
    """What the server answers.

    Args:
        pieces: words of a stream, or the body of any other answer.
        status: of HTTP.
        headers: further ones.
        finish: why the stream ended; None for one that breaks off.
        pause: seconds before each piece.
        raw: bytes that are sent in place of events.
    """

    pieces: Sequence[str] = ()
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    finish: str | None = "stop"
    pause: float = 0.0
    raw: bytes | None = None


@dataclass
class Server:
    """A running server and what it was asked."""

    address: str
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    most_at_once: int = 0
    now: int = 0


def words(body: dict[str, Any]) -> str:
    """The text of the last message of a request."""
    content = body["messages"][-1]["content"]
    return content if isinstance(content, str) else content[-1]["text"]


def seeing(number: int, body: dict[str, Any], otherwise: Said) -> Said:
    """What a model that sees says: the colour where it is asked for that, else what is given."""
    if "Which colour" not in words(body):
        return otherwise
    url = body["messages"][-1]["content"][0]["image_url"]["url"]
    data = np.frombuffer(base64.b64decode(url.partition(",")[2]), np.uint8)
    shown = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert shown is not None
    blue, _, red = shown[0, 0]
    return Said(["Red." if red > blue else "Blue."])


def pictures(body: dict[str, Any]) -> int:
    """Pictures in a request."""
    contents = [m["content"] for m in body["messages"] if isinstance(m["content"], list)]
    return sum(part["type"] == "image_url" for content in contents for part in content)


class Handler(BaseHTTPRequestHandler):
    """Answers for a server, by what the test says."""

    protocol_version = "HTTP/1.1"
    answer: Callable[[int, dict[str, Any]], Said]
    models: Sequence[str]
    told: Server
    lock: threading.Lock

    def log_message(self, *_: Any) -> None:
        """Nothing."""

    def do_GET(self) -> None:
        """The list of models."""
        body = json.dumps({"object": "list", "data": [{"id": name} for name in self.models]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        """A chat completion."""
        body, server = json.loads(self.rfile.read(int(self.headers["Content-Length"]))), self.told
        with self.lock:
            number = len(server.bodies)
            server.bodies.append(body)
            server.headers.append(dict(self.headers))
            server.now += 1
            server.most_at_once = max(server.most_at_once, server.now)
        try:
            self._say(type(self).answer(number, body))
        except OSError:  # nobody reads any more
            self.close_connection = True
        finally:
            with self.lock:
                server.now -= 1

    def _say(self, said: Said) -> None:
        self.close_connection = True
        self.send_response(said.status)
        plain = said.status != 200
        data = "".join(said.pieces).encode() if plain else said.raw
        kind = "application/json" if plain else "text/event-stream"
        for name, value in ({"Content-Type": kind, "Connection": "close"} | said.headers).items():
            self.send_header(name, value)
        self.end_headers()
        if data is not None:
            self.wfile.write(data)
            return
        for piece in said.pieces:
            time.sleep(said.pause)
            self._send({"choices": [{"index": 0, "delta": {"content": piece}, "finish_reason": None}]})
        if said.finish is not None:
            self._send({"choices": [{"index": 0, "delta": {}, "finish_reason": said.finish}]})
            self.wfile.write(b"data: [DONE]\n\n")

    def _send(self, event: dict[str, Any]) -> None:
        self.wfile.write(f"data: {json.dumps(event)}\n\n".encode())
        self.wfile.flush()


@contextmanager
def serving(
    answer: Callable[[int, dict[str, Any]], Said], models: Sequence[str] = ("tiny",), port: int = 0
) -> Iterator[Server]:
    """A server until the block is left.

    Args:
        answer: maps the number of a request, from 0, and its body to what is answered.
        models: names that it lists.
        port: a free one when 0.
    """
    own: dict[str, Any] = {"answer": staticmethod(answer), "models": models, "lock": threading.Lock()}
    handler = type("Handler", (Handler,), own)
    http = ThreadingHTTPServer(("127.0.0.1", port), handler)
    server = Server(f"http://127.0.0.1:{http.server_address[1]}/v1")
    handler.told = server  # type: ignore[attr-defined]  # a class made here
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
        thread.join()
