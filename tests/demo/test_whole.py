"""All pictures of a project: marked, stepped through, under one threshold, reported; and a folder that goes on after a kill."""

from __future__ import annotations

import csv
import re
import time
from collections.abc import Callable
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from assistant.errors import ConfigError
from assistant.pipeline import Assistant
from assistant.types import QueryImage, Severity, Verdict
from demo.bench import keeping
from demo.bench.details import Details
from demo.bench.judging import BenchError
from demo.bench.session_store import SessionStore
from demo.bench.sessions import Session
from demo.bench.workbench import Workbench
from demo.engine import Engine
from demo.export.all_pictures import Files
from demo.handlers import Handlers
from demo.reactions.looks import read_scale
from demo.reactions.tabs import is_left, seat
from demo.sample_set import SampleSet
from demo.settings import Settings
from demo.view import chips, overview, words
from demo.whole import folder_run, marking
from demo.whole.allowed import Allowed, FolderError
from demo.whole.folder_run import FolderRun
from demo.whole.listed import lines_of
from demo.whole.runs import Runs
from tests.demo.browser import idle
from tests.demo.conftest import write_incoming
from tests.demo.running import components
from tests.scan_files import dicom_file

HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def opened(tiny: Assistant, tmp_path: Path) -> Callable[[], Workbench]:
    """Opens a page on one folder of projects; a page before it is left as a killed one leaves it."""
    settings = Settings(preset="tiny", max_pictures=2, projects=tmp_path / "projects")
    engine = Engine(lambda: tiny).start()
    engine.wait(60)
    count = iter(range(9))

    def open_() -> Workbench:
        root = tmp_path / f"page{next(count)}"
        root.mkdir()
        restore = partial(keeping.restored, limits=settings.limits)
        return Workbench(engine, SessionStore(9, root=root, projects=settings.projects, restore=restore), settings)

    return open_


def three(bench: Workbench, part: QueryImage) -> Session:
    session = bench.store.new(visitor="v" * 40)
    for number in range(3):
        bench.add(session, QueryImage(np.roll(part.pixels, 9 * number, axis=1), f"{number} {HOSTILE}"))
    return session


def test_marks_and_the_threshold_of_all_come_back(opened: Callable[[], Workbench], part: QueryImage) -> None:
    bench = opened()
    session = three(bench, part)
    lines = lines_of(session)
    assert [line.found_at for line in lines] == [0.5] * 3
    marking.mark(session, lines[1].id, good=False)
    with pytest.raises(BenchError, match="a line of the table"):
        marking.mark(session, "p99", good=True)
    verdicts = [line.verdict(0.5) for line in lines]
    bench.set_threshold_of_all(session, 0.2)
    assert all(line.verdict(0.2) is Verdict.ANOMALOUS for line in lines_of(session))
    assert bench.add(session, part).threshold == 0.2, "pictures to come take it"
    session = opened().store.get(session.id)
    assert [one.good for one in session.pictures] == [None, False, None, None]
    assert [one.threshold for one in session.pictures] == [0.2] * 4
    assert (session.choice.at, session.choice.used) == (0.2, 0.2)
    assert session.pictures[0].mark is not None
    assert session.pictures[0].mark.verdict is Verdict.ANOMALOUS
    assert verdicts != [Verdict.ANOMALOUS] * 3, "else the test shows nothing"


def test_steps_follow_the_table_while_it_is_open(opened: Callable[[], Workbench], part: QueryImage) -> None:
    bench = opened()
    session = three(bench, part)
    names = [line.name for line in lines_of(session)]
    assert marking.show(bench, session, marking.neighbour(session, -1), None).name == names[1]
    with pytest.raises(BenchError, match="the end of the list"):
        [marking.show(bench, session, marking.neighbour(session, 1), None) for _ in range(2)]
    session.choice.open = True
    session.choice.set({"order": "name"})
    session.choice.set({"order": "name"})
    assert marking.show(bench, session, marking.neighbour(session, 1), None).name == names[1], "the other way round"
    session.choice.set({"text": "0 <"})
    assert marking.show(bench, session, marking.neighbour(session, 1), None).name == names[0]


