"""What bounds an answer: the top of a rating scale, how many at most, and which end of a line's widths."""

from __future__ import annotations

import re
from typing import Literal

Extreme = Literal["widest", "narrowest", "mean"]
_WORDS = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "hundred": 100, "a hundred": 100, "one hundred": 100, "twenty": 20,
}  # fmt: skip
_NUMBER = rf"(?:\d{{1,4}}|{'|'.join(sorted(_WORDS, key=len, reverse=True))})"
_ENDS = re.compile(
    rf"\b({_NUMBER}) ?(?:to|-|–|\.\.|through|and|bis) ?({_NUMBER})\b(?! ?(?:mm|cm|px|pixels?|%|o.?clock))"
)
_OUT_OF = re.compile(rf"(?:\bout of|\bof|/) ?({_NUMBER})\b")
_LETTERS = re.compile(
    r"\b[a-c] ?(?:to|-|–|\.\.|through) ?[b-z]\b|\ba, ?b(?:,? or|,) ?[c-f]\b|\ban? a or (?:an? )?b\b|\bletters?\b|\bgrade [a-f]\b"
)
_STARS = re.compile(rf"\b(?:({_NUMBER})[ -])?stars?\b")
_POINTS = re.compile(rf"\b({_NUMBER})[ -]points? scale\b")
_FEW = rf"(?P<few>\d{{1,2}}|{'|'.join(word for word, number in _WORDS.items() if 1 < number <= 10)})"
_HIGHEST = r"(?:worst|biggest|largest|strongest|main|most \w+|clearest|gravest)"
_LIMIT = re.compile(
    rf"\b(?:top|first|{_HIGHEST}) {_FEW}\b(?! ?(?:pictures?|images?|photos?|scans?|mm|cm|px|%|o.?clock))"
    rf"|\b(?:at most|no more than|max(?:imum|imal)?|up to|only|just) {_FEW.replace('few', 'most')}"
    r" (?:defects?|regions?|findings?|flaws?|bullets?|points|of them|places|lines)\b"
    rf"|\b{_FEW.replace('few', 'those')} {_HIGHEST}\b"
)
_BREADTH = r"(?:width|thickness|opening|breadth)\b"
_EXTREMES: tuple[tuple[Extreme, str], ...] = (
    ("widest", rf"\b(?:widest|thickest|broadest|fattest)\b|\b(?:max|maximum|maximal|largest|greatest) {_BREADTH}"),
    ("narrowest", rf"\b(?:narrowest|thinnest)\b|\b(?:min|minimum|minimal|smallest|least) {_BREADTH}"),
    ("mean", rf"\b(?:mean|average|typical|median) (?:\w+ )?{_BREADTH}|\b(?:wide|thick) on average\b"),
)


def scale_top_of(said: str) -> float | Literal["letters"] | None:
    """The upper end of the scale that a plain text asks a rating on; None where it names none.

    >>> scale_top_of("rate it 1-10"), scale_top_of("score from 0 to 100"), scale_top_of("a mark out of five")
    (10.0, 100.0, 5.0)
    >>> scale_top_of("grade it a to f"), scale_top_of("how many stars"), scale_top_of("rate it")
    ('letters', 5.0, None)
    """
    if match := _ENDS.search(said) or _OUT_OF.search(said) or _POINTS.search(said):
        top = max(_value(end) for end in match.groups())
        return top if top > 1 else None
    if _LETTERS.search(said):
        return "letters"
    if re.search(r"\bper ?cent\b|%", said):
        return 100.0
    if match := _STARS.search(said):
        return max(5.0, _value(match[1] or "5"))
    return None


def limit_of(said: str) -> int | None:
    """How many at most a plain text asks for.

    >>> limit_of("the top 2 please"), limit_of("the three worst ones"), limit_of("the first two pictures"), limit_of("all")
    (2, 3, None, None)
    """
    match = _LIMIT.search(said)
    return int(_value(match["few"] or match["most"] or match["those"])) or None if match else None


def extreme_of(said: str) -> Extreme | None:
    """Which of a line's widths a plain text asks for.

    >>> extreme_of("width at the widest point"), extreme_of("mean coating thickness"), extreme_of("how wide is it")
    ('widest', 'mean', None)
    """
    return next((extreme for extreme, pattern in _EXTREMES if re.search(pattern, said)), None)


def _value(typed: str) -> float:
    return float(_WORDS.get(typed, typed))
