"""Other layouts: MVTec folders in and out, and ``messages`` + ``images`` rows for language-model trainers.

``python -m data_builders.convert to-mvtec|from-mvtec|to-messages SOURCE TARGET``
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy import ndimage

from assistant.errors import AssistantError, DataSetError
from assistant.geometry import mask_box, mask_cells
from assistant.severity import severity_of
from data_builders.files import encode_mask, list_pictures, read_mask, read_pixels, sha256, write_atomic
from data_builders.types import Mask
from data_builders.writer import SCHEMA, Row, read_rows

SURE_PEAK = 0.9
"""Peak score assumed for the severity of annotated defects, whose contrast nobody stated."""
LEAST_PIXELS = 4
"""Smaller components of an annotated mask are specks of the annotation."""


def to_mvtec(source: Path, target: Path) -> Counter[str]:
    """Write a data set as MVTec folders, one category a source family.

    Normal pictures of the split "train" go to ``train/good``, other normal ones to ``test/good``; anomalous ones to
    ``test/<type>`` ("combined" for several types) with ``ground_truth/<type>/<stem>_mask.png``.

    Returns:
        Pictures a folder, for example ``{"plain/train/good": 3}``.
    """
    _require_empty(target)
    counts: Counter[str] = Counter()
    for row in read_rows(source):
        types = sorted({d["type"] for d in row["defects"]})
        kind = "good" if not types else _slug(types[0]) if len(types) == 1 else "combined"
        part = "train" if not types and row["split"] == "train" else "test"
        category, image = _slug(row["family"]), source / row["image_file_name"]
        write_atomic(target / category / part / kind / image.name, image.read_bytes())
        if types:
            mask = read_mask(source / row["mask_file_name"]) > 0
            write_atomic(target / category / "ground_truth" / kind / f"{image.stem}_mask.png", encode_mask(mask))
        counts[f"{category}/{part}/{kind}"] += 1
    return counts


def from_mvtec(
    source: Path, target: Path, object_name: str | None = None, domain: str = "industrial", references: int = 4
) -> Row:
    """Read one MVTec category into a data set; pictures are copied byte for byte.

    Args:
        source: folder with ``train/good``, ``test/<type>`` and ``ground_truth/<type>``.
        target: empty or absent folder.
        object_name: plain words; the folder's name when None.
        domain: industrial or medical.
        references: pictures of ``train/good`` named as references of each row.

    Returns:
        The manifest. Each connected component of a mask becomes a defect; its type is the folder's name in plain words.

    Raises:
        DataSetError: no ``train/good``, an anomalous picture without mask, or a mask of another size.
    """
    good = source / "train" / "good"
    if not good.is_dir():
        raise DataSetError("an MVTec category with train/good", str(source), "give the folder of one category")
    _require_empty(target)
    name = object_name or source.name.replace("_", " ")
    files = [("train", path) for path in list_pictures(good)]
    for folder in sorted(p for p in (source / "test").glob("*") if p.is_dir()):
        files += [("test", path) for path in list_pictures(folder)]
    rows = [_mvtec_row(index, path, source, target, split) for index, (split, path) in enumerate(files)]
    normals = [row["image_file_name"] for row in rows if row["split"] == "train"]
    for row in rows:
        others = [n for n in normals if n != row["image_file_name"]][:references]
        row |= {"reference_file_names": others, "object_name": name, "family": source.name, "domain": domain}
    write_atomic(
        target / "metadata.jsonl", "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    )
    manifest: Row = {
        "schema": SCHEMA, "complete": True, "converted_from": "mvtec", "rows": len(rows),
        "counts": {key: dict(Counter(row[key] for row in rows)) for key in ("split", "verdict")},
        "rows_sha256": sha256((target / "metadata.jsonl").read_bytes()),
    }  # fmt: skip
    write_atomic(target / "manifest.json", json.dumps(manifest, indent=1).encode() + b"\n")
    return manifest


def _mvtec_row(index: int, path: Path, source: Path, target: Path, split: str) -> Row:
    data, kind = path.read_bytes(), path.parent.name
    shape = read_pixels(path).shape[:2]
    mask = np.zeros(shape, bool)
    if kind != "good":
        found = [source / "ground_truth" / kind / f"{path.stem}{end}.png" for end in ("_mask", "")]
        file = next((p for p in found if p.is_file()), None)
        if file is None:
            raise DataSetError(f"a mask {found[0]}", "no such file", "add it or remove the picture")
        mask = read_mask(file) > 0
        if mask.shape != shape:
            raise DataSetError(
                f"a mask of {shape} pixels (height, width)", f"{mask.shape} in {file}", "correct the mask"
            )
    image, drawn = f"images/{index:07d}{path.suffix.lower()}", f"masks/{index:07d}.png"
    values, defects = _components(mask, kind.replace("_", " "))
    packed = encode_mask(values)
    write_atomic(target / image, data)
    write_atomic(target / drawn, packed)
    return {
        "index": index, "image_file_name": image, "mask_file_name": drawn,
        "verdict": "normal" if kind == "good" else "anomalous", "height": shape[0], "width": shape[1],
        "defects": defects, "conversations": [], "split": split,
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


def to_messages(source: Path, target: Path) -> int:
    """Write one JSON line a conversation: ``messages`` (role, content) and ``images``.

    The first user turn starts with ``<image>``; ``images`` holds the picture's path relative to the target's folder.

    Returns:
        Lines written.
    """
    lines = []
    for row in read_rows(source):
        image = Path(os.path.relpath(source / row["image_file_name"], target.parent)).as_posix()
        for conversation in row["conversations"]:
            messages = [dict(turn) for turn in conversation]
            first = next((m for m in messages if m["role"] == "user"), None)
            if first is not None:
                first["content"] = f"<image>{first['content']}"
            lines.append(json.dumps({"messages": messages, "images": [image]}, ensure_ascii=False))
    write_atomic(target, "".join(line + "\n" for line in lines).encode())
    return len(lines)


def _slug(words: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_") or "unnamed"


def _require_empty(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataSetError("an empty or absent folder to write to", str(folder), "choose another one")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; 0 converted, 1 failed."""
    options = argparse.ArgumentParser(prog="python -m data_builders.convert", description="Convert data sets.")
    options.add_argument("direction", choices=["to-mvtec", "from-mvtec", "to-messages"])
    options.add_argument("source", type=Path, help="data set, or MVTec category for from-mvtec")
    options.add_argument("target", type=Path, help="folder, or JSONL file for to-messages")
    options.add_argument("--object", help="from-mvtec: plain words for the object")
    given = options.parse_args(arguments)
    try:
        if given.direction == "to-mvtec":
            print(f"{sum(to_mvtec(given.source, given.target).values())} pictures in {given.target}")
        elif given.direction == "from-mvtec":
            print(f"{from_mvtec(given.source, given.target, given.object)['rows']} rows in {given.target}")
        else:
            print(f"{to_messages(given.source, given.target)} conversations in {given.target}")
    except AssistantError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
