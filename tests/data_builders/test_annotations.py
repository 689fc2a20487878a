"""Files of annotation tools: marks are the pixels that those tools draw, and every format gives back what was written.

``drawn_elsewhere.json`` holds shapes with the masks that other packages draw of them, as row-major runs: LabelMe 5.5.0
(``labelme.utils.shape_to_mask``), label-studio-sdk 2.1.2 (brushes packed and unpacked by ``converter.brush``, corners of a turned
rectangle by ``converter.utils``) and datumaro 1.13.12, the reader and drawer of CVAT. It was made once, with those packages.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from assistant.errors import AssistantError
from assistant.labels.masks import Frame
from assistant.labels.outlines import coco_shape
from data_builders.annotated import READERS, from_annotations
from data_builders.annotations.coco import runs_of
from data_builders.annotations.label_studio import unpacked_brush
from data_builders.annotations.marks import run_lengths
from data_builders.annotations.written import WRITERS, runs_of_rows
from data_builders.convert import main
from data_builders.files import own_mask
from data_builders.writer import read_rows

DRAWN: dict[str, Any] = json.loads((Path(__file__).parent / "drawn_elsewhere.json").read_text())
HEIGHT, WIDTH = DRAWN["size"]
FRAME = Frame(HEIGHT, WIDTH)


def mask_of(runs: list[int]) -> np.ndarray:
    return run_lengths(runs, HEIGHT, WIDTH, "the test")


def blob(seed: int, size: tuple[int, int] = (HEIGHT, WIDTH)) -> np.ndarray:
    """A ring, so that there is a hole, with specks about it."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: size[0], : size[1]]
    away = np.hypot(y - rng.uniform(12, size[0] - 12), x - rng.uniform(14, size[1] - 14))
    return ((away < 9) & (away > rng.uniform(2, 6))) | (rng.random(size) > 0.995)


