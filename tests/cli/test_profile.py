"""``profile check`` names references and pictures that do harm, with an exit code; other commands tell of them."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import cv2
import pytest
from rich.console import Console

import assistant.inquiry
from assistant.cli import console
from assistant.pipeline import Assistant
from assistant.types import QueryImage
from assistant.vision.build_profile import with_anomalous
from assistant.vision.references.profile import AnomalousReference
from tests.cli.test_batch import Command, command
from tests.vision.checks.parts import part, stripes

__all__ = ["command"]


def save(folder: Path, *pictures: QueryImage) -> Path:
    folder.mkdir(exist_ok=True)
    for picture in pictures:
        cv2.imwrite(str(folder / picture.source), cv2.cvtColor(picture.pixels, cv2.COLOR_RGB2BGR))
    return folder


@pytest.fixture
def normal(tmp_path: Path) -> Path:
    return save(tmp_path / "normal", *(part(seed) for seed in range(5)))


def test_nothing_speaks_against_ordinary_references(command: Command, normal: Path, tmp_path: Path) -> None:
    incoming = save(tmp_path / "incoming", part(8), part(9))
    ended = command("profile", "check", normal, "--query", incoming)
    assert (ended.code, ended.out, ended.err) == (0, "nothing speaks against 5 references and the pictures\n", "")
    assert command("profile", "check", normal, "--json").out == ""


def test_faults_are_named_a_line_each(command: Command, normal: Path, tmp_path: Path) -> None:
    save(normal, stripes(1))
    incoming = save(tmp_path / "incoming", part(9, "dark.png", light=0.5), part(8))
    (incoming / "bad.png").write_text("x")
    ended = command("profile", "check", normal, "--query", incoming, "--json")
    rows = [json.loads(line) for line in ended.out.splitlines()]
    assert ended.code == 1
    assert {(row["of"], Path(row["source"]).name) for row in rows} == {
        ("reference", "stripes.png"), ("query", "dark.png"), ("query", "bad.png"),
    }  # fmt: skip
    assert {row["fault"] for row in rows if row["of"] == "reference"} >= {"product"}
    assert next(row for row in rows if "error" in row)["source"].endswith("bad.png")
    told = command("profile", "check", normal, "--query", incoming)
    assert told.code == 1
    assert f"reference {normal / 'stripes.png'} looks unlike the references all over" in told.out
    assert f"query {incoming / 'dark.png'} was taken in another light (lightness 25" in told.out
    assert told.err.startswith("error: expected")


def test_a_saved_profile_is_checked_and_told_of_once(command: Command, normal: Path, tmp_path: Path) -> None:
    save(normal, stripes(1))
    file = tmp_path / "part.safetensors"
    built = command("profile", "build", normal, "-o", file, "--json")
    assert built.code == 0
    fault = f"reference {normal / 'stripes.png'} looks unlike"
    assert built.err.startswith(f"note: {fault}")
    assert json.loads(built.out)["warnings"] == json.loads(command("profile", "show", file, "--json").out)["warnings"]
    ended = command("profile", "check", file)
    assert ended.code == 1
    assert ended.out.startswith(fault)
    query = save(tmp_path / "incoming", part(8), part(9, "dark.png", light=0.4))
    looked = command("inspect", query, "--profile", file, "--json")
    assert looked.err.count(fault) == 1
    warnings = {Path(row["source"]).name: row["warnings"] for row in map(json.loads, looked.out.splitlines())}
    assert warnings["part 8.png"] == []
    assert any("another light" in one for one in warnings["dark.png"])
    assert "warning: it was taken in another light" in command("inspect", query, "--profile", file).out


def test_a_run_tells_faults_of_its_references_once(command: Command, normal: Path, tmp_path: Path) -> None:
    save(normal, stripes(1))
    query = save(tmp_path / "incoming", part(8), part(9, "dark.png", light=0.4))
    out = tmp_path / "out"
    ended = command("batch", query, "--references", normal, "--out", out, "--workers", "0")
    assert ended.err.count(f"note: reference {normal / 'stripes.png'} looks unlike") == 1
    rows = [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]
    assert [bool(row["warnings"]) for row in rows] == [True, False]
    assert all(0 < row["brightness"] < 1 for row in rows)
    assert "| was taken in another light | 1 |" in (out / "summary.md").read_text()


def test_wrong_use_is_one_line(command: Command, normal: Path, tmp_path: Path) -> None:
    file = tmp_path / "part.safetensors"
    assert command("profile", "build", normal, "-o", file).code == 0
    ended = command("profile", "check", file, "--object", "lid")
    assert ended.code == 2
    assert ended.err == (
        "error: expected these options with pictures, got a saved profile with --object, --look-for or --fixed-camera; "
        "leave them out: a profile knows its own\n"
    )
    missing = command("profile", "check", tmp_path / "none.safetensors")
    assert missing.code == 1
    assert missing.err.startswith("error: expected a profile written by `profile build`")
    alone = tmp_path / "alone.safetensors"
    with_anomalous(Assistant.load("tiny").detector, None, [AnomalousReference(part(0))]).save(alone)
    ended = command("profile", "check", alone)
    assert ended.code == 1
    assert "expected a profile of normal references with checks, got one of anomalous references alone" in ended.err
    assert ended.err.count("\n") == 1


def test_how_far_references_are_looked_at_shows_in_a_terminal(
    command: Command, normal: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = io.StringIO()
    monkeypatch.setenv("TERM", "xterm")  # a dumb one shows no bar
    monkeypatch.setattr(assistant.inquiry, "LARGE", 1.0)
    monkeypatch.setattr(
        console,
        "Console",
        lambda **_: Console(file=shown, force_terminal=True, color_system=None, width=120, legacy_windows=False),
    )
    ended = command("profile", "build", normal, "-o", tmp_path / "made.safetensors", "--json")
    assert ended.code == 0
    assert "looking at the references" in shown.getvalue()
    counts = re.findall(r"tiles of the references .*? (\d+)/(\d+)", shown.getvalue())
    assert counts
    assert len({planned for _, planned in counts}) == 1
    assert all(int(done) <= int(planned) for done, planned in counts)
    assert len(json.loads(ended.out)["file"]) > 0
