"""Scans in a real browser: dropped, leafed through, cut along another axis, measured, windowed, under the notice."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.demo.browser import choose_sample, idle, move_threshold
from tests.scan_files import dicom_file
from tests.volumes.scans import nifti, solid

pytestmark = pytest.mark.filterwarnings("ignore")


def facts(page: Any, text: str) -> None:
    """Wait until the card names this plane, and until all of it is painted."""
    page.wait_for_function("t => document.querySelector('#card .facts')?.innerText.includes(t)", arg=text)
    idle(page)
    page.wait_for_timeout(500)  # the slice and the axis are painted after the status


def choose(page: Any, field: str, option: str) -> None:
    """Choose from a list."""
    page.locator(f"#{field} input").click()
    page.get_by_role("option", name=option, exact=True).click()


def at(page: Any, words: str) -> None:
    """Wait until this slice is in view."""
    page.wait_for_function("t => document.querySelector('#boxes .at').innerText.includes(t)", arg=words)


def drop_scan(page: Any, folder: Path) -> None:
    """A scan with a ball in it, looked at."""
    path = nifti(folder / "head.nii.gz", solid(ball=(12, 30, 8)))
    page.locator("#drop input[type=file]").set_input_files(path)
    page.wait_for_function("document.querySelector('#card').innerText.includes('worst slice')")
    idle(page)
    page.wait_for_function("!document.querySelector('#boxes .along').hidden")


def test_a_scan_is_leafed_through(page: Any, tmp_path: Path) -> None:
    choose_sample(page, 1)
    assert not page.locator("#boxes .along").is_visible()
    drop_scan(page, tmp_path)
    page.wait_for_selector("#medical-line .medical")
    assert "slices looked at" in page.locator("#card").inner_text()
    worst = int(page.locator("#card").inner_text().split("worst slice ")[1].split()[0])
    at(page, f"Slice {worst} of 12, score")
    edges = {e: page.locator(f"#boxes [data-edge={e}]").inner_text() for e in ("left", "right", "top", "bottom")}
    assert edges == {"left": "R", "right": "L", "top": "A", "bottom": "P"}
    assert page.locator("#boxes .bar span").inner_text() in ("10 mm", "20 mm")
    page.locator("#boxes .window").scroll_into_view_if_needed()
    window = page.locator("#boxes .window").bounding_box()
    page.mouse.move(window["x"] + 200, window["y"] + 150)
    page.mouse.wheel(0, 100)
    at(page, f"Slice {worst + 1} of 12")
    page.locator("#boxes .plot").press("Home")
    at(page, "Slice 1 of 12")
    plot = page.locator("#boxes .plot").bounding_box()
    page.locator("#boxes .plot").click(position={"x": plot["width"] * 3.5 / 12, "y": 20})
    at(page, "Slice 4 of 12")
    page.wait_for_function("document.querySelector('#boxes .plot .cursor').getAttribute('x1') === '3.5'")
    page.locator("#boxes [data-go=worst]").click()
    at(page, f"Slice {worst} of 12")
    move_threshold(page, 0.05)
    page.locator("#boxes [data-set=axis]").select_option("0")
    at(page, "of 40")
    page.locator("#table tbody tr").first.click()
    at(page, "of 12")
    page.locator("#boxes .stage").click(position={"x": 60, "y": 60})
    page.locator("#probe .probe").get_by_text(re.compile(r"Slice \d+, column \d+, row \d+")).wait_for()
    assert "of the scanner's origin" in page.locator("#probe").inner_text()
    page.locator("#bench button").first.click()
    page.wait_for_function("document.querySelector('#card').innerText.includes('plate 1')")
    page.wait_for_selector("#boxes .along", state="hidden")
    assert page.locator("#boxes [data-edge=left]").inner_text() == ""


def test_a_scan_is_measured_and_windowed(page: Any, tmp_path: Path) -> None:
    drop_scan(page, tmp_path)
    stage = page.locator("#boxes .stage").bounding_box()

    def drag(tool: str, *places: tuple[float, float]) -> None:
        page.locator(f"#boxes [data-tool={tool}]").click()
        for number, (x, y) in enumerate(places):
            page.mouse.move(stage["x"] + x * stage["width"], stage["y"] + y * stage["height"])
            if not number:
                page.mouse.down()
        page.mouse.up()

    drag("measure", (0.25, 0.5), (0.75, 0.5))
    assert page.locator("#boxes .far").inner_text() in ("30.0 mm", "29.9 mm", "30.1 mm"), "20 of 40 pixels of 1.5 mm"
    before = page.locator("#boxes .picture").get_attribute("src")
    drag("grey", (0.5, 0.5), (0.7, 0.6))
    page.wait_for_function("s => document.querySelector('#boxes .picture').getAttribute('src') !== s", arg=before)
    page.wait_for_function("document.querySelector('#boxes [data-set=window]').value === 'dragged'")
    before = page.locator("#boxes .picture").get_attribute("src")
    page.evaluate(
        """() => { const one = document.querySelector("#boxes [data-set=span]"); for (const told of [900, 700, 400]) {
            one.value = told; one.dispatchEvent(new Event("input", { bubbles: true })); } }"""
    )
    page.wait_for_function("s => document.querySelector('#boxes .picture').getAttribute('src') !== s", arg=before)
    width = float(page.locator("#boxes [data-set=span]").input_value())
    assert width == pytest.approx(400, abs=2), "the last of several quick ones counts"
    page.locator("#boxes [data-set=window]").select_option("bone")
    page.wait_for_function("document.querySelector('#boxes [data-set=window]').value === 'bone'")


def test_a_ct_picture_is_windowed(page: Any, tmp_path: Path) -> None:
    page.locator("#drop input[type=file]").set_input_files(dicom_file(tmp_path / "chest.dcm"))
    facts(page, "chest.dcm, frame 1")
    assert page.locator("#plane").count() == 0 or not page.locator("#plane").is_visible()
    choose(page, "window", "lung")
    facts(page, "chest.dcm, frame 1, window lung")
    assert "onerror" not in page.content()
    assert page.dialogs == []
