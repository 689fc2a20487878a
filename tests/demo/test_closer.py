"""Closer looks at large pictures on the page: offered with their cost, taken behind the scenes, stopped, kept, corrected."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from assistant import inquiry as asked_of
from assistant.errors import ConfigError
from assistant.inquiry import Detail
from assistant.pipeline import Assistant
from assistant.types import QueryImage
from assistant.vision.closer import closer_look, tile_references
from assistant.vision.detail import overview
from assistant.vision.detail.painted import LayeredMap
from assistant.vision.references.profile import Profile
from assistant.vision.regions import find_regions
from demo.bench import keeping, thresholds
from demo.bench.asked_closer import references_of, tiles_of_references
from demo.bench.closely import Closely
from demo.bench.correcting import region_mask
from demo.bench.details import Details
from demo.bench.judging import BenchError
from demo.bench.session_store import SessionStore
from demo.bench.sessions import Picture, Session
from demo.bench.workbench import Workbench
from demo.engine import Engine
from demo.export import exports
from demo.export.html_report import html_report
from demo.settings import Settings
from demo.view import closer_words, drawing, viewer, words
from tests.demo.browser import idle
from tests.demo.test_access import look as look_at

SIZE = (300, 400)
PITS = ((300, 200), (90, 120))


def surface(seed: int, size: tuple[int, int] = SIZE) -> QueryImage:
    plane = np.random.default_rng(seed).normal(128, 10, (*size, 1)).clip(0, 255).astype(np.uint8)
    return QueryImage(np.ascontiguousarray(plane.repeat(3, 2)), f"surface {seed}.png")


def pitted(size: tuple[int, int] = SIZE) -> QueryImage:
    image = surface(3, size)
    for place in PITS:
        cv2.circle(image.pixels, place, 9, (20, 20, 20), -1)
    return image


@pytest.fixture(autouse=True)
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small pictures are large ones."""
    for module in (overview, asked_of):
        monkeypatch.setattr(module, "LARGE", 50_000)


@pytest.fixture
def specks(monkeypatch: pytest.MonkeyPatch) -> None:
    """What tiles find is smaller than what counts on a picture as a whole, as it is in pictures of many megapixels."""
    monkeypatch.setattr(thresholds, "find_regions", partial(find_regions, min_area_fraction=0.05))


@pytest.fixture
def opened(tiny: Assistant, tmp_path: Path) -> Iterator[Callable[[], Workbench]]:
    """Opens a page on one folder of projects."""
    settings = Settings(preset="tiny", projects=tmp_path / "projects")
    engine = Engine(lambda: tiny).start()
    engine.wait(60)
    made: list[Workbench] = []

    def open_() -> Workbench:
        root = tmp_path / f"page{len(made)}"
        root.mkdir()
        restore = partial(keeping.restored, limits=settings.limits)
        store = SessionStore(9, root=root, projects=settings.projects, restore=restore)
        made.append(Workbench(engine, store, settings))
        return made[-1]

    yield open_
    for bench in made:
        bench.store.free_all()


def ended(session: Session) -> None:
    """Wait until no closer look is taken."""
    until = time.monotonic() + 120
    while session.looks or session.looking:
        assert time.monotonic() < until
        time.sleep(0.01)


def looked(bench: Workbench, session: Session, picture: Picture) -> Picture:
    bench.look_closer(session, "auto")
    ended(session)
    assert session.failed == []
    return picture


def near(picture: Picture, place: tuple[int, int]) -> list[int]:
    """Numbers of the regions around a place."""
    assert picture.view is not None
    return [
        r.id
        for r in picture.view.inspection.regions
        if r.box.x_min - 12 <= place[0] < r.box.x_max + 12 and r.box.y_min - 12 <= place[1] < r.box.y_max + 12
    ]


def with_references(bench: Workbench) -> tuple[Session, Picture]:
    session = bench.store.new(visitor="v" * 40)
    bench.add_references(session, [surface(1), surface(2)])
    return session, bench.add(session, pitted())


