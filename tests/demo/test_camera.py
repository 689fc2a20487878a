"""The operator's camera and the browser's webcam: stills checked, judged and kept or not; what is no still is told in words."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import cv2
import gradio as gr
import numpy as np
import pytest

from assistant.errors import AssistantError, ConfigError
from assistant.pictures.pixels import ImageLimits
from demo.bench.workbench import Workbench
from demo.handlers import Handlers
from demo.incoming.camera import Camera, CameraError
from demo.sample_set import SampleSet
from tests.demo.running import components

LIMITS = ImageLimits.of_sent(1, 1)


@pytest.fixture
def still(pixels: np.ndarray) -> Iterator[tuple[str, dict[str, Any]]]:
    """(address, what it answers) of a camera on this machine."""
    answer: dict[str, Any] = {"status": 200, "type": "image/png", "body": bytes(cv2.imencode(".png", pixels)[1])}

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(answer["status"])
            self.send_header("Content-Type", answer["type"])
            self.send_header("Location", "http://127.0.0.1:1/")
            self.end_headers()
            self.wfile.write(answer["body"])

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = HTTPServer(("127.0.0.1", 0), Answering)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/still.png", answer
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"status": 302}, "the answer 302"), ({"status": 500}, "the answer 500"), ({"body": bytes(2**20 + 9)}, "a larger one"),
        ({"type": "multipart/x-mixed-replace; boundary=x"}, "a stream"), ({"body": b"hello"}, "a text file"),
    ],
)  # fmt: skip
def test_what_is_no_still_is_told(still: tuple[str, dict[str, Any]], changes: dict[str, Any], match: str) -> None:
    address, answer = still
    answer.update(changes)
    with pytest.raises(AssistantError, match=match) as told:
        Camera(address, LIMITS).still()
    assert address not in str(told.value)


@pytest.mark.parametrize(
    "address", ["http://camera.example/still.jpg", "http://10.0.0.1/", "file:///etc/passwd", "x", "http://", "http://127.0.0.1.evil.org/"]
)  # fmt: skip
def test_only_a_camera_of_this_machine_without_leave(address: str) -> None:
    with pytest.raises(ConfigError):
        Camera(address, LIMITS)
    if address.startswith(("http://c", "http://10")):
        Camera(address, LIMITS, remote=True)


def test_pictures_are_taken_and_a_verdict_runs(
    bench: Workbench, still: tuple[str, dict[str, Any]], tmp_path: Path, pixels: np.ndarray
) -> None:
    page = components()
    do = Handlers(bench, SampleSet(tmp_path, tmp_path), page, tmp_path)
    session = bench.store.new()
    assert "with --camera URL" in do.look_live(session.id)[page.live]
    do.camera = Camera(still[0], LIMITS)
    for _ in range(2):
        told = do.look_live(session.id)[page.live]
        assert "score 0." in told
    assert session.pictures == [], "nothing is kept"
    assert len(list(session.folder.glob("live-*"))) == 1
    *_, last = do.take_picture(session.id)
    assert last[page.session] == session.id
    assert [one.name.startswith("camera 20") for one in session.pictures] == [True]
    assert (session.pictures[0].image.pixels == pixels).all()
    assert [path.suffix for path in session.project.files.iterdir()] == [".png"]
    still[1]["status"] = 404
    *_, last = do.take_picture(session.id)
    assert "the answer 404" in last[page.status].lower()
    assert len(session.pictures) == 1
    with pytest.raises(CameraError, match="a camera that answers"):
        Camera("http://127.0.0.1:9/", LIMITS).still()


def test_the_stills_of_a_webcam_are_kept_where_they_are_taken(
    bench: Workbench, tmp_path: Path, pixels: np.ndarray
) -> None:
    page = components()
    do = Handlers(bench, SampleSet(tmp_path, tmp_path), page, bench.store.served)
    session = bench.store.new()

    def sent(data: bytes) -> Any:
        path = bench.store.served / "one" / "webcam 2026-01-02 03.04.05.png"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
        return gr.EventData(None, {"path": str(path)})

    still = bytes(cv2.imencode(".png", pixels[..., ::-1])[1])
    seen = [do.look_webcam(session.id, sent(still))[page.webcam] for _ in range(2)]
    assert all("score 0." in one["html"] for one in seen)
    assert seen[0] != seen[1], "the browser is told each time"
    assert session.pictures == []
    assert not (bench.store.served / "one").exists(), "nothing is kept"
    *_, last = do.take_webcam(session.id, sent(still))
    assert [one.name for one in session.pictures] == ["webcam 2026-01-02 03.04.05.png"]
    assert (session.pictures[0].image.pixels == pixels).all()
    assert not (bench.store.served / "one").exists()
    assert "a text file" in do.look_webcam(session.id, sent(b"no still"))[page.webcam]["html"]
    (tmp_path / "own.png").write_bytes(still)
    for path in (str(tmp_path / "own.png"), "http://127.0.0.1/still.png", None):
        event = gr.EventData(None, {"path": path})
        *_, last = do.take_webcam(session.id, event)
        assert "expected an uploaded file" in last[page.status].lower()
        assert "Expected an uploaded file" in do.look_webcam(session.id, event)[page.webcam]["html"]
    assert (tmp_path / "own.png").exists()
    assert len(session.pictures) == 1


@pytest.mark.filterwarnings("ignore")
def test_a_webcam_takes_pictures_and_runs_a_verdict(page: Any) -> None:
    page.locator("#webcam-box > button").click()
    webcam = page.locator("#webcam .webcam")
    webcam.locator("[data-do=start]").click()
    webcam.locator("video").wait_for()
    webcam.locator("[data-do=take]").click()
    page.wait_for_function("document.querySelector('#card').innerText.includes('webcam 20')")
    webcam.locator("[data-set=running]").check()
    webcam.locator(".told .live").get_by_text("score 0.").wait_for()
    webcam.locator("[data-do=end]").click()
    webcam.locator("video").wait_for(state="hidden")
    assert webcam.locator("[data-do=take]").is_disabled()
    assert page.locator("#bench button.thumb").count() == 1, "the running verdict keeps nothing"
