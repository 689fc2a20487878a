"""Rows of a folder's run -> lines, as they are written: a file that grows is read on from where it ended. Holds no pictures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from assistant.batch.inputs.item import key_of
from assistant.batch.results.rows import parsed
from assistant.report import RESULTS
from assistant.types import Mode, Severity
from demo.projects.project import Project
from demo.table.lines import Line

RUN, LABEL = "run", "label"
"""Kinds of documents: the run of a project, and how pictures of a folder are marked."""


class FolderRows:
    """The rows of the run of a project; none where there is no run.

    Args:
        project: that the run belongs to.
    """

    def __init__(self, project: Project) -> None:
        self._project = project
        told = project.document(RUN, 0)
        self.root = "" if told is None else str(told["folder"])
        """Folder whose pictures they are, absolute."""
        self.path = None if told is None else project.folder / told["out"] / RESULTS
        self._read = (-1, 0)
        self._lines: dict[str, Line] = {}
        self._sources: dict[str, str] = {}
        self._at: dict[str, int] = {}
        labels = {} if told is None else project.documents(LABEL)
        self._good: dict[int, bool] = {key: label["good"] for key, label in labels.items()}

    def lines(self) -> list[Line]:
        """A line a row, in the order written; the last row of a source counts."""
        self._read_on()
        return list(self._lines.values())

    def line(self, id: str) -> Line | None:
        """The line of an id; None where there is none."""
        return self._lines.get(id)

    def source(self, id: str) -> str:
        """Path, with a selector, of the picture of a line.

        Raises:
            LookupError: no such line.
        """
        return self._sources[id]

    @property
    def count(self) -> int:
        """How many lines."""
        self._read_on()
        return len(self._lines)

    def row(self, id: str) -> dict[str, Any] | None:
        """All that was written of a line; None where it is gone."""
        try:
            assert self.path is not None, "a line is of a file"
            with self.path.open("rb") as file:
                file.seek(self._at[id])
                return parsed(file.readline())
        except (OSError, LookupError):
            return None

    def mark(self, id: str, good: bool | None) -> None:
        """A person says what a picture is, or takes it back; on disk when this returns.

        Raises:
            LookupError: no such line.
        """
        line, key = self._lines[id], _key(self._sources[id])
        if good is None:
            self._project.drop(LABEL, key)
            self._good.pop(key, None)
        else:
            self._project.put(LABEL, key, {"source": line.name, "good": good})
            self._good[key] = good
        self._lines[id] = replace(line, good=good)

    def _read_on(self) -> None:
        try:
            state = None if self.path is None else self.path.stat()
        except OSError:
            state = None
        inode, at = self._read
        if state is None or state.st_ino != inode or state.st_size < at:
            self._lines.clear()
            self._sources.clear()
            self._at.clear()
            self._read = (-1 if state is None else state.st_ino, 0)
        if state is None or self.path is None or state.st_size == self._read[1]:
            return
        with self.path.open("rb") as file:
            file.seek(self._read[1])
            for line in file:
                if not line.endswith(b"\n"):
                    break  # being written
                begins = self._read[1]
                self._read = (state.st_ino, begins + len(line))
                if (row := parsed(line)) is not None:
                    self._take(row)
                    self._at[id_of(row["source"])] = begins

    def _take(self, row: dict[str, Any]) -> None:
        source = row["source"]
        id, worst = id_of(source), (row["regions"] or [None])[0]
        self._sources[id] = source
        self._lines[id] = Line(
            id, self._shown(source), row["image_score"], place=", ".join(worst["cells"]) if worst else "",
            kind=(worst["type"] or "unknown") if worst else "", regions=len(row["regions"] or ()),
            found_at=row["threshold"] or 0.5, good=self._good.get(_key(source)),
            error=(row["error"] or "").replace(f"{self.root}/", ""), in_folder=True,
            severity=max((one["severity"] for one in row["regions"] or ()), key=list(Severity).index, default=""),
            warnings=tuple(row.get("warnings") or ()), compared=row.get("mode") == Mode.FEW_SHOT,
        )  # fmt: skip

    def _shown(self, source: str) -> str:
        return source[len(self.root) :].lstrip("/\\") if source.startswith(self.root) else Path(source).name


def id_of(source: str) -> str:
    """The line of a source."""
    return f"f{key_of(source):x}"


def _key(source: str) -> int:
    """Number of its documents; SQLite takes 63 bits."""
    return key_of(source) >> 1
