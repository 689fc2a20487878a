"""Layouts and names of data sets: which mask belongs to which picture, and what is told when none does."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from assistant.errors import AssistantError, DataSetError
from assistant.labels.labelled_set import LabelledPicture, LabelledSet, checked, reading_of
from assistant.labels.layouts import normals_of, read_set
from tests.labels.mask_files import SIZE, SPOT, TRUTH


def save(path: Path, values: np.ndarray | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((*SIZE, 3), 90, np.uint8) if values is None else values).save(path)
    return path


def category(root: Path, masks: dict[str, np.ndarray], picture: str = "test/bad/000.png") -> Path:
    for name in ("train/good/0.png", "test/good/0.png", picture):
        save(root / name)
    for name, values in masks.items():
        save(root / name, values)
    return root


NAMES = [
    "000_mask.png", "000.png", "000_MASK.PNG", "000.PNG", "000_mask.bmp", "000.BMP", "000_mask.tif", "000.TIFF", "000_gt.png",
    "000-mask.png", "000_label.png", "000_seg.png", "000.png.png", "000/000.png", "000/0.png", "000_mask/a.bmp",
]  # fmt: skip


@pytest.mark.parametrize("values", [SPOT, SPOT * 255, SPOT.astype(np.uint16)], ids=["1", "255", "16bit"])
@pytest.mark.parametrize("name", NAMES)
def test_a_mask_belongs_to_the_picture_of_its_name(name: str, values: np.ndarray, tmp_path: Path) -> None:
    if values.dtype == np.uint16 and name.lower().endswith("bmp"):
        values = SPOT * 7
    data = read_set(category(tmp_path / "lid", {f"ground_truth/bad/{name}": values}))
    bad = data.pictures[0]
    assert (bad.kind, data.notes, [p.kind for p in data.pictures]) == ("bad", (), ["bad", None])
    reading = reading_of(bad)
    assert reading is not None
    assert np.array_equal(reading.marked, TRUTH)
    assert [p.name for p in data.normals] == ["0.png"]


@pytest.mark.parametrize("picture", ["000.JPG", "000.bmp", "000.TIF", "000.webp"])
def test_the_endings_of_pictures_do_not_matter(picture: str, tmp_path: Path) -> None:
    data = read_set(category(tmp_path, {"ground_truth/bad/000_mask.png": SPOT}, f"test/bad/{picture}"))
    assert [len(p.masks) for p in data.pictures] == [1, 0]


def test_folders_in_any_case_and_of_other_sets(tmp_path: Path) -> None:
    category(tmp_path / "a", {"Ground_Truth/Bad/000.png": SPOT}, "Test/BAD/000.png")
    (tmp_path / "a/test").rename(tmp_path / "a/tmp")
    save(tmp_path / "a/Test/Good/0.png")
    assert [(p.kind, len(p.masks)) for p in read_set(tmp_path / "a").pictures] == [("BAD", 1), (None, 0)]
    for name in ("train/ok/0.bmp", "test/ok/1.bmp", "test/ko/2.bmp"):  # BTAD
        save(tmp_path / "b" / name)
    save(tmp_path / "b/ground_truth/ko/2.png", SPOT)
    data = read_set(tmp_path / "b")
    assert [(p.kind, len(p.masks)) for p in data.pictures] == [("ko", 1), (None, 0)]
    assert normals_of(tmp_path / "b") == [tmp_path / "b/train/ok/0.bmp"]


def test_mvtec_ad_2(tmp_path: Path) -> None:
    root = tmp_path / "can"
    for name in ("train/good/000_regular.png", "validation/good/0.png", "test_private/000.png"):
        save(root / name)
    for name in ("good/000_regular.png", "bad/000_overexposed.png"):
        save(root / "test_public" / name)
    save(root / "test_public/ground_truth/bad/000_overexposed_mask.png", SPOT * 255)
    data = read_set(root)
    assert [(p.kind, len(p.masks)) for p in data.pictures] == [("bad", 1), (None, 0)]
    assert (data.name, len(data.normals), data.notes) == ("can", 1, ())


def test_the_masks_of_a_folder_are_joined_as_in_mvtec_loco(tmp_path: Path) -> None:
    left, right = SPOT * (np.arange(SIZE[1]) < 25), SPOT * (np.arange(SIZE[1]) >= 25) * 250
    masks = {
        "ground_truth/logical/000/000.png": left.astype(np.uint8),
        "ground_truth/logical/000/001.png": right.astype(np.uint8),
    }
    data = read_set(category(tmp_path, masks, "test/logical/000.png"))
    reading = reading_of(data.pictures[-1])
    assert reading is not None
    assert np.array_equal(reading.marked, TRUTH)


def test_visa_by_its_tables_as_a_spreadsheet_saves_them(tmp_path: Path) -> None:
    normal, anomalous = "candle/Data/Images/Normal/0.JPG", "candle/Data/Images/Anomaly/000.JPG"
    save(tmp_path / normal)
    save(tmp_path / anomalous)
    save(tmp_path / "candle/Data/Masks/Anomaly/000.png", SPOT * 3)
    rows = [f"candle;train;normal;{normal};", f"candle;test;anomaly;{anomalous};candle/Data/Masks/Anomaly/000.png"]
    rows.append(f"candle;test;anomaly;{anomalous};")
    table = tmp_path / "split_csv/1cls.csv"
    table.parent.mkdir()
    table.write_bytes("\r\n".join(["Object;Split;Label;Image;Mask", *rows]).encode("utf-8-sig"))
    data = read_set(tmp_path / "candle")
    assert (len(data.normals), [(p.kind, len(p.masks)) for p in data.pictures]) == (1, [("anomaly", 1), ("anomaly", 0)])
    assert data.notes == ("1 defective pictures have no mask in the table: Anomaly/000.JPG",)
    assert normals_of(tmp_path / "candle") == [tmp_path / normal]
    reading = reading_of(data.pictures[0])
    assert reading is not None
    assert np.array_equal(reading.marked, TRUTH)


def real_iad(root: Path) -> Path:
    rows = {
        "train": [{"category": "audiojack", "anomaly_class": "OK", "image_path": "OK/S1/a.jpg", "mask_path": None}],
        "test": [
            {"category": "audiojack", "anomaly_class": "OK", "image_path": "OK/S2/b.jpg", "mask_path": None},
            {"category": "audiojack", "anomaly_class": "BX", "image_path": "NG/BX/c.jpg", "mask_path": "NG/BX/c.png"},
        ],
    }
    for row in rows["train"] + rows["test"]:
        save(root / "realiad_1024/audiojack" / str(row["image_path"]))
    save(root / "realiad_1024/audiojack/NG/BX/c.png", SPOT * 255)
    path = root / "realiad_jsons/audiojack.json"
    path.parent.mkdir()
    path.write_text(json.dumps({"meta": {"normal_class": "OK", "prefix": "audiojack/"}, **rows}))
    return path


def test_real_iad_by_its_json(tmp_path: Path) -> None:
    path = real_iad(tmp_path)
    data = read_set(path)
    assert (data.name, [p.name for p in data.normals]) == ("audiojack", ["a.jpg"])
    assert [(p.kind, len(p.masks)) for p in data.pictures] == [(None, 0), ("BX", 1)]
    assert checked(data) == data
    path.write_text("{}")
    with pytest.raises(DataSetError, match="a category of Real-IAD"):
        read_set(path)


def test_what_matches_nothing_is_told_with_counts(tmp_path: Path) -> None:
    masks = {f"ground_truth/bad/{name}.png": SPOT for name in ("000", "100", "101")}
    root = category(tmp_path / "lid", masks)
    for number in range(1, 6):
        save(root / f"test/bad/00{number}.png")
    (root / "test/bad/notes.txt").touch()
    notes = read_set(root).notes
    assert notes == (
        "1 entries of test/bad are no pictures: bad/notes.txt",
        "2 masks belong to no picture of bad: bad/100.png, bad/101.png",
        "5 of 6 defective pictures have no mask and no part in pixel metrics: bad/001.png, bad/002.png, bad/003.png, …",
    )


def test_masks_of_which_none_matches_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataSetError, match=r"masks with the names of their pictures, got none of 1 pictures"):
        read_set(category(tmp_path / "a", {"ground_truth/bad/mask_000.png": SPOT}))
    with pytest.raises(DataSetError, match=r"none of 1 pictures"):
        read_set(category(tmp_path / "b", {"ground_truth/broken/000.png": SPOT}))
    with pytest.raises(DataSetError, match=r"one mask of 000\.png, got 2"):
        read_set(category(tmp_path / "c", {"ground_truth/bad/000.png": SPOT, "ground_truth/bad/000_mask.png": SPOT}))
    with pytest.raises(DataSetError, match="MVTec layout"):
        read_set(tmp_path)


def test_every_mask_is_read_before_anything_is_measured(tmp_path: Path) -> None:
    root = category(tmp_path / "lid", {"ground_truth/bad/000.png": SPOT * 0, "ground_truth/good/0.png": SPOT * 0})
    data = checked(read_set(root))
    assert data.notes == ("1 masks of defective pictures mark nothing and are left out: bad/000.png",)
    assert data.pictures[0] == LabelledPicture(root / "test/bad/000.png", "bad")
    save(root / "ground_truth/good/0.png", SPOT)
    with pytest.raises(DataSetError, match="no marks on a normal picture, got 130 marked pixels"):
        checked(read_set(root))
    save(root / "ground_truth/good/0.png", SPOT * 0)
    save(root / "ground_truth/bad/000.png", np.ascontiguousarray(SPOT.T))
    with pytest.raises(DataSetError, match="its sides are exchanged"):
        checked(read_set(root))
    (root / "ground_truth/bad/000.png").write_text("x")
    with pytest.raises(AssistantError, match="another format"):
        checked(read_set(root))


def test_notes_on_many_masks_are_counted(tmp_path: Path) -> None:
    picture = save(tmp_path / "p.png")
    full = save(tmp_path / "full.png", 255 - SPOT * 255)
    data = LabelledSet("x", (), tuple(LabelledPicture(picture, "bad", (full,)) for _ in range(4)))
    (note,) = checked(data).notes
    assert "wrong way round? (and 3 more)" in note
