"""CVAT for images 1.1: one XML file; polygons, boxes, ellipses and masks (row-major runs, unmarked first, inside their box)."""

from __future__ import annotations

from pathlib import Path
from xml.etree.ElementTree import Element

from assistant.errors import DataSetError
from data_builders.annotations.documents import numbers, read_xml, whole
from data_builders.annotations.marks import Draw, Mark, box, ellipse, placed, polygons, run_lengths
from data_builders.annotations.pictures import AnnotatedPicture, Annotations, Tally

FORM = "an XML file of CVAT for images 1.1"
_AREAS = ("polygon", "box", "ellipse", "mask")
_OTHERS = ("polyline", "points", "cuboid", "skeleton")


def read_cvat(source: Path) -> Annotations:
    """Pictures of a CVAT file; one without shapes is normal.

    Raises:
        DataSetError, ConfigError: another form, such as tracks of a video.
    """
    root = read_xml(source, FORM)
    if root.tag != "annotations":
        raise DataSetError(FORM, f"<{root.tag[:30]}> in {source}", "export it as CVAT for images 1.1")
    if root.find("track") is not None:
        raise DataSetError(FORM, f"tracks of a video in {source}", "export it as CVAT for images 1.1")
    tally, made = Tally(), list[AnnotatedPicture]()
    for image in root.iter("image"):
        name = image.get("name") or ""
        size = (
            whole(image.get("height"), "a height", name, 1, 10**6),
            whole(image.get("width"), "a width", name, 1, 10**6),
        )
        marks = []
        for shape in image:
            where = f"{shape.tag} of {name}"
            if shape.tag in _AREAS:
                marks.append(Mark(shape.get("label") or "", _draw(shape, where, tally), size, where))
            elif shape.tag in _OTHERS:
                tally.add("{} shapes without an area are left out", where)
        made.append(AnnotatedPicture(name, tuple(marks)))
    return Annotations(tuple(made), tally.notes(), "cvat")


def _draw(shape: Element, where: str, tally: Tally) -> Draw:
    if shape.tag == "polygon":
        return polygons([numbers((shape.get("points") or "").replace(";", ",").split(","), where)])
    turned = _values(shape, ("rotation",), where)[0] if shape.get("rotation") else 0.0
    if shape.tag == "box":
        tally.add("{} defects are marked by their boxes alone, corners and all", where)
        left, top, right, bottom = _values(shape, ("xtl", "ytl", "xbr", "ybr"), where)
        return box(left, top, right, bottom, turned)
    if shape.tag == "ellipse":
        x, y, across, down = _values(shape, ("cx", "cy", "rx", "ry"), where)
        return ellipse(x, y, across, down, turned)
    first, highest, width, height = (
        whole(shape.get(n), n, where, 0 if n in ("left", "top") else 1, 10**6)
        for n in ("left", "top", "width", "height")
    )
    runs = [whole(count.strip(), "a run length", where) for count in (shape.get("rle") or "").split(",")]
    if width * height > 10**9:
        raise DataSetError("a mask within its picture", f"{width}x{height} in {where}", "export it again")
    return placed(run_lengths(runs, height, width, where), first, highest)


def _values(shape: Element, names: tuple[str, ...], where: str) -> list[float]:
    return numbers([shape.get(name) for name in names], where)
