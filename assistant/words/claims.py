"""Whether what a sentence claims stands in what is known: numbers with their units, yes and no, what no measurement backs.

What a sentence states of the verdict, of places, kinds, counts and severities is :mod:`assistant.reading.faithfulness`'s matter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from assistant.reading.quantities import region_numbers
from assistant.types import Inspection
from assistant.words.facts import region_line

_UNITS = {
    "px": r"px|pixels?",
    "mm": r"mm|millimet(?:re|er)s?",
    "cm": r"cm|centimet(?:re|er)s?",
    "um": r"[µμ]m|um|microns?|micromet(?:re|er)s?",
    "m": r"m|met(?:re|er)s?",
    "in": r"inch(?:es)?|\"",
    "%": r"%|per ?cent|percent",
    "deg": r"°|degrees?",
    "ml": r"ml|millilit(?:re|er)s?",
}
_NUMBER = re.compile(
    r"(?<![\w.])(?P<number>\d+(?:[.,]\d+)?)(?:\s*[-\u2013]\s*\d+(?:\.\d+)?)?\s?(?P<unit>"
    + "|".join(f"(?:{pattern})(?!\\w)" for pattern in _UNITS.values())
    + r")?"
)
_LISTED = re.compile(r"(?m)^\s*\d{1,2}[.)]\s+")
_BARE = re.compile(r"\d+(?:\.\d+)?")
_OF_PICTURE = re.compile(r"\b(?:picture|image|photo|threshold|overall|map)\b")
_OPENS = re.compile(r"\W*(?P<yes>yes|yeah|yep|correct)?(?P<no>no|nope)?\b", re.IGNORECASE)
_HEDGED = re.compile(
    r"\b(?:may|might|could|can|perhaps|possibl[ey]|likely|probably|typical(?:ly)?|often|usual(?:ly)?)\b"
)
_GRAVE = re.compile(
    r"\b(?:malignan\w*|benign|cancer\w*|carcinoma|tumou?rs?|metasta\w*|diagnos\w*|prognos\w*|prescri\w*"
    r"|patients? (?:has|have|is)|guarante\w*|certif\w*|complian\w*|compli(?:es|ed)|conforms?|perfectly safe"
    r"|100 % (?:sure|safe)"
    r"|cosmetic|superficial|harmless|flawless|intact|defect-free|in (?:good )?(?:order|shape|condition)"
    r"|(?:not|n't|never) (?:affect|matter|impair|weaken)\w*|growing|spreading|propagat\w*"
    r"|will (?:soon )?(?:fail|break|grow|spread)"
    r"|(?:certain|bound|sure) to|(?:chance|probability|likelihood) of|definitely|certainly|undoubtedly|without (?:a )?doubt"
    r"|(?:is|was) (?:just|only|merely) (?:an? )?\w+"
    r"|(?:just|only|merely) (?:an? )?(?:reflection|shadow|glare|dirt|dust|smudge|stain)"
    r"|rather than (?:an? )?\w+"
    r"|(?:can(?:not|'t| not)|(?:could|do|did)(?:n't| not)|never) (?:see|find|spot|detect|notice|confirm|think|believe))\b"
)
"""What no measurement backs, unless it was said before: diagnoses, guarantees, consequences, certainties, denials."""
_WORDED = (
    r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen|(?:twen|thir|for|fif|six|seven|eigh|nine)ty"
    r"|hundreds?|thousands?)"
)
_UNTOLD = re.compile(
    rf"\b(?:dozens?|{_WORDED}(?:[- ]{_WORDED})*(?:[- ](?:and|point|a|half))*[- ]?"
    r"(?:millimet|centimet|micromet|micron|met(?:re|er)|inch|pixels?|per ?cent|degrees?)\w*)\b"
    r"|\d\s?(?:[kmg]?(?:hz|pa|n|v|a|w|j|g)|newtons?|bars?|psi|volts?|amps?|watts?|nm|km|ft|feet|yards?|mils?|lbs?|thousandths"
    r"|seconds?|minutes?|hours?|days?|weeks?|months?|years?|times|others?|more)\b"
    r"|\b(?:temperature|pressure|load|speed|age|depth) (?:\w+ )?(?:of |above |below |over |under |about )+\d"
)
"""Amounts in words, and in units that nothing here is measured in."""
_FOREIGN = re.compile(r"[^\W\d_\u0000-\u024f\u03bc]")
"""Letters of other scripts, which look like Latin ones and are not read as such."""
_DEED = re.compile(
    r"\bi(?:'ll| will|'ve| have)? (?:just |now |already )?(?:order|sen[dt]|sav|book|call|notif|email|updat|delet|record|forward"
    r"|log|remind|schedul|remov|repair|stopp?|reject)(?:ed|e|d|s|t|ied|y)?\b"
)
"""What this program does not do, said as done or promised."""


_PASS = re.compile(
    r"\b(?:can|may|should|could|ok(?:ay)? to|safe to|fine to|good to|ready to|clear(?:ed)? to|approved? (?:for|to)"
    r"|acceptable (?:for|to))"
    r" (?:\w+ ){0,2}?(?:be )?(?:ship\w*|accept\w*|pass\w*|releas\w*|us(?:e|ed)|go|pack\w*|deliver\w*|continue"
    r"|run|installed|sold)\b"
    r"|\b(?:accept|ship|release|pass|approve) (?:it|this|them|the part|the piece)\b"
    r"|\bis (?:acceptable|good enough|safe|harmless)\b"
    r"|\b(?:take|treat|count|mark) \w+(?: \w+)? as (?:good|fine|ok(?:ay)?|normal)\b"
    r"|\b(?:keep|continue|go on) (?:on )?(?:using|running|shipping)\b"
    r"|\buse (?:it|this|them|the \w+)(?: as|$|[ ,.;]+anyway| still)"
    r"|\b(?:keep|put|take|leave|return) (?:it|this|them|the \w+)(?: back)? (?:in|into|to)"
    r" (?:the box|service|use|stock|production)\b"
    r"|\bgive (?:it|this|them|the \w+) (?:a|the) (?:pass|green|go)\b"
    r"|\bsend (?:it|this|them|the \w+) (?:to (?:the|a) customer|on|out)\b"
    r"|\beverything is\b"
    r"|\b(?:not|nothing|no need|no reason)\b[^.]*\bworr\w+|\bno (?:risk|danger)\b|\bis (?:fine|ok(?:ay)?)\b"
)
_HOLD = re.compile(
    r"\b(?:hold (?:it|this|them|the part|the piece)?|reject\w*|scrap\w*|quarantine\w*|set (?:it|this|them) aside"
    r"|pull (?:it|this))\b"
    r"|\b(?:not|n't|never|cannot|before|until|unless) (?:\w+ ){0,3}?"
    r"(?:ship\w*|accept\w*|pass\w*|releas\w*|use[sd]?|go|safe|approv\w*)\b"
)
_LOOKS = re.compile(
    r"\b(?:red(?:dish)?|blue|green(?:ish)?|yellow(?:ish)?|brown(?:ish)?|black|white|gr[ae]y(?:ish)?|orange|silver(?:y)?|golden|pink"
    r"|purple|shiny|glossy|matte|rusty|greasy|oily|wet|dry|transparent|jagged|smooth|fibrous|metallic|wooden|plastic)\b"
)
_WAYS = {
    "horizontal": r"horizontal(?:ly)?|(?:from )?(?:the )?left to (?:the )?right|right to (?:the )?left|side to side|sideways",
    "vertical": r"vertical(?:ly)?|(?:the )?top to (?:the )?bottom|bottom to (?:the )?top|up and down|upright",
    "diagonal": r"diagonal(?:ly)?|oblique(?:ly)?|slant(?:s|ed|ing|wise)?|slop(?:es|ed|ing)|tilt(?:s|ed|ing)?|at an angle"
    r"|(?:top|bottom|upper|lower)[ -](?:left|right)(?: corner)? to (?:the )?(?:top|bottom|upper|lower)[ -](?:left|right)",
    "other": r"lengthwise|crosswise|widthwise|longitudinal(?:ly)?|transverse(?:ly)?|parallel|perpendicular|radial(?:ly)?"
    r"|circumferential(?:ly)?|(?:counter|anti)?-?clockwise|(?:up|down|in|out)wards?|along the (?:grain|edge|axis|seam|rim|length)"
    r"|across the (?:grain|axis|seam)",
}
_WAY = re.compile(r"\b(?:" + "|".join(f"(?P<{way}>{pattern})" for way, pattern in _WAYS.items()) + r")\b")
_CAUSE = re.compile(
    r"\b(?:caused|produced|created|made|triggered|induced|brought about|left) by\b|\b(?:due|owing|thanks) to\b"
    r"|\b(?:result(?:s|ed)?|com(?:es?|ing)|came|stem(?:s|med)?|aris(?:es?|ing)|arose|originat(?:es?|ed)|forms|formed)"
    r" (?:from|out of)\b"
    r"|\b(?:a|the) (?:\w+ )?(?:result|consequence|product|effect|sign|symptom) of\b"
    r"|\b(?:cause|reason|culprit|source|origin|explanation) (?:is|was|of it is|for (?:it|this) is)\b"
    r"|\b(?:led|leads?) to\b|\b(?:will|would) (?:lead|cause|result)\b|\bcaus(?:es|ed|ing) (?!by)\w+"
    r"|\b(?:has|have|had|was|were|got) (?:been )?(?:overload|drop|mishandl|overheat|hit|struck|impact|bent|over-?tighten)\w*"
)
"""Says where something comes from, or what comes of it."""
_SUPPOSED = re.compile(
    r"\b(?:seems?|appears?|suggests?|suspect\w*|consistent with|in line with|score|verdict|flag\w*|hold|held|reject\w*|ship\w*"
    r"|judg\w*|warning|threshold|above|below)\b"
)
"""Says it as a supposition, or speaks of this program's judgement, whose grounds are known."""
_TURNS = re.compile(r";|,? \bbut\b|,? \bhowever\b|,? \balthough\b|,? \bwhile\b|,? \band (?=(?:it|this|that|the)\b)")


