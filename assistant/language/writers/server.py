"""An OpenAI-compatible server as a writer of chats: vLLM, llama.cpp, Ollama, LM Studio, ``transformers serve`` and their like."""

from __future__ import annotations

import base64
import logging
import queue
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

import cv2
import numpy as np

from assistant.config import LanguageConfig
from assistant.errors import ConfigError, ServerError
from assistant.language.choice import check_server
from assistant.language.writers.events import DONE, events, parsed, whole
from assistant.language.writers.message import MOST_TOKENS, Message, Pixels, Usage, Words
from assistant.language.writers.requests import Refusal, Requests

COLOURS = {"red": (255, 0, 0), "blue": (0, 0, 255)}
PROBE, PROBE_TOKENS = 224, 16
"""Side of the pictures that a server is tried with, and tokens of its answers."""
QUALITY = 92
"""Of the JPEG that pictures are sent as."""
LONGEST = 600.0
"""Seconds of an answer."""
POLL = 0.05
"""Seconds after which a reader looks whether it is to stop."""
SPARE = ("seed", "temperature", "response_format", "stream_options")
"""What a request can do without where a server does not know it."""
_PICTURES = ("image", "multimodal", "multi-modal", "vision", "content", "modalit", "mmproj")
_log = logging.getLogger("assistant.language")


