"""What an answer states, read by a small grammar, and whether it contradicts the inspection.

Reading is conservative: what is not stated in a form the grammar knows is None or empty. It knows negation ("no sign
of a defect", "not normal"), hypotheses ("if there is a crack"), other parts of the picture ("the rest looks normal"),
and a bare "Yes" or "No" in the light of the question.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache

from assistant.defect_types import ALL_TYPES
from assistant.geometry import CELLS
from assistant.knowledge import load_knowledge
from assistant.types import Inspection, Severity, Verdict

NUMBERS = {w: n for n, w in enumerate("no one two three four five six seven eight nine ten eleven twelve".split())}
_NORMAL = (
    r"normal|fine|intact|flawless|healthy|unremarkable|undamaged|unblemished|okay|ok|"
    r"(?:in )?(?:good|perfect) (?:condition|order)|defect free|as expected"
)
_ANOMALOUS = r"anomalous|abnormal|unusual|defective|damaged|faulty|flawed|wrong|out of order|not ok"
_GENERIC = r"(?:defect|anomal(?:y|ie)|flaw|fault|abnormalit(?:y|ie)|irregularit(?:y|ie)|problem|issue|lesion)s?|damage"
_NEGATION = re.compile(
    r"\b(?:no|not|never|without|none|neither|nor|nothing|cannot|free (?:of|from)|lacks?|absence of)\b"
)
_ASSERTED = (
    r"\b(?:(?:there|here) (?:is|are|was|were|appears?|seems?)|(?:it|this|that) (?:is|was|looks|appears|seems)|"
    r"region(?: \d+)? (?:is|looks|appears|seems)|has|have|had|shows?|contains?|exhibits?|reveals?|displays?|found|"
    r"detected|identified|see|visible|present|suffers from|with)\b"
)
_HYPOTHESIS = re.compile(r"\b(?:if|whether|unless|when|in case)\b.*")
_ELSEWHERE = re.compile(
    r"\b(?:rest|others? (?:part|area|region|place)s?|remaining|remainder|otherwise|elsewhere|apart from|except"
    r"|surrounding)\b"
)
_LIKENESS = re.compile(r"\b(?:confused?|mistaken|rather than|instead of|similar|unlike|grow into|lead to|can|could)\b")
_ROW = {"top": "top", "upper": "top", "bottom": "bottom", "lower": "bottom", "middle": "middle", "centre": "middle"}
_COLUMN = {"left": "left", "right": "right", "centre": "centre", "middle": "centre"}
_CELL = re.compile(
    r"\b(?P<row>top|upper|bottom|lower|middle|centre) (?P<column>left|right|centre|middle)\b|"
    r"\b(?P<column2>left|right) (?P<row2>top|upper|bottom|lower)\b|"
    r"\b(?P<centre>(?:at|in|near|is|from) the (?:very )?(?:centre|middle)|and the (?:centre|middle)|centre of the"
    r"|the centre$)(?! (?:left|right|centre|middle))"
)
_SIDE = re.compile(
    r"\b(?:at|on|in|near|along|towards?) the (?:very )?(?P<side>top|bottom|left|right|upper|lower)"
    r"(?= (?:side|edge|half|part|border|corner|end|of|and)\b|$)"
)


@dataclass(frozen=True)
class Reading:
    """What an answer states.

    Args:
        verdicts: both when it states both; a kind that is said to be there is anomalous where nothing else is said.
        cells: of the 3x3 grid.
        sides: "top", "bottom", "left" or "right" where only that is said.
        count: of regions.
        types: names of the vocabulary.
        severities: words of the rule.
        percents: numbers said with a percent sign.
    """

    verdicts: frozenset[Verdict] = frozenset()
    cells: frozenset[str] = frozenset()
    sides: frozenset[str] = frozenset()
    count: int | None = None
    types: frozenset[str] = frozenset()
    severities: frozenset[Severity] = frozenset()
    percents: tuple[float, ...] = field(default=())


def clauses(text: str) -> list[str]:
    """Lower-case assertive clauses without punctuation; questions, hypotheses and a leading yes or no left out."""
    text = text.lower().replace("’", "'").replace("n't", " not").replace("center", "centre")
    text = re.sub(r"\b(?:there is )?(?:no|without a?) doubt(?: that)?\b|\bnot only\b", "", text)
    text = re.sub(r"(?<=[a-z])-(?=[a-z])", " ", text)
    text = re.sub(
        r"\bnormal(?= (?:reference|picture|image|sample|part|example|one|use|wear|structure|tissue|way)s?\b)", "", text
    )
    found: list[str] = []
    for sentence in re.findall(r"(?:[^.!?\n]|\.(?=\d))+[.!?\n]?", text):
        if sentence.rstrip().endswith("?"):
            continue
        sentence = re.sub(r"^\W*(?:yes|no|yeah|nope|correct)\b\s*[,.:;-]\s*", "", sentence.strip())
        for clause in re.split(
            r"[:;()]|,? \b(?:but|however|although|though|yet|because|while|except)\b"
            r"|, (?=(?:there|it|this|they|we|i|the|which|and there|and it|so)\b)",
            sentence,
        ):
            plain = _HYPOTHESIS.sub("", re.sub(r"[^a-z0-9.% ]", " ", clause.rstrip(".!\n ")))
            if plain.strip():
                found.append(" ".join(plain.split()))
    return found


def _negated(clause: str, at: int) -> bool:
    """Whether an odd number of negations reaches position ``at``: those in the ten words before it."""
    before = " ".join(clause[:at].split()[-10:])
    if "neither" in before:
        before = re.sub(r"\bnor\b", "or", before)
    before = re.split(r"\b(?:and|or)\s+(?=(?:no|not|without|nor|nothing)\b)", before)[-1]
    return len(_NEGATION.findall(before)) % 2 == 1


@cache
def _type_words() -> tuple[re.Pattern[str], dict[str, str]]:
    """A pattern of every name and synonym, and word to name. Plurals are read as singulars."""
    words = {name: name for name in ALL_TYPES}
    for entry in load_knowledge().entries.values():
        for word in entry.synonyms:
            words.setdefault(word.lower().replace("-", " "), entry.name)
    ordered = sorted(words, key=len, reverse=True)
    return re.compile(rf"\b({'|'.join(map(re.escape, ordered))})(?:s|es)?\b"), words


def mentioned_types(text: str) -> tuple[str, ...]:
    """Names of the kinds a text mentions by name or synonym, in order, whatever it says of them."""
    pattern, words = _type_words()
    found = (words[m[1]] for m in pattern.finditer(text.lower().replace("-", " ")))
    return tuple(dict.fromkeys(found))


def _verdict_votes(clause: str) -> set[Verdict]:
    votes: set[Verdict] = set()
    asserted = re.search(_ASSERTED, clause) is not None
    for match in re.finditer(rf"\b(?:(?P<bad>{_ANOMALOUS})|(?P<good>{_NORMAL})|(?P<noun>{_GENERIC}))\b", clause):
        negated = _negated(clause, match.start())
        if match["noun"]:
            definite = re.search(r"\bthe (?:main |only |strongest )?$", clause[: match.start()]) is not None
            if not (negated or asserted or definite) or re.search(r"\bfor $", clause[: match.start()]):
                continue
        votes.add(Verdict.NORMAL if (match["good"] is not None) != negated else Verdict.ANOMALOUS)
    if _ELSEWHERE.search(clause):
        votes.discard(Verdict.NORMAL)
    return votes


def _stated_types(clause: str) -> set[str]:
    """Kinds the clause says are there."""
    asserted = re.search(
        _ASSERTED + r"|\b(?:type|kind) (?:of \w+ )?is\b|^(?:an? )?(?:possibl[ey]|probabl[ey])\b", clause
    )
    if asserted is None or _LIKENESS.search(clause):
        return set()
    pattern, words = _type_words()
    return {words[m[1]] for m in pattern.finditer(clause, asserted.start()) if not _negated(clause, m.start())}


def _places(clause: str) -> tuple[set[str], set[str]]:
    """Cells, and sides where no cell is said."""
    cells: set[str] = set()
    for match in _CELL.finditer(clause):
        if _negated(clause, match.start()):
            continue
        if match["centre"]:
            cells.add("centre")
            continue
        row = _ROW[match["row"] or match["row2"]]
        column = _COLUMN[match["column"] or match["column2"]]
        name = "centre" if (row, column) == ("middle", "centre") else f"{row} {column}"
        if name in CELLS:
            cells.add(name)
    sides = {_ROW.get(m["side"], m["side"]) for m in _SIDE.finditer(clause) if not _negated(clause, m.start())}
    return cells, sides


_COUNTED = "region|area|spot|" + _GENERIC.removesuffix("|damage")
_COUNT = re.compile(rf"\b(?P<number>\d+|an?|{'|'.join(NUMBERS)}) (?!such )(?:\w+ )?(?:{_COUNTED})s?\b")


def _count(clause: str) -> int | None:
    """A number of regions said to be there; ``there is a defect`` is one."""
    match = _COUNT.search(clause)
    if match is None:
        return None
    exists = re.search(r"\bthere (?:is|are|was|were)\b|\b(?:found|detected|visible|stands? out|shows|has)\b", clause)
    if exists is None and match.span() != (0, len(clause)):
        return None
    word = match["number"]
    if word in {"a", "an"}:
        return 1 if clause.startswith("there") else None
    return int(word) if word.isdigit() else NUMBERS[word]


def read(text: str) -> Reading:
    """What a text states."""
    verdicts: set[Verdict] = set()
    cells: set[str] = set()
    sides: set[str] = set()
    types: set[str] = set()
    severities: set[Severity] = set()
    percents: list[float] = []
    counts: list[int] = []
    for clause in clauses(text):
        named = _stated_types(clause)
        types |= named
        verdicts |= _verdict_votes(clause)
        in_clause, sided = _places(clause)
        cells |= in_clause
        sides |= sided
        for match in re.finditer(r"\b(minor|major|critical)\b", clause):
            if not _negated(clause, match.start()):
                severities.add(Severity(match[1]))
        percents += [float(m[1]) for m in re.finditer(r"(\d+(?:\.\d+)?) ?(?:%|percent)", clause)]
        if (number := _count(clause)) is not None:
            counts.append(number)
    return Reading(
        frozenset(verdicts or ({Verdict.ANOMALOUS} if types else set())),
        frozenset(cells),
        frozenset(sides),
        counts[0] if counts else None,
        frozenset(types),
        frozenset(severities),
        tuple(percents),
    )


def stated_verdict(text: str, question: str | None = None) -> Verdict | None:
    """The verdict a text states; None when it states none, or both.

    Args:
        text: the answer.
        question: what was asked; gives a bare "Yes" or "No" its meaning.

    >>> stated_verdict("No sign of a defect.").value, stated_verdict("It is not normal.").value
    ('normal', 'anomalous')
    >>> stated_verdict("Yes.") is None, stated_verdict("Yes.", "Is it normal?").value
    (True, 'normal')
    """
    verdicts = read(text).verdicts
    if len(verdicts) == 1:
        return next(iter(verdicts))
    return None if verdicts or question is None else _yes_or_no(text, question)


def _yes_or_no(text: str, question: str) -> Verdict | None:
    """What a leading "Yes" or "No" says of the whole picture, given the question; None when it says nothing of it."""
    bare = re.match(r"\W*(yes|no)\b(?=\W*$|\s*[,.;:!-])", text.lower())
    if bare is None:
        return None
    asked = asked_verdict(question)
    if asked is None or bare[1] == "yes":
        return asked
    return Verdict.NORMAL if asked is Verdict.ANOMALOUS else Verdict.ANOMALOUS


_YES_NO = re.compile(r"\W*(?:so |and |then )?(?:is|are|was|were|does|do|did|has|have|can|could|any|anything)\b")


def asked_verdict(question: str) -> Verdict | None:
    """The verdict that "yes" would state; None for questions that are not yes-or-no, or ask for one kind or place.

    >>> asked_verdict("Are there any defects?").value, asked_verdict("Where is the defect?") is None
    ('anomalous', True)
    """
    if not _YES_NO.match(question.lower()) or mentioned_types(question) or _places(question.lower().rstrip("?"))[0]:
        return None
    votes = _verdict_votes(" ".join(re.sub(r"[^a-z ]", " ", f"there is {question.lower()}").split()))
    return next(iter(votes)) if len(votes) == 1 else None


def contradicts(text: str, inspection: Inspection, question: str | None = None) -> bool:
    """Whether the text states something else than the inspection.

    Compared: verdict, cells and sides (of the region named, else of any), count, kinds, severities, shares.
    """
    if inspection.object_name:
        text = re.sub(re.escape(inspection.object_name), "object", text, flags=re.IGNORECASE)
    whole = read(text)
    if len(whole.verdicts) > 1:
        return True
    if question is not None and _yes_or_no(text, question) not in (None, inspection.verdict):
        return True
    stated = stated_verdict(text, question)
    if stated not in (None, inspection.verdict) and not (
        stated is Verdict.ANOMALOUS and _only_regions(text, inspection)
    ):
        return True
    if whole.count is not None and whole.count != len(inspection.regions):
        return True
    return any(_wrong_facts(sentence, inspection) for sentence in re.split(r"(?<=[.;!?])\s+", text))


def _only_regions(text: str, inspection: Inspection) -> bool:
    """Regions of a picture that is normal as a whole may be spoken of, as long as no word says it is anomalous."""
    return bool(inspection.regions) and not any(_verdict_votes(clause) for clause in clauses(text))


def _wrong_facts(sentence: str, inspection: Inspection) -> bool:
    said = read(sentence)
    numbers = {int(n) for n in re.findall(r"\bregion (\d+)", sentence.lower())}
    if any(not 1 <= n <= len(inspection.regions) for n in numbers):
        return True
    regions = [r for r in inspection.regions if len(numbers) != 1 or r.id in numbers]
    cells = {cell for r in regions for cell in r.cells}
    if said.cells - cells or any(not any(side in cell for cell in cells) for side in said.sides):
        return True
    if said.types - {r.type for r in regions} or said.severities - {r.severity for r in regions}:
        return True
    shares = [r.area_fraction for r in regions] + [r.type_probability or 0.0 for r in regions]
    shares += [sum(r.area_fraction for r in inspection.regions), inspection.image_score, 0.001]
    return any(all(abs(p - 100 * s) > max(0.6, 5 * s) for s in shares) for p in said.percents)