def picture(path: Path, size: tuple[int, int] = (HEIGHT, WIDTH)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(len(path.name)).integers(0, 255, (*size, 3), np.uint8)
    Image.fromarray(noise).save(path)
    return path


def drawn(layout: str, source: Path) -> list[tuple[str, np.ndarray]]:
    """Kind and pixels of the marks of the first picture."""
    marks = READERS[layout](source).pictures[0].marks
    return [(mark.kind, mark.drawn(FRAME)[0]) for mark in marks]


def write(path: Path, content: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


# LabelMe ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", range(len(DRAWN["labelme"])))
def test_labelme_shapes_are_drawn_as_labelme_draws_them(number: int, tmp_path: Path) -> None:
    case = DRAWN["labelme"][number]
    shape = {"label": "scratch", "points": case["points"], "shape_type": case["shape_type"], "group_id": None}
    about = {"imagePath": "0.png", "imageHeight": HEIGHT, "imageWidth": WIDTH}
    path = write(tmp_path / "0.json", {"shapes": [shape], **about})
    ((kind, area),) = drawn("labelme", path)
    assert kind == "scratch"
    assert np.array_equal(area, mask_of(case["mask"]))


def test_labelme_masks_and_groups(tmp_path: Path) -> None:
    part = np.array([[0, 1, 1], [1, 0, 1]], np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(part).save(buffer, "PNG")
    packed = base64.b64encode(buffer.getvalue()).decode()
    mask = {"label": "dent", "shape_type": "mask", "points": [[7, 9], [9, 10]], "mask": packed}
    corner = {"label": "chip", "shape_type": "rectangle", "points": [[0, 0], [1, 1]], "group_id": 4}
    other = {**corner, "points": [[50, 30], [51, 31]]}
    about = {"imagePath": "..\\0.png", "imageHeight": HEIGHT, "imageWidth": WIDTH}
    path = write(tmp_path / "0.json", {"shapes": [mask, corner, other], **about})
    (_, dent), (kind, chips) = drawn("labelme", path)
    wanted = np.zeros((HEIGHT, WIDTH), bool)
    wanted[9:11, 7:10] = part
    assert np.array_equal(dent, wanted)
    assert (kind, int(chips.sum())) == ("chip", 8)
    write(path, {"shapes": [{**mask, "points": [[7, 9], [10, 10]]}], **about})
    with pytest.raises(AssistantError, match="a mask of 4x2 pixels, got 3x2"):
        drawn("labelme", path)


# Label Studio -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", range(len(DRAWN["label_studio_brush"])))
def test_brushes_are_unpacked_as_label_studio_does(number: int) -> None:
    case = DRAWN["label_studio_brush"][number]
    assert np.array_equal(unpacked_brush(case["rle"], HEIGHT, WIDTH, "t"), mask_of(case["mask"]))
    with pytest.raises(AssistantError, match="a brush of 60x41 pixels"):
        unpacked_brush(case["rle"], HEIGHT + 1, WIDTH, "t")
    with pytest.raises(AssistantError, match="a brush of"):
        unpacked_brush(case["rle"][:-9], HEIGHT, WIDTH, "t")


def task(*results: dict[str, Any], image: str = "/data/upload/3/0123abcd-0.png", **more: Any) -> dict[str, Any]:
    sides = {"original_width": WIDTH, "original_height": HEIGHT, "image_rotation": 0}
    return {"data": {"image": image}, "annotations": [{"result": [{**sides, **r} for r in results], **more}]}


def test_label_studio_shapes(tmp_path: Path) -> None:
    turned = DRAWN["label_studio_turned"]
    corners = [value for corner in turned["corners"] for value in corner]
    brush = DRAWN["label_studio_brush"][0]
    results = [
        {"id": "a", "type": "rectanglelabels", "value": {**turned["value"], "rectanglelabels": ["dent"]}},
        {"id": "b", "type": "brushlabels", "value": {"format": "rle", "rle": brush["rle"], "brushlabels": ["stain"]}},
        {"id": "c", "type": "brush", "value": {"format": "rle", "rle": brush["rle"]}},
        {"id": "c", "type": "labels", "value": {"format": "rle", "rle": brush["rle"], "labels": ["burn"]}},
        {"id": "d", "type": "polygonlabels", "value": {"points": [[10, 10], [50, 10], [50, 50], [10, 50]],
                                                       "polygonlabels": ["chip"]}},
        {"id": "e", "type": "ellipselabels", "value": {"x": 50, "y": 50, "radiusX": 10, "radiusY": 15, "rotation": 0,
                                                       "ellipselabels": ["hole"]}},
        {"id": "f", "type": "choices", "value": {"choices": ["bad"]}},
        {"id": "g", "type": "keypointlabels", "value": {"x": 1, "y": 1, "width": 1, "keypointlabels": ["dot"]}},
    ]  # fmt: skip
    found = READERS["label-studio"](write(tmp_path / "p.json", [task(*results), {"data": {"image": "x.png"}}]))
    marks = {mark.kind: mark.drawn(FRAME)[0] for mark in found.pictures[0].marks}
    assert sorted(marks) == ["burn", "chip", "dent", "hole", "stain"]
    packed = coco_mask.merge(coco_mask.frPyObjects([corners], HEIGHT, WIDTH))
    assert np.array_equal(marks["dent"], coco_mask.decode(packed) > 0)
    assert np.array_equal(marks["burn"], mask_of(brush["mask"]))
    assert np.array_equal(np.argwhere(marks["chip"])[[0, -1]], [[4, 6], [19, 29]])
    assert abs(int(marks["hole"].sum()) - np.pi * 6 * 6) < 6
    assert found.pictures[0].name == "0.png"
    assert [note.partition(":")[0] for note in found.notes] == [
        "1 defects are marked by their boxes alone, corners and all",
        "1 results without an area are left out",
        "1 tasks that nobody annotated are left out",
    ]


def test_label_studio_takes_the_ground_truth_and_refuses_turned_views(tmp_path: Path) -> None:
    box = {"x": 0, "y": 0, "width": 50, "height": 50, "rotation": 0, "rectanglelabels": ["dent"]}
    one = task({"id": "a", "type": "rectanglelabels", "value": box}, ground_truth=True)
    one["annotations"] += [{"result": []}, {"result": [], "was_cancelled": True}]
    path = write(tmp_path / "p.json", [one])
    assert len(READERS["label-studio"](path).pictures[0].marks) == 1
    one["annotations"][0]["ground_truth"] = False
    assert len(READERS["label-studio"](write(path, [one])).pictures[0].marks) == 0
    one["annotations"][0]["ground_truth"] = True
    one["annotations"][0]["result"][0]["image_rotation"] = 90
    with pytest.raises(AssistantError, match="not turned"):
        READERS["label-studio"](write(path, [one]))
    with pytest.raises(AssistantError, match="not JSON-MIN"):
        READERS["label-studio"](write(path, [{"image": "0.png", "label": []}]))


# CVAT ---------------------------------------------------------------------------------------------------------------------


def test_cvat_shapes_are_drawn_as_datumaro_draws_them(tmp_path: Path) -> None:
    found = drawn("cvat", write(tmp_path / "a.xml", DRAWN["cvat_xml"]))
    assert len(found) == len(DRAWN["cvat"])
    for (kind, area), case in zip(found, DRAWN["cvat"], strict=True):
        assert kind == "scratch"
        assert np.array_equal(area, mask_of(case["mask"])), case["type"]


def test_cvat_tells_what_it_leaves_out(tmp_path: Path) -> None:
    more = '<polyline label="scratch" points="1,1;5,5"/><tag label="seen"/><ellipse label="dent" cx="30" cy="20" rx="9" ry="6"/>'
    text = DRAWN["cvat_xml"].replace("</image>", f'{more}</image><image id="1" name="1.png" width="60" height="40"/>')
    found = READERS["cvat"](write(tmp_path / "a.xml", text))
    assert [len(p.marks) for p in found.pictures] == [4, 0]
    assert "1 shapes without an area are left out: polyline of 0.png" in found.notes
    for wrong, reason in (
        ("<a/>", "CVAT for images"), ("<annotations><track/></annotations>", "tracks of a video"), ("<a", "CVAT for images"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><annotations/>', "definitions of its own"),
        (text.replace("3, 5, 6, 2, 4", "3, 5, 6, 2, 5"), "run lengths of 5x4 = 20 pixels, got 21"),
        (text.replace("5.23,3.17", "5.23,nan"), "finite numbers"),
    ):  # fmt: skip
        with pytest.raises(AssistantError, match=reason):
            drawn("cvat", write(tmp_path / "a.xml", wrong))


# COCO ---------------------------------------------------------------------------------------------------------------------


def coco_file(*annotations: dict[str, Any], size: tuple[int, int] = (HEIGHT, WIDTH)) -> dict[str, Any]:
    image = {"id": 7, "file_name": "0.png", "height": size[0], "width": size[1]}
    made = [{"id": n, "image_id": 7, "category_id": 3, "iscrowd": 0, **one} for n, one in enumerate(annotations, 1)]
    return {"images": [image], "annotations": made, "categories": [{"id": 3, "name": "scratch"}]}


def test_coco_shapes_are_those_of_pycocotools(tmp_path: Path) -> None:
    ring = blob(3)
    compressed = coco_mask.encode(np.asfortranarray(ring.astype(np.uint8)))
    counts = [
        int(run)
        for run in np.diff(np.flatnonzero(np.diff(np.r_[~ring.T.ravel()[:1], ring.T.ravel(), ~ring.T.ravel()[-1:]])))
    ]
    uncompressed = runs_of(compressed["counts"].decode(), "t")
    assert uncompressed[1:-1] == counts[: len(uncompressed) - 2] or counts
    rings = [[5.2, 3.1, 30.7, 8.4, 22.5, 30.9, 8.1, 25.6], [40.0, 2.0, 55.5, 2.0, 55.5, 9.0]]
    shapes: list[dict[str, Any]] = [
        {"segmentation": rings},
        {"segmentation": {"size": [HEIGHT, WIDTH], "counts": compressed["counts"].decode()}},
        {"segmentation": {"size": [HEIGHT, WIDTH], "counts": uncompressed}, "iscrowd": 1},
    ]
    path = write(tmp_path / "a.json", coco_file(*({**s, "bbox": [0, 0, 1, 1], "area": 1} for s in shapes)))
    theirs = COCO(str(path))
    found = drawn("coco", path)
    for (_, area), one in zip(found, theirs.dataset["annotations"], strict=True):
        assert np.array_equal(area, theirs.annToMask(one) > 0)
    assert np.array_equal(found[1][1], ring)


@pytest.mark.parametrize("seed", range(6))
def test_the_text_of_run_lengths_is_read_as_pycocotools_writes_it(seed: int) -> None:
    area = blob(seed, (200, 170)) if seed else np.zeros((200, 170), bool)
    packed = coco_mask.encode(np.asfortranarray(area.astype(np.uint8)))
    runs = runs_of(packed["counts"].decode(), "t")
    assert sum(runs) == area.size
    assert np.array_equal(np.repeat(np.arange(len(runs)) % 2 == 1, runs).reshape(area.shape, order="F"), area)


def test_coco_boxes_are_told_of_and_nonsense_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", coco_file({"bbox": [4, 5, 10, 6]}, {"segmentation": []}))
    found = READERS["coco"](path)
    ((_, area),) = drawn("coco", path)
    assert area.sum() == 60
    assert area[5:11, 4:14].all()
    assert found.notes == (
        "1 defects are marked by their boxes alone, corners and all: annotation 1 of a.json",
        "1 annotations without segmentation and box are left out: annotation 2 of a.json",
    )
    rle = {"size": [HEIGHT, WIDTH], "counts": "zz~"}
    for wrong, reason in (
        ({"category_id": 9}, "a listed image and category"),
        ({"segmentation": {"size": [1, 2], "counts": [2]}}, "the size of their image"),
        ({"segmentation": {"size": [HEIGHT, WIDTH], "counts": [5, 5]}}, "run lengths of 2400 pixels"),
        ({"segmentation": rle}, "as pycocotools writes them"),
        ({"segmentation": {**rle, "counts": "0"}}, "run lengths of 2400 pixels"),
        ({"segmentation": [["a"] * 6]}, "finite numbers"),
    ):
        with pytest.raises(AssistantError, match=reason):
            drawn("coco", write(path, coco_file(wrong)))
    for form in ([], {"images": [], "annotations": []}, {"images": [1], "annotations": [], "categories": []}):
        with pytest.raises(AssistantError, match="a COCO file"):
            READERS["coco"](write(path, form))
    path.write_bytes(b"\xff\xfe" + json.dumps(coco_file({"bbox": [4, 5, 10, 6]})).encode("utf-16-le"))
    assert len(READERS["coco"](path).pictures) == 1


# VOC and YOLO -------------------------------------------------------------------------------------------------------------


def test_voc_boxes_count_from_one(tmp_path: Path) -> None:
    text = (
        "<annotation><filename>0.png</filename><size><width>60</width><height>40</height></size><object><name>dent</name>"
        "<bndbox><xmin>5</xmin><ymin>3</ymin><xmax>14</xmax><ymax>8</ymax></bndbox></object></annotation>"
    )
    write(tmp_path / "Annotations/0.xml", text)
    ((kind, area),) = drawn("voc", tmp_path)
    assert (kind, np.argwhere(area)[[0, -1]].tolist()) == ("dent", [[2, 4], [7, 13]])
    write(tmp_path / "Annotations/0.xml", text.replace("<ymin>3", "<ymin>x"))
    with pytest.raises(AssistantError, match="finite numbers"):
        drawn("voc", tmp_path)


def test_yolo_boxes_and_polygons(tmp_path: Path) -> None:
    picture(tmp_path / "images/train/0.png")
    picture(tmp_path / "images/train/1.png")
    write(tmp_path / "data.yaml", "names: [dent, chip]\n")
    write(tmp_path / "labels/train/0.txt", "1 0.5 0.5 0.5 0.25\n0 0.1 0.1 0.5 0.1 0.5 0.5 0.1 0.5\n")
    write(tmp_path / "labels/train/9.txt", "")
    found = READERS["yolo"](tmp_path)
    (kind, area), (other, square) = drawn("yolo", tmp_path)
    assert (kind, np.argwhere(area)[[0, -1]].tolist()) == ("chip", [[15, 15], [24, 44]])
    assert (other, np.argwhere(square)[[0, -1]].tolist()) == ("dent", [[4, 6], [19, 29]])
    assert [note.partition(":")[0] for note in found.notes] == [
        "1 defects are marked by their boxes alone, corners and all",
        "1 pictures without a text file are left out (an empty one says that nothing is wrong)",
        "1 text files belong to no picture",
    ]
    for line, reason in (
        ("2 0.5 0.5 0.1 0.1", "a class below 2"), ("0 5 5 1 1", "shares of the sides"), ("0 0.5", "a box of 4 numbers"),
        ("dent 0.5 0.5 0.1 0.1", "whole number"),
    ):  # fmt: skip
        write(tmp_path / "labels/train/0.txt", line)
        with pytest.raises(AssistantError, match=reason):
            READERS["yolo"](tmp_path)


# There and back -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def data_set(tmp_path: Path) -> Path:
    """Rings with specks of two kinds, and normal pictures, out of a COCO file."""
    images, annotations = [], list[dict[str, Any]]()
    for number in range(5):
        picture(tmp_path / f"source/{number}.png")
        images.append({"id": number, "file_name": f"{number}.png", "height": HEIGHT, "width": WIDTH})
    for number in range(3):
        for kind in range(1 + number % 2):
            shape = coco_shape(blob(2 * number + kind))
            annotations.append({"id": len(annotations), "image_id": number, "category_id": kind, **shape})
    categories = [{"id": 0, "name": "deep scratch"}, {"id": 1, "name": "stain"}]
    write(tmp_path / "source/a.json", {"images": images, "annotations": annotations, "categories": categories})
    from_annotations("coco", tmp_path / "source/a.json", tmp_path / "set")
    return tmp_path / "set"


def shown(folder: Path) -> list[tuple[list[str], list[np.ndarray]]]:
    """Kinds and pixels of the defects of each picture."""
    found = []
    for row in read_rows(folder):
        values = own_mask(folder / row["mask_file_name"])
        areas = [values == defect["mask_value"] for defect in row["defects"]]
        found.append(([defect["type"] for defect in row["defects"]], areas))
    return found


@pytest.mark.parametrize("layout", sorted(WRITERS))
def test_every_format_gives_back_what_was_written(layout: str, data_set: Path, tmp_path: Path) -> None:
    assert main([f"to-{layout}", str(data_set), str(tmp_path / "out")]) == 0
    files = {
        "coco": "annotations/instances_default.json",
        "cvat": "annotations.xml",
        "label-studio": "tasks.json",
        "labelme": "images",
    }
    source = tmp_path / "out" / files.get(layout, "")
    assert main([f"from-{layout}", str(source), str(tmp_path / "back")]) == 0
    before, after = shown(data_set), shown(tmp_path / "back")
    assert len(before) == len(after) == 5
    for (kinds, areas), (others, found) in zip(before, after, strict=True):
        if layout in ("yolo", "label-studio"):  # where the polygons of one defect are defects of their own
            assert set(kinds) == set(others)
            for kind in set(kinds):
                wanted = np.any([a for k, a in zip(kinds, areas, strict=True) if k == kind], axis=0)
                got = np.any([a for k, a in zip(others, found, strict=True) if k == kind], axis=0)
                assert np.array_equal(wanted, got)
        else:
            assert kinds == others
            assert all(np.array_equal(a, b) for a, b in zip(areas, found, strict=True))


def test_coco_out_is_taken_by_pycocotools(data_set: Path, tmp_path: Path) -> None:
    assert main(["to-coco", str(data_set), str(tmp_path / "out")]) == 0
    truth = COCO(str(tmp_path / "out/annotations/instances_default.json"))
    for row, (_, areas) in zip(read_rows(data_set), shown(data_set), strict=True):
        ids = truth.getAnnIds(imgIds=[row["index"] + 1])
        for one, area in zip(truth.loadAnns(ids), areas, strict=True):
            assert np.array_equal(truth.annToMask(one) > 0, area)
            assert one["area"] == area.sum()
    again = truth.loadRes([{**one, "score": 0.9} for one in truth.dataset["annotations"]])
    measured = COCOeval(truth, again, "segm")
    for step in (measured.evaluate, measured.accumulate, measured.summarize):
        step()
    assert measured.stats[0] == pytest.approx(1.0)


def test_pictures_are_found_missing_ones_told_and_normals_shared_out(tmp_path: Path, capsys: Any) -> None:
    names = [f"{n}.png" for n in range(8)]
    for name in names:
        picture(tmp_path / "pictures/deep" / name)
    images = [
        {"id": n, "file_name": name, "height": HEIGHT, "width": WIDTH} for n, name in enumerate([*names, "gone.png"])
    ]
    annotations = [{"id": 1, "image_id": 0, "category_id": 1, "bbox": [1, 2, 8, 9]}]
    categories = [{"id": 1, "name": "dent"}]
    path = write(tmp_path / "a.json", {"images": images, "annotations": annotations, "categories": categories})
    given = ["from-coco", str(path), str(tmp_path / "set"), "--pictures", str(tmp_path / "pictures"), "--object", "lid"]
    assert main(given) == 0
    assert "note: 1 pictures of the annotations are not there and left out: gone.png" in capsys.readouterr().err
    rows = list(read_rows(tmp_path / "set"))
    assert [row["split"] for row in rows if row["verdict"] == "normal"].count("test") == 1
    assert (rows[0]["split"], rows[0]["defects"][0]["type"], rows[0]["object_name"]) == ("test", "dent", "lid")
    assert rows[0]["defects"][0]["box"] == [1, 2, 9, 11]
    picture(tmp_path / "pictures/other/0.png")
    with pytest.raises(AssistantError, match=r"one file 0\.png, got 2"):
        from_annotations("coco", path, tmp_path / "b", tmp_path / "pictures")
    with pytest.raises(AssistantError, match=r"got none of 9, for example 0\.png"):
        from_annotations("coco", path, tmp_path / "c", write(tmp_path / "empty/x", "").parent)
    assert main(["from-coco", str(path), str(tmp_path / "d"), "--pictures", str(tmp_path / "none")]) == 1


@pytest.mark.parametrize("turn", [None, 6])
def test_pictures_of_another_size_or_turned_by_exif(turn: int | None, tmp_path: Path) -> None:
    """An annotation made in the sensor's frame is turned with its picture; any other size is an error."""
    exif = Image.Exif()
    if turn is not None:
        exif[0x0112] = turn
    Image.fromarray(np.zeros((HEIGHT, WIDTH, 3), np.uint8)).save(tmp_path / "0.jpg", exif=exif)
    content = coco_file({"bbox": [4, 5, 10, 6]})
    content["images"][0]["file_name"] = "0.jpg"
    from_annotations("coco", write(tmp_path / "a.json", content), tmp_path / "set")
    (row,) = read_rows(tmp_path / "set")
    assert row["defects"][0]["box"] == ([4, 5, 14, 11] if turn is None else [HEIGHT - 11, 4, HEIGHT - 5, 14])
    content["images"][0]["width"] = WIDTH + 1
    with pytest.raises(AssistantError, match="got 61x40"):
        from_annotations("coco", write(tmp_path / "a.json", content), tmp_path / "other")


def test_runs_of_rows_and_back() -> None:
    draw: Callable[[int], np.ndarray] = blob
    for seed in range(5):
        assert np.array_equal(mask_of(runs_of_rows(draw(seed))), draw(seed))
