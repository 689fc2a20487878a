"""Conversations in a real browser: stop, retry, leave in the middle, point at something, keep several people apart."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from demo.bench import conversations
from demo.bench.session_store import SessionStore
from tests.demo.browser import ask, choose_sample, idle, move_threshold, open_page

pytestmark = pytest.mark.filterwarnings("ignore")


class Slow:
    """Makes conversations that are opened from now on speak so many seconds a word; returns the answers that were left."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._patch, self._open = monkeypatch, list[conversations.PacedConversation]()

    def __call__(self, pause: float) -> list[str]:
        left: list[str] = []

        class Slowly(conversations.PacedConversation):
            def stream(self, question: str, **options: Any) -> Iterator[Any]:
                try:
                    yield from super().stream(question, **options)
                except GeneratorExit:
                    left.append(question)
                    raise

        def opened(assistant: Any, inspection: Any, others: Any = ()) -> Slowly:
            self._open.append(talk := Slowly(assistant.open(inspection), pause))
            return talk

        self._patch.setattr(conversations, "open_conversation", opened)
        return left

    def hurry(self, pause: float) -> None:
        """Conversations that are open speak so many seconds a word from now on."""
        for talk in self._open:
            talk._pause = pause


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Slow:
    return Slow(monkeypatch)


def said(page: Any) -> str:
    """The answer in view, as far as it is there."""
    return str(page.locator("#talk [data-testid=bot]").last.inner_text()).strip()


def begin(page: Any, question: str) -> None:
    """Ask, and wait for the first words."""
    page.locator("#question textarea").fill(question)
    page.locator("#question textarea").press("Enter")
    page.wait_for_selector("#stop:not([disabled])")
    page.wait_for_function(
        "[...document.querySelectorAll('#talk [data-testid=bot]')].at(-1)?.innerText.trim().split(/\\s+/).length > 1"
    )


def test_stop_ends_the_answer_and_retry_gives_it_whole(page: Any, slow: Slow) -> None:
    slow(0.25)
    choose_sample(page, 2)
    assert page.locator("#stop").is_disabled()
    assert page.locator("#retry").is_disabled()
    begin(page, "What do you see?")
    page.locator("#stop").click()
    idle(page)
    stopped = said(page)
    assert stopped.endswith("(stopped)")
    assert page.locator("#stop").is_disabled()

    slow.hurry(0.05)
    page.locator("#retry").click()
    page.wait_for_selector("#stop:not([disabled])")
    idle(page)
    whole = said(page)
    assert "(stopped)" not in whole
    assert whole.startswith(stopped.removesuffix("(stopped)").strip())
    assert len(whole.split()) > len(stopped.split())
    assert page.locator("#talk [data-testid=user]").count() == 1

    assert ask(page, "And what next?")
    assert page.locator("#talk [data-testid=user]").count() == 2


def test_an_answer_that_nobody_reads_frees_the_model(browser: Any, address: str, page: Any, slow: Slow) -> None:
    left = slow(0.5)
    leaving = open_page(browser, address)
    choose_sample(leaving, 1)
    begin(leaving, "What do you see?")
    slow(0.01)
    leaving.context.close()
    choose_sample(page, 3)
    assert ask(page, "Is it fine?")
    until = time.monotonic() + 60
    while not left and time.monotonic() < until:
        page.wait_for_timeout(50)
    assert left == ["What do you see?"], "it was ended, not written to its end"


def test_a_question_stands_in_the_conversation_at_once(page: Any, slow: Slow) -> None:
    slow(1.0)
    choose_sample(page, 2)
    page.locator("#question textarea").fill("What do you see?")
    page.locator("#send").click()
    page.wait_for_selector("#status .busy")
    page.wait_for_function("document.querySelector('#talk').innerText.includes('What do you see?')")
    assert page.locator("#question textarea").input_value() == ""
    page.locator("#stop").click()
    idle(page)


def test_starting_over_in_the_middle_of_an_answer(page: Any, slow: Slow) -> None:
    slow(0.3)
    choose_sample(page, 2)
    begin(page, "What do you see?")
    page.locator("#stop").click()
    idle(page)
    page.locator("#over").click()
    page.wait_for_function("!document.querySelector('#talk').innerText.includes('What do you see?')")
    assert page.locator("#retry").is_disabled()


def test_suggested_questions_are_asked_with_a_click_and_read_aloud_where_that_is_wanted(page: Any) -> None:
    choose_sample(page, 2)
    page.evaluate("() => { window.aloud = []; speechSynthesis.speak = (one) => aloud.push(one.text); }")
    page.locator("#voice button").first.click()
    page.locator("#aloud input").check()
    first = page.locator(".suggest").locator("visible=true").first
    question = first.inner_text()
    first.click()
    page.wait_for_function("q => document.querySelector('#talk').innerText.includes(q)", arg=question)
    idle(page)
    assert len(said(page)) > 3
    page.wait_for_function("aloud.length == 1")
    assert page.evaluate("aloud[0]") == said(page)


def test_a_click_on_the_picture_asks_about_the_region(page: Any) -> None:
    choose_sample(page, 2)
    move_threshold(page, 0.05)
    page.locator("#boxes").get_by_text(re.compile("^1 ")).first.click()
    page.wait_for_function("document.querySelector('#talk').innerText.includes('What is region 1')")
    idle(page)


@pytest.mark.parametrize("dropped", [False, True])
def test_what_is_painted_over_is_asked_about(page: Any, dropped: bool, tmp_path: Path, pixels: np.ndarray) -> None:
    if dropped:
        cv2.imwrite(str(tmp_path / "own.png"), pixels)
        page.locator("#drop input[type=file]").set_input_files(tmp_path / "own.png")
        page.wait_for_function("document.querySelector('#card').innerText.includes('own.png')")
        idle(page)
    else:
        choose_sample(page, 2)
    move_threshold(page, 0.95)
    page.locator("#boxes [data-tool=brush]").click()
    box = page.locator("#boxes .stage").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x - 6, y - 6)
    page.mouse.down()
    page.mouse.move(x + 6, y + 6, steps=6)
    page.mouse.up()
    page.wait_for_selector("#boxes .drawn polyline")
    page.locator("#what").click()
    page.wait_for_function("document.querySelector('#talk').innerText.includes('Is anything wrong at the')")
    idle(page)
    assert "centre" in page.locator("#talk [data-testid=user]").last.inner_text()


def test_an_ended_session_is_explained(page: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    choose_sample(page, 2)
    get = SessionStore.get
    monkeypatch.setattr(SessionStore, "get", lambda self, name: get(self, "gone"))
    page.locator("#question textarea").fill("Is it fine?")
    page.locator("#send").click()
    page.wait_for_selector("#status .error")
    assert "reload the page" in page.locator("#status").inner_text()
