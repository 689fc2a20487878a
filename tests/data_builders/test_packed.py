"""Sets of files packed into shards and unpacked again, and handed on with a card."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from assistant.errors import DataSetError
from assistant.samples.sets import open_set
from data_builders.build import build
from data_builders.convert import main as convert
from data_builders.convert import to_messages, to_mvtec
from data_builders.dialogues import DialogueSettings, write_dialogues
from data_builders.labelled import from_mvtec
from data_builders.loading import load_set
from data_builders.packed import from_shards, to_shards
from data_builders.publish import main as publish
from tests.data_builders.fakes import config, fake_families


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("packed") / "files"
    some = config(queries_per_product=3, references=2, defect_probability=0.7, validation_share=0.5)
    build(some, folder, families=fake_families())
    return folder


@pytest.fixture(scope="module")
def shards(files: Path) -> Path:
    to_shards(files, files.parent / "shards", size=4)
    return files.parent / "shards"


def test_there_and_back_is_the_same_to_the_byte(files, shards, tmp_path, capsys):
    assert convert(["from-shards", str(shards), str(tmp_path / "back")]) == 0
    assert "12 rows" in capsys.readouterr().out
    assert files_of(tmp_path / "back") == files_of(files)
    assert convert(["to-shards", str(tmp_path / "back"), str(shards)]) == 1
    assert "an empty or absent folder" in capsys.readouterr().err


def test_a_packed_set_goes_on_as_one_that_was_built_in_shards(files, tmp_path):
    to_shards(files, tmp_path / "set", size=4)
    some = config(queries_per_product=3, references=2, defect_probability=0.7, validation_share=0.5, format="shards")
    build(some, tmp_path / "set", families=fake_families(), shard_rows=4)
    build(some, tmp_path / "anew", families=fake_families(), shard_rows=4)
    assert files_of(tmp_path / "set") == files_of(tmp_path / "anew")


def test_rows_of_other_tools_come_back_as_they_were(tmp_path, files):
    to_mvtec(files, tmp_path / "mvtec")
    from_mvtec(tmp_path / "mvtec/plain", tmp_path / "labelled")
    table = (tmp_path / "labelled/metadata.jsonl").read_text().splitlines()
    odd = [json.loads(line) | {"operator": "Ada", "shift": 3} for line in table]
    (tmp_path / "labelled/metadata.jsonl").write_text("".join(json.dumps(row) + "\n" for row in odd))
    to_shards(tmp_path / "labelled", tmp_path / "shards")
    from_shards(tmp_path / "shards", tmp_path / "back")
    assert files_of(tmp_path / "back") == files_of(tmp_path / "labelled")


def test_a_picture_that_is_not_the_one_of_its_row_is_told(files, tmp_path):
    build(config(count=2), tmp_path / "set", families=fake_families())
    name = next(open_set(tmp_path / "set").rows())["image_file_name"]
    (tmp_path / "set" / name).write_bytes(b"another")
    with pytest.raises(DataSetError, match=f"the picture {name} that its row tells of"):
        to_shards(tmp_path / "set", tmp_path / "shards")
    with pytest.raises(DataSetError, match="a build that was stopped"):
        open_set(tmp_path / "shards")


def test_other_formats_and_conversations_are_made_of_either_form(files, shards, tmp_path):
    counts = [to_mvtec(source, tmp_path / f"mvtec {n}") for n, source in enumerate((files, shards))]
    assert counts[0] == counts[1]
    assert files_of(tmp_path / "mvtec 0") == files_of(tmp_path / "mvtec 1")
    for n, source in enumerate((files, shards)):
        write_dialogues(source, tmp_path / f"{n}.jsonl", DialogueSettings())
    assert (tmp_path / "0.jsonl").read_bytes() == (tmp_path / "1.jsonl").read_bytes()
    assert convert(["to-coco", str(shards), str(tmp_path / "coco")]) == 0
    assert to_messages(shards, tmp_path / "talks.jsonl") == 12
    first = json.loads((tmp_path / "talks.jsonl").read_text().splitlines()[0])
    assert (tmp_path / first["images"][0]).read_bytes() == next(iter(open_set(files))).read("images/0000/0000000.jpg")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_set_is_handed_on_with_a_card(shards, tmp_path, monkeypatch, capsys):
    import datasets
    import huggingface_hub

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    datasets.disable_progress_bars()
    given = [str(shards), "--license", "cc0-1.0", "--save-to-disk", str(tmp_path / "disk")]
    assert publish(given) == 0
    _, head, text = (shards / "README.md").read_text().split("---\n", 2)
    told = yaml.safe_load(head)
    assert told["license"] == "cc0-1.0"
    assert told["configs"][0]["data_files"][0] == {"split": "train", "path": "data/train-*.parquet"}
    assert "12 pictures: 6 train, 6 validation" in text
    assert "anomaly-assistant from seed 0" in text
    kept = datasets.load_from_disk(str(tmp_path / "disk"))
    assert {split: len(part) for split, part in kept.items()} == {"train": 6, "validation": 6}
    assert np.array_equal(np.asarray(kept["train"][0]["image"]), next(iter(open_set(shards))).picture().pixels)
    ours = load_set(shards, cache_dir=str(tmp_path / "cache"))
    assert len(ours) == 12

    class Api:
        """A hub that notes what it is given."""

        sent: list[dict[str, object]] = []  # noqa: RUF012

        def create_repo(self, name: str, **options: object) -> huggingface_hub.RepoUrl:
            assert options == {"repo_type": "dataset", "private": True, "exist_ok": True}
            return huggingface_hub.RepoUrl(f"https://hub/datasets/{name}", endpoint="https://hub")

        def upload_folder(self, **options: object) -> None:
            self.sent.append(options)

    monkeypatch.setattr(huggingface_hub, "HfApi", Api)
    assert publish([str(shards), "--license", "cc0-1.0", "--push-to-hub", "me/parts"]) == 0
    assert "https://hub/datasets/me/parts" in capsys.readouterr().out
    assert [(one["repo_id"], one["folder_path"]) for one in Api.sent] == [("me/parts", str(shards))]
    (shards / "README.md").unlink()


def test_a_set_in_files_is_not_handed_on(files, capsys):
    assert publish([str(files), "--license", "cc0-1.0"]) == 1
    assert "convert to-shards" in capsys.readouterr().err
