"""Whether an answer contradicts the inspection, from what it states (:mod:`assistant.reading.statements`) and what was asked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from assistant.reading.clauses import clauses, mentioned_types, same_kind, vocabulary_of
from assistant.reading.lettered_options import fitting_options, option_said, options_of, stem_of
from assistant.reading.quantities import Share
from assistant.reading.statements import ANY, Reading, places, plainly_asked, read, verdict_votes
from assistant.types import Inspection, Mode, Region, Verdict

__all__ = ["Reading", "asked_verdict", "contradicts", "mentioned_types", "own_names", "read", "stated_verdict"]


def stated_verdict(text: str, question: str | None = None, own: Sequence[str] = ()) -> Verdict | None:
    """The verdict a text states; None when it states none, or both.

    Args:
        text: the answer.
        question: what was asked; gives a bare "Yes" or "No" its meaning.
        own: names of the user's own kinds.

    >>> stated_verdict("No sign of a defect.").value, stated_verdict("It is not normal.").value
    ('normal', 'anomalous')
    >>> stated_verdict("Yes.") is None, stated_verdict("Yes.", "Is it normal?").value
    (True, 'normal')
    """
    verdicts = read(text, own).verdicts
    if len(verdicts) == 1:
        return next(iter(verdicts))
    return None if verdicts or question is None else _yes_or_no(text, question)


def _said_yes(text: str) -> bool | None:
    """Whether a text starts with "Yes" or "No" as a word of its own."""
    bare = re.match(r"\W*(yes|yeah|yep|no|nope)\b(?=\W*$|\s*[,.;:!–—-])", text.lower())
    return None if bare is None else bare[1].startswith("y")


def _yes_or_no(text: str, question: str) -> Verdict | None:
    """What a leading "Yes" or "No" says of the whole picture, given the question; None when it says nothing of it."""
    said, asked = _said_yes(text), asked_verdict(question)
    if said is None or asked is None or said:
        return None if said is None else asked
    return Verdict.NORMAL if asked is Verdict.ANOMALOUS else Verdict.ANOMALOUS


_YES_NO = re.compile(
    r"\W*(?:so |and |then |now |but )*(?:is|are|was|were|does|do|did|has|have|can|could|any|anything)(?:n't)?\b"
)


def asked_verdict(question: str) -> Verdict | None:
    """The verdict that "yes" would state; None for questions that are not yes-or-no, or ask for one kind or place.

    >>> asked_verdict("Are there any defects?").value, asked_verdict("Where is the defect?") is None
    ('anomalous', True)
    """
    asked = question.lower().replace("’", "'")
    if not _YES_NO.match(asked) or mentioned_types(question) or any(places(_as_statement(question))):
        return None
    if re.search(
        r"\b(?:else|other|another|minor|major|critical|serious|severe|the (?:defect|region|flaw|anomaly))\b", asked
    ):
        return None
    votes = verdict_votes(_as_statement(re.sub(r"n't\b", "", asked)))
    return next(iter(votes)) if len(votes) == 1 else None


def _as_statement(question: str) -> str:
    return " ".join(re.sub(r"[^a-z ]", " ", f"there is {question.lower().replace('center', 'centre')}").split())


_UNCOMPARED = re.compile(r"\b(?:no|without) (?:an? |any |the )?references?\b|\bnothing to compare\b")
_COMPARED = re.compile(
    r"\b(?:compared (?:with|to)|differs? from|difference from|against|unlike|next to|beside) (?:the |its )?(?:\w+ )?references?\b"
)


def _wrong_references(said: str, mode: Mode) -> bool:
    """Whether references are denied that there were, or spoken of that there were not."""
    denied = _UNCOMPARED.search(said) is not None
    if mode is Mode.ZERO_SHOT:
        return not denied and _COMPARED.search(said) is not None
    return mode is Mode.FEW_SHOT and denied


def own_names(inspection: Inspection, vocabulary: Iterable[str] = ()) -> tuple[str, ...]:
    """Names of kinds that are the user's own: those asked for, and those that regions carry."""
    return tuple(dict.fromkeys([*vocabulary, *(r.type for r in inspection.regions if r.type is not None)]))


