"""Rows and pictures -> parquet shards, the same bytes for the same rows.

Rows lie in small groups, so that one sample can be read without its shard; those of one product lie in one group, which holds
each of the references that they share once. Pictures are left as they were encoded, texts are compressed.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from assistant.pictures.shards import COLUMNS, LISTS, PLACES, SUFFIX
from assistant.samples.rows import ORDER, Record, Row, features, order_of, record_of
from assistant.samples.sets import DATA

GROUP = 8
"""Rows that are read together; more where a product has more."""


def shard_path(folder: Path, split: str, number: int) -> Path:
    """File of the n-th shard (from 0) of a split of a set.

    >>> shard_path(Path("set"), "train", 3).as_posix()
    'set/data/train-00003.parquet'
    """
    return folder / DATA / f"{split}-{number:05d}{SUFFIX}"


def write_shard(path: Path, rows: Sequence[Row], read: Callable[[str], bytes]) -> Row:
    """Write a shard that is either whole or absent, also when the program is killed.

    Args:
        path: of the file.
        rows: of one split, in order; the rows of a product one after another.
        read: name of a picture file -> its bytes.

    Returns:
        What a manifest says of it: ``file`` (from the set's folder), ``split``, ``rows``, ``bytes``, ``sha256``.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = features().arrow_schema
    schema = schema.with_metadata({**schema.metadata, ORDER: json.dumps(order_of(rows)).encode()})
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".part-{path.name}")
    shared = [f"{name}.list.element.bytes" for name in LISTS] if any("product" in row for row in rows) else []
    places: dict[str, tuple[int, int]] = {}
    with part.open("w+b") as file:
        with pq.ParquetWriter(file, schema, **_layout(schema, shared)) as writer:
            for group in groups(rows):
                start = file.tell()
                records = [record_of(row, read) for row in group]
                writer.write_table(pa.Table.from_pylist(records, schema=schema))
                places = _places(file, start, records) | places
            told = {"end": file.tell(), "pictures": places}
            writer.add_key_value_metadata({PLACES.decode(): json.dumps(told)})
        file.flush()
        os.fsync(file.fileno())
        file.seek(0)
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    size = part.stat().st_size
    part.replace(path)
    name = f"{path.parent.name}/{path.name}"
    return {"file": name, "split": rows[0]["split"], "rows": len(rows), "bytes": size, "sha256": digest}


def _places(file: Any, start: int, records: Sequence[Record]) -> dict[str, tuple[int, int]]:
    """First byte and length of every picture of a group in the file, which holds it as it is, behind its length.

    Args:
        file: at the end of the group.
        start: first byte of the group.
        records: of the group.
    """
    end = file.tell()
    file.seek(start)
    written, at = file.read(end - start), 0
    file.seek(end)
    found: dict[str, tuple[int, int]] = {}
    for column in (*COLUMNS, *LISTS):
        for one in (one for record in records for one in (record[column] if column in LISTS else [record[column]])):
            if one["path"] in found:
                continue
            data: bytes = one["bytes"]
            head = len(data).to_bytes(4, "little") + data[:64]
            near = written.find(head, at)
            while near >= 0 and written[near + 4 : near + 4 + len(data)] != data:
                near = written.find(head, near + 1)
            if near >= 0:
                at = near + 4 + len(data)
                found[one["path"]] = (start + near + 4, len(data))
    return found


def _layout(schema: Any, shared: list[str]) -> dict[str, Any]:
    """How columns lie in a file; those of ``shared`` hold equal values of a group once."""
    leaves = ["image", "mask", *(f"{name}.list.element" for name in LISTS)]
    plain = {f"{leaf}.bytes": "none" for leaf in leaves}
    others = [name for name in schema.names if name not in ("image", "mask", *LISTS)]
    texts = {**dict.fromkeys(others, "zstd"), **{f"{leaf}.path": "zstd" for leaf in leaves}}
    return {
        "compression": plain | texts, "use_dictionary": shared, "dictionary_pagesize_limit": 2**30,
        "write_statistics": ["index"],
    }  # fmt: skip


def groups(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Rows in groups of :data:`GROUP` or a little more: none ends within a product."""
    group: list[Row] = []
    for row in rows:
        if len(group) >= GROUP and not same_product(group[-1], row):
            yield group
            group = []
        group.append(row)
    if group:
        yield group


def same_product(first: Row, second: Row) -> bool:
    """Whether two rows share their references.

    >>> same_product({"product": 3}, {"product": 3}), same_product({}, {})
    (True, False)
    """
    return first.get("product") is not None and first.get("product") == second.get("product")
