"""Regions without a fitting kind are grouped over a run: alike whatever its order, stops and shards."""

from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from assistant.batch import Item, Shard, merge, run
from assistant.batch.engines.jobs import Job
from assistant.batch.engines.unit_inspector import UnitInspector
from assistant.batch.groups import grouping
from assistant.batch.groups.clustering import LEAST_MEMBERS
from assistant.batch.groups.group_file import Groups, read_groups
from assistant.batch.results.region_embeddings import RegionEmbeddings
from assistant.batch.results.rows import mark_of
from assistant.errors import ConfigError, DataSetError, StorageError
from assistant.pipeline import Assistant
from assistant.types import Region
from assistant.vision.encoded_query import EncodedQuery
from tests.batch.conftest import Row, draw, rows_of
from tests.batch.test_running import Inspected

KINDS = 3


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, tiny: Assistant) -> Path:
    """Noise pictures with regions, whose first pixels tell a kind: five of 0, four of 1, one of 2."""
    folder = tmp_path_factory.mktemp("marked")
    rng = np.random.default_rng(3)
    for number, kind in enumerate((0, 0, 0, 0, 0, 1, 1, 1, 1, 2)):
        found: tuple[Region, ...] = ()
        while not found or len(found) >= LEAST_MEMBERS:
            values = rng.integers(0, 256, (60, 80, 3), np.uint8)
            values[:2, :2] = 40 * kind
            path = draw(folder / f"{number}.png", values)
            found = tiny.inspect(str(path)).regions
    return folder


@pytest.fixture
def marked(made: Path, tmp_path: Path) -> Path:
    """Those pictures, for a test to change."""
    return shutil.copytree(made, tmp_path / "marked")


