"""An inspection in words: the compact facts a language model is given, and the caption when none is loaded.

Everything said here follows from the inspection and the knowledge; the same values give the same words.
"""

from __future__ import annotations

from typing import Literal

from assistant.types import THRESHOLD, Inspection, Mode, Region, Verdict
from assistant.vision.detail.overview import unseen_clause
from assistant.vision.regions import highest_region
from assistant.vocabulary.knowledge import Entry, Knowledge
from assistant.vocabulary.materials import known_on
from assistant.words import wording

LISTED = 3
"""Regions a short caption names."""
MOST = 9
"""Regions a full caption and the evidence text describe."""


def evidence_text(inspection: Inspection, knowledge: Knowledge, reference_count: int | None = None) -> str:
    """The facts, a line each, for the language model.

    Args:
        inspection: what the numbers say.
        knowledge: kinds and what is known of them.
        reference_count: how many reference pictures were compared; None when that is not known.
    """
    score = inspection.image_score
    lines = [
        f"Object: {inspection.object_name or 'not named'}.",
        _mode_line(inspection.mode, reference_count),
        f"Verdict: {inspection.verdict.value} ({wording.band(score)}, score {wording.score(inspection)}).",
        f"Number of anomalous regions: {len(inspection.regions)}.",
        *(_region_line(inspection, region) for region in inspection.regions[:MOST]),
        *([] if (place := highest_region(inspection)) is None else [_highest_line(inspection, place)]),
    ]
    if inspection.regions and (entry := known_on(inspection.regions[0].type, inspection.object_name, knowledge)):
        lines.append(knowledge_line(entry))
    if notice := wording.caution(inspection, knowledge):
        lines.append(notice)
    return "\n".join(lines)


def knowledge_line(entry: Entry) -> str:
    """What is known of a kind, in one line."""
    return (
        f"About {entry.name}: causes: {wording.join(entry.causes, 'or')}; "
        f"effects: {wording.join(entry.effects, 'or')}; next: {wording.join(entry.actions)}."
    )


def _mode_line(mode: Mode, count: int | None) -> str:
    if mode is Mode.ZERO_SHOT:
        return "Mode: zero-shot, no reference pictures."
    if mode is Mode.MUTUAL:
        return "Mode: mutual, compared with the other pictures of the same run."
    return f"Mode: few-shot, compared with {_references(count)}."


def _references(count: int | None) -> str:
    return "reference pictures" if count is None else f"{count} reference picture{'' if count == 1 else 's'}"


def _region_line(inspection: Inspection, region: Region) -> str:
    named = region.type or "kind unknown"
    if region.type is not None and region.type_probability is not None:
        named += f" ({100 * region.type_probability:.0f} % sure)"
    return (
        f"Region {region.id}: {named}, at {wording.place(region.cells)}, {wording.percent(region.area_fraction)} "
        f"of the picture, peak {wording.score(inspection, region.peak_score)}, severity {region.severity.value}."
    )


def _highest_line(inspection: Inspection, place: Region) -> str:
    alike = "" if place.type is None else f", most like {place.type}"
    return f"Highest score of the map: {wording.score(inspection, place.peak_score)}, at {wording.place(place.cells[:1])}{alike}."


def caption(inspection: Inspection, knowledge: Knowledge, style: Literal["short", "full"] = "short") -> str:
    """The picture's state in plain language.

    ``short`` is the verdict with what stands out; ``full`` adds a sentence a region, what is known of the leading kind
    and how the picture was judged. Medical pictures get cautious wording and the research notice in both.
    """
    sentences = [_verdict_sentence(inspection, knowledge)]
    if wording.borderline(inspection.image_score):
        at = "0.5" if inspection.threshold == THRESHOLD else wording.threshold(inspection)
        sentences.append(
            f"This is uncertain: the score of {wording.score(inspection)} is close to the threshold of {at}."
        )
    if style == "full":
        sentences += [_region_sentence(inspection, region) for region in inspection.regions[:MOST]]
        if (more := len(inspection.regions) - MOST) > 0:
            are = "is" if more == 1 else "are"
            sentences.append(f"{wording.counted(more, 'weaker region').capitalize()} {are} not described.")
        first = inspection.regions[0].type if inspection.regions else None
        if (entry := known_on(first, inspection.object_name, knowledge)) is not None:
            sentences.append(
                f"For {wording.noun(entry.name, knowledge)}, usual causes are {wording.join(entry.causes, 'or')}; "
                f"next, {entry.actions[0]}."
            )
        sentences.append(_judged(inspection.mode))
    if notice := wording.caution(inspection, knowledge):
        sentences.append(notice)
    return " ".join(sentences)


def _verdict_sentence(inspection: Inspection, knowledge: Knowledge) -> str:
    """Verdict and what stands out."""
    head, regions = wording.subject(inspection), inspection.regions
    medical = wording.is_medical(inspection, knowledge)
    if inspection.verdict is Verdict.NORMAL:
        if not regions:
            return f"{head} looks normal; no anomalous region was found{unseen_clause(inspection.warnings)}."
        stand = "stands" if len(regions) == 1 else "stand"
        count = wording.counted(len(regions), "region")
        return f"{head} looks normal as a whole, although {count} {stand} out: {_listed(regions, knowledge, medical)}."
    state = "looks unusual" if medical else "looks anomalous"
    if not regions:
        return f"{head} {state}, although no single region stands out."
    if len(regions) == 1:
        return f"{head} {state}: {_listed(regions, knowledge, medical)}."
    return (
        f"{head} {state}; {wording.counted(len(regions), 'region')} stand out: {_listed(regions, knowledge, medical)}."
    )


def _listed(regions: tuple[Region, ...], knowledge: Knowledge, medical: bool) -> str:
    named = [f"{wording.kind(r, knowledge, medical)} at {wording.place(r.cells)}" for r in regions[:LISTED]]
    more = len(regions) - LISTED
    if more > 0:
        named.append(f"{wording.NUMBERS[more] if more < len(wording.NUMBERS) else more} more")
    return wording.join(named)


def _region_sentence(inspection: Inspection, region: Region) -> str:
    return (
        f"Region {region.id}, at {wording.place(region.cells)}, covers {wording.percent(region.area_fraction)} of the "
        f"picture, peaks at {wording.score(inspection, region.peak_score)} and is rated {region.severity.value}."
    )


def _judged(mode: Mode) -> str:
    if mode is Mode.ZERO_SHOT:
        return "It was judged without reference pictures."
    other = "the other pictures of the same run" if mode is Mode.MUTUAL else "reference pictures"
    return f"It was judged against {other}."
