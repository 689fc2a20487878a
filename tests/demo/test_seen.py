"""What a person does is about what they saw, and in the order in which they did it, whichever request is worked on first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest

from assistant.types import QueryImage
from assistant.volumes.files.reading import read_volume
from demo.bench.sessions import Session
from demo.bench.workbench import Workbench
from demo.handlers import Handlers
from demo.reactions.tabs import seat
from demo.sample_set import SampleSet
from demo.whole.seen import AnotherInView, in_view, look_of, name_of, picture_seen
from tests.demo.browser import choose_sample, idle
from tests.demo.running import components
from tests.volumes.scans import nifti, solid

ANOTHER = "xpected the picture that you saw, got"


@pytest.fixture
def do(bench: Workbench, tmp_path: Path) -> Handlers:
    return Handlers(bench, SampleSet(None, tmp_path / "samples"), components(), tmp_path)


@pytest.fixture
def session(bench: Workbench, part: QueryImage) -> Session:
    """Three pictures on the bench, the last of them in view."""
    made = bench.store.new()
    for number in range(3):
        bench.add(made, QueryImage(np.roll(part.pixels, 9 * number, axis=1), f"part {number}"))
    return made


def event(**data: Any) -> gr.EventData:
    return gr.EventData(None, data)


def last(updates: Any) -> dict[Any, Any]:
    """What a reaction painted last."""
    return dict(updates) if isinstance(updates, dict) else list(updates)[-1]


def test_a_click_that_is_older_than_one_obeyed_changes_nothing(do: Handlers, session: Session) -> None:
    sid = seat(session.id)
    list(do.choose(sid, event(index=0, turn=12)))
    painted = last(do.choose(sid, event(index=1, turn=11)))
    assert session.current == 0
    assert painted[do.page.seen] == look_of(session), "the page is painted as the session is"
    lines = [name_of(session, one).partition("-")[0] for one in session.pictures]
    list(do.open_line(sid, event(id=lines[1], turn=10)))
    assert session.current == 0, "nor does a line of the table"
    list(do.open_line(sid, event(id=lines[2], turn=13)))
    assert session.current == 2
    list(do.choose(seat(session.id), event(index=1, turn=5)))
    assert session.current == 1, "another tab counts for itself"
    list(do.choose(sid, event(index=0)))
    assert session.current == 0, "a click without a number is obeyed"
    for good, turn in ((True, 17), (False, 16)):
        do.mark_line(sid, event(id=lines[1], good=good, turn=turn))
    assert session.pictures[1].good is True
    do.turn(sid, event(first=24, turn=15))
    do.turn(sid, event(first=48, turn=14))
    assert session.first == 24


def test_a_small_picture_is_chosen_by_its_name(do: Handlers, session: Session) -> None:
    names = [name_of(session, one) for one in session.pictures]
    assert all(
        f'data-name="{name}"' in last(do.choose(session.id, event(index=0)))[do.page.bench]["value"] for name in names
    )
    do.bench.remove(session, 0)
    list(do.choose(session.id, event(index=1, name=names[1])))
    assert name_of(session, session.pictures[session.current]) == names[1], "whatever is where it was"
    refused = last(do.choose(session.id, event(index=0, name=names[0])))
    assert "none there" in refused[do.page.status]


@pytest.mark.parametrize("good", [True, False])
def test_a_mark_goes_to_the_picture_that_was_seen(do: Handlers, session: Session, good: bool) -> None:
    mark, seen = do.mark_good if good else do.mark_bad, look_of(session)
    do.bench.show(session, 0)
    told = mark(session.id, seen)
    assert [one.good for one in session.pictures] == [None, None, good]
    assert "part 2" in told[do.page.status], "it is said which one"
    mark(session.id)
    assert session.pictures[0].good is good, "without a word of what was seen it is the one in view"
    do.bench.remove(session, 2)
    told = mark(session.id, seen)
    assert ANOTHER in told[do.page.status]
    assert session.pictures[0].good is good


WORDS: dict[str, Callable[[Handlers, str, str], Any]] = {
    "mark_normal": lambda do, sid, seen: do.mark_normal(sid, seen),
    "mark_defect": lambda do, sid, seen: do.mark_defect(sid, None, "2, 2, 9, 9", "dent", seen),
    "redraw": lambda do, sid, seen: do.redraw(sid, 1, None, "2, 2, 9, 9", "dent", seen),
    "reject": lambda do, sid, seen: do.reject(sid, 1, seen),
    "rename": lambda do, sid, seen: do.rename(sid, 1, "dent", seen),
    "remove_picture": lambda do, sid, seen: do.remove_picture(sid, seen),
    "move_threshold": lambda do, sid, seen: do.move_threshold(sid, 0.3, seen),
    "ask_chosen": lambda do, sid, seen: do.ask_chosen(sid, 1, seen),
    "ask_region": lambda do, sid, seen: do.ask_region(sid, event(number=1), seen),
    "ask_pointed": lambda do, sid, seen: do.ask_pointed(sid, None, "2, 2, 9, 9", seen),
    "suggested": lambda do, sid, seen: do.ask(sid, "Where is it?", seen),
    "start_over": lambda do, sid, seen: do.start_over(sid, seen),
    "retry": lambda do, sid, seen: do.retry(sid, seen),
    "look_closer": lambda do, sid, seen: do.look_closer(sid, event(look="full"), seen),
    "prepare": lambda do, sid, seen: do.prepare(sid, seen),
}


@pytest.fixture
def changed(session: Session) -> Callable[[], Any]:
    """What a word about a picture may change."""

    def state() -> Any:
        pictures = [
            (one.threshold, one.look, tuple(one.corrected), tuple(map(str, one.messages))) for one in session.pictures
        ]
        return pictures, tuple(session.corrections), tuple(session.waiting), len(session.setup.references)

    return state


@pytest.mark.parametrize("word", WORDS)
def test_a_word_about_a_picture_that_left_the_view_is_refused(
    do: Handlers, session: Session, changed: Callable[[], Any], word: str
) -> None:
    do.bench.set_threshold(session, 0.05)
    do.bench.note(session, "Why?")
    seen, sid = look_of(session), seat(session.id)
    do.bench.show(session, 0)
    do.bench.set_threshold(session, 0.05)
    assert session.pictures[0].view is not None
    assert session.pictures[0].view.inspection.regions, "there is a region of that number in view too"
    before = changed()
    told = last(WORDS[word](do, sid, seen))
    assert f"{ANOTHER} part 0, in view by now" in told[do.page.status]
    assert changed() == before
    assert told[do.page.behind] != last(WORDS[word](do, sid, seen))[do.page.behind], "the page is painted each time"
    assert do.catch_up(sid)[do.page.seen] == look_of(session) != seen


@pytest.mark.parametrize("word", ["redraw", "reject", "rename", "ask_chosen", "ask_region"])
def test_a_word_about_a_region_that_has_another_number_by_now_is_refused(
    do: Handlers, session: Session, changed: Callable[[], Any], word: str
) -> None:
    do.bench.set_threshold(session, 0.05)
    seen = look_of(session)
    do.bench.set_threshold(session, 0.95)
    before = changed()
    assert look_of(session) != seen
    assert "xpected the regions that you saw" in last(WORDS[word](do, session.id, seen))[do.page.status]
    assert changed() == before


def test_a_scan_is_leafed_and_windowed_as_it_was_seen(do: Handlers, tmp_path: Path) -> None:
    session, volume = do.bench.store.new(), read_volume(nifti(tmp_path / "head.nii.gz", solid()))
    first, second = (do.bench.put_scan(session, volume, name).scan for name in ("first", "second"))
    assert first is not None
    assert second is not None
    sid, seen, index = seat(session.id), look_of(session), first.index
    for name, turn in (("bone", 12), ("", 11)):
        do.window_scan(sid, event(name=name, turn=turn), seen)
    assert second.window == "bone", "the window that was chosen last"
    do.leaf(sid, event(index=2, turn=12), seen)
    do.bench.show(session, 0)
    for told in (do.leaf(sid, event(index=3, turn=13), seen), do.window_scan(sid, event(name="bone", turn=13), seen)):
        assert f"{ANOTHER} first, in view by now" in told[do.page.status]
    assert (second.index, first.index, first.window) == (2, index, "")


def test_what_was_seen_in_another_project_is_not_here(bench: Workbench, session: Session, part: QueryImage) -> None:
    other = bench.store.new()
    for number in range(3):
        bench.add(other, QueryImage(part.pixels, f"other {number}"))
    assert in_view(session, look_of(session), regions=True) is session.picture
    with pytest.raises(AnotherInView, match=ANOTHER):
        in_view(session, look_of(other))
    with pytest.raises(AnotherInView, match=ANOTHER):
        picture_seen(session, look_of(other))
    assert look_of(bench.store.new()) == ""


class Hold:
    """Holds the next request of a tab back until it is let go.

    Args:
        tab: whose.
    """

    def __init__(self, tab: Any) -> None:
        self._held: list[Any] = []
        self._tab = tab
        tab.route("**/queue/join*", self._taken)

    def _taken(self, route: Any) -> None:
        if self._held:
            route.continue_()
        else:
            self._held.append(route)

    def wait(self) -> None:
        """Until there is one."""
        while not self._held:
            self._tab.wait_for_timeout(10)

    def let_go(self) -> None:
        """It is sent on, and so is what comes after it."""
        self._held[0].continue_()
        self._tab.unroute("**/queue/join*")


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the reactions that came to their end, of those that these tests wait for."""
    names: list[str] = []

    def noted(name: str) -> Any:
        before = getattr(Handlers, name)

        def streamed(self: Handlers, *given: Any) -> Iterator[Any]:
            yield from before(self, *given)
            names.append(name)

        return streamed

    monkeypatch.setattr(Handlers, "brought", noted("brought"))
    return names


