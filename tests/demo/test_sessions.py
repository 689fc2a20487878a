"""Sessions: opaque, apart from each other, capped, freed with their files."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from assistant.types import QueryImage
from demo.bench import session_store
from demo.bench.session_store import SessionError, SessionStore
from demo.bench.sessions import Picture, Setup


@pytest.fixture
def store(tmp_path: Path) -> SessionStore:
    return SessionStore(3, root=tmp_path)


def test_ids_are_opaque_and_different(store: SessionStore) -> None:
    ids = {store.new().id for _ in range(3)}
    assert len(ids) == 3
    assert all(len(name) >= 32 for name in ids)


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "a" * 32, None, 5, ["x"]])
def test_unknown_ids_are_refused_and_not_quoted(store: SessionStore, name: object) -> None:
    store.new()
    with pytest.raises(
        SessionError, match="expected a session of this server, got an id that is unknown or has ended"
    ) as e:
        store.get(name)
    assert "passwd" not in str(e.value)
    store.free(name)
    assert len(store) == 1


def test_the_one_idle_longest_goes_first_with_its_files(store: SessionStore) -> None:
    first, second, third = (store.new() for _ in range(3))
    (first.folder / "a.txt").write_text("x")
    store.get(first.id)
    fourth = store.new()
    assert not second.folder.exists()
    assert [store.get(s.id) for s in (first, third, fourth)] == [first, third, fourth]
    store.free(first.id)
    assert not first.folder.exists()


def test_memory_is_capped_but_never_the_one_in_use(tmp_path: Path) -> None:
    store = SessionStore(9, max_bytes=100_000, root=tmp_path)
    first, second = store.new(), store.new()
    for session in (first, second):
        session.pictures.append(Picture(QueryImage(np.zeros((150, 150, 3), np.uint8), "p"), Setup()))
        store.trim(session.id)
    assert len(store) == 1
    assert store.get(second.id).nbytes == 67_500
    with pytest.raises(SessionError):
        store.get(first.id)


def test_answers_of_a_freed_session_end(store: SessionStore) -> None:
    session = store.new()
    picture = Picture(QueryImage(np.zeros((9, 9, 3), np.uint8), "p"), Setup())
    session.pictures.append(picture)
    store.free(session.id)
    assert picture.stop.is_set()
    assert session.pictures == []


def test_brief_sessions_end_when_idle(store: SessionStore, monkeypatch: pytest.MonkeyPatch) -> None:
    brief, page = store.new(brief=True), store.new()
    for session in (brief, page):
        session.used -= session_store.BRIEF_SECONDS + 1
    store.new()
    with pytest.raises(SessionError):
        store.get(brief.id)
    assert store.get(page.id) is page


def test_many_at_once_keep_the_cap(store: SessionStore) -> None:
    threads = [threading.Thread(target=lambda: [store.new() for _ in range(20)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store) == 3
    store.free_all()
    assert not store.root.exists()


def test_programs_do_not_crowd_out_pages_nor_pages_programs(store: SessionStore) -> None:
    pages = [store.new() for _ in range(3)]
    programs = [store.new(brief=True) for _ in range(9)]
    assert [store.get(one.id) for one in pages] == pages
    assert [store.get(one.id) for one in programs[-3:]] == programs[-3:]
    assert len(store) == 6
    store.new()
    assert [store.get(one.id) for one in programs[-3:]] == programs[-3:]
    assert len(store) == 6
