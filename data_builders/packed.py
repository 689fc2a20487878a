"""A data set of files <-> one of parquet shards; rows and pictures stay the same, and their hashes are checked on the way."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from assistant.errors import DataSetError
from assistant.samples.packing import same_product, shard_path, write_shard
from assistant.samples.rows import Row
from assistant.samples.sets import PENDING, TABLE, Sample, SampleSet, open_set
from data_builders.files import sha256, write_atomic
from data_builders.labelled import require_empty
from data_builders.stores import SHARD_ROWS
from data_builders.writer import row_line


def to_shards(source: Path, target: Path, size: int = SHARD_ROWS) -> Row:
    """Pack a data set.

    Args:
        source: data set.
        target: empty or absent folder.
        size: rows of a shard, or a little more.

    Returns:
        The manifest.

    Raises:
        DataSetError: no data set, a folder that is not empty, or a picture that is not the one its row tells of.
    """
    data = open_set(source)
    require_empty(target)
    shards = []
    with _unfinished(target):
        for split in sorted({str(row["split"]) for row in data.rows()}):
            for number, samples in enumerate(_chunks(data, split, size)):
                read = _reader({name: one for one in samples for name in _hashes(one.row)})
                shards.append(write_shard(shard_path(target, split, number), [dict(one.row) for one in samples], read))
        return _write_manifest(data, target, "shards", shards)


def from_shards(source: Path, target: Path) -> Row:
    """Unpack a data set into a file a picture beside ``metadata.jsonl``.

    Args:
        source: data set.
        target: empty or absent folder.

    Returns:
        The manifest.

    Raises:
        DataSetError: no data set, a folder that is not empty, or a picture that is not the one its row tells of.
    """
    data = open_set(source)
    require_empty(target)
    written, lines = set[str](), []
    for sample in data:
        read = _reader(dict.fromkeys(_hashes(sample.row), sample))
        for name in _hashes(sample.row):
            if name not in written:
                write_atomic(target / name, read(name))
                written.add(name)
        lines.append(row_line(dict(sample.row)))
    write_atomic(target / TABLE, b"".join(lines))
    return _write_manifest(data, target, "files", None)


def _chunks(data: SampleSet, split: str, size: int) -> Iterator[list[Sample]]:
    """Samples of a split, so many of them or until a product ends."""
    chunk: list[Sample] = []
    for sample in data:
        if sample.row["split"] != split:
            continue
        if len(chunk) >= size and not same_product(dict(chunk[-1].row), dict(sample.row)):
            yield chunk
            chunk = []
        chunk.append(sample)
    if chunk:
        yield chunk


def _hashes(row: Any) -> dict[str, str | None]:
    """Names of the pictures of a row, with the SHA-256 that it states; None where it states none."""
    names = row.get("reference_file_names") or []
    stated = row.get("reference_sha256") or [None] * len(names)
    own = {row["image_file_name"]: row.get("image_sha256"), row["mask_file_name"]: row.get("mask_sha256")}
    return own | dict(zip(names, stated, strict=True))


def _reader(samples: dict[str, Sample]) -> Callable[[str], bytes]:
    """What reads a picture of samples by name, and checks its hash."""

    def read(name: str) -> bytes:
        sample = samples[name]
        try:
            data = sample.read(name)
        except OSError as error:
            got = f"none at {name} ({error.strerror})"
            raise DataSetError("every picture of the rows", got, "build the set again") from None
        stated = _hashes(sample.row)[name]
        if stated is not None and sha256(data) != stated:
            raise DataSetError(f"the picture {name} that its row tells of", "another one", "build the set again")
        return data

    return read


@contextmanager
def _unfinished(target: Path) -> Iterator[None]:
    """Let a folder of shards be refused by readers until all are there."""
    (target / PENDING).mkdir(parents=True)
    yield
    (target / PENDING).rmdir()


def _write_manifest(data: SampleSet, target: Path, form: str, shards: list[Row] | None) -> Row:
    """The manifest of the source, with what has changed."""
    path = data.folder / "manifest.json"
    try:
        manifest: Row = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataSetError("a data set with manifest.json", f"{path} ({error})", "let its build finish") from None
    manifest.pop("shards", None)
    if isinstance(manifest.get("config"), dict):
        manifest["config"]["format"] = form
    if shards is not None:
        manifest["shards"] = shards
    write_atomic(target / "manifest.json", json.dumps(manifest, indent=1).encode() + b"\n")
    return manifest
