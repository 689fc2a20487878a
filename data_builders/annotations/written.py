"""Data sets in the formats of annotation tools; every defect keeps its exact pixels, read from the set's masks.

A mask shows the last defect on top, so what lies under a later one is that one's.
"""

from __future__ import annotations

import base64
import io
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import numpy as np
import yaml
from PIL import Image

from assistant.errors import DataSetError
from assistant.labels.outlines import coco_shape, polygons_of
from assistant.pictures.shards import picture_bytes
from assistant.samples.sets import open_set
from data_builders.files import own_mask, write_atomic
from data_builders.types import Mask

_SPLITS = {"train": "train", "validation": "val"}
"""Splits as YOLO calls them; every other one is ``test``."""


@dataclass(frozen=True, eq=False)
class MarkedPicture:
    """A picture of a data set with its defects.

    Args:
        name: relative path of the picture in what is written.
        split: of the data set.
        size: (height, width).
        mask: file with the value of each defect.
        values: kind and value of each defect.
    """

    name: str
    split: str
    size: tuple[int, int]
    mask: Path
    values: tuple[tuple[str, int], ...]

    @property
    def defects(self) -> Iterator[tuple[str, Mask]]:
        """Kind and pixels of each defect that shows, read anew each time: masks of a large set do not fit into memory."""
        if not self.values:
            return
        shown = own_mask(self.mask)
        for kind, value in self.values:
            area = shown == value
            if area.any():
                yield kind, area


