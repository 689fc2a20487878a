"""The ground the project stands on: imports, configurations, pins, targets, nothing of one machine in tracked files."""

from __future__ import annotations

import ast
import importlib
import os
import pkgutil
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

import grimp
import pytest
from packaging.requirements import Requirement

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


def test_no_circle_of_modules() -> None:
    """The contracts compare rooms; a module that imports the package it lies in would be a circle too."""
    graph = grimp.build_graph(*PACKAGES)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    while leaves := {module for module, imported in imports.items() if not imported & imports.keys()}:
        imports = {module: imported for module, imported in imports.items() if module not in leaves}
    assert sorted(imports) == [], "these modules lie on a circle, or import one that does"


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


def normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned() -> set[str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return {normalized(line.partition("==")[0]) for line in lines if not line.startswith("#")}


def asked_for(distribution: str, extras: frozenset[str]) -> Iterator[tuple[str, frozenset[str]]]:
    """Distributions with the extras that an installed one asks for, on whatever platform."""
    for line in requires(distribution) or []:
        asked = Requirement(line)
        named = set(re.findall(r'extra == "([^"]+)"', str(asked.marker or "")))
        if not named or named & extras:
            yield normalized(asked.name), frozenset(asked.extras)


def test_every_pin_is_of_something_that_is_asked_for() -> None:
    """Nothing is pinned that nothing needs; what pip and the loaders of GPUs bring is left to them."""
    open_, known = [("anomaly-assistant", frozenset({"dev"}))], set()
    while open_:
        asked = open_.pop()
        if asked not in known:
            known.add(asked)
            with suppress(PackageNotFoundError):
                open_ += asked_for(*asked)
    assert pinned() - {name for name, _ in known} == set()


def test_everything_asked_for_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = [*project["dependencies"], *(line for lines in project["optional-dependencies"].values() for line in lines)]
    assert {normalized(Requirement(line).name) for line in asked} - {"anomaly-assistant"} <= pinned()


def test_every_dependency_is_imported_or_says_why_it_is_there() -> None:
    lines = (ROOT / "pyproject.toml").read_text().partition("\ndependencies = [\n")[2].partition("\n]\n")[0]
    bare = {normalized(Requirement(found).name) for found in re.findall(r'^ +"([^"]+)",$', lines, re.MULTILINE)}
    imported = set()
    for path in (path for package in PACKAGES for path in (ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                imported.add(node.module.partition(".")[0])
    homes = packages_distributions()
    assert bare - {normalized(home) for name in imported for home in homes.get(name, ())} == set()


def test_the_docs_are_built_strictly_by_the_checks() -> None:
    planned = subprocess.run(
        ["make", "-n", "-B", "check", "PYTHON=python3"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "mkdocs build --strict" in planned.stdout


def test_ci_runs_the_tests_of_the_readme() -> None:
    script = (ROOT / ".ci/run").read_text()
    assert os.access(ROOT / ".ci/run", os.X_OK)
    assert script.rstrip().endswith("make test")
    assert "make check" in script
    assert "set -euo pipefail" in script
    assert "$ make test" in (ROOT / "README.md").read_text()


@pytest.mark.parametrize(
    "target", ["demo", "sheet", "test", "lint", "types", "imports", "docs", "check", "weights", "clean", "help"]
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
    installs = '-m pip install --quiet --disable-pip-version-check -e ".[dev]" -c constraints.txt' in ended.stdout
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
