"""Recordings become samples, within limits; what is broken, silent or no recording is told in one line."""

from __future__ import annotations

import contextlib
import struct
from pathlib import Path

import numpy as np
import pytest

from assistant.errors import SpeechError
from assistant.speech import recording
from assistant.speech.recording import RATE, SpeechLimits, read_recording
from tests.speech.sounds import KINDS, encoded, tone, wav


def refused(content: bytes | Path, limits: SpeechLimits | None = None) -> str:
    with pytest.raises(SpeechError) as told:
        read_recording(content, "q.wav", limits)
    assert "\n" not in str(told.value)
    assert "q.wav" in str(told.value) or "at most" in str(told.value)
    return str(told.value)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_read(kind: str) -> None:
    found = read_recording(encoded(kind, tone(2.0)), "q")
    assert found.seconds == pytest.approx(2.0, abs=0.1)
    assert found.samples.dtype == np.float32
    wanted = np.abs(np.fft.rfft(tone(2.0, RATE)))
    heard = np.abs(np.fft.rfft(found.samples, 2 * RATE))
    assert np.corrcoef(wanted[:4000], heard[:4000])[0, 1] > 0.95


@pytest.mark.parametrize(("rate", "channels"), [(8_000, 1), (44_100, 2), (96_000, 6)])
def test_rates_and_channels_become_one_voice(rate: int, channels: int) -> None:
    found = read_recording(wav(tone(1.0, rate), rate, channels), "q.wav")
    assert found.seconds == pytest.approx(1.0, abs=0.01)
    assert np.abs(found.samples).max() > 0.1


def test_a_path_is_read_and_names_it(tmp_path: Path) -> None:
    (tmp_path / "asked.wav").write_bytes(wav(tone()))
    assert read_recording(tmp_path / "asked.wav").name == "asked.wav"
    with pytest.raises(SpeechError, match=r"can be read, got none.wav \(No such file"):
        read_recording(tmp_path / "none.wav")
    (tmp_path / "deeper").mkdir()
    with pytest.raises(SpeechError, match="can be read, got deeper"):
        read_recording(tmp_path / "deeper")


def test_limits_are_checked_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    content = wav(tone(3.0))
    assert "at most 2 s" in refused(content, SpeechLimits(max_seconds=2.0))
    monkeypatch.setattr(recording, "_decoded", lambda *_: pytest.fail("it was decoded"))
    assert "at most 1,000 bytes, got 288,044" in refused(content, SpeechLimits(max_bytes=1000))
    (tmp_path / "q.wav").write_bytes(content)
    monkeypatch.setattr(Path, "read_bytes", lambda _: pytest.fail("it was read"))
    assert "at most 1,000 bytes" in refused(tmp_path / "q.wav", SpeechLimits(max_bytes=1000))


def test_a_length_that_is_not_announced_or_is_a_lie_is_found_while_decoding() -> None:
    assert "at most 2 s" in refused(encoded("mp3", tone(5.0)), SpeechLimits(max_seconds=2.0))
    assert "at most 2 s" in refused(encoded("webm", tone(5.0)), SpeechLimits(max_seconds=2.0))
    silent = np.zeros(48_000 * 90, np.float32)  # half an hour of it would be a small file
    assert "at most 60 s" in refused(encoded("ogg", silent))


@pytest.mark.parametrize("kind", KINDS)
def test_silence_is_told(kind: str) -> None:
    assert refused(encoded(kind, np.zeros(48_000, np.float32))).startswith("expected speech, got silence in q.wav")


def test_a_constant_and_faint_noise_are_silence() -> None:
    constant = np.full(48_000, 0.5, np.float32)
    faint = np.random.default_rng(0).normal(0, 5e-4, 48_000).astype(np.float32)
    assert "got silence" in refused(wav(constant)[:])
    assert "got silence" in refused(wav(faint))
    read_recording(wav(tone(level=0.02)), "a quiet voice")


@pytest.mark.parametrize(
    "content",
    [b"no sound at all", b"\x89PNG\r\n\x1a\n" + bytes(100), b"#EXTM3U\nfile:///etc/passwd\n", b"ffconcat version 1.0\nfile q\n",
     b"RIFF\x00\x00\x00\x00AVI LIST", b"\xff\xf1" + bytes(50)],
)  # fmt: skip
def test_other_files_never_reach_the_decoder(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "_decoded", lambda *_: pytest.fail("it was decoded"))
    assert "WAV, FLAC, Ogg, MP3, M4A or WebM, got another kind" in refused(content)


@pytest.mark.parametrize("kind", KINDS)
def test_broken_files_are_one_line(kind: str) -> None:
    whole = encoded(kind, tone(3.0))
    refused(whole[:30])
    rng = np.random.default_rng(0)
    for _ in range(10):
        broken = bytearray(whole)
        for at in rng.integers(4, len(broken), 40):
            broken[at] = rng.integers(256)
        with contextlib.suppress(SpeechError):  # anything else fails the test
            read_recording(bytes(broken), "q.wav")


@pytest.mark.parametrize("kind", ["wav", "flac", "m4a"])
def test_half_a_file_is_not_taken_for_the_whole(kind: str) -> None:
    whole = encoded(kind, tone(3.0))
    assert "a whole recording" in refused(whole[: len(whole) // 2])


def test_what_is_empty_or_too_short_is_told() -> None:
    assert "got an empty file" in refused(b"")
    assert "hold the button" in refused(wav(tone(0.05)))


def test_a_header_of_nonsense_is_refused() -> None:
    content = bytearray(wav(tone(1.0)))
    content[24:28] = struct.pack("<I", 1)  # a sample a second: its half a million samples would be a week
    refused(bytes(content))
    content[24:28] = struct.pack("<I", 2**31 - 1)
    refused(bytes(content))


def test_numbers_that_are_none_do_no_harm() -> None:
    samples = tone(1.0)
    samples[1000:2000] = np.nan
    head = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + 4 * len(samples), b"WAVE", b"fmt ", 16, 3, 1, 48_000, 192_000, 4, 32,
                       b"data", 4 * len(samples))  # fmt: skip
    assert np.isfinite(read_recording(head + samples.tobytes(), "q.wav").samples).all()