class ServerWriter:
    """A model of a server.

    Whether it takes pictures is found out, unless that is told, by asking for the colour of two: servers of models that take none
    refuse them, or pass over them without a word. What a server refuses of a request is left out of the next ones.

    Args:
        requests: to the server.
        config: names the model, and says about pictures and how many requests are made at once.
    """

    def __init__(self, requests: Requests, config: LanguageConfig) -> None:
        self._requests, self._config = requests, config
        self._model = config.model
        self._blind = config.pictures == "no"
        self._looked = config.pictures != "auto"
        self._look_lock = threading.Lock()
        self._left_out: set[str] = set()
        self._renamed = False
        self._lock = threading.Lock()
        self.usage = Usage()

    @classmethod
    def of(cls, config: LanguageConfig) -> ServerWriter:
        """The writer of a preset.

        Raises:
            ConfigError: another machine without leave.
        """
        check_server(config)
        return cls(Requests(config.name), config)

    @property
    def name(self) -> str:
        """Of the model, with its server."""
        return self._config.title

    def sees(self) -> bool:
        """Whether it takes pictures; asks it the first time.

        Raises:
            ServerError: a server that is down, refuses, or sends what it should not.
        """
        with self._look_lock:
            if not self._looked:
                self._look()
                self._looked = True
        return not self._blind

    def _look(self) -> None:
        """Find out whether pictures are seen: a model that sees none says the same of both."""
        for colour, pixel in COLOURS.items():
            shown = (np.full((PROBE, PROBE, 3), pixel, np.uint8),)
            question = Message(
                "user", "Which colour fills this picture? Answer with one word: red, green or blue.", shown
            )
            said = self._probed(question)
            if said is None or self._blind:
                self._blind = True
                return  # told already
            if {name for name in ("red", "green", "blue") if name in said} != {colour}:
                self._blind = True
                _log.warning("%s does not see pictures: it is told the facts in words alone", self.name)
                return

    def _probed(self, question: Message) -> str | None:
        """What is said of a picture; None where a server twice fails at it that answers the same without the picture.

        Raises:
            ServerError: it does not answer without the picture either.
        """

        def said(with_picture: bool) -> str:
            return "".join(self._pieces([question], PROBE_TOKENS, (), threading.Event(), [], with_picture)).lower()

        try:
            return said(True)
        except ServerError:
            said(False)
        try:
            return said(True)
        except ServerError as error:
            _log.warning("%s fails at pictures (%s): it is told the facts in words alone", self.name, error.got)
            return None

    @property
    def in_flight(self) -> int:
        """Requests that are made at once."""
        return self._config.in_flight

    def write(
        self, messages: Sequence[Message], *, stop: threading.Event, most_tokens: int = MOST_TOKENS,
        choices: Sequence[str] = (),
    ) -> Words:  # fmt: skip
        """The next turn, streamed; a server that streams nothing gives it in one piece.

        Raises:
            ServerError: a server that is down, refuses, or sends what it should not.
        """
        ended: list[bool] = []
        unread = threading.Event()
        sees = any(message.pictures for message in messages) and self.sees()
        yield from _polled(self._pieces(messages, most_tokens, choices, unread, ended, sees), stop, unread)
        return bool(ended) and ended[0]

    def _pieces(
        self, messages: Sequence[Message], most_tokens: int, choices: Sequence[str], unread: threading.Event,
        ended: list[bool], sees: bool,
    ) -> Iterator[str]:  # fmt: skip
        """Pieces as they come; a request that is refused for something it can do without is made again without it."""
        while True:
            sees = sees and not self._blind and any(message.pictures for message in messages)
            body = self._body(messages, most_tokens, choices, sees)
            try:
                with self._requests.opened("POST", "/chat/completions", body, unread) as response:
                    streamed = "event-stream" in response.headers.get("Content-Type", "")
                    chunks, address = _while_read(response.iter_bytes(), unread), self._requests.address
                    found = events(chunks, address) if streamed else [parsed(whole(chunks, address), address), DONE]
                    for event in found:
                        yield from self._words(event, ended)
                if unread.is_set():
                    return
                if not ended:
                    raise ServerError(f"an answer to its end from {address}", "one that breaks off")
                return
            except Refusal as refusal:
                if not self._yields(refusal, body, sees):
                    raise

    def _body(
        self, messages: Sequence[Message], most_tokens: int, choices: Sequence[str], sees: bool
    ) -> dict[str, Any]:
        """A request as JSON."""
        body: dict[str, Any] = {
            "model": self.model,
            "messages": [_as_json(message, sees) for message in messages],
            "max_completion_tokens" if self._renamed else "max_tokens": most_tokens,
            "stream": True,
            "stream_options": {"include_usage": True},
            "temperature": 0,
            "seed": 0,
        }
        if choices:
            listed = {"type": "string", "enum": list(choices)}
            schema = {
                "type": "object",
                "properties": {"answer": listed},
                "required": ["answer"],
                "additionalProperties": False,
            }
            body["response_format"] = {
                "type": "json_schema",
                "json_schema": {"name": "choice", "strict": True, "schema": schema},
            }
        return {name: value for name, value in body.items() if name not in self._left_out}

    def _yields(self, refusal: Refusal, body: dict[str, Any], sees: bool) -> bool:
        """Whether another request may be taken, after what was refused is left out of it."""
        said = refusal.said.lower()
        with self._lock:
            if refusal.status not in (400, 413, 415, 422, 500, 501):
                return False
            if "max_tokens" in body and "max_completion_tokens" in said:
                self._renamed = True
                return True
            spare = next((name for name in SPARE if name in body and name in said), None)
            spare = spare or ("response_format" if "response_format" in body and "schema" in said else None)
            if spare is not None:
                self._left_out.add(spare)
                return True
            if not sees or self._config.pictures == "yes":
                return False
            if self._blind:
                return True  # another thread has found it out meanwhile
            if any(word in said for word in _PICTURES) or refusal.status in (413, 415):
                self._blind = True
                _log.warning("%s takes no pictures (%s): it is told the facts in words alone", self.name, refusal.said)
                return True
        return False

    def _words(self, event: Any, ended: list[bool]) -> Iterator[str]:
        """Words of an event; whether the model came to an end is put into ``ended``.

        Raises:
            ServerError: an error in the middle of the answer, or something else than a chat completion.
        """
        if event == DONE:
            ended[:] = ended or [True]
            return
        if isinstance(event, dict) and event.get("error"):
            said = event["error"].get("message", "") if isinstance(event["error"], dict) else event["error"]
            raise ServerError(
                f"an answer of {self._requests.address}", self._requests.scrubbed(str(said)) or "an error"
            )
        if isinstance(event, dict) and isinstance(used := event.get("usage"), dict):
            self.usage.add(_count(used.get("prompt_tokens")), _count(used.get("completion_tokens")))
        choices = event.get("choices") if isinstance(event, dict) else None
        if not isinstance(choices, list):
            got = type(event).__name__ if not isinstance(event, dict) else f"fields {', '.join(sorted(event))[:80]}"
            raise ServerError(f"a chat completion of {self._requests.address}", got, "check the address")
        if not choices:
            return  # usage alone
        first = choices[0] if isinstance(choices[0], dict) else {}
        said = first.get("delta") or first.get("message") or {}
        content = said.get("content") if isinstance(said, dict) else None
        if isinstance(content, str) and content:
            yield content
        if first.get("finish_reason"):
            ended[:] = [first["finish_reason"] != "length"]

    @property
    def model(self) -> str:
        """Name of the model; the only one that the server has where none was given.

        Raises:
            ConfigError: none was given, and it has several or none.
            ServerError: a server that cannot be asked.
        """
        if self._model:
            return self._model
        try:
            with self._requests.opened("GET", "/models") as response:
                listed = parsed(whole(response.iter_bytes(), self._requests.address), self._requests.address)
        except ServerError as error:
            raise ServerError(error.expected, error.got, f"{error.do}; or name one with --model") from None
        found = listed.get("data") if isinstance(listed, dict) else None
        names = [str(one.get("id")) for one in found or [] if isinstance(one, dict) and one.get("id")]
        if len(names) != 1:
            told = self._requests.scrubbed(", ".join(names[:8])) or "no name"
            raise ConfigError(f"--model, since {self._requests.address} has not just one", told, "name one")
        self._model = names[0]
        return self._model


