"""One project: documents by kind and number, and a folder of files. What the documents say is their writers' business."""

from __future__ import annotations

import json
import secrets
import shutil
import time
from pathlib import Path
from typing import Any

from demo.projects.database import Database, ProjectError


class Project:
    """A project that is open.

    Args:
        database: that holds its documents.
        id: opaque; who knows it may use the project.
        folder: of its files.
        brief: made by a program, and gone with the server.
    """

    def __init__(self, database: Database, id: str, folder: Path, brief: bool = False) -> None:
        self._database = database
        self.id, self.folder, self.brief = id, folder, brief
        self.files = folder / "files"
        """Pictures and masks, as they came."""
        self.files.mkdir(parents=True, exist_ok=True)

    @property
    def name(self) -> str:
        """As the person called it; empty where nobody is told of it."""
        found = self._database.rows("SELECT name FROM project WHERE id = ? AND brief = 0", (self.id,))
        return str(found[0][0]) if found else ""

    def put(self, kind: str, key: int, value: Any) -> None:
        """Write a document, in place of what it said before."""
        told = json.dumps(value, ensure_ascii=False)
        self._database.change(
            "INSERT INTO document VALUES (?, ?, ?, ?) ON CONFLICT (project, kind, key) DO UPDATE SET value = excluded.value",
            (self.id, kind, key, told),
        )

    def add(self, kind: str, value: Any) -> int:
        """Write a document of a number that is free; the number."""
        with self._database.alone:
            found = self._database.rows(
                "SELECT coalesce(max(key), -1) + 1 FROM document WHERE project = ? AND kind = ?", (self.id, kind)
            )
            key = int(found[0][0])
            self.put(kind, key, value)
            return key

    def drop(self, kind: str, key: int) -> None:
        """Remove a document; one that is not there is none to remove."""
        self._database.change("DELETE FROM document WHERE project = ? AND kind = ? AND key = ?", (self.id, kind, key))

    def documents(self, kind: str) -> dict[int, Any]:
        """Documents of a kind by number, in the order of their numbers."""
        found = self._database.rows(
            "SELECT key, value FROM document WHERE project = ? AND kind = ? ORDER BY key", (self.id, kind)
        )
        return {int(key): json.loads(value) for key, value in found}

    def document(self, kind: str, key: int) -> Any:
        """One document; None where there is none."""
        found = self._database.rows(
            "SELECT value FROM document WHERE project = ? AND kind = ? AND key = ?", (self.id, kind, key)
        )
        return json.loads(found[0][0]) if found else None

    def use(self) -> None:
        """Note that somebody works with it."""
        self._database.change("UPDATE project SET used = ? WHERE id = ?", (time.time(), self.id))

    def keep_file(self, source: Path | bytes, name: str) -> str:
        """Copy a file or bytes into the project, whole or not at all; the name it has there.

        Args:
            source: file, or what it is to hold.
            name: plain, to be recognised by.

        Raises:
            ProjectError: no room for it.
        """
        kept = f"{secrets.token_hex(6)}-{name}"
        partial = self.files / f"{kept}.partial"
        try:
            if isinstance(source, bytes):
                partial.write_bytes(source)
            else:
                shutil.copyfile(source, partial)
            partial.replace(self.files / kept)
        except OSError as error:
            partial.unlink(missing_ok=True)
            got = f"{name} could not be written ({error.strerror})"
            raise ProjectError("room for the files of a project", got, "look at the disk of the server") from error
        return kept

    def file(self, name: str) -> Path:
        """A file of the project."""
        return self.files / Path(name).name

    @property
    def nbytes(self) -> int:
        """Bytes of its files."""
        return sum(path.stat().st_size for path in self.files.iterdir())

    def sweep(self, used: set[str]) -> int:
        """Remove files that no document names; how many."""
        loose = [path for path in self.files.iterdir() if path.name not in used]
        for path in loose:
            path.unlink(missing_ok=True)
        return len(loose)
