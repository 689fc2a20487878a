"""Which lines a person looks at, in which order, and where their threshold is."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from assistant.errors import ConfigError
from assistant.types import THRESHOLD, Severity, Verdict
from demo.table.lines import Line
from demo.table.turns import Turns

PAGE = 50
"""Lines on a page."""
LONGEST_TEXT = 100
LEAST, MOST = 0.05, 0.95
"""Ends of the threshold."""


class Show(StrEnum):
    """Which lines are shown."""

    ALL = "all"
    ANOMALOUS = "anomalous"
    NORMAL = "normal"
    GOOD = "marked good"
    BAD = "marked bad"
    UNMARKED = "not marked"
    WRONG = "wrong by your marks"
    CORRECTED = "corrected"
    ERRORS = "could not be read"


ORDERS: dict[str, Callable[[Line, float], Any]] = {
    "name": lambda line, at: line.name.casefold(),
    "score": lambda line, at: -1.0 if line.score is None else line.score,
    "verdict": lambda line, at: str(line.verdict(at) or ""),
    "place": lambda line, at: line.place,
    "kind": lambda line, at: line.kind,
    "severity": lambda line, at: list(Severity).index(Severity(line.severity)) if line.severity else -1,
    "corrected": lambda line, at: line.corrected,
    "marked": lambda line, at: (line.good is not None, line.good is False),
}
"""Column -> what it is sorted by, under a threshold."""


FALLING = ("score", "severity", "corrected", "marked")
"""Columns whose greatest come first at the first click."""


@dataclass(eq=False)
class Choice:
    """What a person chose; each may be set at once.

    Args:
        show: which lines.
        text: that names or kinds hold.
        order: column that they are sorted by; as they came when empty.
        down: the greatest first.
        first: line that the page begins with.
        at: threshold, in hundredths.
        used: threshold of pictures to come.
        open: whether the table is looked at.
        turns: which word of the browser on each matter was obeyed last; one that comes later but is older is not.
        opening: held while a picture of the folder is copied, so that two clicks copy it once.
    """

    show: Show = Show.ALL
    text: str = ""
    order: str = ""
    down: bool = False
    first: int = 0
    at: float = THRESHOLD
    used: float = THRESHOLD
    open: bool = False
    turns: Turns = field(default_factory=Turns)
    opening: threading.Lock = field(default_factory=threading.Lock)

    def lines(self, every: Sequence[Line]) -> list[Line]:
        """Those chosen, in their order."""
        text = self.text.casefold()
        chosen = [
            one for one in every if self._shows(one) and (not text or text in f"{one.name} {one.kind}".casefold())
        ]
        if (key := ORDERS.get(self.order)) is not None:
            chosen.sort(key=lambda line: key(line, self.at), reverse=self.down)
        return chosen

    def page(self, chosen: Sequence[Line]) -> Sequence[Line]:
        """Those of the page; it begins where a page does."""
        self.first = max(0, min(self.first, len(chosen) - 1))
        self.first -= self.first % PAGE
        return chosen[self.first : self.first + PAGE]

    def is_news(self, matter: str, turn: object) -> bool:
        """Whether a word of the browser on a matter is newer than those obeyed so far; it is then the newest."""
        return self.turns.is_news(matter, turn)

    def move(self, at: object) -> None:
        """Another threshold.

        Raises:
            ConfigError: none, or one outside its ends.
        """
        number = float(at) if isinstance(at, int | float) else math.nan
        if not LEAST <= number <= MOST:
            raise ConfigError(f"a threshold from {LEAST} to {MOST}", str(at)[:20], "move the line")
        self.at = round(number, 2)

    def set(self, told: dict[str, Any]) -> None:
        """What the browser sends: ``show``, ``text``, ``order`` (again: the other way round) or ``first``, and its ``turn``.

        Raises:
            ConfigError: what is none of them.
        """
        matter = next((name for name in ("show", "text", "order", "first") if name in told), "")
        if not self.is_news(matter, told.get("turn")):
            return
        try:
            if "show" in told:
                self.show = Show(told["show"])
            if "text" in told:
                self.text = str(told["text"])[:LONGEST_TEXT].strip()
            if "order" in told:
                again = told["order"] == self.order
                self.down = not self.down if again else told["order"] in FALLING
                self.order = told["order"] if told["order"] in ORDERS else ""
            self.first = int(told["first"]) if "first" in told else 0
        except (TypeError, ValueError, OverflowError):
            raise ConfigError("a choice of the table", "something else", "choose one that is offered") from None

    def _shows(self, line: Line) -> bool:
        verdict = line.verdict(self.at)
        return {
            Show.ALL: True, Show.ANOMALOUS: verdict is Verdict.ANOMALOUS, Show.NORMAL: verdict is Verdict.NORMAL,
            Show.GOOD: line.good is True, Show.BAD: line.good is False, Show.UNMARKED: line.good is None,
            Show.WRONG: line.mistaken(self.at), Show.CORRECTED: line.corrected, Show.ERRORS: bool(line.error),
        }[self.show]  # fmt: skip
