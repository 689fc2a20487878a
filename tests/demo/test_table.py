"""The table of all pictures: which lines, in which order, what a threshold does to marked ones, and files that stay harmless."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from assistant.errors import ConfigError
from assistant.types import Verdict
from demo.projects.shelf import Shelf
from demo.table import counts
from demo.table.choice import Choice, Show
from demo.table.folder_rows import LABEL, RUN, FolderRows
from demo.table.lines import Line
from demo.table.spreadsheet import COLUMNS, guarded, write_csv
from tests.inspections import inspection, region

LINES = [
    Line("a", "lid 1.png", 0.2, good=True),
    Line("b", "Lid 2.png", 0.8, place="top", kind="scratch", regions=2, good=True),
    Line("c", "box.png", 0.4, good=False),
    Line("d", "own.png", 0.9, spoken=Verdict.NORMAL, corrected=True, good=False),
    Line("e", "torn.png", error="expected a picture, got text"),
    Line("f", "reference.png", 0.1, good=False, learned=True),
]


@pytest.mark.parametrize(
    ("told", "ids"),
    [
        ({}, "abcdef"), ({"show": "anomalous"}, "b"), ({"show": "normal"}, "acdf"), ({"show": "marked bad"}, "cdf"),
        ({"show": "wrong by your marks"}, "bc"), ({"show": "could not be read"}, "e"), ({"show": "not marked"}, "e"),
        ({"show": "corrected"}, "d"), ({"text": "LID"}, "ab"), ({"text": "scratch"}, "b"), ({"order": "score"}, "dbcafe"),
        ({"order": "name"}, "cabdfe"), ({"order": "nonsense"}, "abcdef"),
    ],
)  # fmt: skip
def test_lines_are_chosen_and_sorted(told: dict[str, str], ids: str) -> None:
    choice = Choice()
    choice.set(told)
    assert "".join(line.id for line in choice.lines(LINES)) == ids


def test_a_column_is_turned_round_and_pages_hold_what_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    choice = Choice()
    for _ in range(2):
        choice.set({"order": "score"})
    assert [line.id for line in choice.lines(LINES)] == list("efacbd")
    monkeypatch.setattr("demo.table.choice.PAGE", 4)
    choice.set({"first": 99})
    assert [line.id for line in choice.page(choice.lines(LINES))] == ["b", "d"]
    choice.set({"show": "could not be read"})
    assert [line.id for line in choice.page(choice.lines(LINES))] == ["e"], "another choice begins at its first page"


def test_a_word_of_the_browser_that_came_too_late_is_not_obeyed() -> None:
    choice = Choice()
    choice.set({"text": "lid", "turn": 12})
    choice.set({"text": "li", "turn": 11})
    choice.set({"show": "normal", "turn": 10})
    assert (choice.text, choice.show) == ("lid", Show.NORMAL)
    assert choice.is_news("at", 5)
    assert not choice.is_news("at", 4)
    assert choice.is_news("at", 6)


@pytest.mark.parametrize("told", [{"show": "x"}, {"first": "y"}, {"first": float("inf")}, {"show": None}])
def test_what_is_no_choice_is_refused(told: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="expected a choice of the table"):
        Choice().set(told)


@pytest.mark.parametrize("at", [None, "0.5", float("nan"), 0.0, 1.0])
def test_what_is_no_threshold_is_refused(at: object) -> None:
    with pytest.raises(ConfigError, match=r"expected a threshold from 0\.05 to 0\.95"):
        Choice().move(at)


@pytest.mark.parametrize(
    ("at", "overkill", "missed"), [(0.5, 1, 1), (0.1, 2, 0), (0.95, 0, 2), (0.8, 1, 1), (0.4, 1, 0)]
)
def test_overkill_and_misses_by_the_score_alone(at: float, overkill: int, missed: int) -> None:
    found = counts.mistakes(LINES, at)
    assert (found.good, found.overkill, found.bad, found.missed, found.left_out) == (2, overkill, 2, missed, 1)
    assert f"{overkill} of 2 good called anomalous" in str(found)
    bins = counts.histogram(LINES)
    assert bins.sum() == 5
    assert bins[round(100 * at) :, 1].sum() == overkill, "the browser counts the same from the bins"
    assert bins[: round(100 * at), 2].sum() == missed


def test_every_hundredth_is_the_edge_of_its_bin() -> None:
    for number in range(100):
        bins = counts.histogram([Line("x", "x", number / 100), Line("y", "y", number / 100 + 0.0099)])
        assert bins[number].sum() == 2, number


@pytest.mark.parametrize(
    "name", ["=1+1", "+1", "-2+3", "@SUM(A1)", "\t=1", " =cmd|' /C calc'!A0", "\r=1", "\uff1d1+1", "\ufeff=1", "a\n=1"]
)
def test_a_spreadsheet_takes_no_name_for_a_formula(tmp_path: Path, name: str) -> None:
    with (tmp_path / "table.csv").open("w", encoding="utf-8", newline="") as file:
        write_csv([Line("a", name, 0.5, kind="-scratch", error="=x")], file, 0.5)
    with (tmp_path / "table.csv").open(encoding="utf-8", newline="") as file:
        header, row = csv.reader(file)
    assert header == list(COLUMNS)
    told = dict(zip(header, row, strict=True))
    for cell in (told["name"], told["kind"], told["error"]):
        assert not cell.strip(" \t\r\n\u00a0\u3000\ufeff").startswith(("=", "+", "-", "@", "\uff1d"))
    assert "\n" not in told["name"]
    assert guarded("lid-1.png") == "lid-1.png"


def row(source: str, score: float, *, error: str | None = None) -> bytes:
    from assistant.report import error_row, inspection_row, to_line

    told = inspection_row(inspection(score, (region(1),))) | {"source": source, "mode": "few_shot"}
    told["warnings"] = ["is unlike its references"]
    return (to_line(told if error is None else error_row(source, error)) + "\n").encode()


def test_rows_are_read_on_as_they_are_written(tmp_path: Path) -> None:
    project = Shelf(tmp_path / "projects").new()
    assert FolderRows(project).lines() == []
    project.put(RUN, 0, {"folder": "/in", "out": "runs/1"})
    rows = FolderRows(project)
    assert rows.count == 0
    assert rows.path is not None
    rows.path.parent.mkdir(parents=True)
    first, second = row("/in/a.png", 0.7), row("/in/sub/b.png", 0.2)
    rows.path.write_bytes(first + second[:40])
    assert [(line.severity, line.warnings, line.compared) for line in rows.lines()] == [
        ("major", ("is unlike its references",), True)
    ]
    assert [(line.name, line.score, line.in_folder) for line in rows.lines()] == [("a.png", 0.7, True)]
    rows.path.write_bytes(first + second + row("/in/c.png", 0, error="expected a picture, got text in /in/c.png"))
    names = {line.name: line for line in rows.lines()}
    assert list(names) == ["a.png", "sub/b.png", "c.png"]
    assert names["c.png"].error == "expected a picture, got text in c.png", "the folder's own path is not told"
    assert rows.row(names["sub/b.png"].id) == json.loads(second)
    rows.mark(names["a.png"].id, good=False)
    assert rows.line(names["a.png"].id).good is False  # type: ignore[union-attr]
    assert list(project.documents(LABEL).values()) == [{"source": "a.png", "good": False}]
    other = rows.path.with_name("new")
    other.write_bytes(row("/in/a.png", 0.1))  # the run set lines aside: another file of that name
    other.replace(rows.path)
    again = FolderRows(project)
    for one in (rows, again):
        assert [(line.score, line.good) for line in one.lines()] == [(0.1, False)]
    with pytest.raises(LookupError):
        rows.mark("f0", good=True)
    assert Show("all") is Show.ALL
