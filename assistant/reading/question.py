"""What is asked, read once: every reader of a question is given this value and reads no text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import Literal

from assistant.reading.clauses import clauses, mentioned_types, vocabulary_of
from assistant.reading.intents import Intent, intents_of
from assistant.reading.lettered_options import in_words, options_of, wants_letter_alone
from assistant.reading.quantities import region_numbers
from assistant.reading.spelling import plain
from assistant.reading.statements import places, verdict_votes
from assistant.types import Verdict

_HALVES = re.compile("[\ud800-\udfff]")
"""Halves of letters, as of a terminal that writes no UTF-8 or cut JSON: no tokenizer and no answer takes them."""
KEPT = 512
"""Questions that are kept as read; the same one is put to many pictures."""
_YES_NO = re.compile(
    r"\W*(?:so |and |then |now |but )*(?:is|are|was|were|does|do|did|has|have|can|could|any|anything)(?:n't)?\b"
)
_PARTIAL = re.compile(
    r"\b(?:else|other|another|minor|major|critical|serious|severe|the (?:defect|region|flaw|anomaly))\b"
)
_COMPARISON = re.compile(r"\bcompare\b|\bcompared\b|\breferences?\b|\bagainst what\b|\bdiffers?\b|\bdifferent from\b")
_FIRST = re.compile(r"\b(?:worst|strongest|main|biggest|largest|first)\b")
_LARGEST = re.compile(r"biggest|largest")
_SECOND = re.compile(r"\b(?:second|other one)\b")
_OTHER_NAMES = re.compile(
    r"\b(?:box|square|rectangle|mark|marking|finding) (?:no\.? ?|number |#)?(?=\d\b(?! ?(?:mm|cm|px|%|x\b)))"
)
"""Words that people have for a region, before its number."""
_UP_DOWN = re.compile(
    r"\b(?P<row>up|down)[ -](?P<column>left|right)\b|\b(?P<column2>left|right)[ -](?P<row2>up|down)\b", re.IGNORECASE
)
_MIDDLE_OF_SIDE = re.compile(
    r"\b(?:middle|centre|center) of (?:the |its )?(?P<side>left|right|top|bottom|upper|lower)(?:[ -]hand)?"
    r" (?:edge|side|rim|border|margin|part|third|half)\b",
    re.IGNORECASE,
)
Rank = Literal["first", "largest", "second", ""]


@dataclass(frozen=True)
class Question:
    """A question, read. Made by :func:`read_question` alone.

    Args:
        text: as typed.
        put: as it is put to a language model; another text than typed where there are lettered options.
        intents: what it is after, in their order; empty when none is recognised.
        options: letter to words of its lettered options; empty without.
        stem: the line above the options, read; None without options.
        letter_alone: the answer is to be an option's letter and nothing else.
        kinds: built-in kinds named in it, in order.
        yes_or_no: it begins as a question for yes or no does.
        yes_verdict: the verdict of the whole picture that "yes" would state; None where it would state none.
        compares: it asks for a comparison with the references.
        region: the number of the region it is about.
        numbers: of all regions it names.
        rank: which of the regions it is about where it numbers none.
    """

    text: str
    put: str
    intents: tuple[Intent, ...]
    options: Mapping[str, str] = field(hash=False)
    stem: Question | None
    letter_alone: bool
    kinds: tuple[str, ...]
    yes_or_no: bool
    yes_verdict: Verdict | None
    compares: bool
    region: int | None
    numbers: frozenset[int]
    rank: Rank

    @cached_property
    def cells(self) -> frozenset[str]:
        """Of the 3x3 grid, those it names; read at the first use, by the whole grammar of clauses."""
        said = _MIDDLE_OF_SIDE.sub(_middle_of, self.text.rstrip("?"))
        statement = f"it is {_UP_DOWN.sub(_in_order, said)}."
        return frozenset(cell for clause in clauses(statement) for cell in places(clause)[0])

    @property
    def unanswerable(self) -> bool:
        """Whether it asks for what no picture tells."""
        return self.intents == (Intent.UNANSWERABLE,)

    def kinds_among(self, own: Sequence[str]) -> tuple[str, ...]:
        """Kinds named in it, the user's own ones included."""
        return mentioned_types(self.text, own) if vocabulary_of(tuple(own)).masks else self.kinds


MOST_READ = 8000
"""Letters of a text that are looked at: twice the longest message that is answered."""


@lru_cache(KEPT)
def read_question(text: str) -> Question:
    """The question that a text is.

    >>> asked = read_question("Is there a crack at the top left, and why?")
    >>> asked.kinds, sorted(asked.cells), [intent.value for intent in asked.intents]
    (('crack',), ['top left'], ['presence', 'cause'])
    >>> read_question("Are there any defects?").yes_verdict.value, read_question("Where is it?").yes_verdict
    ('anomalous', None)
    """
    text = _HALVES.sub("\ufffd", text)
    seen = text[:MOST_READ]
    said = _OTHER_NAMES.sub("region ", plain(seen))
    options = options_of(seen)
    kinds = tuple(dict.fromkeys(name for name, _ in vocabulary_of().find(said.replace("-", " "))))
    yes_or_no = _YES_NO.match(said) is not None
    number = re.search(r"region (\d+)", said)
    rank: Rank = "second" if _SECOND.search(said) else ""
    if _FIRST.search(said):
        rank = "largest" if _LARGEST.search(said) else "first"
    return Question(
        text=text,
        put=in_words(seen) if options else text,
        intents=intents_of(said, bool(kinds)),
        options=MappingProxyType(options),
        stem=read_question(_stem_of(seen)) if options else None,
        letter_alone=bool(options) and wants_letter_alone(seen),
        kinds=kinds,
        yes_or_no=yes_or_no,
        yes_verdict=_verdict_of_yes(said) if yes_or_no and not kinds else None,
        compares=_COMPARISON.search(said) is not None,
        region=int(number[1]) if number else None,
        numbers=frozenset(region_numbers(said)),
        rank=rank,
    )


def _in_order(match: re.Match[str]) -> str:
    """A corner as the grammar of places has it."""
    row, column = (match["row"] or match["row2"]).lower(), (match["column"] or match["column2"]).lower()
    return f"at the {'top' if row == 'up' else 'bottom'} {column}"


def _middle_of(match: re.Match[str]) -> str:
    """The middle of a side as the grammar of places has it."""
    side = {"upper": "top", "lower": "bottom"}.get(match["side"].lower(), match["side"].lower())
    return f"at the middle {side}" if side in ("left", "right") else f"at the {side} centre"


def _stem_of(text: str) -> str:
    """The line before the options."""
    return re.split(r"(?m)^\W{0,2}A[.):] ", text)[0].strip().rpartition("\n")[2]


def _verdict_of_yes(said: str) -> Verdict | None:
    """The verdict that "yes" to a plain yes-or-no question states of the whole picture."""
    statement = _as_statement(said)
    if any(places(statement)) or _PARTIAL.search(said):
        return None
    votes = verdict_votes(_as_statement(re.sub(r"n't\b", "", said)) if "n't" in said else statement)
    return next(iter(votes)) if len(votes) == 1 else None


def _as_statement(said: str) -> str:
    return " ".join(re.sub(r"[^a-z ]", " ", f"there is {said}").split())