@pytest.fixture(autouse=True)
def _told_apart(tiny: Assistant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Regions look like the kind of their picture, nearly; those of random weights are all alike."""

    def embed(encoded: EncodedQuery, regions: list[object]) -> torch.Tensor:
        kind = int(encoded.image.pixels[0, 0, 0]) // 40
        seed = int(encoded.image.pixels[9].sum())
        noise = torch.randn(len(regions), 32, generator=torch.Generator().manual_seed(seed))
        return torch.nn.functional.normalize(torch.eye(32)[kind] + 0.05 * noise, dim=-1)

    monkeypatch.setattr(tiny.detector, "embed_regions", embed)


def kind_of(source: str) -> int:
    return int(cv2.imread(source)[0, 0, 0]) // 40


def letters(rows: dict[str, Row]) -> dict[tuple[str, int], str | None]:
    return {(source, one["id"]): one["group"] for source, row in rows.items() for one in row["regions"]}


def test_regions_of_a_kind_are_one_group_in_rows_and_file(marked: Path, tmp_path: Path, inspected: Inspected) -> None:
    asked = inspected(marked, group=True)
    groups = read_groups(tmp_path / "out/groups.json")
    assert asked.groups == groups
    told = letters(rows_of(tmp_path / "out/results.jsonl"))
    by_kind = {kind: {name for (source, _), name in told.items() if kind_of(source) == kind} for kind in range(KINDS)}
    assert by_kind == {0: {"A"}, 1: {"B"}, 2: {None}}
    assert groups.regions == len(told)
    assert groups.alone == sum(name is None for name in told.values()) > 0
    first = groups.groups[0]
    assert (first.name, first.kind, first.pictures) == ("A", None, 5)
    assert first.regions == len(first.members) == sum(name == "A" for name in told.values())
    assert first.medoid == first.members[0]
    assert 0.8 < first.cohesion <= 1
    assert sum(first.known_kinds.values()) == pytest.approx(1, abs=0.01)
    sheet = cv2.imread(str(tmp_path / "out/groups.webp"))
    assert sheet is not None
    assert sheet.shape[0] % len(groups.groups) == 0


def test_too_few_alike_make_no_group_and_no_sheet(marked: Path, tmp_path: Path, inspected: Inspected) -> None:
    inspected(marked / "0.png", marked / "9.png", group=True)
    groups = read_groups(tmp_path / "out/groups.json")
    assert groups.groups == ()
    assert groups.alone == groups.regions > 1
    assert not (tmp_path / "out/groups.webp").exists()


def contents(out: Path) -> tuple[Groups, dict[tuple[str, int], str | None]]:
    return read_groups(out / "groups.json"), letters(rows_of(out / "results.jsonl"))


def test_order_stops_and_shards_make_no_difference(
    marked: Path, tmp_path: Path, inspected: Inspected, tiny: Assistant
) -> None:
    inspected(marked, out="whole", group=True)
    whole = contents(tmp_path / "whole")
    inspected(*sorted(marked.iterdir(), reverse=True), out="turned", group=True)
    assert contents(tmp_path / "turned") == whole
    rows = iter(run([marked], tmp_path / "cut", assistant=tiny, group=True))
    for _ in range(4):
        next(rows)
    rows.close()  # type: ignore[attr-defined]
    assert not (tmp_path / "cut/groups.json").exists()
    inspected(marked, out="cut", group=True)
    assert contents(tmp_path / "cut") == whole
    for index in (1, 2):
        inspected(marked, out="parts", shard=Shard(index, 2), group=True)
    assert not (tmp_path / "parts/groups.json").exists()
    assert merge([tmp_path / "parts"]).complete
    assert contents(tmp_path / "parts") == whole


def test_a_run_that_goes_on_groups_anew_and_edits_nothing(marked: Path, tmp_path: Path, inspected: Inspected) -> None:
    inspected(*(marked / f"{n}.png" for n in range(5)), group=True)
    assert len(read_groups(tmp_path / "out/groups.json").groups) == 1
    again = inspected(marked, group=True)
    assert (again.written, again.skipped) == (5, 5)
    assert len(read_groups(tmp_path / "out/groups.json").groups) == 2
    assert not (tmp_path / "out/aside.jsonl").exists()
    with pytest.raises(ConfigError, match=r"group.*--restart"):
        inspected(marked)


def test_a_torn_line_of_embeddings_is_no_line(marked: Path, tmp_path: Path, inspected: Inspected) -> None:
    inspected(marked, group=True)
    path = tmp_path / "out/embeddings.jsonl"
    row = next(row for row in rows_of(tmp_path / "out/results.jsonl").values() if row["regions"])
    known = RegionEmbeddings(path).of(row["source"])
    assert known is not None
    assert known.shape == (len(row["regions"]), 32)
    with path.open("ab") as file:
        file.write(b'{"source": "' + row["source"].encode() + b'", "width": 3')
    again = RegionEmbeddings(path).of(row["source"])
    assert again is not None
    assert np.array_equal(again, known)
    assert RegionEmbeddings(path).of("none.png") is None


def test_more_regions_than_are_compared_join_the_groups_there_are(
    marked: Path, tmp_path: Path, inspected: Inspected, monkeypatch: pytest.MonkeyPatch
) -> None:
    inspected(marked, out="whole", group=True)
    whole = contents(tmp_path / "whole")[1]
    monkeypatch.setattr(grouping, "MOST_CLUSTERED", len(whole) - 1)
    monkeypatch.setattr(grouping, "AT_ONCE", 1)
    inspected(marked, out="some", group=True)
    assert contents(tmp_path / "some")[1] == whole


def test_without_groups_no_region_has_one_and_nothing_is_kept(
    marked: Path, tmp_path: Path, inspected: Inspected
) -> None:
    inspected(marked)
    assert set(letters(rows_of(tmp_path / "out/results.jsonl")).values()) == {None}
    assert not (tmp_path / "out/embeddings.jsonl").exists()
    assert not (tmp_path / "out/groups.json").exists()


def test_a_group_in_a_row_is_no_edit_but_all_else_is() -> None:
    line = b'{"regions": [{"type": "dent", "severity": "minor", "group": null}], "caption": "\\"group\\": \\"A\\""}\n'
    assert mark_of(line) == mark_of(line.replace(b'"group": null', b'"group": "AB"'))
    assert mark_of(line) == mark_of(line.replace(b', "group": null', b""))
    assert mark_of(line) != mark_of(line.replace(b"dent", b"hole"))
    assert mark_of(line) != mark_of(line.replace(b'\\"A\\"', b'\\"B\\"'))


@pytest.mark.parametrize("wanted", [True, False])
def test_outcomes_bring_embeddings_from_other_processes_where_they_are_wanted(
    marked: Path, tiny: Assistant, wanted: bool
) -> None:
    bench = UnitInspector(tiny, Job(preset="tiny", embeddings=wanted))
    for outcome in bench.outcomes(iter([(Item(str(marked / "0.png")),), (Item("none.png"),)])):
        embeddings = pickle.loads(pickle.dumps(outcome)).embeddings
        assert (embeddings is not None) == (wanted and outcome.row["error"] is None)
        assert embeddings is None or len(embeddings) == len(outcome.row["regions"])


@pytest.mark.parametrize(
    ("text", "match"), [(None, "run batch with --group"), ("{}", "another `preset`"), ("[", "expected groups of")]
)
def test_a_file_of_groups_that_is_none_is_refused(tmp_path: Path, text: str | None, match: str) -> None:
    if text is not None:
        (tmp_path / "groups.json").write_text(text)
    with pytest.raises(DataSetError, match=match):
        read_groups(tmp_path / "groups.json")


def test_groups_follow_their_schema(marked: Path, tmp_path: Path, inspected: Inspected) -> None:
    inspected(marked, group=True)
    told = json.loads((tmp_path / "out/groups.json").read_text())
    assert told["schema"] == "anomaly-assistant/groups@1"
    assert (told["preset"], told["weights"]) == ("tiny", "untrained")


def test_a_run_that_died_while_it_grouped_groups_when_it_goes_on(
    marked: Path, tmp_path: Path, inspected: Inspected, monkeypatch: pytest.MonkeyPatch
) -> None:
    def died(*_: object) -> None:
        raise StorageError("room", "none")

    with monkeypatch.context() as patched:
        patched.setattr(grouping, "write_sheet", died)
        with pytest.raises(StorageError):
            inspected(marked, group=True)
    (tmp_path / "out/groups.json").unlink()
    again = inspected(marked, group=True)
    assert (again.written, again.skipped) == (0, 10)
    assert not (tmp_path / "out/aside.jsonl").exists()
    groups, told = contents(tmp_path / "out")
    assert [group.name for group in groups.groups] == ["A", "B"]
    assert set(told.values()) == {"A", "B", None}
