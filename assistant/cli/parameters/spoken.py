"""Questions, typed or recorded -> their words; what was heard is told before it is answered."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from assistant.errors import ConfigError
from assistant.speech.transcript import Transcript


def heard(recordings: Sequence[Path], model: Path | None) -> list[str]:
    """The questions of recordings, in their order; each is told on standard error as soon as it is heard.

    Args:
        recordings: files.
        model: folder of the model that hears; None for ours, brought at its first use.

    Raises:
        SpeechError: a recording that cannot be read, or in which nothing is said.
        ConfigError, WeightsError: a model that cannot be used or had, or the extra ``speech`` is not installed.
    """
    if not recordings:
        if model is not None:
            raise ConfigError("--audio FILE with --speech", "none", "give a recording, or leave --speech out")
        return []
    from assistant.speech.recogniser import load_recogniser
    from assistant.speech.recording import read_recording

    read = [read_recording(path) for path in recordings]
    recogniser = load_recogniser(model)
    questions = []
    for path, recording in zip(recordings, read, strict=True):
        said = recogniser.hear(recording)
        print(f"heard in {path.name}: {told(said)}", file=sys.stderr, flush=True)
        questions.append(said.text)
    return questions


def told(said: Transcript) -> str:
    """A transcript in one line, with the words to look at again."""
    unsure = f"; unsure of: {', '.join(said.unsure)}" if said.unsure else ""
    return f"{said.text} ({said.language}, {said.seconds:.1f} s, {said.confidence:.0%} sure{unsure})"
