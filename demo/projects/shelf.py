"""All projects of a server: made, found by their id, listed for the visitor whose they are, renamed, removed."""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.projects.database import Database, ProjectError
from demo.projects.project import Project

UNNAMED = "Project"
LONGEST_NAME = 60
DAY = 86_400.0


@dataclass(frozen=True)
class Line:
    """A project in a list.

    Args:
        id: opaque.
        name: as the person called it.
        pictures: how many it holds.
        used: when it was used last, seconds since 1970.
    """

    id: str
    name: str
    pictures: int
    used: float


class Shelf:
    """Projects in a folder.

    Args:
        root: holds the SQLite file and a folder a project.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.database = Database(root)

    def new(self, visitor: str = "", *, name: str = "", brief: bool = False) -> Project:
        """An empty project.

        Args:
            visitor: secret that a browser keeps; whoever has it finds the project again. Only its hash is stored.
            name: numbered when empty.
            brief: gone with the server.
        """
        id, folder = secrets.token_urlsafe(24), f"project-{secrets.token_hex(8)}"
        name = clean_name(name) or f"{UNNAMED} {len(self.of(visitor)) + 1}"
        values = (id, hashed(visitor), name, folder, int(brief), time.time())
        self.database.change("INSERT INTO project VALUES (?, ?, ?, ?, ?, ?)", values)
        return Project(self.database, id, self.root / folder, brief)

    def find(self, id: str) -> Project | None:
        """The project of an id; None where there is none."""
        found = self.database.rows("SELECT folder, brief FROM project WHERE id = ?", (id,))
        return Project(self.database, id, self.root / found[0][0], bool(found[0][1])) if found else None

    def of(self, visitor: str) -> list[Line]:
        """Projects of a visitor, the one used last first; none without a secret."""
        if not visitor:
            return []
        found = self.database.rows(
            "SELECT id, name, (SELECT count(*) FROM document WHERE project = id AND kind = 'picture'), used FROM project "
            "WHERE visitor = ? AND brief = 0 ORDER BY used DESC, rowid DESC",
            (hashed(visitor),),
        )
        return [Line(*row) for row in found]

    def require(self, visitor: str, id: str) -> Line:
        """A project of a visitor.

        Raises:
            ProjectError: it is somebody else's, or gone.
        """
        found = next((line for line in self.of(visitor) if line.id == id), None)
        if found is None:
            raise ProjectError("a project of yours", "none of this name (any more)", "choose one of the list")
        return found

    def rename(self, visitor: str, id: str, name: str) -> None:
        """Call a project otherwise.

        Raises:
            ProjectError: no name, or a project of somebody else.
        """
        self.require(visitor, id)
        if not (told := clean_name(name)):
            raise ProjectError("a name", "an empty one", "type a few letters")
        self.database.change("UPDATE project SET name = ? WHERE id = ?", (told, id))

    def documents(self, kind: str) -> list[tuple[str, Any]]:
        """Projects with their first document of a kind; those without one are left out."""
        found = self.database.rows("SELECT project, value FROM document WHERE kind = ? AND key = 0", (kind,))
        return [(id, json.loads(value)) for id, value in found]

    def remove(self, id: str) -> None:
        """Remove a project with all that it holds; one that is not there is none to remove."""
        found = self.database.rows("SELECT folder FROM project WHERE id = ?", (id,))
        self.database.change("DELETE FROM project WHERE id = ?", (id,))
        for (folder,) in found:
            shutil.rmtree(self.root / folder, ignore_errors=True)

    def sweep(self, days: float, keep: frozenset[str] = frozenset()) -> int:
        """Remove brief projects, empty ones, those not used for so long, and folders that belong to none; how many.

        Args:
            days: age of what is removed, since it was used last.
            keep: projects that are in use.
        """
        found = self.database.rows(
            "SELECT id FROM project WHERE brief = 1 OR used < ? OR NOT EXISTS "
            "(SELECT 1 FROM document WHERE project = id AND kind IN ('picture', 'correction', 'run'))",
            (time.time() - days * DAY,),
        )
        gone = [id for (id,) in found if id not in keep]
        for id in gone:
            self.remove(id)
        known = {folder for (folder,) in self.database.rows("SELECT folder FROM project")}
        for path in self.root.glob("project-*"):
            if path.name not in known:
                shutil.rmtree(path, ignore_errors=True)
        return len(gone)


def hashed(visitor: str) -> str:
    """What is stored of a visitor's secret; empty for nobody."""
    return hashlib.sha256(visitor.encode()).hexdigest() if visitor else ""


def clean_name(name: str) -> str:
    r"""A name as it is kept: one line, without control characters, not too long.

    >>> clean_name("  Lids,\n line 3 ")
    'Lids, line 3'
    """
    return " ".join("".join(c if c.isprintable() else " " for c in str(name)).split())[:LONGEST_NAME]
