"""The operator's camera and the browser's webcam: pictures taken by a click, and a verdict that runs with what they see."""

from __future__ import annotations

import secrets
from html import escape
from pathlib import Path

import cv2
import gradio as gr
import numpy as np

from assistant.types import QueryImage
from demo.bench.judging import BenchError
from demo.bench.sessions import Picture, Session
from demo.incoming import uploads
from demo.incoming.camera import Camera
from demo.reactions.base import Reactions, Stream, said
from demo.view import drawing, painting, words
from demo.view.painting import Updates
from demo.view.sent_files import sent_file
from demo.view.viewer import address

SIDE = 480
"""Longest side of what the camera sees, as it is shown; pixels."""


class Live(Reactions):
    """What a person does with the camera."""

    camera: Camera | None = None
    """Of the operator; None where none was named."""

    def take_picture(self, sid: str | None) -> Stream:
        """What the camera sees becomes a picture of the project."""

        def work(session: Session) -> None:
            image, data = self._camera().still()
            file = session.folder / f"{image.source}{_ending(data)}"
            file.write_bytes(data)
            try:
                self.bench.add(session, image, file=file)
            finally:
                file.unlink(missing_ok=True)

        yield from self.run(sid, "Taking a picture …", work, painting.everything)

    def run_camera(self, running: bool) -> Updates:
        """The running verdict is begun or ended."""
        return {self.page.live_ticking: gr.Timer(active=bool(running)), self.page.live: ""}

    def look_live(self, sid: str | None) -> Updates:
        """What the camera sees now, judged by the setup in use and kept nowhere."""

        def work(session: Session) -> Updates:
            image, _ = self._camera().still()
            verdict, told = self._verdict(session, image)
            file = _written(session, drawing.fitted(image.pixels, SIDE))
            seen = f'<img src="{escape(address(file))}" alt="What the camera sees">'
            return {self.page.live: f'<div class="live {verdict}" role="status">{seen}<div>{told}</div></div>'}

        try:
            return work(self.session(sid))
        except Exception as error:  # noqa: BLE001  shown in the page instead
            return {self.page.live: words.error_card(said(error))}

    def take_webcam(self, sid: str | None, event: gr.EventData) -> Stream:
        """A still of the browser's webcam becomes a picture of the project."""
        path = getattr(event, "path", None)

        def work(session: Session) -> None:
            image = uploads.read_picture(path, self.root, self.bench.settings.limits)
            try:
                self.bench.add(session, image, file=uploads.inside(path, self.root))
            finally:
                uploads.discard(path, self.root)

        yield from self.run(sid, "Inspecting what the webcam sees …", work, painting.everything)

    def look_webcam(self, sid: str | None, event: gr.EventData) -> Updates:
        """What the browser's webcam sees now, judged by the setup in use and kept nowhere."""
        path = getattr(event, "path", None)
        try:
            image = uploads.read_picture(path, self.root, self.bench.settings.limits)
            verdict, told = self._verdict(self.session(sid), image)
            told = f'<div class="live {verdict}" role="status"><div>{told}</div></div>'
        except Exception as error:  # noqa: BLE001  shown in the page instead
            told = words.error_card(said(error))
        finally:
            uploads.discard(path, self.root)
        return {self.page.webcam: {"html": told, "id": secrets.token_hex(4)}}

    def _verdict(self, session: Session, image: QueryImage) -> tuple[str, str]:
        """What a still is, and that in words as HTML, by the setup of pictures to come."""
        picture = Picture(image, session.own, session.choice.used)
        self.bench.judge(picture)
        assert picture.mark is not None, "judged"
        verdict, score = picture.mark.verdict.value, picture.mark.score
        worst = f", {picture.mark.worst}" if picture.mark.worst else ""
        told = f"<b>{verdict.capitalize()}</b>, score {score:.2f}, threshold {picture.threshold:.2f}{escape(worst)}"
        return verdict, told

    def _camera(self) -> Camera:
        if self.camera is None:
            raise BenchError("a camera that the operator named", "none", "start the page with --camera URL")
        return self.camera


def _ending(data: bytes) -> str:
    return ".png" if data.startswith(b"\x89PNG") else ".jpg" if data.startswith(b"\xff\xd8") else ""


def _written(session: Session, pixels: np.ndarray) -> Path:
    """What is seen, as the only file of its kind in the session's folder: frames are kept nowhere."""
    bgr = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    frame = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes()
    return sent_file(session.folder, "live", ".jpg", frame, stay=1)