def contradicts(text: str, inspection: Inspection, question: str | None = None, vocabulary: Iterable[str] = ()) -> bool:
    """Whether the text states something else than the inspection.

    Compared: verdict, count, cells and sides (of the region named, else of any), kinds, severities, shares, numbers of
    regions, what is said not to be there, that there is nothing else, and whether there were references. Of lettered options,
    choosing one contradicts where others fit better.

    Args:
        text: the answer.
        inspection: what the numbers say.
        question: what was asked; gives "Yes" and "No" their meaning.
        vocabulary: kinds of the user's own that were asked for; those of the regions are known.
    """
    if inspection.object_name:
        text = re.sub(rf"\b{re.escape(inspection.object_name)}\b", "object", text, flags=re.IGNORECASE)
    own = own_names(inspection, vocabulary)
    if (
        question is not None
        and (options := options_of(question))
        and (option := option_said(text, options)) is not None
    ):
        agreeing = agreeing_options(question, inspection, own)
        return bool(agreeing) and option not in agreeing.values()
    whole = read(text, own)
    if _wrong_references(text.lower(), inspection.mode):
        return True
    if len(whole.verdicts) > 1 or (question is not None and _yes_or_no_is_wrong(text, inspection, question, own)):
        return True
    stated = stated_verdict(text, question, own)
    if stated not in (None, inspection.verdict) and not (
        stated is Verdict.ANOMALOUS and _only_regions(text, inspection, own)
    ):
        return True
    return (
        _wrong_counts(whole, inspection)
        or _left_out(whole, text, question or "", inspection, own)
        or any(_wrong_facts(part, inspection, own) for part in _parts(text))
    )


def agreeing_options(question: str, inspection: Inspection, vocabulary: Iterable[str] = ()) -> dict[str, str]:
    """The lettered options of a question that fit the inspection best, letter to words; empty without options."""
    own, stem = own_names(inspection, vocabulary), stem_of(question)
    return fitting_options(question, inspection, lambda words: not contradicts(words, inspection, stem, own))


def _yes_or_no_is_wrong(text: str, inspection: Inspection, question: str, own: Sequence[str]) -> bool:
    """Whether a leading "Yes" or "No" denies the verdict, or the kind or place that was asked for."""
    said = _said_yes(text)
    if said is None:
        return False
    if (verdict := _yes_or_no(text, question)) is not None:
        return verdict is not inspection.verdict
    masked = vocabulary_of(tuple(own)).mask(question)
    if not _YES_NO.match(question.lower()):
        return False
    asked = plainly_asked(_as_words(masked), vocabulary_of(tuple(own)))
    if asked is None:
        return False
    kinds, spots = asked
    regions = _numbered(question, inspection.regions)
    there = any(
        (not kinds or any(same_kind(k, r.type) for k in kinds)) and (not spots or any(_holds(r, s) for s in spots))
        for r in regions
    )
    return there is not said


def _as_words(text: str) -> str:
    return " ".join(re.sub(r"[^a-z0-9 ]", " ", text.lower().replace("center", "centre")).split())


def _only_regions(text: str, inspection: Inspection, own: Sequence[str]) -> bool:
    """Regions of a picture that is normal as a whole may be spoken of, as long as no word says it is anomalous."""
    masked = vocabulary_of(tuple(own)).mask(text)
    return bool(inspection.regions) and not any(verdict_votes(clause) for clause in clauses(masked))


def _wrong_counts(whole: Reading, inspection: Inspection) -> bool:
    total = len(inspection.regions)
    if whole.count is not None and (total < whole.count if whole.at_least else total != whole.count):
        return not (whole.at_least and whole.count == 1 and inspection.verdict is Verdict.ANOMALOUS)
    return any(sum(same_kind(name, r.type) for r in inspection.regions) != n for name, n in whole.type_counts)


