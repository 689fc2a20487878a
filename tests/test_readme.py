"""Every command and every block of Python in the README and the pages of docs/ is run.

In process, with the random preset ``tiny`` instead of ``mini``, few samples and one seed. Not run as written: ``make``
(its targets are dry-run in test_ground), ``pip install`` (what it names is checked), ``weights fetch``, ``ask``, ``chat``,
``demo`` (they need the towers or a person; their help is asked for), training and its check (their recipe is read; those of
docs/teach.md are run whole by test_teach). Blocks
of Python marked ``notest`` ask a page or a server that runs; tests/demo and tests/serving run their text.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import sys
import tomllib
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import pytest
import typer

from assistant.batch.groups.naming import name_group
from assistant.cli import app as cli
from assistant.cli.registered import GROUP, ModuleCommand
from assistant.pipeline import Assistant
from assistant.types import Answer
from data_builders.build import main as build
from data_builders.packed import to_shards
from tests.conftest import textured
from tests.volumes.scans import dicom_series, nifti, solid
from training import benchmark_batch
from training.runs.recipe import read_recipe

ROOT = Path(__file__).parents[1]
GUIDE = ROOT / "docs" / "teach.md"
"""Its commands build on each other; test_teach runs them in order."""
PAGES = {path: path.read_text(encoding="utf-8") for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))}
FILES = (
    "part.png", "part.tif", "normal/1.png", "normal/2.png", "good/1.png", "good/2.png", "incoming/1.png", "incoming/2.png",
    "textures/plain.png",
)  # fmt: skip
REGISTERED = {point.name: point.load() for point in entry_points(group=GROUP)}


def blocks(language: str) -> list[str]:
    """Blocks of all pages, each once."""
    pattern = re.compile(rf"^```{language}\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    return list(
        dict.fromkeys(block for path, text in PAGES.items() if path != GUIDE for block in pattern.findall(text))
    )


def commands() -> list[str]:
    lines = [line for block in blocks("console") for line in block.splitlines()]
    assert all(line.startswith("$ ") for line in lines)
    return list(dict.fromkeys(line.removeprefix("$ ") for line in lines))


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that the pages speak of, to be copied."""
    made, pixels = tmp_path_factory.mktemp("pages"), textured()
    for number in range(6):
        write(made / f"my_part/{number}.png", np.tile(np.roll(pixels, 9 * number, axis=1), (2, 2, 1)))
    for number, name in enumerate(FILES):
        write(made / name, np.roll(pixels, 3 * number, axis=1))
    for number in range(20):
        write(made / f"many_normals/{number}.png", np.roll(pixels, number, axis=1))
    for number in range(4):
        shifted = np.roll(pixels, 5 * number, axis=1)
        write(made / f"my_set/train/good/{number}.png", shifted)
        write(made / f"my_set/test/good/g{number}.png", np.roll(shifted, 2, axis=1))
        write(made / f"my_set/test/hole/h{number}.png", 255 - shifted)
        write(made / f"my_set/ground_truth/hole/h{number}_mask.png", (shifted < 30).astype(np.uint8) * 255)
        write(made / f"my_set/reference/g{number}.png", shifted)
        write(made / f"my_set/reference/h{number}.png", shifted)
    for name in ("scan.nii.gz", "scans/1.nii.gz", "normal_scans/1.nii.gz", "normal_scans/2.nii.gz"):
        (made / name).parent.mkdir(exist_ok=True)
        nifti(made / name, solid((40, 40, 10)))
    dicom_series(made / "series", solid((40, 40, 10)))
    (made / "questions.json").write_text(json.dumps({
        f"test/{name}.png": {
            "conversation": [{
                "Question": "Is there any defect in the object?", "Answer": letter,
                "Options": {"A": "Yes.", "B": "No."}, "type": "Anomaly Detection",
            }],
            "random_templates": ["train/good/0.png"],
            "similar_templates": ["train/good/1.png"],
        }
        for name, letter in (("good/g0", "B"), ("hole/h0", "A"))
    }))  # fmt: skip
    images = [{"id": n, "file_name": f"{n}.png", "height": pixels.shape[0], "width": pixels.shape[1]} for n in (1, 2)]
    annotations = [{"id": 1, "image_id": 1, "category_id": 1, "segmentation": [[3, 3, 20, 3, 20, 15]]}]
    coco = {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "dent"}]}
    (made / "instances.json").write_text(json.dumps(coco))
    (made / "parts.csv").write_text("source,object_name,references\npart.png,lid,normal/1.png;normal/2.png\n")
    rule = re.search(r"^```yaml\n(reject:.*?)^```$", PAGES[ROOT / "docs/commands.md"], re.MULTILINE | re.DOTALL)
    assert rule is not None
    (made / "rules.yaml").write_text(rule[1])
    (made / "profiles").mkdir()
    (made / "tokens.txt").write_text("line-3:abcdefghijklmnop\n")
    (made / "questions.txt").write_text("Is anything wrong?\nWhere is it?\n")
    return made


