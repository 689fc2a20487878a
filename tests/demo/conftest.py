"""A bench with the random preset, pictures and samples: what the tests of the page stand on."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from assistant.pipeline import Assistant
from assistant.types import QueryImage
from demo.bench.session_store import SessionStore
from demo.bench.sessions import Session
from demo.bench.workbench import Workbench
from demo.engine import Engine
from demo.settings import Settings
from tests.demo.browser import ARGUMENTS, chromium, come_back, leave, new_tab


@pytest.fixture(scope="session")
def tiny() -> Assistant:
    return Assistant.load("tiny")


@pytest.fixture
def bench(tiny: Assistant, tmp_path: Path) -> Iterator[Workbench]:
    """A workbench whose store lives below the test's folder."""
    root = tmp_path / "store"
    root.mkdir()
    settings = Settings(preset="tiny", max_pictures=3, max_megapixels=1, max_upload_mb=1)
    engine = Engine(lambda: tiny).start()
    engine.wait(60)
    store = SessionStore(4, root=root)
    yield Workbench(engine, store, settings)
    store.free_all()


@pytest.fixture
def part(pixels: np.ndarray) -> QueryImage:
    """A small picture with a dark square."""
    return QueryImage(pixels, "part.png")


@pytest.fixture(scope="package")
def browser() -> Iterator[Any]:
    """One chromium for all tests here; each opens a context of its own, which shares nothing with others."""
    path, reason = chromium()
    if path is None:
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture(scope="package")
def address(tmp_path_factory: pytest.TempPathFactory, tiny: Assistant) -> Iterator[str]:
    """Of one page for all tests here; each visitor has a session of their own."""
    from tests.demo.running import running

    folder = tmp_path_factory.mktemp("page")
    with running(tiny, folder, incoming=write_incoming(folder / "incoming")) as (url, _):
        yield url


@pytest.fixture(scope="package")
def tabs(browser: Any) -> list[Any]:
    """Tabs that were left, each in a context of its own; they end with the browser."""
    return []


@pytest.fixture
def visit(browser: Any, address: str, tabs: list[Any]) -> Iterator[Callable[..., Any]]:
    """Opens the page for one visitor more, who has nothing in common with the others and those before."""
    opened: list[Any] = []

    def come(width: int = 1600, height: int = 1000, scheme: str = "light") -> Any:
        tab = tabs.pop() if tabs else new_tab(browser, address)
        opened.append(tab)
        return come_back(tab, address, width, height, scheme)

    yield come
    for one in opened:
        foreign = list(one.foreign)
        leave(one)
        tabs.append(one)
        assert foreign == [], "the page asks other machines for nothing"


@pytest.fixture
def page(visit: Callable[..., Any]) -> Any:
    """The page, just opened."""
    return visit()


def settled(session: Session) -> None:
    """Wait until all is judged again behind the scenes."""
    for thread in threading.enumerate():
        if thread.name == "judge-again":
            thread.join(60)
    assert not any(one.outdated for one in session.pictures)


def write_incoming(folder: Path, count: int = 5) -> Path:
    """A folder of pictures with a folder in it, and a file that is no picture but is called one."""
    rng = np.random.default_rng(1)
    (folder / "lids").mkdir(parents=True, exist_ok=True)
    for number in range(count):
        values = np.clip(rng.normal(150, 15, (60, 80, 3)), 0, 255).astype(np.uint8)
        values[10:30, 10 : 12 + number] = (20, 20, 160)
        cv2.imwrite(str(folder / "lids" / f"lid {number}.png"), values)
    (folder / "torn.png").write_text("nothing")
    return folder


def write_samples(folder: Path) -> Path:
    """Eight samples with a reference each, two of them medical, as a data set."""
    rng = np.random.default_rng(0)
    rows = []
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(8):
        values = np.clip(rng.normal(150, 15, (96, 128, 3)), 0, 255).astype(np.uint8)
        cv2.imwrite(str(folder / f"r{number}.png"), values)
        values[20 + number : 50, 60:90] = (20, 20, 160)
        cv2.imwrite(str(folder / f"p{number}.png"), values)
        rows.append({
            "image_file_name": f"p{number}.png", "reference_file_names": [f"r{number}.png"],
            "object_name": f"plate {number}", "domain": "medical" if number > 5 else "industrial",
            "defects": [{"type": "stain"}],
        })  # fmt: skip
    (folder / "metadata.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder
