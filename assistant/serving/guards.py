"""Who may ask, how large and how slow a request may be: checked before a route sees it. Pure ASGI, so that streams stay streams.

In this order: the header ``Host`` (a page elsewhere that a browser was tricked into calling this server by another name), the
header ``Origin`` (a page elsewhere at all), the token, a seat, the size that is announced; then, while the body comes, its size
and its time.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from assistant.serving.counters import Counters
from assistant.serving.seats import Busy, Seats
from assistant.serving.settings import ServeSettings, Tokens

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

OPEN_PATHS = frozenset({"/health"})
"""Routes that need no token."""


class Refusal(Exception):
    """A request that is not worked on.

    Args:
        status: of HTTP.
        expected, got, do: as errors of this package say it.
        headers: further ones.
    """

    def __init__(self, status: int, expected: str, got: str, do: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(f"expected {expected}, got {got}; {do}")
        self.status, self.headers = status, headers or {}


class Guards:
    """All checks around an application.

    Args:
        app: what is guarded.
        settings: limits.
        tokens: who may ask.
        seats: taken while a request is worked on.
        counters: told of each request.
        answer: makes the body of a refusal for a path.
    """

    def __init__(
        self,
        app: App,
        settings: ServeSettings,
        tokens: Tokens,
        seats: Seats,
        counters: Counters,
        answer: Callable[[str, int, str], bytes],
    ) -> None:
        self._app, self._settings, self._tokens = app, settings, tokens
        self._seats, self._counters, self._answer = seats, counters, answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check, then pass on."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 500

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
            await send(message)

        try:
            await self._guarded(scope, receive, noting)
        except Refusal as refusal:
            await self._refuse(scope["path"], refusal, noting)
        finally:
            self._counters.request(scope.get("path", ""), status, time.perf_counter() - started)

    async def _guarded(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]}
        self._require_known(headers)
        if scope["path"] not in OPEN_PATHS:
            self._require_token(headers)
        body = _Body(receive, self._settings, headers.get("content-length"))
        started = False

        async def noting(message: Message) -> None:
            nonlocal started
            if body.refusal is None or started:  # what the application makes of a broken-off body is not told
                started = True
                await send(message)

        try:
            if scope["method"] == "POST":
                async with self._seats.one():
                    await self._app(scope, body.receive, noting)
            else:
                await self._app(scope, body.receive, noting)
        except Busy as busy:
            wait = {"Retry-After": str(busy.seconds)}
            raise Refusal(429, f"at most {busy.seats} requests at once", "more", "try again later", wait) from None
        except Exception:
            if body.refusal is None or started:
                raise
        if body.refusal is not None and not started:
            raise body.refusal

    def _require_known(self, headers: dict[str, str]) -> None:
        known = self._settings.known_hosts
        if _without_port(headers.get("host", "")) not in known:
            do = "call it by the address it listens on, or start it with --allow-host NAME"
            raise Refusal(421, "a name of this server in the header Host", "another", do)
        origin = headers.get("origin")
        if origin is not None and _without_port(origin.partition("://")[2]) not in known:
            raise Refusal(403, "no page of another site", "one", "start the server with --allow-host NAME")

    def _require_token(self, headers: dict[str, str]) -> None:
        if self._tokens.open:
            return
        kind, _, token = headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or self._tokens.owner(token.strip()) is None:
            wanted = {"WWW-Authenticate": "Bearer"}
            raise Refusal(401, "a token of this server", "none or another", "send Authorization: Bearer TOKEN", wanted)

    async def _refuse(self, path: str, refusal: Refusal, send: Send) -> None:
        body = self._answer(path, refusal.status, str(refusal))
        headers = {"content-type": "application/json", "content-length": str(len(body)), "connection": "close"}
        told = [(k.lower().encode(), v.encode()) for k, v in {**headers, **refusal.headers}.items()]
        await send({"type": "http.response.start", "status": refusal.status, "headers": told})
        await send({"type": "http.response.body", "body": body})


class _Body:
    """The body of a request as it comes; too much or too slow ends it.

    A route that reads on gets a disconnected client, and what is wrong stays in ``refusal``.
    """

    def __init__(self, receive: Receive, settings: ServeSettings, announced: str | None) -> None:
        self._receive, self._most, self._seconds = receive, settings.max_body, settings.body_seconds
        self._end = time.monotonic() + settings.body_seconds
        self._bytes, self._whole = 0, False
        self.refusal: Refusal | None = None
        if announced is not None and announced.isdecimal() and int(announced) > self._most:
            raise self._too_large()

    async def receive(self) -> Message:
        """The next piece."""
        if self.refusal is not None:
            return {"type": "http.disconnect"}
        if self._whole:  # waiting for the client to go away, which may take as long as the answer
            return await self._receive()
        try:
            message = await asyncio.wait_for(self._receive(), max(0.0, self._end - time.monotonic()))
        except TimeoutError:
            seconds = f"{self._seconds:g} s"
            self.refusal = Refusal(408, f"a request within {seconds}", "a slower one", "send smaller pictures")
            return {"type": "http.disconnect"}
        if message["type"] == "http.request":
            self._bytes += len(message.get("body", b""))
            self._whole = not message.get("more_body", False)
            if self._bytes > self._most:
                self.refusal = self._too_large()
                return {"type": "http.disconnect"}
        return message

    def _too_large(self) -> Refusal:
        return Refusal(413, f"a request of at most {self._most:,} bytes", "a larger one", "send smaller pictures")


def _without_port(host: str) -> str:
    """A header's host name in small letters.

    >>> _without_port("LOCALHOST:8000"), _without_port("[::1]:80")
    ('localhost', '[::1]')
    """
    host = host.strip().lower()
    return host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]
