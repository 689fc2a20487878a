"""How far a look at tiles is."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Told after each tile that was encoded how many were, and how many will be at most; what it raises ends the look."""


class TileCount:
    """Tiles that were encoded.

    Args:
        told: after each; None tells nobody.
        planned: how many there will be at most.
    """

    def __init__(self, told: Progress | None = None, planned: int = 0) -> None:
        self._told, self.planned, self.done = told, planned, 0

    def looked(self, *_: int) -> None:
        """One more was encoded; of what another count tells, nothing but that it tells it."""
        self.done += 1
        self.planned = max(self.planned, self.done)
        if self._told is not None:
            self._told(self.done, self.planned)
