"""Looking never waits for an answer being written; the latest click wins; questions wait visibly, in their order."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from assistant.types import Answer, QueryImage
from demo.bench import conversations
from demo.bench.judging import BenchError
from demo.bench.workbench import Workbench
from demo.handlers import Handlers
from demo.incoming import planes
from demo.reactions.tabs import seat
from demo.sample_set import SampleSet
from tests.demo.browser import choose_sample, idle
from tests.demo.running import components

SWITCH = 2.0
"""Seconds from a click on a small picture to that picture in view, on a busy machine; ``measure_page`` tells a quiet one's."""


class Held:
    """A conversation that says one word, and the rest when it is let."""

    def __init__(self, go: threading.Event) -> None:
        self.go = go

    def stream(self, question: str, *, stop: threading.Event | None = None) -> Iterator[Answer]:
        yield Answer(question, "One")
        while not self.go.wait(0.02):
            if stop is not None and stop.is_set():
                return
        yield Answer(question, f"One answer to {question}")

    def undo(self) -> None:
        """Nothing is kept."""


@pytest.fixture
def go(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Answers go on once it is set."""
    event = threading.Event()
    monkeypatch.setattr(conversations, "open_conversation", lambda *_: Held(event))
    yield event
    event.set()


def test_pictures_are_judged_and_chosen_while_an_answer_is_written(
    bench: Workbench, part: QueryImage, go: threading.Event
) -> None:
    session, other = bench.store.new(), bench.store.new()
    bench.add(session, part)
    pieces = bench.ask(session, "Is it fine?")
    next(pieces)
    looked: list[float] = []

    def look() -> None:
        bench.add(other, part)
        bench.add(other, QueryImage(np.roll(part.pixels, 5, axis=1), "rolled"))
        looked.append(bench.choose(other, 0).view.score)  # type: ignore[union-attr]

    thread = threading.Thread(target=look)
    thread.start()
    thread.join(30)
    assert len(looked) == 1, "a look does not wait for the answer"
    go.set()
    assert [one.text for one in pieces] == ["One answer to Is it fine?"]
    assert looked == [session.pictures[0].view.score]  # type: ignore[union-attr]


def test_questions_wait_in_their_order_and_one_writer_answers_them(
    bench: Workbench, part: QueryImage, go: threading.Event
) -> None:
    session = bench.store.new()
    picture = bench.add(session, part)
    assert not session.begin_answering(), "nothing waits"
    for question in ("First?", "Second?"):
        bench.note(session, question)
    with pytest.raises(BenchError, match="expected a question"):
        bench.note(session, "  ")
    assert session.waiting_about(picture) == ["First?", "Second?"]
    assert session.begin_answering()
    assert not session.begin_answering(), "there is one writer already"
    with pytest.raises(BenchError, match="stop it first"):
        bench.take_back(session)
    go.set()
    while (asked := session.next_asked()) is not None:
        list(bench.ask(session, asked.question, asked.picture))
    assert [m["content"] for m in picture.messages if m["role"] == "user"] == ["First?", "Second?"]
    assert not session.answering
    bench.note(session, "Third?")
    bench.start_over(session)
    assert session.waiting_about(picture) == []
    for number in range(8):
        bench.note(session, f"{number}?")
    with pytest.raises(BenchError, match="at most 8 questions that wait"):
        bench.note(session, "one more?")


def test_a_tab_sees_the_answer_that_another_one_has_written(
    bench: Workbench, part: QueryImage, go: threading.Event, tmp_path: Path
) -> None:
    page, session = components(), bench.store.new()
    do = Handlers(bench, SampleSet(None, tmp_path / "samples"), page, tmp_path)
    bench.add(session, part)
    here, there = seat(session.id), seat(session.id)
    do.ask(here, "First?")
    writing = do.answer(here)
    next(writing)
    for sid in (here, there):
        do.ask(sid, "Second?")
    assert list(do.answer(here)) == [do.nothing()], "it is painted by the event that writes"
    following = do.answer(there)
    assert next(following) == do.nothing()
    assert [one["content"] for one in next(following)[page.chat]][1] == "One"
    here.tab.shows = "another project"
    go.set()
    *_, last = writing
    assert page.chat not in last
    *_, last = following
    assert "One answer to Second?" in last[page.chat][-1]["content"]


def test_a_picture_that_is_judged_after_a_click_stays_out_of_view(bench: Workbench, part: QueryImage) -> None:
    session = bench.store.new()
    bench.add(session, part)
    began = session.clicks
    bench.choose(session, 0)
    bench.add(session, QueryImage(np.roll(part.pixels, 5, axis=1), "late"), clicks=began)
    assert session.picture is session.pictures[0]
    bench.add(session, QueryImage(np.roll(part.pixels, 6, axis=1), "later"), clicks=session.clicks)
    assert session.picture is session.pictures[2]


@pytest.mark.filterwarnings("ignore")
def test_thumbnails_switch_and_questions_queue_while_answers_are_written(
    page: Any, visit: Callable[..., Any], go: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    brought, ended = Handlers.brought, list[str]()

    def noted(self: Handlers, *given: Any) -> Iterator[Any]:
        yield from brought(self, *given)
        ended.append(str(given[0]))

    monkeypatch.setattr(Handlers, "brought", noted)
    other = visit()
    for number in (1, 3, 4):
        choose_sample(page, number)
    choose_sample(other, 2)
    for opened in (page, other):
        opened.locator("#question textarea").fill("What do you see?")
        opened.locator("#question textarea").press("Enter")
        opened.wait_for_function("document.querySelector('#talk').innerText.includes('One')")

    took = [switched(page, index, name) for index, name in ((0, "plate 1"), (1, "plate 3"), (2, "plate 4"))]
    assert sorted(took)[1] <= SWITCH, took

    ended.clear()
    for index in (0, 1, 0, 2, 1):  # faster than they can be shown
        page.locator("#bench button").nth(index).click(no_wait_after=True)
    page.wait_for_function("document.querySelector('#card').innerText.includes('plate 3')")
    until = time.monotonic() + 60
    while len(ended) < 5 and time.monotonic() < until:
        page.wait_for_timeout(20)
    assert len(ended) == 5
    page.locator("#everything button").first.click()  # what comes to this page comes in order: a late click before this
    page.wait_for_selector("#overview button.bad")
    assert "plate 3" in page.locator("#card").inner_text()

    page.locator("#bench button").nth(2).click()
    page.wait_for_function("document.querySelector('#card').innerText.includes('plate 4')")
    for question in ("And why?", "And where?"):
        page.locator("#question textarea").fill(question)
        page.locator("#question textarea").press("Enter")
        page.wait_for_function("q => document.querySelector('#talk').innerText.includes(q)", arg=question)
        assert page.locator("#question textarea").input_value() == ""
    assert page.locator("#talk .waits").count() == 2
    go.set()
    page.wait_for_function("document.querySelector('#talk').innerText.includes('One answer to And where?')")
    idle(page)
    assert page.locator("#talk .waits").count() == 0
    users = page.locator("#talk [data-testid=user]").all_inner_texts()
    assert [text.strip() for text in users] == ["What do you see?", "And why?", "And where?"]


@pytest.mark.filterwarnings("ignore")
def test_a_long_drop_is_stopped_and_gone_on_with(
    page: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pixels: np.ndarray
) -> None:
    stopped, read = threading.Event(), planes.open_upload

    def held(*given: Any) -> Any:
        if "part 2" in str(given[0]):
            stopped.wait(60)
        return read(*given)

    monkeypatch.setattr(planes, "open_upload", held)
    paths = [tmp_path / f"part {number}.png" for number in range(6)]
    for number, path in enumerate(paths):
        cv2.imwrite(str(path), np.roll(pixels, number, axis=0))
    page.locator("#drop input[type=file]").set_input_files(paths)
    page.wait_for_function("document.querySelector('#drops').innerText.includes('3 of 6')")
    page.locator("#drops button").click()
    page.wait_for_selector("#drops .stopped")
    page.set_viewport_size({"width": 420, "height": 900})
    below = page.locator("#drops").bounding_box()["y"] - page.locator("#drop").bounding_box()["y"]
    assert 0 < below < 300, "on a narrow screen too it stands where pictures are dropped"
    page.set_viewport_size({"width": 1600, "height": 1000})
    stopped.set()
    page.wait_for_function("document.querySelectorAll('#bench button.thumb').length === 3")
    idle(page)
    assert "3 of 6 files stay on the page, three files were left out" in page.locator("#drops").inner_text()
    page.locator("#drops button", has_text="Go on with three files").click()
    page.wait_for_function("document.querySelectorAll('#bench button.thumb').length === 6")
    page.wait_for_selector("#drops .drop", state="detached")


def switched(page: Any, index: int, name: str) -> float:
    """Seconds from the click to the picture of that name in view, as the browser counts them."""
    return float(
        page.evaluate(
            """([index, name]) => new Promise((done) => {
                const began = performance.now();
                const looks = () => document.querySelector('#card').innerText.includes(name)
                    ? done((performance.now() - began) / 1000) : requestAnimationFrame(looks);
                document.querySelectorAll('#bench button.thumbnail-lg, #bench button')[index].click();
                looks();
            })""",
            [index, name],
        )
    )


@pytest.mark.filterwarnings("ignore")
def test_dropped_pictures_of_two_people_take_turns(page: Any, visit: Callable[..., Any], tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    paths = []
    for number in range(12):
        paths.append(tmp_path / f"many {number}.png")
        cv2.imwrite(str(paths[-1]), rng.integers(0, 255, (90, 120, 3), dtype=np.uint8))
    other = visit()
    page.locator("#drop input[type=file]").set_input_files(paths)
    page.wait_for_function("document.querySelector('#card').innerText.includes('many 0.png')")
    began = time.monotonic()
    other.locator("#drop input[type=file]").set_input_files(paths[3])
    other.wait_for_function("document.querySelector('#card').innerText.includes('many 3.png')")
    idle(page)
    assert time.monotonic() > began
    assert "many 11.png" in page.locator("#card").inner_text()
