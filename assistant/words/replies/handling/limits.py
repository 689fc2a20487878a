"""Replies to "our limit is ...": what was measured held against it now, and where such a limit is kept.

A limit within a measure's margin is not decided, as :mod:`assistant.rules.clauses` does not.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from assistant.reading.spelling import plain
from assistant.reading.told.scales import length_of, number_of
from assistant.types import Extents, Region
from assistant.words import wording
from assistant.words.replies.posed.told_sizes import millimetres_per_pixel
from assistant.words.scene import phrases
from assistant.words.scene.scene import Scene

_LENGTH = re.compile(
    r"(?<![\d.,:])(?P<number>\d*[.,]?\d+) ?(?P<unit>mm|cm|um|µm|μm|microns?|inch|in|px|pixels?)\b(?!²|2)"
)
_SCORE = re.compile(
    r"(?<![\d.,:])(?P<number>0?[.,]\d{1,3}|0[.,]\d+)(?![\d.,]| ?(?:mm|cm|um|µm|μm|microns?|inch|in\b|px|pixels?|%))"
)
_OF_SCORE = re.compile(
    r"\b(?:threshold|score|level|bar|limit|cut-?off|flag\w*|alarm|anything|set|from|up|over|above|under|below|at|to)\b"
)
_WIDTH = re.compile(r"\b(?:wid(?:e|er|th)|thick\w*|broad\w*)\b")
_LONG = re.compile(r"\b(?:long\w*|length)\b")
_COUNT = re.compile(
    r"\b(?:at most|max(?:imum|imal)?|no more than|more than|up to|over) (?P<number>\d{1,2}|two|three|four|five|six)\b"
    r" (?!mm|cm|px|percent|per cent)(?P<noun>[a-z]+)"
)
_WORDS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
PAGE_RULE = '"Your own rule" under Details on the page and press Apply, or give it to --rule'
"""Where a rule is kept."""


@dataclass(frozen=True)
class Limit:
    """A length that must not be exceeded.

    Args:
        value: in ``unit``.
        unit: "mm" or "px".
        of: "length" or "width".
        typed: as the user wrote it.
    """

    value: float
    unit: str
    of: str
    typed: str


def set_limit(scene: Scene) -> list[str]:
    """What was measured against the limit that is told, as far as it is understood, and where to keep it."""
    said = plain(scene.question.text)
    if (limit := limit_in(said)) is not None:
        return [*_against(limit, scene), _kept(_rule_of(limit, scene), scene)]
    if (told := _COUNT.search(said)) is not None:
        return _count(scene, int(_WORDS.get(told["number"], 0) or told["number"]))
    if (score := _SCORE.search(said)) is not None and _OF_SCORE.search(said):
        return _score(scene, number_of(score["number"]))
    return [
        "Which limit I did not understand, so nothing was changed: name a length, a width, a number of marks, a place, "
        "a severity or a "
        "score.",
        _kept("reject any crack over 2 mm, three scratches, critical defects", scene),
    ]


def limit_in(said: str) -> Limit | None:
    """The length that a plain text sets as a limit; None where it names none.

    >>> limit_in("width governs, our limit is 0.3 mm"), limit_in("nothing over 2 cm").value, limit_in("set it to .7")
    (Limit(value=0.3, unit='mm', of='width', typed='0.3 mm'), 20.0, None)
    """
    if (told := _LENGTH.search(said)) is None:
        return None
    of = "width" if _WIDTH.search(said) and not _LONG.search(said) else "length"
    value, unit = length_of(told["number"], told["unit"])
    typed = "px" if unit == "px" else told["unit"]
    return Limit(value, unit, of, f"{number_of(told['number']):g} {typed}")


def _rule_of(limit: Limit, scene: Scene) -> str:
    kinds = scene.question.kinds
    what = f"any {kinds[0]}" if kinds else "anything"
    over = "wider than" if limit.of == "width" else "over"
    return f"reject {what} {over} {limit.value:g} {limit.unit}"


def _kept(rule: str, scene: Scene) -> str:
    """Where a rule is kept, which the conversation is not."""
    scans = "; whole scans take no rule" if scene.medical else ""
    return f'From the chat I keep no limit: write "{rule}" into {PAGE_RULE}{scans}. The verdict by the score stays beside it.'


def _against(limit: Limit, scene: Scene) -> list[str]:
    """The regions of the kind named, the longest or widest first, against a length."""
    if scene.numbers and not scene.regions:
        return [f"There is no such region here to hold against {limit.typed}."]
    regions = scene.regions or scene.inspection.regions
    if scene.question.kinds:
        regions = tuple(region for region in regions if region.type in scene.question.kinds)
        if not regions:
            kinds = wording.join(list(scene.question.kinds), "or")
            return [
                f"Nothing here is taken for {kinds}, so nothing is over {limit.typed}; the kinds are a guess by looks."
            ]
    if not regions:
        return [f"Nothing is marked here, so nothing is over {limit.typed} ({phrases.scored(scene.inspection)})."]
    found = [(region, extents) for region in regions if (extents := _extents(region, limit, scene)) is not None]
    if not found:
        measured = [region for region in regions if region.measures is not None]
        if not measured:
            return [f"What is marked was not measured, so I cannot hold it against {limit.typed}."]
        px = max((one.measures.px for one in measured if one.measures is not None), key=lambda e: _value(e, limit))
        return [
            f"No scale is known, so I cannot hold {limit.typed} against it: the largest {limit.of} is "
            f"{phrases.length(_value(px, limit), 'px')}. Give millimetres per pixel, or tell me how wide the picture is."
        ]
    return [_decided(limit, found)]


def _decided(limit: Limit, found: list[tuple[Region, Extents]]) -> str:
    """On which side of the limit the largest lies; of several that are over it, which."""
    found = sorted(found, key=lambda one: -_value(one[1], limit))
    region, extents = found[0]
    value = _told(_value(extents, limit), limit)
    superlative = "widest" if limit.of == "width" else "longest"
    head = (
        f"{phrases.capital(phrases.name(region))}, the {superlative}, is {value} {'wide' if limit.of == 'width' else 'long'}"
        if len(found) > 1
        else f"{phrases.capital(phrases.name(region))} is {value} {'wide' if limit.of == 'width' else 'long'}"
    )
    low, high = _bounds(region, extents, limit)
    if low > limit.value:
        others = [r for r, e in found[1:] if _bounds(r, e, limit)[0] > limit.value]
        more = (
            ""
            if not others
            else f", and so {'is' if len(others) == 1 else 'are'} {wording.join([phrases.name(r) for r in others])}"
        )
        return f"{head}: over your {limit.typed}{more}."
    if high <= limit.value:
        return f"{head}: not over your {limit.typed}."
    if math.isinf(high):
        return f"{head} at least and may go on: whether it is over your {limit.typed} is not decided."
    return f"{head}, give or take {_told((high - low) / 2, limit)}: too near to your {limit.typed} to tell on which side it lies."


def _told(value: float, limit: Limit) -> str:
    return phrases.length(value, limit.unit)


def _value(extents: Extents, limit: Limit) -> float:
    return extents.width if limit.of == "width" else extents.length


def _bounds(region: Region, extents: Extents, limit: Limit) -> tuple[float, float]:
    """Between what the length or width lies; a width's margin is that share of it that the length's is of the length."""
    value = _value(extents, limit)
    if limit.of == "length":
        goes_on = region.measures is not None and region.measures.may_go_on
        return (value, math.inf) if goes_on else (max(0.0, value - extents.margin), value + extents.margin)
    margin = extents.margin * value / max(extents.length, 1e-9)
    return max(0.0, value - margin), value + margin


def _extents(region: Region, limit: Limit, scene: Scene) -> Extents | None:
    """The extents in the limit's unit: by the file or option, else by the scale that the user told; None without."""
    if region.measures is None:
        return None
    if limit.unit == "px":
        return region.measures.px
    told = scene.state.told_scale
    per = None if told is None else millimetres_per_pixel(told, scene.inspection.image)
    if region.measures.mm is not None or per is None:
        return region.measures.mm
    e = region.measures.px
    return Extents(e.length * per, e.width * per, (e.feret[0] * per, e.feret[1] * per), e.area * per * per,
                   e.edge_distance * per, e.margin * per)  # fmt: skip


