"""A group that got a name is examples of a kind; regions near them take it, and other weights refuse them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assistant.batch.groups.group_file import read_groups
from assistant.batch.groups.naming import name_group
from assistant.batch.results.region_embeddings import RegionEmbeddings
from assistant.cli import app as cli
from assistant.errors import ConfigError, DataSetError, ProfileError
from assistant.pipeline import Assistant
from assistant.report import to_line
from assistant.request import Inspector, Request
from assistant.vision.references.kind_examples import NEAR, KindExamples, named_by_example
from tests.batch.conftest import rows_of
from tests.batch.test_running import Inspected
from tests.inspections import inspection, regions

Command = Callable[..., str]


@pytest.fixture
def grouped(photos: Path, tmp_path: Path, inspected: Inspected) -> Path:
    """A run of noise pictures, of which random weights make one group."""
    inspected(photos, group=True)
    return tmp_path / "out"


@pytest.fixture
def command(tiny: Assistant, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    monkeypatch.setattr(Assistant, "load", lambda *_, **__: tiny)

    def call(*arguments: str | Path, code: int = 0) -> str:
        monkeypatch.setattr(sys, "argv", ["anomaly-assistant", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        assert int(ended.value.code or 0) == code
        return out if code == 0 else err

    return call


def examples(*kinds: str, weights: str = "sha256:0") -> KindExamples:
    """Examples along axes: those of one kind lie on one axis."""
    axes = [sorted(set(kinds)).index(kind) for kind in kinds]
    return KindExamples("tiny", weights, kinds, tuple(map(str, range(len(kinds)))), np.eye(32, dtype=np.float32)[axes])


def test_a_named_group_names_regions_in_the_next_run(grouped: Path, photos: Path, inspected: Inspected) -> None:
    kinds = grouped / "kinds.safetensors"
    found = name_group(grouped, "a", "solder  bridge")
    assert found.names == ("solder bridge",)
    assert read_groups(grouped / "groups.json").groups[0].kind == "solder bridge"
    inspected(photos, out="next", request=Request(kind_examples=str(kinds)))
    before = rows_of(grouped / "results.jsonl")
    known = RegionEmbeddings(grouped / "embeddings.jsonl")
    for source, row in rows_of(grouped.parent / "next/results.jsonl").items():
        for number, (new, old) in enumerate(zip(row["regions"], before[source]["regions"], strict=True)):
            looks = known.of(source)
            assert looks is not None
            if found.kinds_of(looks[number : number + 1].astype(np.float32))[0] is None:
                assert new["type"] == old["type"]
            else:
                assert (new["type"], new["type_probability"] >= 0.5) == ("solder bridge", True)


def test_a_kind_stays_with_its_group_when_the_run_goes_on(grouped: Path, photos: Path, inspected: Inspected) -> None:
    name_group(grouped, "A", "bridge")
    (photos / "8.png").write_bytes((photos / "0.png").read_bytes())
    inspected(photos, group=True)
    assert read_groups(grouped / "groups.json").groups[0].kind == "bridge"


def test_regions_with_a_kind_by_example_are_not_grouped_again(
    grouped: Path, photos: Path, inspected: Inspected
) -> None:
    name_group(grouped, "A", "bridge")
    asked = inspected(photos, out="next", group=True, request=Request(kind_examples=str(grouped / "kinds.safetensors")))
    assert asked.groups is not None
    assert asked.groups.regions < read_groups(grouped / "groups.json").regions


def test_an_example_that_is_there_takes_the_new_name(grouped: Path) -> None:
    first = name_group(grouped, "A", "bridge")
    again = name_group(grouped, "A", "void")
    assert again.names == ("void",)
    assert len(again.kinds) == len(first.kinds)
    assert KindExamples.load(grouped / "kinds.safetensors").kinds == again.kinds


def test_names_and_letters_that_make_no_sense_are_refused(grouped: Path, tmp_path: Path) -> None:
    with pytest.raises(DataSetError, match="a group of A"):
        name_group(grouped, "Q", "bridge")
    with pytest.raises(ConfigError, match="a kind of 1 to 200 characters"):
        name_group(grouped, "A", " ")
    with pytest.raises(DataSetError, match="--group"):
        name_group(tmp_path, "A", "bridge")
    (grouped / "embeddings.jsonl").unlink()
    with pytest.raises(DataSetError, match=r"embeddings of the regions.*--restart"):
        name_group(grouped, "A", "bridge")


def test_other_weights_are_refused(grouped: Path, photos: Path, tiny: Assistant, command: Command) -> None:
    path = grouped / "others.safetensors"
    examples("void", weights="sha256:" + 64 * "1").save(path)
    with pytest.raises(ProfileError, match=r"preset tiny and untrained, got some made .* sha256:1111"):
        Inspector(tiny, Request(kind_examples=str(path)))
    said = command("inspect", photos / "0.png", "--kind-examples", path, code=1)
    assert said.count("\n") == 1
    assert "name a group of a run of this preset again" in said
    with pytest.raises(ProfileError, match="sha256:1111"):
        name_group(grouped, "A", "bridge", path)


def test_files_that_hold_no_examples_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "k.safetensors"
    with pytest.raises(ProfileError, match=r"written by `groups name`, got k\.safetensors"):
        KindExamples.load(path)
    path.write_bytes(b"x" * 40)
    with pytest.raises(ProfileError, match=r"written by `groups name`, got k\.safetensors"):
        KindExamples.load(path)
    examples("void", "chip").save(path)
    assert KindExamples.load(path).names == ("void", "chip")
    path.write_bytes(path.read_bytes()[:-1] + b"\x07")
    with pytest.raises(ProfileError, match="damaged or changed since"):
        KindExamples.load(path)


def test_the_nearest_example_within_reach_gives_the_kind_and_severity() -> None:
    known = examples("void", "chip")
    rows = known.embeddings[[0, 1, 0]]
    rows[2] = (1 - NEAR - 0.01) * rows[0] + np.sqrt(1 - (1 - NEAR - 0.01) ** 2) * np.eye(32, dtype=np.float32)[9]
    found = replace(inspection(0.9, regions(3)), region_embeddings=rows)
    named = named_by_example(found, known)
    assert [one.type for one in named.regions] == ["void", "chip", found.regions[2].type]
    assert [one.type_probability for one in named.regions[:2]] == pytest.approx([1.0, 1.0])
    assert named_by_example(found, None) is found
    with pytest.raises(ProfileError, match="7 numbers"):
        known.kinds_of(np.ones((1, 7), np.float32))


def test_leave_one_out_leaves_out_the_other_regions_of_a_picture() -> None:
    known = examples("void", "void", "chip", "chip")
    assert known.leave_one_out() == {"right": 4, "wrong": 0, "none": 0, "accuracy": 1.0}
    lone = replace(known, pictures=("0", "0", "1", "2"))
    assert lone.leave_one_out() == {"right": 2, "wrong": 0, "none": 2, "accuracy": 0.5}
    mixed = replace(known, kinds=("void", "chip", "chip", "chip"))
    assert mixed.leave_one_out() == {"right": 2, "wrong": 2, "none": 0, "accuracy": 0.5}


def test_the_commands_tell_and_name(grouped: Path, photos: Path, command: Command) -> None:
    shown = [json.loads(line) for line in command("groups", "show", grouped, "--json").splitlines()]
    assert shown[0]["name"] == "A"
    assert "cohesion" in command("groups", "show", grouped)
    (told,) = map(json.loads, command("groups", "name", grouped, "A", "bridge", "--json").splitlines())
    assert told["kinds"] == {"bridge": shown[0]["regions"]}
    assert "leave_one_out" not in told
    path = grouped / "kinds.safetensors"
    assistant_examples = KindExamples.load(path)
    other = replace(assistant_examples, kinds=("void",), pictures=("x",), embeddings=-assistant_examples.embeddings[:1])
    assistant_examples.joined(other).save(path)
    (told,) = map(json.loads, command("groups", "name", grouped, "A", "bridge", "--json").splitlines())
    assert told["kinds"] == {"void": 1, "bridge": shown[0]["regions"]}
    assert told["leave_one_out"] == KindExamples.load(path).leave_one_out()
    row = json.loads(command("inspect", photos / "0.png", "--kind-examples", path, "--json"))
    assert to_line(row)
    assert "no known kind fits" not in json.dumps(row)
    assert "a group of" in command("groups", "name", grouped, "ZZ", "x", code=1)
