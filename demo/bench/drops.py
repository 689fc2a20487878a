"""Files dropped together: what of them still waits to be looked at, and why. Knows neither pictures nor gradio."""

from __future__ import annotations

import itertools
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from demo.scans.dropped import Dropped, DroppedScan

FEW = 3
"""Pictures that a drop begins with: where all of them are of another product than the references, a person is asked."""
_numbers = itertools.count(1)
Shown = TypeVar("Shown")
"""A picture on the bench."""
How = TypeVar("How")
"""How it is judged."""


class State(StrEnum):
    """Of a drop."""

    GOING = "going"
    STOPPED = "stopped"
    """By a person; what waits is gone on with, or left out, when they say so."""
    ASKING = "asking"
    """Whether it belongs to the references in use."""


@dataclass(eq=False)
class Drop(Generic[Shown, How]):
    """Files dropped together.

    Args:
        paths: as they were sent.
        pictures: that wait.
        scans: that wait.
        clicks: of the session when it came, or was gone on with.
        state: whether it goes on.
        asked: whether it was asked about; that happens once.
        judged: pictures of it on the bench.
        scanned: scans of it on the bench.
        at: number of the file that is looked at, or was last, from 1.
        setup: how its pictures are judged; as those dropped before when None.
        looking: scan that is being looked at.
        turn: grows when it is gone on with; who works for an earlier turn ends.
        number: by which the page names it.
    """

    paths: list[str]
    pictures: deque[Path]
    scans: deque[DroppedScan]
    clicks: int = 0
    state: State = State.GOING
    asked: bool = False
    judged: list[Shown] = field(default_factory=list)
    scanned: list[Shown] = field(default_factory=list)
    at: int = 1
    setup: How | None = None
    looking: Shown | None = None
    turn: int = 0
    number: int = field(default_factory=lambda: next(_numbers))
    total: int = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.total = self.waiting

    @classmethod
    def of(cls, paths: Iterable[str], found: Dropped, clicks: int) -> Drop[Shown, How]:
        """What was found among files that were sent."""
        return cls(list(paths), deque(found.pictures), deque(found.scans), clicks)

    @property
    def waiting(self) -> int:
        """Pictures and scans that nobody looked at yet."""
        return len(self.pictures) + len(self.scans)

    def goes(self, turn: int) -> bool:
        """Whether who works for a turn is to go on."""
        return self.state is State.GOING and turn == self.turn

    def begin(self) -> None:
        """The next file is looked at from now on."""
        self.at = min(self.total, self.total - self.waiting + 1)

    def next_picture(self, turn: int) -> Path | None:
        """The picture that is due; None where none is, or the drop waits."""
        with self._lock:
            return self.pictures.popleft() if self.pictures and self.goes(turn) else None

    def next_scan(self, turn: int) -> DroppedScan | None:
        """The scan that is due; None where none is, or the drop waits."""
        with self._lock:
            return self.scans.popleft() if self.scans and self.goes(turn) else None

    def give_back(self, scan: DroppedScan) -> None:
        """A scan whose look was broken off waits again."""
        with self._lock:
            self.scans.appendleft(scan)

    def stop(self) -> None:
        """No more of it is looked at until it is gone on with."""
        with self._lock:
            if self.state is State.GOING:
                self.state = State.STOPPED

    def go_on(self, clicks: int) -> int | None:
        """The turn to work for; None where it goes already.

        Args:
            clicks: of the session now.
        """
        with self._lock:
            if self.state is State.GOING:
                return None
            self.state, self.clicks, self.turn = State.GOING, clicks, self.turn + 1
            return self.turn

    def ask(self, other: Callable[[Shown], bool]) -> None:
        """Wait where its first pictures are all of another product than the references; one picture alone asks nothing.

        Args:
            other: whether a picture is.
        """
        few = min(FEW, self.total)
        if self.asked or few < 2 or len(self.judged) < few:
            return
        self.asked = True
        if all(other(one) for one in self.judged[:few]):
            with self._lock:
                self.state = State.ASKING

    def touch(self) -> None:
        """Keep what waits from being removed for its age."""
        scans = [file for scan in self.scans for file in scan.files]
        for path in [*map(Path, self.paths), *self.pictures, *scans]:
            with suppress(OSError):
                os.utime(path)
