"""Files dropped together: stopped and gone on with, asked about once where they look out of place, and never lost."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import gradio as gr
import numpy as np
import pytest

from assistant.types import QueryImage, Verdict
from assistant.vision.checks.known import OTHER_PRODUCT
from demo.bench.details import Details
from demo.bench.drops import FEW
from demo.bench.sessions import Picture, Session
from demo.bench.workbench import Workbench
from demo.cleaning import UPLOAD, sweep_uploads
from demo.handlers import Handlers
from demo.incoming import planes
from demo.reactions.tabs import seat
from demo.sample_set import SampleSet
from demo.view import drop_words, painting
from tests.demo.running import components
from tests.volumes.scans import nifti, solid

Dropper = Callable[..., list[str]]


@pytest.fixture
def do(bench: Workbench, tmp_path: Path) -> Handlers:
    return Handlers(bench, SampleSet(None, tmp_path / "samples"), components(), bench.store.served)


@pytest.fixture
def dropped(bench: Workbench, pixels: np.ndarray) -> Dropper:
    """Uploads of so many pictures."""
    numbers = iter(range(99))

    def drop(count: int, name: str = "lid") -> list[str]:
        paths = []
        for _ in range(count):
            number = next(numbers)
            path = bench.store.served / f"up{number}" / f"{name} {number}.png"
            path.parent.mkdir(parents=True)
            cv2.imwrite(str(path), np.roll(pixels, number, axis=1))
            paths.append(str(path))
        return paths

    return drop


@pytest.fixture
def strange(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures called strange are of another product than the references, as long as there are some."""
    told = lambda picture: picture.name.startswith("strange") and bool(picture.setup.references)  # noqa: E731
    monkeypatch.setattr(Picture, "of_other_product", property(told))


def event(session: Session, choice: str = "") -> Any:
    return gr.EventData(None, {"number": session.drops[0].number, "choice": choice})


def names(session: Session) -> list[str]:
    return [picture.name for picture in session.pictures]


def rolled(part: QueryImage, by: int) -> QueryImage:
    return QueryImage(np.roll(part.pixels, by, axis=1), f"rolled {by}")


def until(stream: Iterator[dict[Any, Any]], session: Session, count: int) -> dict[Any, Any]:
    """What was shown when so many pictures were judged."""
    return next(shown for shown in stream if len(session.pictures) == count)


def test_a_stopped_drop_keeps_what_was_judged_and_goes_on(do: Handlers, dropped: Dropper) -> None:
    page, session = do.page, do.bench.store.new()
    paths = dropped(5)
    stream = do.add_files(session.id, paths)
    shown = until(stream, session, 1)
    assert ">Stop</button>" in shown[page.drops]
    assert "Looking at 2 of 5 files." in shown[page.drops]
    assert " of 5" not in shown[page.status], "one number is enough"
    do.stop_drop(session.id, event(session))
    *_, last = stream
    assert len(session.pictures) == 1
    assert "1 of 5 files stay on the page, four files were left out" in last[page.drops]
    assert all(Path(path).exists() for path in paths[1:])
    *_, last = do.answer_drop(session.id, None, event(session, "on"))
    assert names(session) == [Path(path).name for path in paths]
    assert last[page.drops] == ""
    anomalous = sum(one.mark.verdict is Verdict.ANOMALOUS for one in session.pictures if one.mark is not None)
    assert f">5 pictures judged, {anomalous} anomalous.<" in last[page.status]
    assert not any(Path(path).exists() for path in paths)


