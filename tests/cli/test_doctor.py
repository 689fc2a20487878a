"""The doctor: every check runs, and each thing that is wrong is told with what to do."""

from __future__ import annotations

import builtins
import importlib.metadata
import importlib.util
import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from assistant.cli import doctor
from assistant.cli.doctor import Check, Status
from assistant.towers import weights


@pytest.fixture(autouse=True)
def empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder that does not exist yet."""
    monkeypatch.setenv(weights.HOME_VARIABLE, str(tmp_path / "home"))
    return tmp_path / "home"


def only(name: str) -> Check:
    """The one check of that name."""
    (check,) = (check for check in doctor.diagnose() if check.name == name)
    return check


def test_every_check_runs_and_nothing_is_written(empty_home: Path) -> None:
    checks = doctor.diagnose()
    names = [check.name for check in checks]
    assert len(set(names)) == len(names)
    expected = {"python", "packages", "torch", "gpu", "processor", "memory", "cache", "tower minilm", "extra ray"}
    assert expected <= set(names)
    assert all(check.found and "\n" not in check.found for check in checks)
    assert not empty_home.exists()


def test_notes_leave_the_machine_healthy_and_problems_do_not() -> None:
    note, problem = Check("a", Status.NOTE, "x"), Check("b", Status.PROBLEM, "y")
    assert doctor.healthy([note])
    assert not doctor.healthy([note, problem])


def test_absent_towers_are_a_note_with_the_command() -> None:
    check = only("tower dinov2_vits14")
    assert check.status is Status.NOTE
    assert "weights fetch" in check.do


@pytest.mark.parametrize(
    ("required", "tested", "status", "found"),
    [
        (("numpy>=1", 'left-pad>=1; sys_platform == "nowhere"'), (), Status.OK, "2 required"),
        (("numpy>=99",), (), Status.PROBLEM, "numpy .*>=99 asked"),
        (("no-such-package>=1",), (), Status.PROBLEM, "no-such-package is not installed"),
        (("numpy>=1",), ("numpy==1.0", "no-such-package==1"), Status.NOTE, "numpy .*==1.0 asked"),
        ((), (), Status.NOTE, "checkout"),
    ],
)
def test_versions_are_compared(
    monkeypatch: pytest.MonkeyPatch, required: tuple[str, ...], tested: tuple[str, ...], status: Status, found: str
) -> None:
    monkeypatch.setattr(doctor, "requirements", lambda: required)
    monkeypatch.setattr(doctor, "constraints", lambda: tested)
    check = only("packages")
    assert check.status is status
    assert re.search(found, check.found)


def test_a_bare_checkout_asks_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "requires", absent)
    assert doctor.requirements() == ()


def test_a_cache_in_the_way_of_a_file_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv(weights.HOME_VARIABLE, str(tmp_path / "file"))
    check = only("cache")
    assert check.status is Status.PROBLEM
    assert weights.HOME_VARIABLE in check.do


def test_a_full_disk_is_a_problem_while_towers_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=5e8))
    assert only("cache").status is Status.PROBLEM
    monkeypatch.setattr(weights, "TOWERS", {})
    assert only("cache").status is Status.OK


def test_builds_that_do_not_belong_together_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def load(name: str, *rest: object, **named: object) -> object:
        if name == "torchvision":
            raise RuntimeError("operator torchvision::nms does not exist")
        return real(name, *rest, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", load)
    check = only("torch")
    assert check.status is Status.PROBLEM
    assert "nms" in check.found
    assert "constraints.txt" in check.do


def test_an_extra_that_is_absent_is_a_note_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "pydicom" else real(name))
    check = only("extra medical")
    assert check.status is Status.NOTE
    assert "without pydicom" in check.found
    assert "anomaly-assistant[medical]" in check.do


def test_a_check_that_breaks_is_a_problem_and_the_others_still_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> float:
        raise ValueError("first line\nsecond line")

    monkeypatch.setattr(doctor, "memory_limit", broken)
    assert only("memory") == Check("memory", Status.PROBLEM, "ValueError: first line second line")
    assert only("python").status is Status.OK
