"""A folder inspected by the code of the command ``batch``, picture by picture between what people look at.

Rows are on disk as they are made; a run that was killed, or stopped, goes on where it was. Nothing of a picture stays in memory.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from assistant.batch import BatchOptions, BatchRun, Inputs, find_items
from assistant.errors import AssistantError
from assistant.request import Request
from assistant.rules.sentence import read_sentence
from demo.bench import keeping
from demo.engine import Engine
from demo.projects.project import Project
from demo.table.folder_rows import RUN

_LOG = logging.getLogger(__name__)
PAUSE = 0.02
"""Seconds between two pictures, for those who wait for the encoder."""
POLL = 3.0
"""Seconds between two looks for new files."""


@dataclass(frozen=True)
class Progress:
    """How far a run is.

    Args:
        state: ``waiting`` for the model, ``running``, ``watching`` for new files, ``stopped``, ``done`` or ``failed``.
        done: pictures with a row.
        total: pictures of the folder; None while they are counted.
        failed: rows with an error.
        error: why it failed.
    """

    state: str = "waiting"
    done: int = 0
    total: int | None = None
    failed: int = 0
    error: str = ""

    @property
    def going(self) -> bool:
        """Whether it works, or will."""
        return self.state in ("waiting", "running", "watching")


class FolderRun:
    """One run, in a thread of its own.

    Args:
        project: that keeps its rows, and whose document says what is to be done.
        engine: the assistant, which may still be loading.
        max_megapixels: larger pictures become rows with an error.
        watch: whether new files are waited for.
    """

    def __init__(self, project: Project, engine: Engine, max_megapixels: float, *, watch: bool = False) -> None:
        self.project, self._engine, self._watch = project, engine, watch
        self.told: dict[str, Any] = project.document(RUN, 0)
        self._megapixels = max_megapixels
        self.progress = Progress()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work, name="inspect-folder", daemon=True)

    def start(self) -> FolderRun:
        """Begin, or go on; returns itself."""
        self._note("going")
        self._thread.start()
        return self

    def stop(self, *, for_good: bool = True) -> None:
        """End after the picture in work; ``for_good`` it does not go on by itself when the page starts again."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(60)
        if for_good and self.progress.state != "done":
            self._note("stopped")

    def _work(self) -> None:
        try:
            assistant = self._engine.wait()
            options = self._options()
            seen: object = None
            while not self._over():
                looked = _state_of(options.inputs) if self._watch else None
                if seen is None or looked != seen:
                    self._inspect(BatchRun(options, assistant, tell=lambda told: _LOG.info("%s", told)))
                    seen = looked
                if not self._watch or self._over():
                    break
                self.progress = replace(self.progress, state="watching")
                self._ended.wait(POLL)
            state = "stopped" if self._ended.is_set() else "done"
            if state == "done":
                self._note(state)
            self.progress = replace(self.progress, state=state)
        except Exception as error:  # noqa: BLE001  the page says so, whatever it was
            known = isinstance(error, AssistantError)
            if not known:
                _LOG.exception("a folder could not be inspected", exc_info=error)
            text = str(error) if known else f"{type(error).__name__}; see the server's log"
            self.progress = replace(self.progress, state="failed", error=text)

    def _inspect(self, run: BatchRun) -> None:
        run.count()
        rows: Iterator[Any] = iter(run)
        try:
            while not self._over():
                with self._engine.looking:
                    row = next(rows, None)
                if row is None:
                    break
                self._tell(run)
                time.sleep(PAUSE)
            self._tell(run)
        finally:
            rows.close()  # type: ignore[attr-defined]

    def _over(self) -> bool:
        """Whether somebody stopped it, or its project is gone."""
        if not self.project.folder.is_dir():
            self._ended.set()
        return self._ended.is_set()

    def _tell(self, run: BatchRun) -> None:
        self.progress = Progress("running", run.skipped + run.written, run.total, run.failed)

    def _options(self) -> BatchOptions:
        told, out = self.told, self.project.folder / self.told["out"]
        profile, examples = (str(out / name) if told[key] else None for key, name in FILES.items())
        request = Request(
            keeping.inquiry_of(told["inquiry"]), profile=profile, max_megapixels=self._megapixels, kind_examples=examples,
            rule=read_sentence(told["rule"]) if told["rule"] else None,
        )  # fmt: skip
        return BatchOptions(Inputs((told["folder"],)), out, request, preset="the page's")

    def _note(self, state: str) -> None:
        """On disk, what is to become of it; nothing where its project is gone."""
        if (now := self.project.document(RUN, 0)) is not None and now["out"] == self.told["out"]:
            self.project.put(RUN, 0, {**now, "state": state})


FILES = {"profile": "profile.safetensors", "examples": "examples.safetensors"}
"""What a run is compared with, beside its rows."""


def _state_of(inputs: Inputs) -> tuple[int, int, int]:
    """Tells a folder from itself with other files: how many, their bytes, the latest change."""
    count = size = latest = 0
    for item in find_items(inputs):
        try:
            state = Path(item.source.partition("::")[0]).stat()
        except OSError:
            continue
        count, size, latest = count + 1, size + state.st_size, max(latest, state.st_mtime_ns)
    return count, size, latest
