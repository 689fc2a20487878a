"""The runs of a server: one a project, begun by a person, gone on with where the server was killed."""

from __future__ import annotations

import hashlib
import json
import threading
from pathlib import Path

from assistant.errors import AssistantError
from demo.bench import keeping
from demo.bench.judging import asked, kind_examples
from demo.bench.sessions import Session
from demo.bench.workbench import Workbench
from demo.projects.project import Project
from demo.table.folder_rows import RUN, FolderRows
from demo.whole.allowed import Allowed, FolderError
from demo.whole.folder_run import FILES, FolderRun, Progress


class Runs:
    """Folders that are being inspected.

    Args:
        bench: operations.
        allowed: the operator's folder; None allows none.
        watch: whether new files are waited for.
    """

    def __init__(self, bench: Workbench, allowed: Allowed | None, *, watch: bool = False) -> None:
        self.bench, self.allowed, self._watch = bench, allowed, watch
        self._runs: dict[str, FolderRun] = {}
        self._lock = threading.RLock()

    def begin(self, session: Session, named: object) -> FolderRun:
        """Inspect a folder by the setup in use; one that was inspected so before goes on where it was.

        Raises:
            AssistantError: a folder that is not allowed, or references that cannot be used.
        """
        if self.allowed is None:
            raise FolderError("a folder that the operator allows", "none", "start the page with --folder DIR")
        folder = self.allowed.folder(named)
        with self._lock:
            self.stop(session.id)
            self._write(session, folder)
            session.rows = FolderRows(session.project)
            session.project.use()
            return self._start(session.project)

    def progress(self, id: str) -> Progress | None:
        """How far the run of a project is; None where none was begun since the server started."""
        run = self._runs.get(id)
        return None if run is None else run.progress

    def stop(self, id: str) -> None:
        """End the run of a project; its rows stay."""
        with self._lock:
            run = self._runs.pop(id, None)
            if run is not None:
                run.stop()

    def go_on(self) -> int:
        """Begin again what was going when the server ended; how many."""
        count = 0
        for id, told in self.bench.store.shelf.documents(RUN):
            if (
                told.get("state") == "going"
                and self.allowed is not None
                and (project := self.bench.store.shelf.find(id))
            ):
                try:
                    self.allowed.folder(told["folder"])
                except AssistantError:
                    continue  # it is told where somebody begins it
                self._start(project)
                count += 1
        return count

    def close(self) -> None:
        """End every run; they go on when the server starts again."""
        with self._lock:
            for run in self._runs.values():
                run.stop(for_good=False)
            self._runs.clear()

    def _start(self, project: Project) -> FolderRun:
        with self._lock:
            run = FolderRun(project, self.bench.engine, self.bench.settings.max_megapixels, watch=self._watch)
            self._runs[project.id] = run.start()
            return run

    def _write(self, session: Session, folder: Path) -> None:
        """What is to be done, on disk; the same folder by the same setup is the same run."""
        setup, assistant = session.setup, self.bench.engine.wait(timeout=600)
        with self.bench.engine.looking:
            profile = self.bench.profile(assistant, setup)
        examples = kind_examples(assistant, setup)
        inquiry = keeping.inquiry_as_json(asked(setup))
        project, made = session.project, {"profile": profile, "examples": examples}
        begun = project.folder / "runs" / ".begun"
        begun.mkdir(parents=True, exist_ok=True)
        for key, name in FILES.items():
            (begun / name).unlink(missing_ok=True)
            if (value := made[key]) is not None:
                value.save(begun / name)
        parts = [json.dumps([str(folder), inquiry, setup.rule_text, assistant.weights]).encode()]
        parts += [(begun / name).read_bytes() if made[key] is not None else b"" for key, name in FILES.items()]
        out = f"runs/{hashlib.blake2b(b'|'.join(parts), digest_size=8).hexdigest()}"
        (project.folder / out).mkdir(exist_ok=True)
        for file in begun.iterdir():
            file.replace(project.folder / out / file.name)
        begun.rmdir()
        told = {
            "folder": str(folder), "out": out, "inquiry": inquiry, "rule": setup.rule_text, "state": "going",
            "references": 0 if profile is None else profile.summary()["references"],
            **{key: value is not None for key, value in made.items()},
        }  # fmt: skip
        project.put(RUN, 0, told)
