"""Data sets on disk (the contract of the data builders) as frozen rows. Knows files, not tensors."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from assistant.errors import DataSetError


@dataclass(frozen=True)
class DataRow:
    """One sample of a data set.

    Args:
        index: position in the data set.
        image, mask: paths; the n-th defect has the value ``255 - n`` in the mask.
        references: paths of normal pictures of the same product.
        object_name: plain words.
        family: source family.
        types: kind of each defect; empty for a normal picture.
        defect_families: who made each defect.
        split: train or validation.
        aligned: the one reference is a template, aligned with the picture.
        domain: industrial or medical.
        product: rows with the same number show one product and share its references; None where each is its own.
    """

    index: int
    image: Path
    mask: Path
    references: tuple[Path, ...]
    object_name: str
    family: str
    types: tuple[str, ...]
    defect_families: tuple[str, ...]
    split: str
    aligned: bool = False
    domain: str = "industrial"
    product: int | None = None


def read_rows(folder: Path) -> list[DataRow]:
    """Rows of a data set, by index.

    Raises:
        DataSetError: no ``metadata.jsonl``, or a row without the fields of the contract.
    """
    table = folder / "metadata.jsonl"
    if not table.is_file():
        raise DataSetError("a data set with metadata.jsonl", str(folder), "build one with data_builders.build")
    rows = []
    for number, line in enumerate(table.read_text(encoding="utf-8").rstrip("\n").split("\n"), 1):
        try:
            raw = json.loads(line)
            rows.append(
                DataRow(
                    index=int(raw["index"]),
                    image=folder / raw["image_file_name"],
                    mask=folder / raw["mask_file_name"],
                    references=tuple(folder / name for name in raw["reference_file_names"]),
                    object_name=raw["object_name"],
                    family=raw["family"],
                    types=tuple(d["type"] for d in raw["defects"]),
                    defect_families=tuple(d["family"] for d in raw["defects"]),
                    split=raw["split"],
                    aligned=bool(raw.get("references_aligned", False)),
                    domain=raw.get("domain", "industrial"),
                    product=None if raw.get("product") is None else int(raw["product"]),
                )
            )
        except (json.JSONDecodeError, KeyError, TypeError) as error:
            raise DataSetError(
                "a row of the data set contract", f"line {number} of {table.name} ({error})", "build the data set again"
            ) from error
    if not rows:
        raise DataSetError("at least one row", f"an empty {table.name}", "build the data set again")
    return sorted(rows, key=lambda r: r.index)


def manifest_hash(folder: Path) -> str:
    """SHA-256 of the data set's manifest: which data set it was.

    Raises:
        DataSetError: no manifest.
    """
    manifest = folder / "manifest.json"
    if not manifest.is_file():
        raise DataSetError("a data set with manifest.json", str(folder), "let its build finish")
    return hashlib.sha256(manifest.read_bytes()).hexdigest()


def defect_masks(row: DataRow) -> list[np.ndarray]:
    """Mask of each defect, bool (height, width); what lies under a later defect belongs to that one."""
    values = np.asarray(Image.open(row.mask).convert("L"))
    return [values == 255 - n for n in range(len(row.types))]
