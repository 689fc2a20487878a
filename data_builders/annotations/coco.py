"""COCO: one JSON file of images, annotations and categories; polygons, run lengths (compressed or not) and boxes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from assistant.errors import DataSetError
from data_builders.annotations.documents import numbers, read_json, whole
from data_builders.annotations.marks import Draw, Mark, box, coco_masks, polygons
from data_builders.annotations.pictures import AnnotatedPicture, Annotations, Tally
from data_builders.types import Mask

FORM = "a COCO file: images, annotations and categories"


def read_coco(source: Path) -> Annotations:
    """Pictures of a COCO file; one without annotations is normal.

    Raises:
        DataSetError, ConfigError: another form, or an annotation of an unknown image or category.
    """
    content = read_json(source, FORM)
    parts = [content.get(k) if isinstance(content, dict) else None for k in ("images", "annotations", "categories")]
    if not all(isinstance(part, list) and all(isinstance(one, dict) for one in part) for part in parts):
        raise DataSetError(FORM, f"another form in {source}", "export it again")
    images, annotations, categories = parts[0] or [], parts[1] or [], parts[2] or []
    told = [one.get("id") for one in (*images, *categories)] + [
        one.get(k) for one in annotations for k in ("image_id", "category_id")
    ]
    if not all(isinstance(one, int | str) for one in told):
        raise DataSetError("numbers or words as ids", f"others in {source}", "export it again")
    names = {one.get("id"): str(one.get("name")) for one in categories}
    marks: dict[Any, list[Mark]] = {one.get("id"): [] for one in images}
    if len(marks) < len(images):
        raise DataSetError("an id of its own for each image", f"double ones in {source}", "export it again")
    sizes = {one.get("id"): _size(one, source) for one in images}
    tally = Tally()
    for one in annotations:
        where = f"annotation {one.get('id')} of {source.name}"
        image, category = one.get("image_id"), one.get("category_id")
        if image not in marks or category not in names:
            raise DataSetError("an annotation of a listed image and category", where, "export the file again")
        draw = _shape(one, sizes[image], where, tally)
        if draw is not None:
            marks[image].append(Mark(names[category], draw, sizes[image], where))
    made = tuple(AnnotatedPicture(str(one.get("file_name")), tuple(marks[one.get("id")])) for one in images)
    return Annotations(made, tally.notes(), "coco")


def _size(image: dict[str, Any], source: Path) -> tuple[int, int]:
    where = f"image {image.get('id')} of {source.name}"
    return whole(image.get("height"), "a height", where, 1, 10**6), whole(
        image.get("width"), "a width", where, 1, 10**6
    )


def _shape(one: dict[str, Any], size: tuple[int, int], where: str, tally: Tally) -> Draw | None:
    shape = one.get("segmentation")
    if isinstance(shape, dict):
        return _run_lengths(shape, size, where)
    rings = [ring for ring in shape if isinstance(ring, list)] if isinstance(shape, list) else []
    rings = [numbers(ring, where) for ring in rings if len(ring) >= 6 and len(ring) % 2 == 0]
    if rings:
        return polygons(rings)
    if one.get("bbox"):
        sides = numbers(one["bbox"], where)
        if len(sides) == 4:
            tally.add("{} defects are marked by their boxes alone, corners and all", where)
            left, top, width, height = sides
            return box(left, top, left + width, top + height)
    tally.add("{} annotations without segmentation and box are left out", where)
    return None


def _run_lengths(shape: dict[str, Any], size: tuple[int, int], where: str) -> Draw:
    told, counts = shape.get("size"), shape.get("counts")
    if not isinstance(told, list) or [whole(side, "a size", where) for side in told] != list(size):
        got = f"{str(told)[:40]} in {where}"
        raise DataSetError(f"run lengths of the size of their image, {list(size)}", got, "export it again")
    if isinstance(counts, str):
        return lambda height, width: _decompressed(counts, height, width, where)
    runs = [whole(count, "a run length", where) for count in counts] if isinstance(counts, list) else [-1]
    if sum(runs) != size[0] * size[1]:
        raise DataSetError(f"run lengths of {size[0] * size[1]} pixels", f"{sum(runs)} in {where}", "export it again")
    values = np.repeat(np.arange(len(runs)) % 2 == 1, runs).reshape(size, order="F")
    return lambda _height, _width: values


def _decompressed(counts: str, height: int, width: int, where: str) -> Mask:
    mask = coco_masks()
    if sum(runs_of(counts, where)) != height * width:
        raise DataSetError(f"run lengths of {height * width} pixels", f"others in {where}", "export it again")
    return np.asarray(mask.decode({"size": [height, width], "counts": counts.encode()}), bool)


def runs_of(counts: str, where: str) -> list[int]:
    """Run lengths of pycocotools' text, checked before it is given to code in C.

    The text holds numbers in base 32, least digits first, six bits a letter from "0"; the third and later ones are told by
    their difference to the last but one (``rleFrString``).

    Raises:
        DataSetError: no such text.
    """
    runs: list[int] = []
    value = shift = 0
    for letter in counts:
        code = ord(letter) - 48
        if not 0 <= code < 64 or shift > 60:
            raise DataSetError("run lengths as pycocotools writes them", f"others in {where}", "export it again")
        value |= (code & 31) << shift
        shift += 5
        if code & 32:
            continue
        if code & 16:
            value -= 1 << shift
        runs.append(value + (runs[-2] if len(runs) > 2 else 0))
        value = shift = 0
        if runs[-1] < 0:
            raise DataSetError("run lengths from 0", f"{runs[-1]} in {where}", "export it again")
    if shift:
        raise DataSetError("whole run lengths", f"a cut text in {where}", "export it again")
    return runs
