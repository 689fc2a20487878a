"""Rows survive kills, torn lines and full disks; no source has two; no two runs share a file."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from assistant.batch.results.rows import read_rows
from assistant.batch.results.writer import RowWriter
from assistant.errors import ConfigError, StorageError
from assistant.report import error_row


def row(source: str, weights: str = "sha256:one", error: str | None = None) -> dict[str, object]:
    if error is not None:
        return error_row(source, error)
    told = {"image_score": 0.1, "threshold": 0.5, "verdict": "normal", "regions": [], "width": 9, "height": 9}
    return {**error_row(source, ""), **told, "weights": weights, "error": None}


def sources(path: Path) -> list[str]:
    return [row["source"] for row in read_rows(path)]


def test_rows_are_appended_once_and_the_next_run_knows_them(tmp_path: Path) -> None:
    path = tmp_path / "deep/results.jsonl"
    with RowWriter(path) as writer:
        assert writer.write(row("a"))
        assert not writer.write(row("a"))
        assert sources(path) == ["a"], "on disk before the file is closed"
    with RowWriter(path) as writer:
        assert not writer.write(row("a"))
        assert writer.write(row("é\n\u2028b"))
    assert sources(path) == ["a", "é\n\u2028b"]


@pytest.mark.parametrize(
    "torn", [b'{"source": "b"', b'{"source": "b", "error": null, "weights": null}', b"\0" * 40, b"[]\n"]
)
def test_a_torn_or_damaged_last_line_is_taken_away(tmp_path: Path, torn: bytes) -> None:
    path = tmp_path / "results.jsonl"
    with RowWriter(path) as writer:
        writer.write(row("a"))
    with path.open("ab") as file:
        file.write(torn)
    with RowWriter(path) as writer:
        assert writer.write(row("b"))
    assert [json.loads(line)["source"] for line in path.read_bytes().splitlines()] == ["a", "b"]


def test_a_double_row_of_an_earlier_file_goes(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    with RowWriter(path) as writer:
        writer.write(row("a"))
    path.write_bytes(path.read_bytes() * 2)
    with RowWriter(path):
        assert sources(path) == ["a"]


def test_failed_rows_are_kept_or_tried_again(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    with RowWriter(path) as writer:
        writer.write(row("a"))
        writer.write(row("b", error="bad"))
    with RowWriter(path) as writer:
        assert (len(writer.done), writer.failed) == (2, 1)
    with RowWriter(path, retry_failed=True) as writer:
        assert (len(writer.done), writer.failed) == (1, 0)
        assert writer.write(row("b"))
    with RowWriter(path, restart=True) as writer:
        assert writer.done == set()


def test_a_second_run_on_the_same_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    with RowWriter(path), pytest.raises(StorageError, match="no other run"), RowWriter(path):
        pass
    with RowWriter(path) as writer:
        assert writer.write(row("a")), "free again once the first has ended"


def test_other_weights_do_not_mix(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    with RowWriter(path) as writer:
        writer.write(row("a", "sha256:one"))
    with RowWriter(path) as writer, pytest.raises(ConfigError, match="sha256:two"):
        writer.write(row("b", "sha256:two"))


def test_a_full_disk_keeps_whole_rows_and_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "results.jsonl"
    real, calls = os.write, [0]

    def full(file: int, data: bytes) -> int:
        """Half a row fits, then nothing."""
        calls[0] += 1
        if calls[0] % 2:
            return real(file, bytes(data)[: len(data) // 2])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with RowWriter(path) as writer:
        writer.write(row("a"))
        monkeypatch.setattr(os, "write", full)
        with pytest.raises(StorageError, match=r"No space left.*make room"):
            writer.write(row("b"))
        monkeypatch.undo()
    assert path.read_bytes().endswith(b"}\n")
    assert sources(path) == ["a"]
    with RowWriter(path) as writer:
        assert writer.write(row("b"))


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(StorageError, match="a folder with room that can be written"),
        RowWriter(tmp_path / "file/r.jsonl"),
    ):
        pass
