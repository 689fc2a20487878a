"""Who may come in: names and passwords, which slow down where they are guessed, and addresses that are this page's own."""

from __future__ import annotations

import asyncio
import hmac
import time
from collections import OrderedDict
from collections.abc import Sequence

LOOPBACK = ("127.0.0.1", "localhost", "[::1]", "::1")
LONGEST_WAIT, FORGIVEN = 8.0, 600.0
"""Seconds that a wrong password costs at most; seconds after which wrong ones are forgotten."""
MOST_NAMES = 1000


class Doorkeeper:
    """Knows names and passwords. A wrong one costs time, each further one twice as much, for whoever tries that name.

    Args:
        accounts: (name, password) pairs.
        first: seconds that the first wrong password costs.
    """

    def __init__(self, accounts: Sequence[tuple[str, str]], first: float = 0.5) -> None:
        self._accounts, self._first = dict(accounts), first
        self._wrong: OrderedDict[str, tuple[int, float]] = OrderedDict()

    async def lets_in(self, name: str, password: str) -> bool:
        """Whether name and password belong together."""
        known = self._accounts.get(name)
        right = hmac.compare_digest((known or "").encode(), password.encode()) and known is not None
        count, last = self._wrong.get(name, (0, 0.0))
        if time.monotonic() - last > FORGIVEN:
            count = 0
        if right:
            self._wrong.pop(name, None)
            return True
        self._wrong[name] = (count + 1, time.monotonic())
        self._wrong.move_to_end(name)
        while len(self._wrong) > MOST_NAMES:
            self._wrong.popitem(last=False)
        await asyncio.sleep(min(LONGEST_WAIT, self._first * 2**count))
        return False


def hosts_of(host: str, share: bool) -> list[str] | None:
    """Values of the header Host that are this page's own; None where any may be.

    A page that listens on this machine alone is reached under its own names only: another name is one that a foreign page made
    point here.
    """
    return list(LOOPBACK) if host in LOOPBACK and not share else None