def _score(scene: Scene, value: float) -> list[str]:
    """The verdict under another threshold, and where thresholds are kept."""
    found = scene.inspection
    above = wording.measured(found) >= value
    turn = "stay as it is" if above is scene.anomalous else "turn"
    result = "reaches it, so it would not pass" if above else "stays below it, so it would pass"
    return [
        f"With a threshold of {value:.2f} the verdict would {turn}: the score of {wording.score(found)} {result}.",
        "From the chat I change nothing: move the threshold on the page (under All pictures it can be set for all of "
        "them), or write "
        f'"reject a score of at least {value:g}" into {PAGE_RULE}.',
    ]


def _count(scene: Scene, most: int) -> list[str]:
    """How many regions there are against a number that is allowed; of the kind named."""
    kinds = scene.question.kinds
    regions = [r for r in scene.inspection.regions if not kinds or r.type in kinds]
    what = f"taken for {wording.join(list(kinds), 'or')}" if kinds else "marked"
    stand = f"{wording.counted(len(regions), 'region')} {'is' if len(regions) == 1 else 'are'} {what} here"
    rule = f"reject {most + 1} {kinds[0] if kinds else 'defects'}"
    side = "more than" if len(regions) > most else "no more than"
    return [f"{phrases.capital(stand)}: {side} the {most} that you allow.", _kept(rule, scene)]
