"""Inputs become pictures, each once, in an order of names; what names none says so."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import numpy as np
import pytest

from assistant.batch.inputs.item import Item
from assistant.batch.inputs.listing import Inputs, find_items, lines
from assistant.errors import ConfigError


def found(*paths: str | Path, **options: object) -> list[Item]:
    return list(find_items(Inputs(tuple(map(str, paths)), **options)))  # type: ignore[arg-type]


def names(items: list[Item]) -> list[str]:
    return [Path(item.source).name for item in items]


def touch(folder: Path, *parts: str) -> None:
    for part in parts:
        (folder / part).parent.mkdir(parents=True, exist_ok=True)
        (folder / part).write_bytes(b"")


def test_a_folder_is_walked_in_the_order_of_names_and_each_picture_comes_once(tmp_path: Path) -> None:
    touch(tmp_path, "b/2.png", "b/10.JPG", "a.png", "c.tiff", ".hidden.png", ".git/x.png", "notes.txt")
    assert names(found(tmp_path, tmp_path / "a.png")) == ["a.png", "10.JPG", "2.png", "c.tiff"]


def test_a_pattern_is_sorted_and_one_that_matches_nothing_is_an_error(tmp_path: Path) -> None:
    touch(tmp_path, "z/1.png", "a/2.png", "a/3.jpg")
    assert names(found(f"{tmp_path}/**/*.png")) == ["2.png", "1.png"]
    (nothing,) = found(f"{tmp_path}/*.bmp")
    assert nothing.error is not None
    assert "pattern" in nothing.error


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(tmp_path: Path) -> None:
    touch(tmp_path, "part[1].png")
    assert names(found(tmp_path / "part[1].png")) == ["part[1].png"]


def test_an_empty_folder_and_an_unreadable_one_are_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty").mkdir()
    touch(tmp_path, "locked/1.png", "good.png")
    (empty,) = found(tmp_path / "empty")
    assert empty.error is not None
    scan = os.scandir

    def refused(folder: str) -> object:
        if Path(folder).name == "locked":  # what the system says of a folder without the right to read it, root or not
            raise PermissionError(13, "Permission denied", folder)
        return scan(folder)

    monkeypatch.setattr(os, "scandir", refused)
    good, locked = found(tmp_path)
    assert good.error is None
    assert locked.error is not None
    assert "Permission denied" in str(locked.error)


def test_the_folder_of_the_results_is_not_walked(tmp_path: Path) -> None:
    touch(tmp_path, "a.png", "results/maps/a.png")
    assert names(found(tmp_path, skip=(tmp_path / "results").resolve())) == ["a.png"]


@pytest.mark.parametrize("mark", [b"\n", b"\r\n", b"\0"])
def test_lists_end_lines_or_use_nul(mark: bytes) -> None:
    text = mark.join([b"a.png", b"", b"folder/b c.png", b"\xff.png"])
    assert list(lines(io.BytesIO(text))) == [b"a.png", b"folder/b c.png", b"\xff.png"]
    long = b"x" * 70_000
    assert list(lines(io.BytesIO(long + mark + b"b"))) == [long, b"b"] or mark == b"\0"


def test_standard_input_and_list_files_name_files_and_folders(tmp_path: Path) -> None:
    touch(tmp_path, "a.png", "deep/b.png")
    listed = tmp_path / "list.txt"
    listed.write_text(f"{tmp_path}/deep\n{tmp_path}/a.png\n")
    assert names(found(lists=(listed,))) == ["b.png", "a.png"]
    piped = find_items(Inputs(("-",)), io.BytesIO(listed.read_bytes()))
    assert names(list(piped)) == ["b.png", "a.png"]
    with pytest.raises(ConfigError, match="a list that can be read"):
        found(lists=(tmp_path / "none.txt",))


def test_manifests_tell_name_and_references_of_each_picture(tmp_path: Path) -> None:
    table = tmp_path / "m.csv"
    table.write_text("source,object_name,references,batch\na.png,lid,ok/1.png;ok/2.png,7\nb.png,,,7\n,x,,\n")
    first, second, third = found(manifest=table)
    assert first == Item("a.png", "lid", ("ok/1.png", "ok/2.png"))
    assert second == Item("b.png")
    assert third.error is not None
    assert third.source.endswith("m.csv:4")
    rows = [{"source": "a.png", "references": "ok/"}, {"source": "b\nc.png", "object_name": "lid"}, {"source": 3}]
    lines_ = tmp_path / "m.jsonl"
    lines_.write_text("\n".join(map(json.dumps, rows)) + "\nnot json\n")
    items = found(manifest=lines_)
    assert items[:2] == [Item("a.png", None, ("ok/",)), Item("b\nc.png", "lid")]
    assert all(item.error for item in items[2:])
    (tmp_path / "bad.csv").write_text("path\na.png\n")
    with pytest.raises(ConfigError, match="a column `source`"):
        found(manifest=tmp_path / "bad.csv")
    with pytest.raises(ConfigError, match=r"\.csv or \.jsonl"):
        found(manifest=tmp_path / "list.txt")


def test_a_name_that_is_no_text_is_shown_in_escapes() -> None:
    assert Item(os.fsdecode(b"part\xff.png")).name == "part\\udcff.png"
    assert Item("b😀.png").name == "b😀.png"


def test_volumes_stand_for_their_slices(tmp_path: Path) -> None:
    import nibabel

    volume = np.zeros((10, 12, 3), np.int16)
    turned = np.array([[0, 0, 1, 0], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1.0]])
    nibabel.save(nibabel.Nifti1Image(volume, np.eye(4)), tmp_path / "flat.nii.gz")
    nibabel.save(nibabel.Nifti1Image(volume, turned), tmp_path / "turned.nii")
    sources = [item.source for item in found(tmp_path / "flat.nii.gz")]
    assert sources == [f"{tmp_path}/flat.nii.gz::axis=2,slice={n}" for n in range(3)]
    assert len(found(tmp_path / "turned.nii")) == 12
    assert len(found(tmp_path, slices=False)) == 2
    assert len(found(f"{tmp_path}/flat.nii.gz::slice=1")) == 1
    (tmp_path / "broken.nii").write_bytes(b"n+1")
    assert names(found(tmp_path / "broken.nii")) == ["broken.nii"]


def test_a_list_is_not_read_ahead_of_its_pictures() -> None:
    class Short:
        def __init__(self) -> None:
            self.count = 0

        def read(self, size: int, /) -> bytes:
            self.count += 1
            return f"{self.count}.png\n".encode()

    source = Short()
    walked = find_items(Inputs(("-",)), source)
    assert [next(walked).source for _ in range(3)] == ["1.png", "2.png", "3.png"]
    assert source.count < 6
