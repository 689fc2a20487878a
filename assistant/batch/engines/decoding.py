"""Files -> pictures in the encoder's size, ahead of the encoder: in a thread, or in processes that feed a GPU."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from assistant.batch.engines.jobs import Unit
from assistant.batch.inputs.item import Item
from assistant.errors import AssistantError, ImageError
from assistant.geometry import fit
from assistant.pictures.images import load_image
from assistant.pictures.pixels import ImageLimits
from assistant.types import Domain, QueryImage


@dataclass(frozen=True)
class Decoding:
    """How a file becomes a picture.

    Args:
        limits: what a picture may cost.
        domain: what pictures show; from the file when None.
        side, patch: of the encoder, model pixels.
    """

    limits: ImageLimits
    domain: Domain | None
    side: int
    patch: int


@dataclass(frozen=True, eq=False)
class Decoded:
    """One picture, read.

    Args:
        item: which.
        image: in source pixels.
        resized: uint8 RGB in model pixels.
        milliseconds: that it took.
    """

    item: Item
    image: QueryImage
    resized: np.ndarray
    milliseconds: float


@dataclass(frozen=True)
class Failed:
    """One picture that could not be read, and why in one line."""

    item: Item
    error: str


def decode(item: Item, how: Decoding) -> Decoded | Failed:
    """Read one picture; whatever is wrong with it is in the answer."""
    from assistant.towers.encoder import resize

    if item.error is not None:
        return Failed(item, item.error)
    started = time.perf_counter()
    try:
        image = load_image(item.source, limits=how.limits, domain=how.domain)
        resized = resize(image.pixels, fit(image.height, image.width, how.side, how.patch).model)
    except AssistantError as error:
        return Failed(item, str(error))
    except Exception as error:  # one picture never ends the run
        return Failed(item, unexpected(error))
    return Decoded(item, image, resized, (time.perf_counter() - started) * 1000)


def unexpected(error: BaseException) -> str:
    """One line on an error nobody thought of."""
    words = " ".join(str(error).split())[:200]
    return str(ImageError("a picture that can be inspected", f"{type(error).__name__}: {words}", "look at the file"))


class DecodeAhead:
    """Reads the pictures of units while earlier ones are encoded.

    Args:
        how: files become pictures.
        processes: that decode; 0 for one thread.
        ahead: pictures held at most, those waiting to be taken included.
    """

    def __init__(self, how: Decoding, processes: int, ahead: int) -> None:
        self._how, self._ahead = how, max(1, ahead)
        self._pool: Executor = (
            ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), _end_with_parent)
            if processes
            else ThreadPoolExecutor(1, "decode")
        )

    def read(self, units: Iterator[Unit | None]) -> Iterator[tuple[Decoded | Failed, ...] | None]:
        """Decoded units in their order; None where ``units`` has nothing for now, and nothing is being read."""
        waiting: deque[list[Future[Decoded | Failed]]] = deque()
        try:
            for unit in units:
                if unit is not None:
                    waiting.append([self._pool.submit(decode, item, self._how) for item in unit])
                while waiting and (unit is None or sum(map(len, waiting)) > self._ahead):
                    yield tuple(future.result() for future in waiting.popleft())
                if unit is None:
                    yield None
            while waiting:
                yield tuple(future.result() for future in waiting.popleft())
        finally:
            self._pool.shutdown(wait=False, cancel_futures=True)


def _end_with_parent() -> None:
    """A decoding process whose worker was killed would otherwise wait for work for ever."""

    def watch() -> None:
        parent = multiprocessing.parent_process()
        if parent is not None:
            parent.join()
            os._exit(0)

    threading.Thread(target=watch, daemon=True).start()
