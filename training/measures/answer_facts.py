"""Whether an answer states the fact that was asked for, judged against the inspection: True, False, or None when it is not read.

Stricter than :func:`assistant.reading.faithfulness.contradicts`: an answer has to say something, and the right thing. Knows five
intents by the builders' names: presence, count, where, type, severity.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from assistant.reading.clauses import GENERIC, clauses, mentioned_types, negated, same_kind, vocabulary_of
from assistant.reading.faithfulness import contradicts, own_names, stated_verdict
from assistant.reading.quantities import NUMBERS
from assistant.reading.question import Question, read_question
from assistant.reading.refusals import declines
from assistant.reading.statements import read
from assistant.types import Inspection, Region, Severity, Verdict

Judge = Callable[[str, Question, Inspection], bool | None]
_NONE = re.compile(
    rf"\b(?:none|nowhere|nothing|zero|no (?:\w+ ){{0,2}}?(?:{GENERIC}|region|place|area|part|kind|severity|worry)s?)\b"
)
_BARE = re.compile(
    rf"\W*(?:i count |there (?:is|are) )?(?:only |just )?(\d+|zero|none|{'|'.join(NUMBERS)})\b", re.IGNORECASE
)
_CONSEQUENCE = re.compile(r"\b(?:causes?|caused|comes? from|can|could|next|first)\b")
_RANK = {Severity.MINOR: 0, Severity.MAJOR: 1, Severity.CRITICAL: 2}


def judged(intent: str, text: str, question: str, inspection: Inspection) -> bool | None:
    """Whether an answer to a question of this intent is right; None when it states nothing that is read.

    Raises:
        KeyError: an intent that is not in :data:`JUDGES`.
    """
    if inspection.object_name:  # a "cut-pile carpet" is no cut
        name = re.compile(rf"\b{re.escape(inspection.object_name)}\b", re.IGNORECASE)
        text, question = name.sub("object", text), name.sub("object", question)
    return JUDGES[intent](text, read_question(question), inspection)


def asked_regions(question: Question, inspection: Inspection) -> tuple[Region, ...]:
    """The regions a question means: the one it numbers, those of the kind or place it names, else all."""
    regions, own = inspection.regions, own_names(inspection)
    if question.region is not None:
        return tuple(r for r in regions if r.id == question.region)
    kinds = question.kinds_among(own)
    if named := tuple(r for r in regions if any(same_kind(kind, r.type) for kind in kinds)):
        return named
    return tuple(r for r in regions if question.cells & set(r.cells)) or regions


def _nothing_said(text: str) -> bool:
    return bool(_NONE.search(text.lower())) or read(text).verdicts == {Verdict.NORMAL}


def presence_right(text: str, question: Question, inspection: Inspection) -> bool | None:
    """The verdict; or whether a kind is there, where the question asks for one."""
    own = own_names(inspection)
    if kinds := question.kinds_among(own):
        affirmed = _kind_said(text, kinds, own)
        there = any(same_kind(kind, r.type) for kind in kinds for r in inspection.regions)
        return None if affirmed is None else affirmed is there
    stated, said = stated_verdict(text, question, own), read(text, own)
    if stated is None and not (said.count or said.cells):
        return None
    return stated is inspection.verdict or not contradicts(text, inspection, question)


def _kind_said(text: str, kinds: Sequence[str], own: Sequence[str]) -> bool | None:
    """Whether the text says that one of the kinds is there."""
    if lead := re.match(r"\W*(yes|no)\b(?=\W*$|\s*[,.;:!–—-])", text.lower()):
        return lead[1] == "yes"
    vocabulary = vocabulary_of(tuple(own))
    for clause in clauses(vocabulary.mask(text)):
        for name, at in vocabulary.find(clause):
            if any(same_kind(name, kind) for kind in kinds):
                return not (negated(clause, at) or re.search(r"\b(?:is|are|was|were) not\b", clause[at:]))
    return None if not _nothing_said(text) else False


def count_right(text: str, question: Question, inspection: Inspection) -> bool | None:
    """The number of regions."""
    total, said = len(inspection.regions), read(text, own_names(inspection))
    if bare := _BARE.match(text):
        word = bare[1].lower()
        number = int(word) if word.isdigit() else 0 if word in ("zero", "none") else NUMBERS[word]
        return number == total
    if said.count is not None:
        return None if said.at_least and said.count > 1 else said.count == total
    return total == 0 if _nothing_said(text) else None


def where_right(text: str, question: Question, inspection: Inspection) -> bool | None:
    """The leading cell of the strongest region meant, and no cell that none of those meant lies in."""
    meant, cells = asked_regions(question, inspection), read(text, own_names(inspection)).cells
    if not meant:
        return False if cells else True if _nothing_said(text) else None
    if not cells:
        return False if _nothing_said(text) else None
    return meant[0].cells[0] in cells and cells <= {cell for r in meant for cell in r.cells}


def type_right(text: str, question: Question, inspection: Inspection) -> bool | None:
    """The kind of the strongest region meant, and none that is not there; that it is not known, where it is not."""
    own = own_names(inspection)
    # causes and effects name other kinds
    said = " ".join(s for s in re.split(r"(?<=[.;!?])\s+", text) if not _CONSEQUENCE.search(s.lower())) or text
    meant, named = asked_regions(question, inspection), mentioned_types(said, own)
    if not meant:
        return True if _nothing_said(text) else False if named else None
    if meant[0].type is None:
        unknown = declines(text) or re.search(r"\b(?:not|no|unclassified|unknown)\b", text.lower()) is not None
        return False if named else True if unknown else None
    if not named:
        return False if _nothing_said(text) or declines(text) else None
    there = all(any(same_kind(kind, r.type) for r in inspection.regions) for kind in named)
    return there and any(same_kind(kind, meant[0].type) for kind in named)


def severity_right(text: str, question: Question, inspection: Inspection) -> bool | None:
    """The rating of the strongest or the gravest region meant, and no rating that none of those meant has."""
    plain = re.sub(r"\bhardly,", "", text, flags=re.IGNORECASE)
    meant, said = asked_regions(question, inspection), read(plain, own_names(inspection)).severities
    if not meant:
        return False if said else True if _nothing_said(text) else None
    if not said:
        return False if _nothing_said(text) else None
    gravest = max((r.severity for r in meant), key=_RANK.__getitem__)
    return bool(said & {meant[0].severity, gravest}) and said <= {r.severity for r in meant}


JUDGES: dict[str, Judge] = {
    "presence": presence_right,
    "count": count_right,
    "where": where_right,
    "type": type_right,
    "severity": severity_right,
}
