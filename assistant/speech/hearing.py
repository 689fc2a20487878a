"""A recogniser for a door that runs for long: loaded when the first recording comes, and never fetched then."""

from __future__ import annotations

import threading
from pathlib import Path

from assistant.speech.recogniser import Recogniser, check_folder, load_recogniser
from assistant.speech.recording import SpeechLimits, read_recording
from assistant.speech.transcript import Transcript


class Hearing:
    """Bytes of recordings in, transcripts out; may be used from several threads.

    Args:
        folder: of the model that hears; None for ours, where this machine has it.
        limits: of a recording.
        recogniser: that hears, instead of what the folder holds.

    Raises:
        ConfigError: a folder that holds no such model.
    """

    def __init__(
        self, folder: Path | None = None, limits: SpeechLimits | None = None, recogniser: Recogniser | None = None
    ) -> None:
        if folder is not None:
            check_folder(folder)
        self._folder, self._limits, self._recogniser = folder, limits, recogniser
        self._lock = threading.Lock()

    def hear(self, content: bytes, name: str) -> Transcript:
        """What is said in a file.

        Args:
            content: its bytes.
            name: to be shown.

        Raises:
            SpeechError: it cannot be read, is outside the limits, or nothing is said in it.
            WeightsError: the model, or the extra ``speech``, is not on this machine.
        """
        recording = read_recording(content, name, self._limits)
        with self._lock:
            self._recogniser = self._recogniser or load_recogniser(self._folder, fetch=False)
        return self._recogniser.hear(recording)
