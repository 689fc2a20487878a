"""Recordings at the doors: shown, then answered; refused in one line; and nothing of them is left on disk."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path

import httpx
import numpy as np
import pytest

from assistant.errors import SpeechError, WeightsError
from assistant.pipeline import Assistant
from assistant.serving.app import build_app
from assistant.serving.settings import ServeSettings
from assistant.speech.recording import Recording
from assistant.speech.transcript import HeardWord, Transcript
from tests.cli import test_app
from tests.cli.test_app import Ended, FakeAssistant
from tests.speech.sounds import encoded, tone, wav

command, fake = test_app.command, test_app.fake
"""Fixtures of the command line."""


class FakeRecogniser:
    """Hears the same question in everything that is loud, and nothing in the rest."""

    def hear(self, recording: Recording) -> Transcript:
        if np.abs(recording.samples).max() < 0.1:
            raise SpeechError("speech", f"sound without words that are recognised in {recording.name}", "speak closer")
        words = (HeardWord("Where", 0.1, 0.4, 0.9), HeardWord("is", 0.4, 0.5, 0.8), HeardWord("it?", 0.5, 0.9, 0.3))
        return Transcript("Where is it?", "en", recording.seconds, 0.667, words)


@pytest.fixture
def recordings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with ``q.wav``, ``faint.wav`` and ``silent.wav``, and what hears them."""
    folder = tmp_path / "recordings"
    folder.mkdir()
    (folder / "q.wav").write_bytes(wav(tone()))
    (folder / "faint.wav").write_bytes(wav(tone(level=0.05)))
    (folder / "silent.wav").write_bytes(wav(tone(level=0.0)))
    monkeypatch.setattr("assistant.speech.recogniser.load_recogniser", lambda *_, **__: FakeRecogniser())
    return folder


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where this process writes temporary files."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_ask_tells_what_it_heard_and_answers_it(
    fake: FakeAssistant,
    command: Callable[..., Ended],
    pictures: Path,
    recordings: Path,
    scratch: Path,
) -> None:
    ended = command("ask", pictures / "a.png", "--audio", recordings / "q.wav", "--json")
    assert ended.err == "heard in q.wav: Where is it? (en, 1.0 s, 67% sure; unsure of: it?)\n"
    assert [a["question"] for a in ended.rows[0]["answers"]] == ["Where is it?"]
    ended = command("ask", pictures / "a.png", "Fine?", *("--audio", recordings / "q.wav") * 2, "--json")
    assert [a["question"] for a in ended.rows[0]["answers"]] == ["Fine?", "Where is it?", "Where is it?"]
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "told"),
    [("silent.wav", "expected speech, got silence in silent.wav"), ("faint.wav", "got sound without words"),
     ("none.wav", "expected a recording that can be read, got none.wav")],
)  # fmt: skip
def test_ask_refuses_in_one_line_before_the_picture_is_looked_at(
    fake: FakeAssistant,
    command: Callable[..., Ended],
    pictures: Path,
    recordings: Path,
    scratch: Path,
    name: str,
    told: str,
) -> None:
    ended = command("ask", pictures / "a.png", "Fine?", "--audio", recordings / name)
    assert (ended.code, ended.out, ended.err.count("\n")) == (1, "", 1)
    assert told in ended.err
    assert fake.inspected == []
    assert list(scratch.iterdir()) == []


def test_ask_wants_a_question(
    fake: FakeAssistant, command: Callable[..., Ended], pictures: Path, tmp_path: Path
) -> None:
    ended = command("ask", pictures / "a.png")
    assert (ended.code, "give --audio FILE" in ended.err) == (2, True)
    ended = command("ask", pictures / "a.png", "Fine?", "--speech", tmp_path)
    assert (ended.code, "expected --audio FILE with --speech" in ended.err) == (2, True)


@pytest.fixture(scope="module")
def app() -> object:
    settings = ServeSettings(hosts=("test",), max_upload_mb=4)
    return build_app(Assistant.load("tiny"), settings, FakeRecogniser())


@pytest.fixture
def client(app: object) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")  # type: ignore[arg-type]


def posted(client: httpx.AsyncClient, content: bytes, name: str = "q.webm") -> httpx.Response:
    return asyncio.run(client.post("/transcribe", files={"audio": (name, content)}))


def test_transcribe_tells_text_language_seconds_and_confidence(client: httpx.AsyncClient) -> None:
    answer = posted(client, encoded("webm", tone(2.0)))
    assert answer.status_code == 200
    row = answer.json()
    assert (row["text"], row["language"], row["confidence"]) == ("Where is it?", "en", 0.667)
    assert row["seconds"] == pytest.approx(2.0, abs=0.1)
    assert [word["sure"] for word in row["words"]] == [True, True, False]


@pytest.mark.parametrize(
    ("content", "told"),
    [(bytes, "an empty file in q.webm"), (lambda: b"no sound", "another kind of file in q.webm"),
     (lambda: wav(tone(level=0.0)), "got silence in q.webm"),
     (lambda: wav(tone(level=0.05)), "without words"), (lambda: wav(tone(50.0)), "at most 4,194,304 bytes"),
     (lambda: encoded("webm", tone(61.0)), "at most 60 s"), (lambda: wav(tone())[:5000], "a whole recording")],
)  # fmt: skip
def test_transcribe_refuses_in_one_line_and_keeps_nothing(
    client: httpx.AsyncClient, scratch: Path, content: Callable[[], bytes], told: str
) -> None:
    answer = posted(client, content())
    assert answer.status_code == 400
    assert told in answer.json()["error"]
    assert "\n" not in answer.json()["error"]
    assert list(scratch.iterdir()) == []


def test_a_large_recording_leaves_no_file(client: httpx.AsyncClient, scratch: Path) -> None:
    assert posted(client, wav(tone(30.0))).status_code == 200  # of 2.9 MB: more than is held in memory while it comes
    assert list(scratch.iterdir()) == []


def test_a_server_without_the_model_says_how_to_have_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def absent(*_: object, **told: object) -> None:
        assert told == {"fetch": False}
        raise WeightsError("the model that hears", "none on this machine", "run anomaly-assistant weights fetch x")

    monkeypatch.setattr("assistant.speech.hearing.load_recogniser", absent)
    app = build_app(Assistant.load("tiny"), ServeSettings(hosts=("test",)))
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")
    answer = posted(client, wav(tone()))
    assert (answer.status_code, "weights fetch" in answer.json()["error"]) == (503, True)
