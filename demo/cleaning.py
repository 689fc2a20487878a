"""What a page leaves on disk is removed: uploads by age, projects by age, and at the next start what a killed page left."""

from __future__ import annotations

import logging
import shutil
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from assistant.errors import AssistantError
from demo.bench.session_store import PREFIX, SessionStore

_LOG = logging.getLogger(__name__)
EVERY = 60.0
"""Seconds between two looks."""
BROKEN_OFF, UPLOAD = 600.0, 3600.0
"""Seconds after which an upload that broke off, and one that came whole, is removed."""


class Cleaner:
    """Cleans while a page is open.

    Args:
        store: of sessions.
        keep_days: projects that nobody used for so long are removed.
    """

    def __init__(self, store: SessionStore, keep_days: float) -> None:
        self._store, self._days = store, keep_days
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._work, name="clean", daemon=True)
        self._lock = FileLock(store.root / "open.lock")
        self._lock.acquire(timeout=0)

    def start(self) -> Cleaner:
        """Remove what earlier pages left, and begin; returns itself."""
        sweep_roots(Path(tempfile.gettempdir()), self._store.root)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Clean no more."""
        self._done.set()
        self._lock.release()

    def clean(self) -> None:
        """Remove what is old enough."""
        self._store.touch_waiting()
        sweep_uploads(self._store.served)
        self._store.sweep(self._days)

    def _work(self) -> None:
        while True:
            try:
                self.clean()
            except (AssistantError, OSError):
                _LOG.warning("old files could not be removed", exc_info=True)
            if self._done.wait(EVERY):
                return


def sweep_uploads(cache: Path, now: float | None = None) -> int:
    """Remove old uploads; how many files.

    Args:
        cache: where they lie, each in a folder of its own; what belongs to a session goes with it.
        now: seconds since 1970; the clock's when None.
    """
    now, gone = time.time() if now is None else now, 0
    for path in list(cache.iterdir()) if cache.is_dir() else []:
        with suppress(OSError):
            if path.is_dir() and not path.name.startswith("session-"):
                if all(now - one.stat().st_mtime > UPLOAD for one in path.rglob("*") if one.is_file()):
                    gone += sum(one.is_file() for one in path.rglob("*"))
                    shutil.rmtree(path, ignore_errors=True)
            elif path.is_file() and now - path.stat().st_mtime > BROKEN_OFF:
                path.unlink(missing_ok=True)
                gone += 1
    return gone


def sweep_roots(folder: Path, own: Path) -> int:
    """Remove folders of pages that were killed: nobody holds their lock; how many.

    Args:
        folder: that they lie in.
        own: of the page that is open now.
    """
    gone = 0
    for root in folder.glob(f"{PREFIX}*"):
        lock = root / "open.lock"
        if root == own or not lock.is_file():
            continue
        with suppress(Timeout, OSError), FileLock(lock, timeout=0):
            shutil.rmtree(root, ignore_errors=True)
            gone += 1
    return gone
