"""Rows looked at before a run: what cannot be read is left out and named, what makes a run senseless is an error."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from rich.progress import track

from assistant.errors import AssistantError, DataSetError
from assistant.pictures.images import load_image
from assistant.pictures.shards import is_there
from training.localizer.data import DataRow, defect_masks, read_mask
from training.runs.loading import loaders_of_machine, read_ahead

MOST_BAD = 0.1
"""A run leaves out at most this share of its rows."""


@dataclass(frozen=True)
class Fault:
    """Why a row is not used."""

    index: int
    reason: str

    def __str__(self) -> str:
        return f"row {self.index}: {self.reason}"


def fault_of(row: DataRow, decode: bool) -> str | None:
    """What is wrong with a row; None where nothing is.

    Args:
        row: looked at.
        decode: read every pixel and mask; else that the files are there alone.
    """
    missing = next((p for p in (row.image, row.mask, *row.references) if not is_there(p)), None)
    if missing is not None:
        return f"no file {missing.name}"
    if not decode:
        return None
    try:
        image = load_image(row.image)
        for reference in row.references:
            load_image(reference)
        masks = defect_masks(row)
        size = read_mask(row).shape
    except AssistantError as error:
        return str(error)
    if size != (image.height, image.width):
        return f"a mask of {size} pixels for a picture of {(image.height, image.width)}"
    if row.size != size:
        return f"a picture of {size} pixels where the set states {row.size}"
    if row.types and not any(mask.any() for mask in masks):
        return "defects without a pixel in the mask"
    return None


def sift(rows: Sequence[DataRow], decode: bool = False) -> tuple[list[DataRow], list[Fault]]:
    """Rows that can be used, and what is wrong with the others.

    Raises:
        DataSetError: more than a tenth is bad.
    """
    kept, faults = [], []
    with read_ahead(lambda row: fault_of(row, decode), rows, loaders_of_machine() if decode else 0) as reasons:
        quiet = not decode or len(rows) < 50
        shown = track(reasons, "looking at the pictures", len(rows), disable=quiet, transient=True)
        for row, reason in zip(rows, shown, strict=True):
            if reason is None:
                kept.append(row)
            else:
                faults.append(Fault(row.index, reason))
    if len(faults) > MOST_BAD * len(rows):
        raise DataSetError(
            "a data set whose pictures can be read", f"{len(faults)} of {len(rows)} bad, first {faults[0]}", "mend it"
        )
    return kept, faults


def require_splits(rows: Iterable[DataRow], streamed: bool = False) -> None:
    """Refuse rows with nothing to learn from or nothing to judge by.

    Args:
        rows: of both splits.
        streamed: what is learned from does not stand in ``rows``.

    Raises:
        DataSetError: no training rows, or a validation split without normal or without anomalous pictures.
    """
    counts = Counter((row.split, bool(row.types)) for row in rows)
    if not streamed and not counts["train", False] + counts["train", True]:
        raise DataSetError("a train and a validation split", "no rows to train on", "build with validation_share")
    if not (counts["validation", False] and counts["validation", True]):
        found = f"{counts['validation', False]} normal and {counts['validation', True]} anomalous in `validation`"
        raise DataSetError(
            "a train and a validation split with normal and anomalous pictures", found,
            "build with validation_share, or more pictures",
        )  # fmt: skip


def require_compared(rows: Iterable[DataRow], shots: dict[int, int]) -> None:
    """Refuse a validation split whose pictures with references are all of one verdict.

    Args:
        rows: of both splits.
        shots: references of a row, by its index.

    Raises:
        DataSetError: nothing to judge comparison with references by.
    """
    held = [bool(row.types) for row in rows if row.split == "validation" and shots[row.index]]
    if held and len(set(held)) == 1:
        raise DataSetError(
            "normal and anomalous pictures with references in `validation`", f"{len(held)} of one verdict",
            "build more pictures, or set `data.shots`",
        )  # fmt: skip


def counts_of(rows: Sequence[DataRow]) -> dict[str, dict[str, int]]:
    """How many rows of each split are normal or anomalous, and how many defects of each type there are."""
    splits: dict[str, dict[str, int]] = {}
    for row in rows:
        part = splits.setdefault(row.split, {"normal": 0, "anomalous": 0})
        part["anomalous" if row.types else "normal"] += 1
    return splits | {"types": dict(Counter(t for row in rows for t in row.types).most_common())}


def contact_sheet(rows: Sequence[DataRow], path: Path, most: int = 24, side: int = 160) -> None:
    """A picture of some rows, anomalous ones with their masks in red, to be looked at before an hour is spent."""
    chosen = list(rows[:: max(1, len(rows) // most)])[:most]
    columns = min(6, len(chosen))
    sheet = Image.new("RGB", (columns * side, -(-len(chosen) // columns) * side), "white")
    for number, row in enumerate(chosen):
        picture = Image.fromarray(load_image(row.image).pixels)
        if row.types:
            marked = Image.fromarray(np.asarray(np.any(defect_masks(row), axis=0), np.uint8) * 110).convert("L")
            picture.paste(Image.new("RGB", picture.size, "red"), mask=marked)
        picture.thumbnail((side - 4, side - 4))
        sheet.paste(picture, (number % columns * side + 2, number // columns * side + 2))
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path)
