"""Numbers an answer states: how many regions, how many of a kind, percentages, severities. Reads one clause at a time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from assistant.reading.clauses import GENERIC, Vocabulary, negated
from assistant.types import Severity

NUMBERS = {w: n for n, w in enumerate("no one two three four five six seven eight nine ten eleven twelve".split())}
_VAGUE = {"several": 2, "multiple": 2, "many": 2, "some": 1, "various": 2, "numerous": 2}
_NUMBER = rf"\d+|an?|{'|'.join(NUMBERS)}|both|(?:a )?(?:couple|pair) of|{'|'.join(_VAGUE)}"
_COUNTED = "region|area|spot|place|" + GENERIC.removesuffix("|damage")
_COUNT = re.compile(
    rf"\b(?P<bound>at least |more than |only |just |exactly |as many as |up to |fewer than |less than )?"
    rf"(?P<number>{_NUMBER}) (?!such |normal |more\b)(?P<word>(?!of )\w+ )?(?P<noun>{_COUNTED})s?\b"
)
_EXISTS = re.compile(
    r"\bthere (?:is|are|was|were|seems?|appears?)\b|\b(?:found|detected|identified|visible|stands? out|stood out|shows?"
    r"|has|have|see|contains?|marked|count)\b"
)
_OTHER = re.compile(r"\b(?:other|more|further|additional|weaker|remaining|smaller|another)\b")


@dataclass(frozen=True)
class Share:
    """A percentage.

    Args:
        percent: as said; words such as "half" are numbers.
        of: "area" of the picture, "chance" that something is so, or "" when that is not said.
        bound: "<" and ">" for less and more than it, "~" for about it, "" for the number itself.
        step: what one digit of the last place is worth.
    """

    percent: float
    of: Literal["area", "chance", ""] = ""
    bound: Literal["<", ">", "~", ""] = ""
    step: float = 1.0


def count_of(clause: str) -> tuple[int, bool] | None:
    """A number of regions said to be there, and whether it is a lower bound; ``there is a defect`` is at least one."""
    if re.match(r"(?:the|its) (?:only|sole|single) (?:\w+ )?(?:defect|region|anomaly|flaw|finding)\b(?! of)", clause):
        return 1, False
    match = _COUNT.search(clause)
    if match is None or _OTHER.search(clause[match.start("number") : match.end()]):
        return None
    if not _EXISTS.search(clause) and match.span() != (0, len(clause)):
        return None
    word, bound = match["number"], (match["bound"] or "").strip()
    if word in {"a", "an"}:
        single = (match["word"] or "").strip() == "single"
        if negated(clause, match.start()):
            return (0, False) if single else None
        return (1, not single and bound not in {"only", "just"}) if clause.startswith("there") or single else None
    if bound in {"up to", "fewer than", "less than"} or negated(clause, match.start("number")):
        return None
    if word in _VAGUE:
        return _VAGUE[word], True
    if word.endswith(" of"):
        return 2, True
    number = 2 if word == "both" else int(word) if word.isdigit() else NUMBERS[word]
    if bound == "more than":
        return number + 1, True
    return number, bound == "at least"


def type_counts_of(clause: str, vocabulary: Vocabulary) -> set[tuple[str, int]]:
    """(name, number) of kinds of which two or more are said to be there."""
    found = set()
    for name, at in vocabulary.find(clause):
        before = re.search(r"\b(?P<number>\d+|two|three|four|five|six|seven|eight|nine) (?:\w+ )?$", clause[:at])
        if before is None or not _EXISTS.search(clause) or _OTHER.search(before.group()) or negated(clause, at):
            continue
        number = int(before["number"]) if before["number"].isdigit() else NUMBERS[before["number"]]
        if number > 1 and not re.search(r"\b(?:region|than) $", clause[: before.start()]):
            found.add((name, number))
    return found


def severities_of(clause: str) -> set[Severity]:
    """Words of the severity rule that the clause says of something that is there."""
    found = set()
    for match in re.finditer(
        r"\b(minor|major|critical)(?! (?:variation|difference|change|axis|role|part)s?\b)", clause
    ):
        if not negated(clause, match.start()) and not re.search(
            r"\b(?:than|become|below|above) $", clause[: match.start()]
        ):
            found.add(Severity(match[1]))
    return found


_SHARE = re.compile(
    r"(?P<bound>\b(?:less than|under|below|at most|up to|fewer than|more than|over|above|at least|about|around|roughly"
    r"|approximately|nearly|almost|some|circa) )?"
    r"(?:(?P<number>\d+(?:\.(?P<digits>\d+))?) ?(?:%|per ?cent\b)"
    r"|(?P<word>a half|half|a third|one third|a quarter|one quarter|a tenth|one tenth|three quarters|two thirds)"
    r"(?= of (?:the|its) (?:whole |entire |total )?(?:picture|image|area|surface|part|object)))"
)
_WORDS = {"half": 50.0, "third": 100 / 3, "quarter": 25.0, "tenth": 10.0, "quarters": 75.0, "thirds": 200 / 3}
_SMALLER = {"less than", "under", "below", "at most", "up to", "fewer than"}
_LARGER = {"more than", "over", "above", "at least"}


def shares_of(clause: str) -> list[Share]:
    """Percentages, each with what it is a share of."""
    found = []
    for match in _SHARE.finditer(clause):
        after, before = clause[match.end() : match.end() + 30], clause[max(0, match.start() - 40) : match.start()]
        of: Literal["area", "chance", ""] = ""
        if re.match(r" (?:\w+ )?(?:sure|certain|confiden|likel|probab|chance)", after) or re.search(
            r"\b(?:probability|confidence|certainty|likelihood|score|sure|chance)\b[^%]*$", before
        ):
            of = "chance"
        elif re.match(r" of (?:the|its|this|all)\b", after) or re.search(
            r"\b(?:cover|area|size|takes?|occup|extent|extends?|large|big|spans?|fills?|makes up)\w*\b", before
        ):
            of = "area"
        said = (match["bound"] or "").strip()
        bound: Literal["<", ">", "~", ""] = "<" if said in _SMALLER else ">" if said in _LARGER else "~" if said else ""
        if match["word"]:
            found.append(Share(_WORDS[match["word"].split()[-1]], "area", bound or "~"))
        else:
            found.append(Share(float(match["number"]), of, bound, 10.0 ** -len(match["digits"] or "")))
    return found


def region_numbers(text: str) -> set[int]:
    """Numbers of regions that a text names."""
    found: set[int] = set()
    for listed in re.findall(
        r"\bregions? (?:no\.? |number |#)?(\d+(?:(?:, | and | or |, and | & )\d+\b(?! ?%))*)", text.lower()
    ):
        found |= {int(n) for n in re.findall(r"\d+", listed)}
    words = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5}
    return found | {words[w] for w in re.findall(r"\bregion (one|two|three|four|five)\b", text.lower())}
