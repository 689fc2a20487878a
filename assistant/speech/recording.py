"""Bytes of a recording -> samples, within limits: WAV, FLAC, Ogg, MP3, M4A, WebM. Writes no file, opens none it is not given.

The kind of a file is told by its first bytes and only these kinds are handed to FFmpeg (by PyAV, which faster-whisper
brings), since playlists and the like make it open other files and addresses.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float32

from assistant.errors import SpeechError, WeightsError

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer

RATE = 16_000
"""Samples a second of what is handed on."""
KINDS = "WAV, FLAC, Ogg, MP3, M4A or WebM"
RATES = (4_000, 384_000)
"""Least and most samples a second of a file."""
MOST_CHANNELS = 16
QUIET = 10 ** (-55 / 20)
"""Loudest twentieth of a second of what counts as silence: root mean square against full scale, -55 dB."""
SHORTEST = 0.1
"""Seconds in which nothing can have been said."""
WHOLE = 0.9
"""Share of the seconds that a file announces which must be in it."""
UNKNOWN = 0x7FFF_0000
"""Size from which one in the head of a WAV file is what streams write that do not know it."""
_CODECS = ("pcm_", "adpcm_", "flac", "vorbis", "opus", "mp3", "aac", "alac")
_TELLS_LENGTH = ("wav", "flac", "mov")


@dataclass(frozen=True)
class SpeechLimits:
    """What a recording may cost.

    Args:
        max_bytes: of the file.
        max_seconds: of sound.
    """

    max_bytes: int = 20 * 2**20
    max_seconds: float = 60.0


@dataclass(frozen=True)
class Recording:
    """Sound of one voice.

    Args:
        samples: mono, 16,000 a second, -1 to 1.
        name: of the file, to be shown.
    """

    samples: Float32[np.ndarray, " samples"]
    name: str

    @property
    def seconds(self) -> float:
        """How long it is."""
        return len(self.samples) / RATE


def read_recording(source: Path | bytes, name: str = "", limits: SpeechLimits | None = None) -> Recording:
    """Decode a file.

    Args:
        source: path, or the bytes themselves.
        name: to be shown; the path's own when empty.
        limits: checked before and while it is decoded.

    Raises:
        SpeechError: absent, broken, another kind of file, outside the limits, or silent.
        WeightsError: the extra ``speech`` is not installed.
    """
    limits = limits or SpeechLimits()
    name = name or (source.name if isinstance(source, Path) else "recording")
    content = _content(source, name, limits)
    kind = kind_of(content)
    if kind == "wav" and (whole := _announced_bytes(content)) > len(content):
        got = f"the first {len(content):,} of {whole:,} bytes in {name}"
        raise SpeechError("a whole recording", got, "record it again")
    if kind is None:
        raise SpeechError(f"a recording as {KINDS}", f"another kind of file in {name}", "record it as one of these")
    samples = _decoded(content, kind, name, limits)
    if len(samples) < SHORTEST * RATE:
        got = f"{len(samples) / RATE:.2f} s in {name}"
        raise SpeechError("a recording of a second or more", got, "hold the button while you speak")
    if _loudest(samples) < QUIET:
        got = f"silence in {name} ({len(samples) / RATE:.1f} s)"
        raise SpeechError("speech", got, "check that the microphone is on and is the one chosen")
    return Recording(samples, name)


def kind_of(content: bytes) -> str | None:
    """FFmpeg's name of what a file is, by its first bytes; None for what is not taken.

    >>> kind_of(b"RIFF0000WAVEfmt "), kind_of(b"#EXTM3U"), kind_of(b"")
    ('wav', None, None)
    """
    head = content[:12]
    for start, kind in ((b"fLaC", "flac"), (b"OggS", "ogg"), (b"ID3", "mp3"), (b"\x1aE\xdf\xa3", "matroska")):
        if head.startswith(start):
            return kind
    if head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE":
        return "wav"
    if head[4:8] == b"ftyp":
        return "mov"
    # MPEG layer III: eleven bits of synchronisation, then the version, then the layer as 01
    return "mp3" if len(head) > 1 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2 else None


def _announced_bytes(content: bytes) -> int:
    r"""Bytes that the head of a WAV file tells it has; 0 where it was written before that was known.

    >>> _announced_bytes(b"RIFF" + (100).to_bytes(4, "little")), _announced_bytes(b"RIFF\xff\xff\xff\xff")
    (108, 0)
    """
    told = int.from_bytes(content[4:8], "little")
    return told + 8 if told < UNKNOWN else 0


def _content(source: Path | bytes, name: str, limits: SpeechLimits) -> bytes:
    do = "record a shorter question"
    try:
        size = len(source) if isinstance(source, bytes) else source.stat().st_size
        if size > limits.max_bytes:
            raise SpeechError(f"a recording of at most {limits.max_bytes:,} bytes", f"{size:,} in {name}", do)
        content = source if isinstance(source, bytes) else source.read_bytes()
    except (OSError, ValueError) as error:
        got = f"{name} ({getattr(error, 'strerror', None) or error})"
        raise SpeechError("a recording that can be read", got, "check its path") from error
    if not content:
        raise SpeechError("a recording", f"an empty file in {name}", "record it again")
    return content


def _decoded(content: bytes, kind: str, name: str, limits: SpeechLimits) -> Float32[np.ndarray, " samples"]:
    """All sound of a file as one voice; stops at the limit."""
    try:
        import av
    except ImportError:
        raise no_extra() from None
    broken = (f"a whole recording as {KINDS}", "record it again, or save it as WAV")
    try:
        with av.open(
            io.BytesIO(content), mode="r", format=kind, metadata_errors="ignore", io_open=_nothing_else
        ) as file:
            stream = _stream(file, name)
            announced = float(file.duration / av.time_base) if file.duration and kind in _TELLS_LENGTH else 0.0
            if announced > limits.max_seconds:
                raise _too_long(name, limits)
            pieces = list(_pieces(file, stream, name, limits))
    except (av.error.FFmpegError, ValueError, EOFError, MemoryError) as error:
        got = f"a damaged file in {name} ({getattr(error, 'strerror', None) or error})"
        raise SpeechError(broken[0], got, broken[1]) from error
    samples = np.concatenate([*pieces, np.zeros(0, np.float32)])
    if len(samples) / RATE < WHOLE * announced - SHORTEST:
        got = f"the first {len(samples) / RATE:.1f} s of {announced:.1f} s in {name}"
        raise SpeechError(broken[0], got, broken[1])
    return samples


def _stream(file: InputContainer, name: str) -> AudioStream:
    """The first sound of a file, of a kind that is taken."""
    if not file.streams.audio:
        raise SpeechError("a recording with sound", f"none in {name}", "record it with a microphone")
    stream = file.streams.audio[0]
    codec = stream.codec_context
    if codec is None:
        raise SpeechError(f"a recording as {KINDS}", f"sound of an unknown kind in {name}", "save it as WAV")
    if not codec.name.startswith(_CODECS):
        raise SpeechError(f"a recording as {KINDS}", f"sound as {codec.name} in {name}", "save it as WAV")
    if not RATES[0] <= codec.rate <= RATES[1]:
        got = f"{codec.rate:,} in {name}"
        raise SpeechError(f"{RATES[0]:,} to {RATES[1]:,} samples a second", got, "save it with 16,000")
    if not 1 <= codec.channels <= MOST_CHANNELS:
        raise SpeechError(f"1 to {MOST_CHANNELS} channels", f"{codec.channels} in {name}", "save it as mono")
    return stream


def _pieces(
    file: InputContainer, stream: AudioStream, name: str, limits: SpeechLimits
) -> Iterator[Float32[np.ndarray, " samples"]]:
    """Sound as it is decoded, mixed to one channel.

    Raises:
        SpeechError: it is longer than the limit.
    """
    import av

    resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
    count = 0
    for frame in file.decode(stream):
        frame.pts = None  # browsers' clocks jump
        for mixed in resampler.resample(frame):
            count += mixed.samples
            if count > limits.max_seconds * RATE:
                raise _too_long(name, limits)
            yield _samples(mixed)
    for mixed in resampler.resample(None):
        yield _samples(mixed)


def _samples(frame: Any) -> Float32[np.ndarray, " samples"]:
    values = np.nan_to_num(frame.to_ndarray()[0], nan=0.0, posinf=0.0, neginf=0.0)
    clipped: np.ndarray = np.clip(values, -1.0, 1.0)
    return clipped.astype(np.float32)


def _loudest(samples: Float32[np.ndarray, " samples"]) -> float:
    """Root mean square of the loudest twentieth of a second, without what is constant."""
    window = RATE // 20
    whole = samples[: len(samples) // window * window].reshape(-1, window)
    return float(whole.std(axis=1).max(initial=0.0))


def _too_long(name: str, limits: SpeechLimits) -> SpeechError:
    return SpeechError(
        f"a recording of at most {limits.max_seconds:g} s", f"a longer one in {name}", "ask in fewer words"
    )


def _nothing_else(url: str, *_: Any) -> Any:
    """Stands where FFmpeg would open a further file or address that a file names."""
    raise ValueError("it names another file")


def no_extra() -> WeightsError:
    """What is told where faster-whisper is absent."""
    return WeightsError("the extra speech", "none installed", 'pip install "anomaly-assistant[speech]"')
