"""``/transcribe``: a recording in, what was said out, to be shown and put right before it is asked. Nothing of it is kept."""

from __future__ import annotations

import threading
from typing import Annotated, Any

from fastapi import APIRouter, File, UploadFile

from assistant.serving.pictures import display_name
from assistant.serving.seats import Workers
from assistant.serving.settings import ServeSettings
from assistant.speech.recogniser import Recogniser, check_folder, load_recogniser
from assistant.speech.recording import read_recording
from assistant.speech.transcript import Transcript


def speech_route(settings: ServeSettings, workers: Workers, recogniser: Recogniser | None) -> APIRouter:
    """The route for recordings.

    Args:
        settings: limits, and the model that hears.
        workers: threads that work.
        recogniser: that hears; the settings' own when None, loaded when the first recording comes and never fetched then.

    Raises:
        ConfigError: a folder of a model that cannot be used.
    """
    if settings.speech is not None:
        check_folder(settings.speech)
    router = APIRouter(tags=["plain"])
    loaded, lock = recogniser, threading.Lock()

    def hear(content: bytes, name: str) -> Transcript:
        nonlocal loaded
        recording = read_recording(content, name, settings.speech_limits)
        with lock:
            loaded = loaded or load_recogniser(settings.speech, fetch=False)
        return loaded.hear(recording)

    @router.post("/transcribe")
    async def transcribe(
        audio: Annotated[UploadFile, File(description="Speech as WAV, FLAC, Ogg, MP3, M4A or WebM, up to 60 s.")],
    ) -> dict[str, Any]:
        """What was said, with its language, the seconds, and how sure each word is; show it before it is asked."""
        content, name = await audio.read(), display_name(audio.filename, "recording")
        return (await workers.hear(lambda: hear(content, name))).row()

    return router
