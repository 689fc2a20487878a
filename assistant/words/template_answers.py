"""Answers made from the evidence alone: a sentence or two for each of a question's intents.

The language model's net: what it says is checked against the same intents, and replaced by these words when it fails.
"""

from __future__ import annotations

from collections.abc import Callable

from assistant.reading.faithfulness import agreeing_options
from assistant.reading.intents import Intent
from assistant.reading.question import Question
from assistant.types import Inspection, Mode, Region, Verdict
from assistant.vocabulary.knowledge import Knowledge, load_knowledge
from assistant.vocabulary.materials import known_on
from assistant.words import wording

_JUDGED = {
    Mode.ZERO_SHOT: "No reference picture was given; judged by itself,",
    Mode.FEW_SHOT: "Compared with the reference pictures,",
    Mode.MUTUAL: "Compared with the other pictures of the run,",
}
LISTED = 4
"""Regions an answer lists at most."""


def answer_from_evidence(question: Question, inspection: Inspection, knowledge: Knowledge | None = None) -> str | None:
    """An answer that follows from the inspection and the knowledge; None when the question is not understood.

    Args:
        question: read.
        inspection: what the numbers say.
        knowledge: the package's own when None.
    """
    knowledge = knowledge or load_knowledge()
    if question.options and 0 < len(agreeing := agreeing_options(question, inspection)) < len(question.options):
        return next(f"{words[:1].upper()}{words[1:]} ({letter})." for letter, words in agreeing.items())
    if question.compares:
        state = _state(inspection)
        sentence = f"{_JUDGED[inspection.mode]} {state[0].lower()}{state[1:]}"
        return " ".join([sentence, *notice(question, inspection, knowledge)])
    intents = question.intents
    if not intents:
        return None
    if question.unanswerable:
        return "The picture and its anomaly map do not tell that."
    regions = asked_regions(question, inspection)
    sentences: list[str] = []
    if Intent.PRESENCE in intents:
        sentences.append(_presence(question, inspection, knowledge))
    others: list[Intent] = [intent for intent in intents if intent is not Intent.PRESENCE]
    if regions:
        sentences += [SENTENCES[intent](regions, inspection, knowledge) for intent in others]
    elif others:
        sentences.append(_nothing(inspection, others, question.region is not None and bool(inspection.regions)))
    return " ".join([*dict.fromkeys(sentences), *notice(question, inspection, knowledge)])


def notice(question: Question, inspection: Inspection, knowledge: Knowledge) -> tuple[str, ...]:
    """The research notice where a medical picture is judged, neither measured alone nor by a lettered option; else empty."""
    if question.options:
        return ()
    measured = {Intent.COUNT, Intent.WHERE, Intent.SIZE, Intent.UNANSWERABLE}
    judged = not question.intents or set(question.intents) - measured
    return (wording.RESEARCH_NOTICE,) if judged and wording.is_medical(inspection, knowledge) else ()


def asked_regions(question: Question, inspection: Inspection) -> tuple[Region, ...]:
    """The regions a question is about: the one it numbers, calls worst or the other, else all."""
    regions = inspection.regions
    if question.region is not None:
        return tuple(r for r in regions if r.id == question.region)
    if question.rank in ("first", "largest"):
        ranked = sorted(regions, key=lambda r: -r.area_fraction) if question.rank == "largest" else regions
        return tuple(ranked[:1])
    return regions[1:2] if question.rank == "second" and len(regions) > 1 else regions


def _presence(question: Question, inspection: Inspection, knowledge: Knowledge) -> str:
    kinds = question.kinds
    cells = {cell for r in inspection.regions for cell in r.cells}
    medical = wording.is_medical(inspection, knowledge)
    if kinds and not set(kinds) & {r.type for r in inspection.regions}:
        named = f"No {wording.join(kinds, 'or')} was found."
        return f"{named} {_state(inspection)}"
    if question.cells and not question.cells & cells and inspection.regions:
        return f"Nothing stands out at {wording.place(sorted(question.cells))}. {_state(inspection)}"
    anomalous = inspection.verdict is Verdict.ANOMALOUS
    if inspection.regions and (kinds or (anomalous and not medical)):
        first = next((r for r in inspection.regions if r.type in kinds), inspection.regions[0])
        link = ": " if anomalous else ", although "
        there = f"there is {wording.kind(first, knowledge, medical)} at {wording.place(first.cells)}"
        text = f"{_sure(inspection)}{link}{there}."
    else:
        text = _state(inspection)
    yes = question.yes_verdict
    return text if yes is None else f"{'Yes' if yes is inspection.verdict else 'No'}, {text[0].lower()}{text[1:]}"


def _sure(inspection: Inspection) -> str:
    near = wording.borderline(inspection.image_score)
    return f"The picture looks {inspection.verdict.value}{', but only just' if near else ''}"


def _state(inspection: Inspection) -> str:
    """The verdict in one sentence, with what stands out."""
    count = len(inspection.regions)
    stands = f"{wording.counted(count, 'region')} {'stands' if count == 1 else 'stand'} out"
    if inspection.verdict is Verdict.NORMAL:
        tail = f"although {stands}" if count else "and no anomalous region was found"
    else:
        tail = f"and {stands}" if count else "although no single region stands out"
    return f"{_sure(inspection)}, {tail}."


