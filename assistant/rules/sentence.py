"""A rule in one sentence -> the same clauses as YAML has. What is not understood is refused, never left out.

"Reject any crack over 2 mm, three scratches or more, anything in the top 10 %, critical defects; otherwise accept."
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from assistant.errors import ConfigError
from assistant.reading.quantities import NUMBERS
from assistant.reading.told.scales import length_of
from assistant.rules.clauses import Clause, Quantity, Rule
from assistant.types import Severity
from assistant.vocabulary.knowledge import load_knowledge

EXAMPLE = 'write for example "reject any crack over 2 mm, three scratches, anything in the top"'
_NUMBER = r"(?P<number>[0-9]+(?:\.[0-9]+)?)"
_UNIT = r"(?P<unit>mm|millimet(?:re|er)s?|cm|centimet(?:re|er)s?|um|µm|microns?|px|pixels?|inch(?:es)?|in)\b"
_OVER = r"(?:is |are |of )?(?:over|above|longer than|more than|greater than|larger than|bigger than|exceeding)"
_LONG = re.compile(rf"\b{_OVER} {_NUMBER}\s*{_UNIT}(?: long| in length)?")
_WIDE = re.compile(rf"\b(?:wider than|thicker than|broader than) {_NUMBER}\s*{_UNIT}")
_SCORE = re.compile(rf"\b(?:a |the )?scores? (?:of )?(?:at least|from|over|above) {_NUMBER}")
_SEVERITY = re.compile(r"\b(minor|major|critical)\b(?: or (?:worse|graver|more severe))?")
_COUNT = re.compile(rf"\b(?:at least |more than )?([0-9]+|{'|'.join(NUMBERS)})\b")
_PLACE = re.compile(
    r"\b(?:in|at|on|near|within) (?:the )?(?:(?P<share>[0-9]+(?:\.[0-9]+)?) ?(?:%|percent) (?:at|of) (?:the )?)?"
    r"(?P<row>upper|top|lower|bottom|middle)?[ -]?(?P<column>left|right|cent(?:re|er))?"
    r"(?: (?P<after>[0-9]+(?:\.[0-9]+)?) ?(?:%|percent))?"
    r"(?: (?:third|part|edge|corner|of the (?:picture|image|part)))*(?=$| )"
)
_FILLER = frozenset(
    "reject rejected any anything a an the all every each thing things region regions defect defects with that which is are "
    "longer long there of when if has have anomaly anomalies".split()
)
_ACCEPT = re.compile(
    r"[,;.]?\s*(?:and |but )?(?:(?:otherwise|else) accept\w*|accept (?:everything|all|the rest|otherwise).*)\s*\.?$"
)
_OR_MORE = re.compile(r"\bor more\b")
_QUOTED = re.compile(r"[\"“]([^\"”]+)[\"”]")
"""A kind of the user's own."""
_THIRDS = {"left": (0.0, 1 / 3), "right": (2 / 3, 1.0), "centre": (1 / 3, 2 / 3), "middle": (1 / 3, 2 / 3)}
_SPANS = {**_THIRDS, "top": (0.0, 1 / 3), "bottom": (2 / 3, 1.0)}
_SAME = {"upper": "top", "lower": "bottom", "center": "centre"}


def read_sentence(text: str) -> Rule:
    """The rule of a sentence; what came of it is told by ``str`` of it.

    >>> str(read_sentence("reject any crack over 2 mm, three scratches"))
    'reject any crack longer than 2 mm; at least 3 scratch; otherwise accept'

    Raises:
        ConfigError: a part that is not understood, which it quotes.
    """
    said = " ".join(text.lower().split())
    said = _ACCEPT.sub("", said).rstrip(" .;")
    parts = [part for part in re.split(r"\s*[,;]\s*(?:or |and )?|\s+or (?=any|a |an )", said) if part]
    if not parts or not re.match(r"reject", said):
        raise ConfigError("a rule that begins with reject, or the path of a YAML file", repr(text[:60]), EXAMPLE)
    return Rule(tuple(_clause(part) for part in parts))


def _clause(part: str) -> Clause:
    rest, told = _OR_MORE.sub(" ", part), dict[str, Any]()

    def take(pattern: re.Pattern[str], key: str, read: Callable[[re.Match[str]], Any]) -> None:
        nonlocal rest
        found = pattern.search(rest)
        if found is not None and (value := read(found)) is not None:
            told[key] = value
            rest = f"{rest[: found.start()]} {rest[found.end() :]}"

    take(_QUOTED, "kind", lambda found: found[1].strip())
    take(_SCORE, "score_at_least", lambda found: float(found["number"]) if float(found["number"]) <= 1 else None)
    take(_WIDE, "wider_than", _quantity)
    take(_LONG, "longer_than", _quantity)
    take(_PLACE, "zone", _zone)
    take(_SEVERITY, "severity_at_least", lambda found: Severity(found[1]))
    take(_COUNT, "count_at_least", _count)
    words = [word for word in re.findall(r"[^\s]+", rest) if word not in _FILLER]
    if words and "kind" in told:
        raise ConfigError(f"one kind in {part!r}", f"also {' '.join(words)!r}", EXAMPLE)
    if words:
        told["kind"] = _kind(" ".join(words), part)
    if not told and not re.search(r"\b(?:any|every|all)\b|thing", part):
        raise ConfigError("clauses of kinds, lengths, counts, places, severities or scores", repr(part), EXAMPLE)
    return Clause(**told)


def _kind(words: str, part: str) -> str:
    """A kind of the vocabulary, in the singular or plural; kinds of one's own stand in quotes."""
    for form in (words, words.removesuffix("s"), words.removesuffix("es"), re.sub("ies$", "y", words)):
        entry = load_knowledge().find(form)
        if entry is not None:
            return entry.name
    raise ConfigError(f"words of a rule in {part!r}", f"{words!r}, which is not understood", EXAMPLE)


def _quantity(found: re.Match[str]) -> Quantity:
    value, unit = length_of(found["number"], found["unit"])
    return Quantity(value, pixels=unit == "px")


def _count(found: re.Match[str]) -> int | None:
    number = int(found[1]) if found[1].isdecimal() else NUMBERS[found[1]]
    number += found[0].startswith("more than")
    return number if number >= 1 else None


def _zone(found: re.Match[str]) -> tuple[float, float, float, float] | None:
    """A place as shares of the picture: a third, or the share told."""
    row, column = (None if one is None else _SAME.get(one, one) for one in (found["row"], found["column"]))
    if row is None and column is None:
        return None
    share = found["share"] or found["after"]
    across, down = _span(column, share), _span(row, share)
    return across[0], down[0], across[1], down[1]


def _span(name: str | None, share: str | None) -> tuple[float, float]:
    if name is None:
        return 0.0, 1.0
    low, high = _SPANS[name]
    if share is None:
        return low, high
    part = min(1.0, float(share) / 100)
    return (0.0, part) if low == 0 else (1 - part, 1.0) if high == 1 else (0.5 - part / 2, 0.5 + part / 2)