@pytest.mark.filterwarnings("ignore")
def test_the_last_click_wins_whichever_is_worked_on_last(page: Any, ended: list[str]) -> None:
    for number in (1, 3, 4):
        choose_sample(page, number)
    hold = Hold(page)
    page.locator("#bench button").nth(0).click()
    hold.wait()
    page.locator("#bench button").nth(1).click()
    page.wait_for_function("document.querySelector('#card').innerText.includes('plate 3')")
    before = len(ended)
    hold.let_go()
    while len(ended) == before:
        page.wait_for_timeout(10)
    page.locator("#everything button").first.click()  # what comes to this page comes in order
    page.wait_for_selector("#overview button.bad")
    assert "plate 3" in page.locator("#card").inner_text()
    assert page.locator("#bench button[aria-pressed=true]").get_attribute("data-index") == "1"


@pytest.mark.filterwarnings("ignore")
def test_keys_that_overtake_each_other_mark_and_correct_what_was_seen(page: Any) -> None:
    for number in (1, 3):
        choose_sample(page, number)
    page.locator("#bench button").nth(0).click()
    page.wait_for_function("document.querySelector('#card').innerText.includes('plate 1')")
    idle(page)
    hold = Hold(page)
    page.locator("#card").focus()
    page.keyboard.press("g")
    hold.wait()
    page.keyboard.press("n")
    page.wait_for_function("document.querySelector('#card').innerText.includes('plate 3')")
    hold.let_go()
    page.wait_for_function("document.querySelector('#status').innerText.includes('Marked good')")
    page.locator("#everything button").first.click()
    marks = "[...document.querySelectorAll('#overview tbody tr')].map((row) => row.querySelector('button.good').ariaPressed)"
    page.wait_for_function(f"{marks}.length === 2")
    assert page.evaluate(marks) == ["true", "false"]

    hold = Hold(page)
    page.locator("#is-normal").click()
    hold.wait()
    page.keyboard.press("p")
    page.wait_for_function("document.querySelector('#card').innerText.includes('plate 1')")
    hold.let_go()
    page.wait_for_function("document.querySelector('#status').innerText.includes('xpected the picture that you saw')")
    assert page.locator("#said button").count() == 0, "nothing is corrected"
    page.locator("#is-normal").click()
    page.wait_for_selector("#said button")
    assert "plate 1" in page.locator("#card").inner_text()
