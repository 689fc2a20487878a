"""Data sets whose labels stand in tables: VisA (``split_csv/1cls.csv``) and Real-IAD (one JSON a category)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from assistant.errors import DataSetError
from assistant.files.tables import read_table
from assistant.files.text import read_text
from assistant.labels.labelled_set import LabelledPicture, LabelledSet, named

SPLIT = Path("split_csv/1cls.csv")
UNNAMED = "anomaly"
"""Kind of a defect that no table names."""


def is_visa_category(folder: Path) -> bool:
    """Whether a folder is a category of VisA beside its table."""
    return (folder.resolve().parent / SPLIT).is_file() and (folder / "Data" / "Images").is_dir()


def visa_set(root: Path, category: str) -> LabelledSet:
    """One category of a VisA folder (Zou et al. 2022).

    Args:
        root: folder with ``split_csv/1cls.csv``: object, split, label, image, mask; paths from the folder. Where the
            category has an ``image_anno.csv``, the first label of a picture there is the kind of its defects.
        category: for example ``candle``.

    Raises:
        DataSetError: no such table, or no row of the category in it.
    """
    wanted = ("object", "split", "label", "image", "mask")
    rows = [row for row in _rows(root / SPLIT, wanted) if row["object"] == category]
    if not rows:
        raise DataSetError(f"rows of the object {category}", f"none in {root / SPLIT}", "see its names")
    told = root / category / "image_anno.csv"
    kinds = (
        {row["image"]: row["label"].split(",")[0].strip() for row in _rows(told, ("image", "label"))}
        if told.is_file()
        else {}
    )
    normals, pictures, bare = list[Path](), list[LabelledPicture](), list[Path]()
    for row in rows:
        path, normal = root / row["image"], row["label"].lower() == "normal"
        if normal and row["split"].lower() == "train":
            normals.append(path)
            continue
        kind = None if normal else kinds.get(row["image"]) or UNNAMED
        if kind is not None and not row["mask"]:
            bare.append(path)
        pictures.append(LabelledPicture(path, kind, (root / row["mask"],) if kind and row["mask"] else ()))
    notes = (f"{len(bare)} defective pictures have no mask in the table: {named(bare)}",) if bare else ()
    return LabelledSet(category, tuple(normals), tuple(pictures), notes)


def _rows(path: Path, columns: tuple[str, ...]) -> list[dict[str, str]]:
    return [dict(row.cells) for row in read_table(path, columns)]


def is_real_iad(path: Path) -> bool:
    """Whether a path is the JSON file of a category of Real-IAD, by its name alone."""
    return path.suffix.lower() == ".json" and path.is_file()


def real_iad_set(path: Path) -> LabelledSet:
    """One category of Real-IAD (Wang et al. 2024) by its JSON file.

    The file holds ``meta`` (``normal_class``, ``prefix``), ``train`` and ``test``: rows of ``anomaly_class``, ``image_path`` and
    ``mask_path``. Its pictures lie in the folder ``prefix`` beside the file, or beside or inside a neighbour of its folder.

    Raises:
        DataSetError: another form, or no pictures where they ought to be.
    """
    try:
        content = json.loads(read_text(path))
        normal = str(content["meta"]["normal_class"])
        prefix = str(content["meta"].get("prefix") or path.stem)
        parts = {name: [_real_iad_row(row) for row in content[name]] for name in ("train", "test")}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DataSetError(
            "a category of Real-IAD: meta, train and test", f"another form in {path}", "see its files"
        ) from error
    rows = parts["train"] + parts["test"]
    if not rows:
        raise DataSetError("pictures in the file", f"none in {path}", "see its files")
    root = _real_iad_root(path, prefix, rows[0][1])
    normals = [root / image for kind, image, _ in parts["train"] if kind == normal]
    made = [
        LabelledPicture(root / image, None if kind == normal else kind, (root / mask,) if mask else ())
        for kind, image, mask in [row for row in parts["train"] if row[0] != normal] + parts["test"]
    ]
    bare = [p.path for p in made if p.kind is not None and not p.masks]
    notes = (f"{len(bare)} defective pictures have no mask in the file: {named(bare)}",) if bare else ()
    return LabelledSet(path.stem, tuple(normals), tuple(made), notes)


def _real_iad_row(row: dict[str, Any]) -> tuple[str, str, str | None]:
    mask = row.get("mask_path")
    return str(row["anomaly_class"]), str(row["image_path"]), None if mask is None else str(mask)


def _real_iad_root(path: Path, prefix: str, image: str) -> Path:
    above = path.resolve().parent
    places = [above, above.parent, *sorted(p for p in above.parent.iterdir() if p.is_dir())]
    for place in places:
        if (place / prefix / image).is_file():
            return place / prefix
    got = f"no {prefix.rstrip('/')}/{image} near {path}"
    raise DataSetError("the pictures of the category near its file", got, "unpack them beside its folder")
