"""A data set on disk in either form -> its samples by number; pictures are read and decoded when they are asked for."""

from __future__ import annotations

import heapq
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import UInt8

from assistant.errors import DataSetError
from assistant.pictures.images import load_image
from assistant.pictures.shards import SUFFIX, Shard, member_bytes, open_shard, within
from assistant.samples.masks import mask_values
from assistant.samples.rows import Row, order_in, row_of, told
from assistant.types import Domain, QueryImage

Form = Literal["files", "shards"]
TABLE, DATA, PENDING = "metadata.jsonl", "data", "pending"
"""The rows of a set of files; the folder of shards; what a build has not packed yet."""
MOST_KEPT = 64
"""Shards whose rows a set keeps in memory."""


@dataclass(frozen=True, eq=False)
class Sample:
    """One sample; whatever is asked of it is read then.

    Args:
        row: of the contract, the same in both forms.
        read: name of a picture of the row -> bytes of its file.
        locate: that name -> what :func:`~assistant.pictures.images.load_image` takes.
    """

    row: Mapping[str, Any]
    read: Callable[[str], bytes]
    locate: Callable[[str], Path]

    @property
    def image(self) -> Path:
        """Where the picture is."""
        return self.locate(self.row["image_file_name"])

    @property
    def mask(self) -> Path:
        """Where the mask is."""
        return self.locate(self.row["mask_file_name"])

    @property
    def references(self) -> tuple[Path, ...]:
        """Where the references are."""
        return tuple(self.locate(name) for name in self.row.get("reference_file_names") or ())

    def picture(self) -> QueryImage:
        """The picture, decoded."""
        return self._decoded(self.row["image_file_name"])

    def reference_pictures(self, most: int | None = None) -> list[QueryImage]:
        """The references, decoded; the first ``most`` of them."""
        return [self._decoded(name) for name in (self.row.get("reference_file_names") or ())[:most]]

    def mask_values(self) -> UInt8[np.ndarray, "height width"]:
        """Values of the mask: 0 is normal, the n-th defect (from 0) has ``255 - n``; a normal picture's is not read."""
        name, height, width = self.row["mask_file_name"], self.row.get("height"), self.row.get("width")
        if not self.row["defects"] and self.row.get("verdict") == "normal" and height and width:
            return np.zeros((int(height), int(width)), np.uint8)
        return mask_values(self.read(name), str(self.locate(name)))

    def _decoded(self, name: str) -> QueryImage:
        domain = self.row.get("domain")
        image = load_image(self.read(name), domain=None if domain is None else Domain(domain))
        return replace(image, source=str(self.locate(name)))


class SampleSet(ABC):
    """Samples of a set by number, from 0, in the order of their indices.

    Args:
        folder: of the set.
        form: a file a picture, or parquet shards.
        indices: of the samples, ascending.
    """

    def __init__(self, folder: Path, form: Form, indices: np.ndarray) -> None:
        self.folder, self.form, self._indices = folder, form, indices

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def __getitem__(self, number: int) -> Sample: ...

    @abstractmethod
    def rows(self) -> Iterator[Row]:
        """Every row in order; memory does not grow with their number."""

    @abstractmethod
    def pieces(self, split: str | None, size: int) -> list[np.ndarray]:
        """Indices of the samples of a split (all when None) in pieces that are read together: shards, or ``size`` rows each."""

    def of_index(self, index: int) -> Sample:
        """The sample of an index, which its row states.

        Raises:
            DataSetError: none has it.
        """
        at = int(np.searchsorted(self._indices, index))
        if at == len(self) or self._indices[at] != index:
            raise DataSetError(f"a sample with index {index}", f"none in {self.folder}", "read the set anew")
        return self[at]

    def __iter__(self) -> Iterator[Sample]:
        return (self[number] for number in range(len(self)))

    def shuffled(self, seed: int, epoch: int = 0, rank: int = 0, world: int = 1, done: int = 0) -> Iterator[Sample]:
        """Every sample once in random order.

        Args:
            seed: of the order.
            epoch: another order a pass.
            rank: which process this is; each sample goes to one of them.
            world: processes.
            done: samples of this process to leave out, where a pass was stopped.
        """
        order = np.random.default_rng([seed, epoch]).permutation(len(self))
        return (self[int(number)] for number in order[rank::world][done:])


