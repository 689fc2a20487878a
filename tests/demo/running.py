"""The page running with the random preset, for tests in a browser and over HTTP."""

from __future__ import annotations

import asyncio
import gc
import inspect
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args, get_type_hints
from unittest.mock import patch

from assistant.pipeline import Assistant
from demo.engine import Engine
from demo.settings import Settings
from tests.demo.conftest import write_samples

if TYPE_CHECKING:
    from demo.view.page import Page

_plain = inspect.isgeneratorfunction


def yields(function: Any) -> bool:
    """Whether a function yields, asked of what is behind the wrapper that checks its types in tests."""
    return _plain(inspect.unwrap(function))


def components() -> Page:
    """The components of a page, laid out nowhere."""
    from demo.view.page import SUGGESTED, Page

    def made(kind: Any) -> Any:
        return kind() if isinstance(kind, type) else tuple(get_args(kind)[0]() for _ in range(SUGGESTED))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Page(**{name: made(kind) for name, kind in get_type_hints(Page).items()})


@contextmanager
def running(assistant: Assistant | Engine, folder: Path, **options: Any) -> Iterator[Any]:
    """(address, server) of a page on a free port, stopped afterwards; an engine is started as the page's own.

    While it runs no other page of this process takes uploads: gradio knows one folder for them.
    """
    from demo.server import build_server

    given = {"port": 0, "max_upload_mb": 2.0, "max_megapixels": 2.0, "queue_size": 32, **options}
    before = os.environ.get("GRADIO_TEMP_DIR")
    settings = Settings(preset="tiny", samples=write_samples(folder / "samples"), **given)
    with warnings.catch_warnings(), patch.object(inspect, "isgeneratorfunction", yields):
        warnings.simplefilter("ignore")
        engine = assistant if isinstance(assistant, Engine) else Engine(lambda: assistant)
        engine.start()
        server = build_server(settings, engine)
        try:
            yield server.launch(block=False), server
        finally:
            server.close()
            if before is not None:  # of a server that others share
                os.environ["GRADIO_TEMP_DIR"] = before
            asyncio.set_event_loop(
                None
            )  # gradio makes one for this thread, which would be warned about in a later test
            gc.collect()  # event loops that the server left open are warned about here, where that is ignored
