"""A data set on disk: pictures, masks, ``metadata.jsonl`` and ``manifest.json``, resumable after any interruption.

``datasets.load_dataset("imagefolder", data_dir=DIR)`` reads it: columns ``image``, ``mask`` and ``reference`` hold
pictures. A mask is 0 where the picture is normal; the n-th defect (from 0) has the value ``255 - n``, the last on top.
``parameters`` of a defect is a JSON text, for its keys differ between defect families.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from assistant.errors import DataSetError
from assistant.samples.sets import PENDING, TABLE, open_set, shards_of
from data_builders.captions import caption_conversation
from data_builders.config import BuildConfig
from data_builders.files import encode_mask, encode_pixels, picture_hashes, sha256, write_atomic
from data_builders.sample import DefectRecord, Sample

SCHEMA = "anomaly-assistant/data-set@1"
Row = dict[str, Any]


@dataclass(frozen=True)
class Refused:
    """A sample that was not written because a picture of it is on the evaluation list."""

    index: int


def write_samples(
    folder: Path, samples: Sequence[Sample], config: BuildConfig, evaluation: frozenset[str]
) -> list[Row | Refused]:
    """Write the pictures of samples; those of one product (one after another) share their reference files.

    Args:
        folder: of the data set.
        samples: each alone, or all of one product.
        config: of the build.
        evaluation: hashes of pictures that must not be written.

    Returns:
        Metadata rows, which the caller appends, and the refused.
    """
    if not samples or samples[0].product is None:
        return [write_sample(folder, sample, config, evaluation) for sample in samples]
    shared = _encode_references(samples[0], config)
    if evaluation and any(picture_hashes(data) & evaluation for data in shared.values()):
        return [Refused(sample.index) for sample in samples]
    for name, data in shared.items():
        write_atomic(folder / name, data)
    hashes = {name: sha256(data) for name, data in shared.items()}
    return [_write_query(folder, sample, config, evaluation, hashes) for sample in samples]


def write_sample(folder: Path, sample: Sample, config: BuildConfig, evaluation: frozenset[str]) -> Row | Refused:
    """Write the pictures of a sample; return its metadata row, which the caller appends."""
    references = _encode_references(sample, config)
    if evaluation and any(picture_hashes(data) & evaluation for data in references.values()):
        return Refused(sample.index)
    hashes = {name: sha256(data) for name, data in references.items()}
    row = _write_query(folder, sample, config, evaluation, hashes)
    if not isinstance(row, Refused):
        for name, data in references.items():
            write_atomic(folder / name, data)
    return row


def _encode_references(sample: Sample, config: BuildConfig) -> dict[str, bytes]:
    """Files of the references by name; those of a product are named after its first sample."""
    first = sample.index if sample.product is None else sample.product * config.queries_per_product
    start = f"references/{first // 1000:04d}/{first:07d}"
    return {
        f"{start}_{n:02d}.{_ending(config)}": encode_pixels(pixels, config.image_format, config.jpeg_quality)
        for n, pixels in enumerate(sample.references)
    }


def _ending(config: BuildConfig) -> str:
    return "png" if config.image_format == "png" else "jpg"


def _write_query(
    folder: Path, sample: Sample, config: BuildConfig, evaluation: frozenset[str], references: dict[str, str]
) -> Row | Refused:
    """Write picture and mask; ``references`` are names of files and their SHA-256."""
    shelf, stem = f"{sample.index // 1000:04d}", f"{sample.index:07d}"
    image = encode_pixels(sample.pixels, config.image_format, config.jpeg_quality)
    if evaluation and picture_hashes(image) & evaluation:
        return Refused(sample.index)
    mask = encode_mask(mask_values(sample))
    row: Row = {
        "index": sample.index,
        **({} if sample.product is None else {"product": sample.product}),
        "image_file_name": f"images/{shelf}/{stem}.{_ending(config)}",
        "mask_file_name": f"masks/{shelf}/{stem}.png",
        "reference_file_names": list(references),
        "references_aligned": sample.aligned,
        "object_name": sample.object_name,
        "family": sample.family,
        "kind": sample.kind.value,
        "domain": sample.domain.value,
        "verdict": "anomalous" if sample.defects else "normal",
        "height": sample.pixels.shape[0],
        "width": sample.pixels.shape[1],
        "defects": [_defect_row(number, record) for number, record in enumerate(sample.defects)],
        "conversations": [],
        "split": sample.split,
        "seed": sample.seed,
        "image_sha256": sha256(image),
        "mask_sha256": sha256(mask),
        "reference_sha256": list(references.values()),
    }
    row["conversations"] = [caption_conversation(row)]
    for name, data in ((row["image_file_name"], image), (row["mask_file_name"], mask)):
        write_atomic(folder / name, data)
    return row


def mask_values(sample: Sample) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """(height, width) mask: 0 normal, ``255 - n`` for the n-th defect."""
    values = np.zeros(sample.pixels.shape[:2], np.uint8)
    for number, mask in enumerate(sample.defect_masks):
        values[mask] = 255 - number
    return values


def _defect_row(number: int, record: DefectRecord) -> Row:
    plain = {k: v.item() if isinstance(v, np.generic) else v for k, v in record.parameters.items()}
    return {
        "type": record.type,
        "family": record.family,
        "box": list(record.box.as_tuple()),
        "area_fraction": float(f"{record.area_fraction:.6g}"),
        "cells": list(record.cells),
        "severity": record.severity.value,
        "contrast": round(float(record.contrast), 2),
        "mask_value": 255 - number,
        "seed": record.seed,
        "parameters": json.dumps(plain, sort_keys=True),
    }


def read_rows(folder: Path) -> Iterator[Row]:
    """Rows of a data set in either form, by index.

    Raises:
        DataSetError: no data set, one that is not finished, or a damaged line or shard.
    """
    return open_set(folder).rows()


def recover_rows(path: Path) -> set[int]:
    """Indices already written; a last line cut short by a kill is removed from the file.

    Raises:
        DataSetError: a line before the last is damaged.
    """
    if not path.exists():
        return set()
    data, good, indices = path.read_bytes(), 0, set[int]()
    lines = data.splitlines(keepends=True)
    for number, line in enumerate(lines, 1):
        try:
            if not line.endswith(b"\n"):
                raise ValueError("cut short")
            indices.add(int(json.loads(line)["index"]))
        except (ValueError, KeyError, TypeError) as error:
            if number < len(lines):
                raise DataSetError(
                    "whole lines of JSON", f"line {number} of {path}", "build again with --restart"
                ) from error
            break
        good += len(line)
    if good < len(data):
        with path.open("r+b") as file:
            file.truncate(good)
    return indices


def clear(folder: Path) -> None:
    """Remove what an earlier build wrote into a folder, and nothing else."""
    for name in ("images", "masks", "references", PENDING):
        shutil.rmtree(folder / name, ignore_errors=True)
    for path in shards_of(folder):
        path.unlink()
    for name in (TABLE, "manifest.json"):
        (folder / name).unlink(missing_ok=True)


def config_record(config: BuildConfig) -> Row:
    """What decides the samples: the configuration without ``count``, as plain JSON values."""
    record: Row = config.model_dump(mode="json", exclude={"count"})
    return record


def write_manifest(
    folder: Path, config: BuildConfig, refused: list[int], complete: bool, shards: Sequence[Row] | None = None
) -> Row:
    """Write ``manifest.json`` from the rows on disk and return it; ``shards`` are those of a set that lies in some."""
    labels = ("split", "verdict", "kind", "domain", "family")
    counts: dict[str, Counter[str]] = {key: Counter() for key in (*labels, "type", "defect_family")}
    rows, references, digest = 0, set[str](), hashlib.sha256()
    if complete and shards != []:
        for row in read_rows(folder):
            rows += 1
            digest.update(row_line(row))
            references.update(row["reference_file_names"])
            for key in labels:
                counts[key][row[key]] += 1
            counts["type"].update(d["type"] for d in row["defects"])
            counts["defect_family"].update(d["family"] for d in row["defects"])
    manifest: Row = {
        "schema": SCHEMA,
        "complete": complete,
        "config": config_record(config),
        "count": config.count,
        "seed": config.seed,
        "rows": rows,
        "pictures": rows + len(references),
        "refused": sorted(refused),
        "counts": {key: dict(sorted(counter.items())) for key, counter in counts.items()},
        "rows_sha256": digest.hexdigest() if complete else None,
        "versions": {name: _version(name) for name in ("numpy", "opencv-python-headless", "scipy", "scikit-image")},
    }
    if shards is not None:
        manifest["shards"] = list(shards)
    write_atomic(folder / "manifest.json", json.dumps(manifest, indent=1).encode() + b"\n")
    return manifest


def row_line(row: Row) -> bytes:
    """A row as a line of ``metadata.jsonl``; ``rows_sha256`` of a manifest is over these lines, in either form."""
    return json.dumps(row, ensure_ascii=False).encode() + b"\n"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"
