"""What an answer states, read by a small grammar.

Reading is conservative: what is not stated in a form the grammar knows is None or empty. It knows negation ("no sign
of a defect", "not normal"), hypotheses ("if there is a crack"), other parts of the picture ("the rest looks normal"),
and what is said not to be there ("no crack", "nothing at the top left").
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.geometry import CELLS
from assistant.reading.clauses import ANOMALOUS, GENERIC, NORMAL, Vocabulary, clauses, negated, vocabulary_of
from assistant.reading.quantities import Share, count_of, severities_of, shares_of, type_counts_of
from assistant.types import Severity, Verdict

ANY = ""
"""Stands for any kind or any place."""
_ASSERTED = (
    r"\b(?:(?:there|here) (?:is|are|was|were|appears?|seems?)|(?:it|this|that) (?:is|was|looks|appears|seems)|"
    r"region(?: \d+)? (?:is|looks|appears|seems)|has|have|had|shows?|contains?|exhibits?|reveals?|displays?|found|"
    r"detected|identified|see|visible|present|suffers from|with|(?:defect|anomaly|lesion|finding|problem) is)\b"
)
_ELSEWHERE = re.compile(
    r"\b(?:rest|others? (?:part|area|region|place)s?|remaining|remainder|otherwise|elsewhere|apart from|except"
    r"|surrounding|aside from|besides|other than)\b"
)
_LIKENESS = re.compile(
    r"\b(?:confused?|mistaken|rather than|instead of|similar|unlike|grow into|lead to|can|could|caused by|risk of|"
    r"in case of|resembles?|start|turn into|become)\b"
)
_ROW = {"top": "top", "upper": "top", "bottom": "bottom", "lower": "bottom", "middle": "middle", "centre": "middle"}
_COLUMN = {"left": "left", "right": "right", "centre": "centre", "middle": "centre"}
_CELL = re.compile(
    r"\b(?P<row>top|upper|bottom|lower|middle|centre) (?P<column>left|right|centre|middle)\b|"
    r"\b(?P<column2>left|right) (?P<row2>top|upper|bottom|lower)\b|"
    r"\b(?P<centre>(?:at|in|near|is|from) the (?:very )?(?:centre|middle)|and the (?:centre|middle)|centre of the"
    r"|the centre$|(?:centrally|centered|centred|dead centre))(?! (?:left|right|centre|middle))"
)
_SIDE = re.compile(
    r"\b(?:at|on|in|near|along|towards?|across|is|are) the (?:very )?(?P<side>top|bottom|left|right|upper|lower)"
    r"(?= (?:hand |side|edge|half|part|border|corner|end|third|of|and|is|looks)\b|$)|"
    r"\bthe (?P<side2>top|bottom|left|right|upper|lower) (?:side|edge|half|part|border|third)\b"
)


@dataclass(frozen=True)
class Reading:
    """What an answer states.

    Args:
        verdicts: both when it states both; a kind that is said to be there is anomalous where nothing else is said.
        cells: of the 3x3 grid.
        sides: "top", "bottom", "left" or "right" where only that is said.
        count: of regions.
        at_least: the count is a lower bound ("a defect", "several").
        types: names of the vocabulary said to be there.
        type_counts: (name, number) where two or more of a kind are said to be there.
        severities: words of the rule.
        shares: percentages.
        denied: (kind, place) said not to be there; :data:`ANY` stands for any.
        exhaustive: kinds of which nothing but what is named is said to be there; :data:`ANY` stands for any.
    """

    verdicts: frozenset[Verdict] = frozenset()
    cells: frozenset[str] = frozenset()
    sides: frozenset[str] = frozenset()
    count: int | None = None
    at_least: bool = False
    types: frozenset[str] = frozenset()
    type_counts: frozenset[tuple[str, int]] = frozenset()
    severities: frozenset[Severity] = frozenset()
    shares: tuple[Share, ...] = ()
    denied: frozenset[tuple[str, str]] = frozenset()
    exhaustive: frozenset[str] = frozenset()

    @property
    def percents(self) -> tuple[float, ...]:
        """Numbers said with a percent sign or as a fraction."""
        return tuple(share.percent for share in self.shares)


def read(text: str, own: Sequence[str] = ()) -> Reading:
    """What a text states.

    Args:
        text: an answer.
        own: names of the user's own kinds, beside the built-in ones.
    """
    vocabulary = vocabulary_of(tuple(own))
    verdicts, cells, sides = set[Verdict](), set[str](), set[str]()
    types, denied, exhaustive = set[str](), set[tuple[str, str]](), set[str]()
    severities, type_counts = set[Severity](), set[tuple[str, int]]()
    shares: list[Share] = []
    counts: list[tuple[int, bool]] = []
    for clause in clauses(vocabulary.mask(text)):
        types |= stated_types(clause, vocabulary)
        verdicts |= verdict_votes(clause)
        in_clause, sided = places(clause)
        cells |= in_clause
        sides |= sided
        denied |= _denied(clause, vocabulary)
        exhaustive |= _exhaustive(clause, vocabulary)
        severities |= severities_of(clause)
        shares += shares_of(clause)
        type_counts |= type_counts_of(clause, vocabulary)
        if (number := count_of(clause)) is not None and not (number[0] == 0 and _named_places(clause)):
            counts.append(number)
    return Reading(
        frozenset(verdicts or ({Verdict.ANOMALOUS} if types else set())),
        frozenset(cells),
        frozenset(sides),
        counts[0][0] if counts else None,
        bool(counts and counts[0][1]),
        frozenset(types),
        frozenset(type_counts),
        frozenset(severities),
        tuple(shares),
        frozenset(denied),
        frozenset(exhaustive),
    )


def verdict_votes(clause: str) -> set[Verdict]:
    """Verdicts that a clause states of the whole picture."""
    votes: set[Verdict] = set()
    asserted = re.search(_ASSERTED, clause) is not None
    local = any(True for _ in (*_CELL.finditer(clause), *_SIDE.finditer(clause)))
    for match in re.finditer(rf"\b(?:(?P<bad>{ANOMALOUS})|(?P<good>{NORMAL})|(?P<noun>{GENERIC}))\b", clause):
        reached = negated(clause, match.start())
        before = clause[: match.start()]
        if match["noun"]:
            definite = re.search(r"\b(?:the|this|that) (?:main |only |strongest |worst )?$", before) is not None
            if not (reached or asserted or definite) or re.search(r"\b(?:for|of what) $", before):
                continue
            if reached and (definite or _QUALIFIED.search(before)):
                continue
        elif re.search(r"\b(?:other|more|less|rule|so called|what is) $", before):
            continue
        votes.add(Verdict.NORMAL if (match["good"] is not None) != reached else Verdict.ANOMALOUS)
    if local or _ELSEWHERE.search(clause) or _MORE.search(clause):
        votes.discard(Verdict.NORMAL)
    return votes


_QUALIFIED = re.compile(
    r"\b(?:minor|major|critical|serious|severe|grave|large|big|small|deep|long|wide|obvious|second|third|single"
    r"|common|typical|usual|necessarily|sure|certain|clearly|definitely|may|might) (?:\w+ )?$"
)
_MORE = re.compile(
    r"\b(?:no|nothing|without(?: any)?|none|not)\b(?: \w+){0,2}? (?:others?|else|further|more|additional)\b"
)


def stated_types(clause: str, vocabulary: Vocabulary) -> set[str]:
    """Kinds the clause says are there."""
    asserted = re.search(_ASSERTED + rf"|{_KIND_IS}", clause)
    if (asserted is None and not _PASSIVE.search(clause)) or _LIKENESS.search(clause):
        return set()
    start = 0 if asserted is None or _PASSIVE.search(clause) else asserted.start()
    return {name for name, at in vocabulary.find(clause, start) if not negated(clause, at)}


_KIND_IS = r"\b(?:type|kind) (?:of \w+ )?is\b|^(?:an? )?(?:possibl[ey]|probabl[ey]|likely)\b"
_PASSIVE = re.compile(
    r"\b(?:is|are|was|were) (?:\w+ )?(?:visible|present|found|seen|detected|identified|there)\b|"
    r"\b(?:is|are|lies?|sits?|appears?|runs?) (?:\w+ )?(?:at|in|on|near|across|along) the\b"
)


def _denied(clause: str, vocabulary: Vocabulary) -> set[tuple[str, str]]:
    """(kind, place) the clause says is not there; a place alone when it says that nothing is there."""
    if _LIKENESS.search(clause) or _MORE.search(clause) or re.search(r"\b(?:sure|certain|may|might|tell)\b", clause):
        return set()
    found = {m.group() for m in _CELL.finditer(clause)} | {m.group() for m in _SIDE.finditer(clause)}
    where = _named_places(clause) if found else set()
    kinds = {
        name
        for name, at in vocabulary.find(clause)
        if re.search(
            r"\b(?:no|not|without|neither|nor|free (?:of|from)|absence of|never)\b(?: \w+){0,5} $", clause[:at]
        )
        and negated(clause, at)
        and not re.search(r"\b(?:the|this|its|each|every) $", clause[:at])
        and not _QUALIFIED.search(clause[:at])
    }
    if kinds:
        return {(kind, place) for kind in kinds for place in (where or {ANY})}
    if not where or vocabulary.find(clause):
        return set()
    first = min(m.start() for m in (*_CELL.finditer(clause), *_SIDE.finditer(clause)))
    empty = re.search(rf"\b(?:nothing|no (?:\w+ )?(?:{GENERIC}|region|area|sign)s?)\b", clause)
    fine = re.search(rf"\b(?:is|are|looks?|seems?|appears?) (?:\w+ )?(?:{NORMAL})\b", clause)
    if empty or (fine and not negated(clause, fine.end())) or negated(clause, first):
        return {(ANY, place) for place in where}
    return set()


def _exhaustive(clause: str, vocabulary: Vocabulary) -> set[str]:
    """Kinds of which the clause says that there are no others."""
    more = _MORE.search(clause)
    fine = _ELSEWHERE.search(clause) and re.search(rf"\b(?:{NORMAL})\b", clause)
    if fine and not negated(clause, fine.start()):
        return {ANY}
    if more is None or re.search(
        r"\b(?:no|not) (?:further|more|other|additional) (?:check|step|action|information)", clause
    ):
        return set()
    return {name for name, at in vocabulary.find(clause, more.start())} or {ANY}


def places(clause: str) -> tuple[set[str], set[str]]:
    """Cells, and sides where no cell is said."""
    if re.search(r"\b(?:nothing|nowhere)\b", clause):
        return set(), set()
    cells = {name for m in _CELL.finditer(clause) if (name := _cell(m)) and not negated(clause, m.start())}
    fine = re.search(rf"\b(?:is|are|looks?|seems?|appears?) (?:\w+ )?(?:{NORMAL})\b", clause)
    if fine and not negated(clause, fine.end()):
        return set(), set()
    sides = {_side(m) for m in _SIDE.finditer(clause) if not negated(clause, m.start())}
    return cells, sides


def _named_places(clause: str) -> set[str]:
    cells = {name for m in _CELL.finditer(clause) if (name := _cell(m))}
    return cells or {_side(m) for m in _SIDE.finditer(clause)}


def _side(match: re.Match[str]) -> str:
    side = match["side"] or match["side2"]
    return _ROW.get(side, side)


def _cell(match: re.Match[str]) -> str | None:
    if match["centre"]:
        return "centre"
    row, column = _ROW[match["row"] or match["row2"]], _COLUMN[match["column"] or match["column2"]]
    name = "centre" if (row, column) == ("middle", "centre") else f"{row} {column}"
    return name if name in CELLS else None


def plainly_asked(question: str, vocabulary: Vocabulary) -> tuple[set[str], set[str]] | None:
    """Kinds and places whose presence a yes-or-no question asks for; None when it asks something else.

    Args:
        question: masked, lower case, without punctuation.
        vocabulary: words for kinds.
    """
    if re.search(rf"\b(?:not|no|never|or|only|else|other|most|cause|caused|{NORMAL})\b", question):
        return None
    kinds = set()
    for name, at in vocabulary.find(question):
        before = question[:at]
        if (
            _QUALIFIED.search(before)
            or not re.search(
                r"\b(?:is|are|does|do|can|any|have|has|see|show) (?:\w+ ){0,4}(?:an?|any|some|see|have|has|show)? ?$",
                before,
            )
            or re.search(r"\b(?:the|this|that|its) $", before)
        ):
            return None
        kinds.add(name)
    spots = _named_places(question)
    if not kinds and not re.search(rf"\b(?:{GENERIC}|region|anything|something)\b", question):
        return None
    return (kinds, spots) if kinds or spots else None
