"""Files of annotation tools -> a data set: COCO, LabelMe, CVAT, Label Studio, Pascal VOC and YOLO."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from data_builders.annotations.coco import read_coco
from data_builders.annotations.cvat import read_cvat
from data_builders.annotations.label_studio import read_label_studio
from data_builders.annotations.labelme import read_labelme
from data_builders.annotations.pictures import Annotations, located
from data_builders.annotations.voc import read_voc
from data_builders.annotations.yolo import read_yolo
from data_builders.labelled import Description, Labelled, learned, write_labelled
from data_builders.writer import Row

READERS: Mapping[str, Callable[[Path], Annotations]] = {
    "coco": read_coco, "cvat": read_cvat, "label-studio": read_label_studio, "labelme": read_labelme, "voc": read_voc,
    "yolo": read_yolo,
}  # fmt: skip


def from_annotations(
    layout: str, source: Path, target: Path, pictures: Path | None = None, object_name: str | None = None,
    domain: str = "industrial", learn: float = 0.0, seed: int = 0,
) -> Row:  # fmt: skip
    """Read annotated pictures into a data set; they are copied byte for byte.

    A picture that was looked at and has no mark is normal: three in four of them go to ``train``, as references, the others and
    every marked one to ``test``. A picture that nobody looked at is left out, and that is told.

    Args:
        layout: one of :data:`READERS`.
        source: file, or for LabelMe, VOC and YOLO the folder.
        target: empty or absent folder.
        pictures: folder that the paths in the file start from; that of the file, or the one above
            ``annotations``, when None.
        object_name: plain words; the name of the file when None.
        domain: industrial or medical.
        learn: share of the test pictures of each kind to learn from, [0, 1].
        seed: of all draws.

    Returns:
        The manifest; ``notes`` say what was left out.

    Raises:
        DataSetError, ConfigError: another form, none of the pictures, or a shape that makes no sense.
    """
    annotations = READERS[layout](source)
    folder = pictures or _home_of(source)
    placed, notes = located(annotations, folder, seed)
    items = [
        Labelled(path, marks[0].kind.replace("_", " ") if marks else None, (), split, marks=marks)
        for path, marks, split in placed
    ]
    name = (object_name or source.stem).replace("_", " ")
    description = Description(name, source.stem or layout, domain, layout)
    return write_labelled(learned(items, learn, seed), target, description, notes)


def _home_of(source: Path) -> Path:
    """Where the pictures of an annotation file lie unless it is said: beside it, or beside its folder ``annotations``."""
    if source.is_dir():
        return source
    return source.parent.parent if source.resolve().parent.name == "annotations" else source.parent
