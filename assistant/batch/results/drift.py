"""Whether the pictures of a run stayed alike from the first to the last, or the light changed, or the camera moved.

Rows are put in the order of their sources, numbers in names by their value, so that the same rows give the same finding
whoever wrote them first. Each score (and each brightness) is ranked among those before it. As long as the pictures are
exchangeable the ranks are uniform and independent, and a bet against that wins hardly ever: the chance that the winnings
ever reach :data:`ODDS` is at most 1 / :data:`ODDS` (Ville). The bets are those of the Simple Jumper (Vovk, Petej, Nouretdinov,
Ahlberg, Carlsson, Gammerman, "Retrain or not retrain: conformal test martingales for change-point detection", COPA 2021,
algorithm 1); on conformal martingales: Vovk, Nouretdinov, Gammerman, "Testing exchangeability on-line", ICML 2003. Where the
change lies is told by ranks too (Pettitt, "A non-parametric approach to the change-point problem", Applied Statistics, 1979).
Deviation: ties are broken by a hash of the source, not by chance, and the martingales of score and brightness share the rate.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

from assistant.batch.inputs.item import key_of
from assistant.batch.results.file_records import FileRecord, files_path
from assistant.batch.results.rows import Row, read_rows
from assistant.types import Mode

FALSE_ALARMS = 0.01
"""Share of runs under one reference set that are told of although nothing changed, at most."""
ODDS = 2 / FALSE_ALARMS
"""Winnings at which a change is told, of each of the two bets."""
JUMP = 0.01
"""Share of the stake that changes sides with each picture."""
MOST = 2**15
"""Pictures that are compared, at most: of more, a share drawn by the hashes of their names."""
WATCHED = ("brightness", "image_score")
_NUMBER = re.compile(r"(\d+)")


@dataclass(frozen=True)
class Drift:
    """A change within a run.

    Args:
        what: ``brightness`` or ``image_score``.
        source: about the first picture after it.
        place: of that picture among those compared, from 1.
        count: pictures compared.
        before, after: medians on both sides.
        also_light: whether the brightness of the same pictures changed too.
    """

    what: str
    source: str
    place: int
    count: int
    before: float
    after: float
    also_light: bool = False

    def sentence(self) -> str:
        """What changed, where, by how much, and what to do, in one line."""
        name = " ".join(self.source.split())
        where = f"from about picture {self.place} of {self.count} ({name}) on, in the order of names"
        numbers = f"median {self.before:.2f} before, {self.after:.2f} after"
        if self.what == "brightness":
            return f"brightness changed {where}: {numbers}; check lamp and exposure, or build the profile again"
        likely = "with the light" if self.also_light else "with brightness as before: camera moved, or other parts"
        return f"scores changed {where}: {numbers}, {likely}; look at the pictures on both sides"


@dataclass(frozen=True)
class _Seen:
    """What is kept of a row."""

    source: str
    brightness: float | None
    image_score: float


def find_drifts(results: Path) -> tuple[Drift, ...]:
    """Changes among the pictures of a file of rows that were compared with one reference set.

    Pictures with references of their own (a manifest's) are compared with those of the same.

    Args:
        results: the file of rows; records of their files lie beside it.
    """
    asked = _asked(files_path(results))
    sets: dict[str | None, _Thinned] = {}
    for row in read_rows(results):
        if row["error"] is None and row["mode"] == Mode.FEW_SHOT.value:
            sets.setdefault(asked.get(key_of(row["source"])), _Thinned()).add(row)
    found = [_drifts(kept.in_order()) for kept in sets.values()]
    return tuple(sorted((one for many in found for one in many), key=lambda one: (_order(one.source), one.what)))


def change_point(values: Sequence[float], names: Sequence[str]) -> int | None:
    """Index of about the first value after a change; None where the values do not speak against being exchangeable.

    Args:
        values: in their order.
        names: of the pictures; they break ties.
    """
    stakes = {-1: 1 / 3, 0: 1 / 3, 1: 1 / 3}
    before: list[float] = []
    for value, name in zip(values, names, strict=True):
        insort(before, value)
        first, last = bisect_left(before, value), bisect_right(before, value)
        share = (len(before) - last + _fraction(name) * (last - first)) / len(before)
        total = sum(stakes.values())
        stakes = {
            side: ((1 - JUMP) * stake + JUMP * total / 3) * (1 + side * (share - 0.5)) for side, stake in stakes.items()
        }
        if sum(stakes.values()) >= ODDS:
            return _split(values)
    return None


def _split(values: Sequence[float]) -> int:
    """Where the values change most: the largest sum of ranks too high or too low up to there (Pettitt 1979, K of section 2.3)."""
    from scipy.stats import rankdata

    ranks = rankdata(values)
    excess = np.abs(np.cumsum(2 * ranks - (len(values) + 1)))[:-1]
    return int(excess.argmax()) + 1


class _Thinned:
    """Rows of one reference set: all, or of too many those whose names' hashes a power of two divides."""

    def __init__(self) -> None:
        self._kept: dict[int, _Seen] = {}
        self._step = 1

    def add(self, row: Row) -> None:
        key = key_of(row["source"])
        if key % self._step:
            return
        self._kept[key] = _Seen(row["source"], row["brightness"], row["image_score"])
        if len(self._kept) > MOST:
            self._step *= 2
            self._kept = {key: one for key, one in self._kept.items() if key % self._step == 0}

    def in_order(self) -> list[_Seen]:
        return sorted(self._kept.values(), key=lambda one: _order(one.source))


def _drifts(seen: Sequence[_Seen]) -> Iterable[Drift]:
    """Changes of brightness and of scores, each told once."""
    lit: Drift | None = None
    for what in WATCHED:
        known = [one for one in seen if getattr(one, what) is not None]
        values = [float(getattr(one, what)) for one in known]
        start = change_point(values, [one.source for one in known])
        if start is None:
            continue
        before, after = median(values[:start]), median(values[start:])
        drift = Drift(what, known[start].source, start + 1, len(known), before, after, lit is not None)
        lit = drift if what == "brightness" else lit
        yield drift


def _asked(path: Path) -> dict[int, str]:
    """By the hash of a source, the hash of what a manifest says of it; those without are left out."""
    found: dict[int, str] = {}
    if path.exists():
        with path.open("rb") as file:
            for line in file:
                record = FileRecord.parse(line)
                if record is not None and record.asked is not None:
                    found[key_of(record.source)] = record.asked
    return found


def _order(source: str) -> list[tuple[int, str]]:
    """Sorts ``2.png`` before ``10.png``."""
    parts = _NUMBER.split(source)
    return [(int(part), "") if n % 2 else (-1, part) for n, part in enumerate(parts)]


def _fraction(name: str) -> float:
    """A number in [0, 1) that the name alone decides."""
    digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64
