"""Five people at one page, two of them being answered: run on a quiet machine, never by the test suite.

    python -m tests.demo.measure_browsers --preset mini

Five browsers, each with its own pictures, do ten things one after the other, all five at once; two of them ask first, so that
answers are written meanwhile. Prints one JSON object: how long each kind of action took until its result was on the screen, which
took longer than two seconds, and whether any browser saw another's picture or lost one of its own. The server is a process of
its own.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from tests.demo.browser import ARGUMENTS, chromium
from tests.demo.conftest import write_samples
from tests.demo.measure_page import made_pictures
from tests.demo.test_kill import free_port, served

BROWSERS, PICTURES = 5, 3
SLOW = 2.0
"""Seconds that no action but an answer may take."""
QUESTION = "What may have caused it, and what should I do next?"
CARD = "name => document.querySelector('#card').innerText.includes(name)"
WAITING_MS = 120_000
"""Longest wait for one result."""


class Person:
    """One browser, with pictures of its own.

    Args:
        page: of playwright, open at the server.
        pictures: files, no two people's of the same name.
    """

    def __init__(self, page: Any, pictures: list[Path]) -> None:
        self.page, self.pictures = page, pictures
        self.took: list[tuple[str, float]] = []

    async def drop(self, path: Path) -> None:
        """A picture, until it is in the strip and its verdict on the card."""
        before = await self.page.locator("#bench .thumb").count()
        await self.page.locator("#drop input[type=file]").set_input_files(path)
        more = "count => document.querySelectorAll('#bench .thumb').length > count"
        await self.page.wait_for_function(more, arg=before, timeout=WAITING_MS)
        await self.page.wait_for_function(CARD, arg=path.name, timeout=WAITING_MS)

    async def look(self, path: Path) -> None:
        """A click on a small picture, until the card is its."""
        await self.page.locator("#bench .thumb").nth(self.pictures.index(path)).click()
        await self.page.wait_for_function(CARD, arg=path.name, timeout=WAITING_MS)

    async def threshold(self, value: float) -> None:
        """Another threshold, until the card names it."""
        field = self.page.locator("#threshold input[type=number]")
        await field.fill(str(value))
        await field.press("Enter")
        await self.page.wait_for_function(CARD, arg=f"threshold {value:.2f}", timeout=WAITING_MS)

    async def ask(self) -> None:
        """A question, until it stands in the conversation; its answer is written on."""
        await self.page.locator("#question textarea").fill(QUESTION)
        await self.page.locator("#question textarea").press("Enter")
        await self.page.locator("#talk").get_by_text(QUESTION).first.wait_for(timeout=WAITING_MS)

    async def timed(self, name: str, action: Any) -> None:
        """Do it, and remember how long it took."""
        began = time.perf_counter()
        await action
        self.took.append((name, time.perf_counter() - began))

    async def ten_actions(self, asks: bool) -> None:
        """The same ten for everybody; those who ask do so first and third."""
        first, second, third = self.pictures
        await self.timed("ask", self.ask()) if asks else await self.timed("look", self.look(first))
        await self.timed("look", self.look(second))
        await self.timed("ask", self.ask()) if asks else await self.timed("threshold", self.threshold(0.45))
        await self.timed("threshold", self.threshold(0.3))
        await self.timed("look", self.look(third))
        await self.timed("drop", self.drop(third))
        await self.timed("look", self.look(first))
        await self.timed("threshold", self.threshold(0.6))
        await self.timed("look", self.look(second))
        await self.timed("threshold", self.threshold(0.5))

    async def kept(self) -> bool:
        """Whether exactly its own pictures are there."""
        names = await self.page.locator("#bench .thumb").evaluate_all(
            "all => all.map(one => one.title || one.innerText)"
        )
        own = {path.name for path in self.pictures}
        return all(any(name in shown for shown in names) for name in own) and not any(
            "plate" in shown and not any(name in shown for name in own) for shown in names
        )


async def measure(address: str, executable: str, folder: Path) -> dict[str, Any]:
    """What five people see."""
    from playwright.async_api import async_playwright

    paths = made_pictures(folder, BROWSERS * PICTURES)
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=executable, args=ARGUMENTS)
        people = []
        for number in range(BROWSERS):
            context = await browser.new_context(viewport={"width": 1600, "height": 1000})
            page = await context.new_page()
            await page.goto(address)
            await page.locator("#samples img").first.wait_for()
            people.append(Person(page, paths[number * PICTURES : (number + 1) * PICTURES]))
        for person in people:
            for path in person.pictures:
                await person.drop(path)
        await asyncio.gather(*(one.ten_actions(number < 2) for number, one in enumerate(people)))
        for person in people:
            await person.page.wait_for_function(
                "!document.querySelector('#status .busy') && !document.querySelector('#stop:not([disabled])')",
                timeout=2 * WAITING_MS,
            )
        answers = [await one.page.locator("#talk [data-testid=bot]").count() for one in people[:2]]
        kept = [await one.kept() for one in people]
        await browser.close()
    took = defaultdict(list)
    for person in people:
        for name, seconds in person.took:
            took[name].append(seconds)
    slow = sum(seconds > SLOW for each in took.values() for seconds in each)
    return {
        "actions": {
            name: {"count": len(each), "median_s": round(statistics.median(each), 2), "most_s": round(max(each), 2)}
            for name, each in sorted(took.items())
        },
        "over_2_s": slow, "answers": answers, "own_pictures_only": kept,
        "held": slow == 0 and all(kept) and min(answers) >= 2,
    }  # fmt: skip


def main() -> int:
    """Measure, print, and exit with 1 where a target was missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--preset", default="mini")
    given = parser.parse_args()
    executable, reason = chromium()
    if executable is None:
        print(reason, file=sys.stderr)
        return 1
    port = free_port()
    with tempfile.TemporaryDirectory() as name:
        write_samples(Path(name) / "samples")
        with served(port, Path(name), "--preset", given.preset, "--no-projects"):
            row = asyncio.run(measure(f"http://127.0.0.1:{port}/", executable, Path(name)))
    print(json.dumps(row))
    return 0 if row["held"] else 1


if __name__ == "__main__":
    raise SystemExit(main())