class _Files(SampleSet):
    """Pictures beside their table."""

    def __init__(self, folder: Path) -> None:
        with (folder / TABLE).open("rb") as file:
            rows = [_parsed(line, number, folder) for number, line in enumerate(file, 1)]
        indices = np.array([row.get("index", number) for number, row in enumerate(rows)], np.int64)
        order = np.argsort(indices, kind="stable")
        self._rows = [rows[number] for number in order]
        super().__init__(folder, "files", indices[order])

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, number: int) -> Sample:
        return Sample(self._rows[number], self._read, self.folder.__truediv__)

    def rows(self) -> Iterator[Row]:
        """Every row by index."""
        return iter(self._rows)

    def pieces(self, split: str | None, size: int) -> list[np.ndarray]:
        """So many rows each."""
        found = self._indices[[split in (None, row["split"]) for row in self._rows]]
        return [found[at : at + size] for at in range(0, len(found), size)]

    def _read(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()


def _parsed(line: bytes, number: int, folder: Path) -> Row:
    """A line of a table as a row."""
    got = f"line {number} of {folder / TABLE}"
    try:
        row = json.loads(line)
    except ValueError as error:
        raise DataSetError("JSON on each line", f"{got} ({error})", "resume or restart the build") from None
    if not isinstance(row, dict):
        raise DataSetError("a row of the data set contract", f"{got} (no object)", "build the data set again")
    return row


class _Shards(SampleSet):
    """Rows of parquet files, merged by index."""

    def __init__(self, folder: Path, files: list[Path]) -> None:
        self.files = files
        self._kept: dict[Path, list[Row]] = {}
        indices = [_opened(file).rows(["index"])["index"].to_numpy() for file in files]
        places = [np.stack([of, np.full(len(of), n), np.arange(len(of))], 1) for n, of in enumerate(indices)]
        every = np.concatenate(places)
        self._places = every[np.argsort(every[:, 0], kind="stable")]
        super().__init__(folder, "shards", self._places[:, 0])
        if len(np.unique(every[:, 0])) < len(every):
            raise DataSetError("each sample in one shard", f"some in two in {folder}", "build or convert the set again")

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, number: int) -> Sample:
        _, file, row = (int(value) for value in self._places[number])
        path = self.files[file]
        return _sample_of(self._rows_of(path)[row], path)

    def __iter__(self) -> Iterator[Sample]:
        by_split = groupby(self.files, split_of)
        merged = heapq.merge(*[self._of(list(files)) for _, files in by_split], key=itemgetter(0))
        return (sample for _, sample in merged)

    def rows(self) -> Iterator[Row]:
        """Every row by index, those of one shard of each split in memory at a time."""
        return (dict(sample.row) for sample in self)

    def pieces(self, split: str | None, size: int) -> list[np.ndarray]:
        """A shard each."""
        wanted = [n for n, path in enumerate(self.files) if split in (None, split_of(path))]
        by_file = self._places[np.argsort(self._places[:, 1], kind="stable")]
        ends = np.searchsorted(by_file[:, 1], np.arange(len(self.files) + 1))
        return [by_file[ends[n] : ends[n + 1], 0] for n in wanted]

    def _of(self, files: Sequence[Path]) -> Iterator[tuple[int, Sample]]:
        return ((row["index"], _sample_of(row, path)) for path in files for row in rows_of(path))

    def _rows_of(self, path: Path) -> list[Row]:
        """Rows of a shard; those of the last :data:`MOST_KEPT` shards are kept."""
        rows = self._kept.pop(path, None) or list(rows_of(path))
        self._kept[path] = rows
        while len(self._kept) > MOST_KEPT:
            del self._kept[next(iter(self._kept))]
        return rows


def rows_of(path: Path) -> Iterator[Row]:
    """Rows of one shard in its order.

    Raises:
        DataSetError: no parquet, or one of something else.
    """
    shard = _opened(path)
    order = order_in(shard.schema)
    return (row_of(record, order) for record in shard.rows(told()).to_pylist())


def _sample_of(row: Row, path: Path) -> Sample:
    return Sample(row, partial(member_bytes, path), partial(within, path))


def _opened(path: Path) -> Shard:
    """A shard with the columns that a set needs."""
    try:
        shard = open_shard(path)
    except (OSError, ValueError) as error:
        got = f"{path} ({str(error).splitlines()[0][:80]})"
        raise DataSetError("a whole parquet shard", got, "build or convert the set again") from None
    missing = {"index", "image", "mask", "references", "defects"} - set(shard.schema.names)
    if missing:
        got = f"none of {', '.join(sorted(missing))} in {path}"
        raise DataSetError("the columns of the data set contract", got, "convert a set with `convert to-shards`")
    return shard


def split_of(path: Path) -> str:
    """Split that a shard belongs to, by its name.

    >>> split_of(Path("data/train-00003.parquet"))
    'train'
    """
    return path.name.rpartition("-")[0]


def shards_of(folder: Path) -> list[Path]:
    """Shards of a set, split by split, in order; none where it holds none."""
    return sorted((folder / DATA).glob(f"*-*{SUFFIX}"), key=lambda path: (split_of(path), path.name))


def open_set(folder: Path) -> SampleSet:
    """A data set, in whichever form.

    Raises:
        DataSetError: no data set, a build that is not finished, or a damaged table or shard.
    """
    if (folder / TABLE).is_file():
        return _Files(folder)
    if (folder / PENDING).is_dir():
        raise DataSetError("a whole data set", f"a build that was stopped in {folder}", "run the same build again")
    if files := shards_of(folder):
        return _Shards(folder, files)
    raise DataSetError(
        f"a data set with {TABLE} or shards in {DATA}/", str(folder), "build one with python -m data_builders.build"
    )
