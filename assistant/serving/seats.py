"""How many requests are inside at once, and the threads that work: one looks, one hears, one or some talk.

Several talk where another server writes. Looking never waits for an answer that is being written. A request that finds no seat is
told when to come back, before its body is read. Runs on one event loop.
"""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, TypeVar

T = TypeVar("T")
REMEMBERED = 0.8
"""How much of what a request took before is kept in the mean when another one ends."""
FIRST_GUESS = 1.0
"""Seconds of a request before one has ended."""


class Busy(Exception):
    """No seat is free.

    Args:
        seats: there are.
        seconds: after which one may be.
    """

    def __init__(self, seats: int, seconds: int) -> None:
        super().__init__(f"{seats} seats are taken")
        self.seats, self.seconds = seats, seconds


class Seats:
    """Requests inside.

    Args:
        count: most at once, waiting or worked on.
    """

    def __init__(self, count: int) -> None:
        self.count, self.taken = count, 0
        self._took = FIRST_GUESS

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """A seat for as long as a request is inside.

        Raises:
            Busy: none is free.
        """
        if self.taken >= self.count:
            raise Busy(self.count, max(1, math.ceil(self._took)))
        self.taken += 1
        started = time.monotonic()
        try:
            yield
        finally:
            self.taken -= 1
            self._took = REMEMBERED * self._took + (1 - REMEMBERED) * (time.monotonic() - started)


class Workers:
    """A thread for pictures, one for recordings and some for answers, begun when they are first needed.

    Args:
        talkers: answers that are written at once.
    """

    def __init__(self, talkers: int = 1) -> None:
        self._sizes = {"looking": 1, "hearing": 1, "talking": talkers}
        self._pools: dict[str, ThreadPoolExecutor] = {}

    def _pool(self, name: str) -> ThreadPoolExecutor:
        if name not in self._pools:
            self._pools[name] = ThreadPoolExecutor(self._sizes[name], name)
        return self._pools[name]

    async def look(self, work: Callable[[], T]) -> T:
        """Work on pictures, one after the other."""
        return await asyncio.get_running_loop().run_in_executor(self._pool("looking"), work)

    async def hear(self, work: Callable[[], T]) -> T:
        """Work on recordings, one after the other."""
        return await asyncio.get_running_loop().run_in_executor(self._pool("hearing"), work)

    async def talk(self, work: Callable[[threading.Event], Iterator[T]]) -> AsyncIterator[T]:
        """What a writer gives, as it gives it; as many writers at once as there are threads.

        Args:
            work: is given what is set when nobody listens any more.
        """
        loop = asyncio.get_running_loop()
        pieces: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()
        stop = threading.Event()

        def write() -> None:
            try:
                if not stop.is_set():
                    for piece in work(stop):
                        loop.call_soon_threadsafe(pieces.put_nowait, ("piece", piece))
                loop.call_soon_threadsafe(pieces.put_nowait, ("end", None))
            except BaseException as error:  # noqa: BLE001  raised where it is listened to
                loop.call_soon_threadsafe(pieces.put_nowait, ("error", error))

        running = loop.run_in_executor(self._pool("talking"), write)
        try:
            while True:
                kind, value = await pieces.get()
                if kind == "error":
                    raise value
                if kind == "end":
                    return
                yield value
        finally:
            stop.set()
            await asyncio.shield(running)

    def close(self) -> None:
        """Let what has begun end; later work begins new threads."""
        for name in list(self._pools):
            self._pools.pop(name).shutdown(wait=True, cancel_futures=True)
