"""Other layouts read into data sets, and data sets written in them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from assistant.errors import DataSetError
from data_builders.build import build
from data_builders.convert import main, to_messages, to_mvtec
from data_builders.dialogues import main as dialogues
from data_builders.files import encode_mask, encode_pixels, own_mask, write_atomic
from data_builders.labelled import from_mvtec, from_visa
from data_builders.messages import from_messages
from data_builders.writer import read_rows
from tests.data_builders.fakes import config, fake_families


@pytest.fixture
def category(tmp_path):
    """An MVTec category with two normal pictures, one normal test picture and one hole of two components."""
    folder, rng = tmp_path / "metal_nut", np.random.default_rng(0)
    for name in ("train/good/000", "train/good/001", "test/good/000", "test/bent_lead/000"):
        write_atomic(folder / f"{name}.png", encode_pixels(rng.integers(0, 255, (40, 60, 3), np.uint8), "png"))
    mask = np.zeros((40, 60), bool)
    mask[2:6, 3:9] = mask[30:38, 50:60] = True
    write_atomic(folder / "ground_truth/bent_lead/000_mask.png", encode_mask(mask))
    return folder


def test_from_mvtec_makes_rows_with_one_defect_a_component(category, tmp_path):
    manifest = from_mvtec(category, tmp_path / "set")
    rows = list(read_rows(tmp_path / "set"))
    assert manifest["counts"] == {"split": {"train": 2, "test": 2}, "verdict": {"normal": 3, "anomalous": 1}}
    bad = next(r for r in rows if r["verdict"] == "anomalous")
    assert bad["object_name"] == "metal nut"
    assert [(d["type"], d["box"]) for d in bad["defects"]] == [
        ("bent lead", [3, 2, 9, 6]),
        ("bent lead", [50, 30, 60, 38]),
    ]
    assert bad["reference_file_names"] == [r["image_file_name"] for r in rows if r["split"] == "train"]
    assert rows[0]["image_file_name"] not in rows[0]["reference_file_names"]
    assert set(np.unique(own_mask(tmp_path / "set" / bad["mask_file_name"]))) == {0, 254, 255}


def test_a_missing_or_wrong_mask_is_an_error(category, tmp_path):
    write_atomic(category / "ground_truth/bent_lead/000_mask.png", encode_mask(np.ones((4, 6), bool)))
    with pytest.raises(DataSetError, match=r"a mask of 60x40 pixels .width x height., got 6x4"):
        from_mvtec(category, tmp_path / "a")
    (category / "ground_truth/bent_lead/000_mask.png").unlink()
    with pytest.raises(DataSetError, match=r"a mask of .*000\.png, got none with its name"):
        from_mvtec(category, tmp_path / "b")
    with pytest.raises(DataSetError, match="train/good"):
        from_mvtec(tmp_path, tmp_path / "c")


@pytest.mark.parametrize("kind", ["0/1", "16 bit", "blue", "alpha"])
def test_masks_of_every_kind_keep_their_defects(kind, category, tmp_path):
    """Masks in 16 bits, in one channel or in alpha once came out empty: "anomalous" with no defect."""
    path = category / "ground_truth/bent_lead/000_mask.png"
    mask = own_mask(path) // 255
    nothing = np.zeros_like(mask)
    values = {
        "0/1": mask, "16 bit": mask.astype(np.uint16), "blue": np.dstack([nothing, nothing, mask]),
        "alpha": np.dstack([nothing, nothing, nothing, mask * 255]),
    }  # fmt: skip
    Image.fromarray(values[kind]).save(path)
    from_mvtec(category, tmp_path / "set")
    (bad,) = (row for row in read_rows(tmp_path / "set") if row["verdict"] == "anomalous")
    assert [d["box"] for d in bad["defects"]] == [[3, 2, 9, 6], [50, 30, 60, 38]]
    Image.fromarray(nothing).save(path)
    with pytest.raises(DataSetError, match=r"a mask that marks the defect of .*000\.png, got an empty one"):
        from_mvtec(category, tmp_path / "empty")


def test_from_real_iad(tmp_path):
    from tests.labels.test_layouts import real_iad

    assert main(["from-real-iad", str(real_iad(tmp_path)), str(tmp_path / "set"), "--object", "audio jack"]) == 0
    rows = list(read_rows(tmp_path / "set"))
    assert [(r["split"], r["verdict"], [d["type"] for d in r["defects"]]) for r in rows] == [
        ("train", "normal", []),
        ("test", "normal", []),
        ("test", "anomalous", ["BX"]),
    ]
    assert rows[-1]["defects"][0]["box"] == [20, 4, 33, 14]


def test_to_mvtec_and_back_keeps_pictures_and_masks(tmp_path):
    build(config(count=30), tmp_path / "set", families=fake_families())
    rows = list(read_rows(tmp_path / "set"))
    counts = to_mvtec(tmp_path / "set", tmp_path / "mvtec")
    assert sum(counts.values()) == 30
    assert counts["plain/train/good"] == sum(
        r["family"] == "plain" and r["verdict"] == "normal" and r["split"] == "train" for r in rows
    )
    from_mvtec(tmp_path / "mvtec" / "plain", tmp_path / "back")
    before = {r["image_sha256"]: r for r in rows if r["family"] == "plain"}
    after = list(read_rows(tmp_path / "back"))
    assert {r["image_sha256"] for r in after} == set(before)
    for row in after:
        old = before[row["image_sha256"]]
        masks = [
            own_mask(folder / r["mask_file_name"]) > 0
            for folder, r in ((tmp_path / "back", row), (tmp_path / "set", old))
        ]
        assert np.array_equal(*masks)
        assert row["verdict"] == old["verdict"]
    with pytest.raises(DataSetError, match="empty or absent"):
        to_mvtec(tmp_path / "set", tmp_path / "mvtec")


def test_messages_rows_point_at_the_pictures(tmp_path):
    build(config(count=3), tmp_path / "set", families=fake_families())
    assert to_messages(tmp_path / "set", tmp_path / "rows" / "m.jsonl") == 3
    lines = [json.loads(line) for line in (tmp_path / "rows" / "m.jsonl").read_text().splitlines()]
    for line, row in zip(lines, read_rows(tmp_path / "set"), strict=True):
        assert (tmp_path / "rows" / line["images"][0]).resolve() == (
            tmp_path / "set" / row["image_file_name"]
        ).resolve()
        assert line["messages"][0]["content"] == "<image>" + row["conversations"][0][0]["content"]
        assert line["messages"][1:] == row["conversations"][0][1:]


def test_the_command_line(tmp_path, capsys):
    assert main(["to-messages", str(tmp_path), str(tmp_path / "m.jsonl")]) == 1
    assert "metadata.jsonl" in capsys.readouterr().err


def test_a_share_of_labelled_pictures_is_learned_from(category, tmp_path):
    rng = np.random.default_rng(1)
    for number in range(1, 8):
        for kind in ("good", "bent_lead"):
            path = category / f"test/{kind}/{number:03d}.png"
            write_atomic(path, encode_pixels(rng.integers(0, 255, (40, 60, 3), np.uint8), "png"))
        mask = np.zeros((40, 60), bool)
        mask[5:9, 5:9] = True
        write_atomic(category / f"ground_truth/bent_lead/{number:03d}_mask.png", encode_mask(mask))
    assert main(["from-mvtec", str(category), str(tmp_path / "set"), "--learn", "0.5"]) == 0
    rows = list(read_rows(tmp_path / "set"))
    for verdict, train in (
        ("anomalous", 3),
        ("normal", 5),
    ):  # four of eight, one of them to validate; two normals of train/good
        splits = [r["split"] for r in rows if r["verdict"] == verdict]
        assert (splits.count("train"), splits.count("validation"), splits.count("test")) == (train, 1, 4)
    normals = {r["image_file_name"] for r in rows if r["verdict"] == "normal" and r["split"] == "train"}
    assert all(set(r["reference_file_names"]) <= normals for r in rows)
    again = from_mvtec(category, tmp_path / "again", learn=0.5)
    assert [r["split"] for r in read_rows(tmp_path / "again")] == [r["split"] for r in rows]
    assert from_mvtec(category, tmp_path / "other", learn=0.5, seed=1)["rows_sha256"] != again["rows_sha256"]
    with pytest.raises(DataSetError, match="from 0 to 1"):
        from_mvtec(category, tmp_path / "wrong", learn=2)


def test_from_visa_follows_its_tables(tmp_path, capsys):
    root, rng = tmp_path / "VisA", np.random.default_rng(0)
    table = ["object,split,label,image,mask"]
    for number, split in enumerate(("train", "train", "test")):
        image = f"candle/Data/Images/Normal/{number:04d}.JPG"
        write_atomic(root / image, encode_pixels(rng.integers(0, 255, (40, 60, 3), np.uint8), "jpeg"))
        table.append(f"candle,{split},normal,{image},")
    image, mask = "candle/Data/Images/Anomaly/000.JPG", "candle/Data/Masks/Anomaly/000.png"
    write_atomic(root / image, encode_pixels(rng.integers(0, 255, (40, 60, 3), np.uint8), "jpeg"))
    marked = np.zeros((40, 60), np.uint8)
    marked[10:20, 10:20] = 3
    write_atomic(root / mask, encode_mask(marked))
    table += [f"candle,test,anomaly,{image},{mask}", "pcb1,test,normal,pcb1/none.JPG,"]
    write_atomic(root / "split_csv/1cls.csv", "\n".join(table).encode())
    assert from_visa(root, tmp_path / "plain", "candle")["counts"]["split"] == {"train": 2, "test": 2}
    assert list(read_rows(tmp_path / "plain"))[-1]["defects"][0]["type"] == "anomaly"
    told = f'image,label,mask\n{image},"chunk of wax missing,melded wax",{mask}\n'
    write_atomic(root / "candle/image_anno.csv", told.encode())
    from_visa(root, tmp_path / "named", "candle", "wax candle")
    last = list(read_rows(tmp_path / "named"))[-1]
    assert (last["defects"][0]["type"], last["defects"][0]["box"]) == ("chunk of wax missing", [10, 10, 20, 20])
    assert last["object_name"] == "wax candle"
    assert len(last["reference_file_names"]) == 2
    assert main(["from-visa", str(root), str(tmp_path / "none"), "--category", "cashew"]) == 1
    assert "rows of the object cashew" in capsys.readouterr().err
    assert main(["from-visa", str(tmp_path), str(tmp_path / "none"), "--category", "candle"]) == 1
    assert "a table that can be read" in capsys.readouterr().err


def test_conversations_of_ones_own_become_a_set_of_words(category, tmp_path):
    good, bad = "metal_nut/train/good/000.png", "metal_nut/test/bent_lead/000.png"
    parts = [{"type": "image"}, {"type": "text", "text": "Is it bent?"}]
    rows = [
        {"messages": [{"role": "user", "content": "<image>What is this?"}, {"role": "assistant", "content": "A nut."}],
         "images": [bad, good]},
        {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": parts},
                      {"role": "assistant", "content": "Yes."}], "images": [bad, good]},
        {"conversations": [{"from": "human", "value": "<image>\nFine?"}, {"from": "gpt", "value": "It is."}], "image": good},
    ]  # fmt: skip
    file = tmp_path / "talk.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert from_messages(file, tmp_path / "set", "nut")["counts"]["split"] == {"words": 2}
    first, second = read_rows(tmp_path / "set")
    assert [talk[0]["content"] for talk in first["conversations"]] == ["What is this?", "Is it bent?"]
    assert second["conversations"] == [
        [{"role": "user", "content": "Fine?"}, {"role": "assistant", "content": "It is."}]
    ]
    assert (tmp_path / "set" / first["reference_file_names"][0]).read_bytes() == (tmp_path / good).read_bytes()
    assert dialogues(["--own", str(tmp_path / "set"), "--out", str(tmp_path / "own.jsonl")]) == 0
    own = [json.loads(line) for line in (tmp_path / "own.jsonl").read_text().splitlines()]
    assert [row["conversations"] for row in own] == [first["conversations"], second["conversations"]]
    for broken in ({"messages": [], "images": [good]}, {"messages": rows[0]["messages"]},
                   {"messages": rows[0]["messages"][:1], "images": [good]}):  # fmt: skip
        file.write_text(json.dumps(broken))
        with pytest.raises(DataSetError, match=r"row 1 of talk\.jsonl"):
            from_messages(file, tmp_path / "other")
    file.write_text(json.dumps({**rows[2], "image": "absent.png"}))
    with pytest.raises(DataSetError, match=r"absent\.png"):
        from_messages(file, tmp_path / "other")
