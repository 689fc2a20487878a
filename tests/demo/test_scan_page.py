"""Scans in a real browser: dropped, moved through slice by slice, cut along another axis, windowed, under the notice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.demo.browser import choose_sample, idle
from tests.scan_files import dicom_file, nifti_file

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


def test_a_volume_is_moved_through(page: Any, tmp_path: Path) -> None:
    choose_sample(page, 1)
    assert not page.locator("#scan").is_visible()
    page.locator("#drop input[type=file]").set_input_files(nifti_file(tmp_path / "head.nii.gz", (40, 30, 20)))
    facts(page, "head.nii.gz::axis=2,slice=10")
    page.wait_for_selector("#medical-line .medical")
    assert page.locator("#plane input[type=range]").get_attribute("max") == "19"
    page.locator("#plane input[type=number]").fill("5")
    page.locator("#plane input[type=number]").press("Enter")
    facts(page, "head.nii.gz::axis=2,slice=5")
    choose(page, "axis", "left to right")
    facts(page, "head.nii.gz::axis=0,slice=20")
    page.wait_for_function("document.querySelector('#plane input[type=range]').max === '39'")
    page.wait_for_function("document.querySelector('#plane input[type=number]').value === '20'")
    choose(page, "window", "bone")
    facts(page, "head.nii.gz::axis=0,slice=20,window=bone")
    idle(page)
    page.locator("#bench button").first.click()
    page.wait_for_function("document.querySelector('#card').innerText.includes('plate 1')")
    page.wait_for_selector("#scan", state="hidden")


def test_a_ct_picture_is_windowed(page: Any, tmp_path: Path) -> None:
    page.locator("#drop input[type=file]").set_input_files(dicom_file(tmp_path / "chest.dcm"))
    facts(page, "chest.dcm::frame=0")
    assert page.locator("#plane").count() == 0 or not page.locator("#plane").is_visible()
    choose(page, "window", "lung")
    facts(page, "chest.dcm::frame=0,window=lung")
    assert "onerror" not in page.content()
    assert page.dialogs == []
