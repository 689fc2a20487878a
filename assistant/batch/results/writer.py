"""The file of rows: kept through kills, never two rows for one source, never two runs at once.

Beside it lie ``files.jsonl``, what the files of the rows were, and ``aside.jsonl``, lines that were taken out: they were
edited, double, failures that are tried again, or tell of a picture that has changed. Where regions are to be grouped,
``embeddings.jsonl`` holds what they look like.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace
from itertools import count
from pathlib import Path
from types import TracebackType

import numpy as np
from filelock import FileLock, Timeout
from jaxtyping import Float32

from assistant.batch.inputs.item import Item, key_of, place_of
from assistant.batch.results.file_records import FileRecord, checked_row, files_path, read_records
from assistant.batch.results.line_file import LineFile
from assistant.batch.results.pictures import unwritable
from assistant.batch.results.region_embeddings import embeddings_line, embeddings_path
from assistant.batch.results.rows import Row, mark_of, parsed
from assistant.errors import ConfigError, StorageError
from assistant.report import to_line


class RowWriter:
    """Appends rows to a JSON-lines file that this process alone writes, from ``with`` on.

    Args:
        path: of the file.
        restart: begin anew.
        retry_failed: forget rows with ``error``, so that these pictures are inspected again.

    ``done`` holds keys of sources that have a row, and ``failed`` counts those with ``error``, both as found on entering;
    ``faults`` says which lines were taken out then and why; ``records`` holds what the files of those rows were.

    Raises:
        StorageError: on entering: another run holds the file, or the folder cannot be written.
    """

    def __init__(self, path: Path, *, restart: bool = False, retry_failed: bool = False) -> None:
        self.path = path
        self.aside = path.with_name(path.name.replace("results", "aside", 1))
        self.done: set[int] = set()
        self.weights: str | None = None
        self.failed = 0
        self.faults: list[str] = []
        self.records: dict[int, FileRecord] = {}
        self._places: dict[int, int] = {}
        self._restart, self._retry_failed = restart, retry_failed
        self._lock = FileLock(path.with_name(f".{path.name}.lock"))
        self._rows, self._files, self._embeddings = map(LineFile, (path, files_path(path), embeddings_path(path)))

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
            for file in (self._rows, self._files, self._embeddings):
                if self._restart:
                    file.path.unlink(missing_ok=True)
                if file is not self._embeddings or file.path.exists():
                    file.open()
            self._read()
        except OSError as error:
            self.__exit__(None, None, None)
            raise unwritable(error, self.path) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in (self._embeddings, self._files, self._rows):
            file.close()
        self._lock.release()

    def row_of(self, item: Item) -> int | None:
        """Key of the source whose row is that of a picture, however its path is spelled; None where it has none.

        A source that lay elsewhere when its row was written counts too: whether it is the same file its record tells.
        """
        found = self._places.get(item.key)
        own = key_of(item.name)
        return found if found is not None else own if own in self.done else None

    def write(
        self,
        row: Row,
        record: FileRecord | None = None,
        embeddings: Float32[np.ndarray, "regions width"] | None = None,
    ) -> bool:
        """Append a row and, before it, what its regions look like and the record of its file, unless its source has one.

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
        if embeddings is not None and len(embeddings):
            self._embeddings.append(embeddings_line(row["source"], embeddings))
        if record is not None:
            self._files.append(replace(record, row=mark_of(line)).line())
        self._rows.append(line)
        self.done.add(key)
        return True

    def renew(self, record: FileRecord) -> None:
        """Note that the file of a row is as it was, but written anew or elsewhere."""
        self._files.append(record.line())
        self._places[key_of(record.place)] = key_of(record.source)

    def take_out(self, keys: Set[int]) -> None:
        """Set rows aside, so that their pictures are inspected again.

        Raises:
            StorageError: the folder cannot be written.
        """
        numbers = set()
        with self.path.open("rb") as file:
            for number, line in enumerate(file, 1):
                row = parsed(line)
                if row is not None and key_of(row["source"]) in keys:
                    numbers.add(number)
                    self.failed -= row["error"] is not None
        try:
            self._set_aside(numbers)
        except OSError as error:
            raise unwritable(error, self.path) from error
        self.done -= keys
        self._places = {place: key for place, key in self._places.items() if key not in keys}
        self.weights = self.weights if self.done else None

    def _read(self) -> None:
        """What is done; lines that are no rows, double, edited or to be forgotten are taken out."""
        self.records = read_records(self._files.path)
        numbers = set()
        with self.path.open("rb") as file:
            for number, line in enumerate(file, 1):
                row, fault = checked_row(line, self.records)
                if row is not None and key_of(row["source"]) in self.done:
                    row, fault = None, "its source has a row above"
                if row is None:
                    self.faults.append(f"line {number} of {self.path}: {fault}")
                if row is None or (self._retry_failed and row["error"] is not None):
                    numbers.add(number)
                else:
                    self._take(row)
        self._set_aside(numbers)

    def _take(self, row: Row) -> None:
        key = key_of(row["source"])
        record = self.records.get(key)
        self.done.add(key)
        self._places[key_of(record.place if record is not None else place_of(row["source"]))] = key
        self.failed += row["error"] is not None
        self.weights = self.weights or row["weights"]

    def _set_aside(self, numbers: Set[int]) -> None:
        """Take lines out of the file by their numbers, from 1."""
        if not numbers:
            return
        number = count(1)
        with self.aside.open("ab", buffering=0) as aside:

            def kept(line: bytes) -> bool:
                out = next(number) in numbers
                if out:
                    aside.write(line)
                return not out

            self._rows.keep(kept)