_NOTHING_TO = {
    Intent.COUNT: "count",
    Intent.WHERE: "locate",
    Intent.TYPE: "name",
    Intent.SIZE: "measure",
    Intent.SEVERITY: "rate",
    Intent.CAUSE: "explain",
    Intent.EFFECT: "explain",
}


def _nothing(inspection: Inspection, intents: list[Intent], unknown_region: bool) -> str:
    """What is said of regions that are not there."""
    if unknown_region:
        return f"There is no such region: {wording.counted(len(inspection.regions), 'region')} stood out."
    if inspection.verdict is Verdict.ANOMALOUS:
        return "The picture looks anomalous, but no single region stands out, so look at the whole picture again."
    parts = [f"nothing is marked that I could {_NOTHING_TO[intent]}" for intent in intents if intent in _NOTHING_TO][:1]
    if Intent.NEXT_STEP in intents:
        near = wording.borderline(inspection.image_score)
        parts.append("a second look is advised, as the score is close" if near else "I know of no step to take")
    return f"No anomalous region was found, so {' and '.join(parts)}."


def _listed(regions: tuple[Region, ...], phrase: Callable[[Region], str]) -> str:
    named = [phrase(region) for region in regions[:LISTED]]
    if (more := len(regions) - LISTED) > 0:
        named.append(f"{wording.NUMBERS[more] if more < 10 else more} more")
    return wording.join(named)


def _name(region: Region) -> str:
    return f"region {region.id}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _count(regions: tuple[Region, ...], inspection: Inspection, knowledge: Knowledge) -> str:
    number = len(inspection.regions)
    return f"{_capital(wording.counted(number, 'region'))} {'stands' if number == 1 else 'stand'} out."


def _where(regions: tuple[Region, ...], inspection: Inspection, knowledge: Knowledge) -> str:
    if len(regions) == 1:
        return f"The region is at {wording.place(regions[0].cells)}."
    return _capital(_listed(regions, lambda r: f"{_name(r)} is at {wording.place(r.cells)}")) + "."


def _type(regions: tuple[Region, ...], inspection: Inspection, knowledge: Knowledge) -> str:
    if all(region.type is None for region in regions):
        return "The kind is not known: no vocabulary was asked for."
    medical = wording.is_medical(inspection, knowledge)

    def named(region: Region) -> str:
        unsure = (region.type_probability or 0.0) < wording.SURE
        what = wording.noun(region.type, knowledge)
        return f"possibly {what}" if unsure or medical else what

    if len(regions) == 1:
        return f"The region is {named(regions[0])}{_sure_of(regions[0])}."
    return _capital(_listed(regions, lambda r: f"{_name(r)} is {named(r)}")) + "."


def _sure_of(region: Region) -> str:
    return "" if region.type_probability is None else f" ({100 * region.type_probability:.0f} % sure)"


def _size(regions: tuple[Region, ...], inspection: Inspection, knowledge: Knowledge) -> str:
    if len(regions) == 1:
        return f"The region covers {wording.percent(regions[0].area_fraction)} of the picture."
    return (
        _capital(_listed(regions, lambda r: f"{_name(r)} covers {wording.percent(r.area_fraction)}"))
        + " of the picture."
    )


def _severity(regions: tuple[Region, ...], inspection: Inspection, knowledge: Knowledge) -> str:
    if len(regions) == 1:
        return f"The region is rated {regions[0].severity.value}."
    return _capital(_listed(regions, lambda r: f"{_name(r)} is rated {r.severity.value}")) + "."


def _cause(regions: tuple[Region, ...], inspection: Inspection, knowledge: Knowledge) -> str:
    if (entry := known_on(regions[0].type, inspection.object_name, knowledge)) is None:
        return "The picture alone does not tell the cause."
    return f"Usual causes of {wording.noun(entry.name, knowledge)} are {wording.join(entry.causes, 'or')}."


def _effect(regions: tuple[Region, ...], inspection: Inspection, knowledge: Knowledge) -> str:
    if (entry := known_on(regions[0].type, inspection.object_name, knowledge)) is None:
        return "The picture alone does not tell the effect."
    return f"{_capital(wording.noun(entry.name, knowledge))} can {wording.join(entry.effects, 'or')}."


def _next_step(regions: tuple[Region, ...], inspection: Inspection, knowledge: Knowledge) -> str:
    if (entry := known_on(regions[0].type, inspection.object_name, knowledge)) is None:
        return "Next, look at the marked place again under better light and compare it with a normal one."
    return f"Next, {wording.join(entry.actions)}."


SENTENCES: dict[Intent, Callable[[tuple[Region, ...], Inspection, Knowledge], str]] = {
    Intent.COUNT: _count,
    Intent.WHERE: _where,
    Intent.TYPE: _type,
    Intent.SIZE: _size,
    Intent.SEVERITY: _severity,
    Intent.CAUSE: _cause,
    Intent.EFFECT: _effect,
    Intent.NEXT_STEP: _next_step,
}
