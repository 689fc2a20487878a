"""Pictures that somebody has labelled already -> a data set: MVTec and VisA folders, and conversations on pictures."""

from __future__ import annotations

import csv
import json
import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from scipy import ndimage

from assistant.errors import AssistantError, DataSetError
from assistant.geometry import mask_box, mask_cells
from assistant.vocabulary.severity import severity_of
from data_builders.files import decode, encode_mask, list_pictures, read_mask, sha256, write_atomic
from data_builders.types import Mask, Pixels
from data_builders.writer import SCHEMA, Row

SURE_PEAK = 0.9
"""Peak score assumed for the severity of annotated defects, whose contrast nobody stated."""
LEAST_PIXELS = 4
"""Smaller components of an annotated mask are specks of the annotation."""
VALIDATION_EVERY = 4
"""Of the pictures that are learned from, one in so many validates."""
REFERENCES = 4
"""Normal pictures of the split ``train`` named as references of each row that has none of its own."""


@dataclass(frozen=True)
class Labelled:
    """A picture with what is known of it.

    Args:
        path: picture file.
        kind: of its defects in plain words; None for a normal picture.
        mask: file, non-zero where it is defective; None where nothing is marked.
        split: ``train`` pictures without defects are references of the others.
        conversations: ``{role, content}`` in turn, one list a conversation.
        references: normal pictures of its own; those of the split ``train`` when empty.
    """

    path: Path
    kind: str | None
    mask: Path | None
    split: str
    conversations: tuple[list[dict[str, str]], ...] = ()
    references: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Description:
    """What every row of a data set says, and where it comes from.

    Args:
        object_name: plain words.
        family: of things, for example the name of an MVTec category.
        domain: industrial or medical.
        layout: that it was converted from, for the manifest.
    """

    object_name: str
    family: str
    domain: str
    layout: str


def from_mvtec(
    source: Path, target: Path, object_name: str | None = None, domain: str = "industrial", learn: float = 0.0, seed: int = 0
) -> Row:  # fmt: skip
    """Read one MVTec category into a data set; pictures are copied byte for byte.

    Args:
        source: folder with ``train/good``, ``test/<type>`` and ``ground_truth/<type>``.
        target: empty or absent folder.
        object_name: plain words; the folder's name when None.
        domain: industrial or medical.
        learn: share of the test pictures of each kind to learn from, [0, 1], drawn by ``seed``; the rest stays ``test``.
        seed: of that draw.

    Returns:
        The manifest. Each connected component of a mask becomes a defect; its type is the folder's name in plain words.

    Raises:
        DataSetError: no ``train/good``, an anomalous picture without mask, or a mask of another size.
    """
    good = source / "train" / "good"
    if not good.is_dir():
        raise DataSetError("an MVTec category with train/good", str(source), "give the folder of one category")
    items = [Labelled(path, None, None, "train") for path in list_pictures(good)]
    for folder in sorted(p for p in (source / "test").glob("*") if p.is_dir()):
        kind = None if folder.name == "good" else folder.name.replace("_", " ")
        items += [Labelled(p, kind, _mvtec_mask(source, p) if kind else None, "test") for p in list_pictures(folder)]
    name = object_name or source.name.replace("_", " ")
    return write_labelled(_learned(items, learn, seed), target, Description(name, source.name, domain, "mvtec"))


def _mvtec_mask(source: Path, path: Path) -> Path:
    kind = path.parent.name
    found = [source / "ground_truth" / kind / f"{path.stem}{end}.png" for end in ("_mask", "")]
    return next((p for p in found if p.is_file()), found[0])


def from_visa(
    source: Path, target: Path, category: str, object_name: str | None = None, learn: float = 0.0, seed: int = 0
) -> Row:
    """Read one category of a VisA folder (Zou et al. 2022) into a data set; pictures are copied byte for byte.

    Args:
        source: folder with ``split_csv/1cls.csv`` (object, split, label, image, mask; paths from the folder). Where the
            category has an ``image_anno.csv``, the first label of a picture there is the type of its defects.
        target: empty or absent folder.
        category: for example ``candle``.
        object_name: plain words; the folder's name when None.
        learn: share of the test pictures of each kind to learn from, [0, 1].
        seed: of that draw.

    Returns:
        The manifest.

    Raises:
        DataSetError: no such table or category, an anomalous picture without mask, or a mask of another size.
    """
    rows = [row for row in _table(source / "split_csv" / "1cls.csv") if row.get("object") == category]
    if not rows:
        raise DataSetError(
            f"rows of the object {category}", f"none in {source / 'split_csv' / '1cls.csv'}", "see its names"
        )
    told = source / category / "image_anno.csv"
    kinds = {row["image"]: row["label"].split(",")[0].strip() for row in _table(told)} if told.is_file() else {}
    items = []
    for row in rows:
        kind = None if row["label"] == "normal" else kinds.get(row["image"]) or "anomaly"
        items.append(Labelled(source / row["image"], kind, source / row["mask"] if kind else None, row["split"]))
    name = object_name or re.sub(r"\d+$", "", category).replace("_", " ")
    return write_labelled(_learned(items, learn, seed), target, Description(name, category, "industrial", "visa"))


