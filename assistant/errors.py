"""Errors a person can act on: each message says what was expected, what came, and what to do."""

from __future__ import annotations


class AssistantError(Exception):
    """Base of every error this package raises on purpose.

    Args:
        expected: what would have been right.
        got: what came instead.
        do: the next step for the person who reads it.

    >>> print(AssistantError("a side divisible by 14", "450", "use 448"))
    expected a side divisible by 14, got 450; use 448
    """

    def __init__(self, expected: str, got: str, do: str = "") -> None:
        self.expected, self.got, self.do = expected, got, do
        text = f"expected {expected}, got {got}" + (f"; {do}" if do else "")
        super().__init__(" ".join(text.split()))


class ImageError(AssistantError):
    """A picture that cannot be read, or that is outside the limits."""


class SpeechError(AssistantError):
    """A recording that cannot be read, is outside the limits, or holds no speech."""


class WeightsError(AssistantError):
    """Towers or trained parts that are missing, damaged, or made for other towers."""


class ConfigError(AssistantError):
    """A preset, recipe or option that does not make sense."""


class ProfileError(AssistantError):
    """A reference set or saved profile that cannot be used."""


class DataSetError(AssistantError):
    """A data set on disk that does not follow its contract."""


class ServerError(AssistantError):
    """A model server that is down, refuses, or sends what it should not."""


class StorageError(AssistantError):
    """A folder that cannot be written: full, read-only, or in use by another run."""
