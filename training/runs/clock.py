"""Where the time of a run goes: seconds and counts by name."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Clock:
    """Seconds spent on each thing, one entry a time it was done."""

    laps: dict[str, list[float]] = field(default_factory=dict)

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Time what happens inside.

        >>> clock = Clock()
        >>> with clock("step"):
        ...     pass
        >>> len(clock.laps["step"])
        1
        """
        started = time.perf_counter()
        try:
            yield
        finally:
            self.laps.setdefault(name, []).append(time.perf_counter() - started)

    def seconds(self, name: str) -> float:
        """Sum of the seconds of one thing; 0 where it was not done."""
        return sum(self.laps.get(name, []))

    def totals(self) -> dict[str, float]:
        """Seconds by name, rounded to milliseconds."""
        return {name: round(self.seconds(name), 3) for name in self.laps}
