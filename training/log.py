"""What a run says while it is on, for the commands that start one: their log as lines for a person or a program."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def shown_log() -> Iterator[None]:
    """Show what this package logs: news as bare lines on standard output, warnings on standard error."""
    logger = logging.getLogger(__package__)
    handler, before = _Lines(), logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)


class _Lines(logging.Handler):
    """Writes to the streams as they are when something is said."""

    def emit(self, record: logging.LogRecord) -> None:
        told, stream = record.getMessage(), sys.stdout
        if record.levelno >= logging.WARNING:
            told, stream = f"{record.levelname.lower()}: {told}", sys.stderr
        stream.write(f"{told}\n")
        stream.flush()
