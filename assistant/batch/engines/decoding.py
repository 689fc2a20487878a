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
from assistant.batch.inputs.fingerprints import Fingerprint, fingerprint_of
from assistant.batch.inputs.item import Item
from assistant.errors import AssistantError, ImageError
from assistant.geometry import fit
from assistant.pictures.images import load_image
from assistant.pictures.pixels import ImageLimits
from assistant.types import Domain, Levels, QueryImage


@dataclass(frozen=True)
class DecodeOptions:
    """How a file becomes a picture.

    Args:
        limits: what a picture may cost.
        domain: what pictures show; from the file when None.
        side, patch: of the encoder, model pixels.
        levels: of the references, for pictures deeper than 8 bits; their own when None.
    """

    limits: ImageLimits
    domain: Domain | None
    side: int
    patch: int
    levels: Levels | None = None

    def fitted(self, image: QueryImage) -> np.ndarray:
        """A picture in model pixels, uint8 RGB."""
        from assistant.towers.encoder import resize

        return resize(image.pixels, fit(image.height, image.width, self.side, self.patch).model)


@dataclass(frozen=True, eq=False)
class DecodedPicture:
    """One picture, read.

    Args:
        item: which.
        image: in source pixels.
        resized: uint8 RGB in model pixels.
        milliseconds: that it took.
        file: what was read.
    """

    item: Item
    image: QueryImage
    resized: np.ndarray
    milliseconds: float
    file: Fingerprint | None


@dataclass(frozen=True)
class UnreadablePicture:
    """One picture that could not be read, and why in one line."""

    item: Item
    error: str
    file: Fingerprint | None


@dataclass(frozen=True)
class WholeVolume:
    """A volume, which is read where it is inspected: its voxels are not sent from process to process."""

    item: Item
    file: Fingerprint | None


Decoded = DecodedPicture | UnreadablePicture | WholeVolume


def decode(item: Item, how: DecodeOptions) -> Decoded:
    """Read one picture; whatever is wrong with it is in the answer."""
    if item.error is not None:
        return UnreadablePicture(item, item.error, None)
    if item.volume:
        return WholeVolume(item, fingerprint_of(item.source))
    started = time.perf_counter()
    file = fingerprint_of(item.source)
    try:
        image = load_image(item.source, limits=how.limits, domain=how.domain, levels=how.levels)
        resized = how.fitted(image)
    except AssistantError as error:
        return UnreadablePicture(item, str(error), file)
    except Exception as error:  # noqa: BLE001  one picture never ends the run
        return UnreadablePicture(item, unexpected(error), file)
    return DecodedPicture(item, image, resized, (time.perf_counter() - started) * 1000, file)


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

    def __init__(self, how: DecodeOptions, processes: int, ahead: int) -> None:
        self._how, self._ahead = how, max(1, ahead)
        self._pool: Executor = (
            ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), _end_with_parent)
            if processes
            else ThreadPoolExecutor(1, "decode")
        )

    def read(self, units: Iterator[Unit | None]) -> Iterator[tuple[Decoded, ...] | None]:
        """Decoded units in their order; None where ``units`` has nothing for now, and nothing is being read."""
        waiting: deque[list[Future[Decoded]]] = deque()
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
