"""Pictures that somebody has labelled already -> a data set: folders in the layouts of MVTec, VisA and Real-IAD."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

import numpy as np
from scipy import ndimage

from assistant.errors import AssistantError, DataSetError
from assistant.geometry import mask_box, mask_cells
from assistant.labels.labelled_set import LabelledSet
from assistant.labels.layouts import read_set
from assistant.labels.masks import frame_of, read_masks
from assistant.labels.tables import real_iad_set, visa_set
from assistant.vocabulary.severity import severity_of
from data_builders.annotations.marks import Mark
from data_builders.files import decode, encode_mask, sha256, write_atomic
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
        masks: files that mark its defects; see :mod:`assistant.labels.masks`.
        split: ``train`` pictures without defects are references of the others.
        marks: shapes of an annotation tool, each a defect with a kind of its own; instead of masks.
        conversations: ``{role, content}`` in turn, one list a conversation.
        references: normal pictures of its own; those of the split ``train`` when empty.
    """

    path: Path
    kind: str | None
    masks: tuple[Path, ...]
    split: str
    marks: tuple[Mark, ...] = ()
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
        source: folder with ``train/good``, ``test/<type>`` and ``ground_truth/<type>``, or one of the layouts like it
            (:mod:`assistant.labels.layouts`).
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
    data = read_set(source)
    if not data.normals:
        raise DataSetError("an MVTec category with train/good", str(source), "give the folder of one category")
    name = object_name or data.name.replace("_", " ")
    return _from_set(data, target, Description(name, data.name, domain, "mvtec"), learn, seed)


def _from_set(data: LabelledSet, target: Path, description: Description, learn: float, seed: int) -> Row:
    """A labelled set as a data set; kinds in plain words, what matched nothing in the manifest."""
    items = [Labelled(path, None, (), "train") for path in data.normals]
    for picture in data.pictures:
        kind = None if picture.kind is None else picture.kind.replace("_", " ")
        if kind is not None and not picture.masks:
            do = "add it, for example as 000.png or 000_mask.png, or remove the picture"
            raise DataSetError(f"a mask of {picture.path}", "none with its name", do)
        items.append(Labelled(picture.path, kind, picture.masks, "test"))
    return write_labelled(learned(items, learn, seed), target, description, data.notes)


def from_real_iad(source: Path, target: Path, object_name: str | None = None, learn: float = 0.0, seed: int = 0) -> Row:
    """Read the JSON file of a category of Real-IAD into a data set; see :func:`assistant.labels.tables.real_iad_set`."""
    data = real_iad_set(source)
    name = object_name or data.name.replace("_", " ")
    return _from_set(data, target, Description(name, data.name, "industrial", "real-iad"), learn, seed)


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
    data = visa_set(source, category)
    name = object_name or re.sub(r"\d+$", "", category).replace("_", " ")
    return _from_set(data, target, Description(name, category, "industrial", "visa"), learn, seed)


def learned(items: Sequence[Labelled], learn: float, seed: int) -> list[Labelled]:
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
            made.append(replace(item, split=part))
    return made


def _group(item: Labelled) -> tuple[str, str]:
    return item.split, item.kind or ""


def write_labelled(items: Iterable[Labelled], target: Path, description: Description, notes: Sequence[str] = ()) -> Row:
    """Write a data set of labelled pictures, copied byte for byte.

    Args:
        items: in the order of the rows.
        target: empty or absent folder.
        description: of every row.
        notes: what the reader of the labels found odd.

    Returns:
        The manifest; ``notes`` joined by those on masks.

    Raises:
        DataSetError: a folder that is not empty, an unreadable picture, or a mask that is absent, empty or of another size.
        ImageError: a mask that can be read more than one way.
    """
    require_empty(target)
    items = list(items)
    told = list(notes)
    rows = [_row(index, item, target, told) for index, item in enumerate(items)]
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
        "rows_sha256": sha256(table), "notes": told,
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


def _row(index: int, item: Labelled, target: Path, told: list[str]) -> Row:
    data, pixels = _picture(item.path)
    shape = pixels.shape[:2]
    image, drawn = f"images/{index:07d}{item.path.suffix.lower()}", f"masks/{index:07d}.png"
    values, defects = _numbered(_areas(item, shape, told), shape)
    packed = encode_mask(values)
    write_atomic(target / image, data)
    write_atomic(target / drawn, packed)
    return {
        "index": index, "image_file_name": image, "mask_file_name": drawn,
        "verdict": "normal" if item.kind is None else "anomalous", "height": shape[0], "width": shape[1],
        "defects": defects, "conversations": list(item.conversations), "split": item.split,
        "image_sha256": sha256(data), "mask_sha256": sha256(packed),
    }  # fmt: skip


def _areas(item: Labelled, shape: tuple[int, ...], told: list[str]) -> Iterator[tuple[str | None, Mask]]:
    """Kind and pixels of each defect: the shapes of a tool, or the connected parts of a mask; None for a speck."""
    frame = frame_of(item.path, shape)
    empty = True
    for mark in item.marks:
        area, notes = mark.drawn(frame)
        told += [f"{item.path.name}: {note}" for note in notes]
        if area.any():
            empty = False
            yield mark.kind, area
        else:
            told.append(f"{item.path.name}: a {mark.kind} that marks no pixel is left out")
    if item.masks:
        missing = next((path for path in item.masks if not path.is_file()), None)
        if missing is not None:
            raise DataSetError(f"a mask {missing}", "no such file", "add it or remove the picture")
        reading = read_masks(item.masks, frame)
        told += reading.notes
        if item.kind is None and reading.marked.any():
            raise DataSetError("no marks on a normal picture", f"some on {item.path}", "move it to its kind")
        labels, count = ndimage.label(reading.marked, structure=np.ones((3, 3), int))
        sizes = np.bincount(labels.ravel(), minlength=count + 1)[1:]
        least = LEAST_PIXELS if sizes.max(initial=0) >= LEAST_PIXELS else 1
        for label, size in enumerate(sizes, 1):
            empty = False
            yield (item.kind if size >= least else None), labels == label
    if item.kind is not None and empty:
        raise DataSetError(f"a mask that marks the defect of {item.path}", "an empty one", "mark it, or call it normal")


def _numbered(
    areas: Iterable[tuple[str | None, Mask]], shape: tuple[int, ...]
) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.uint8]], list[Row]]:
    """The mask of a data set and its defects: the n-th (from 0) has the value ``255 - n``, 2 from the 253rd on; specks 1."""
    values, defects = np.zeros(shape, np.uint8), list[Row]()
    for kind, part in areas:
        value = 1 if kind is None else max(2, 255 - len(defects))
        values[part] = value
        if kind is None:
            continue
        area = float(part.mean())
        defects.append({
            "type": kind, "family": "annotated", "box": list(mask_box(part).as_tuple()),
            "area_fraction": float(f"{area:.6g}"), "cells": list(mask_cells(part)),
            "severity": severity_of(area, SURE_PEAK, kind).value, "mask_value": value, "parameters": "{}",
        })  # fmt: skip
    return values, defects


def require_empty(folder: Path) -> None:
    """Refuse a folder that holds something.

    Raises:
        DataSetError: it does, or is no folder.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataSetError("an empty or absent folder to write to", str(folder), "choose another one")
