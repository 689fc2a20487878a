"""Tabs of a browser: each shows one project at a time, whichever the others show."""

from __future__ import annotations

from dataclasses import dataclass, field

from demo.table.turns import Turns


@dataclass(eq=False)
class Tab:
    """A tab.

    Args:
        shows: id of the session whose project it shows now.
        looked: closer looks that had ended when it was last painted for one.
        turns: which of the clicks in it were obeyed; one that comes after a later one is not.
    """

    shows: str = ""
    looked: int = 0
    turns: Turns = field(default_factory=Turns)


class Seat(str):
    """The id of a session as one tab holds it: what was begun in the tab knows by it whether the tab has gone on."""

    __slots__ = ("tab",)
    tab: Tab

    def __new__(cls, id: str, tab: Tab | None = None) -> Seat:
        """The tab (a new one when None) shows the project of this session from now on."""
        made = super().__new__(cls, id)
        made.tab = tab or Tab()
        made.tab.shows = str(id)
        return made


def seat(id: str, before: str | None = None) -> Seat:
    """The session as the tab holds it that held ``before``."""
    return Seat(id, before.tab if isinstance(before, Seat) else None)


def tab_of(sid: str | None) -> Tab | None:
    """The tab that holds a session; None where that is not known."""
    return sid.tab if isinstance(sid, Seat) else None


def is_news(sid: str | None, matter: str, turn: object) -> bool:
    """Whether a click of a tab on a matter is newer than those obeyed so far, as far as that is known; it is then the newest."""
    tab = tab_of(sid)
    return tab is None or tab.turns.is_news(matter, turn)


def is_left(sid: str | None) -> bool:
    """Whether the tab went on to another project since something was begun in it."""
    return isinstance(sid, Seat) and sid.tab.shows != str(sid)
