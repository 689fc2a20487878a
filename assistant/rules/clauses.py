"""A rule: clauses of which any one rejects a picture. Evaluated on what an inspection says; never guesses.

What a clause asks may be unknown: millimetres without a scale, a length that is a bound, a limit within a measure's margin (as
ISO 14253-1 decides: what may lie on either side of a limit is neither inside nor outside). Then the rule is undecided.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from assistant.errors import ConfigError
from assistant.types import (
    THRESHOLD,
    Extents,
    Inspection,
    Measures,
    Region,
    RuleDecision,
    RuleVerdict,
    Severity,
)
from assistant.vocabulary.knowledge import load_knowledge

SEVERITIES = tuple(Severity)
"""From the least grave on."""


@dataclass(frozen=True)
class Quantity:
    """A length: in millimetres or, where ``pixels``, in source pixels."""

    value: float
    pixels: bool = False

    def __str__(self) -> str:
        return f"{self.value:g} {'px' if self.pixels else 'mm'}"


@dataclass(frozen=True)
class Unknown:
    """Why something cannot be told, in a few words."""

    why: str


Answer = bool | Unknown


@dataclass(frozen=True)
class Clause:
    """What is rejected: at least ``count_at_least`` regions of which all of the rest holds.

    Args:
        kind: name or synonym of a kind.
        longer_than, wider_than: a region's length or width is above it.
        count_at_least: so many such regions.
        zone: (x_min, y_min, x_max, y_max) as shares of width and height; any part of the region lies in it.
        severity_at_least: by the rule in :mod:`assistant.vocabulary.severity`.
        peak_at_least: the region's highest score.
        score_at_least: the picture's score; alone it needs no region.
    """

    kind: str | None = None
    longer_than: Quantity | None = None
    wider_than: Quantity | None = None
    count_at_least: int = 1
    zone: tuple[float, float, float, float] | None = None
    severity_at_least: Severity | None = None
    peak_at_least: float | None = None
    score_at_least: float | None = None

    def __str__(self) -> str:
        parts = [f"at least {self.count_at_least}" if self.count_at_least > 1 else "any"]
        if self.severity_at_least is not None:
            parts.append(f"{self.severity_at_least.value} or graver")
        if not self._of_regions:
            return f"a score of at least {self.score_at_least:g}"
        parts.append(self.kind or "region")
        for name, limit in (("longer", self.longer_than), ("wider", self.wider_than)):
            parts += [] if limit is None else [f"{name} than {limit}"]
        if self.zone is not None:
            parts.append("in the zone " + ", ".join(f"{one:g}" for one in self.zone))
        parts += [] if self.peak_at_least is None else [f"with a peak of at least {self.peak_at_least:g}"]
        parts += [] if self.score_at_least is None else [f"at a score of at least {self.score_at_least:g}"]
        return " ".join(parts)

    @property
    def _of_regions(self) -> bool:
        """Whether it asks anything of regions."""
        asked = (self.kind, self.longer_than, self.wider_than, self.zone, self.severity_at_least, self.peak_at_least)
        return self.count_at_least > 1 or any(one is not None for one in asked) or self.score_at_least is None

    def decide(self, inspection: Inspection) -> tuple[Answer, tuple[int, ...]]:
        """Whether it holds, and the regions that it holds or may hold of."""
        if self.score_at_least is not None and inspection.image_score < self.score_at_least:
            return False, ()
        if not self._of_regions:
            return True, ()
        answers = [(region.id, self._holds(region, inspection)) for region in inspection.regions]
        sure = tuple(number for number, answer in answers if answer is True)
        unsure = [(number, answer.why) for number, answer in answers if isinstance(answer, Unknown)]
        if len(sure) >= self.count_at_least:
            return True, sure
        if len(sure) + len(unsure) < self.count_at_least:
            return False, ()
        return Unknown(unsure[0][1]), (*sure, *(number for number, _ in unsure))

    def _holds(self, region: Region, inspection: Inspection) -> Answer:
        answers = [
            self._is_kind(region),
            self.zone is None or _lies_in(region, inspection, self.zone),
            self.severity_at_least is None
            or SEVERITIES.index(region.severity) >= SEVERITIES.index(self.severity_at_least),
            self.peak_at_least is None or region.peak_score >= self.peak_at_least,
        ]
        if False in answers:
            return False
        for limit, what in ((self.longer_than, "length"), (self.wider_than, "width")):
            answers.append(True if limit is None else _exceeds(region, what, limit))
        if any(answer is False for answer in answers):
            return False
        return next((answer for answer in answers if isinstance(answer, Unknown)), True)

    def _is_kind(self, region: Region) -> Answer:
        if self.kind is None:
            return True
        if region.type is None:
            return Unknown(f"region {region.id} has no kind")
        return canonical(region.type) == canonical(self.kind)


@dataclass(frozen=True)
class Rule:
    """Clauses of which any one rejects.

    Args:
        reject: at least one.
        accept_otherwise: what no clause rejects is accepted; else it is undecided.

    Raises:
        ConfigError: no clauses.
    """

    reject: tuple[Clause, ...]
    accept_otherwise: bool = True

    def __post_init__(self) -> None:
        if not self.reject:
            raise ConfigError("at least one clause under `reject`", "none", "write for example - kind: crack")

    def __str__(self) -> str:
        clauses = "; ".join(str(clause) for clause in self.reject)
        return f"reject {clauses}; otherwise {'accept' if self.accept_otherwise else 'undecided'}"

    def decide(self, inspection: Inspection) -> RuleVerdict:
        """What the rule says of an inspection: the first clause that holds, else the first that may hold."""
        doubt: RuleVerdict | None = None
        for clause in self.reject:
            answer, regions = clause.decide(inspection)
            if answer is True:
                return RuleVerdict(RuleDecision.REJECT, str(clause), regions)
            if isinstance(answer, Unknown) and doubt is None:
                doubt = RuleVerdict(RuleDecision.UNDECIDED, str(clause), regions, answer.why)
        if doubt is not None:
            return doubt
        if self.accept_otherwise:
            return RuleVerdict(RuleDecision.ACCEPT)
        return RuleVerdict(RuleDecision.UNDECIDED, reason="no clause holds, and the rule accepts nothing")

    def require_known_kinds(self, own: Iterable[str], *, vocabulary: bool) -> None:
        """Every kind can be given to a region.

        Args:
            own: kinds that the user names.
            vocabulary: whether regions may have the built-in kinds.

        Raises:
            ConfigError: a kind that no region can have.
        """
        known = {canonical(name) for name in own}
        knowledge = load_knowledge()
        for clause in self.reject:
            if clause.kind is None or canonical(clause.kind) in known:
                continue
            if not vocabulary or knowledge.find(clause.kind) is None:
                names = sorted(known | (set(knowledge.entries) if vocabulary else set()))
                do = f"use one of {', '.join(names)}"
                raise ConfigError("kinds in the rule that regions can have", repr(clause.kind), do)


def canonical(kind: str) -> str:
    """A kind's name in the vocabulary, whichever of its words is given; the word itself where it has none."""
    entry = load_knowledge().find(kind)
    return kind.strip().lower() if entry is None else entry.name


