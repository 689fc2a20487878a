"""Streams of samples: every one once, mixed by weight, shared by processes, resumed at the very next one."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from assistant.errors import ConfigError, DataSetError
from assistant.samples.sets import open_set
from assistant.samples.streams import Mixture, SampleStream
from data_builders.build import build
from tests.data_builders.fakes import config, fake_families


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """One of 40 samples in shards of four, one of 13 in files; three of four are for training."""
    folder = tmp_path_factory.mktemp("streams")
    build(config(format="shards", count=40, references=0), folder / "a", families=fake_families(), shard_rows=4)
    build(config(count=13, seed=9, references=0), folder / "b", families=fake_families())
    return folder / "a", folder / "b"


def seen(stream: SampleStream) -> list[tuple[int, int]]:
    """Seed of the set and index of the samples of a pass."""
    return [(sample.row["seed"], sample.row["index"]) for sample in stream]


MIXTURES = {
    "one": {"sets": "a"}, "files": {"sets": "b", "block": 4}, "in order": {"sets": "ab", "shuffled": False},
    "both": {"sets": "ab", "block": 8}, "weighed": {"sets": "ab", "weights": (1.0, 3.0), "block": 8},
    "second of two": {"sets": "ab", "rank": 1, "world": 2, "block": 4}, "all splits": {"sets": "a", "split": None},
}  # fmt: skip


def mixture(sets: tuple[Path, Path], name: str, **more: object) -> Mixture:
    options = MIXTURES[name] | more
    return Mixture(tuple(sets["ab".index(one)] for one in options.pop("sets")), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", MIXTURES)
def test_a_stream_goes_on_with_the_very_next_sample(sets, name):
    stream = SampleStream(mixture(sets, name))
    passes = [seen(stream), seen(stream)]
    assert passes == [seen(again := SampleStream(mixture(sets, name))), seen(again)]
    for done in (0, 1, 6, len(passes[0]) - 1):
        stopped = SampleStream(mixture(sets, name))
        running = iter(stopped)
        for _ in range(done):
            next(running)
        state = json.loads(json.dumps(stopped.state_dict()))
        resumed = SampleStream(mixture(sets, name))
        resumed.load_state_dict(state)
        assert [seen(resumed), seen(resumed)] == [passes[0][done:], passes[1]]


def test_every_sample_comes_once_a_pass_in_another_order_each(sets):
    stream = SampleStream(mixture(sets, "both"))
    first, second = seen(stream), seen(stream)
    rows = [
        (row["seed"], row["index"]) for folder in sets for row in open_set(folder).rows() if row["split"] == "train"
    ]
    assert sorted(first) == sorted(second) == sorted(rows)
    assert first != second
    assert first != sorted(first)
    assert seen(SampleStream(mixture(sets, "both", seed=1))) != first


def test_weights_say_how_often_a_set_is_drawn_and_nothing_is_left_out(sets):
    drawn = seen(SampleStream(mixture(sets, "weighed")))
    counts = Counter(seed for seed, _ in drawn)
    assert counts[9] > 1.5 * counts[0]
    assert len(set(drawn)) == 40


@pytest.mark.parametrize("world", [2, 3])
def test_processes_share_a_pass(sets, world):
    parts = [seen(SampleStream(mixture(sets, "both", rank=rank, world=world))) for rank in range(world)]
    assert sorted(sum(parts, [])) == sorted(seen(SampleStream(mixture(sets, "both"))))  # noqa: RUF017


def test_samples_of_a_stream_are_those_of_the_set(sets):
    samples = {s.row["index"]: s for s in open_set(sets[0])}
    for sample in SampleStream(mixture(sets, "one")):
        same = samples[sample.row["index"]]
        assert (sample.row, sample.image) == (same.row, same.image)
        assert np.array_equal(sample.picture().pixels, same.picture().pixels)
        assert sample.picture().source == str(sample.image)


def test_what_makes_no_sense_is_refused(sets):
    with pytest.raises(ConfigError, match="2 weights, one a set, got 1"):
        mixture(sets, "both", weights=(1.0,))
    with pytest.raises(ConfigError, match="a process from 0 to 1, got 2"):
        mixture(sets, "both", rank=2, world=2)
    with pytest.raises(DataSetError, match="samples of the split test, got none"):
        SampleStream(mixture(sets, "both", split="test"))
    state = SampleStream(mixture(sets, "one")).state_dict()
    with pytest.raises(ConfigError, match="the state of the same mixture"):
        SampleStream(mixture(sets, "one", seed=4)).load_state_dict(state)


def test_a_set_by_number_is_shuffled_alike_for_all_processes(sets):
    data = open_set(sets[0])
    whole = [s.row["index"] for s in data.shuffled(3)]
    assert sorted(whole) == list(range(40)) != whole
    parts = [[s.row["index"] for s in data.shuffled(3, rank=rank, world=3)] for rank in range(3)]
    assert sorted(sum(parts, [])) == sorted(whole)  # noqa: RUF017
    assert [s.row["index"] for s in data.shuffled(3, done=7)] == whole[7:]
    with pytest.raises(DataSetError, match="a sample with index 40"):
        data.of_index(40)
