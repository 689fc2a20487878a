"""Which word of a browser is the newest: requests may be worked on in another order than they were sent in."""

from __future__ import annotations

import threading


class Turns:
    """Numbers of the words that were obeyed last, by the matter that they are on."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._lock = threading.Lock()

    def is_news(self, matter: str, turn: object) -> bool:
        """Whether a word on a matter is newer than those obeyed so far; it is then the newest.

        Args:
            matter: the word is on.
            turn: its number, which rises with each word of a browser; a word without one is obeyed.
        """
        if not isinstance(turn, int):
            return True
        with self._lock:
            before = self._numbers.get(matter, 0)
            self._numbers[matter] = max(turn, before)
            return turn >= before

    @property
    def newest(self) -> int:
        """The highest number; 0 before any."""
        with self._lock:
            return max(self._numbers.values(), default=0)