_MEASURES = {
    "wide": r"wide|width|broad|across",
    "long": r"long|length",
    "high": r"high|tall|height",
    "edge": r"from the|edge|away",
    "apart": r"apart|distance",
    "deep": r"deep|depth|thick|thickness",
}


@dataclass(frozen=True)
class Quantity:
    """A number as written.

    Args:
        value: of it.
        step: what one digit of its last place is worth.
        unit: "" for none.
        of: what it is a measure of: "wide", "long", "high", "edge", "apart", "area"; "" where that is not said beside it.
    """

    value: float
    step: float
    unit: str
    of: str = ""

    def backs(self, other: Quantity) -> bool:
        """Whether the other number, and what it measures, is this one, or this one with fewer digits."""
        alike = (self.unit == other.unit or not other.unit) and other.of in ("", self.of)
        rounded = other.step > self.step and abs(self.value - other.value) <= 0.5 * other.step + 1e-9
        return alike and (rounded or abs(self.value - other.value) <= 1e-9 * max(1.0, abs(other.value)))


def quantities_of(text: str) -> list[Quantity]:
    """Numbers in digits with their units; numbers of list items are none.

    >>> [(q.value, q.unit) for q in quantities_of("1. It is 3.1 % or 45 pixels, peak 0.86.")]
    [(3.1, '%'), (45.0, 'px'), (0.86, '')]
    """
    found, plain = [], _LISTED.sub("", text)
    for match in _NUMBER.finditer(plain):
        unit = next((u for u, pattern in _UNITS.items() if match["unit"] and re.fullmatch(pattern, match["unit"])), "")
        for number in _BARE.findall(match[0].replace(",", ".")):
            digits = len(number.partition(".")[2])
            found.append(Quantity(float(number), 10.0**-digits, unit, _measure_of(plain, match) if unit else ""))
    return found


