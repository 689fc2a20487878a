"""The file of rows: appended whole, kept through kills, never two rows for one source, never two runs at once.

A row is one ``write`` of one line to a file opened for appending, so a killed process leaves whole lines and at most one
torn last one, which the next run takes away.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from filelock import FileLock, Timeout

from assistant.batch.inputs.item import key_of
from assistant.batch.results.pictures import unwritable
from assistant.errors import ConfigError, StorageError
from assistant.report import to_line

Row = dict[str, Any]


class RowWriter:
    """Appends rows to a JSON-lines file that this process alone writes, from ``with`` on.

    Args:
        path: of the file.
        restart: begin anew.
        retry_failed: forget rows with ``error``, so that these pictures are inspected again.

    ``done`` holds keys of sources that have a row, ``failed`` counts rows with ``error`` that were there on entering.

    Raises:
        StorageError: on entering: another run holds the file, or the folder cannot be written.
    """

    def __init__(self, path: Path, *, restart: bool = False, retry_failed: bool = False) -> None:
        self.path = path
        self.done: set[int] = set()
        self.weights: str | None = None
        self.failed = 0
        self._restart, self._retry_failed = restart, retry_failed
        self._lock = FileLock(path.with_name(f".{path.name}.lock"))
        self._file = -1
        self._size = 0

    def __enter__(self) -> RowWriter:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(timeout=0)
        except Timeout:
            do = "wait for it, or give another --out"
            raise StorageError("a folder that no other run writes to", f"{self.path} in use", do) from None
        except OSError as error:
            raise unwritable(error, self.path) from error
        try:
            if self._restart:
                self.path.unlink(missing_ok=True)
            self._read()
            self._file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
            self._size = os.fstat(self._file).st_size
        except OSError as error:
            self._lock.release()
            raise unwritable(error, self.path) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            os.fsync(self._file)
        except OSError:  # every row was handed over already; what is on disk stays
            pass
        finally:
            os.close(self._file)
            self._lock.release()

    def write(self, row: Row) -> bool:
        """Append a row, unless its source has one.

        Raises:
            StorageError: no room: the file ends with the row before.
            ConfigError: rows so far were made with other weights.
        """
        key = key_of(row["source"])
        if key in self.done:
            return False
        if row["weights"] is not None:
            if self.weights is not None and row["weights"] != self.weights:
                do = "give --restart, another --out, or the weights of before"
                raise ConfigError(f"weights {self.weights[:19]}, as the rows in {self.path}", row["weights"][:19], do)
            self.weights = row["weights"]
        line = (to_line(row) + "\n").encode()
        try:
            left = memoryview(line)
            while left:
                left = left[os.write(self._file, left) :]
        except OSError as error:
            os.ftruncate(self._file, self._size)
            raise unwritable(error, self.path) from error
        self._size += len(line)
        self.done.add(key)
        return True

    def _read(self) -> None:
        """What is done; damaged and double lines are taken out."""
        if not self.path.exists():
            return
        damaged = False
        with self.path.open("rb") as file:
            for line in file:
                row = parsed(line)
                damaged = damaged or row is None or not self._keep(row)
        if not damaged:
            return
        self.done.clear()
        self.failed = 0
        part = self.path.with_name(f".{self.path.name}.part")
        with part.open("wb") as kept, self.path.open("rb") as file:
            for line in file:
                row = parsed(line)
                if row is not None and self._keep(row):
                    kept.write(line)
        os.replace(part, self.path)

    def _keep(self, row: Row) -> bool:
        """Whether a row stays; the first of two and no failed one that is to be tried again."""
        key = key_of(row["source"])
        if key in self.done or (self._retry_failed and row["error"] is not None):
            return False
        self.done.add(key)
        self.failed += row["error"] is not None
        self.weights = self.weights or row["weights"]
        return True


def parsed(line: bytes) -> Row | None:
    """A whole row, or None for a torn or damaged line."""
    if not line.endswith(b"\n"):
        return None
    try:
        row = json.loads(line)
    except ValueError:
        return None
    whole = isinstance(row, dict) and isinstance(row.get("source"), str) and {"error", "weights"} <= row.keys()
    return row if whole else None


def read_rows(path: Path) -> Iterator[Row]:
    """Whole rows of a file, one at a time."""
    with path.open("rb") as file:
        for line in file:
            if (row := parsed(line)) is not None:
                yield row
