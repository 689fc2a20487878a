"""A row of the data set contract <-> a record of a parquet shard, and the columns that ``datasets`` reads there.

Both forms of a set say the same: a row holds names and hashes of its pictures, a record their bytes too. What the contract does
not know is kept as JSON text in the column ``more``; the order of a row's keys stands beside the schema, so that a set that was
packed and unpacked is the same to the byte.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

Row = dict[str, Any]
Record = dict[str, Any]

ORDER = b"anomaly-assistant/order"
"""Key beside the schema of a shard: the keys of its rows in their order, as a JSON list."""
_NAMES = {"image": "image_file_name", "mask": "mask_file_name", "references": "reference_file_names"}
_TEXTS = ("split", "object_name", "family", "kind", "domain", "verdict", "image_sha256", "mask_sha256")
_NUMBERS = ("index", "product", "height", "width", "seed")
_DEFECT = (
    "type",
    "family",
    "box",
    "area_fraction",
    "cells",
    "severity",
    "contrast",
    "mask_value",
    "seed",
    "parameters",
)


@cache
def features() -> Any:
    """Columns of a shard as ``datasets.Features``."""
    from datasets import Features, Image, List, Value

    text, number, share = Value("string"), Value("int64"), Value("float64")
    defect = dict.fromkeys(("type", "family", "severity", "parameters"), text)
    defect |= {"box": List(number), "cells": List(text), "mask_value": number, "seed": number}
    defect |= {"area_fraction": share, "contrast": share}
    columns = {"index": number, "image": Image(), "mask": Image(), "references": List(Image())}
    columns |= dict.fromkeys(_NUMBERS, number) | dict.fromkeys(_TEXTS, text)
    columns |= {"references_aligned": Value("bool"), "reference_sha256": List(text)}
    columns |= {"defects": List({name: defect[name] for name in _DEFECT})}
    columns |= {"conversations": List(List({"role": text, "content": text})), "more": text}
    return Features(columns)


@cache
def undecoded() -> Any:
    """The same columns with pictures left as bytes: all pixels go through the library's one decoder."""
    from datasets import Features, Image, List

    plain = Image(decode=False)
    return Features(dict(features()) | {"image": plain, "mask": plain, "references": List(plain)})


def columns() -> list[str]:
    """Names of the columns."""
    return list(features())


def told() -> list[str]:
    """Names of what :func:`row_of` needs: every column, of pictures their names alone."""
    plain = [name for name in columns() if name not in _NAMES]
    return [*plain, "image.path", "mask.path", "references.list.element.path"]


def record_of(row: Mapping[str, Any], read: Callable[[str], bytes]) -> Record:
    """The record of a row.

    Args:
        row: of ``metadata.jsonl``.
        read: name of a picture file -> its bytes.
    """
    known = {*_TEXTS, *_NUMBERS, "references_aligned", "reference_sha256", "defects", "conversations"}
    record: Record = {name: row.get(name) for name in known}
    for column in ("image", "mask"):
        name = row[_NAMES[column]]
        record[column] = {"bytes": read(name), "path": name}
    record["references"] = [{"bytes": read(name), "path": name} for name in row.get("reference_file_names") or ()]
    others = {key: value for key, value in row.items() if key not in known and key not in _NAMES.values()}
    odd = [one for one in row.get("defects") or () if set(one) - set(_DEFECT)]
    if odd:
        others["defects"], record["defects"] = row["defects"], [{k: d.get(k) for k in _DEFECT} for d in row["defects"]]
    record["more"] = json.dumps(others, ensure_ascii=False) if others else None
    return record


def row_of(record: Mapping[str, Any], order: Sequence[str]) -> Row:
    """The row of a record, without nulls.

    Args:
        record: its columns but the bytes of pictures.
        order: of the keys.
    """
    row: Row = {name: value for name, value in record.items() if value is not None and name not in _NAMES}
    row |= json.loads(row.pop("more", None) or "{}")
    row["defects"] = [{k: v for k, v in defect.items() if v is not None} for defect in row.get("defects") or ()]
    row["image_file_name"], row["mask_file_name"] = record["image"]["path"], record["mask"]["path"]
    row["reference_file_names"] = [one["path"] for one in record["references"] or ()]
    return {key: row[key] for key in order if key in row} | {key: row[key] for key in row if key not in order}


def order_of(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """The keys of rows, each after those that it follows in the first row that has it.

    >>> order_of([{"index": 0, "split": "train"}, {"index": 1, "product": 0, "split": "train"}])
    ['index', 'product', 'split']
    """
    order: list[str] = []
    for row in rows:
        before = -1
        for key in row:
            if key in order:
                before = order.index(key)
            else:
                order.insert(before := before + 1, key)
    return order


def order_in(schema: Any) -> list[str]:
    """The order that a shard states beside its schema; none in shards that others wrote."""
    order: list[str] = json.loads((schema.metadata or {}).get(ORDER, b"[]"))
    return order
