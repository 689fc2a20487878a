"""Data sets on disk (the contract of the data builders) as frozen rows, in files or shards alike. Knows no tensors."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from assistant.errors import DataSetError, ImageError
from assistant.pictures.shards import picture_bytes
from assistant.samples.masks import mask_values
from assistant.samples.sets import Sample, SampleSet, open_set

SET_SPACING = 10_000_000
"""In a run of several sets, indices of the n-th start at n times this."""


@dataclass(frozen=True)
class DataRow:
    """One sample of a data set.

    Args:
        index: position in the data set.
        image, mask: paths of files or of places in a shard, which :func:`~assistant.pictures.images.load_image` takes alike;
            the n-th defect has the value ``255 - n`` in the mask.
        references: those of normal pictures of the same product.
        object_name: plain words.
        family: source family.
        types: kind of each defect; empty for a normal picture.
        defect_families: who made each defect.
        split: train or validation.
        aligned: the one reference is a template, aligned with the picture.
        domain: industrial or medical.
        product: rows with the same number show one product and share its references; None where each is its own.
        stated: height and width of the picture as the data set states them, pixels; None where it does not.
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
    stated: tuple[int, int] | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the picture, pixels; those of its mask where the data set does not state them."""
        if self.stated is not None:
            return self.stated
        height, width = read_mask(self).shape
        return height, width


def row_of(sample: Sample, told: str) -> DataRow:
    """A sample as a row; ``told`` says which it is where that fails.

    Raises:
        DataSetError: without the fields of the contract.
    """
    raw = sample.row
    try:
        return DataRow(
            index=int(raw["index"]),
            image=sample.image,
            mask=sample.mask,
            references=sample.references,
            object_name=raw["object_name"],
            family=raw["family"],
            types=tuple(d["type"] for d in raw["defects"]),
            defect_families=tuple(d["family"] for d in raw["defects"]),
            split=raw["split"],
            aligned=bool(raw.get("references_aligned", False)),
            domain=raw.get("domain", "industrial"),
            product=None if raw.get("product") is None else int(raw["product"]),
            stated=(int(raw["height"]), int(raw["width"])) if raw.get("height") and raw.get("width") else None,
        )
    except (KeyError, TypeError) as error:
        got = f"{told} ({error})"
        raise DataSetError("a row of the data set contract", got, "build the data set again") from error


def iter_rows(data: SampleSet) -> Iterator[DataRow]:
    """Rows of an open set by index; memory does not grow with their number.

    Raises:
        DataSetError: none, or a row without the fields of the contract.
    """
    number = 0
    for number, sample in enumerate(data, 1):
        yield row_of(sample, f"row {number} of {data.folder.name}")
    if not number:
        raise DataSetError("at least one row", f"none in {data.folder.name}", "build the data set again")


def read_rows(folder: Path) -> list[DataRow]:
    """Rows of a data set in either form, by index.

    Raises:
        DataSetError: no data set, or a row without the fields of the contract.
    """
    return list(iter_rows(open_set(folder)))


def of_set(row: DataRow, number: int) -> DataRow:
    """A row as one of the n-th set of a run: no other has its index or product."""
    offset = number * SET_SPACING
    product = None if row.product is None else row.product + offset
    return replace(row, index=row.index + offset, product=product)


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
    """Mask of each defect, bool (height, width); what lies under a later defect belongs to that one.

    Raises:
        ImageError: a mask of another form, or none.
    """
    if not row.types:
        return []
    values = read_mask(row)
    return [values == 255 - n for n in range(len(row.types))]


def read_mask(row: DataRow) -> UInt8[np.ndarray, "height width"]:
    """Values of a row's mask: 0 is normal, the n-th defect (from 0) has ``255 - n``.

    Raises:
        ImageError: a mask of another form, or none.
    """
    try:
        return mask_values(picture_bytes(row.mask), str(row.mask))
    except OSError as error:
        got = f"{error.strerror or error} at {row.mask}"
        raise ImageError("the mask of a row", got, "build the data set again") from None