def test_the_number_of_a_file_stays_while_it_is_looked_at(
    do: Handlers, dropped: Dropper, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, seen, judge = do.bench.store.new(), list[str](), do.bench.judge

    def looked(picture: Picture) -> None:
        seen.append(drop_words.told(session))
        judge(picture)

    monkeypatch.setattr(do.bench, "judge", looked)
    paths = dropped(3)
    Path(paths[1]).write_text("no picture")
    *_, last = do.add_files(session.id, paths)
    assert ["Looking at 1 of 3" in seen[0], "Looking at 3 of 3" in seen[1]] == [True, True]
    status = last[do.page.status]
    assert "That did not work." in status
    assert ">2 pictures judged, " in status
    *_, last = do.add_files(session.id, dropped(1))
    assert "judged" not in last[do.page.status], "the card says it"


def test_a_stopped_drop_may_be_left_out(do: Handlers, dropped: Dropper) -> None:
    session = do.bench.store.new()
    stream = do.add_files(session.id, paths := dropped(3))
    until(stream, session, 1)
    do.stop_drop(session.id, event(session))
    list(stream)
    *_, last = do.answer_drop(session.id, None, event(session, "leave"))
    assert (last[do.page.drops], session.drops, len(session.pictures)) == ("", [], 1)
    assert not any(Path(path).exists() for path in paths)
    *_, last = do.answer_drop(session.id, None, gr.EventData(None, {"number": -1, "choice": "on"}))
    assert "none that wait any more" in last[do.page.status]


def test_what_waits_survives_a_closed_page_and_its_age(do: Handlers, dropped: Dropper) -> None:
    session = do.bench.store.new()
    stream = do.add_files(session.id, paths := dropped(4))
    until(stream, session, 2)
    stream.close()  # type: ignore[attr-defined]
    assert "two files were left out" in drop_words.told(session)
    for path in paths:
        os.utime(path, (1, 1))
    do.bench.store.touch_waiting()
    assert sweep_uploads(do.root) == 0
    assert UPLOAD > 0
    list(do.answer_drop(session.id, None, event(session, "on")))
    assert len(session.pictures) == 4


def test_a_scan_whose_look_is_stopped_waits_again(do: Handlers, dropped: Dropper) -> None:
    session = do.bench.store.new()
    path = nifti(do.root / "head.nii.gz", solid(ball=(12, 30, 8)))
    stream = do.add_files(session.id, [*dropped(1), str(path)])
    for _ in stream:
        if session.drops[0].looking is not None:
            do.stop_drop(session.id, event(session))
            break
    *_, last = stream
    assert [one.scan for one in session.pictures] == [None]
    assert "one file was left out" in last[do.page.drops]
    assert "error" not in last[do.page.status]
    list(do.answer_drop(session.id, None, event(session, "on")))
    assert [one.scan is None for one in session.pictures] == [True, False]


def test_pictures_of_another_product_are_asked_about_once(
    do: Handlers, dropped: Dropper, part: QueryImage, strange: None
) -> None:
    page, session = do.page, do.bench.store.new()
    do.bench.add_references(session, [rolled(part, 20), rolled(part, 30)])
    *_, last = do.add_files(session.id, dropped(7, "strange"))
    assert len(session.pictures) == FEW
    assert drop_words.QUESTION in last[page.drops]
    assert "Four files wait" in last[page.drops]
    assert "new project" not in last[page.drops], "where projects are not kept"
    *_, last = do.answer_drop(session.id, None, event(session, "on"))
    assert len(session.pictures) == 7
    assert last[page.drops] == ""
    for count, name in ((1, "strange"), (4, "lid")):
        list(do.add_files(session.id, dropped(count, name)))
        assert session.drops == []
    *_, last = do.add_files(session.id, dropped(2, "strange"))
    assert drop_words.QUESTION in last[page.drops], "another drop is asked about, also when nothing of it waits"


def test_another_product_is_told_by_its_warning(bench: Workbench, part: QueryImage) -> None:
    picture = bench.add(bench.store.new(), part)
    assert picture.view is not None
    assert not picture.of_other_product
    warned = replace(picture.view.measured, warnings=("was taken in another light", f"{OTHER_PRODUCT} (far): look"))
    picture.view = replace(picture.view, measured=warned)
    assert picture.of_other_product


def test_judged_without_references(do: Handlers, dropped: Dropper, part: QueryImage, strange: None) -> None:
    session = do.bench.store.new()
    list(do.add_files(session.id, dropped(1)))
    do.bench.add_references(session, [rolled(part, 20), rolled(part, 30)])
    do.bench.tell(session, Details("lid", mode="few-shot"))
    list(do.add_files(session.id, dropped(5, "strange")))
    *_, last = do.answer_drop(session.id, None, event(session, "alone"))
    modes = [do.bench.choose(session, at).view.measured.mode.value for at in range(6)]  # type: ignore[union-attr]
    assert modes == ["few_shot", *["zero_shot"] * 5]
    assert "without references" in last[do.page.card]
    assert session.pictures[3].setup.inquiry.object_name == "lid"


def test_put_in_a_new_project(
    do: Handlers, dropped: Dropper, part: QueryImage, strange: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, store, visitor = do.page, do.bench.store, "v" * 40
    monkeypatch.setattr(store, "stays", True)
    session = store.new(visitor=visitor)
    list(do.add_files(session.id, dropped(1)))
    do.bench.add_references(session, [rolled(part, 20), rolled(part, 30)])
    *_, last = do.add_files(here := seat(session.id), paths := dropped(5, "strange"))
    assert "Put them in a new project" in last[page.drops]
    *_, last = do.answer_drop(here, visitor, event(session, "apart"))
    fresh = store.get(last[page.session])
    assert fresh is not session
    assert names(fresh) == [Path(path).name for path in paths]
    assert [one.name for one in session.pictures] == ["lid 0.png"]
    assert (fresh.setup.references, session.drops, fresh.drops) == ([], [], [])
    assert all(one.origin is not None and one.origin.file.parent == fresh.project.files for one in fresh.pictures)
    assert here.tab.shows == fresh.id


def test_a_picture_that_cannot_be_read_stops_nothing(
    do: Handlers, dropped: Dropper, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = do.bench.store.new()
    paths = dropped(3)
    Path(paths[1]).write_text("no picture")
    *_, last = do.add_files(session.id, [*paths, "/etc/passwd"])
    assert len(session.pictures) == 2
    assert "a text file" in last[do.page.status]
    assert "outside the uploads" in last[do.page.status]
    monkeypatch.setattr(planes, "open_upload", lambda *_: 1 / 0)
    *_, last = do.add_files(session.id, dropped(1))
    assert "unexpected" in last[do.page.status]
    assert session.drops == []


def test_a_drop_leaves_the_details_that_a_person_types_meanwhile(
    do: Handlers, bench: Workbench, dropped: Dropper
) -> None:
    sid = bench.store.new().id
    written = {component for painted in do.add_files(sid, dropped(2)) for component in painted}
    details = painting.details(do.page, bench.store.get(sid))
    assert do.page.card in written
    assert not written & set(details)
    assert set(details) <= set(painting.everything(do.page, bench.store.get(sid)))
    assert list(details) == painting.detail_inputs(do.page)