def test_the_report_holds_every_picture_and_runs_nothing(opened: Callable[[], Workbench], part: QueryImage) -> None:
    bench = opened()
    session = three(bench, part)
    bench.set_threshold_of_all(session, 0.2)
    for index in range(3):
        bench.choose(session, index)
    assert session.pictures[0].held is None, "its regions are read from the project"
    files = Files(session, None, bench.settings.limits)
    assert list(files.write()) == []
    text = files.report.read_text(encoding="utf-8")
    assert text.count("<article") == 3
    assert text.count("data:image/webp") == 3
    assert HOSTILE not in text
    assert "&lt;img" in text
    assert text.count("highest score 0.") == sum(line.regions for line in lines_of(session)) > 0
    assert files.table.read_text(encoding="utf-8-sig").count("anomalous") == 3
    for shown in (
        ">0</span>",
        ">0.5</span>",
        ">1</span>",
        "Score, from 0 (normal)",
        "Boxes by severity:",
        "critical</span>",
    ):
        assert shown in text
    assert session.pictures[0].held is None
    with pytest.raises(BenchError, match="at least one picture"):
        list(Files(bench.store.new(), None, bench.settings.limits).write())


def test_the_report_tells_what_its_verdicts_rest_on(opened: Callable[[], Workbench], part: QueryImage) -> None:
    bench = opened()
    session = bench.store.new(visitor="v" * 40, name="Lids & caps")
    bench.add(session, part)

    def report() -> str:
        files = Files(session, None, bench.settings.limits)
        list(files.write())
        return files.report.read_text(encoding="utf-8")

    text = report()
    assert "<h1>Lids &amp; caps: inspection of 1 picture</h1>" in text
    assert "rest on no normal reference pictures: rough guesses." in text
    normal = [QueryImage(np.roll(part.pixels, number, axis=1), f"ok {number}") for number in (3, 6)]
    bench.add_references(session, normal)
    bench.settle(session, session.pictures[0])
    assert "The verdicts rest on 2 normal reference pictures." in (text := report())
    assert "rough guess" not in text
    mask = np.zeros((60, 80), bool)
    mask[10:20, 50:65] = True
    bench.mark_defect(session, mask, "hole")
    assert "The verdicts rest on 2 normal reference pictures and 1 correction of yours." in report()
    bench.tell(session, Details(mode="zero-shot"))
    assert "rest on 1 correction of yours and no normal reference pictures: rough guesses." in report()


def test_warnings_and_severity_are_in_every_file_and_come_back(
    opened: Callable[[], Workbench], part: QueryImage, tmp_path: Path
) -> None:
    bench = opened()
    session = bench.store.new(visitor="v" * 40)
    other = np.full((60, 80, 3), (20, 200, 40), np.uint8)
    other[10:30, 20:50] = (200, 20, 200)
    normal = [QueryImage(np.roll(part.pixels, number, axis=1), f"ok {number}") for number in range(4)]
    bench.add_references(session, normal)
    picture = bench.add(session, QueryImage(other, "other.png"))
    assert picture.view is not None
    assert picture.view.measured.warnings, "else the test shows nothing"
    bench.set_threshold(session, 0.05)
    worst = max((r.severity for r in picture.view.inspection.regions), key=list(Severity).index)
    session = opened().store.get(session.id)
    (line,) = lines_of(session)
    assert (line.warnings, line.severity) == (picture.view.measured.warnings, worst)
    files = Files(session, None, bench.settings.limits)
    list(files.write())
    text = files.report.read_text(encoding="utf-8")
    assert f"worst severity {worst}" in text
    with files.table.open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["severity"], row["warnings"]) == (worst, "; ".join(line.warnings))
    for one in line.warnings:
        assert f"The picture {escape(one)}." in text
    session.choice.open = True
    assert f'data-label="Severity">{worst}<' in overview.value(session)["rows"]  # type: ignore[index]


def test_files_of_all_pictures_say_that_something_changed(
    opened: Callable[[], Workbench], part: QueryImage, tmp_path: Path
) -> None:
    bench, page = opened(), components()
    do = Handlers(bench, SampleSet(None, tmp_path / "samples"), page, tmp_path)
    session = three(bench, part)
    buttons = (page.table_csv, page.table_report)

    def labels(updates: dict[Any, Any]) -> set[str]:
        return {updates[button]["label"].partition(", ")[2] for button in buttons}

    assert not any(do.open_table(session.id)[button]["visible"] for button in buttons), "nothing is exported yet"
    *_, made = do.write_table(session.id)
    assert all(made[button]["visible"] and Path(made[button]["value"]).is_file() for button in buttons)
    assert labels(made) == {""}
    assert labels(do.close_table(session.id) | do.open_table(session.id)) == {""}, "looking changes nothing"
    assert labels(do.mark_good(session.id)) == {"without the last changes"}
    *_, made = do.write_table(session.id)
    assert labels(made) == {""}
    bench.set_threshold_of_all(session, 0.2)
    assert labels(do.open_table(session.id)) == {"without the last changes"}
    list(do.write_table(session.id))
    *_, shown = do.remove_picture(session.id)
    assert labels(shown) == {"without the last changes"}
    *_, shown = do.new_project(session.id, "v" * 40)
    assert not any(shown[button]["visible"] for button in buttons), "they are the other project's"


