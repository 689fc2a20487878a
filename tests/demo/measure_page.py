"""How quick and how frugal the page is, in a real browser: run on a quiet machine, never by the test suite.

    python -m tests.demo.measure_page --preset mini

Prints a JSON object a measurement, each with its target; the page and the browser run on this machine, the page in this process.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from assistant.pipeline import Assistant
from tests.demo.browser import ARGUMENTS, chromium, idle, open_page
from tests.demo.running import running

QUESTION = "Is anything wrong here?"
USERS, SESSIONS, CAP = 5, 20, 5
FIRST_WORDS = """q => {
    if (!document.querySelector('#talk').innerText.includes(q)) return false;
    const last = [...document.querySelectorAll('#talk [data-testid=bot]')].at(-1)?.innerText.trim();
    return Boolean(last) && last !== '…';
}"""


SWITCHED = """([index, name]) => new Promise((done) => {
    const began = performance.now();
    const looks = () => document.querySelector('#card').innerText.includes(name)
        ? done((performance.now() - began) / 1000) : requestAnimationFrame(looks);
    document.querySelectorAll('#bench .thumb')[index].click();
    looks();
})"""
"""A click on a small picture -> seconds until the card names it."""


def main() -> int:
    """Measure, print, and exit with 1 where a target was missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--preset", default="mini")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--only", choices=("verdict", "switch", "token", "memory", "users"), action="append")
    given = parser.parse_args()
    from playwright.sync_api import sync_playwright

    path, reason = chromium()
    if path is None:
        print(reason, file=sys.stderr)
        return 1
    assistant = Assistant.load(given.preset)
    with tempfile.TemporaryDirectory() as name, sync_playwright() as driver:
        folder = Path(name)
        pictures = made_pictures(folder, given.repeats)
        browser = driver.chromium.launch(executable_path=path, args=ARGUMENTS)
        with running(assistant, folder, max_sessions=CAP, max_megapixels=4.0) as (address, _):
            asked: dict[str, Callable[[], dict[str, Any]]] = {
                "verdict": lambda: verdict(assistant, browser, address, pictures),
                "switch": lambda: switching(browser, address, pictures),
                "token": lambda: first_token(assistant, browser, address, pictures),
                "memory": lambda: memory(browser, address, pictures),
                "users": lambda: users(address, pictures),
            }
            rows = [{"measured": name, **asked[name]()} for name in given.only or asked]
        browser.close()
    for row in rows:
        print(json.dumps(row))
    return 0 if all(row["held"] for row in rows) else 1


def made_pictures(folder: Path, count: int) -> list[Path]:
    """Grey plates of 640 x 480 with a dark spot, each another."""
    rng = np.random.default_rng(0)
    paths = []
    for number in range(max(count, USERS)):
        values = np.clip(rng.normal(150, 12, (480, 640, 3)), 0, 255).astype(np.uint8)
        cv2.circle(values, (100 + 70 * (number % 7), 120 + 40 * (number % 6)), 30, (25, 25, 40), -1)
        paths.append(folder / f"plate {number}.png")
        cv2.imwrite(str(paths[-1]), values)
    return paths


def upload(page: Any, path: Path) -> float:
    """Seconds from the file to verdict and overlay on the screen, begun when nothing else is being done."""
    idle(page)
    before = page.evaluate("document.querySelector('#boxes img')?.src || ''")
    started = time.perf_counter()
    page.locator("#drop input[type=file]").set_input_files(path)
    page.wait_for_function("n => document.querySelector('#card').innerText.includes(n)", arg=path.name)
    page.wait_for_function(
        "b => { const i = document.querySelector('#boxes img'); return i && i.src !== b && i.complete; }", arg=before
    )
    return time.perf_counter() - started


def verdict(assistant: Assistant, browser: Any, address: str, pictures: list[Path]) -> dict[str, Any]:
    """Verdict and overlay on the page against one bare inspection; medians, warm."""
    assistant.inspect(pictures[0])
    bare = []
    for path in pictures:
        started = time.perf_counter()
        assistant.inspect(path)
        bare.append(time.perf_counter() - started)
    page = open_page(browser, address)
    upload(page, pictures[0])
    shown = [upload(page, path) for path in pictures[1:]]
    page.context.close()
    ratio = statistics.median(shown) / statistics.median(bare)
    return {
        "inspect_s": round(statistics.median(bare), 3), "page_s": round(statistics.median(shown), 3),
        "ratio": round(ratio, 2), "target": "at most 1.5", "held": ratio <= 1.5,
    }  # fmt: skip


