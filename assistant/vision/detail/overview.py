"""What the overview of a large picture does not show, in words."""

from __future__ import annotations

import math

from assistant.inquiry import LARGE

_START, _END = "was looked at as a whole: ", " (--detail auto or full does)"
UNSEEN = _START + "marks smaller than about {:g} px were not looked for" + _END


def smallest_seen(size: tuple[int, int], grid: tuple[int, int]) -> float:
    """Extent of the smallest thing that covers about two patches of the overview, source pixels.

    >>> round(smallest_seen((3000, 4000), (21, 28)))
    202

    Args:
        size: (height, width), source pixels.
        grid: (rows, columns) of its patches.
    """
    return math.sqrt(2 * size[0] * size[1] / (grid[0] * grid[1]))


def unseen(size: tuple[int, int], grid: tuple[int, int]) -> tuple[str, ...]:
    """What was not looked for, as warnings are written; nothing of pictures that are not large."""
    if size[0] * size[1] <= LARGE:
        return ()
    return (UNSEEN.format(float(f"{smallest_seen(size, grid):.2g}")),)


def without_unseen(warnings: tuple[str, ...]) -> tuple[str, ...]:
    """Warnings of a picture that was looked at in tiles after all."""
    return tuple(one for one in warnings if not one.startswith(_START))


def unseen_clause(warnings: tuple[str, ...]) -> str:
    """What was not looked for as the end of a sentence; empty where everything was.

    >>> unseen_clause(unseen((3000, 4000), (21, 28)))
    '; marks smaller than about 200 px were not looked for'
    """
    told = next((one for one in warnings if one.startswith(_START)), None)
    return "" if told is None else f"; {told.removeprefix(_START).removesuffix(_END)}"