def test_a_large_picture_is_offered_a_closer_look_with_its_cost(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, picture = with_references(bench)
    offer = picture.offer
    assert offer is not None
    assert offer.look == "auto"
    assistant = bench.engine.wait()
    assert offer.tiles == closer_look.planned_tiles(assistant.detector, SIZE, Detail("auto"), 16)
    told: list[tuple[int, int]] = []
    references = [surface(1), surface(2)]
    tile_references.tile_references(assistant.detector, references, 16, progress=lambda *at: told.append(at))
    assert offer.of_references == len(told) == tiles_of_references(assistant, references, 16)
    assert offer.seconds == pytest.approx(np.median(bench.timed) * (offer.tiles + offer.of_references))
    card = closer_words.offer(picture)
    assert 'data-closer="auto"' in card
    assert "here" in card
    assert "--detail" not in words.warning_lines(picture.view), "buttons, not options of commands"  # type: ignore[arg-type]
    bench.timed.clear()
    bench.timed.append(2 * offer.seconds)
    picture.judged_version = -1
    bench.judge(picture)
    assert picture.offer is not None
    assert picture.offer.seconds > offer.seconds, "it is told by what was measured here"

    for module in (overview, asked_of):
        monkeypatch.setattr(module, "LARGE", 1_000_000)
    assert bench.add(session, surface(4)).offer is None


def test_what_a_closer_look_finds_replaces_what_the_overview_said(bench: Workbench) -> None:
    session, picture = with_references(bench)
    picture.messages.append({"role": "user", "content": "Is anything wrong?"})
    before = picture.mark
    looked(bench, session, picture)
    view = picture.view
    assert view is not None
    assert all(len(near(picture, place)) == 1 for place in PITS)
    assert picture.mark != before
    assert picture.mark is not None
    assert picture.mark.regions == len(view.inspection.regions)
    assert picture.messages[-1]["content"].startswith("The result has changed"), "answers were about the overview"
    row = exports.row(picture, view)
    assert row["detail"] == "auto"
    assert row["tiles"] > 0
    assert 0 < row["looked_at"] <= 1
    assert not any("looked at as a whole" in one for one in row["warnings"])
    found = session.project.document("found", picture.key)
    assert [one["box"] for one in found["regions"]] == [list(r.box.as_tuple()) for r in view.inspection.regions]
    assert picture.offer is None
    assert closer_words.offer(picture) == ""
    assert "tiles looked at closely" in words.verdict_card(view)


@pytest.mark.usefixtures("specks")
def test_the_threshold_moves_on_the_cells_of_tiles(bench: Workbench) -> None:
    session, picture = with_references(bench)
    looked(bench, session, picture)
    kinds = {r.box: r.type for r in picture.view.inspection.regions}  # type: ignore[union-attr]
    bench.set_threshold(session, 0.9)
    view = picture.view
    assert view is not None
    assert all(near(picture, place) for place in PITS)
    assert all(peak >= 0.9 for peak in view.peaks)
    assert {r.type for r in view.inspection.regions} <= set(kinds.values()) - {None}
    assert all(r.measures is not None for r in view.inspection.regions)
    bench.set_threshold(session, 0.5)
    assert {r.box: r.type for r in picture.view.inspection.regions} == kinds  # type: ignore[union-attr]


@pytest.mark.usefixtures("specks")
def test_corrections_stay_before_and_after_a_closer_look(bench: Workbench) -> None:
    session, picture = with_references(bench)
    drawn = np.zeros(SIZE, bool)
    drawn[30:45, 350:370] = True
    bench.mark_defect(session, drawn, "dent")
    looked(bench, session, picture)
    assert "What you corrected stays: one correction." in closer_words.offer(_offered(picture))
    marked = near(picture, (360, 37))
    assert len(marked) == 1
    assert np.array_equal(region_mask(picture.view, marked[0]), drawn)  # type: ignore[arg-type]
    assert all(near(picture, place) for place in PITS)

    assert picture.closely is not None
    assert {r.box for r in picture.closely.regions} <= {r.box for r in picture.view.inspection.regions}  # type: ignore[union-attr]
    first = PITS[0]
    boxes = [r.box for r in picture.view.inspection.regions]  # type: ignore[union-attr]
    number = near(picture, first)[0]
    bench.reject(session, number)
    assert near(picture, first) == []
    left = {r.box for r in picture.view.inspection.regions}  # type: ignore[union-attr]
    assert left == {*boxes} - {boxes[number - 1]}, "the others stay as they are"
    bench.undo(session)
    ended(session)
    assert near(picture, first)


def _offered(picture: Picture) -> Picture:
    from demo.bench.closely import Offer

    return Picture(picture.held, picture.setup, corrected=picture.corrected, offer=Offer("full", 9, 0, 3.0))


def test_others_are_looked_at_meanwhile_and_a_stop_leaves_what_was_known(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, picture = with_references(bench)
    before, reached, go = picture.mark, threading.Event(), threading.Event()

    def give_way() -> None:
        bench.engine.looking.release()
        reached.set()
        go.wait(60)
        bench.engine.looking.acquire()

    monkeypatch.setattr(bench.engine, "give_way", give_way)
    bench.look_closer(session, "auto")
    assert reached.wait(60)
    look = session.looks[0]
    bench.look_closer(session, "full")
    assert session.looks == [look], "a second click does nothing twice"
    assert picture.detail == Detail("auto")
    assert f"tile 1 of {look.planned}" in closer_words.told(session)
    assert closer_words.offer(picture) == ""
    other = bench.add(session, surface(5))
    assert other.mark is not None, "judged while the look goes on"
    bench.stop_looking(session, look.number)
    assert "Stopping" in closer_words.told(session)
    go.set()
    ended(session)
    assert (picture.mark, picture.closely, session.failed) == (before, None, [])
    assert closer_words.told(session) == ""
    assert "data-closer" in closer_words.offer(picture)
    bench.choose(session, 0)
    assert session.looks == [], "stopped is stopped until somebody asks again"


def test_a_setting_for_all_pictures_shows_the_overview_first_and_is_kept(
    opened: Callable[[], Workbench], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = opened()
    session, picture = with_references(bench)
    session.project.put("view", 0, {})
    bench.tell(session, Details(detail="full", smallest=20))
    ended(session)
    second = bench.add(session, surface(6))
    assert second.view is not None
    assert second.closely is None, "the overview comes first"
    ended(session)
    assert {one.closely.detail for one in session.pictures if one.closely is not None} == {"20"}
    assert second.closely is not None
    profile = Profile.load(bench.save_profile(session))
    assert profile.tiles is not None
    assert profile.tiles.smallest == 20
    regions = picture.view.inspection.regions if picture.view is not None else ()

    def never(*_: Any, **__: Any) -> Any:
        raise AssertionError("what is kept is not looked at again")

    for module in (closer_look, tile_references):
        monkeypatch.setattr(module, "tile_features", never)
    bench = opened()
    session = bench.store.get(session.id)
    assert session.own.inquiry.detail == Detail("full", 20)
    bench.choose(session, 0)
    back = session.pictures[0]
    assert back.view is not None
    assert [r.box for r in back.view.inspection.regions] == [r.box for r in regions]
    assert isinstance(back.view.measured.anomaly_map, LayeredMap)
    assert not session.looks
    bench.tell(session, Details(rule="reject any hole", detail="full", smallest=20))
    assert not session.looks, "a rule is no reason to look again"
    with pytest.raises(ConfigError, match="a smallest thing of 4 to 4096 pixels"):
        bench.tell(session, Details(detail="full", smallest=1))
    assert session.own.inquiry.detail == Detail("full", 20)
    bench.clear_references(session)
    assert not list(session.project.files.glob("*tiles*")), "no file of theirs is left"


def test_a_look_that_was_kept_comes_back_whole(bench: Workbench) -> None:
    session, picture = with_references(bench)
    looked(bench, session, picture)
    kept = picture.closely
    assert kept is not None
    again = Closely.of_bytes(kept.as_bytes())
    assert [r.box for r in again.regions] == [r.box for r in kept.regions]
    assert (again.score, again.version, again.row, again.warnings) == (
        kept.score, kept.version, kept.row, kept.warnings,
    )  # fmt: skip
    for one, other in zip(again.layers, kept.layers, strict=True):
        assert np.array_equal(one.scores, other.scores)
    assert np.array_equal(again.embeddings, kept.embeddings)  # type: ignore[arg-type]


def test_a_scan_and_other_words_are_refused(bench: Workbench) -> None:
    session = bench.store.new()
    bench.add(session, surface(3))
    with pytest.raises(BenchError, match="expected a closer look, auto or full"):
        bench.look_closer(session, "overview")
    assert references_of(session.setup) == []


def test_regions_are_shown_and_reported_in_the_pictures_own_pixels(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawing, "SCREEN", 200)
    session, picture = with_references(bench)
    looked(bench, session, picture)
    view = picture.view
    assert view is not None
    x, y = PITS[0]
    region = next(r for r in view.inspection.regions if r.id in near(picture, PITS[0]))
    shown = cv2.cvtColor(cv2.imread(str(viewer.crop_file(session, picture.image, x, y, region.box))), cv2.COLOR_BGR2RGB)
    pixels, _ = viewer.around(picture.image, x, y)
    assert np.array_equal(shown[:8:2, :8:2], pixels[:4, :4]), "a pixel of the picture is so many of the screen, unmixed"
    crops = dict(drawing.region_crops(view))
    assert set(crops) == {r.id for r in view.inspection.regions[: drawing.MOST_CROPS]}
    own = crops[region.id]
    assert any(
        np.array_equal(own, picture.image.pixels[top : top + own.shape[0], left : left + own.shape[1]])
        for top in range(SIZE[0] - own.shape[0] + 1)
        for left in (
            max(0, min((region.box.x_min + region.box.x_max) // 2 - own.shape[1] // 2, SIZE[1] - own.shape[1])),
        )
    )
    report = html_report(picture, view)
    assert report.count('figure class="crop"') == len(crops)


@pytest.mark.filterwarnings("ignore")
def test_a_closer_look_in_a_browser(visit: Callable[..., Any], tmp_path: Path) -> None:
    page = visit(1280, 900)
    cv2.imwrite(str(tmp_path / "plate.png"), pitted((450, 600)).pixels)
    page.locator("#drop input[type=file]").set_input_files(tmp_path / "plate.png")
    page.wait_for_selector("#card [data-closer]")
    idle(page)
    button = page.locator("#card [data-closer]")
    assert "Look closer (about" in button.inner_text()
    button.click()
    page.wait_for_function("document.querySelector('#card').innerText.includes('looked at closely')")
    page.wait_for_function("!document.querySelector('#closer .drop')")
    assert page.locator("#card [data-closer=auto]").count() == 0
    page.locator("#boxes .labels button").first.click()
    page.wait_for_selector("#probe img")
    assert "in region 1" in page.locator("#probe").inner_text()
    idle(page)
    table, card = (page.locator(name).bounding_box() for name in ("#table", "#card"))
    assert table["x"] + table["width"] <= card["x"] + card["width"] + 1
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280

    page.locator("button.label-wrap", has_text="Details").first.click()
    page.get_by_label("everywhere").check()
    page.locator("#smallest input").fill("24")
    page.locator("#apply").click()
    page.wait_for_function("!document.querySelector('#status .busy')")
    cv2.imwrite(str(tmp_path / "second.png"), surface(4).pixels)
    page.locator("#drop input[type=file]").set_input_files(tmp_path / "second.png")
    page.wait_for_function(
        "['second.png', 'looked at closely'].every(one => document.querySelector('#card').innerText.includes(one))"
    )
    assert page.locator("#smallest input").input_value() == "24", "what ends behind the scenes leaves the details alone"
    look_at(page, 1280)


def test_the_row_of_a_prepared_picture_says_what_was_looked_at(bench: Workbench) -> None:
    session, picture = with_references(bench)
    looked(bench, session, picture)
    told = json.loads(exports.write_all(session)[0].read_text())
    assert (told["detail"], told["tiles"] > 0) == ("auto", True)
    assert len(told["regions"]) == len(picture.view.inspection.regions)  # type: ignore[union-attr]
