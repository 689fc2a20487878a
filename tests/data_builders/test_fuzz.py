"""The fuzzer: whole files are read, what goes wrong is told, and a small run over everything shows nothing."""

from __future__ import annotations

import multiprocessing
import os
import re
import time
from pathlib import Path

import numpy as np
import pytest

from assistant.errors import AssistantError
from data_builders.fuzz import main
from data_builders.fuzzing import trial
from data_builders.fuzzing.mutations import MOST, mutated
from data_builders.fuzzing.readers import Target, targets
from data_builders.fuzzing.trial import DEATH, HANG, MEMORY, READ, REFUSED, TRACEBACK, broken, trials


@pytest.mark.parametrize("target", targets(), ids=lambda target: target.name)
def test_whole_files_are_read(target: Target, tmp_path: Path) -> None:
    for number, seed in enumerate(target.seeds):
        path = tmp_path / str(number) / "a" / target.file
        path.parent.mkdir(parents=True)
        path.write_bytes(seed)
        target.read(path)


def test_broken_files_are_the_same_on_every_machine() -> None:
    some = [target for target in targets() if target.name in ("table", "mask png")]
    one, again = ([broken(some, 3, number)[1] for number in range(40)] for _ in range(2))
    assert one == again
    assert [broken(some, 4, number)[1] for number in range(40)] != one
    whole = {seed for target in some for seed in target.seeds}
    assert sum(data in whole for data in one) < 5
    assert all(len(mutated(b"1 2 3", b"x", np.random.default_rng(n), True)) <= MOST for n in range(200))


def kill(_: Path) -> None:
    os._exit(3)


def sleep(_: Path) -> None:
    time.sleep(30)


def refuse(_: Path) -> None:
    raise AssistantError("a", "b", "c")


def fail(_: Path) -> None:
    raise KeyError("x")


def swell(_: Path) -> None:
    assert len(b"x" * 2**26)


ENDS = {READ: len, REFUSED: refuse, TRACEBACK: fail, HANG: sleep, DEATH: kill, MEMORY: swell}


def test_every_end_is_told_and_the_rest_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    forked = multiprocessing.get_context("fork")  # whose processes know what is put in place here
    reads = [lambda path, end=end: ENDS[end](path) if end != READ else None for end in ENDS]
    made = [Target(end, read, "f", (b"x",)) for end, read in zip(ENDS, reads, strict=True)]
    monkeypatch.setattr(trial, "targets", lambda: made)
    monkeypatch.setattr(trial, "MOST_WAIT", 2.0)
    monkeypatch.setattr(trial, "MOST_BYTES", 2**25)
    monkeypatch.setattr(trial.multiprocessing, "get_context", lambda _: forked)
    found = list(trials(0, range(2 * len(ENDS))))
    assert [one.end for one in found] == [*ENDS, *ENDS]
    assert [one.number for one in found] == list(range(12))
    assert [one.target for one in found] == [*ENDS, *ENDS]
    assert found[2].said.startswith("KeyError at test_fuzz.py:")


def test_a_small_run_over_every_reader_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--cases", "360", "--seed", "7"]) == 0
    told = capsys.readouterr().out
    assert re.search(r"\| mask png \| (?:9|10) \|", told)
    assert "traceback:" not in told
    with pytest.raises(SystemExit) as left:
        main(["--reader", "cookery"])
    assert left.value.code == 2
