"""A file of lines that one process appends to, a line a ``write``: a killed process leaves at most one torn last line."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from assistant.batch.results.pictures import unwritable

_BLOCK = 2**16


class LineFile:
    """See above; a torn last line is taken away by :meth:`open`.

    Methods but :meth:`append` raise OSError where the folder cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = -1
        self._size = 0

    def open(self) -> None:
        """Begin to append; the file is made where there is none."""
        self._file = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o666)
        self._size = os.fstat(self._file).st_size
        if whole := self._whole():
            os.ftruncate(self._file, self._size - whole)
            self._size -= whole

    def _whole(self) -> int:
        """Bytes behind the last end of a line."""
        torn = 0
        while torn < self._size:
            start = max(0, self._size - torn - _BLOCK)
            block = os.pread(self._file, self._size - torn - start, start)
            end = block.rfind(b"\n")
            if end >= 0:
                return torn + len(block) - end - 1
            torn += len(block)
        return torn

    def append(self, line: bytes) -> None:
        """Add one line, whole or not at all; opens the file where it is not open.

        Raises:
            StorageError: no room: the file ends with the line before.
        """
        try:
            if self._file < 0:
                self.open()
            left = memoryview(line)
            while left:
                left = left[os.write(self._file, left) :]
        except OSError as error:
            if self._file >= 0:
                os.ftruncate(self._file, self._size)
            raise unwritable(error, self.path) from error
        self._size += len(line)

    def keep(self, kept: Callable[[bytes], bool]) -> None:
        """Replace the file at once by those of its lines that are to be kept."""
        part = self.path.with_name(f".{self.path.name}.part")
        with part.open("wb") as target, self.path.open("rb") as file:
            target.writelines(line for line in file if kept(line))
        self.close()
        part.replace(self.path)
        self.open()

    def close(self) -> None:
        """Stop appending; harmless where nothing is open."""
        if self._file >= 0:
            try:
                os.fsync(self._file)
            except OSError:  # every line was handed over already; what is on disk stays
                pass
            finally:
                os.close(self._file)
                self._file = -1
