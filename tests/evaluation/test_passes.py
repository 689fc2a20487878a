"""A run's scores: what they say of perfect and wrong inspections, and which pictures are shown."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from assistant.evaluation.passes import WORST, Scores, picture_sheet
from assistant.labels.labelled_set import LabelledPicture, reading_of
from assistant.labels.layouts import read_set
from assistant.pictures.images import load_image
from assistant.types import AnomalyMap, Inspection, Mode
from assistant.vision.regions import describe_regions, find_regions

SIZE = (40, 120)


@pytest.fixture
def items(tmp_path: Path) -> list[LabelledPicture]:
    """Three normal pictures, three scratched ones with masks, two stained ones without; 40 high, 120 wide."""
    rng = np.random.default_rng(0)
    for kind, count in (("good", 3), ("deep_scratch", 3), ("stain", 2)):
        for number in range(count):
            files = {f"test/{kind}/{number}.png": rng.integers(90, 160, (*SIZE, 3), dtype=np.uint8)}
            if kind == "deep_scratch":
                mask = np.zeros(SIZE, np.uint8)
                mask[10:20, 30 : 60 + 10 * number] = 255
                files[f"ground_truth/{kind}/{number}_mask.png"] = mask
            for name, values in files.items():
                (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
                cv2.imwrite(str(tmp_path / name), values)
    return list(read_set(tmp_path).pictures)


def inspected(item: LabelledPicture, score: float | None = None, named: str = "deep scratch") -> Inspection:
    """What an inspection that knows the mask says, with another image score or type when told."""
    scores = np.full(SIZE, 0.05, np.float32)
    if (reading := reading_of(item)) is not None:
        scores[reading.marked] = 0.95
    masks = find_regions(AnomalyMap(scores))
    return Inspection(
        image=load_image(item.path),
        object_name=None,
        mode=Mode.ZERO_SHOT,
        image_score=score if score is not None else 0.9 if item.kind else 0.1,
        p_value=None,
        regions=describe_regions(masks, [(named, 0.9)] * len(masks)),
        anomaly_map=AnomalyMap(scores),
        preset="tiny",
        weights="untrained",
    )


def test_perfect_inspections_score_one(items: list[LabelledPicture]) -> None:
    measured = Scores()
    for item in items:
        measured.add(item, inspected(item))
    found = measured.metrics()
    ones = ("image_auroc", "image_ap", "image_f1_max", "balanced_accuracy", "type_accuracy")
    ones += ("pixel_auroc", "pixel_ap", "pixel_aupro", "peak_in_mask")
    assert {name: found[name] for name in ones} == {name: pytest.approx(1.0) for name in ones}
    assert (found["miss_rate"], found["overkill_rate"]) == (0.0, 0.0)
    assert measured.misses == measured.alarms == []
    assert picture_sheet([]) is None


def test_kinds_are_told_apart(items: list[LabelledPicture]) -> None:
    measured = Scores()
    for item in items:
        measured.add(item, inspected(item, score={"deep_scratch": 0.8, "stain": 0.05, None: 0.1}[item.kind]))
    kinds = measured.metrics()["kinds"]
    assert kinds["deep_scratch"] == {"image_auroc": 1.0, "miss_rate": 0.0}
    assert kinds["stain"] == {"image_auroc": 0.0, "miss_rate": 1.0}


def test_defects_without_masks_have_no_part_in_pixel_metrics(items: list[LabelledPicture]) -> None:
    measured = Scores()
    for item in items:
        if not item.masks:
            measured.add(item, inspected(item))
    found = measured.metrics()
    assert found["image_auroc"] == 1.0
    assert found["pixel_auroc"] is None
    assert found["type_accuracy"] is None


def test_wrong_types_count(items: list[LabelledPicture]) -> None:
    measured = Scores()
    for number, item in enumerate(sorted(items, key=lambda i: not i.masks)):
        measured.add(item, inspected(item, named="stain" if number == 0 else "deep scratch"))
    assert measured.metrics()["type_accuracy"] == pytest.approx(2 / 3)


def test_worst_examples_are_the_most_confident_mistakes(items: list[LabelledPicture]) -> None:
    measured = Scores()
    scratched, normal = (next(item for item in items if item.kind == kind) for kind in ("deep_scratch", None))
    for number in range(WORST + 3):
        measured.add(scratched, inspected(scratched, score=0.45 - 0.02 * number))
        measured.add(normal, inspected(normal, score=0.55 + 0.02 * number))
    wrong = [0.02 * number for number in range(WORST + 2, 2, -1)]
    assert [example.score for example in measured.misses] == pytest.approx([0.45 - x for x in wrong])
    assert [example.score for example in measured.alarms] == pytest.approx([0.55 + x for x in wrong])
    sheet = picture_sheet([*measured.misses, *measured.alarms])
    assert sheet is not None
    assert sheet.shape == (2 * 216, 6 * 200, 3)
