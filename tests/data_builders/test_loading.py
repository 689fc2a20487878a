"""A set has the columns of its contract whatever it holds, so that sets can be joined."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from assistant.errors import DataSetError
from data_builders.labelled import from_mvtec
from data_builders.loading import load_set
from data_builders.messages import from_messages


def test_sets_with_and_without_references_have_the_same_columns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    import datasets

    datasets.disable_progress_bars()
    rng = np.random.default_rng(0)
    for name in ("train/good/0.png", "train/good/1.png", "test/bad/0.png"):
        (tmp_path / "lid" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 255, (64, 64, 3), np.uint8)).save(tmp_path / "lid" / name)
    mask = np.zeros((64, 64), np.uint8)
    mask[5:20, 5:20] = 1
    (tmp_path / "lid/ground_truth/bad").mkdir(parents=True)
    Image.fromarray(mask).save(tmp_path / "lid/ground_truth/bad/0.png")
    talk = [{"role": "user", "content": "Fine?"}, {"role": "assistant", "content": "No."}]
    (tmp_path / "talk.json").write_text(json.dumps([{"messages": talk, "images": ["lid/test/bad/0.png"]}]))
    from_mvtec(tmp_path / "lid", tmp_path / "with")
    from_messages(tmp_path / "talk.json", tmp_path / "without")
    sets = [load_set(tmp_path / name, cache_dir=str(tmp_path / "cache")) for name in ("with", "without")]
    pictures = datasets.List(datasets.Image())
    assert [one.features["reference"] for one in sets] == [pictures, pictures]
    assert [len(one["reference"]) for one in sets[0]] == [1, 1, 2]
    assert [one["reference"] for one in sets[1]] == [[]]
    assert all(one["image"].size == one["mask"].size == (64, 64) for each in sets for one in each)
    joined = datasets.concatenate_datasets(sets)
    assert len(joined) == 4
    assert not [name for name in joined.column_names if name.endswith("file_names")]
    with pytest.raises(DataSetError, match="a data set with metadata"):
        load_set(tmp_path)
