"""Projects on disk: everything comes back after a page that never said good-bye, and goes when it is to go."""

from __future__ import annotations

import json
import os
import threading
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest

from assistant.inquiry import Inquiry
from assistant.pipeline import Assistant
from assistant.types import QueryImage
from demo.bench import keeping
from demo.bench.details import Details
from demo.bench.judging import BenchError
from demo.bench.session_store import SessionError, SessionStore
from demo.bench.sessions import Session, Setup
from demo.bench.workbench import Workbench
from demo.cleaning import BROKEN_OFF, UPLOAD, sweep_roots, sweep_uploads
from demo.engine import Engine
from demo.export import whole_project
from demo.handlers import Handlers
from demo.incoming import planes
from demo.projects.database import NAME, Database, ProjectError
from demo.projects.shelf import DAY, Shelf
from demo.sample_set import SampleSet
from demo.settings import Settings
from tests.demo.conftest import settled
from tests.demo.running import components
from tests.scan_files import nifti_file

SECRET = "s" * 40
Opener = Callable[[], Workbench]


@pytest.fixture
def opened(tiny: Assistant, tmp_path: Path) -> Opener:
    """Opens a page on one folder of projects; a page before it is left as a killed one leaves it."""
    settings = Settings(preset="tiny", max_pictures=3, projects=tmp_path / "projects")
    engine = Engine(lambda: tiny).start()
    engine.wait(60)
    made: list[Workbench] = []

    def open_() -> Workbench:
        root = tmp_path / f"page{len(made)}"
        root.mkdir()
        restore = partial(keeping.restored, limits=settings.limits)
        made.append(
            Workbench(engine, SessionStore(9, root=root, projects=settings.projects, restore=restore), settings)
        )
        return made[-1]

    return open_


def rolled(part: QueryImage, by: int) -> QueryImage:
    return QueryImage(np.roll(part.pixels, by, axis=1), f"rolled {by}")


def again(opened: Opener, session: Session) -> tuple[Workbench, Session]:
    """The same project on another page."""
    bench = opened()
    return bench, bench.store.get(session.id)


def box(part: QueryImage, top: int, left: int) -> np.ndarray:
    mask = np.zeros(part.pixels.shape[:2], bool)
    mask[top : top + 9, left : left + 12] = True
    return mask


def test_everything_comes_back(opened: Opener, part: QueryImage, tmp_path: Path) -> None:
    bench = opened()
    session = bench.store.new(visitor=SECRET, name="Lids")
    bench.add(session, part)
    bench.tell(
        session,
        Details("metal lid", "dent, scratch", domain="industrial", scale=0.25, rule="reject any crack over 2 mm"),
    )
    bench.add_references(session, [rolled(part, 20), rolled(part, 30)])
    bench.set_threshold(session, 0.3)
    bench.mark_defect(session, box(part, 12, 50), "gouge")
    for number in range(1, 5):
        bench.add(session, rolled(part, number))
    bench.mark_normal(session)
    before = bench.choose(session, 0)
    for question in ("Is anything wrong?", "How bad is region 1?"):
        list(bench.ask(session, question))
    settled(session)

    bench, back = again(opened, session)
    assert [line.name for line in bench.store.shelf.of(SECRET)] == ["Lids"]
    assert [p.name for p in back.pictures] == [p.name for p in session.pictures]
    assert all(p.held is None for p in back.pictures[1:-1]), "nothing is read before it is looked at"
    assert back.current == 0
    assert [p.mark for p in back.pictures] == [p.mark for p in session.pictures]
    assert [p.before for p in back.pictures] == [p.before for p in session.pictures]
    assert back.pictures[0].before is not None
    picture = back.pictures[0]
    assert picture.messages == before.messages
    assert picture.answers == before.answers
    assert back.setup.inquiry == session.setup.inquiry
    assert (back.setup.rule, back.setup.rule_text) == (session.setup.rule, session.setup.rule_text)
    assert len(back.setup.references) == len(session.setup.references) == 3
    assert len(back.setup.anomalous) == 1
    assert [(c.said, c.kind) for c in back.corrections] == [(c.said, c.kind) for c in session.corrections]
    assert (back.corrections[0].mask == session.corrections[0].mask).all()
    bench.judge(picture)
    assert picture.view is not None
    assert before.view is not None
    assert picture.threshold == 0.3
    assert picture.view.inspection.regions == before.view.inspection.regions
    assert picture.view.score == pytest.approx(before.view.score, abs=1e-6)
    once_more = list(bench.ask(back, "And region 1?"))[-1].text
    assert before.answers[-1].text.startswith(once_more), (
        "the conversation goes on, and what was said is not said again"
    )
    assert "I rate it" in once_more
    assert back.own.inquiry.object_name == "metal lid"
    bench.add(back, rolled(part, 7))
    assert again(opened, session)[1].pictures[-1].name == "rolled 7"


