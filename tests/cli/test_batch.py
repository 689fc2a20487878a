"""The commands ``batch`` and ``merge``: options reach the run, exit codes, what is printed where."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import pytest

from assistant.batch import BatchOptions, BatchRun, Shard
from assistant.cli import app as cli
from assistant.cli import batch as cli_batch
from assistant.errors import ConfigError
from assistant.pipeline import Assistant


class Ended(NamedTuple):
    code: int
    out: str
    err: str


Command = Callable[..., Ended]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    tiny = Assistant.load("tiny")
    monkeypatch.setattr(Assistant, "load", lambda *_, **__: tiny)

    def run(*arguments: str | Path) -> Ended:
        monkeypatch.setattr(sys, "argv", ["anomaly-assistant", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        return Ended(int(ended.value.code or 0), out, err)

    return run


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[BatchOptions]:
    """Options of the runs that were asked for; nothing is inspected."""
    seen: list[BatchOptions] = []

    def noted(self: BatchRun) -> object:
        seen.append(self.options)
        self.options.out.mkdir(exist_ok=True)
        self.options.results.write_bytes(b"")
        return iter(())

    monkeypatch.setattr(BatchRun, "__iter__", noted)
    return seen


def test_a_folder_becomes_rows_and_a_summary(command: Command, pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    ended = command("batch", pictures, "--out", out, "--workers", "0", "--coco", "--parquet", "--save-overlays")
    assert (ended.code, ended.out) == (0, "")
    assert "3 pictures inspected; 0 failed" in ended.err
    assert {"results.jsonl", "results.coco.json", "results.parquet", "summary.md", "summary.png", "run.json"} <= {
        path.name for path in out.iterdir()
    }
    ended = command("batch", pictures, "--out", out, "--workers", "0", "--save-overlays", "--json")
    assert (ended.code, ended.out) == (0, "")
    assert "0 pictures inspected, 3 were done before" in ended.err


def test_a_bad_picture_is_exit_1_now_and_when_it_goes_on(command: Command, pictures: Path, tmp_path: Path) -> None:
    (pictures / "bad.png").write_text("x")
    words = ("batch", pictures, "--out", tmp_path / "out", "--workers", "0", "--json")
    first = command(*words)
    assert first.code == 1
    rows = [json.loads(line) for line in first.out.splitlines()]
    assert sum(row["error"] is not None for row in rows) == 1
    assert command(*words).code == 1


def test_usage_is_exit_2(command: Command, tmp_path: Path) -> None:
    for words in (
        ("batch", "--out", tmp_path),
        ("batch", "a.png"),
        ("batch", "a.png", "--out", tmp_path, "--shard", "4/3"),
        ("batch", "a.png", "--out", tmp_path, "--batch-size", "none"),
        ("batch", "a.png", "--out", tmp_path, "--mode", "mutual", "--references", "ok/"),
        ("batch", "a.png", "--out", tmp_path, "--questions", tmp_path / "none.txt"),
    ):
        assert command(*words).code == 2


def test_options_reach_the_run(command: Command, asked: list[BatchOptions], tmp_path: Path) -> None:
    (tmp_path / "q.txt").write_bytes("Is it fine?\r\n\r\nWhere?\r\n".encode("utf-16"))
    command(
        "batch", "a.png", "b/", "--list", "l.txt", "--manifest", "m.csv", "--no-slices", "--out", tmp_path / "o", "--shard",
        "2/3", "--object", "lid", "--no-caption", "--questions", tmp_path / "q.txt", "--restart", "--batch-size", "8",
        "--retry-failed", "--score", "top1", "--follow-links", "--yes-everything",
    )  # fmt: skip
    (options,) = asked
    assert (options.inputs.follow_links, options.inputs.everything) == (True, True)
    assert options.inputs.paths == ("a.png", "b/")
    assert (options.inputs.lists, options.inputs.manifest) == ((Path("l.txt"),), Path("m.csv"))
    assert (options.inputs.slices, options.shard, options.batch_size) == (False, Shard(2, 3), 8)
    assert (options.request.inquiry.object_name, options.request.inquiry.score, options.caption) == (
        "lid",
        "top1",
        "none",
    )
    assert options.questions == ("Is it fine?", "Where?")
    assert (options.restart, options.retry_failed, options.mutual, options.workers) == (True, True, False, None)
    command("batch", "a.png", "--out", tmp_path / "o", "--mode", "mutual", "--chunk", "9")
    assert (asked[1].mutual, asked[1].chunk, asked[1].request.inquiry.mode) == (True, 9, "auto")


def test_processes_of_a_launcher_take_their_shard(
    command: Command, asked: list[BatchOptions], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "4")
    command("batch", "a.png", "--out", tmp_path / "o")
    assert asked[0].shard == Shard(2, 4)
    assert cli_batch._own_device({"LOCAL_RANK": "0", "ACCELERATE_USE_CPU": "true"}) is None
    with pytest.raises(ConfigError, match="I/N"):
        Shard.parse("1 of 4")


def test_a_list_may_come_from_standard_input(
    command: Command, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = f"{pictures}/a.png\n{pictures}/b.png\n".encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(listed)))
    assert "2 pictures inspected" in command("batch", "-", "--out", tmp_path / "out", "--workers", "0").err


def test_shards_are_merged_and_what_is_missing_is_exit_1(command: Command, pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command("batch", pictures, "--out", out, "--workers", "0", "--shard", "1/2")
    ended = command("merge", out)
    assert ended.code == 1
    assert "shard 2 of 2" in ended.err
    command("batch", pictures, "--out", out, "--workers", "0", "--shard", "2/2")
    ended = command("merge", out, "--expect", pictures, "--json")
    assert ended.code == 0
    assert json.loads(ended.out)["rows"] == 3
    assert (out / "summary.md").read_text().startswith("# Summary\n\n* pictures: 3\n")


def test_the_terminate_signal_keeps_what_is_done(
    command: Command, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = BatchRun._here

    def stopped(self: BatchRun, units: object) -> object:
        for row in real(self, units):  # type: ignore[arg-type]
            yield row
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(BatchRun, "_here", stopped)
    ended = command("batch", pictures, "--out", tmp_path / "out", "--workers", "0")
    assert ended.code == 130
    assert "1 rows in" in ended.err
    monkeypatch.undo()


def test_a_detail_reaches_profile_rows_and_settings(command: Command, tmp_path: Path) -> None:
    for number in range(3):
        noise = np.random.default_rng(number).integers(100, 140, (200, 260, 3), np.uint8)
        if number == 2:
            noise[90:106, 120:136] = 0
        cv2.imwrite(str(tmp_path / f"{number}.png"), noise)
    file, out = tmp_path / "p.safetensors", tmp_path / "out"
    built = command(
        "profile", "build", tmp_path / "0.png", tmp_path / "1.png", "-o", file, "--preset", "tiny", "--detail", "full"
    )
    assert built.code == 0, built.err
    shared = ("--preset", "tiny", "--profile", file)
    run = ("batch", tmp_path / "2.png", "--out", out, "--workers", "0", *shared)
    assert command(*run, "--detail", "full", "--csv", "--save-maps").code == 0
    (row,) = [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]
    assert (row["detail"], row["looked_at"], row["warnings"]) == ("full", 1.0, [])
    assert row["tiles"] > 1
    assert any(abs(r["box"][0] - 120) < 30 and abs(r["box"][1] - 90) < 30 for r in row["regions"])
    assert cv2.imread(str(out / row["map_path"]), cv2.IMREAD_UNCHANGED).shape == (200, 260)
    again = command(*run)
    assert again.code == 2
    assert "detail" in again.err
    shown = command("inspect", tmp_path / "2.png", *shared, "--detail", "auto", "--json")
    assert json.loads(shown.out)["detail"] == "auto"
    wrong = command("inspect", tmp_path / "2.png", *shared, "--detail", "near")
    assert wrong.code == 2
    assert "overview, full, auto or pixels" in wrong.err
    mutual = command(
        "batch", tmp_path, "--out", tmp_path / "m", "--preset", "tiny", "--mode", "mutual", "--detail", "full"
    )
    assert mutual.code == 2
    assert "detail overview in mutual mode" in mutual.err


def test_measures_and_rulings_reach_rows_table_and_summary(command: Command, tmp_path: Path) -> None:
    for number in range(3):
        noise = np.random.default_rng(number).integers(0, 256, (60, 80, 3), np.uint8)
        cv2.imwrite(str(tmp_path / f"{number}.png"), noise)
    out, rule = tmp_path / "out", "reject anything over 2 mm, three regions"
    ended = command(
        "batch", tmp_path, "--out", out, "--preset", "tiny", "--workers", "0", "--mm-per-pixel", "0.5", "--rule", rule,
        "--csv", "--parquet",
    )  # fmt: skip
    assert ended.code == 0
    assert "rule: reject any region longer than 2 mm; at least 3 region; otherwise accept" in ended.err
    rows = [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]
    regions = [region for row in rows for region in row["regions"]]
    assert regions
    assert all(row["spacing_mm"] == [0.5, 0.5] and row["spacing_of"] == "option" for row in rows)
    assert all(one["length_mm"] == pytest.approx(one["length_px"] / 2, rel=1e-2) for one in regions)
    verdicts = [row["rule"]["verdict"] for row in rows]
    assert "reject" in verdicts
    table = list(csv.DictReader((out / "results.csv").read_text().splitlines()))
    assert [one["region_id"] for one in table if one["region_id"]] == [str(one["id"]) for one in regions]
    told = [one for one in table if one["region_id"]]
    assert [float(one["length_mm"]) for one in told] == [one["length_mm"] for one in regions]
    assert [float(one["feret_px_2"]) for one in told] == [one["feret_px"][1] for one in regions]
    assert {one["rule_verdict"] for one in table} == set(verdicts)
    assert f"* by the rule: reject: {verdicts.count('reject')}" in (out / "summary.md").read_text()
    again = command("batch", tmp_path, "--out", out, "--preset", "tiny", "--workers", "0", "--mm-per-pixel", "0.4")
    assert again.code == 2
    assert "the options of before" in again.err


def test_the_root_is_asked_for_twice_and_links_are_told_of(command: Command, pictures: Path, tmp_path: Path) -> None:
    ended = command("batch", "/", "--out", tmp_path / "out", "--workers", "0")
    assert ended.code == 2
    assert "which is the root of the machine" in ended.err
    assert not (tmp_path / "out/results.jsonl").exists() or not (tmp_path / "out/results.jsonl").read_text()
    (pictures / "link").symlink_to(tmp_path)
    ended = command("batch", pictures, "--out", tmp_path / "out", "--workers", "0")
    assert ended.code == 0
    assert "--follow-links takes it" in ended.err
    assert ended.err.count("is left out") == 1
