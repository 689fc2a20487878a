"""The assistant behind the page: loaded in the background, so that the page is there at once."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from assistant.errors import AssistantError

if TYPE_CHECKING:
    from assistant.pipeline import Assistant

_LOG = logging.getLogger(__name__)
WAY = 0.002
"""Seconds that are left to others between two looks."""


class EngineError(AssistantError):
    """The assistant could not be loaded."""


class Engine:
    """An assistant that may still be loading.

    Args:
        load: makes it; called once, in a thread of its own.
        after: warms it up further once it can be used; what goes wrong there is logged, and comes up again in use.
    """

    def __init__(self, load: Callable[[], Assistant], after: Callable[[Assistant], None] | None = None) -> None:
        self._load, self._after = load, after
        self._assistant: Assistant | None = None
        self._error: AssistantError | None = None
        self._done = threading.Event()
        self._started = time.monotonic()
        self._thread = threading.Thread(target=self._work, name="load-assistant", daemon=True)
        self.looking = threading.RLock()
        """Held while the encoder works; the language model holds a lock of its own, so that a look never waits for an answer."""

    def start(self) -> Engine:
        """Begin to load; returns itself."""
        self._started = time.monotonic()
        self._thread.start()
        return self

    @property
    def ready(self) -> bool:
        """Whether it is loaded."""
        return self._assistant is not None

    @property
    def error(self) -> AssistantError | None:
        """Why it could not be loaded; None while loading and when it was."""
        return self._error

    @property
    def waited(self) -> float:
        """Seconds since loading began."""
        return time.monotonic() - self._started

    def wait(self, timeout: float | None = None) -> Assistant:
        """The assistant, once it is there.

        Raises:
            EngineError: it could not be loaded, or not in time.
        """
        if not self._done.wait(timeout):
            raise EngineError("a loaded model", f"one still loading after {self.waited:.0f} s", "try again soon")
        if self._assistant is None:
            assert self._error is not None, "done without an assistant means an error"
            raise self._error
        return self._assistant

    def give_way(self) -> None:
        """Whoever looks at many things lets others look in between; called while :attr:`looking` is held once."""
        self.looking.release()
        time.sleep(WAY)
        self.looking.acquire()

    def _work(self) -> None:
        try:
            self._assistant = self._load()
        except AssistantError as error:
            self._error = error
        except Exception as error:  # noqa: BLE001  the page must say so, whatever it was
            self._error = EngineError("a model that loads", f"{type(error).__name__}: {error}", "see the server's log")
        finally:
            self._done.set()
        if self._assistant is not None and self._after is not None:
            try:
                self._after(self._assistant)
            except Exception:  # noqa: BLE001  an assistant that is not warm still answers
                _LOG.warning("the language model could not be warmed up", exc_info=True)