def _table(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return [{key: value or "" for key, value in row.items() if key} for row in csv.DictReader(file)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataSetError(f"a readable table {path.name}", str(error), "give the folder that holds it") from error


def from_messages(source: Path, target: Path, object_name: str = "", domain: str = "industrial") -> Row:
    """Read conversations on pictures into a data set of the split ``words``, which the localizer does not learn from.

    Args:
        source: JSON lines, or a JSON array, of ``messages`` (role, content) with ``images``, or of LLaVA's ``conversations``
            (from, value) with ``image``; paths from the file's folder. Further pictures of a row are references.
        target: empty or absent folder.
        object_name: plain words; not told when empty.
        domain: industrial or medical.

    Returns:
        The manifest; rows of the same pictures become one with several conversations.

    Raises:
        DataSetError: a row without a picture or without turns of user and assistant in alternation.
    """
    by_pictures: dict[tuple[Path, ...], list[list[dict[str, str]]]] = {}
    for number, row in enumerate(_rows(source), 1):
        pictures = row.get("images") or ([row["image"]] if row.get("image") else [])
        turns = _turns(row)
        if not pictures or not turns:
            wanted = "messages that alternate user and assistant, and images"
            raise DataSetError(wanted, f"row {number} of {source.name}", "mend or remove the row")
        by_pictures.setdefault(tuple(source.parent / str(p) for p in pictures), []).append(turns)
    items = [
        Labelled(first, None, None, "words", tuple(talks), references=tuple(others))
        for (first, *others), talks in by_pictures.items()
    ]
    return write_labelled(items, target, Description(object_name, source.stem, domain, "messages"))


def _rows(source: Path) -> Iterator[dict[str, Any]]:
    try:
        text = source.read_text(encoding="utf-8")
        rows = (
            json.loads(text)
            if text.lstrip().startswith("[")
            else [json.loads(t) for t in text.splitlines() if t.strip()]
        )
    except (OSError, ValueError) as error:
        raise DataSetError("JSON lines or a JSON array", f"{source} ({error})", "mend the file") from error
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            raise DataSetError("a JSON object a row", f"row {number} of {source.name}", "mend the file")
        yield row


def _turns(row: dict[str, Any]) -> list[dict[str, str]]:
    """Turns of user and assistant in alternation, markers of pictures left out; empty for anything else."""
    names = {"human": "user", "user": "user", "gpt": "assistant", "assistant": "assistant"}
    found: list[dict[str, str]] = []
    for turn in row.get("messages") or row.get("conversations") or ():
        role, said = turn.get("role", turn.get("from")), turn.get("content", turn.get("value"))
        if role == "system":
            continue
        if isinstance(said, list):
            said = "\n".join(str(part.get("text", "")) for part in said if part.get("type") == "text")
        text = re.sub(r"\s*<image>\s*", " ", str(said or "")).strip()
        if role not in names or not text or names[role] != ("user", "assistant")[len(found) % 2]:
            return []
        found.append({"role": names[role], "content": text})
    return found if len(found) % 2 == 0 else []


def _learned(items: Sequence[Labelled], learn: float, seed: int) -> list[Labelled]:
    """The same with a share of the test pictures of each kind to learn from; one in four that are learned from validates."""
    if not 0 <= learn <= 1:
        raise DataSetError("a share of pictures from 0 to 1", f"{learn:g}", "give for example 0.5")
    if learn == 0:
        return list(items)
    made = []
    for (split, kind), group in groupby(sorted(items, key=_group), _group):
        members = list(group)
        random.Random(f"{seed}/{kind}").shuffle(members)
        most = len(members) if split == "train" else round(learn * len(members))
        for number, item in enumerate(members):
            part = (
                "test"
                if number >= most
                else "validation"
                if number % VALIDATION_EVERY == VALIDATION_EVERY - 1
                else "train"
            )
            made.append(Labelled(item.path, item.kind, item.mask, part))
    return made


def _group(item: Labelled) -> tuple[str, str]:
    return item.split, item.kind or ""


def write_labelled(items: Iterable[Labelled], target: Path, description: Description) -> Row:
    """Write a data set of labelled pictures, copied byte for byte.

    Args:
        items: in the order of the rows.
        target: empty or absent folder.
        description: of every row.

    Returns:
        The manifest.

    Raises:
        DataSetError: a folder that is not empty, an unreadable picture, or a mask that is absent or of another size.
    """
    require_empty(target)
    items = list(items)
    rows = [_row(index, item, target) for index, item in enumerate(items)]
    normals = [r["image_file_name"] for r in rows if r["split"] == "train" and r["verdict"] == "normal"]
    for item, row in zip(items, rows, strict=True):
        others = [n for n in normals if n != row["image_file_name"]][:REFERENCES]
        row |= {"reference_file_names": _own_references(item, row["index"], target) or others}
        row |= {"object_name": description.object_name, "family": description.family, "domain": description.domain}
    table = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    write_atomic(target / "metadata.jsonl", table)
    manifest: Row = {
        "schema": SCHEMA, "complete": True, "converted_from": description.layout, "rows": len(rows),
        "counts": {key: dict(Counter(row[key] for row in rows)) for key in ("split", "verdict")},
        "rows_sha256": sha256(table),
    }  # fmt: skip
    write_atomic(target / "manifest.json", json.dumps(manifest, indent=1).encode() + b"\n")
    return manifest


def _own_references(item: Labelled, index: int, target: Path) -> list[str]:
    names = [f"references/{index:07d}_{n:02d}{path.suffix.lower()}" for n, path in enumerate(item.references)]
    for name, path in zip(names, item.references, strict=True):
        write_atomic(target / name, _picture(path)[0])
    return names


def _picture(path: Path) -> tuple[bytes, Pixels]:
    """A picture's bytes and its pixels."""
    try:
        data = path.read_bytes()
        return data, decode(data, str(path))
    except (OSError, AssistantError) as error:
        raise DataSetError(
            "a readable picture", f"{path} ({str(error).splitlines()[0]})", "add it or remove its row"
        ) from error


def _row(index: int, item: Labelled, target: Path) -> Row:
    data, pixels = _picture(item.path)
    shape = pixels.shape[:2]
    mask = np.zeros(shape, bool)
    if item.mask is not None:
        if not item.mask.is_file():
            raise DataSetError(f"a mask {item.mask}", "no such file", "add it or remove the picture")
        mask = read_mask(item.mask) > 0
        if mask.shape != shape:
            got = f"{mask.shape} in {item.mask}"
            raise DataSetError(f"a mask of {shape} pixels (height, width)", got, "correct the mask")
    image, drawn = f"images/{index:07d}{item.path.suffix.lower()}", f"masks/{index:07d}.png"
    values, defects = _components(mask, item.kind or "")
    packed = encode_mask(values)
    write_atomic(target / image, data)
    write_atomic(target / drawn, packed)
    return {
        "index": index, "image_file_name": image, "mask_file_name": drawn,
        "verdict": "normal" if item.kind is None else "anomalous", "height": shape[0], "width": shape[1],
        "defects": defects, "conversations": list(item.conversations), "split": item.split,
        "image_sha256": sha256(data), "mask_sha256": sha256(packed),
    }  # fmt: skip


def _components(mask: Mask, type_name: str) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.uint8]], list[Row]]:
    labels, count = ndimage.label(mask, structure=np.ones((3, 3), int))
    values, defects = mask.astype(np.uint8), list[Row]()
    for label in range(1, count + 1):
        part = labels == label
        if part.sum() < LEAST_PIXELS and count > 1:
            continue
        value = max(2, 255 - len(defects))
        values[part] = value
        area = float(part.mean())
        defects.append({
            "type": type_name, "family": "annotated", "box": list(mask_box(part).as_tuple()),
            "area_fraction": float(f"{area:.6g}"), "cells": list(mask_cells(part)),
            "severity": severity_of(area, SURE_PEAK, type_name).value, "mask_value": value, "parameters": "{}",
        })  # fmt: skip
    return values, defects


def require_empty(folder: Path) -> None:
    """Refuse a folder that holds something.

    Raises:
        DataSetError: it does, or is no folder.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataSetError("an empty or absent folder to write to", str(folder), "choose another one")