def test_only_what_lies_in_the_folder_is_let_in(tmp_path: Path) -> None:
    root = write_incoming(tmp_path / "in")
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "own.png").write_bytes(b"x")
    (root / "out").symlink_to(tmp_path / "secret")
    allowed = Allowed(root)
    assert allowed.folders() == [".", "lids"]
    assert allowed.folder("lids") == root / "lids"
    for named in (
        "..",
        "../secret",
        "out",
        "/",
        str(tmp_path / "secret"),
        "no",
        "lids/lid 0.png",
        "\0",
        "lids/../..",
        None,
    ):
        with pytest.raises(FolderError, match="expected a folder that the operator allows"):
            allowed.folder(named)
    with pytest.raises(FolderError, match="lies elsewhere"):
        allowed.file(root / "out" / "own.png")
    with pytest.raises(ConfigError, match="expected a folder for --folder"):
        Allowed(tmp_path / "no")


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"watch": True}, "--folder with --watch"), ({"share": True, "incoming": Path()}, "--folder on a page that asks"),
        ({"host": "0.0.0.0", "incoming": Path()}, "--folder on a page that asks"),
    ],
)  # fmt: skip
def test_a_folder_is_for_those_who_are_let_in(options: dict[str, Any], match: str) -> None:
    with pytest.raises(ConfigError, match=match):
        Settings(**options)


def ended(runs: Runs, session: Session, state: str = "done") -> None:
    for _ in range(3000):
        progress = runs.progress(session.id)
        if progress is not None and progress.state == state:
            return
        time.sleep(0.02)
    raise AssertionError(runs.progress(session.id))


