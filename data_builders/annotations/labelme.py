"""LabelMe: a JSON file a picture, with shapes drawn by Pillow and masks as PNG cut to their box (corners inclusive)."""

from __future__ import annotations

import base64
import binascii
from pathlib import Path
from typing import Any

from assistant.errors import DataSetError
from assistant.files.folders import walked
from assistant.labels.mask_decoder import decode_mask
from assistant.labels.mask_rules import marked_pixels
from assistant.labels.masks import MASK_LIMITS
from data_builders.annotations.documents import numbers, read_json, whole
from data_builders.annotations.marks import Draw, Mark, by_pillow, placed, union
from data_builders.annotations.pictures import AnnotatedPicture, Annotations, Tally

FORM = "a LabelMe file: shapes, imagePath, imageHeight and imageWidth"
_LEAST = {"polygon": 3, "rectangle": 2, "circle": 2, "line": 2, "linestrip": 2, "point": 1, "points": 1, "mask": 2}
_LINES = ("line", "linestrip", "point", "points")


def read_labelme(source: Path) -> Annotations:
    """Pictures of a LabelMe file, or of every such file below a folder; one without shapes is normal.

    Raises:
        DataSetError, ConfigError: no such file, or another form in one.
    """
    files = [source]
    if source.is_dir():
        files = [Path(file) for file in walked(str(source), lambda path: path.lower().endswith(".json"))]
    if not files:
        raise DataSetError("LabelMe files (.json)", f"none in {source}", "name their folder")
    tally, made = Tally(), list[AnnotatedPicture]()
    for file in files:
        content = read_json(file, FORM)
        if not isinstance(content, dict) or not isinstance(content.get("shapes"), list):
            if source.is_dir():
                tally.add("{} JSON files are none of LabelMe's and left out", file.name)
                continue
            raise DataSetError(FORM, f"another form in {file}", "save it again")
        name = str(content.get("imagePath") or file.with_suffix("").name).replace("\\", "/")
        start = "" if not source.is_dir() else file.parent.relative_to(source).as_posix()
        made.append(
            AnnotatedPicture(f"{start}/{name}" if start not in ("", ".") else name, _marks(content, file, tally))
        )
    return Annotations(tuple(made), tally.notes(), "labelme")


def _marks(content: dict[str, Any], file: Path, tally: Tally) -> tuple[Mark, ...]:
    """A mark a shape; shapes of one label and group are one."""
    told = (content.get("imageHeight"), content.get("imageWidth"))
    size = None if None in told else tuple(whole(side, "a side", file.name, 1, 10**6) for side in told)
    groups: dict[tuple[str, Any], list[Draw]] = {}
    for number, shape in enumerate(content["shapes"], 1):
        where = f"shape {number} of {file.name}"
        if not isinstance(shape, dict) or not isinstance(shape.get("label"), str):
            raise DataSetError("a shape with a label", f"another in {where}", "save the file again")
        group = shape.get("group_id")
        key = (shape["label"], ("alone", number) if group is None else str(group))
        groups.setdefault(key, []).append(_draw(shape, where, tally))
    return tuple(
        Mark(kind, union(draws), None if size is None else (size[0], size[1]), file.name)
        for (kind, _), draws in groups.items()
    )


def _draw(shape: dict[str, Any], where: str, tally: Tally) -> Draw:
    kind, given = shape.get("shape_type") or "polygon", shape.get("points")
    if kind not in _LEAST or not isinstance(given, list) or len(given) < _LEAST[kind]:
        raise DataSetError("a shape of LabelMe with its points", f"{str(kind)[:20]} in {where}", "save the file again")
    points = [numbers(point, where) for point in given if isinstance(point, list)]
    if len(points) < len(given) or any(len(point) != 2 for point in points):
        raise DataSetError("points x and y", f"others in {where}", "save the file again")
    if kind == "mask":
        return _mask(shape, points, where)
    if kind in _LINES:
        tally.add("{} lines and points are drawn 10 pixels wide, as LabelMe does", where)
    return by_pillow(kind, [(x, y) for x, y in points])


def _mask(shape: dict[str, Any], points: list[list[float]], where: str) -> Draw:
    try:
        data = base64.b64decode(str(shape.get("mask") or ""), validate=True)
    except (binascii.Error, ValueError):
        raise DataSetError("a mask as base64", f"something else in {where}", "save the file again") from None
    part, _ = marked_pixels(decode_mask(data, where, {}, MASK_LIMITS), where)
    (left, top), (right, bottom) = ((round(x), round(y)) for x, y in points[:2])
    if part.shape != (bottom - top + 1, right - left + 1):
        got = f"{part.shape[1]}x{part.shape[0]} in {where}"
        raise DataSetError(f"a mask of {right - left + 1}x{bottom - top + 1} pixels", got, "save the file again")
    return placed(part, left, top)
