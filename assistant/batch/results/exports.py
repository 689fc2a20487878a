"""Rows in other programs' formats: COCO and Parquet. Made from the file of rows, in memory that does not grow with it."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from assistant.batch.results.pictures import unwritable
from assistant.batch.results.rows import read_rows
from assistant.errors import ImageError
from assistant.labels.known_ids import KnownIds
from assistant.labels.outlines import coco_shape
from assistant.pictures.images import load_map, map_limits
from assistant.region_rows import MEASURES
from assistant.report import SCHEMA, package_version
from assistant.types import AnomalyMap
from assistant.vision.regions import find_regions, source_pixels

ROWS_AT_ONCE = 1000
_PAIRS = ("feret_px", "feret_mm", "centroid")
_CSV = (
    *("source", "verdict", "image_score", "rule_verdict", "rule_clause", "rule_reason", "region_id", "type", "severity"),
    *("peak_score", "area_fraction", "region_box", *(f"{name}_{i}" for name in _PAIRS for i in (1, 2))),
    *(name for name in MEASURES if name not in _PAIRS), "error",
)  # fmt: skip
"""Columns of the table of regions."""
UNNAMED = "anomaly"
"""Category of a region without a type."""


def write_coco(results: Path, like: Path | None = None, tell: Callable[[str], object] = lambda _: None) -> Path:
    """``results.coco.json``: images, detections as annotations with ``score``, categories from the types of regions.

    Boxes are ``[x, y, width, height]``. ``segmentation`` holds polygons that draw the pixels of a region exactly, by the saved
    map of its picture; without one it is the box, ``attributes`` says so and it is told. Pictures that failed are left out;
    identifiers count from 1, or are those of a ground truth, which is what lets pycocotools compare the two.

    Args:
        results: file of rows.
        like: COCO file whose images (by path or name) and categories (by name) give the identifiers; others are left out.
        tell: given what was left out or is less than exact, in sentences.

    Raises:
        StorageError: the folder is full or cannot be written.
        DataSetError, ConfigError: ``like`` is no COCO file.
    """
    target = results.with_suffix(".coco.json")
    known = KnownIds() if like is None else KnownIds.read(like)
    kinds = {region["type"] or UNNAMED: None for row in _inspected(results) for region in row["regions"]}
    names = known.categories_with(kinds)
    boxes = [0]
    with _whole(target) as file:
        info = {
            "description": SCHEMA,
            "version": package_version(),
            "year": None,
            "contributor": "",
            "date_created": "",
        }
        head = {"info": info, "licenses": [{"id": 1, "name": "", "url": ""}]}
        file.write(json.dumps(head)[:-1] + ',\n"images": [')
        _write_list(file, _coco_images(results, known))
        file.write('],\n"annotations": [')
        _write_list(file, _coco_annotations(results, names, known, boxes))
        categories = [{"id": number, "name": name, "supercategory": "anomaly"} for name, number in names.items()]
        file.write(f'],\n"categories": {json.dumps(categories, ensure_ascii=False)}}}\n')
    if boxes[0]:
        tell(f"{boxes[0]} regions are drawn as their boxes in {target.name}: their maps are not there (--save-maps)")
    for sentence in known.missed:
        tell(sentence)
    return target


def write_parquet(results: Path) -> Path:
    """``results.parquet``: the rows, one column a field, regions and answers as lists of structures.

    Raises:
        StorageError: the folder is full or cannot be written.
    """
    import pyarrow as pa
    from pyarrow import parquet

    target = results.with_suffix(".parquet")
    part = target.with_name(f".{target.name}.part")
    schema, rows = _arrow_schema(), read_rows(results)
    try:
        with parquet.ParquetWriter(part, schema) as writer:
            while some := list(islice(rows, ROWS_AT_ONCE)):
                table = [{**row, "timing_ms": list((row["timing_ms"] or {}).items())} for row in some]
                writer.write_table(pa.Table.from_pylist(table, schema))
        part.replace(target)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise unwritable(error, target) from error
    return target


def write_csv(results: Path) -> Path:
    """``results.csv``: a line a region with its measures, and a line without region for a picture that has none or failed.

    Pairs are two columns (``feret_px_1`` the largest, ``centroid_1`` x), caveats are joined by "; ".

    Raises:
        StorageError: the folder is full or cannot be written.
    """
    target = results.with_suffix(".csv")
    with _whole(target) as file:
        table = csv.DictWriter(file, _CSV, restval="", extrasaction="ignore", lineterminator="\n")
        table.writeheader()
        for row in read_rows(results):
            rule = row["rule"] or {"verdict": None, "clause": None, "reason": None}
            picture = {**row, **{f"rule_{name}": rule[name] for name in ("verdict", "clause", "reason")}}
            for region in row["regions"] or [{}]:
                told = {(f"region_{name}" if name in ("id", "box") else name): v for name, v in region.items()}
                pairs = {f"{n}_{i + 1}": v for n in _PAIRS for i, v in enumerate(region.get(n) or ())}
                told["caveats"] = "; ".join(region.get("caveats") or ())
                table.writerow({**picture, **told, **pairs})
    return target


def _inspected(results: Path) -> Iterator[dict[str, Any]]:
    return (row for row in read_rows(results) if row["error"] is None)


def _coco_images(results: Path, known: KnownIds) -> Iterator[dict[str, Any]]:
    for number, row in enumerate(_inspected(results), 1):
        image = known.image(row["source"], number)
        if image is not None:
            about = {"file_name": image[1], "width": row["width"], "height": row["height"], "license": 1}
            yield {"id": image[0], **about, "score": row["image_score"], "caption": row["caption"]}


def _coco_annotations(
    results: Path, names: dict[str, int], known: KnownIds, boxes: list[int]
) -> Iterator[dict[str, Any]]:
    count = 0
    for number, row in enumerate(_inspected(results), 1):
        image = known.image(row["source"], number)
        shapes = _shapes(results.parent, row) if image is not None and row["regions"] else {}
        for region in row["regions"] if image is not None else ():
            count += 1
            box = tuple(region["box"])
            boxes[0] += box not in shapes
            yield {
                "id": count,
                "image_id": image[0] if image is not None else None,
                "category_id": names[region["type"] or UNNAMED],
                **(shapes.get(box) or _box_shape(box, region["area_fraction"] * row["width"] * row["height"])),
                "score": region["peak_score"],
                "attributes": {"severity": region["severity"], "segmentation": "map" if box in shapes else "box"},
            }


def _shapes(folder: Path, row: dict[str, Any]) -> dict[tuple[int, ...], dict[str, Any]]:
    """Pixels of the regions of a picture by their boxes, from its saved map; none where there is none or it does not fit."""
    if row["map_path"] is None or not (folder / row["map_path"]).is_file():
        return {}
    try:
        limits = map_limits(row["height"], row["width"])
        scores = AnomalyMap(load_map(folder / row["map_path"], limits=limits))
    except ImageError:
        return {}
    if scores.size != (row["height"], row["width"]):
        return {}
    found = dict[tuple[int, ...], dict[str, Any]]()
    for region in find_regions(scores, threshold=row["threshold"]):
        box = region.box
        area = np.zeros(scores.size, bool)
        area[box.y_min : box.y_max, box.x_min : box.x_max] = source_pixels(region, scores, row["threshold"])
        found[box.as_tuple()] = coco_shape(area)
    return found


def _box_shape(box: tuple[int, ...], area: float) -> dict[str, Any]:
    x_min, y_min, x_max, y_max = box
    ring = [x_min, y_min, x_max, y_min, x_max, y_max, x_min, y_max]
    sides = [x_min, y_min, x_max - x_min, y_max - y_min]
    return {"segmentation": [ring], "bbox": sides, "area": round(area, 1), "iscrowd": 0}


def _write_list(file: TextIO, values: Iterator[dict[str, Any]]) -> None:
    for number, value in enumerate(values):
        file.write((",\n" if number else "\n") + json.dumps(value, ensure_ascii=False, allow_nan=False))


@contextmanager
def _whole(target: Path) -> Iterator[TextIO]:
    """A text file that appears whole or not at all."""
    part = target.with_name(f".{target.name}.part")
    try:
        with part.open("w", encoding="utf-8") as file:
            yield file
        part.replace(target)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise unwritable(error, target) from error


def _arrow_schema() -> Any:
    """Columns of the contract, in its order."""
    import pyarrow as pa

    text, number, whole = pa.string(), pa.float64(), pa.int64()
    pair = pa.list_(number)
    others = {
        "feret_px": pair, "feret_mm": pair, "centroid": pair, "nearest_id": whole, "measured_by": text,
        "caveats": pa.list_(text), "may_go_on": pa.bool_(),
    }  # fmt: skip
    region = pa.struct({
        "id": whole, "box": pa.list_(whole), "area_fraction": number, "cells": pa.list_(text), "peak_score": number,
        "mean_score": number, "type": text, "type_probability": number, "severity": text, "group": text,
        **{name: others.get(name, number) for name in MEASURES},
    })  # fmt: skip
    rule = pa.struct({"verdict": text, "clause": text, "regions": pa.list_(whole), "reason": text})
    extents = pa.struct({
        "id": whole, "box": pa.list_(whole), "slices": pa.list_(whole), "volume_ml": number, "extent_mm": pair,
        "centroid_mm": pair, "peak_score": number, "mean_score": number, "worst_slice": whole, "worst_source": text,
        "type": text, "type_probability": number, "severity": text,
    })  # fmt: skip
    volume = pa.struct({
        "kind": text, "name": text, "shape": pa.list_(whole), "spacing_mm": pair, "axes": pa.list_(whole), "slices": whole,
        "slice_scores": pair, "smoothing_mm": number, "worst_slice": whole, "worst_source": text,
        "regions": pa.list_(extents), "references": whole, "score_path": text,
    })  # fmt: skip
    answer = pa.struct(
        {"question": text, "answer": text, "stated_verdict": text, "contradictory": pa.bool_(), "words_of": text}
    )
    step = pa.struct({"step": text, "text": text, "regions": pa.list_(whole), "words_of": text})
    return pa.schema({
        "schema": text, "source": text, "width": whole, "height": whole, "object_name": text, "mode": text,
        "image_score": number, "threshold": number, "verdict": text, "p_value": number, "regions": pa.list_(region),
        "caption": text, "answers": pa.list_(answer), "map_path": text, "overlay_path": text, "preset": text,
        "weights": text, "version": text, "timing_ms": pa.map_(text, number), "guarantee": text, "brightness": number,
        "warnings": pa.list_(text), "spacing_mm": pa.list_(number), "spacing_of": text, "rule": rule, "detail": text,
        "tiles": whole, "looked_at": number, "volume": volume, "reasoning": pa.list_(step), "error": text,
    })  # fmt: skip
