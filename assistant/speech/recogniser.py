"""Samples -> words, by Whisper through faster-whisper (CTranslate2). The model comes from our cache or from a folder."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32

from assistant.errors import ConfigError, SpeechError, WeightsError
from assistant.speech.hints import hints
from assistant.speech.recording import RATE, Recording, no_extra
from assistant.speech.transcript import HeardWord, Transcript
from assistant.towers.weights import SPEECH, list_towers, tower_path

if TYPE_CHECKING:
    from faster_whisper import WhisperModel

FILES = ("model.bin", "config.json", "tokenizer.json")
"""What a folder must hold; a tokenizer that is absent would be looked for on the network."""
VOCABULARIES = ("vocabulary.txt", "vocabulary.json")
SPEECH_LIKE = 0.3
"""Probability of speech, by Silero's detector, from which a thirtieth of a second counts as speech."""
NO_SPEECH = (0.6, -1.0)
"""A window is taken as empty where Whisper thinks it is with more than the first, and the mean logarithm of its words'
probabilities is below the second (the limits of Whisper's own decoder, section 4.5 of its paper)."""
MOST_THREADS = 4
WINDOW = 30
"""Seconds that Whisper hears at once."""


@runtime_checkable
class Recogniser(Protocol):
    """What hears."""

    def hear(self, recording: Recording) -> Transcript:
        """What was said.

        Raises:
            SpeechError: nothing was.
        """
        ...


class Whisper:
    """A Whisper model, one recording at a time.

    Args:
        folder: with :data:`FILES`.
        hinted: text that its words are likely to be in; empty gives none.

    Raises:
        ConfigError, WeightsError: a folder that holds no such model, or the extra ``speech`` is not installed.
    """

    def __init__(self, folder: Path, hinted: str | None = None) -> None:
        check_folder(folder)
        self._model = _loaded(folder)
        self._hints = hints() if hinted is None else hinted
        self._lock = threading.Lock()

    def hear(self, recording: Recording) -> Transcript:
        """What was said.

        Raises:
            SpeechError: nothing was, or nothing that is recognised.
        """
        nothing = SpeechError(
            "speech", f"sound without words that are recognised in {recording.name}", "speak closer to the microphone"
        )
        words: list[HeardWord] = []
        language = "en"
        with self._lock:
            for start, samples in windows(recording.samples):
                if _holds_speech(samples):
                    language, found = self._heard(samples, start / RATE)
                    words += found
        text = " ".join("".join(word.text for word in words).split())
        if not any(letter.isalnum() for letter in text):
            raise nothing
        confidence = sum(word.confidence for word in words) / len(words)
        return Transcript(text, language, recording.seconds, confidence, tuple(map(_trimmed, words)))

    def _heard(self, samples: Float32[np.ndarray, " samples"], start: float) -> tuple[str, list[HeardWord]]:
        """Language and words of a window that begins at a second of the recording."""
        segments, about = self._model.transcribe(
            samples,
            beam_size=5,
            temperature=0.0,
            condition_on_previous_text=False,
            without_timestamps=True,
            word_timestamps=True,
            hotwords=self._hints or None,
            no_speech_threshold=NO_SPEECH[0],
            log_prob_threshold=NO_SPEECH[1],
        )
        # a window is one segment; asked for more, it would read words out of the silence behind the last one
        return str(about.language), list(_words(islice(segments, 1), start))


def load_recogniser(folder: Path | None = None, *, fetch: bool = True) -> Recogniser:
    """What hears.

    Args:
        folder: of a larger model (CTranslate2); None for ours.
        fetch: bring ours where this machine does not have it.

    Raises:
        ConfigError, WeightsError: a model that cannot be used or had, or the extra ``speech`` is not installed.
    """
    if find_spec("faster_whisper") is None:
        raise no_extra()
    if folder is not None:
        return Whisper(folder)
    if not fetch and not any(one.present for one in list_towers() if one.tower.name == SPEECH):
        raise WeightsError(
            "the model that hears", "none on this machine", f"run anomaly-assistant weights fetch {SPEECH}"
        )
    return Whisper(tower_path(SPEECH))


def check_folder(folder: Path) -> None:
    """Look whether a folder may hold a model that hears.

    Raises:
        ConfigError: a file is missing.
    """
    missing = [name for name in FILES if not (folder / name).is_file()]
    if not any((folder / name).is_file() for name in VOCABULARIES):
        missing.append(VOCABULARIES[0])
    if missing:
        got = f"{folder} without {', '.join(missing)}" if folder.is_dir() else f"{folder}, which is no folder"
        do = "ct2-transformers-converter makes one of a Whisper model of the hub"
        raise ConfigError("the folder of a Whisper model for CTranslate2 after --speech", got, do)


def _loaded(folder: Path) -> WhisperModel:
    try:
        from faster_whisper import WhisperModel
    except ImportError:
        raise no_extra() from None
    # of OMP_NUM_THREADS where it is set: others share the cores then
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    threads = 0 if os.environ.get("OMP_NUM_THREADS") else min(MOST_THREADS, cores)
    try:
        model = WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=threads)
    except (RuntimeError, ValueError, OSError) as error:
        got = f"{folder} ({' '.join(str(error).split())[:200]})"
        raise ConfigError(
            "the folder of a Whisper model for CTranslate2 after --speech", got, "make it again"
        ) from error
    heard, given = model.model.n_mels, model.feature_extractor.mel_filters.shape[0]
    if heard != given:
        got = f"{given} in {folder} without its preprocessor_config.json"
        raise ConfigError(f"{heard} bands of sound as the model was trained with", got, "copy that file there too")
    return model


def windows(samples: Float32[np.ndarray, " samples"]) -> Iterator[tuple[int, Float32[np.ndarray, " samples"]]]:
    """Pieces of at most :data:`WINDOW` seconds with the sample each begins at, cut where it is quietest.

    >>> [(start, len(piece)) for start, piece in windows(np.zeros(40 * RATE, np.float32))]
    [(0, 400800), (400800, 239200)]
    """
    start, tenth = 0, RATE // 10
    while len(samples) - start > WINDOW * RATE:
        late = samples[start + (WINDOW - 5) * RATE : start + WINDOW * RATE].reshape(-1, tenth)
        end = start + (WINDOW - 5) * RATE + int((late**2).mean(axis=1).argmin()) * tenth + tenth // 2
        yield start, samples[start:end]
        start = end
    yield start, samples[start:]


def _holds_speech(samples: Float32[np.ndarray, " samples"]) -> bool:
    """Whether there is a voice in it, by Silero's detector, so that nothing is read out of noise."""
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    options = VadOptions(threshold=SPEECH_LIKE, min_silence_duration_ms=500)
    return bool(get_speech_timestamps(samples, options, sampling_rate=RATE))


def _words(segments: Iterable[Any], begin: float) -> Iterator[HeardWord]:
    """Words of segments; their seconds are counted from ``begin`` before them."""
    for segment in segments:
        if segment.no_speech_prob > NO_SPEECH[0] and segment.avg_logprob < NO_SPEECH[1]:
            continue
        for word in segment.words or ():
            yield HeardWord(word.word, begin + float(word.start), begin + float(word.end), float(word.probability))


def _trimmed(word: HeardWord) -> HeardWord:
    return HeardWord(word.text.strip(), word.start, word.end, word.confidence)
