"""A question that is said comes into the question box, is not asked yet, and its recording is gone."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from assistant.speech.hearing import Hearing
from assistant.speech.recording import Recording
from assistant.speech.transcript import HeardWord, Transcript
from demo.bench.workbench import Workbench
from demo.handlers import Handlers
from demo.sample_set import SampleSet
from tests.demo.running import components


class Ears:
    """Hear one thing whatever is said."""

    def hear(self, recording: Recording) -> Transcript:
        words = (HeardWord("how", 0, 1, 0.9), HeardWord("long?", 1, 2, 0.2))
        return Transcript("how long?", "en", recording.seconds, 0.6, words)


@pytest.fixture
def do(bench: Workbench, tmp_path: Path) -> Handlers:
    root = tmp_path / "uploads"
    root.mkdir()
    samples = SampleSet(None, tmp_path / "samples")
    return Handlers(bench, samples, components(), root, hearing=Hearing(recogniser=Ears()))


def recorded(folder: Path, seconds: float = 1.0) -> Path:
    folder.mkdir(exist_ok=True)
    with wave.open(str(folder / "said.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        tone = 8000 * np.sin(np.arange(round(16000 * seconds)) / 9)
        file.writeframes(tone.astype("<i2").tobytes())
    return folder / "said.wav"


def test_what_is_heard_is_put_into_the_box_and_kept_nowhere(do: Handlers) -> None:
    path = recorded(do.root / "one")
    found = do.hear(str(path))
    assert found[do.page.question] == "how long?"
    assert "look at “long?”" in found[do.page.status]
    assert found[do.page.speech] is None
    assert not path.parent.exists()
    assert do.page.chat not in found


def test_a_recording_that_cannot_be_heard_is_told_and_kept_nowhere(do: Handlers, tmp_path: Path) -> None:
    broken = do.root / "two" / "said.wav"
    broken.parent.mkdir()
    broken.write_bytes(b"no sound")
    found = do.hear(str(broken))
    assert do.page.question not in found
    assert "Expected a recording" in found[do.page.status]
    assert not broken.exists()
    outside = recorded(tmp_path / "elsewhere")
    assert "a path outside the uploads" in do.hear(str(outside))[do.page.status]
    assert outside.exists()
    assert do.page.question not in do.hear(None)
