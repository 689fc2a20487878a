"""The endpoints over HTTP, with gradio's own client and with hostile requests; the example of the documentation is run."""

from __future__ import annotations

import re
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import gradio_client
import httpx
import numpy as np
import pytest

from assistant.pipeline import Assistant
from assistant.report import InspectionRow
from demo import api
from demo.bench.session_store import SessionStore
from demo.bench.sessions import Session
from demo.bench.setups import MAX_REFERENCES
from demo.incoming import uploads
from tests.demo.running import running

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, tiny: Assistant) -> Iterator[tuple[str, Any]]:
    with running(tiny, tmp_path_factory.mktemp("served"), max_sessions=6) as started:
        yield started


@pytest.fixture(scope="module")
def client(served: tuple[str, Any]) -> Any:
    return gradio_client.Client(served[0], verbose=False)


@pytest.fixture
def part(tmp_path: Path, pixels: np.ndarray) -> str:
    cv2.imwrite(str(tmp_path / "part.png"), pixels)
    return str(tmp_path / "part.png")


def inspect(client: Any, path: Any, *rest: Any) -> dict[str, Any]:
    given = gradio_client.handle_file(path) if isinstance(path, str) else path
    found: dict[str, Any] = client.predict(given, *(rest or ([], "metal lid", "", 0.5)), api_name="/inspect")
    return found


def test_the_example_of_the_documentation(served: tuple[str, Any], part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(part).parent)
    text = textwrap.dedent(api.__doc__.split("\n\n", 1)[1].rsplit("\n\n", 1)[0])  # type: ignore[union-attr]
    names: dict[str, Any] = {}
    exec(text.replace("http://127.0.0.1:7860", served[0]), names)
    found, answer = names["found"], names["answer"]
    InspectionRow(**{k: v for k, v in found.items() if k != "session"})
    assert found["object_name"] == "metal lid"
    assert found["source"] == "part.png"
    assert answer["question"] == "Where is it?"
    assert answer["answer"]
    assert answer["error"] is None


def test_only_two_endpoints_are_offered(client: Any) -> None:
    offered = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    assert set(offered) == {"/inspect", "/ask"}


def test_the_threshold_and_references_count(client: Any, part: str) -> None:
    low = inspect(client, part, [], "", "", 0.05)
    high = inspect(client, part, [gradio_client.handle_file(part)], "", "", 0.95)
    assert (low["threshold"], low["verdict"], low["mode"]) == (0.05, "anomalous", "zero_shot")
    assert (high["verdict"], high["regions"], high["mode"]) == ("normal", [], "few_shot")
    assert "expected a threshold" in inspect(client, part, [], "", "", 7)["error"]


