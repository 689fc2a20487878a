"""Requests to a model server: tried again where that helps, given up with one clear line, the key in no word that is said."""

from __future__ import annotations

import os
import random
import re
import threading
import time
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from assistant.errors import ServerError
from assistant.language.choice import KEY, is_loopback
from assistant.language.writers.events import whole

if TYPE_CHECKING:
    import httpx

TRIES = 4
BUSY = (408, 425, 429, 500, 502, 503, 504)
"""Answers that another try may better."""
LONGEST_WAIT = 30.0
"""Seconds between tries; a server that asks for more is given up."""
FIRST_WAIT = 0.5
REST = 10.0
"""Seconds in which a server that was down is not asked again."""
CONNECT, SILENCE = 5.0, 120.0
"""Seconds until a connection stands, and without a byte."""
_OF_PICTURES = re.compile(r"\bimages?\b|mmproj|multi-?modal")
"""In what servers say that fail at pictures with a 500 rather than refusing them."""
LONGEST_TOLD = 200
"""Letters of what a server says that are told."""


class Refusal(ServerError):
    """A request that the server does not take.

    Args:
        status: of the answer.
        said: by the server, on one line.
        error: as told.
    """

    def __init__(self, status: int, said: str, error: ServerError) -> None:
        super().__init__(error.expected, error.got, error.do)
        self.status, self.said = status, said


@dataclass
class _Outage:
    """When a server was last down, and what was said of it."""

    until: float = 0.0
    error: ServerError | None = None


class Requests:
    """Requests to one server; from several threads.

    Args:
        address: ends with the path that ``/chat/completions`` follows.
        environment: in which the key stands.
        silence: seconds without a byte after which a server is given up.
    """

    def __init__(self, address: str, environment: Mapping[str, str] | None = None, silence: float = SILENCE) -> None:
        import httpx

        self.address = address
        self._key = (os.environ if environment is None else environment).get(KEY, "").strip()
        self._outage = _Outage()
        self._lock = threading.Lock()
        headers = {"Accept-Encoding": "identity"} | ({"Authorization": f"Bearer {self._key}"} if self._key else {})
        # a proxy of the environment stays out of what is asked on this machine, and a redirect is told, not followed
        self._client = httpx.Client(
            headers=headers, follow_redirects=False, trust_env=not is_loopback(address),
            timeout=httpx.Timeout(silence, connect=CONNECT), limits=httpx.Limits(max_connections=None),
        )  # fmt: skip
        weakref.finalize(self, self._client.close)

    @contextmanager
    def opened(
        self, method: str, path: str, body: dict[str, Any] | None = None, stop: threading.Event | None = None
    ) -> Iterator[httpx.Response]:
        """An answer whose status is good, its bytes still to come.

        Args:
            method: of HTTP.
            path: below the address.
            body: sent as JSON.
            stop: ends the tries.

        Raises:
            Refusal: the server does not take the request.
            ServerError: it is down, busy for too long, or sends somewhere else.
        """
        import httpx

        response = self._answer(method, path, body, stop or threading.Event())
        try:
            yield response
        except httpx.HTTPError as error:
            raise self.trouble("an answer to its end", error) from None
        finally:
            response.close()

    def _answer(self, method: str, path: str, body: dict[str, Any] | None, stop: threading.Event) -> httpx.Response:
        import httpx

        with self._lock:
            before = self._outage.error if time.monotonic() < self._outage.until else None
        if before is not None:
            raise ServerError(before.expected, before.got, before.do)
        for tried in range(TRIES):
            last = tried == TRIES - 1
            try:
                request = self._client.build_request(method, f"{self.address}{path}", json=body)
                response = self._client.send(request, stream=True)
            except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
                if last or not isinstance(error, httpx.ConnectError | httpx.RemoteProtocolError | httpx.ReadError):
                    raise self._down(self.trouble("an answer", error)) from None
                self._pause(_wait(tried), stop)
                continue
            wait = _asked_wait(response.headers.get("Retry-After"), _wait(tried))
            if response.is_success:
                with self._lock:
                    self._outage = _Outage()
                return response
            refused = self._refused(response)
            if response.status_code not in BUSY or isinstance(refused, Refusal):
                raise refused
            if last or wait > LONGEST_WAIT:  # a 500 speaks of this request: others may be answered
                raise refused if response.status_code == 500 else self._down(refused)
            self._pause(wait, stop)
        raise AssertionError("the last try ends in an answer or an error")

    def _pause(self, seconds: float, stop: threading.Event) -> None:
        if stop.wait(seconds):
            raise ServerError(f"an answer of {self.address}", "the wish to stop")

    def _down(self, error: ServerError) -> ServerError:
        """The error, which also answers whoever asks within the next seconds."""
        with self._lock:
            self._outage = _Outage(time.monotonic() + REST, error)
        return error

    def _refused(self, response: httpx.Response) -> ServerError:
        status, expected = response.status_code, f"an answer of the model server at {self.address}"
        if response.is_redirect:
            where = self.scrubbed(response.headers.get("Location", "nowhere"))
            response.close()
            return ServerError(expected, f"a redirect to {where}", "name that address yourself if it is meant")
        try:
            said = self.scrubbed(_said(whole(response.iter_bytes(), self.address)))
        except Exception as error:  # noqa: BLE001  what a server breaks off while refusing
            said = type(error).__name__
        finally:
            response.close()
        got = f"status {status}{f' ({said})' if said else ''}"
        if status in (401, 403):
            return Refusal(status, said, ServerError(expected, got, f"put its key into {KEY}"))
        if status in BUSY and not (status == 500 and _OF_PICTURES.search(said.lower())):
            return ServerError(expected, got, "try again when it is less busy")
        if status == 404:
            do = "check the address, which mostly ends with /v1, and --model"
            return Refusal(status, said, ServerError(expected, got, do))
        return Refusal(status, said, ServerError(expected, got, "check --model and what the server says"))

    def trouble(self, wanted: str, error: Exception) -> ServerError:
        """An error of the connection, in one line."""
        what = self.scrubbed(" ".join(str(error).split())) or type(error).__name__
        do = "start it, or check --language; answers are what was measured meanwhile"
        return ServerError(f"{wanted} of the model server at {self.address}", what, do)

    def scrubbed(self, text: str) -> str:
        """Text of a server or library: short, on one line, without the key."""
        clean = text.replace(self._key, "…") if self._key else text
        return " ".join("".join(c if c.isprintable() else " " for c in clean).split())[:LONGEST_TOLD]


def _wait(tried: int) -> float:
    """Seconds before the next try, longer each time and not the same for all who wait."""
    return float(FIRST_WAIT * 2**tried * random.uniform(1.0, 1.5))


def _asked_wait(header: str | None, otherwise: float) -> float:
    """Seconds that a server asks to wait, as a number or a date.

    >>> _asked_wait("3", 1.0), _asked_wait("soon", 1.0), _asked_wait(None, 1.0), _asked_wait("-5", 1.0), _asked_wait("nan", 1.0)
    (3.0, 1.0, 1.0, 0.0, 1.0)
    """
    if header is None:
        return otherwise
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(header).timestamp() - time.time()
        except (ValueError, TypeError, OverflowError):
            return otherwise
    return max(0.0, seconds) if seconds == seconds else otherwise


def _said(body: bytes) -> str:
    """What a server says of an error: the message in its JSON, else its words."""
    import json

    text = body.decode("utf-8", "replace")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return text
    for name in ("error", "message", "detail"):
        found = found.get(name, found) if isinstance(found, dict) else found
    return found if isinstance(found, str) else text
