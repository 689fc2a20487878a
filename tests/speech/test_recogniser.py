"""What a model hears becomes a transcript; folders without a model, and sound without speech, are told."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from assistant.errors import ConfigError, SpeechError, WeightsError
from assistant.speech import recogniser
from assistant.speech.hearing import Hearing
from assistant.speech.hints import MOST_LETTERS, hints
from assistant.speech.recogniser import Whisper, check_folder, load_recogniser
from assistant.speech.recording import RATE, Recording, read_recording
from assistant.speech.transcript import HeardWord, Transcript
from assistant.towers import weights
from tests.speech.sounds import tone, wav

THERE = any(one.present for one in weights.list_towers() if one.tower.name == weights.SPEECH)
needs_model = pytest.mark.skipif(
    not THERE, reason=f"no model that hears: anomaly-assistant weights fetch {weights.SPEECH}"
)
SAID = Path(__file__).parent / "is_there_a_crack.ogg"
"""As espeak-ng's voice en-us says it."""


class FakeModel:
    """Says what it was given, as faster-whisper does."""

    def __init__(self, *segments: Any) -> None:
        self.segments, self.options = segments, {}

    def transcribe(self, samples: np.ndarray, **options: Any) -> Any:
        self.options = options
        return iter(self.segments), SimpleNamespace(language="en")


def segment(*words: tuple[str, float], empty: float = 0.0, sure: float = -0.2) -> Any:
    told = [SimpleNamespace(word=word, start=n, end=n + 1, probability=p) for n, (word, p) in enumerate(words)]
    return SimpleNamespace(words=told, no_speech_prob=empty, avg_logprob=sure)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in (*recogniser.FILES, "vocabulary.txt"):
        (tmp_path / name).write_bytes(b"{}")
    return tmp_path


def hearing(folder: Path, monkeypatch: pytest.MonkeyPatch, *segments: Any) -> tuple[Whisper, FakeModel]:
    model = FakeModel(*segments)
    monkeypatch.setattr(recogniser, "_loaded", lambda _: model)
    monkeypatch.setattr(recogniser, "_holds_speech", lambda samples: samples.any())
    return Whisper(folder), model


RECORDING = Recording(tone(2.0, RATE), "q.wav")


def test_words_become_a_transcript(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard, model = hearing(
        folder, monkeypatch, segment((" Is", 0.9), (" it", 0.5), (" OK?", 1.0)), segment((" You!", 1.0))
    )
    said = heard.hear(RECORDING)
    assert (said.text, said.language, said.seconds) == ("Is it OK?", "en", 2.0)
    assert said.confidence == pytest.approx(0.8)
    assert said.unsure == ("it",)
    assert said.row()["words"][1] == {"text": "it", "start": 1, "end": 2, "confidence": 0.5, "sure": False}
    assert model.options["hotwords"] == hints()


def test_what_the_model_made_up_is_left_out(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made_up = segment((" Thanks for watching!", 0.3), empty=0.9, sure=-1.5)
    for none in ([made_up], [], [segment((" ...", 0.9))]):
        heard, _ = hearing(folder, monkeypatch, *none)
        with pytest.raises(SpeechError, match=r"expected speech, got sound without words that are recognised in q.wav"):
            heard.hear(RECORDING)


def test_long_recordings_are_heard_in_windows_cut_where_it_is_quiet(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples = np.ones(59 * RATE, np.float32)
    samples[27 * RATE : 28 * RATE] = 0.0
    pieces = list(recogniser.windows(samples))
    assert [round(start / RATE, 2) for start, _ in pieces] == [0.0, 27.05, 52.1]
    assert np.array_equal(np.concatenate([piece for _, piece in pieces]), samples)
    heard, _ = hearing(folder, monkeypatch, segment((" a", 0.9)))
    said = heard.hear(Recording(samples, "q.wav"))
    assert said.text == "a a a"
    assert [word.start for word in said.words] == pytest.approx([start / RATE for start, _ in pieces])


def test_hints_are_whole_sentences() -> None:
    assert hints().endswith("?")
    assert len(hints()) <= MOST_LETTERS


def test_sound_without_a_voice_never_reaches_the_model(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard, model = hearing(folder, monkeypatch, segment((" You", 0.9)))
    with pytest.raises(SpeechError, match="expected speech"):
        heard.hear(Recording(np.zeros(RATE, np.float32), "q.wav"))
    assert model.options == {}


@pytest.mark.parametrize("missing", [*recogniser.FILES, "vocabulary.txt"])
def test_a_folder_without_a_file_is_told(folder: Path, missing: str) -> None:
    check_folder(folder)
    (folder / missing).unlink()
    with pytest.raises(ConfigError, match=f"CTranslate2 after --speech, got .* without {missing}"):
        check_folder(folder)
    with pytest.raises(ConfigError, match="which is no folder"):
        check_folder(folder / "none")


def test_a_folder_with_other_files_is_told(folder: Path) -> None:
    with pytest.raises(ConfigError, match="expected the folder of a Whisper model"):
        Whisper(folder)


def test_the_extra_and_the_model_are_asked_for_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(weights.HOME_VARIABLE, str(tmp_path))
    with pytest.raises(WeightsError, match=f"run anomaly-assistant weights fetch {weights.SPEECH}"):
        load_recogniser(fetch=False)
    monkeypatch.setattr(recogniser, "find_spec", lambda _: None)
    with pytest.raises(WeightsError, match=r"expected the extra speech, got none installed; pip install"):
        load_recogniser()


def test_hearing_checks_before_it_loads_and_loads_once(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = []

    class Said:
        def hear(self, recording: Recording) -> Transcript:
            return Transcript(recording.name, "en", recording.seconds, 1.0, (HeardWord("q", 0, 1, 1.0),))

    monkeypatch.setattr("assistant.speech.hearing.load_recogniser", lambda *_, **told: loaded.append(told) or Said())
    found = Hearing()
    with pytest.raises(SpeechError):
        found.hear(b"no sound", "q")
    assert loaded == []
    assert [found.hear(wav(tone()), name).text for name in "ab"] == ["a", "b"]
    assert loaded == [{"fetch": False}]


def test_fetching_all_leaves_the_model_that_hears_alone() -> None:
    tower = weights.TOWERS[weights.SPEECH]
    assert tower.optional
    assert weights.SPEECH not in weights._needed()
    assert {name for name, one in weights.TOWERS.items() if not one.optional} == set(weights._needed())


@pytest.mark.weights
@needs_model
@pytest.mark.skipif(importlib.util.find_spec("faster_whisper") is None, reason="without the extra speech")
def test_the_model_hears_a_question_and_nothing_in_noise() -> None:
    heard = load_recogniser(fetch=False)
    assert isinstance(heard, Whisper)
    said = heard.hear(read_recording(SAID))
    assert said.text.lower().strip(".?!") == "is there a crack"
    assert 0.3 < said.confidence <= 1
    assert [word.text.lower().strip("?") for word in said.words] == "is there a crack".split()
    noise = np.random.default_rng(0).normal(0, 0.1, 2 * RATE).astype(np.float32)
    with pytest.raises(SpeechError, match="expected speech"):
        heard.hear(Recording(noise, "noise"))
    assert len(heard._model.hf_tokenizer.encode(" " + hints(), add_special_tokens=False).ids) <= 223
