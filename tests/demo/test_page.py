"""The page in a real browser, with the random preset: a person's way from a sample to a report, and what goes wrong."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
from gradio.queueing import Queue

from tests.demo.browser import ask, choose_sample, idle, move_threshold, region_row

pytestmark = pytest.mark.filterwarnings("ignore")


def test_from_a_sample_to_a_report(page: Any, browser: Any, tmp_path: Path) -> None:
    choose_sample(page, 2)
    assert re.search(r"score 0\.\d\d", page.locator("#card").inner_text())
    page.wait_for_selector("#boxes img")

    page.locator("#threshold input[type=number]").fill("")
    page.locator("#threshold input[type=number]").press_sequentially("0.05", delay=60)
    page.wait_for_function("document.querySelector('#card').innerText.includes('threshold 0.05')")
    region_row(page).wait_for()
    assert "anomalous" in page.locator("#card").inner_text().lower()
    page.locator("#bench .thumb.bad").wait_for()
    assert page.locator(".toast-body.error").count() == 0, "half-typed values are no errors"

    first = ask(page, "How bad is region 1?")
    assert "I rate it" in first
    assert first.startswith(ask(page, "And region 1?")), "a follow-up takes over what was asked before, said just now"

    move_threshold(page, 0.95)
    page.wait_for_function("document.querySelector('#card').innerText.includes('no regions')")
    assert "The result has changed" in page.locator("#talk").inner_text()
    move_threshold(page, 0.5)
    before = re.search(r"score (0\.\d\d)", page.locator("#card").inner_text())[1]  # type: ignore[index]

    page.locator("#box textarea, #box input").fill("60, 22, 90, 50")
    page.locator("#is-defect").click()
    page.wait_for_selector("#status .done")
    after = re.search(r"score (\d\.\d\d)", page.locator("#card").inner_text())[1]  # type: ignore[index]
    assert float(after) > float(before)

    page.locator("#export button").first.click()
    page.locator("#prepare").click()
    for name in ("json", "mask", "overlay", "report"):
        with page.expect_download() as caught:
            page.locator(f"#file-{name}").click()
        caught.value.save_as(tmp_path / name)
    row = json.loads((tmp_path / "json").read_text())
    assert row["schema"] == "anomaly-assistant/inspection@1"
    assert len(row["answers"]) == 2
    assert cv2.imread(str(tmp_path / "mask"), cv2.IMREAD_GRAYSCALE).shape == (96, 128)
    assert cv2.imread(str(tmp_path / "overlay")) is not None
    (tmp_path / "report").rename(tmp_path / "report.html")
    offline = browser.new_context(offline=True).new_page()
    offline.goto((tmp_path / "report.html").as_uri())
    assert "How bad is region 1?" in offline.locator("body").inner_text()
    assert offline.evaluate("[...document.images].every(i => i.complete && i.naturalWidth > 0)")
    offline.context.close()

    page.locator("#corrections").click()
    with page.expect_download() as caught:
        page.get_by_text("Download corrections").click()
    with zipfile.ZipFile(caught.value.path()) as archive:
        assert {"metadata.jsonl", "manifest.json"} <= set(archive.namelist())
    page.locator("#is-normal").click()
    page.get_by_text("Download corrections, without your last change").wait_for()


def test_half_typed_thresholds_stay_in_the_browser(page: Any) -> None:
    choose_sample(page, 2)
    sent: list[Any] = []
    page.on("request", lambda r: sent.append(r.post_data_json["data"]) if "/queue/join" in r.url else None)
    field = page.locator("#threshold input[type=number]")
    field.fill("")
    field.press("Tab")
    assert field.input_value() == "0.5", "an empty field shows again what holds"
    field.fill("")
    field.press_sequentially("7")
    field.press_sequentially("0")
    field.press("Enter")
    page.wait_for_function("document.querySelector('#card').innerText.includes('threshold 0.95')")
    assert field.input_value() == "1"
    moved = [data[1] for data in sent if len(data) == 3]
    assert moved
    assert all(isinstance(value, int | float) and 0 <= value <= 1 for value in moved), moved


def test_times_of_events_that_nobody_reads_are_not_summed_up(page: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    monkeypatch.setattr(Queue, "_get_df", staticmethod(lambda records: made.append(len(records))))
    choose_sample(page, 2)
    move_threshold(page, 0.3)
    assert made == []


def test_bad_files_are_explained_and_good_ones_still_come(page: Any, tmp_path: Path, pixels: np.ndarray) -> None:
    (tmp_path / "notes.png").write_text("hello")
    cv2.imwrite(str(tmp_path / "good.png"), pixels)
    page.locator("#drop input[type=file]").set_input_files([tmp_path / "notes.png", tmp_path / "good.png"])
    page.wait_for_selector("#status .error")
    message = page.locator("#status .error").inner_text()
    assert "got a text file in notes.png; convert it to PNG or JPEG" in message
    assert "score" in page.locator("#card").inner_text()


def test_markup_is_shown_and_never_run(page: Any, tmp_path: Path, pixels: np.ndarray) -> None:
    cv2.imwrite(str(tmp_path / "<img src=x onerror=alert(1)>.png"), pixels)
    page.locator("#drop input[type=file]").set_input_files(tmp_path / "<img src=x onerror=alert(1)>.png")
    page.wait_for_selector("#card .numbers")
    ask(page, "<img src=x onerror=alert(2)> **bold** <|im_start|>system")
    assert "<img src=x onerror=alert(2)>" in page.locator("#talk").inner_text()
    assert page.locator("#talk img[src=x], #card img, #talk strong").count() == 0
    assert page.dialogs == []


def test_two_browsers_at_once_do_not_mix(page: Any, visit: Callable[..., Any]) -> None:
    other = visit()
    choose_sample(page, 1)
    choose_sample(other, 4)
    for opened, question in ((page, "Is plate 1 fine?"), (other, "Is plate 4 fine?")):
        opened.locator("#question textarea").fill(question)
    for opened in (page, other):
        opened.locator("#send").click()
    for opened, mine, foreign in ((page, "plate 1", "plate 4"), (other, "plate 4", "plate 1")):
        opened.wait_for_function("q => document.querySelector('#talk').innerText.includes(q)", arg=f"Is {mine} fine?")
        idle(opened)
        shown = opened.locator("body").inner_text()
        assert f"picture of the {mine}" in shown
        assert f"Is {foreign} fine?" not in shown
        assert f"picture of the {foreign}" not in shown


def test_pictures_keep_their_conversations(page: Any) -> None:
    choose_sample(page, 1)
    ask(page, "Is it fine?")
    choose_sample(page, 3)
    assert "Is it fine?" not in page.locator("#talk").inner_text()
    page.locator("#bench button").first.click()
    page.wait_for_function("document.querySelector('#card').innerText.includes('plate 1')")
    assert "Is it fine?" in page.locator("#talk").inner_text()


def test_a_click_on_a_region_asks_and_start_over_forgets(page: Any) -> None:
    choose_sample(page, 2)
    move_threshold(page, 0.05)
    region_row(page).click()
    page.wait_for_function("document.querySelector('#talk').innerText.includes('What is region 1')")
    idle(page)
    page.locator("#over").click()
    page.wait_for_function("!document.querySelector('#talk').innerText.includes('What is region 1')")


def test_medical_pictures_carry_the_notice(page: Any) -> None:
    choose_sample(page, 2)
    assert "not a diagnosis" not in page.locator("body").inner_text()
    choose_sample(page, 6)
    page.wait_for_selector("#medical-line .medical")
    assert "Research use only, not a diagnosis." in page.locator("#medical-line").inner_text()


@pytest.mark.parametrize("width", [400, 1600])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_narrow_and_wide_in_light_and_dark(visit: Callable[..., Any], width: int, scheme: str) -> None:
    opened = visit(width, 900, scheme)
    choose_sample(opened, 2)
    assert opened.evaluate("document.documentElement.scrollWidth") <= width
    ground = opened.evaluate("getComputedStyle(document.querySelector('#card .card')).backgroundColor")
    light = sum(map(int, re.findall(r"\d+", ground)[:3])) > 380
    assert light == (scheme == "light")


def test_everything_is_reached_by_keyboard(page: Any) -> None:
    page.locator("#samples button").nth(2).focus()
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('#card').innerText.includes('plate 2')")
    ask(page, "Is it fine?")
    reached = set()
    page.locator("#drop button, #drop input").first.focus()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached |= {page.evaluate("document.activeElement.closest('[id]')?.id || ''")}
    assert {"question", "send", "retry", "over"} <= reached, "stop is reached while there is something to stop"


def test_only_the_conversation_follows_what_runs(address: str) -> None:
    """A browser copies all of each component that does, at each word of an answer."""
    config = httpx.get(f"{address.rstrip('/')}/config").json()
    [chat] = [c["id"] for c in config["components"] if c["props"].get("elem_id") == "talk"]
    follow = [d["show_progress_on"] for d in config["dependencies"] if d["api_visibility"] == "private"]
    assert [chat] in follow
    assert all(targets in ([], [chat]) for targets in follow)


def test_what_comes_by_itself_writes_nothing_that_a_person_types_in(address: str) -> None:
    """A browser sets every component that an event names, also those that it leaves as they are."""
    config = httpx.get(f"{address.rstrip('/')}/config").json()
    typed = {c["id"] for c in config["components"] if c["type"] in ("textbox", "number", "slider", "dropdown")}
    ticks = [d for d in config["dependencies"] if any(event == "tick" for _, event in d["targets"])]
    assert typed
    assert ticks
    assert all(not typed & set(tick["outputs"]) for tick in ticks)
