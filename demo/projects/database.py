"""The SQLite file of all projects: two tables, each change written through, so that a process may be killed at any time."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from assistant.errors import AssistantError

NAME = "projects.sqlite"
VERSION = 1
"""Of the tables; another one is refused."""
_TABLES = """
CREATE TABLE IF NOT EXISTS project (
    id TEXT PRIMARY KEY, visitor TEXT NOT NULL, name TEXT NOT NULL, folder TEXT NOT NULL, brief INTEGER NOT NULL,
    used REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS document (
    project TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE, kind TEXT NOT NULL, key INTEGER NOT NULL,
    value TEXT NOT NULL, PRIMARY KEY (project, kind, key)
);
CREATE INDEX IF NOT EXISTS project_of_visitor ON project (visitor);
"""


class ProjectError(AssistantError):
    """Projects that cannot be kept or found."""


class Database:
    """An open file of projects; several threads may use it.

    Args:
        folder: that holds it; made where it is missing.

    Raises:
        ProjectError: a folder that cannot be written, or a file of another version.
    """

    def __init__(self, folder: Path) -> None:
        self.alone = threading.RLock()
        """Held by who reads and writes in one piece."""
        do = "name another folder with --projects"
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._open = sqlite3.connect(folder / NAME, check_same_thread=False, isolation_level=None, timeout=20)
            version = int(self._open.execute("PRAGMA user_version").fetchone()[0])
            if version not in (0, VERSION):
                raise ProjectError(f"projects of version {VERSION}", f"version {version} in {folder.name}", do)
            self._open.execute("PRAGMA journal_mode = WAL")
            self._open.execute("PRAGMA synchronous = NORMAL")
            self._open.execute("PRAGMA foreign_keys = ON")
            self._open.executescript(_TABLES)
            self._open.execute(f"PRAGMA user_version = {VERSION}")
        except (OSError, sqlite3.Error) as error:
            raise ProjectError("a folder for projects", f"{folder.name} ({error})", do) from error

    def change(self, statement: str, values: Iterable[Any] = ()) -> None:
        """Run a statement; it is on disk when this returns.

        Raises:
            ProjectError: a full disk, or a file that is locked or gone.
        """
        self.rows(statement, values)

    def rows(self, statement: str, values: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
        """What a statement finds.

        Raises:
            ProjectError: as :meth:`change`.
        """
        try:
            with self.alone:
                return self._open.execute(statement, tuple(values)).fetchall()
        except sqlite3.Error as error:
            raise ProjectError("a project that can be written", str(error), "look at the disk of the server") from error

    def close(self) -> None:
        """Close the file; twice is once."""
        with self.alone:
            self._open.close()