def test_more_references_than_the_page_holds_are_refused_before_one_is_decoded(
    client: Any, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[Any] = []
    read = uploads.read_picture
    monkeypatch.setattr(uploads, "read_picture", lambda *given: decoded.append(given) or read(*given))
    many = [gradio_client.handle_file(part)] * (MAX_REFERENCES + 1)
    assert inspect(client, part, many, "", "", 0.5) == {
        "error": "expected at most 32 references, got 33; build a profile"
    }
    assert decoded == []
    assert inspect(client, part, many[1:3], "", "", 0.5)["mode"] == "few_shot"
    assert len(decoded) == 3


@pytest.mark.parametrize("name", ["", "x" * 32, "../../etc/passwd", "<script>"])
def test_unknown_sessions(client: Any, name: str) -> None:
    answer = client.predict(name, "Where?", api_name="/ask")
    assert answer == {
        "error": "expected a session of this server, got an id that is unknown or has ended; reload the page"
    }


def test_sessions_are_capped(client: Any, served: tuple[str, Any], part: str) -> None:
    first = inspect(client, part)["session"]
    for _ in range(6):
        inspect(client, part)
    assert len(served[1].bench.store) <= 6
    assert "unknown or has ended" in client.predict(first, "Where?", api_name="/ask")["error"]


def test_five_at_once_get_their_own_answers(served: tuple[str, Any], part: str) -> None:
    names = [f"lid number {word}" for word in ("one", "two", "three", "four", "five")]
    told: dict[str, str] = {}

    def user(name: str) -> None:
        own = gradio_client.Client(served[0], verbose=False)
        session = inspect(own, part, [], name, "", 0.5)["session"]
        answer = own.predict(session, "Tell me of it.", api_name="/ask")
        told[name] = answer.get("answer") or answer["error"]

    threads = [threading.Thread(target=user, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert all(name in told[name] and not any(o in told[name] for o in names if o != name) for name in names)


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "../../../etc/passwd",
        "http://127.0.0.1:9/a.png",
        "https://example.org/a.png",
        "file:///etc/passwd",
    ],
)
def test_files_that_were_not_uploaded_are_refused(served: tuple[str, Any], path: str) -> None:
    # by hand: gradio's client would upload the file of its own machine
    given = {"path": path, "meta": {"_type": "gradio.FileData"}}
    call = f"{served[0]}gradio_api/call/inspect"
    asked = httpx.post(call, json={"data": [given, [], "", "", 0.5]})
    if asked.status_code == 200:
        told = httpx.get(f"{call}/{asked.json()['event_id']}", timeout=60).text
        assert "event: error" in told
        assert "root:" not in told
        assert "passwd" not in told
    else:
        assert asked.status_code >= 400


def test_the_server_gives_no_other_file(served: tuple[str, Any]) -> None:
    for path in ("/etc/passwd", "../../etc/passwd", str(Path(__file__).resolve()), "pyproject.toml"):
        reply = httpx.get(f"{served[0]}gradio_api/file={path}")
        assert reply.status_code in (403, 404), path


def test_files_above_the_limit_are_refused(served: tuple[str, Any]) -> None:
    body = bytes(100 * 2**20)
    reply = httpx.post(f"{served[0]}gradio_api/upload", files={"files": ("large.png", body)}, timeout=60)
    assert reply.status_code == 413
    cache = served[1].bench.store.root
    assert sum(f.stat().st_size for f in cache.rglob("*") if f.is_file()) < 50 * 2**20


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("page.html", b"<!doctype html><script>alert(1)</script>", "an HTML page"),
        ("drawing.svg", b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', "an SVG drawing"),
        ("empty.png", b"", "0 bytes"),
        ("cut.png", b"\x89PNG\r\n\x1a\n\0\0", "a whole PNG file"),
    ],
)
def test_bad_files_come_back_as_a_readable_error(
    client: Any, served: tuple[str, Any], tmp_path: Path, name: str, data: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(data)
    error = inspect(client, str(tmp_path / name))["error"]
    assert error.startswith("expected")
    assert message in error
    assert str(served[1].bench.store.root) not in error
    reply = httpx.post(f"{served[0]}gradio_api/upload", files={"files": (name, data)})
    served_back = httpx.get(f"{served[0]}gradio_api/file={reply.json()[0]}")
    kind, told = (served_back.headers.get(h, "") for h in ("content-type", "content-disposition"))
    assert "attachment" in told or not re.search("html|svg", kind), "a document sent is never opened as a page"


def test_the_page_names_no_other_machine(served: tuple[str, Any]) -> None:
    settings = httpx.get(f"{served[0]}config").json()
    assert settings["analytics_enabled"] is False
    text = httpx.get(served[0]).text
    assert "fonts.googleapis.com/css" not in text


@pytest.mark.parametrize("path", ["", "config"])
def test_a_visit_copies_nothing_that_is_kept_of_others(
    served: tuple[str, Any], monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    copied: list[str] = []
    for kept in (SessionStore, Session, Assistant):
        monkeypatch.setattr(kept, "__deepcopy__", lambda self, memo: copied.append(type(self).__name__), raising=False)
    assert httpx.get(served[0] + path).status_code == 200
    assert not copied
