"""Pictures inside the parquet shards of data sets: ``train-00000.parquet::picture=images/0000/0000017.jpg``.

A shard holds the bytes of whole picture files in columns of the form that ``datasets`` gives its pictures: ``{bytes, path}``, or
a list of them. They are found by ``path``. The shards that this project writes say beside their schema where in the file each
picture lies, as it is: it is read from there, as fast as from a file of its own. In others the group of rows around it is read,
and the last group of each column kept. Decodes nothing.
"""

from __future__ import annotations

import json
import mmap
import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from assistant.errors import ImageError

SUFFIX = ".parquet"
PICTURE = "picture"
"""Key of the selector."""
COLUMNS = ("image", "mask")
"""Columns of single pictures."""
LISTS = ("references",)
"""Columns of lists of pictures."""
PLACES = b"anomaly-assistant/places"
"""Key beside the schema: where pictures lie, as JSON: ``end``, the byte behind the last row, and ``pictures``, name -> first byte
and length. A file that was written anew by another program, with what stood beside the schema, ends elsewhere."""
MOST_OPEN = 256
"""Shards that a process keeps open."""


class Shard:
    """One parquet file of samples, opened once; safe for threads.

    Args:
        path: of the file.

    Raises:
        OSError, ValueError: no such file, or no parquet (pyarrow's errors are of these kinds).
    """

    def __init__(self, path: Path) -> None:
        import pyarrow.parquet as pq

        self.path = path
        self._lock = threading.Lock()
        with path.open("rb") as file:
            self._bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self._file = pq.ParquetFile(path, memory_map=True)
        self._schema = self._file.schema_arrow
        self._places = _places_in(self._file.metadata)
        self._kept: dict[str, tuple[int, Any]] = {}
        self._names: dict[str, tuple[str, int, int]] | None = None

    def picture(self, name: str) -> bytes:
        """Bytes of the picture file of this name.

        Raises:
            KeyError: none of it.
        """
        if (place := self._places.get(name)) is not None:
            return self._bytes[place[0] : place[0] + place[1]]
        column, row, number = self._found()[name]
        cell = self._cell(column, row)
        return bytes((cell[number] if column in LISTS else cell)["bytes"].as_py())

    def __contains__(self, name: str) -> bool:
        return name in self._places or name in self._found()

    def _found(self) -> dict[str, tuple[str, int, int]]:
        """Column, row and place in the list of every picture, by its name; of one that stands several times the first."""
        if self._names is None:
            paths = [f"{name}.path" for name in COLUMNS] + [f"{name}.list.element.path" for name in LISTS]
            table = self.rows(paths)
            found: dict[str, tuple[str, int, int]] = {}
            for column in (*LISTS, *COLUMNS):
                for row, value in enumerate(table[column].to_pylist()):
                    for number, one in enumerate((value or ()) if column in LISTS else [value]):
                        found.setdefault(str(one["path"]), (column, row, number))
            self._names = found
        return self._names

    def _cell(self, column: str, row: int) -> Any:
        """One value, as a scalar of pyarrow."""
        group, metadata = 0, self._file.metadata
        while row >= (size := metadata.row_group(group).num_rows):
            group, row = group + 1, row - size
        with self._lock:
            held, table = self._kept.get(column, (-1, None))
            if held != group:
                table = self._file.read_row_group(group, columns=[column], use_threads=False)
                self._kept[column] = (group, table)
        return table[column][row]

    def rows(self, columns: Sequence[str]) -> Any:
        """The whole shard as a table of pyarrow, some columns of it."""
        with self._lock:
            return self._file.read(columns=list(columns), use_threads=False)

    @property
    def schema(self) -> Any:
        """Columns, with what the writer noted beside them."""
        return self._schema


def _places_in(metadata: Any) -> dict[str, tuple[int, int]]:
    """The places that a shard states, those within its rows; none where it states none of this file."""
    end = end_of_rows(metadata)
    try:
        stated = json.loads((metadata.metadata or {})[PLACES])
        if stated["end"] != end:
            return {}
        places = {str(name): (int(first), int(length)) for name, (first, length) in stated["pictures"].items()}
    except (KeyError, ValueError, TypeError, AttributeError):
        return {}
    return {name: at for name, at in places.items() if 0 <= at[0] <= sum(at) <= end}


def end_of_rows(metadata: Any) -> int:
    """The byte behind the last row of a parquet file, by pyarrow's metadata of it; 0 for a file without rows."""
    ends = [0]
    for group in range(metadata.num_row_groups):
        rows = metadata.row_group(group)
        for number in range(rows.num_columns):
            column = rows.column(number)
            first = column.dictionary_page_offset if column.has_dictionary_page else column.data_page_offset
            ends.append(first + column.total_compressed_size)
    return max(ends)


_open: OrderedDict[str, tuple[tuple[int, int, int], Shard]] = OrderedDict()
_opening = threading.Lock()


def open_shard(path: Path) -> Shard:
    """A shard, opened anew only where the file has changed.

    Raises:
        OSError, ValueError: no such file, or no parquet.
    """
    name, status = str(path), path.stat()
    now = (status.st_mtime_ns, status.st_size, status.st_ino)
    with _opening:
        held = _open.pop(name, None)
        shard = held[1] if held is not None and held[0] == now else Shard(path)
        _open[name] = (now, shard)
        while len(_open) > MOST_OPEN:
            _open.popitem(last=False)
    return shard


def within(shard: Path, name: str) -> Path:
    """What a picture in a shard is called wherever the library takes a path.

    >>> str(within(Path("set/data/train-00000.parquet"), "images/0000/0000017.jpg"))
    'set/data/train-00000.parquet::picture=images/0000/0000017.jpg'
    """
    return Path(f"{shard}::{PICTURE}={name}")


def split_member(source: str | Path) -> tuple[Path, str] | None:
    """Shard and name of a picture in one; None for every other source.

    >>> split_member("a.parquet::picture=images/7.jpg"), split_member("b.tif::frame=2")
    ((PosixPath('a.parquet'), 'images/7.jpg'), None)
    """
    shard, mark, name = str(source).partition(f"{SUFFIX}::{PICTURE}=")
    return (Path(shard + SUFFIX), name) if mark else None


def member_bytes(shard: Path, name: str) -> bytes:
    """Bytes of the picture file of a name in a shard.

    Raises:
        ImageError: no such shard or picture.
    """
    try:
        return open_shard(shard).picture(name)
    except KeyError:
        raise ImageError("the name of a picture in the shard", f"{name!a}, not in {shard}", "check the name") from None
    except (OSError, ValueError) as error:
        got = f"{shard} ({str(error).splitlines()[0][:80]})"
        raise ImageError("a parquet shard of a data set", got, "check the path, or build the set again") from None


def picture_bytes(source: Path) -> bytes:
    """Bytes of a picture file, on its own or in a shard.

    Raises:
        ImageError: no such shard or picture in it.
        OSError: a file of its own that cannot be read.
    """
    member = split_member(source)
    return source.read_bytes() if member is None else member_bytes(*member)


def is_there(source: Path) -> bool:
    """Whether there is such a picture file, on its own or in a shard; nothing of it is read."""
    member = split_member(source)
    if member is None:
        return source.is_file()
    try:
        return member[1] in open_shard(member[0])
    except (OSError, ValueError):
        return False