def write_annotations(layout: str, source: Path, target: Path) -> Counter[str]:
    """Write a data set in the format of a tool, its pictures beside it.

    Args:
        layout: one of :data:`WRITERS`.
        source: data set.
        target: empty or absent folder.

    Returns:
        Counts of ``pictures`` and ``defects``.

    Raises:
        DataSetError: no data set, or a folder that is not empty.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise DataSetError("an empty or absent folder to write to", str(target), "choose another one")
    pictures = list(_marked(source, target, layout))
    WRITERS[layout](pictures, target)
    return Counter(pictures=len(pictures), defects=sum(len(p.values) for p in pictures))


def _marked(source: Path, target: Path, layout: str) -> Iterator[MarkedPicture]:
    """Pictures of a data set, copied on the way to where the layout wants them."""
    for sample in open_set(source):
        row, image = sample.row, sample.image
        number = f"{int(row['index']):07d}"
        name = image.name if image.name.startswith(f"{number}_") else f"{number}{image.suffix}"
        folder = {"voc": "JPEGImages", "yolo": f"images/{_SPLITS.get(row['split'], 'test')}"}.get(layout, "images")
        write_atomic(target / folder / name, picture_bytes(image))
        values = tuple((str(defect["type"]), int(defect["mask_value"])) for defect in row["defects"])
        if len({value for _, value in values}) < len(values):
            raise DataSetError(
                "a value of its own for each defect", f"shared ones in {image.name}", "use fewer defects"
            )
        yield MarkedPicture(name, row["split"], (row["height"], row["width"]), sample.mask, values)


def _kinds(pictures: Sequence[MarkedPicture]) -> list[str]:
    return sorted({kind for picture in pictures for kind, _ in picture.values})


def _json(path: Path, content: Any) -> None:
    write_atomic(path, json.dumps(content, ensure_ascii=False, indent=1).encode() + b"\n")


def _coco(pictures: Sequence[MarkedPicture], target: Path) -> None:
    kinds = _kinds(pictures)
    images, annotations = [], list[dict[str, Any]]()
    for number, picture in enumerate(pictures, 1):
        about = {"file_name": picture.name, "height": picture.size[0], "width": picture.size[1]}
        images.append({"id": number, **about, "license": 1})
        for kind, area in picture.defects:
            about = {"id": len(annotations) + 1, "image_id": number, "category_id": kinds.index(kind) + 1}
            annotations.append({**about, **coco_shape(area)})
    _json(target / "annotations" / "instances_default.json", {
        "info": {"description": "a data set of anomaly-assistant"}, "licenses": [{"id": 1, "name": "", "url": ""}],
        "images": images, "annotations": annotations,
        "categories": [{"id": n, "name": kind, "supercategory": "defect"} for n, kind in enumerate(kinds, 1)],
    })  # fmt: skip


def _labelme(pictures: Sequence[MarkedPicture], target: Path) -> None:
    for picture in pictures:
        shapes = list[dict[str, Any]]()
        for kind, area in picture.defects:
            rows, columns = np.flatnonzero(area.any(1)), np.flatnonzero(area.any(0))
            top, bottom, left, right = int(rows[0]), int(rows[-1]), int(columns[0]), int(columns[-1])
            shapes.append({
                "label": kind, "points": [[left, top], [right, bottom]], "group_id": None, "description": "",
                "shape_type": "mask", "flags": {}, "mask": _png(area[top : bottom + 1, left : right + 1]),
            })  # fmt: skip
        _json(target / "images" / f"{Path(picture.name).stem}.json", {
            "version": "5.5.0", "flags": {}, "shapes": shapes, "imagePath": picture.name, "imageData": None,
            "imageHeight": picture.size[0], "imageWidth": picture.size[1],
        })  # fmt: skip


def _png(area: Mask) -> str:
    buffer = io.BytesIO()
    Image.fromarray(area.astype(np.uint8)).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def _cvat(pictures: Sequence[MarkedPicture], target: Path) -> None:
    root = Xml.Element("annotations")
    Xml.SubElement(root, "version").text = "1.1"
    labels = Xml.SubElement(Xml.SubElement(Xml.SubElement(root, "meta"), "task"), "labels")
    for kind in _kinds(pictures):
        Xml.SubElement(Xml.SubElement(labels, "label"), "name").text = kind
    for number, picture in enumerate(pictures):
        height, width = picture.size
        image = Xml.SubElement(root, "image", id=str(number), name=picture.name, width=str(width), height=str(height))
        for kind, area in picture.defects:
            rows, columns = np.flatnonzero(area.any(1)), np.flatnonzero(area.any(0))
            top, left = int(rows[0]), int(columns[0])
            part = area[top : int(rows[-1]) + 1, left : int(columns[-1]) + 1]
            told = {"label": kind, "source": "file", "occluded": "0", "rle": ", ".join(map(str, runs_of_rows(part)))}
            sides = {"left": left, "top": top, "width": part.shape[1], "height": part.shape[0]}
            Xml.SubElement(image, "mask", {**told, **{k: str(v) for k, v in sides.items()}, "z_order": "0"})
    Xml.indent(root)
    write_atomic(target / "annotations.xml", Xml.tostring(root, encoding="utf-8", xml_declaration=True))


def runs_of_rows(area: Mask) -> list[int]:
    """Row-major runs of unmarked and marked pixels in turn, unmarked first.

    >>> runs_of_rows(np.array([[True, True], [False, True]]))
    [0, 2, 1, 1]
    """
    flat = np.concatenate([[False], area.ravel()])
    changes = np.flatnonzero(flat[1:] != flat[:-1])
    ends = np.concatenate([changes, [area.size]])
    return [int(run) for run in np.diff(np.concatenate([[0], ends]))]


def _yolo(pictures: Sequence[MarkedPicture], target: Path) -> None:
    kinds = _kinds(pictures)
    splits = set[str]()
    for picture in pictures:
        (height, width), split = picture.size, _SPLITS.get(picture.split, "test")
        splits.add(split)
        lines = [
            " ".join([str(kinds.index(kind)), *(f"{x / width:.7g} {y / height:.7g}" for x, y in ring)])
            for kind, area in picture.defects
            for ring in polygons_of(area)
        ]
        text = "".join(f"{line}\n" for line in lines)
        write_atomic(target / "labels" / split / f"{Path(picture.name).stem}.txt", text.encode())
    content = {"path": ".", **{split: f"images/{split}" for split in sorted(splits)}, "names": dict(enumerate(kinds))}
    write_atomic(target / "data.yaml", yaml.safe_dump(content, sort_keys=False, allow_unicode=True).encode())


def _label_studio(pictures: Sequence[MarkedPicture], target: Path) -> None:
    tasks = []
    for number, picture in enumerate(pictures, 1):
        height, width = picture.size
        about = {"from_name": "label", "to_name": "image", "original_width": width, "original_height": height}
        results = [
            {
                "id": f"{number}-{n}-{m}", "type": "polygonlabels", "image_rotation": 0, **about,
                "value": {
                    "points": [[100 * x / width, 100 * y / height] for x, y in ring], "closed": True,
                    "polygonlabels": [kind],
                },
            }
            for n, (kind, area) in enumerate(picture.defects)
            for m, ring in enumerate(polygons_of(area))
        ]  # fmt: skip
        address = f"/data/local-files/?d=images/{picture.name}"
        tasks.append({"data": {"image": address}, "annotations": [{"result": results, "ground_truth": False}]})
    _json(target / "tasks.json", tasks)
    labels = Xml.Element("View")
    Xml.SubElement(labels, "Image", name="image", value="$image")
    polygons = Xml.SubElement(labels, "PolygonLabels", name="label", toName="image")
    for kind in _kinds(pictures):
        Xml.SubElement(polygons, "Label", value=kind)
    write_atomic(target / "label_config.xml", Xml.tostring(labels, encoding="utf-8"))


def _voc(pictures: Sequence[MarkedPicture], target: Path) -> None:
    kinds = _kinds(pictures)
    for picture in pictures:
        stem, (height, width) = Path(picture.name).stem, picture.size
        if len(picture.values) > 254 or len(kinds) > 254:
            raise DataSetError("at most 254 defects a picture and 254 kinds", f"more in {picture.name}", "write COCO")
        root = Xml.Element("annotation")
        for name, text in (("folder", "JPEGImages"), ("filename", picture.name), ("segmented", "1")):
            Xml.SubElement(root, name).text = text
        size = Xml.SubElement(root, "size")
        for name, side in (("width", width), ("height", height), ("depth", 3)):
            Xml.SubElement(size, name).text = str(side)
        objects, classes = np.zeros((height, width), np.uint8), np.zeros((height, width), np.uint8)
        for number, (kind, area) in enumerate(picture.defects, 1):
            objects[area], classes[area] = number, kinds.index(kind) + 1
            rows, columns = np.flatnonzero(area.any(1)), np.flatnonzero(area.any(0))
            one = Xml.SubElement(root, "object")
            Xml.SubElement(one, "name").text = kind
            sides = {"xmin": columns[0] + 1, "ymin": rows[0] + 1, "xmax": columns[-1] + 1, "ymax": rows[-1] + 1}
            box = Xml.SubElement(one, "bndbox")
            for name, side in sides.items():
                Xml.SubElement(box, name).text = str(int(side))
        write_atomic(target / "Annotations" / f"{stem}.xml", Xml.tostring(root, encoding="utf-8"))
        for folder, values in (("SegmentationObject", objects), ("SegmentationClass", classes)):
            write_atomic(target / folder / f"{stem}.png", _palette_png(values))
    write_atomic(target / "labelmap.txt", _label_map(kinds).encode())
    listed = "".join(f"{Path(picture.name).stem}\n" for picture in pictures).encode()
    for folder in ("Main", "Segmentation"):
        write_atomic(target / "ImageSets" / folder / "default.txt", listed)


def _label_map(kinds: Sequence[str]) -> str:
    """Names and colours of the classes, as CVAT and datumaro want them beside a VOC segmentation."""
    colours = _palette()
    lines = [f"{kind}:{','.join(map(str, colours[n]))}::\n" for n, kind in enumerate(("background", *kinds))]
    return "# label:color_rgb:parts:actions\n" + "".join(lines)


def _palette() -> np.ndarray:
    """Colours of the VOC development kit, (256, 3): bits of the index spread over red, green and blue."""
    palette = np.zeros((256, 3), np.uint8)
    for index in range(256):
        for bit in range(8):
            for channel in range(3):
                palette[index, channel] |= ((index >> (3 * bit + channel)) & 1) << (7 - bit)
    return palette


def _palette_png(values: np.ndarray) -> bytes:
    """Indices with the colours of :func:`_palette`."""
    image = Image.fromarray(values).convert("P")
    image.putpalette(_palette().ravel().tolist())
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


WRITERS: Mapping[str, Callable[[Sequence[MarkedPicture], Path], None]] = {
    "coco": _coco, "cvat": _cvat, "label-studio": _label_studio, "labelme": _labelme, "voc": _voc, "yolo": _yolo,
}  # fmt: skip