def switching(browser: Any, address: str, pictures: list[Path]) -> dict[str, Any]:
    """From a click on a small picture to its verdict on the screen, while another browser's answers are written; the median."""
    page, other = open_page(browser, address), open_page(browser, address)
    for path in pictures[:4]:
        upload(page, path)
    upload(other, pictures[4])
    idle(other)
    took = []
    for number in range(9):
        if number % 3 == 0:
            other.locator("#question textarea").fill("What may have caused it, and what should I do next?")
            other.locator("#question textarea").press("Enter")
            other.wait_for_selector("#stop:not([disabled])")
        took.append(float(page.evaluate(SWITCHED, [number % 3, pictures[number % 3].name])))
    for opened in (page, other):
        opened.context.close()
    middle = statistics.median(took)
    return {
        "median_s": round(middle, 3), "most_s": round(max(took), 3), "target": "at most 0.5 s", "held": middle <= 0.5,
    }  # fmt: skip


def first_token(assistant: Assistant, browser: Any, address: str, pictures: list[Path]) -> dict[str, Any]:
    """First words of an answer on the page against those of the bare model; medians, each in a new conversation."""
    if assistant.preset.language.kind == "none":
        return {"target": "at most 1 s more", "held": True, "skipped": "the preset has no language model"}
    bare = []
    for path in pictures:
        talk = assistant.open(assistant.inspect(path))
        started = time.perf_counter()
        pieces: Any = talk.stream(QUESTION)
        while not next(pieces).text:
            pass
        bare.append(time.perf_counter() - started)
        pieces.close()
    page, shown = open_page(browser, address), []
    for path in pictures:
        upload(page, path)
        idle(page)
        page.locator("#question textarea").fill(QUESTION)
        started = time.perf_counter()
        page.locator("#question textarea").press("Enter")
        page.wait_for_function(FIRST_WORDS, arg=QUESTION)
        shown.append(time.perf_counter() - started)
        idle(page)
    page.context.close()
    more = statistics.median(shown) - statistics.median(bare[1:])
    return {
        "bare_s": round(statistics.median(bare[1:]), 3), "page_s": round(statistics.median(shown), 3),
        "more_s": round(more, 3), "target": "at most 1 s more", "held": more <= 1.0,
    }  # fmt: skip


def resident() -> float:
    """Memory of this process, MiB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return float("nan")


def memory(browser: Any, address: str, pictures: list[Path]) -> dict[str, Any]:
    """Growth from when the caps are reached over further sessions, one after the other, each with pictures and a question."""
    sizes = []
    for number in range(CAP + SESSIONS):
        page = open_page(browser, address)
        for path in pictures[:3]:
            upload(page, path)
        page.locator("#question textarea").fill(QUESTION)
        page.locator("#question textarea").press("Enter")
        page.wait_for_function(FIRST_WORDS, arg=QUESTION)
        idle(page)
        page.context.close()
        if number >= CAP - 1:
            sizes.append(resident())
    growth = max(sizes) / sizes[0] - 1
    return {
        "at_cap_mib": round(sizes[0]), "most_after_mib": round(max(sizes)), "sessions_after": SESSIONS,
        "growth": round(growth, 3), "target": "at most 0.10", "held": growth <= 0.10,
    }  # fmt: skip


def users(address: str, pictures: list[Path]) -> dict[str, Any]:
    """Five programs ask at once about pictures and objects of their own; each has to get what it gets alone."""
    from gradio_client import Client, handle_file

    def told(number: int) -> list[str]:
        client = Client(address, verbose=False)
        found = client.predict(handle_file(str(pictures[number])), [], f"plate {number}", "", 0.5, api_name="/inspect")
        asked = (QUESTION, "Where is it?")
        return [str(client.predict(found["session"], q, api_name="/ask").get("answer")) for q in asked]

    alone = [told(number) for number in range(USERS)]
    together: dict[int, list[str]] = {}
    threads = [threading.Thread(target=lambda n=n: together.update({n: told(n)})) for n in range(USERS)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    right = sum(together.get(number) == alone[number] for number in range(USERS))
    return {
        "users": USERS, "right": right, "seconds": round(time.perf_counter() - started, 2),
        "distinct": len({tuple(a) for a in alone}), "target": "all right", "held": right == USERS,
    }  # fmt: skip


if __name__ == "__main__":
    raise SystemExit(main())