def _measure_of(text: str, number: re.Match[str]) -> str:
    """What a number is a measure of, by the words right behind or before it."""
    behind = re.match(r"[ ,]*(?:\([^)]*\) ?)?(?:in |of )?(?:the |its )?(\w+(?: the)?)", text[number.end() :].lower())
    before = re.search(r"(\w+) (?:of|is|at) (?:about |at least |roughly |around )?$", text[: number.start()].lower())
    for word in (behind and behind[1], before and before[1]):
        for measure, pattern in _MEASURES.items():
            if word and re.fullmatch(pattern, word):
                return measure
    return ""


def unbacked(sentence: str, inspection: Inspection, facts: Iterable[str], told: Iterable[str]) -> list[Quantity]:
    """Numbers of a sentence that nothing backs.

    A number needs one that is the same, or that it rounds, in the same unit; one without a unit may be of any. A share of the
    picture may be said of a score ("87 % sure" of 0.87). What is said of one region alone has to be that region's.

    Args:
        sentence: of a model.
        inspection: of the picture.
        facts: lines of what was measured.
        told: what the measurements say on the question, and what the user said.
    """
    numbers = region_numbers(sentence)
    of_picture = _OF_PICTURE.search(sentence.lower()) is not None
    facts = [line for line in facts if of_picture or not line.startswith("Picture:")]
    if len(numbers) == 1 and not of_picture:
        facts = [region_line(inspection, r) for r in inspection.regions if r.id in numbers]
    known = [q for text in (*facts, *told) for q in quantities_of(text)]
    scores = [Quantity(100 * q.value, 1.0, "%") for q in known if not q.unit and q.value <= 1 and q.step == 0.01]
    ids = [Quantity(float(n), 1.0, "") for n in numbers]
    return [
        q for q in quantities_of(sentence)
        if not any(one.backs(q) for one in (*known, *scores, *(ids if not q.unit else ())))
    ]  # fmt: skip


