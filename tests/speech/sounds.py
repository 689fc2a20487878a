"""Sound files that tests make: a voice-like tone as every kind that is read."""

from __future__ import annotations

import io
import wave
from typing import Any

import av
import numpy as np

KINDS = {
    "wav": ("wav", "pcm_s16le"), "flac": ("flac", "flac"), "ogg": ("ogg", "libopus"),
    "mp3": ("mp3", "libmp3lame"), "m4a": ("mp4", "aac"), "webm": ("webm", "libopus"),
}  # fmt: skip
"""Name -> FFmpeg's container and codec."""


def tone(seconds: float = 1.0, rate: int = 48_000, level: float = 0.3) -> np.ndarray:
    """A tone of 300 Hz that swells and fades four times a second, (samples,) of -1 to 1."""
    t = np.arange(round(seconds * rate)) / rate
    return (level * np.sin(2 * np.pi * 300 * t) * np.abs(np.sin(2 * np.pi * 2 * t))).astype(np.float32)


def wav(samples: np.ndarray, rate: int = 48_000, channels: int = 1) -> bytes:
    """16-bit WAV; every channel holds the same."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((samples * 32767).astype("<i2").repeat(channels).tobytes())
    return out.getvalue()


def encoded(kind: str, samples: np.ndarray, rate: int = 48_000) -> bytes:
    """A file of a kind of :data:`KINDS`."""
    container, codec = KINDS[kind]
    out = io.BytesIO()
    with av.open(out, "w", format=container) as file:
        stream: Any = file.add_stream(codec, rate=rate, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples[None].astype(np.float32), format="fltp", layout="mono")
        frame.sample_rate = rate
        fifo, resampler = av.AudioFifo(), av.AudioResampler(stream.codec_context.format, "mono", rate)
        for resampled in resampler.resample(frame):
            fifo.write(resampled)
        size = stream.codec_context.frame_size or 1024
        for piece in [*iter(lambda: fifo.read(size), None), *([rest] if (rest := fifo.read()) else []), None]:
            file.mux(stream.encode(piece))
    return out.getvalue()