def test_a_killed_answer_keeps_its_whole_sentences_and_what_waits_is_asked(opened: Opener, part: QueryImage) -> None:
    bench = opened()
    session = bench.store.new(visitor=SECRET)
    picture = bench.add(session, part)
    pieces = bench.ask(session, "Is anything wrong?")
    for piece in pieces:
        if piece.text.count(". ") >= 1 or piece.text.endswith("."):
            break
    bench.note(session, "And where?")
    bench, back = again(opened, session)
    said = back.pictures[0].messages
    assert [m["content"] for m in said if m["role"] == "user"] == ["Is anything wrong?"]
    assert said[-1]["content"].endswith(keeping.INTERRUPTED)
    assert "." in said[-1]["content"].removesuffix(keeping.INTERRUPTED)
    assert back.waiting_about(back.pictures[0]) == ["And where?"]
    assert back.begin_answering()
    asked = back.next_asked()
    assert asked is not None
    assert list(bench.ask(back, asked.question, asked.picture))[-1].text
    picture.stop.set()


def test_scans_and_samples_come_back_as_they_were(opened: Opener, part: QueryImage, tmp_path: Path) -> None:
    bench = opened()
    session = bench.store.new(visitor=SECRET)
    path = nifti_file(tmp_path / "head.nii.gz", (40, 30, 20))
    image, plane = planes.open_upload(path, tmp_path, session.project.files, bench.settings.limits)
    bench.add(session, image, plane=plane)
    bench.move_plane(session, 3, 2, "bone")
    bench.add(session, part, Setup(Inquiry("plate"), references=[rolled(part, 8)], of_sample=True))
    _, back = again(opened, session)
    assert back.pictures[0].image.source == "head.nii.gz::axis=2,slice=3,window=bone"
    assert (back.pictures[0].image.pixels == session.pictures[0].image.pixels).all()
    assert back.setup.inquiry.object_name == "plate"
    assert back.own.inquiry.object_name is None, "own pictures are not judged as the sample"
    assert len(back.setup.references) == 1


def test_what_cannot_be_read_is_told_and_comes_back_when_it_can(opened: Opener, part: QueryImage) -> None:
    bench = opened()
    session = bench.store.new(visitor=SECRET)
    for number in range(2):
        bench.add(session, rolled(part, number))
    bench.add_references(session, [rolled(part, 20), rolled(part, 30)])
    bench.mark_normal(session)
    files = [session.pictures[0].origin.file.name, session.setup.files[1][0]]  # type: ignore[union-attr]
    whole = {name: session.project.file(name).read_bytes() for name in files}
    session.project.file(files[0]).rename(session.project.folder / "elsewhere")
    session.project.file(files[1]).write_bytes(b"damaged")

    bench, back = again(opened, session)
    assert [p.name for p in back.pictures] == ["rolled 1"]
    assert back.lost == ["rolled 0"]
    assert back.setup.lost == ["the reference rolled 30"]
    back.pictures[0].setup.changed()
    bench.judge(back.pictures[0])
    assert any("without the reference rolled 30" in one for one in back.pictures[0].view.measured.warnings)  # type: ignore[union-attr]
    keeping.keep_view(back)
    assert session.project.file(files[1]).exists()

    for name, content in whole.items():
        session.project.file(name).write_bytes(content)
    _, healed = again(opened, session)
    assert [p.name for p in healed.pictures] == ["rolled 0", "rolled 1"]
    assert (len(healed.setup.files), healed.lost, healed.setup.lost) == (2, [], [])


