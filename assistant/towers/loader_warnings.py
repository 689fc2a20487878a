"""Warnings of a loader of weights, taken as errors: a tower that runs otherwise than it was trained still gives numbers.

open_clip warns in two ways, by ``warnings`` and by ``logging``; both are heard. Knows no towers.
"""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from assistant.errors import WeightsError

FETCHING = frozenset({"huggingface_hub", "urllib3", "requests", "httpx", "filelock", "tqdm"})
"""Packages whose warnings are of a connection or a cache, not of what was loaded."""


class _Ears(logging.Handler):
    """The warnings of one thread."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.thread = threading.get_ident()
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Hear a logged warning."""
        if record.thread == self.thread and record.name.partition(".")[0] not in FETCHING:
            self.heard.append(record.getMessage())

    def warned(self, message: Warning | str, category: type[Warning], filename: str) -> bool:
        """Hear a Python warning; False where it is another's."""
        news = issubclass(category, DeprecationWarning | PendingDeprecationWarning | FutureWarning)
        ours = threading.get_ident() == self.thread and not news and FETCHING.isdisjoint(Path(filename).parts)
        if ours:
            self.heard.append(str(message))
        return ours


@contextmanager
def refused_warnings(what: str) -> Iterator[None]:
    """Warnings given inside, by this thread, become an error at the end; what only fetches or is outdated may warn.

    Args:
        what: is loaded, for the message.

    Raises:
        WeightsError: with the first warning.
    """
    ears = _Ears()
    root = logging.getLogger()
    level = root.level
    root.addHandler(ears)
    root.setLevel(min(level, logging.WARNING))
    try:
        with warnings.catch_warnings():
            elsewhere = warnings.showwarning

            def show(message: Warning | str, category: type[Warning], filename: str, *rest: Any, **more: Any) -> None:
                if not ears.warned(message, category, filename):
                    elsewhere(message, category, filename, *rest, **more)

            warnings.simplefilter("always")
            warnings.showwarning = show
            yield
    finally:
        root.setLevel(level)
        root.removeHandler(ears)
    if ears.heard:
        first = ears.heard[0].strip().splitlines()[0]
        raise WeightsError(f"{what} without a warning", first, "name the model that was trained so, or mend the files")