def _as_json(message: Message, sees: bool) -> dict[str, Any]:
    if not (sees and message.pictures):
        return {"role": message.role, "content": message.text}
    shown = [{"type": "image_url", "image_url": {"url": data_url(pixels)}} for pixels in message.pictures]
    return {"role": message.role, "content": [*shown, {"type": "text", "text": message.text}]}


def _count(told: Any) -> int:
    return told if isinstance(told, int) and told > 0 else 0


def data_url(pixels: Pixels) -> str:
    """A picture as JPEG in a data URL."""
    encoded = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1]
    return f"data:image/jpeg;base64,{base64.b64encode(encoded.tobytes()).decode()}"


def _while_read(chunks: Iterator[bytes], unread: threading.Event) -> Iterator[bytes]:
    for chunk in chunks:
        if unread.is_set():
            return
        yield chunk


def _polled(pieces: Iterator[str], stop: threading.Event, unread: threading.Event) -> Iterator[str]:
    """Pieces that another thread waits for, so that a reader stops at once and not with the next byte.

    Args:
        pieces: that are waited for.
        stop: ends the reading.
        unread: set when nobody reads any more.

    Raises:
        ServerError, ConfigError: what the thread met, or an answer that takes longer than :data:`LONGEST`.
    """
    found: queue.SimpleQueue[str | BaseException | None] = queue.SimpleQueue()
    over = time.monotonic() + LONGEST

    def work() -> None:
        try:
            for piece in pieces:
                found.put(piece)
            found.put(None)
        except BaseException as error:  # noqa: BLE001  raised where the pieces are read
            found.put(error)
        finally:
            pieces.close()  # type: ignore[attr-defined]  # a generator, typed as an iterator

    threading.Thread(target=work, daemon=True, name="server-reader").start()
    try:
        while not stop.is_set():
            try:
                piece = found.get(timeout=POLL)
            except queue.Empty:
                if time.monotonic() > over:
                    raise ServerError(f"an answer within {LONGEST:.0f} s", "none", "ask a faster model") from None
                continue
            if isinstance(piece, BaseException):
                raise piece
            if piece is None:
                return
            yield piece
    finally:
        unread.set()
