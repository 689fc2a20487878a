"""Summaries and other programs' formats say what the rows say."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from assistant.batch.groups.contact_sheet import write_sheet
from assistant.batch.groups.group_file import Group, Groups, Member
from assistant.batch.results.exports import write_coco, write_parquet
from assistant.batch.results.summary import WORST, picture_sheet, write_summary
from assistant.errors import DataSetError
from assistant.labels.outlines import coco_shape
from assistant.pictures.images import save_map
from assistant.report import error_row, inspection_row, to_line
from assistant.types import AnomalyMap
from assistant.vision.regions import describe_regions, find_regions
from tests.test_report import an_inspection


@pytest.fixture
def results(tmp_path: Path, pixels: np.ndarray) -> Path:
    """20 rows with scores 0.00, 0.05 …, half of them with a region, and two that failed."""
    path = tmp_path / "results.jsonl"
    rows: list[dict[str, Any]] = [
        inspection_row(an_inspection(pixels, n / 20, f"parts/{n} |x|.png"), caption="Words.") for n in range(20)
    ]
    rows += [error_row("a.png", "expected x, got y"), error_row("b\nc.png", "expected x, got z")]
    path.write_text("".join(to_line(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_the_summary_counts_and_shows_the_worst(results: Path) -> None:
    text = write_summary(results).read_text(encoding="utf-8")
    for line in (
        "* pictures: 22",
        "* anomalous: 10",
        "* normal: 10",
        "* failed: 2",
        "| scratch | 10 |",
        "| expected x | 2 |",
    ):
        assert line in text
    assert [line.split()[-1] for line in text.splitlines() if line.startswith("0.")].count("1") == 19
    assert "# 1 <- threshold" in text
    worst = [line for line in text.splitlines() if line.startswith("| 0.")]
    assert len(worst) == WORST
    assert worst[0] == "| 0.950 | 1 | parts/19 \\|x\\|.png |"
    assert "b c.png" in text


def test_sheets_show_pictures_that_were_larger_than_is_usual(tmp_path: Path) -> None:
    """More than 50 megapixels, which a run reads only where it was told to."""
    height, width = 7101, 7107
    Image.fromarray(np.full((height, width), 90, np.uint8)).save(tmp_path / "a.png", compress_level=1)
    made = an_inspection(np.zeros((80, 120, 3), np.uint8), 0.9, str(tmp_path / "a.png"))
    row = {**inspection_row(made), "height": height, "width": width}
    (tmp_path / "results.jsonl").write_text(to_line(row) + "\n", encoding="utf-8")
    sheet = picture_sheet([row], tmp_path)
    assert sheet is not None
    assert (sheet == 90).any()
    member = Member(source=row["source"], region=1)
    group = Group(
        name="A", kind=None, regions=1, pictures=1, cohesion=1.0, known_kinds={}, medoid=member, members=(member,)
    )
    groups = Groups(schema="anomaly-assistant/groups@1", preset=None, weights=None, regions=1, alone=0, groups=(group,))
    write_sheet(tmp_path / "groups.webp", groups, tmp_path / "results.jsonl")
    with Image.open(tmp_path / "groups.webp") as drawn:
        crop = np.asarray(drawn.convert("RGB"))
    assert (np.abs(crop.astype(int) - 90) < 4).all(2).mean() > 0.05


def test_coco_boxes_are_corner_and_size(results: Path) -> None:
    found = json.loads(write_coco(results).read_text(encoding="utf-8"))
    assert (len(found["images"]), len(found["annotations"])) == (20, 10)
    assert found["categories"] == [{"id": 1, "name": "scratch", "supercategory": "anomaly"}]
    one = found["annotations"][0]
    assert one["bbox"] == [50, 10, 15, 10]
    assert found["images"][one["image_id"] - 1]["file_name"] == "parts/10 |x|.png"
    assert [a["id"] for a in found["annotations"]] == list(range(1, 11))


def mapped_results(folder: Path) -> tuple[Path, list[np.ndarray]]:
    """Three pictures with regions that are no boxes, their maps saved, and their true pixels; the third has lost its map."""
    path, truths = folder / "results.jsonl", list[np.ndarray]()
    folder.mkdir(exist_ok=True)
    lines = []
    for number in range(3):
        y, x = np.mgrid[:90, :130]
        away = np.hypot(y - 40, x - 30 - 20 * number)
        scores = np.where((away < 20) & (away > 8), 0.9, 0.1).astype(np.float32)
        anomaly_map = AnomalyMap(scores)
        regions = describe_regions(find_regions(anomaly_map), [("scratch", 0.9)])
        made = replace(an_inspection(np.full((90, 130, 3), 99, np.uint8), 0.9, f"parts/{number}.png"), regions=regions,
                       anomaly_map=anomaly_map)  # fmt: skip
        save_map(folder / f"maps/{number}.png", scores)
        lines.append(to_line(inspection_row(made, map_path=f"maps/{number}.png")) + "\n")
        truths.append(scores >= 0.5)
    (folder / "maps/2.png").unlink()
    path.write_text("".join(lines), encoding="utf-8")
    return path, truths


def test_coco_shapes_are_the_pixels_of_the_map(tmp_path: Path) -> None:
    results, truths = mapped_results(tmp_path / "out")
    told: list[str] = []
    found = COCO(str(write_coco(results, tell=told.append)))
    assert found.dataset["licenses"] == [{"id": 1, "name": "", "url": ""}]
    shapes = [found.loadAnns(found.getAnnIds(imgIds=[number]))[0] for number in (1, 2, 3)]
    for one, truth in zip(shapes[:2], truths[:2], strict=True):
        assert np.array_equal(found.annToMask(one) > 0, truth)
        assert one["area"] == truth.sum()
        assert one["attributes"]["segmentation"] == "map"
    width, height = shapes[2]["bbox"][2:]
    assert found.annToMask(shapes[2]).sum() == width * height
    assert shapes[2]["attributes"]["segmentation"] == "box"
    assert told == ["1 regions are drawn as their boxes in results.coco.json: their maps are not there (--save-maps)"]


def test_coco_results_take_the_ids_of_a_ground_truth(tmp_path: Path) -> None:
    """Images of other numbers and in another order, so that counted ids would compare each with a wrong one."""
    results, truths = mapped_results(tmp_path / "out")
    images = [{"id": 70 - n, "file_name": f"images/{n}.png", "width": 130, "height": 90} for n in range(2)]
    shapes = [coco_shape(truth) for truth in truths[:2]]
    annotations = [{"id": n + 1, "image_id": 70 - n, "category_id": 5, **shapes[n]} for n in range(2)]
    truth = {"images": images, "annotations": annotations, "categories": [{"id": 5, "name": "scratch"}]}
    (tmp_path / "truth.json").write_text(json.dumps(truth))
    told: list[str] = []
    found = json.loads(write_coco(results, tmp_path / "truth.json", told.append).read_text())
    assert [one["id"] for one in found["images"]] == [70, 69]
    assert told == ["1 pictures are no image of the ground truth, or several, and left out: parts/2.png, …"]
    theirs = COCO(str(tmp_path / "truth.json"))
    measured = COCOeval(theirs, theirs.loadRes(found["annotations"]), "segm")
    for step in (measured.evaluate, measured.accumulate, measured.summarize):
        step()
    assert measured.stats[0] == pytest.approx(1.0)
    truth["categories"] = [{"id": 5, "name": "dent"}]
    (tmp_path / "truth.json").write_text(json.dumps(truth))
    told.clear()
    found = json.loads(write_coco(results, tmp_path / "truth.json", told.append).read_text())
    assert {one["category_id"] for one in found["annotations"]} == {6}
    assert told[-1] == "1 kinds are no category of the ground truth: scratch"
    (tmp_path / "truth.json").write_text("[]")
    with pytest.raises(DataSetError, match="images and categories with ids"):
        write_coco(results, tmp_path / "truth.json")


def test_parquet_holds_the_rows(results: Path) -> None:
    from pyarrow import parquet

    rows = parquet.read_table(write_parquet(results)).to_pylist(maps_as_pydicts="strict")
    told = [json.loads(line) for line in results.read_text(encoding="utf-8").split("\n")[:-1]]
    assert [row | {"timing_ms": row["timing_ms"] or None} for row in rows] == told


def test_no_rows_give_an_empty_summary(tmp_path: Path) -> None:
    (tmp_path / "results.jsonl").write_bytes(b"")
    assert "* pictures: 0" in write_summary(tmp_path / "results.jsonl").read_text()
    assert json.loads(write_coco(tmp_path / "results.jsonl").read_text())["images"] == []
    assert write_parquet(tmp_path / "results.jsonl").is_file()