def _exceeds(region: Region, what: str, limit: Quantity) -> Answer:
    """Whether a length is above a limit for sure."""
    if region.measures is None:
        return Unknown(f"region {region.id} was not measured")
    extents = region.measures.px if limit.pixels else region.measures.mm
    if extents is None:
        return Unknown(f"no scale is known, so the {what} of region {region.id} in mm is not")
    value: float = getattr(extents, what)
    low, high = _bounds(region.measures, what, value, extents)
    if low > limit.value:
        return True
    if high <= limit.value:
        return False
    caveat = "; ".join(region.measures.caveats)
    unit = "px" if limit.pixels else "mm"
    told = f"the {what} of region {region.id}, {value:.3g} {unit}, is too near to {limit} to tell"
    return Unknown(f"{told} ({caveat})" if caveat else told)


def _bounds(measures: Measures, what: str, value: float, extents: Extents) -> tuple[float, float]:
    """Between what a length or width lies: within its margin, and open above where it may go on."""
    if what == "length" and measures.may_go_on:
        return value, math.inf
    margin = extents.margin if what == "length" else extents.margin * value / max(extents.length, 1e-9)
    return max(0.0, value - margin), value + margin


def _lies_in(region: Region, inspection: Inspection, zone: Sequence[float]) -> bool:
    """Whether any of a region's pixels is in a zone; its box counts where the map is not at hand in the picture's size."""
    height, width, box = inspection.image.height, inspection.image.width, region.box
    columns = max(box.x_min, math.floor(zone[0] * width)), min(box.x_max, math.ceil(zone[2] * width))
    rows = max(box.y_min, math.floor(zone[1] * height)), min(box.y_max, math.ceil(zone[3] * height))
    if columns[0] >= columns[1] or rows[0] >= rows[1]:
        return False
    scores = inspection.anomaly_map.window(slice(*rows), slice(*columns))
    return scores.size == 0 or bool(np.any(scores >= THRESHOLD))
