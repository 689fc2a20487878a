"""Questions spoken by espeak-ng in four voices at two levels of noise: the act of the typed text, and in what time?

    python -m tests.speech.measure_speech FILE.jsonl [MOST]

Appends a line for each recording and goes on where FILE ends; its order is such that any beginning is balanced. Needs the program
espeak-ng, the extra ``speech``, and the towers of ``weights fetch`` with the model that hears.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from assistant.errors import SpeechError
from assistant.reading.acts.understanding import understand
from assistant.reading.question import read_question
from assistant.speech.recogniser import load_recogniser
from assistant.speech.recording import RATE, Recording, read_recording

QUESTIONS = (Path(__file__).parent / "spoken_questions.txt").read_text(encoding="utf-8").splitlines()
VOICES = ("en-us", "en-gb-x-rp", "en-gb-scotland", "en-us+f4")
NOISE_DB = (20, 10)
"""Signal to pink noise."""
SPEED = 150
"""Words a minute."""
PAUSE = 0.3
"""Seconds before and after."""


def spoken(text: str, voice: str, noise_db: float, seed: int) -> Recording:
    """A question as a synthetic voice says it, in pink noise."""
    asked = ["espeak-ng", "-v", voice, "-s", str(SPEED), "--stdout", text]
    clean = read_recording(subprocess.run(asked, capture_output=True, check=True).stdout, f"{voice}.wav")
    pause = np.zeros(round(PAUSE * RATE), np.float32)
    whole = np.concatenate([pause, clean.samples, pause])
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(len(whole)))
    noise = np.fft.irfft(spectrum / np.sqrt(np.arange(len(spectrum)) + 1), len(whole))
    noise *= np.sqrt(np.mean(clean.samples**2) / np.mean(noise**2) / 10 ** (noise_db / 10))
    return replace(clean, samples=np.clip(whole + noise, -1, 1).astype(np.float32))


def acts(text: str) -> list[str]:
    """What a question does."""
    told = understand(read_question(text))
    return [asked.act.value for asked in told.acts] or ([told.guess.act.value] if told.guess else [])


def cases() -> Iterator[tuple[int, str, int]]:
    """Question, voice, noise: each eighth has every question once, every voice and either noise as often."""
    for part in range(len(VOICES) * len(NOISE_DB)):
        for number in range(len(QUESTIONS)):
            turn = (number + part) % (len(VOICES) * len(NOISE_DB))
            yield number, VOICES[turn % len(VOICES)], NOISE_DB[turn // len(VOICES)]


def measure(out: Path, most: int) -> list[dict[str, Any]]:
    """Hear every recording that ``out`` does not hold yet."""
    rows = [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []
    recogniser = load_recogniser()
    for number, voice, noise in list(cases())[len(rows) : most]:
        recording = spoken(QUESTIONS[number], voice, noise, number)
        processor, wall, sure = time.process_time(), time.perf_counter(), 0.0
        try:
            said = recogniser.hear(recording)
            text, sure = said.text, said.confidence
        except SpeechError:
            text = ""
        row = {
            "typed": QUESTIONS[number], "heard": text, "voice": voice, "noise_db": noise, "seconds": recording.seconds,
            "processor_seconds": time.process_time() - processor, "wall_seconds": time.perf_counter() - wall,
            "confidence": sure, "same": bool(text) and acts(text) == acts(QUESTIONS[number]),
        }  # fmt: skip
        rows.append(row)
        with out.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
    return rows


def show(rows: Iterable[dict[str, Any]]) -> None:
    """Shares of same acts, by voice and noise, and the time of the recordings of about three seconds."""
    rows = list(rows)

    def share(chosen: list[dict[str, Any]]) -> str:
        return f"{sum(row['same'] for row in chosen)} of {len(chosen)}"

    print(f"same act: {share(rows)}")
    for voice in VOICES:
        shares = [share([r for r in rows if (r["voice"], r["noise_db"]) == (voice, noise)]) for noise in NOISE_DB]
        print(f"  {voice}: " + ", ".join(f"{told} at {noise} dB" for told, noise in zip(shares, NOISE_DB, strict=True)))
    times = [row["processor_seconds"] for row in rows[1:] if 2.5 <= row["seconds"] <= 3.5] or [float("nan")]
    print(
        f"processor seconds of 3 s: median {np.median(times):.2f}, 95 % {np.quantile(times, 0.95):.2f}, of {len(times)}"
    )


if __name__ == "__main__":
    show(measure(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 10**9))
