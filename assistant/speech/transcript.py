"""What was heard in a recording, and how sure that is. Data only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

SURE = 0.6
"""Confidence of a word from which it need not be looked at again."""


@dataclass(frozen=True)
class HeardWord:
    """A word in its place.

    Args:
        text: as it is written in the transcript.
        start, end: seconds from the beginning.
        confidence: chance that it was said, 0 to 1, as the recogniser thinks.
    """

    text: str
    start: float
    end: float
    confidence: float

    @property
    def sure(self) -> bool:
        """Whether it need not be looked at again."""
        return self.confidence >= SURE


@dataclass(frozen=True)
class Transcript:
    """What was said.

    Args:
        text: one line, never empty.
        language: ISO 639-1 code.
        seconds: of the recording.
        confidence: mean of the words', 0 to 1.
        words: in order.
    """

    text: str
    language: str
    seconds: float
    confidence: float
    words: tuple[HeardWord, ...]

    @property
    def unsure(self) -> tuple[str, ...]:
        """Words that should be looked at again."""
        return tuple(word.text for word in self.words if not word.sure)

    def row(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "text": self.text, "language": self.language, "seconds": round(self.seconds, 2),
            "confidence": round(self.confidence, 3),
            "words": [
                {
                    "text": word.text, "start": round(word.start, 2), "end": round(word.end, 2),
                    "confidence": round(word.confidence, 3), "sure": word.sure,
                }
                for word in self.words
            ],
        }  # fmt: skip