@pytest.fixture
def folder(tmp_path: Path, drawn: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Those files as the working directory, where every assistant is the random one."""
    shutil.copytree(drawn, tmp_path, dirs_exist_ok=True)
    for name in ("data_builders", "training"):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.chdir(tmp_path)
    # settings are made and tokens read; tests/serving listens
    monkeypatch.setattr("assistant.serving.app.serve", lambda settings, load: settings.tokens())
    monkeypatch.setattr("mcp.server.mcpserver.MCPServer.run", lambda *_: None)
    monkeypatch.setattr(benchmark_batch, "in_processes", lambda *_: 0.0)
    monkeypatch.setattr(
        Assistant,
        "ask_together",
        lambda _, many, asked, **__: [[Answer(question, "B") for question in asked] for _ in many],
    )
    tiny = Assistant.load("tiny")
    monkeypatch.setattr(Assistant, "load", lambda *_, **__: tiny)
    return tmp_path


def write(path: Path, values: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), values)


def run_make(words: list[str]) -> None:
    assert re.search(rf"^{words[1]}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


def run_pip(words: list[str]) -> None:
    assert words[:3] == ["pip", "install", "-e"]
    extras = re.findall(r"[a-z]+", words[3])
    assert set(extras) <= set(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"])
    assert words[4:] == ["-c", "constraints.txt"]


def run_assistant(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    told = words[1:]
    if told[0] == "groups" or "--kind-examples" in told:
        name_a_group(monkeypatch)
    if told[0] in ("ask", "chat", "demo") or told[:2] == ["weights", "fetch"]:
        told = [*told[: 2 if told[0] == "weights" else 1], "--help"]
    elif told[0] in REGISTERED:
        run_registered(REGISTERED[told[0]], told[1:])
        return
    told = looked_closely(told, monkeypatch)
    if told[0] == "batch":
        told += ["--workers", "0"]
    elif told[0] == "merge":
        for part in ("1/2", "2/2"):
            run_assistant(["anomaly-assistant", "batch", "incoming/", "--out", told[1], "--shard", part], monkeypatch)
    elif told[0] == "inspect" and told[1].startswith("part.") and "--profile" in told:
        run_assistant(
            ["anomaly-assistant", "profile", "build", "normal/", "-o", told[told.index("--profile") + 1]], monkeypatch
        )
    elif told[:2] in (["profile", "show"], ["profile", "check"]) and told[2].endswith(".safetensors"):
        run_assistant(["anomaly-assistant", "profile", "build", "normal/", "-o", told[2]], monkeypatch)
    elif "--seeds" in told:
        told[told.index("--seeds") + 1] = "1"
    monkeypatch.setattr(sys, "argv", ["anomaly-assistant", *told])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    finds = told[0] == "doctor" or told[:2] == ["profile", "check"]
    assert ended.value.code in ((0, 1) if finds else (0, None))


def looked_closely(told: list[str], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Small pictures for the benchmark; a profile with tiles where one is named."""
    if told[0] == "benchmark":
        return [*told[: told.index("--size")], "--size", "400x400", "--pictures", "2", "--references", "1"]
    if "--detail" in told and "--profile" in told:
        file = told[told.index("--profile") + 1]
        run_assistant(["anomaly-assistant", *"profile build good/ --detail full -o".split(), file], monkeypatch)
    return told


def name_a_group(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run into ``results/`` of noise, in which random weights find regions of one group, and that group's examples."""
    for number in range(9):
        write(Path(f"noise/{number}.png"), np.random.default_rng(number).integers(0, 256, (60, 80, 3), np.uint8))
    run_assistant(["anomaly-assistant", "batch", "noise/", "--out", "results/", "--group"], monkeypatch)
    name_group(Path("results"), "A", "solder bridge", Path("kinds.safetensors"))


def run_registered(command: ModuleCommand, arguments: list[str]) -> None:
    if command.module == "training.check":
        assert read_recipe(Path(arguments[1]), []).out
        return
    if command.module == "training.benchmark_batch":
        arguments = [*arguments, "--workers", "0", "--batch-sizes", "1"]
    few = [] if command.module in ("data_builders.convert", "data_builders.publish") else ["--count", "4"]
    if "datasets/tiny_shards" in arguments or "datasets/tiny" in arguments[1:2]:
        sets_of_the_page(arguments)
    assert import_module(command.module).main([*arguments, *few]) == 0


def sets_of_the_page(arguments: list[str]) -> None:
    """What earlier commands of the page have made: the set, and for those that read shards it in shards."""
    config = ["--config", str(ROOT / "data_builders/configs/tiny.yaml"), "--count", "2", "--workers", "1"]
    assert build([*config, "--out", "datasets/tiny"]) == 0
    if "to-shards" not in arguments:
        to_shards(Path("datasets/tiny"), Path("datasets/tiny_shards"))


def run_training(words: list[str]) -> None:
    assert words[:4] == ["accelerate", "launch", "-m", "training.train"]
    assert words[4] == "--config"
    recipe = read_recipe(Path(words[5]), ["loop.epochs=2"])
    assert recipe.loop.epochs == 2


@pytest.mark.parametrize("line", commands())
def test_commands_of_the_pages(line: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = shlex.split(line)
    runners: dict[str, Callable[[list[str]], None]] = {
        "make": run_make,
        "pip": run_pip,
        "accelerate": run_training,
        "anomaly-assistant": lambda w: run_assistant(w, monkeypatch),
    }
    runners[words[0]](words)


@pytest.mark.parametrize("block", blocks("python"))
def test_python_of_the_pages(block: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, object] = {}
    exec(block, names)
    assert "assistant" in names


def options_that_exist() -> set[str]:
    """Options of every command: those that typer knows, and those that the modules behind the others add."""
    modules = [find_spec(one.module) for one in REGISTERED.values() if isinstance(one, ModuleCommand)]
    sources = "".join(Path(str(spec and spec.origin)).read_text(encoding="utf-8") for spec in modules)
    known = {"--help", *re.findall(r'"(--[a-z-]+)"', sources)}
    tree: Any = typer.main.get_command(cli.app)
    open_ = [tree.get_command(None, name) for name in tree.list_commands(None)]
    while open_:
        command = open_.pop()
        known |= {name for one in command.params for name in (*one.opts, *one.secondary_opts)}
        open_ += getattr(command, "commands", {}).values()
    return known


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_name_files_options_commands_and_modules_that_exist(page: Path) -> None:
    text = PAGES[page]
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert (page.parent / target).exists(), target
    for target in re.findall(r"`((?:assistant|training|data_builders|demo|docs|tests|findings)/[\w./]+)`", text):
        assert (ROOT / target).exists(), target
    for module in re.findall(r"python -m ([\w.]+)", text):
        assert find_spec(module), module
    assert set(re.findall(r"`(--[a-z-]+)", text)) - options_that_exist() == set()
    named = set(re.findall(r"`anomaly-assistant ([a-z-]+)", text))
    assert named - set(cast("Any", typer.main.get_command(cli.app)).list_commands(None)) == set()


def test_the_types_of_the_flow_are_where_it_says() -> None:
    rows = re.findall(r"^\| `(\w+)` \| `([\w.]+)` \|", PAGES[ROOT / "docs" / "flow.md"], re.MULTILINE)
    assert len(rows) > 10
    for name, module in rows:
        assert getattr(import_module(module), name).__module__ == module


def test_the_readme_is_short_and_leads_to_every_page() -> None:
    text = PAGES[ROOT / "README.md"]
    assert len(text.splitlines()) <= 200
    site = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    for page in PAGES.keys() - {ROOT / "README.md"}:
        assert f": {page.name}\n" in site
        assert page.name == "index.md" or f"(docs/{page.name})" in text
