"""The walk that a winding line is drawn along: a vessel, a sulcus, a crack. How it winds is the drawing's own."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Walk:
    """Where a winding line starts and how far it goes; lengths in the units of the drawing.

    Args:
        start: its first point (x, y).
        heading: at the start, radians, x to the right and y down.
        length: along it.
        width: at the start.
        forks: branches of it, or generations of branches, as the drawing counts them; 0 for none.
    """

    start: tuple[float, float]
    heading: float
    length: float
    width: float
    forks: int