def polarity(text: str) -> bool | None:
    """Whether a text opens with yes or no; None where with neither.

    >>> polarity("Yes, it is."), polarity("No."), polarity("Nothing was found.")
    (True, False, None)
    """
    match = _OPENS.match(text)
    return None if match is None or not (match["yes"] or match["no"]) else match["yes"] is not None


def hedged(text: str) -> bool:
    """Whether a text says something as a possibility."""
    return _HEDGED.search(text.lower()) is not None


def grave(sentence: str, *told: str) -> bool:
    """Whether a sentence says what no measurement backs and nobody said before: a diagnosis, a guarantee, a deed.

    >>> grave("I ordered two more."), grave("I marked two regions."), grave("It is forty-five millimetres long.")
    (True, False, True)
    """
    known, lowered = " ".join(told).lower(), sentence.lower()
    if _DEED.search(lowered) or _FOREIGN.search(sentence):
        return True
    return any(match[0] not in known for pattern in (_GRAVE, _UNTOLD) for match in pattern.finditer(lowered))


def disposition(text: str) -> bool | None:
    """What a text says is to become of the thing: True to let it pass, False to hold it back; None where it says neither.

    >>> disposition("It can be shipped."), disposition("I would hold it back."), disposition("It is a crack.")
    (True, False, None)
    """
    lowered = re.sub(r"\bno (?:reason|need) to (?:\w+ )?", "", text.lower())
    if _HOLD.search(lowered):
        return False
    return True if _PASS.search(lowered) else None


def directions(text: str) -> frozenset[str]:
    """Ways that a text says something runs.

    >>> sorted(directions("It runs from the top left to the bottom right")), sorted(directions("an upright, lengthwise mark"))
    (['diagonal'], ['other', 'vertical'])
    """
    return frozenset(match.lastgroup for match in _WAY.finditer(text.lower()) if match.lastgroup)


def astray(sentence: str, facts: Iterable[str], told: str) -> frozenset[str]:
    """Ways in a sentence that nothing measured runs; of a region that is named alone, that this one does not.

    Args:
        sentence: of a model.
        facts: lines of what was measured.
        told: what the measurements say on the question.
    """
    numbers = region_numbers(sentence)
    runs = [line for line in facts if re.match(r"Region \d+ runs ", line)]
    if len(numbers) == 1:
        runs = [line for line in runs if line.startswith(f"Region {next(iter(numbers))} ")]
    return directions(sentence) - directions(" ".join([*runs, told]))


def asserts_cause(sentence: str) -> bool:
    """Whether a sentence says as a fact where something comes from or leads to; no picture tells.

    >>> asserts_cause("It was caused by overload."), asserts_cause("It may have been caused by overload.")
    (True, False)
    >>> asserts_cause("It may be small, but it comes from wear."), asserts_cause("I hold it back due to its score.")
    (True, False)
    """
    clauses = _TURNS.split(sentence.lower())
    return any(_CAUSE.search(one) and not _SUPPOSED.search(one) and not hedged(one) for one in clauses)


def looks(text: str) -> frozenset[str]:
    """Words for colours and surfaces in a text: nothing that is measured, so a model that sees no picture cannot know them."""
    return frozenset(_LOOKS.findall(text.lower()))