def _left_out(whole: Reading, text: str, question: str, inspection: Inspection, own: Sequence[str]) -> bool:
    """Whether the text says that there is nothing else although it passes over a region."""
    if not whole.exhaustive or whole.count == len(inspection.regions) > 0:
        return False
    numbers = _numbers(f"{text} {question}")
    kinds = (*mentioned_types(question, own), *whole.types)
    spots = (*whole.cells, *whole.sides)

    def told(region: Region) -> bool:
        named = region.id in numbers or any(same_kind(kind, region.type) for kind in kinds)
        return named or any(_holds(region, spot) for spot in spots)

    left = [r for r in inspection.regions if not told(r)]
    if len(inspection.regions) == 1 and not (numbers or kinds or spots):
        return False  # the one region was spoken of before
    return any(kind == ANY or same_kind(kind, r.type) for r in left for kind in whole.exhaustive)


def _parts(text: str) -> list[str]:
    """Sentences, and within them what is said of one numbered region after the other."""
    found = []
    for sentence in re.split(r"(?<=[.;!?])\s+", text):
        subject = (
            r"\s+(?=(?:and |while )?[Rr]egion \d+(?:[,(:]| (?:is|covers|looks|lies|has|shows|at|in|seems|peaks)\b))"
        )
        found += re.split(subject, sentence)
    return found


def _numbers(text: str) -> set[int]:
    """Numbers of regions that a text names."""
    found: set[int] = set()
    for listed in re.findall(
        r"\bregions? (?:no\.? |number |#)?(\d+(?:(?:, | and | or |, and | & )\d+\b(?! ?%))*)", text.lower()
    ):
        found |= {int(n) for n in re.findall(r"\d+", listed)}
    words = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5}
    return found | {words[w] for w in re.findall(r"\bregion (one|two|three|four|five)\b", text.lower())}


def _numbered(text: str, regions: Sequence[Region]) -> Sequence[Region]:
    """The one region that a text numbers, else all."""
    numbers = _numbers(text)
    return [r for r in regions if r.id in numbers] if len(numbers) == 1 else regions


def _holds(region: Region, place: str) -> bool:
    """Whether a region lies in a cell, or at a side."""
    return any(place == cell or (place in cell.split() and place != "centre") for cell in region.cells)


def _wrong_facts(part: str, inspection: Inspection, own: Sequence[str]) -> bool:
    said = read(part, own)
    if any(not 1 <= n <= len(inspection.regions) for n in _numbers(part)) and not re.search(
        r"\b(?:no|not|only)\b", part.lower()
    ):
        return True
    regions = _numbered(part, inspection.regions)
    if any(not any(_holds(r, place) for r in regions) for place in (*said.cells, *said.sides)):
        return True
    if any(not any(same_kind(kind, r.type) for r in regions) for kind in said.types):
        return True
    if said.severities - {r.severity for r in regions}:
        return True
    for kind, place in said.denied:
        if any((kind == ANY or same_kind(kind, r.type)) and (place == ANY or _holds(r, place)) for r in regions):
            return True
    return any(not _fits(share, regions, inspection) for share in said.shares)


def _fits(share: Share, regions: Sequence[Region], inspection: Inspection) -> bool:
    """Whether a percentage is one of the picture's, to within its last digit."""
    areas = [100 * r.area_fraction for r in regions] + [100 * sum(r.area_fraction for r in inspection.regions)]
    chances = [100 * r.type_probability for r in regions if r.type_probability is not None]
    chances += [100 * inspection.image_score, *(100 * r.peak_score for r in regions)]
    values = areas if share.of == "area" else chances if share.of == "chance" else areas + chances
    if share.bound == "<":
        return any(value <= share.percent + share.step / 2 for value in values)
    if share.bound == ">":
        return any(value >= share.percent - share.step / 2 for value in values)
    slack = 0.2 * share.percent + 0.5 if share.bound == "~" else 0.51 * share.step + 0.02 * share.percent
    return any(abs(share.percent - value) <= slack for value in values)
