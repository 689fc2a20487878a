"""The page as a server: built, wired, started with safe defaults, and cleaned up after."""

from __future__ import annotations

import atexit
import os
import signal
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["GRADIO_ANALYTICS_CACHE_FREQUENCY"] = "1000000000"  # events until their times are summed up for a monitor
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"

import gradio as gr
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from demo import doors
from demo.api import Api, add_endpoints
from demo.bench import keeping
from demo.bench.session_store import SessionStore
from demo.bench.workbench import Workbench
from demo.cleaning import Cleaner
from demo.engine import Engine
from demo.handlers import Handlers
from demo.incoming.camera import Camera
from demo.sample_set import SampleSet
from demo.settings import Settings
from demo.view import page, style
from demo.whole.allowed import Allowed
from demo.whole.runs import Runs
from demo.wiring import wire
from demo.wiring_of_all import HIDDEN, LANGUAGE, QUICK, VISION

STATE_SECONDS = 6 * 3600
"""A page that nobody touched for this long loses its session."""
CACHE_SECONDS = (600, 3600)
"""Files of the page are looked at every so often, and removed when older."""

QUEUE_SECONDS = 0.02
"""The queue is looked at every so often; gradio's thousand times a second take a tenth of a core while nobody asks."""


@dataclass(frozen=True, eq=False)
class Server:
    """The page, not yet started or running.

    Args:
        blocks: of gradio.
        bench: behind them.
        samples: offered.
        settings: of the operator.
        cleaner: of what is left on disk.
        runs: of the operator's folder.
    """

    blocks: gr.Blocks
    bench: Workbench
    samples: SampleSet
    settings: Settings
    cleaner: Cleaner
    runs: Runs

    def launch(self, *, block: bool) -> str:
        """Start; the address. With ``block`` it returns when the server is stopped.

        Raises:
            ConfigError: an auth file that cannot be used.
        """
        settings = self.settings
        accounts, hosts = settings.accounts(), doors.hosts_of(settings.host, settings.share)
        middleware = [] if hosts is None else [Middleware(TrustedHostMiddleware, allowed_hosts=hosts)]
        self.blocks.queue(max_size=settings.queue_size, default_concurrency_limit=1, api_open=False)
        self.blocks._queue.sleep_when_free = QUEUE_SECONDS
        try:
            _, url, shared = self._launched(
                None if accounts is None else doors.Doorkeeper(accounts).lets_in, middleware
            )
        except OSError as error:
            self.close()
            raise settings.taken() from error
        kept = "" if settings.projects is None else f"; projects are kept in {settings.projects}"
        print(f"open {shared or url}  (Ctrl-C stops{kept})", flush=True)
        if block:
            try:
                number = _asked_to_end()
            finally:
                self.close()
            if number != signal.SIGINT:
                raise SystemExit(128 + number)
        return str(url)

    def _launched(self, auth: Any, middleware: list[Middleware]) -> Any:
        settings = self.settings
        return self.blocks.launch(
            server_name=settings.host, server_port=settings.port or None, share=settings.share, auth=auth,
            max_file_size=round(settings.max_upload_mb * 2**20), allowed_paths=[], show_error=False, run_history=False,
            strict_cors=True, theme=style.theme(), css_paths=list(style.SHEETS), footer_links=[], quiet=True, ssr_mode=False,
            enable_monitoring=False, pwa=False, mcp_server=False, prevent_thread_lock=True,
            app_kwargs={"middleware": middleware},
        )  # fmt: skip

    def close(self) -> None:
        """Stop, end every session and remove every file."""
        self.cleaner.stop()
        self.samples.stop()
        self.runs.close()
        self.blocks.close(verbose=False)
        self.bench.store.free_all()


def build_server(settings: Settings, engine: Engine) -> Server:
    """Make the page; nothing is loaded yet.

    Args:
        settings: of the operator.
        engine: started by the caller, or by :func:`serve`.
    """
    allowed = None if settings.incoming is None else Allowed(settings.incoming)
    camera = None
    if settings.camera:
        camera = Camera(settings.camera, settings.limits, remote=settings.remote_camera)
    store = SessionStore(
        settings.max_sessions, settings.max_memory_mb * 2**20, projects=settings.projects,
        restore=partial(keeping.restored, limits=settings.limits),
    )  # fmt: skip
    cache = store.served
    cache.mkdir(exist_ok=True)
    # read by gradio when components and the app are made; uploads and everything shown lie below it
    os.environ["GRADIO_TEMP_DIR"] = str(cache)
    bench = Workbench(engine, store, settings)
    runs = Runs(bench, allowed, watch=settings.watch)
    samples = SampleSet(settings.samples, store.root / "samples").start()
    atexit.register(store.free_all)
    with gr.Blocks(title=page.TITLE, analytics_enabled=False, delete_cache=CACHE_SECONDS, fill_width=True) as blocks:
        # functions, since gradio copies the page's configuration deeply at every visit: with a method it would copy all sessions
        session = gr.State(None, time_to_live=STATE_SECONDS, delete_callback=lambda name: store.leave(name))
        laid = page.build_page(
            session, kept=store.stays, folders=() if allowed is None else allowed.folders(), camera=camera is not None
        )
        add_endpoints(Api(bench, cache), VISION, LANGUAGE)  # first, since gradio numbers names that are taken
        do = Handlers(bench, samples, laid, cache, runs)
        do.camera = camera
        wire(laid, do, blocks)
        _watch(laid, do)
    runs.go_on()
    return Server(blocks, bench, samples, settings, Cleaner(store, settings.keep_days).start(), runs)


def _watch(laid: page.Page, do: Handlers) -> None:
    """Until model and samples are there: look every second, then stop looking."""
    timer = gr.Timer(1.0)
    shown = gr.State(False)

    def look(sid: str | None, already: bool) -> tuple[Any, Any, Any, Any]:
        engine = do.bench.engine
        chip = do.state()[laid.chip]
        ready = do.samples.done and sid is not None
        samples = do.offered()[laid.samples] if ready and not already else gr.skip()
        over = ready and (engine.ready or engine.error is not None)
        return chip, samples, ready or already, gr.Timer(active=not over)

    timer.tick(look, [laid.session, shown], [laid.chip, laid.samples, shown, timer], **HIDDEN, **QUICK)


def serve(settings: Settings) -> None:
    """Open the page and keep it open; the model loads in the background."""
    from demo.loading import load_assistant, warm_language

    settings.accounts()
    signal.signal(signal.SIGTERM, _end)
    engine = Engine(lambda: load_assistant(settings), warm_language).start()
    build_server(settings, engine).launch(block=True)


def _end(number: int, frame: Any) -> None:
    """Asked to stop while it starts, the page cleans up after itself as it does on Ctrl-C."""
    raise SystemExit(128 + number)


def _asked_to_end() -> int:
    """Waits until the process is asked to end; the signal's number. What is asked again while the page cleans up ends it at once.

    A signal is noted and raised nowhere: an exception could come up in a callback that swallows it, and the page would run on.
    """
    asked: list[int] = []
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, lambda got, _: asked.append(got))
    while not asked:
        time.sleep(0.2)  # a signal ends the sleep's wait for its handler, not the sleep
    for number, handler in before.items():
        signal.signal(number, handler)
    return asked[0]


def uploads_of(server: Server) -> Path:
    """Where files that were sent lie."""
    return server.bench.store.root / "cache"
