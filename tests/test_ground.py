"""The ground the project stands on: imports, configurations, pins, targets, nothing of one machine in tracked files."""

from __future__ import annotations

import importlib
import os
import pkgutil
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.config import PRESETS, load_preset
from data_builders.config import load_config
from data_builders.files import read_excluded_names
from training.runs.recipe import read_recipe

ROOT = Path(__file__).parents[1]
PACKAGES = ("assistant", "data_builders", "training", "demo")
LIGHT = (
    "assistant",
    "assistant.cli.app",
    "assistant.types",
    "assistant.errors",
    "assistant.geometry",
    "assistant.vocabulary.severity",
    "assistant.vocabulary.defect_types",
    "assistant.pictures.images",
    "assistant.report",
    "assistant.request",
    "assistant.config",
    "assistant.towers.weights",
    "assistant.cli.doctor",
    "assistant.pictures.overlay",
    "assistant.vision.regions",
    "assistant.cli.registered",
    "data_builders.build",
    "data_builders.commands",
    "data_builders.preview",
    "demo.command",
    "demo.samples",
    "training.commands",
)


def modules() -> Iterator[str]:
    for package in PACKAGES:
        yield package
        path = [str(ROOT / package)]
        yield from (found.name for found in pkgutil.walk_packages(path, f"{package}."))


def tracked() -> list[Path]:
    """Files that git tracks or would track; every file when this is no checkout."""
    asked = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
    names = [name for name in listed.stdout.split("\0") if name]
    return [path for name in names if (path := ROOT / name).is_file()]


@pytest.mark.parametrize("name", sorted(modules()))
def test_every_module_imports(name: str) -> None:
    importlib.import_module(name)


def test_light_modules_load_no_torch() -> None:
    lines = [f"import {name}; assert 'torch' not in sys.modules, {name!r}" for name in LIGHT]
    code = "\n".join(["import sys", *lines, "from assistant import Verdict, Inspection, load_image"])
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr[-500:]


def test_public_names_are_what_they_say() -> None:
    import assistant
    from assistant.pipeline import Assistant

    assert assistant.Assistant is Assistant
    assert set(assistant.__all__) <= set(dir(assistant))
    assert all(getattr(assistant, name).__name__ == name for name in assistant.__all__)
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = assistant.no_such_name


@pytest.mark.parametrize("path", sorted(PRESETS.glob("*/preset.yaml")), ids=lambda path: path.parent.name)
def test_presets_are_valid(path: Path) -> None:
    preset, folder = load_preset(path.parent.name)
    assert preset.name == path.parent.name
    assert folder == path.parent


BUILDS = sorted(p for p in (ROOT / "data_builders/configs").glob("*.yaml") if not p.stem.endswith("_excluded"))


@pytest.mark.parametrize("path", BUILDS, ids=lambda path: path.name)
def test_builder_configurations_are_valid(path: Path) -> None:
    config = load_config(path)
    assert config.count >= 1
    assert all(read_excluded_names(folder.excluded) for folder in config.folders if folder.excluded)


@pytest.mark.parametrize("path", sorted((ROOT / "training/configs").glob("*.yaml")), ids=lambda path: path.name)
def test_recipes_are_valid(path: Path) -> None:
    recipe = read_recipe(path, [])
    load_preset(recipe.preset)


def test_constraints_are_exact_pins_from_any_index() -> None:
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    assert lines
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+", line) for line in lines)
    assert {"torch==2.15.0", "torchvision==0.29.2"} <= set(lines)
    assert len({line.partition("==")[0].lower().replace("_", "-") for line in lines}) == len(lines)


def test_everything_asked_for_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    asked = [*project["dependencies"], *extras["dev"], *extras["medical"]]
    names = {re.split(r"[>=\[<~!; ]", line)[0].lower().replace("_", "-") for line in asked}
    pinned = {
        line.partition("==")[0].lower().replace("_", "-")
        for line in (ROOT / "constraints.txt").read_text().splitlines()
    }
    assert names <= pinned


def test_ci_runs_the_tests_of_the_readme() -> None:
    script = (ROOT / ".ci/run").read_text()
    assert os.access(ROOT / ".ci/run", os.X_OK)
    assert script.rstrip().endswith("make test")
    assert "make check" in script
    assert "set -euo pipefail" in script
    assert "$ make test" in (ROOT / "README.md").read_text()


@pytest.mark.parametrize(
    "target", ["demo", "sheet", "test", "lint", "types", "imports", "check", "weights", "clean", "help"]
)
def test_make_targets_exist_and_set_up_the_environment(target: str) -> None:
    ended = subprocess.run(
        ["make", "-n", "-B", target, "VENV=.venv-of-the-test", "PYTHON=python3"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    installs = (
        '-m pip install --quiet --disable-pip-version-check -e ".[dev,medical]" -c constraints.txt' in ended.stdout
    )
    assert installs == (target not in ("clean", "help"))


def test_licence_and_notice_name_what_is_used() -> None:
    from assistant.towers.weights import TOWERS

    assert "Apache License" in (ROOT / "LICENSE").read_text()
    assert "END OF TERMS AND CONDITIONS" in (ROOT / "LICENSE").read_text()
    notice = (ROOT / "NOTICE").read_text()
    assert all(f"{tower.distribution} {tower.version}" in notice for tower in TOWERS.values())


def test_nothing_of_one_machine_is_tracked() -> None:
    """No absolute folder of a machine, no host of a package registry."""
    folders = "|".join(("tmp", "work", "root", "home", "Users", "mnt"))
    hosts = "|".join(("py" + r"pi\.org", "python" + r"hosted\.org", "arti" + "factory"))
    pattern = re.compile(rf"(?<![\w.}})])/(?:{folders})/\w\w|(?:{hosts})")
    found = []
    for path in tracked():
        if path.suffix in {".py", ".md", ".yaml", ".yml", ".toml", ".txt", ".json", ""} and path.stat().st_size < 2**20:
            text = path.read_text(encoding="utf-8", errors="ignore")
            hits = [m.group(0) for m in pattern.finditer(text)]
            found += [f"{path.relative_to(ROOT)}: {hit}" for hit in hits]
    assert not found
