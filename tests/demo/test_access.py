"""The page for everybody: nothing that axe calls serious or worse, narrow and wide, light and dark; files that are too large."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.demo.browser import ask, choose_sample, idle, move_threshold
from tests.demo.test_scan_page import drop_scan

pytestmark = pytest.mark.filterwarnings("ignore")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
GRAVE = {"serious", "critical"}


def look(page: Any, width: int) -> None:
    """In light and dark, axe calls nothing serious or worse, and nothing stands out to the right."""
    axe = pytest.importorskip("axe_playwright_python")
    page.evaluate((Path(axe.__file__).parent / "axe.min.js").read_text(encoding="utf-8"))
    asked = {"runOnly": RULES, "resultTypes": ["violations"]}
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        page.wait_for_function("dark => document.body.classList.contains('dark') === dark", arg=scheme == "dark")
        page.wait_for_function("() => !document.getAnimations().some(a => a instanceof CSSTransition)")
        found = page.evaluate("asked => axe.run(document, asked).then(told => told.violations)", asked)
        assert [(v["id"], n["html"][:200]) for v in found if v["impact"] in GRAVE for n in v["nodes"]] == [], scheme
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [400, 1600])
def test_axe_finds_nothing_serious(visit: Callable[..., Any], width: int, tmp_path: Path) -> None:
    page = visit(width, 900)
    look(page, width)
    choose_sample(page, 2)
    move_threshold(page, 0.3)
    idle(page)
    ask(page, "What is wrong here?")
    for name in ("References", "Details", "Export", "All pictures"):
        page.locator("button.label-wrap", has_text=name).first.click()
    page.locator("#scale").wait_for()
    page.locator("#overview button.bad").first.click()
    page.locator("#overview button.bad[aria-pressed=true]").wait_for()
    page.locator("#boxes .labels button").first.wait_for()
    page.locator("#boxes [data-beside=side]").click()
    page.locator("#boxes .which:not(:empty)").wait_for()
    look(page, width)
    page.locator("#keys").click()
    look(page, width)
    page.keyboard.press("Escape")
    if width == 400:
        tops = {
            name: page.locator(name).bounding_box()["y"] for name in ("#card", "#boxes", "#question", "#samples-box")
        }
        assert sorted(tops, key=tops.__getitem__) == ["#card", "#boxes", "#question", "#samples-box"]
    drop_scan(page, tmp_path)
    move_threshold(page, 0.05)
    look(page, width)


def test_a_file_that_is_too_large_is_refused_in_words(page: Any, tmp_path: Path) -> None:
    (tmp_path / "huge.png").write_bytes(bytes(3 * 2**20))
    page.locator("#drop input[type=file]").set_input_files(tmp_path / "huge.png")
    page.wait_for_selector("#refusal:not(:empty)")
    assert "Expected files of at most 2.0 MB, got huge.png of 3.0 MB" in page.locator("#refusal").inner_text()
    choose_sample(page, 1)