def test_a_folder_goes_on_after_a_kill_each_picture_once(
    opened: Callable[[], Workbench], tmp_path: Path, part: QueryImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    allowed = Allowed(write_incoming(tmp_path / "in", 8))
    bench = opened()
    session = bench.store.new(visitor="v" * 40)
    bench.tell(session, Details("metal lid", domain="industrial"))
    bench.add_references(session, [part])
    runs = Runs(bench, allowed)
    with pytest.raises(FolderError):
        runs.begin(session, "../")
    told = FolderRun._tell

    def killed(run: FolderRun, batch: Any) -> None:
        told(run, batch)
        if run.progress.done == 3:
            run._ended.set()  # nothing is noted any more

    with monkeypatch.context() as patched:
        patched.setattr(FolderRun, "_tell", killed)
        runs.begin(session, ".")._thread.join(60)
    with session.rows.path.open("ab") as file:  # type: ignore[union-attr]
        file.write(b'{"schema": "anoma')
    assert session.rows.count == 3

    bench = opened()
    session = bench.store.get(session.id)
    assert session.rows.count == 3
    again = Runs(bench, allowed)
    assert again.go_on() == 1
    ended(again, session)
    names = [line.name for line in session.rows.lines()]
    assert sorted(names) == sorted([*(f"lids/lid {n}.png" for n in range(8)), "torn.png"])
    assert len(session.rows.path.read_bytes().splitlines()) == 9  # type: ignore[union-attr]
    assert [line.name for line in session.rows.lines() if line.error] == ["torn.png"]
    assert all(one.held is None for one in session.pictures), "rows are no pictures in memory"
    assert Runs(opened(), allowed).go_on() == 0, "what is done is not begun again"

    line = next(one for one in lines_of(session) if one.name == "lids/lid 3.png")
    marking.mark(session, line.id, good=False)
    picture = marking.show(bench, session, line.id, allowed)
    assert picture.view is not None
    assert picture.view.score == pytest.approx(line.score, abs=1e-5), "judged as the folder was"
    assert picture.good is False
    assert [one.name for one in lines_of(session)].count(line.name) == 1
    assert marking.show(bench, session, line.id, allowed) is picture, "copied once"
    session = opened().store.get(session.id)
    assert [one.of for one in session.pictures] == [str(allowed.root / "lids/lid 3.png")]
    assert len(lines_of(session)) == 9


def test_a_folder_is_watched(
    opened: Callable[[], Workbench], tmp_path: Path, pixels: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder_run, "POLL", 0.05)
    root = write_incoming(tmp_path / "in", 2)
    bench = opened()
    session = bench.store.new(visitor="v" * 40)
    runs = Runs(bench, Allowed(root), watch=True)
    runs.begin(session, ".")
    ended(runs, session, "watching")
    assert session.rows.count == 3
    cv2.imwrite(str(root / "new.png"), pixels)
    for _ in range(600):
        if session.rows.count == 4:
            break
        time.sleep(0.02)
    assert [line.name for line in session.rows.lines()][-1] == "new.png"
    assert session.project.document("run", 0)["state"] == "going", "it is watched when the page starts again"
    bench.store.remove(session.id)
    ended(runs, session, "stopped")
    runs.close()


def test_the_reason_for_references_is_the_one_that_was_measured() -> None:
    text = (Path(__file__).parents[2] / "docs" / "results.md").read_text(encoding="utf-8")
    pairs = re.findall(r"\| (?:\.\d+ / ){2}\.\d+ \| (\.\d+) / (\.\d+) \|", text)[:6]
    means = [round(100 * sum(float(pair[which]) for pair in pairs) / len(pairs)) for which in (0, 1)]
    bottles = re.search(r"bottle mouths.*?\| (\.\d+) / (\.\d+) \|", text)
    assert bottles is not None
    told = [*means, *(int(100 * float(one) + 0.5) for one in bottles.groups())]
    assert [int(number) for number in re.findall(r"(\d+) %", chips.MEASURED)] == told


@pytest.mark.parametrize("typed", ["-1", "0", "nan", "inf", "x"])
def test_what_is_no_scale_is_refused(typed: str) -> None:
    with pytest.raises(ConfigError, match="expected millimetres a pixel above 0"):
        read_scale(typed)
    assert read_scale(" ") is None
    assert read_scale("0,05") == 0.05


def test_table_folder_and_report_in_a_browser(page: Any, tmp_path: Path) -> None:
    page.locator("#everything button").first.click()
    page.wait_for_selector("#overview .scores")
    page.locator("#folder-go").click()
    page.wait_for_function("document.querySelector('#folder-said').innerText.includes('all inspected')")
    page.wait_for_function("document.querySelectorAll('#overview tbody tr').length === 6")
    assert "1 could not be read" in page.locator("#folder-said").inner_text()
    page.locator("#overview [data-order=score]").click()
    page.wait_for_selector("#overview th[aria-sort=descending]")
    scores = [float(text) for text in page.locator("#overview td:nth-child(2)").all_inner_texts() if text]
    assert scores == sorted(scores, reverse=True)

    rows = page.locator("#overview tbody tr")
    rows.nth(0).locator("button.good").click()
    page.wait_for_selector("#overview button.good[aria-pressed=true]")
    rows.nth(1).locator("button.bad").click()
    page.wait_for_selector("#overview button.bad[aria-pressed=true]")
    between = round(100 * scores[0])
    page.locator("#overview input[type=range]").fill(str(between))
    counted = page.locator("#overview .counts").inner_text()
    assert f"misses: {int(scores[1] < between / 100)} of 1 bad called normal" in counted
    page.locator("#overview input[type=range]").fill("5")
    page.wait_for_function("document.querySelector('#overview .counts').innerText.includes('5 of 5 called anomalous')")
    assert "overkill: 1 of 1 good called anomalous (100 %)" in page.locator("#overview .counts").inner_text()
    page.wait_for_selector("#overview tr.bad.wrong")
    page.locator("#overview input[type=search]").fill("lid 3")
    page.wait_for_function("document.querySelectorAll('#overview tbody tr').length === 1")

    rows.first.click()
    page.wait_for_function("document.querySelector('#card').innerText.includes('lid 3.png')")
    idle(page)
    page.locator("#card [data-chip=object]").click()
    page.locator("#card .chip-form input").fill("steel lid")
    page.locator("#card .chip-form input").press("Enter")
    page.wait_for_function("document.querySelector('#card .chips').innerText.includes('Shows: steel lid')")
    idle(page)
    page.locator("#overview input[type=search]").fill("")
    page.wait_for_function("document.querySelectorAll('#overview tbody tr').length === 6")
    page.locator("#overview input[type=search]").press("g")
    assert page.locator("#overview input[type=search]").input_value() == "g", "typed, not obeyed"
    page.locator("#overview input[type=search]").fill("")
    page.locator("h1").first.click()
    page.keyboard.press("n")
    page.wait_for_function("!document.querySelector('#card').innerText.includes('lid 3.png')")
    idle(page)
    page.keyboard.press("b")
    page.wait_for_selector("#bad.stop")
    page.keyboard.press("?")
    page.locator("#keys-list input").uncheck()
    page.locator("#keys-list button").click()
    page.keyboard.press("g")
    page.keyboard.press("a")
    assert page.evaluate("document.activeElement.tagName") != "TEXTAREA", "keys that are turned off do nothing"
    page.locator("#keys").click()
    page.locator("#keys-list input").check()
    page.locator("#keys-list button").click()
    page.locator("h1").first.click()
    page.keyboard.press("a")
    assert page.evaluate("document.activeElement.tagName") == "TEXTAREA"
    assert page.locator("#bad.stop").count() == 1
    page.locator("#use-threshold").click()
    page.wait_for_function("document.querySelector('#card').innerText.includes('threshold 0.05')")

    page.locator("#write-table").click()
    page.wait_for_selector("#table-report")
    with page.expect_download() as caught:
        page.locator("#table-report").click()
    text = Path(caught.value.path()).read_text(encoding="utf-8")
    assert text.count("<article") == 6
    assert len(re.findall("marked (good|bad)", text)) >= 2


def test_what_ends_after_another_project_was_opened_is_not_painted_there(
    opened: Callable[[], Workbench], part: QueryImage, tmp_path: Path
) -> None:
    bench, visitor = opened(), "v" * 40
    page, root = components(), tmp_path / "uploads"
    do = Handlers(bench, SampleSet(None, tmp_path / "samples"), page, root)
    session = three(bench, part)
    session.choice.open = True
    paths = []
    for number in range(2):
        (root / str(number)).mkdir(parents=True)
        paths.append(str(root / str(number) / f"{number}.png"))
        cv2.imwrite(paths[-1], part.pixels)
    here, elsewhere = seat(session.id), seat(session.id)
    adding, beside = do.add_files(here, paths[:1]), do.add_files(elsewhere, paths[1:])
    next(adding)
    *_, shown = do.new_project(here, visitor)
    fresh = bench.store.get(shown[page.session])
    assert fresh.id != session.id
    assert shown[page.overview] is not None, "the table that is open shows the new project"
    assert lines_of(fresh) == []
    rest = list(adding)
    assert all(page.session not in one and page.card not in one for one in rest)
    assert "open before" in rest[-1][page.status]
    *_, painted = beside
    assert page.card in painted, "another tab stays on the project, and is painted"
    assert painted[page.session] is elsewhere
    assert len(session.pictures) == 5, "they are kept where they were dropped"
    late = do.move_threshold(here, 0.7)
    assert page.card not in late
    assert page.session not in late
    *_, back = do.open_project(shown[page.session], visitor, session.id)
    assert back[page.session] == session.id
    assert not is_left(back[page.session])
    assert not is_left(here), "the tab shows the project again"


def test_a_verdict_that_a_person_took_back_is_theirs(opened: Callable[[], Workbench], part: QueryImage) -> None:
    bench = opened()
    session = three(bench, part)
    bench.set_threshold(session, 0.05)
    picture = session.picture
    assert picture is not None
    assert picture.view is not None
    assert not words.rejected(picture.view)
    for region in picture.view.inspection.regions:
        bench.reject(session, region.id)
    assert picture.view.score >= picture.view.threshold, "the score stays"
    assert words.rejected(picture.view)
    card = words.verdict_card(picture.view)
    assert "by your corrections" in card
    assert "no anomalous region was found" not in card


def test_a_scan_of_the_folder_is_kept_without_what_it_says_of_people(
    opened: Callable[[], Workbench], tmp_path: Path
) -> None:
    import pydicom

    path = dicom_file(write_incoming(tmp_path / "in", 0) / "scan.dcm", frames=3)
    file = pydicom.dcmread(path)
    file.PatientName, file.PatientID = "DOE^JANE", "0815"
    file.save_as(path, enforce_file_format=True)
    allowed, bench = Allowed(tmp_path / "in"), opened()
    session = bench.store.new(visitor="v" * 40)
    runs = Runs(bench, allowed)
    runs.begin(session, ".")
    ended(runs, session)
    found = [line for line in session.rows.lines() if "scan.dcm" in line.name]
    assert found
    assert not found[0].error
    marking.show(bench, session, found[0].id, allowed)
    kept = [one for one in session.project.folder.rglob("*") if one.is_file()]
    assert any("scan" in one.name for one in kept), "a copy of its own"
    assert not any(secret in one.read_bytes() for one in kept for secret in (b"JANE", b"0815"))