def test_what_is_gone_is_left_out(opened: Opener, part: QueryImage) -> None:
    bench = opened()
    session = bench.store.new(visitor=SECRET)
    for number in range(3):
        bench.add(session, rolled(part, number))
    (session.project.files / session.pictures[1].origin.file.name).unlink()  # type: ignore[union-attr]
    (session.project.files / "0-half.png.partial").write_bytes(b"x")
    _, back = again(opened, session)
    assert [p.name for p in back.pictures] == ["rolled 0", "rolled 2"]
    assert not (session.project.files / "0-half.png.partial").exists()


def test_projects_are_a_visitors_own(opened: Opener, part: QueryImage) -> None:
    store = opened().store
    mine, other = store.new(visitor=SECRET), store.new(visitor="o" * 40)
    shelf = store.shelf
    assert [line.id for line in shelf.of(SECRET)] == [mine.id]
    assert shelf.of("") == shelf.of("x" * 40) == []
    for call in (lambda: shelf.require(SECRET, other.id), lambda: shelf.rename(SECRET, other.id, "mine now")):
        with pytest.raises(ProjectError, match="expected a project of yours"):
            call()
    shelf.rename(SECRET, mine.id, " Lids\n of line 3 ")
    assert shelf.of(SECRET)[0].name == "Lids of line 3"
    with pytest.raises(ProjectError, match="expected a name"):
        shelf.rename(SECRET, mine.id, " \n")
    written = (shelf.root / NAME).read_bytes() + (shelf.root / f"{NAME}-wal").read_bytes()
    assert SECRET.encode() not in written, "a copy of the file opens nobody's projects"


def test_removed_means_no_file_left(opened: Opener, part: QueryImage) -> None:
    bench = opened()
    session = bench.store.new(visitor=SECRET)
    bench.add(session, part)
    bench.mark_defect(session, box(part, 12, 50), "gouge")
    bench.store.remove(session.id)
    assert [p.name for p in bench.store.shelf.root.iterdir() if p.is_dir()] == []
    assert bench.store.shelf.database.rows("SELECT count(*) FROM document") == [(0,)]
    with pytest.raises(SessionError):
        bench.store.get(session.id)


def test_old_brief_and_empty_projects_go(opened: Opener, part: QueryImage) -> None:
    bench = opened()
    old, new, brief = bench.store.new(visitor=SECRET), bench.store.new(visitor=SECRET), bench.store.new(brief=True)
    for session in (old, new, brief):
        bench.add(session, part)
    bench.store.new(visitor=SECRET)
    change = bench.store.shelf.database.change
    change("UPDATE project SET used = ? WHERE id = ?", (time.time() - 91 * DAY, old.id))
    assert bench.store.sweep(90) == 0, "what is open stays"
    shelf = opened().store.shelf
    assert shelf.sweep(90) == 3
    assert [line.id for line in shelf.of(SECRET)] == [new.id]
    assert [p.name for p in shelf.root.iterdir() if p.is_dir()] == [new.project.folder.name]


def test_a_folder_that_is_none_and_projects_of_another_version(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ProjectError, match="expected a folder for projects, got file"):
        Database(tmp_path / "file")
    Database(tmp_path / "newer").change("PRAGMA user_version = 7")
    with pytest.raises(ProjectError, match="expected projects of version 1, got version 7"):
        Database(tmp_path / "newer")


