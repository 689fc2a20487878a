"""Words for single facts of an inspection: counts, shares, places, kinds, score bands. Grammar, no judgement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from assistant.reading import quantities
from assistant.types import Domain, Inspection, MeasuredBy, Region, RuleVerdict, as_measured
from assistant.vocabulary.knowledge import Knowledge

NUMBERS = tuple(quantities.NUMBERS)[:10]
"""Numbers that are written in words, by their value."""
NEAR = 0.1
"""Scores this close to 0.5 are borderline."""
SURE = 0.5
"""Type probabilities below this are spoken of with "possibly"."""
PICTURES = {"picture", "image", "photo", "photograph", "scan", "slice", "x-ray", "radiograph", "mammogram"}
"""Last words of an object's name that name the picture itself: a scan is not said to be the picture of a scan."""
RESEARCH_NOTICE = "Research use, not a diagnosis."
ROUGH_GUESS = "A rough guess: nothing shows what normal looks like here. Add three normal pictures as references."
"""Said beside every verdict that was reached without references."""


def join(phrases: Sequence[str], last: str = "and") -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return phrases[0] if len(phrases) == 1 else f"{', '.join(phrases[:-1])} {last} {phrases[-1]}"


def counted(number: int, noun: str) -> str:
    """Number in words to nine and noun in its form.

    >>> counted(0, "region"), counted(1, "region"), counted(12, "region")
    ('no regions', 'one region', '12 regions')
    """
    return f"{NUMBERS[number] if number < len(NUMBERS) else number} {noun}{'' if number == 1 else 's'}"


def percent(fraction: float) -> str:
    """A share of the picture.

    >>> percent(0.00004), percent(0.031), percent(0.247)
    ('less than 0.1 %', '3.1 %', '25 %')
    """
    hundred = 100 * fraction
    return "less than 0.1 %" if hundred < 0.1 else f"{hundred:.1f} %" if hundred < 9.95 else f"{hundred:.0f} %"


def size(region: Region, what: Literal["length", "width"]) -> str | None:
    """A region's length or width, in millimetres where there is a scale: ``2.3 mm``, ``about 45 px``, ``at least 12 mm``.

    ``about`` is what was measured on the coarse outline of the map, ``at least`` what may go on; None without measures.
    """
    if region.measures is None:
        return None
    extents, unit = (region.measures.px, "px") if region.measures.mm is None else (region.measures.mm, "mm")
    value: float = getattr(extents, what)
    told = f"{value:.0f}" if value >= 100 or (unit == "px" and value >= 10) else f"{value:.2g}"
    if what == "length" and region.measures.may_go_on:
        return f"at least {told} {unit}"
    return f"about {told} {unit}" if region.measures.by is MeasuredBy.OUTLINE else f"{told} {unit}"


def ruling(verdict: RuleVerdict) -> str:
    """What the user's rule says, in a line without its name.

    >>> from assistant.types import RuleDecision
    >>> ruling(RuleVerdict(RuleDecision.REJECT, "any crack", (1, 2)))
    'reject: any crack (regions 1 and 2)'
    """
    regions = "" if not verdict.regions else f"region{'s' if len(verdict.regions) > 1 else ''} "
    where = f" ({regions}{join([str(one) for one in verdict.regions])})" if regions else ""
    told = "" if verdict.clause is None else f": {verdict.clause}{where}"
    return f"{verdict.verdict.value}{told}" + ("" if verdict.reason is None else f"; {verdict.reason}")


def measured(inspection: Inspection, value: float | None = None) -> float:
    """A score of an inspection as it was measured, the image score where none is given: what people are told and name.

    Args:
        inspection: whose threshold the score was shifted by.
        value: as the inspection holds it, threshold 0.5.
    """
    return as_measured(inspection.image_score if value is None else float(value), inspection.threshold)


def score(inspection: Inspection, value: float | None = None) -> str:
    """:func:`measured` as it is written: ``0.86``."""
    return f"{measured(inspection, value):.2f}"


def threshold(inspection: Inspection) -> str:
    """The threshold of the measured scores as it is written: ``0.50``."""
    return f"{inspection.threshold:.2f}"


def place(cells: Sequence[str]) -> str:
    """``the top left``, ``the top left and the centre``."""
    return join([f"the {cell}" for cell in cells])


def band(score: float, compared: bool = True) -> str:
    """How sure an image score in [0, 1] is, in words.

    Args:
        score: of the picture.
        compared: with anything that shows what normal looks like; nothing is clear without.

    >>> band(0.1), band(0.4), band(0.87), band(0.1, compared=False)
    ('clearly normal', 'borderline', 'clearly anomalous', 'probably normal')
    """
    if borderline(score):
        return "borderline"
    if not compared:
        return "probably normal" if score < 0.5 else "probably anomalous"
    if score < 0.5:
        return "clearly normal" if score < 0.2 else "probably normal"
    return "clearly anomalous" if score >= 0.8 else "probably anomalous"


def borderline(score: float) -> bool:
    """Within :data:`NEAR` of the threshold, both ends included."""
    return abs(score - 0.5) <= NEAR + 1e-9


def noun(name: str | None, knowledge: Knowledge) -> str:
    """A kind with its article: "a scratch", "corrosion"; a user's own phrase in quotes.

    The article follows the letter, which is right for every name of the vocabulary.
    """
    if name is None:
        return "an anomaly"
    entry = knowledge.find(name)
    if entry is None:
        return f'something like "{name}"'
    if not entry.countable:
        return name
    return f"{'an' if name[0].lower() in 'aeio' else 'a'} {name}"


def kind(region: Region, knowledge: Knowledge, medical: bool) -> str:
    """The kind of a region as a noun phrase that says how sure it is."""
    named = noun(region.type, knowledge)
    if region.type is None:
        return "an unclassified finding" if medical else named
    unsure = region.type_probability is None or region.type_probability < SURE
    if medical:
        return f"a finding {'that is possibly' if unsure else 'suggestive of'} {named}"
    return f"possibly {named}" if unsure else named


def subject(inspection: Inspection) -> str:
    """The picture as the subject of a sentence in the singular, whatever the number of the object's name.

    An article at the head of the object's name is dropped. A name that says what kind of picture it is stands for the picture.
    """
    name = (inspection.object_name or "").strip()
    first, _, rest = name.partition(" ")
    if first.lower() in {"the", "a", "an"} and rest:
        name = rest
    if name.rpartition(" ")[2].lower() in PICTURES:
        return f"The {name}"
    return f"The picture of the {name}" if name else "The picture"


def is_medical(inspection: Inspection, knowledge: Knowledge) -> bool:
    """By the picture's domain; by the kinds found where that is unknown."""
    if inspection.image.domain is not None:
        return inspection.image.domain == Domain.MEDICAL
    found = (knowledge.find(region.type) for region in inspection.regions)
    return any(entry is not None and entry.domain is Domain.MEDICAL for entry in found)


def caution(inspection: Inspection, knowledge: Knowledge) -> str:
    """The sentence that goes with every statement on a medical picture; empty for others."""
    if not is_medical(inspection, knowledge):
        return ""
    entry = knowledge.find(inspection.regions[0].type) if inspection.regions else None
    return entry.caution if entry is not None and entry.caution else RESEARCH_NOTICE
