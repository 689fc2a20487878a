"""Sessions by id, and the projects behind them: the one idle longest goes from memory first; what it keeps may stay on disk."""

from __future__ import annotations

import secrets
import shutil
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path

from assistant.errors import AssistantError
from demo.bench.sessions import Session
from demo.projects.project import Project
from demo.projects.shelf import Shelf

PREFIX = "anomaly-demo-"
"""Of the folder of a page that keeps nothing beyond its end."""
BRIEF_SECONDS = 3600.0
"""A brief session ends when it was idle for this long."""


class SessionError(AssistantError):
    """A session that is not there (any more)."""


class SessionStore:
    """Sessions by id, the one used last at the end.

    Args:
        max_sessions: more of pages, or more of programs, make the oldest of them go from memory.
        max_bytes: of all sessions together; above it the oldest go, never the one in use.
        root: folder of what is made to be seen or exported; a fresh temporary one when None. Goes with the store.
        projects: folder in which projects outlive the store; None keeps them below ``root``, and nothing stays.
        restore: makes a session of a project that was opened before.
    """

    def __init__(
        self,
        max_sessions: int,
        max_bytes: float = float("inf"),
        root: Path | None = None,
        projects: Path | None = None,
        restore: Callable[[Project, Path], Session] = Session,
    ) -> None:
        self._max_sessions, self._max_bytes = max_sessions, max_bytes
        self.root = root or Path(tempfile.mkdtemp(prefix=PREFIX))
        self.served = self.root / "cache"
        """What lies below it may be fetched by whoever knows its path."""
        self.stays = projects is not None
        self.shelf = Shelf(projects or self.root / "projects")
        self._restore = restore
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._lock = threading.RLock()

    def new(self, *, brief: bool = False, visitor: str = "", name: str = "") -> Session:
        """A session on an empty project.

        Args:
            brief: made by a program.
            visitor: secret of a browser, which finds the project again.
            name: of the project; numbered when empty.
        """
        with self._lock:
            project = self.shelf.new(visitor, name=name, brief=brief or not (visitor and self.stays))
            session = self._sessions[project.id] = Session(project, self._folder(), brief=brief)
            self._end_idle()
            self.trim(project.id)
            return session

    def get(self, name: object) -> Session:
        """The session of an id, which counts as used; one that went from memory is restored from its project.

        Raises:
            SessionError: none of this id; the id is not quoted.
        """
        with self._lock:
            session = self._sessions.get(name) if isinstance(name, str) else None
            if session is None:
                session = self._restored(name)
            self._sessions.move_to_end(session.id)
            session.used = time.monotonic()
            return session

    def free(self, name: object) -> None:
        """End a session; one that is not there is none to end. What a project keeps stays where it is to stay."""
        with self._lock:
            session = self._sessions.pop(name, None) if isinstance(name, str) else None
        if session is not None:
            empty = not (session.pictures or session.corrections) and session.rows.path is None
            session.free()
            if session.project.brief or empty:
                self.shelf.remove(session.id)

    def leave(self, name: object) -> None:
        """A page was closed: its session ends, unless it stays for the next visit, or for another page on the same project."""
        if not self.stays:
            self.free(name)

    def remove(self, name: str) -> None:
        """End a session and remove its project with every file."""
        self.free(name)
        self.shelf.remove(name)

    def trim(self, keep: str) -> None:
        """End the sessions idle longest until the caps hold; never the one named. Programs do not crowd out pages."""
        for name in [n for n in self._over() if n != keep]:
            self.free(name)

    def touch_waiting(self) -> None:
        """Keep uploads that wait to be looked at from being removed for their age."""
        with self._lock:
            drops = [drop for session in self._sessions.values() for drop in session.drops]
        for drop in drops:
            drop.touch()

    def sweep(self, days: float) -> int:
        """Remove projects that nobody used for so many days, and end what programs left; how many projects."""
        with self._lock:
            self._end_idle()
            return self.shelf.sweep(days, frozenset(self._sessions))

    def free_all(self) -> None:
        """End every session and remove what is not to stay."""
        for name in list(self._sessions):
            self.free(name)
        self.shelf.database.close()
        shutil.rmtree(self.root, ignore_errors=True)

    def __len__(self) -> int:
        return len(self._sessions)

    def _end_idle(self) -> None:
        oldest = time.monotonic() - BRIEF_SECONDS
        for idle in [s.id for s in self._sessions.values() if s.brief and s.used < oldest]:
            self.free(idle)

    def _folder(self) -> Path:
        folder = self.served / f"session-{secrets.token_hex(16)}"
        folder.mkdir(parents=True)
        return folder

    def _restored(self, name: object) -> Session:
        project = self.shelf.find(name) if isinstance(name, str) and self.stays else None
        if project is None:
            raise SessionError("a session of this server", "an id that is unknown or has ended", "reload the page")
        session = self._sessions[project.id] = self._restore(project, self._folder())
        project.use()
        self.trim(project.id)
        return session

    def _over(self) -> Iterator[str]:
        """Those that are too many, of pages and of programs each, or too large together, programs first."""
        with self._lock:
            every = [(one.id, one.brief, one.nbytes) for one in self._sessions.values()]
        left = {kind: sum(brief is kind for _, brief, _ in every) for kind in (True, False)}
        total = sum(size for *_, size in every)
        for name, brief, size in sorted(every, key=lambda one: not one[1]):  # else as they were used
            if left[brief] > self._max_sessions or total > self._max_bytes:
                left[brief], total = left[brief] - 1, total - size
                yield name
