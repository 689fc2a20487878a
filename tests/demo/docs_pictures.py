"""The pictures of the page that the documentation shows, taken of the page as it is.

    anomaly-assistant build --config data_builders/configs/demo.yaml --out demo_output/chosen
    anomaly-assistant build-volumes --out demo_output/scans --count 2 --slices 24 --seed 51
    python -m tests.demo.docs_pictures --samples demo_output/chosen --scans demo_output/scans

Writes ``docs/pictures/page_*.webp``: made samples and phantoms, judged and talked about by ``mini``.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image

from tests.demo.browser import ARGUMENTS, ask, chromium, idle, open_page
from tests.demo.test_kill import free_port, served

WIDTH, HEIGHT, QUALITY = 1400, 1000, 62
INTO = Path(__file__).parents[2] / "docs" / "pictures"


def sample(page: Any, number: int) -> None:
    """Choose a sample, until its verdict and its picture are there."""
    page.locator("#samples button").nth(number).click()
    page.locator("#card .numbers").wait_for()
    idle(page)
    page.locator("#boxes .shown img, #boxes img").first.wait_for()


def light(page: Any, _: Path) -> None:
    """A sample that has references, and a question about it."""
    sample(page, 0)
    ask(page, "What is wrong here, and what should I do next?")


def beside(page: Any, _: Path) -> None:
    """A sample beside the reference that is nearest to its worst region."""
    sample(page, 4)
    page.locator("#boxes [data-beside=side]").click()
    page.locator("#boxes .which:not(:empty)").wait_for()


def table(page: Any, _: Path) -> None:
    """Every sample in the table of all pictures, three of them marked."""
    for number in range(page.locator("#samples button").count()):
        sample(page, number)
    page.locator("button.label-wrap", has_text="All pictures").first.click()
    for at, way in ((0, "bad"), (1, "bad"), (2, "good")):
        button = page.locator(f"#overview button.{way}").nth(at)
        button.click()
        idle(page)
    page.locator("#overview").scroll_into_view_if_needed()


def scan(page: Any, scans: Path) -> None:
    """The second scan, which has a lesion, at its worst slice, compared with two normal ones."""
    page.locator("#references-box button").first.click()
    page.locator("#references-drop input[type=file]").set_input_files(sorted((scans / "references").iterdir())[:2])
    page.wait_for_function("document.querySelector('#references-box').innerText.includes('two reference scans')")
    idle(page)
    page.locator("#references-box button").first.click()
    page.locator("#drop input[type=file]").set_input_files(sorted((scans / "scans").iterdir())[1])
    page.wait_for_function("document.querySelector('#card').innerText.includes('worst slice')")
    idle(page)
    page.wait_for_function("!document.querySelector('#boxes .along').hidden")
    ask(page, "Where is it, and how large?")


def error(page: Any, folder: Path) -> None:
    """A file that is none."""
    path = folder.parent / "damaged.png"
    page.locator("#drop input[type=file]").set_input_files(
        {"name": path.name, "mimeType": "image/png", "buffer": b"no"}
    )
    page.locator("#status .error, #status .failed").first.wait_for()
    idle(page)


VIEWS: dict[str, tuple[Callable[[Any, Path], None], str]] = {
    "page_light": (light, "light"),
    "page_beside": (beside, "light"),
    "page_table": (table, "light"),
    "page_scan_dark": (scan, "dark"),
    "page_error": (error, "light"),
}


def main() -> int:
    """Take them all, or those that are named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--samples", type=Path, required=True, help="what the command build wrote")
    parser.add_argument("--scans", type=Path, required=True, help="what the command build-volumes wrote")
    parser.add_argument("--out", type=Path, default=INTO)
    parser.add_argument("--only", choices=VIEWS, action="append")
    given = parser.parse_args()
    from playwright.sync_api import sync_playwright

    executable, reason = chromium()
    if executable is None:
        print(reason, file=sys.stderr)
        return 1
    port = free_port()
    with tempfile.TemporaryDirectory() as name, sync_playwright() as driver:
        (Path(name) / "samples").symlink_to(given.samples.absolute())
        with served(port, Path(name), "--preset", "mini", "--no-projects"):
            browser = driver.chromium.launch(executable_path=executable, args=ARGUMENTS)
            for view in given.only or VIEWS:
                show, scheme = VIEWS[view]
                options: dict[str, Any] = {"viewport": {"width": WIDTH, "height": HEIGHT}, "color_scheme": scheme}
                page = open_page(browser, f"http://127.0.0.1:{port}/", **options)
                show(page, given.scans)
                taken = Image.open(io.BytesIO(page.screenshot()))
                taken.convert("RGB").save(given.out / f"{view}.webp", quality=QUALITY, method=6)
                page.context.close()
            browser.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