def test_a_project_that_is_full_takes_no_more(opened: Opener, part: QueryImage) -> None:
    bench = opened()
    session = bench.store.new(visitor=SECRET)
    bench.add(session, part)
    bench.settings = replace(bench.settings, max_project_mb=session.project.nbytes / 2**21)
    with pytest.raises(BenchError, match="begin another project"):
        bench.add(session, rolled(part, 3))
    assert len(session.pictures) == 1


def test_a_project_is_exported_whole(opened: Opener, part: QueryImage) -> None:
    bench = opened()
    session = bench.store.new(visitor=SECRET)
    bench.add(session, part)
    bench.mark_defect(session, box(part, 12, 50), "gouge")
    list(bench.ask(session, "Is anything wrong?"))
    with zipfile.ZipFile(whole_project.write(session)) as archive:
        names = archive.namelist()
        told = {kind: json.loads(archive.read(f"{kind}s.json")) for kind in ("picture", "talk", "correction")}
        file = archive.read(f"files/{told['picture'][0]['file']}")
    assert told["correction"][0]["kind"] == "gouge"
    assert told["talk"][0]["messages"][0]["content"] == "Is anything wrong?"
    assert (cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_COLOR)[..., ::-1] == part.pixels).all()
    assert f"files/{told['correction'][0]['mask']}" in names
    assert not any(SECRET in name for name in names)


def test_several_threads_write_one_project(tmp_path: Path) -> None:
    project = Shelf(tmp_path).new(SECRET)
    keys: list[int] = []
    threads = [
        threading.Thread(target=lambda: keys.extend(project.add("picture", {"n": n}) for n in range(20)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(keys) == list(range(80))
    assert len(project.documents("picture")) == 80


def test_uploads_go_by_age_and_folders_of_killed_pages_at_the_next_start(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    now = time.time()
    for name, age in (("a/whole.png", UPLOAD + 9), ("b/fresh.png", 5), ("session-1/kept.jpg", UPLOAD + 9)):
        (cache / name).parent.mkdir(parents=True)
        (cache / name).write_bytes(b"x")
        os.utime(cache / name, (now - age, now - age))
    for name, age in (("tmpbroken", BROKEN_OFF + 9), ("tmpcoming", 5)):
        (cache / name).write_bytes(b"x")
        os.utime(cache / name, (now - age, now - age))
    assert sweep_uploads(cache) == 2
    assert {p.name for p in cache.rglob("*") if p.is_file()} == {"fresh.png", "kept.jpg", "tmpcoming"}
    dead, own = tmp_path / "anomaly-demo-dead", tmp_path / "anomaly-demo-own"
    for root in (dead, own):
        root.mkdir()
        (root / "open.lock").touch()
    assert sweep_roots(tmp_path, own) == 1
    assert own.exists()
    assert not dead.exists()


def test_a_name_that_was_typed_is_that_of_the_new_project(opened: Opener, tmp_path: Path) -> None:
    bench, page = opened(), components()
    do = Handlers(bench, SampleSet(None, tmp_path / "samples"), page, tmp_path)
    session = bench.store.new(visitor=SECRET, name="Lids")

    def made(sid: str, name: str | None) -> str:
        *_, shown = do.new_project(sid, SECRET, name)
        assert shown[page.project_name] == bench.store.shelf.require(SECRET, shown[page.session]).name
        assert bench.store.shelf.require(SECRET, sid).name != "", "the open one keeps its own"
        return str(shown[page.session])

    named = made(session.id, "  Boxes ")
    numbered = made(session.id, " Lids")
    unnamed = made(named, None)
    lines = {line.id: line.name for line in bench.store.shelf.of(SECRET)}
    assert [lines[id] for id in (session.id, named, numbered, unnamed)] == ["Lids", "Boxes", "Project 3", "Project 4"]
