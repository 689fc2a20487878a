"""Training from streams: the same batches however they are read and shared out, and after a stop those of no stop."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice, takewhile
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors.torch import load_file
from torch import Tensor, nn

from assistant.errors import ConfigError, DataSetError
from assistant.samples.sets import open_set
from assistant.samples.streams import Mixture
from data_builders.build import build
from tests.data_builders.fakes import config, fake_families
from tests.training.runs.test_loop import Toy, assert_alike, numbers
from tests.training.tiny_runs import language_recipe, localize_recipe
from training.check import main as check
from training.language.data import read_language_set
from training.language.run import open_language, read_samples
from training.language.sets import LanguageSet, open_conversations
from training.localizer.data import read_rows
from training.localizer.run import read_sets
from training.localizer.streamed import open_stream
from training.runs.loop import run
from training.runs.plans import Streamed, by_lane
from training.runs.recipe import LanguageRecipe, Recipe, read_recipe
from training.runs.streaming import Drawn, Source
from training.train import main

BATCH = 3


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """One of 40 samples in shards of four, one of 13 in files; three of four are for training."""
    folder = tmp_path_factory.mktemp("streamed")
    build(config(format="shards", count=40, references=0), folder / "a", families=fake_families(), shard_rows=4)
    build(config(count=13, seed=9, references=0), folder / "b", families=fake_families())
    return folder / "a", folder / "b"


def form(drawn: Sequence[Drawn], rng: random.Random) -> Iterator[list[list[int]]]:
    """Batches of a window in random order: pass, set and index of each sample."""
    told = [[one.epoch, one.owner, int(one.sample.row["index"])] for one in drawn]
    rng.shuffle(told)
    yield from (told[at : at + BATCH] for at in range(0, len(told), BATCH))


def source(sets: tuple[Path, Path], window: int = 8, **more: Any) -> Source[Any]:
    opened = [open_set(folder) for folder in sets]
    count = sum(len(piece) for each in opened for piece in each.pieces("train", 9))
    return Source(Mixture(sets, **more), opened, form, window, count // BATCH)


class Reader(Toy):
    """Learns one number from indices of samples; notes every batch, and stops before one."""

    def __init__(self, stream: Source[Any], stop_before: int = 99) -> None:
        super().__init__([])
        self.module = nn.Linear(1, 1)
        self.source, self.left = stream, stop_before
        self.seen: list[Any] = []

    def read(self, planned: list[list[int]]) -> Any:
        return planned, torch.tensor([[float(index)] for _, _, index in planned])

    def place(self, read: Any) -> Tensor:
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt
        self.seen.append(read[0])
        values: Tensor = read[1]
        return values

    def weight(self, batch: Tensor) -> float:
        return float(len(batch))

    def losses(self, batch: Tensor, rng: random.Random) -> dict[str, Tensor]:
        return {"all": (self.module(batch / 40) - 1).square().mean()}

    def validate(self) -> dict[str, float]:
        return {"score": 0.0}


@pytest.mark.parametrize("weights", [None, (1.0, 3.0)])
@pytest.mark.parametrize("window", [8, 100])
def test_a_lane_goes_on_behind_the_very_batch_it_stopped_at(sets, weights, window) -> None:  # type: ignore[no-untyped-def]
    """Windows shorter than a pass, and one that goes over the ends of two; stopped once, and again."""
    stream = source(sets, window, weights=weights)
    straight = list(islice(stream.lane(0, 1, 7), 40))
    plans = [plan for plan, _ in straight]
    for done in (1, 2, 3, 11, 28, 39):
        lane, state = stream.lane(0, 1, 7), straight[done - 1][1]
        for further in (0, 6):
            lane.load_state_dict(json.loads(json.dumps(state)))
            following = list(islice(lane, 40 - done - further))
            assert [plan for plan, _ in following] == plans[done + further :]
            state = following[5][1] if len(following) > 5 else None
            if state is None:
                break
    assert [plan for plan, _ in islice(stream.lane(0, 1, 8), 40)] != plans


def test_every_sample_comes_once_a_pass(sets: tuple[Path, Path]) -> None:
    stream = source(sets)
    counts = Counter[int](epoch for plan, _ in islice(stream.lane(0, 1, 0), 60) for epoch, _, _ in plan)
    size = counts[0]
    assert counts[1] == counts[2] == size > 30
    for count in (1, 2, 3):
        first = [
            tuple(sample)
            for number in range(count)
            for plan, _ in islice(stream.lane(number, count, 0), 40)
            for sample in plan
            if sample[0] == 0
        ]
        assert len(first) == len(set(first)) == size


def test_loaders_and_a_stop_change_no_batch(sets: tuple[Path, Path], tmp_path: Path) -> None:
    seen, weights = [], []
    for loaders in (0, 1, 3):
        torch.manual_seed(0)
        stage = Reader(source(sets))
        done = run(stage, numbers(epochs=2, loaders=loaders, accumulate=2), tmp_path / str(loaders), False)
        seen.append(stage.seen)
        weights.append(load_file(tmp_path / str(loaders) / "last" / "model.safetensors"))
        assert done.step == 2 * (source(sets).batches // 2)
    assert seen[0] == seen[1] == seen[2]
    assert_alike(weights[0], weights[2], 0)
    assert len({str(batch) for batch in seen[0]}) == len(seen[0])
    torch.manual_seed(0)
    stopped = Reader(source(sets), stop_before=20)
    changes = {"epochs": 2, "checkpoint_every": 3, "accumulate": 2}
    with pytest.raises(KeyboardInterrupt):
        run(stopped, numbers(**changes, loaders=2), tmp_path / "stopped", False)
    again = Reader(source(sets))
    run(again, numbers(**changes, loaders=1), tmp_path / "stopped", True)
    assert [*stopped.seen[:18], *again.seen] == seen[0]  # nine steps were saved, of which the second epoch has three
    assert_alike(load_file(tmp_path / "stopped" / "last" / "model.safetensors"), weights[0], 0)


def test_processes_read_the_lanes_of_one_that_accumulates(sets: tuple[Path, Path]) -> None:
    def plans(rank: int, world: int, accumulate: int) -> list[Any]:
        found = Streamed(source(sets), numbers(accumulate=accumulate), rank, world)
        batches, following = found.of_epoch(0, 0)
        assert batches == found.steps * accumulate
        return list(islice(following, batches))

    for world in (2, 4):
        parts = [plans(rank, world, 4 // world) for rank in range(world)]
        assert [plan for step in zip(*parts, strict=True) for plan in step] == plans(0, 1, 4)


def test_one_process_goes_on_where_the_lanes_of_two_are(sets: tuple[Path, Path]) -> None:
    def streamed_by(rank: int, world: int) -> Streamed:
        return Streamed(source(sets), numbers(accumulate=4 // world), rank, world)

    def taken(plans: Streamed, count: int) -> list[Any]:
        found = list(islice(plans.of_epoch(0, 0)[1], count))
        for _ in range(count * plans.world // 4):
            plans.learned()
        return found

    straight = taken(streamed_by(0, 1), 16)
    parts = [streamed_by(rank, 2) for rank in range(2)]
    for part in parts:
        taken(part, 4)
    again = streamed_by(0, 1)
    again.resume(by_lane([state for part in parts for state in part._states], 2))
    assert taken(again, 8) == straight[8:]


def test_a_stream_of_other_sets_does_not_go_on_and_one_too_short_is_told(
    sets: tuple[Path, Path], tmp_path: Path
) -> None:
    run(Reader(source(sets)), numbers(checkpoint_every=2), tmp_path, False)
    with pytest.raises(ConfigError, match="the state of the same mixture"):
        run(Reader(source((sets[0], sets[0]))), numbers(), tmp_path, True)
    with pytest.raises(ConfigError, match="enough samples for one optimizer step"):
        run(Reader(source(sets)), numbers(accumulate=99), tmp_path / "short", False)
    with pytest.raises(DataSetError, match="a sample for every batch of an optimizer step, got fewer"):
        next(source(sets).lane(90, 91, 0))


def streamed(path: Path, *changes: str) -> Recipe | LanguageRecipe:
    return read_recipe(path, ["data.streaming=true", *changes])


def test_rows_of_a_stream_are_those_read_by_number(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = localize_recipe(built, "as_it_comes")
    recipe = streamed(path, f"data.sets=[{built / 'set'}, {built / 'set'}]")
    assert isinstance(recipe, Recipe)
    stream, rows = open_stream(recipe.data, 0), read_sets(recipe)
    train = {row.index: row for row in rows if row.split == "train"}
    assert stream.held == [row for row in rows if row.split == "validation"]
    assert stream.training == len(train)
    assert {row.index: row for row in stream.some(99)} == train
    assert {row.index for row in stream.some(99, first_set=True)} == {i for i in train if i < 10_000}
    assert stream.types == tuple(sorted({t for row in rows for t in row.types}))
    assert check(["--config", str(path), "--set", "data.streaming=true"]) == 0
    assert f"train normal {sum(not r.types for r in train.values()) // 2}," in capsys.readouterr().out


def test_localize_from_a_stream_resumed_is_one_without_a_stop(built: Path, tmp_path: Path) -> None:
    """Stopped by an error in a picture of the second epoch, which is mended."""
    path = localize_recipe(built, "streamed")

    def arguments(name: str, loaders: int) -> list[str]:
        told = ("data.streaming=true", f"out={tmp_path / name}", f"loop.loaders={loaders}",
                f"data.features={tmp_path / 'features'}", "loop.checkpoint_every=1")  # fmt: skip
        return ["--config", str(path), *(word for one in told for word in ("--set", one))]

    assert main(arguments("straight", 2)) == 0
    state = json.loads((tmp_path / "straight" / "last" / "progress.json").read_text())
    assert state["step"] == 2 * (sum(r.split == "train" for r in read_rows(built / "set")) // 4)
    from training.localizer.fresh_stage import FreshStage

    real, left = FreshStage.place, [state["step"] - 2]

    def place(self: FreshStage, read: Any) -> Any:
        if self.module.training:
            left[0] -= 1
            if left[0] < 0:
                raise DataSetError("a picture", "none", "mend it")
        return real(self, read)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FreshStage, "place", place)
        assert main(arguments("stopped", 2)) == 2
    assert main([*arguments("stopped", 0), "--resume"]) == 0
    one, other = (load_file(tmp_path / n / "last" / "model.safetensors") for n in ("straight", "stopped"))
    assert_alike(one, other, 1e-6)


def test_conversations_of_a_stream_are_those_read_by_number(folder: Path, tmp_path: Path) -> None:
    samples = read_language_set(folder / "set")
    language = LanguageSet(folder / "set")
    assert [sample for one in language for sample in language.samples(one)] == samples
    recipe = streamed(language_recipe(folder, "instruct"), "data.replay_share=0.3", f"out={tmp_path}")
    assert isinstance(recipe, LanguageRecipe)
    stream = open_conversations(recipe)
    stage = open_language(recipe, stream.held, stream).stage
    assert sorted(map(str, stage.held)) == sorted(str(s) for s in samples if s.validation)
    window = takewhile(lambda one: one[1]["window"] == 0, stage.source.lane(0, 1, 0))
    shown = [plan for batch, _ in window for plan in batch]
    pictured = [sample for plan in shown if plan.picture is not None for sample in plan.samples]
    assert {str(sample) for sample in pictured} == {str(s) for s in samples if not s.validation}
    assert len(pictured) / sum(len(plan.samples) for plan in shown) == pytest.approx(0.7, abs=0.01)
    by_number = open_language(recipe, read_samples(recipe)[0]).stage
    assert abs(stage.source.batches - len(list(by_number.epoch(0, 0)))) <= 2


def test_language_sets_that_cannot_be_streamed_are_refused(folder: Path, tmp_path: Path) -> None:
    for name in ("evidence.jsonl", "conversations.jsonl"):
        (tmp_path / name).write_bytes((folder / "set" / name).read_bytes())
    recipe = streamed(language_recipe(folder, "align"), f"data.sets=[{tmp_path}]")
    assert isinstance(recipe, LanguageRecipe)
    with pytest.raises(DataSetError, match=r"conversations to train on, got none in "):
        open_conversations(recipe)
    lines = (tmp_path / "evidence.jsonl").read_text().splitlines()
    (tmp_path / "evidence.jsonl").write_text("\n".join(lines[:-1]) + "\n\n")
    with pytest.raises(DataSetError, match=r"conversations of pictures in evidence\.jsonl, got line 40 of"):
        LanguageSet(tmp_path)
    (tmp_path / "evidence.jsonl").write_text("\n".join([lines[0], "", *lines[1:]]))
    with pytest.raises(DataSetError, match=r"a JSON object a line, got line 2 of evidence\.jsonl"):
        LanguageSet(tmp_path)


@pytest.mark.parametrize(
    ("stage", "changes", "told"),
    [
        ("localize", ["data.tokens=kept"], "streaming takes tokens: live and no limit, got tokens: kept"),
        ("localize", ["data.limit=20"], "streaming takes tokens: live and no limit, got limit 20"),
        ("localize", ["stage=weigh"], "stage weigh asks whole products, got data.streaming: true"),
        ("align", ["data.limit=20"], "streaming takes no limit, got 20"),
        ("align", ["data.weights=[1, 2]"], "weights must be above 0, one for each of the 1 sets"),
        ("align", ["data.weights=[1]", "data.streaming=false"], "weights are of sets that are streamed"),
    ],
)
def test_streams_are_refused_where_they_make_no_sense(
    built: Path, folder: Path, stage: str, changes: list[str], told: str
) -> None:
    path = localize_recipe(built, "refused") if stage == "localize" else language_recipe(folder, stage)
    with pytest.raises(ConfigError, match=told):
        streamed(path, *changes)


def test_residual_adapters_are_refused_a_stream(
    built: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    preset = yaml.safe_load(Path("assistant/presets/tiny/preset.yaml").read_text())
    preset["adapters"]["mode"] = "residual"
    (tmp_path / "preset.yaml").write_text(yaml.safe_dump(preset))
    path = localize_recipe(built, "residual_stream", preset=str(tmp_path / "preset.yaml"))
    assert main(["--config", str(path), "--set", "data.streaming=true"]) == 2
    assert "lateral adapters where `data.streaming` is true, got residual ones" in capsys.readouterr().err
