"""Commands of other packages in the one tree: listed, called, and harmless when they cannot be loaded."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType

import pytest
import typer
from typer.testing import CliRunner

from assistant.cli import app as cli
from assistant.cli import registered
from assistant.cli.registered import GROUP, ModuleCommand

ROOT = Path(__file__).parents[2]
NAMED = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"][GROUP]


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A module ``a_door`` whose ``main`` keeps what it was called with and ends with 3."""
    module = ModuleType("a_door")
    module.called = []  # type: ignore[attr-defined]

    def main(arguments: list[str], program: str) -> int:
        module.called.append((arguments, program))
        return 3

    def greet(name: str) -> None:
        """Say the name."""
        typer.echo(f"hello {name}")

    module.main, module.greet = main, greet  # type: ignore[attr-defined]
    module.launch = ModuleCommand("a_door", "Launch it.", "Doors")  # type: ignore[attr-defined]
    module.missing = ModuleCommand("no_such_door", "Miss it.", "Doors")  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "a_door", module)
    return module


def register(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    points = [EntryPoint(name, value, GROUP) for name, value in values.items()]
    monkeypatch.setattr(registered, "entry_points", lambda group: points if group == GROUP else [])


def call(monkeypatch: pytest.MonkeyPatch, *words: str) -> int | str | None:
    monkeypatch.setattr(sys, "argv", ["anomaly-assistant", *words])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return ended.value.code


def test_words_reach_the_module_as_they_were_typed(door: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    register(monkeypatch, launch="a_door:launch")
    words = ["-o", "FILE", "in", "--help", "--", "-x", "--set=a=b"]
    assert call(monkeypatch, "launch", *words) == 3
    ((told, program),) = door.called
    assert told == words
    assert program.endswith("anomaly-assistant launch")


def test_a_function_is_a_command(door: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    register(monkeypatch, greet="a_door:greet")
    done = CliRunner().invoke(cli.app, ["greet", "you"])
    assert (done.exit_code, done.output) == (0, "hello you\n")
    assert "Say the name." in CliRunner().invoke(cli.app, ["--help"]).output


def test_a_command_that_cannot_be_loaded_leaves_the_others(
    door: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    register(
        monkeypatch, lost="no_such_door:main", gone="a_door:gone", missing="a_door:missing", launch="a_door:launch"
    )
    helped = CliRunner().invoke(cli.app, ["--help"])
    assert helped.exit_code == 0
    assert "Cannot be loaded: ModuleNotFoundError." in helped.output
    assert call(monkeypatch, "launch") == 3
    for name, cause in (("lost", "no_such_door"), ("gone", "gone"), ("missing", "no_such_door")):
        assert call(monkeypatch, name, "--any", "thing") == 1
        told = capsys.readouterr().err
        assert told.count("\n") == 1
        assert told.startswith(f"error: expected the command {name} to load from")
        assert cause in told


def test_a_registered_command_never_hides_one_of_the_library(door: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    register(monkeypatch, inspect="a_door:launch")
    assert "Launch it." not in CliRunner().invoke(cli.app, ["--help"]).output
    assert "Verdict" in CliRunner().invoke(cli.app, ["inspect", "--help"]).output
    assert door.called == []


def test_a_word_that_is_no_command_is_told_the_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    done = CliRunner().invoke(cli.app, ["buld"])
    assert done.exit_code == 2
    assert "'build'" in done.output


def test_what_is_installed_is_what_the_project_names() -> None:
    """Install the project again (``pip install --no-deps -e .``) when this fails after a change of pyproject.toml."""
    assert {point.name: point.value for point in entry_points(group=GROUP)} == NAMED


def test_every_main_of_the_doors_is_a_command() -> None:
    mains = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for package in ("training", "data_builders", "demo")
        for path in (ROOT / package).rglob("*.py")
        if any(isinstance(node, ast.FunctionDef) and node.name == "main" for node in ast.parse(path.read_text()).body)
    }
    loaded = [EntryPoint(name, value, GROUP).load() for name, value in NAMED.items()]
    assert mains == {found.module for found in loaded if isinstance(found, ModuleCommand)}


def test_the_list_shows_every_command_with_a_line_and_loads_no_torch() -> None:
    code = (
        "import sys; from assistant.cli.app import main; sys.argv = ['anomaly-assistant', '--help']\n"
        "try: main()\n"
        "except SystemExit as ended: assert ended.code == 0\n"
        "heavy = {'torch', 'gradio', 'accelerate'} & set(sys.modules); assert not heavy, heavy"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr[-500:]
    shown = [line.strip("│ ").split(maxsplit=1) for line in ended.stdout.splitlines() if line.startswith("│")]
    told = {line[0] for line in shown if len(line) == 2 and line[1][0].isupper()}
    own = {"inspect", "ask", "chat", "batch", "merge", "evaluate", "profile", "weights", "doctor"}
    assert {*NAMED, *own} <= told
    assert "Cannot be loaded" not in ended.stdout


@pytest.mark.parametrize("name", sorted(NAMED))
def test_each_command_shows_its_own_help(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, name, "--help") == 0
    assert re.search(rf"^ ?[uU]sage: .*anomaly-assistant {name} ", capsys.readouterr().out, re.MULTILINE)
