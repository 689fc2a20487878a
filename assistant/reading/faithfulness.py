"""Whether an answer contradicts the inspection, from what it states (:mod:`assistant.reading.statements`) and what was asked."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

from assistant.reading.clauses import clauses, same_kind, vocabulary_of
from assistant.reading.fitting_options import fitting_options
from assistant.reading.lettered_options import option_said
from assistant.reading.quantities import Share, region_numbers
from assistant.reading.question import Question
from assistant.reading.spelling import bare_words
from assistant.reading.statements import ANY, Reading, plainly_asked, read, verdict_votes
from assistant.types import Inspection, Mode, Region, Verdict, as_measured


def stated_verdict(text: str, question: Question | None = None, own: Sequence[str] = ()) -> Verdict | None:
    """The verdict a text states; None when it states none, or both.

    Args:
        text: the answer.
        question: what was asked; gives a bare "Yes" or "No" its meaning.
        own: names of the user's own kinds.

    >>> stated_verdict("No sign of a defect.").value, stated_verdict("It is not normal.").value
    ('normal', 'anomalous')
    >>> from assistant.reading.question import read_question
    >>> stated_verdict("Yes.") is None, stated_verdict("Yes.", read_question("Is it normal?")).value
    (True, 'normal')
    """
    asked = None if question is None else question.yes_verdict
    return _stated(read(text, own), _said_yes(text), asked)


def _stated(whole: Reading, said_yes: bool | None, asked: Verdict | None) -> Verdict | None:
    """The verdict stated, in words or by a leading "Yes" or "No" where "yes" states ``asked``."""
    if len(whole.verdicts) == 1:
        return next(iter(whole.verdicts))
    return None if whole.verdicts else _yes_or_no(said_yes, asked)


def _said_yes(text: str) -> bool | None:
    """Whether a text starts with "Yes" or "No" as a word of its own."""
    bare = re.match(r"\W*(yes|yeah|yep|no|nope)\b(?=\W*$|\s*[,.;:!–—-])", text.lower())
    return None if bare is None else bare[1].startswith("y")


def _yes_or_no(said: bool | None, asked: Verdict | None) -> Verdict | None:
    """What a leading "Yes" or "No" says of the whole picture where "yes" states ``asked``; None when it says nothing of it."""
    if said is None or asked is None or said:
        return None if said is None else asked
    return Verdict.NORMAL if asked is Verdict.ANOMALOUS else Verdict.ANOMALOUS


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


def contradicts(
    text: str, inspection: Inspection, question: Question | None = None, vocabulary: Iterable[str] = ()
) -> bool:
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
    if question is not None and question.options and (option := option_said(text, question.options)) is not None:
        agreeing = agreeing_options(question, inspection, own)
        return bool(agreeing) and option not in agreeing.values()
    whole = read(text, own)
    if _wrong_references(text.lower(), inspection.mode):
        return True
    said = _said_yes(text)
    if len(whole.verdicts) > 1 or (
        said is not None and question is not None and _is_denied(said, inspection, question, own)
    ):
        return True
    stated = _stated(whole, said, None if question is None else question.yes_verdict)
    if stated not in (None, inspection.verdict) and not (
        stated is Verdict.ANOMALOUS and _only_regions(text, inspection, own)
    ):
        return True
    return (
        _wrong_counts(whole, inspection)
        or (bool(whole.exhaustive) and _left_out(whole, text, question, inspection, own))
        or any(_wrong_facts(part, inspection, own) for part in _parts(text))
    )


def agreeing_options(question: Question, inspection: Inspection, vocabulary: Iterable[str] = ()) -> dict[str, str]:
    """The lettered options of a question that fit the inspection best, letter to words; empty without options."""
    own = own_names(inspection, vocabulary)
    return fitting_options(question, inspection, lambda words: not contradicts(words, inspection, question.stem, own))


def _is_denied(said: bool, inspection: Inspection, question: Question, own: Sequence[str]) -> bool:
    """Whether a leading "Yes" (``said``) or "No" denies the verdict, or the kind or place that was asked for."""
    if (verdict := _yes_or_no(said, question.yes_verdict)) is not None:
        return verdict is not inspection.verdict
    if not question.yes_or_no:
        return False
    vocabulary = vocabulary_of(tuple(own))
    asked = plainly_asked(bare_words(vocabulary.mask(question.text)), vocabulary)
    if asked is None:
        return False
    kinds, spots = asked
    regions = _numbered(question.numbers, inspection.regions)
    there = any(
        (not kinds or any(same_kind(k, r.type) for k in kinds)) and (not spots or any(_holds(r, s) for s in spots))
        for r in regions
    )
    return there is not said


def _only_regions(text: str, inspection: Inspection, own: Sequence[str]) -> bool:
    """Regions of a picture that is normal as a whole may be spoken of, as long as no word says it is anomalous."""
    masked = vocabulary_of(tuple(own)).mask(text)
    return bool(inspection.regions) and not any(verdict_votes(clause) for clause in clauses(masked))


def _wrong_counts(whole: Reading, inspection: Inspection) -> bool:
    total = len(inspection.regions)
    if whole.count is not None and (total < whole.count if whole.at_least else total != whole.count):
        return not (whole.at_least and whole.count == 1 and inspection.verdict is Verdict.ANOMALOUS)
    return any(sum(same_kind(name, r.type) for r in inspection.regions) != n for name, n in whole.type_counts)


def _left_out(whole: Reading, text: str, question: Question | None, inspection: Inspection, own: Sequence[str]) -> bool:
    """Whether a text that says that there is nothing else passes over a region."""
    if whole.count == len(inspection.regions) > 0:
        return False
    numbers = region_numbers(text) | (frozenset() if question is None else question.numbers)
    kinds = (*(() if question is None else question.kinds_among(own)), *whole.types)
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


def _numbered(numbers: Collection[int], regions: Sequence[Region]) -> Sequence[Region]:
    """The one region of that number where it is one, else all."""
    return [r for r in regions if r.id in numbers] if len(numbers) == 1 else regions


def _holds(region: Region, place: str) -> bool:
    """Whether a region lies in a cell, or at a side."""
    return any(place == cell or (place in cell.split() and place != "centre") for cell in region.cells)


def _wrong_facts(part: str, inspection: Inspection, own: Sequence[str]) -> bool:
    said, numbers = read(part, own), region_numbers(part)
    if any(not 1 <= n <= len(inspection.regions) for n in numbers) and not re.search(
        r"\b(?:no|not|only)\b", part.lower()
    ):
        return True
    regions = _numbered(numbers, inspection.regions)
    if any(not any(_holds(r, place) for r in regions) for place in (*said.cells, *said.sides)):
        return True
    if any(not any(same_kind(kind, r.type) for r in regions) for kind in said.types):
        return True
    if said.severities - {r.severity for r in regions}:
        return True
    for kind, place in said.denied:
        if any((kind == ANY or same_kind(kind, r.type)) and (place == ANY or _holds(r, place)) for r in regions):
            return True
    plain_shares = read(_without_other_kinds(part, regions, own), own).shares
    return any(not _fits(share, regions, inspection) for share in plain_shares)


def _without_other_kinds(part: str, regions: Sequence[Region], own: Sequence[str]) -> str:
    """The text without the chances of kinds that no region has, as far as those of the regions leave room for them."""
    vocabulary = vocabulary_of(tuple(own))
    of_kind = re.compile(rf"{vocabulary.pattern.pattern}(?: has)? \(?(?:less than )?(\d+) %")
    room = max((1 - (r.type_probability or 0.0) for r in regions), default=1.0)

    def kept(match: re.Match[str]) -> str:
        theirs = any(same_kind(vocabulary.names[match[1]], r.type) for r in regions)
        return match[0] if theirs or float(match[2]) > 100 * room + 1 else match[1]

    return of_kind.sub(kept, vocabulary.mask(part).lower())


def _fits(share: Share, regions: Sequence[Region], inspection: Inspection) -> bool:
    """Whether a percentage is one of the picture's, to within its last digit."""
    areas = [100 * r.area_fraction for r in regions] + [100 * sum(r.area_fraction for r in inspection.regions)]
    chances = [100 * r.type_probability for r in regions if r.type_probability is not None]
    scores = (inspection.image_score, *(r.peak_score for r in regions))
    chances += [100 * as_measured(score, inspection.threshold) for score in scores]
    values = areas if share.of == "area" else chances if share.of == "chance" else areas + chances
    if share.bound == "<":
        return any(value <= share.percent + share.step / 2 for value in values)
    if share.bound == ">":
        return any(value >= share.percent - share.step / 2 for value in values)
    slack = 0.2 * share.percent + 0.5 if share.bound == "~" else 0.51 * share.step + 0.02 * share.percent
    return any(abs(share.percent - value) <= slack for value in values)
