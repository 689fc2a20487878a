"""Pascal VOC: ``Annotations/*.xml``, pictures, and ``SegmentationObject/*.png`` where there are any.

Boxes count pixels from 1 and their last row and column belong to them, as the challenge's development kit says. In a segmentation
the n-th object of the file has the value n; 255, the border that nobody decided on, belongs to none.
"""

from __future__ import annotations

from pathlib import Path
from xml.etree.ElementTree import Element

from assistant.errors import DataSetError
from assistant.labels.mask_decoder import decode_mask
from assistant.labels.masks import MASK_LIMITS
from assistant.pictures.images import read_file
from data_builders.annotations.documents import numbers, read_xml, whole
from data_builders.annotations.marks import Draw, Mark, box, placed
from data_builders.annotations.pictures import AnnotatedPicture, Annotations, Tally

FORM = "an annotation file of Pascal VOC"


def read_voc(source: Path) -> Annotations:
    """Pictures of a VOC folder; one whose file names no object is normal.

    Args:
        source: folder with ``Annotations``, or a folder of XML files.

    Raises:
        DataSetError, ConfigError: no such files, or another form in one.
    """
    folder = source / "Annotations" if (source / "Annotations").is_dir() else source
    files = sorted(p for p in folder.iterdir() if p.suffix.lower() == ".xml") if folder.is_dir() else []
    if not files:
        raise DataSetError("annotation files of Pascal VOC (.xml)", f"none in {folder}", "name the folder")
    tally = Tally()
    made = tuple(_picture(file, source / "SegmentationObject" / f"{file.stem}.png", tally) for file in files)
    return Annotations(made, tally.notes(), "voc")


def _picture(file: Path, segmentation: Path, tally: Tally) -> AnnotatedPicture:
    root = read_xml(file, FORM)
    if root.tag != "annotation":
        raise DataSetError(FORM, f"<{root.tag[:30]}> in {file}", "export it as Pascal VOC")
    size = _size(root, file)
    drawn = _instances(root, segmentation) if segmentation.is_file() else None
    marks = []
    for number, one in enumerate(root.findall("object")):
        where = f"object {number + 1} of {file.name}"
        draw = _box(one, where, tally) if drawn is None else drawn[number]
        marks.append(Mark((one.findtext("name") or "").strip(), draw, size, where))
    name = (root.findtext("filename") or "").strip() or file.stem
    return AnnotatedPicture(name, tuple(marks))


def _size(root: Element, file: Path) -> tuple[int, int] | None:
    told = [root.findtext(f"size/{side}") for side in ("height", "width")]
    if None in told or "0" in told:
        return None
    height, width = (whole(side, "a side", file.name, 1, 10**6) for side in told)
    return height, width


def _box(one: Element, where: str, tally: Tally) -> Draw:
    told = [one.findtext(f"bndbox/{side}") for side in ("xmin", "ymin", "xmax", "ymax")]
    left, top, right, bottom = numbers(told, where)
    tally.add("{} defects are marked by their boxes alone, corners and all", where)
    return box(left - 1, top - 1, right, bottom)


def _instances(root: Element, path: Path) -> list[Draw]:
    values = decode_mask(read_file(str(path), MASK_LIMITS), str(path), {}, MASK_LIMITS).values
    count = len(root.findall("object"))
    if values.ndim != 2 or int(values[values != 255].max(initial=0)) > count:
        got = f"another in {path}"
        raise DataSetError(f"a segmentation with values up to {count}, one an object", got, "export it again")
    return [placed(values == number + 1, 0, 0) for number in range(count)]
