"""Replies on the state of the picture: is something there, is it acceptable, is it dangerous."""

from __future__ import annotations

import re

from assistant.reading.clauses import same_kind
from assistant.types import THRESHOLD, Inspection, Mode, Region
from assistant.vision.detail.overview import unseen_clause
from assistant.vision.regions import highest_region
from assistant.vocabulary.materials import fits_object, is_movable, materials_of, on_object
from assistant.words import wording
from assistant.words.scene import phrases
from assistant.words.scene.scene import Scene

NOT_ABSENT = "that nothing is marked does not mean that nothing is there"
DECIDES = "A qualified reader decides."
YOURS = "Your own acceptance rule decides."
DRAW = "If it is a defect, draw it in on the page: what you mark stands."
DRAW_SCAN = (
    "What you see counts: have it looked at by a qualified reader; on the page you can draw it in, and it stands."
)
PERSON = "Whoever answers for the product decides, after a look at the piece itself."
_PRAISED = re.compile(r"\b(?:ok|okay|good|fine|pass|clean|intact|normal|usable)\b")
"""Words of a question to which yes means that nothing is wrong."""
_MANY = re.compile(
    r"\b(?:batch(?:es)?|lot|roll|pallet|shipment|whole (?:order|run|box)|all of them|the rest|\d+ ?(?:m|metres?|pieces|pcs))\b"
)
"""Words for more than the one piece in the picture."""
MANY = "One picture speaks for what it shows, not for the rest of the batch."
_OF_PLACE = re.compile(
    r"\b(?:is|are|does) (?:the|that) (?:\w+ ){0,2}(?:top|bottom|left|right|upper|lower|centre|center|middle|edge|corner)\b"
)
"""Asks whether a place is fine, not the whole."""
_TAKEN = re.compile(
    r"\b(?:take (?:it|this|that)(?! (?:out|off|away|back|apart|again))|eat|drink|swallow|patients?|consume\w*)\b"
)
"""Words for what must be safe for a person."""
_DENIED = re.compile(r"\b(?:free|without|no|not|none|never|lacks?)\b|n't\b")
"""Words that turn round what yes means."""
SHORT = 8
"""Words of a question up to which it is begun with Yes or No: what a longer one says besides is not read for that."""


def nowhere(scene: Scene) -> list[str] | None:
    """Said where a question names regions, a place or another region, and there is none; None for other questions."""
    if scene.regions:
        return None
    if scene.numbers:
        return [no_such_region(scene)]
    if scene.cells:
        return at_place(scene)
    if len(scene.inspection.regions) == 1:
        only = phrases.mark_at(scene.inspection.regions[0], scene)
        return [f"There is no other one: the one region that stands out is {only}."]
    return None


def presence(scene: Scene) -> list[str]:
    """Whether something is there: at all, of a kind, or at a place."""
    if scene.question.kinds:
        return of_kind(scene)
    if scene.cells or scene.point:
        return at_place(scene)
    if scene.numbers and not scene.regions:
        return [no_such_region(scene)]
    seen = [reported_first(scene)] if scene.reported is not None and not scene.anomalous else []
    return [f"{_yes_or_no(scene)}{state(scene)}", *seen, *worth(scene)]


def state(scene: Scene) -> str:
    """The verdict in one sentence, with what stands out."""
    found, regions = scene.inspection, scene.inspection.regions
    close = wording.borderline(found.image_score)
    if scene.anomalous:
        named = phrases.thing(scene)
        looks = f"{phrases.capital(named or 'it')} looks defective"
        if scene.medical:
            looks = f"Something unusual stands out{f' in {named}' if named else ''}"
        looks = f"{looks}, though only just" if close else looks
        if not regions:
            return f"{looks} as a whole, but no single region stands out ({phrases.scored(found)})."
        first = phrases.mark_at(regions[0], scene)
        if len(regions) == 1:
            return f"{looks}: {first} ({phrases.scored(found)})."
        return f"{looks}: {wording.counted(len(regions), 'region')}, the strongest {first} ({phrases.scored(found)})."
    on = f" {'in' if scene.medical else 'on'} {phrases.thing(scene)}" if phrases.thing(scene) else ""
    nothing = f"{phrases.capital(phrases.no_defect(scene))} was found{on}"
    if regions:
        return (
            f"It passes as normal, although {wording.counted(len(regions), 'region')} "
            f"{'stands' if len(regions) == 1 else 'stand'} out, {phrases.place(regions[0])} ({phrases.scored(found)})."
        )
    if close:
        place = highest_region(found)
        where = "" if place is None else f": nothing is marked even {phrases.place(place)}, where the map is highest"
        return f"{nothing} ({phrases.scored(found)}){unseen_clause(found.warnings)}, but it is close{where}."
    return f"{nothing} ({phrases.scored(found)}){unseen_clause(found.warnings)}."


def _yes_or_no(scene: Scene) -> str:
    """A "Yes" or "No" to begin with, where the question can be answered so; empty for others."""
    yes = scene.question.yes_verdict
    if re.search(r"\b(?:edges?|rims?|borders?|corners?|sides?)\b", scene.question.text.lower()):
        return ""
    if yes is not None and len(scene.question.text.split()) <= SHORT:
        return "Yes. " if yes is scene.inspection.verdict else "No. "
    said = scene.question.text.lower()
    if re.search(r"\by(?:es)?\s*(?:/|or)\s*n(?:o)?\b", said):
        return "Yes. " if scene.anomalous is not bool(_PRAISED.search(said)) else "No. "
    return ""


def worth(scene: Scene) -> list[str]:
    """What a normal verdict does not say."""
    if scene.anomalous:
        return []
    rough = scene.inspection.mode is Mode.ZERO_SHOT
    return [
        phrases.caveat(scene),
        *(["Without normal reference pictures it is a rough guess."] if rough else []),
    ]


def of_kind(scene: Scene) -> list[str]:
    """Whether something of the kinds named is there."""
    kinds = scene.question.kinds
    asked = wording.join([wording.noun(kind, scene.knowledge) for kind in kinds], "or")
    alike = [r for r in scene.regions if any(same_kind(kind, r.type) for kind in kinds)]
    if alike:
        first = alike[0]
        chance = first.type_probability or 0.0
        odd = not scene.medical and not fits_object(first.type or "", materials_of(scene.inspection.object_name))
        if chance >= phrases.CERTAIN and not odd:
            yes = "" if _DENIED.search(scene.question.text.lower()) else "yes: "
            said = (
                f"{yes}{phrases.mark_at(first, scene)} ({phrases.name(first)}, {100 * chance:.0f} % sure of the kind)."
            )
            return [phrases.capital(said)]
        return [f"Something unusual stands out {phrases.place(first)}, and it looks most like {asked}."]
    if scene.regions:
        first = scene.regions[0]
        looks = "" if first.type is None else f", and looks more like {wording.noun(first.type, scene.knowledge)}"
        how_sure = "" if first.type_probability is None else f" ({100 * first.type_probability:.0f} % sure)"
        head = f"Something stands out {phrases.place(first)}{looks}{how_sure}; {asked} cannot be excluded."
        return [head if scene.anomalous else f"{head} The picture passes as normal as a whole."]
    if scene.cells:
        return at_place(scene)
    if scene.anomalous:
        return [state(scene)]
    return [
        f"Neither {asked} nor anything else was found ({phrases.scored(scene.inspection)})."
        if _DENIED.search(scene.question.text.lower())
        else f"No: neither {asked} nor anything else was found ({phrases.scored(scene.inspection)}).",
        phrases.caveat(scene),
    ]


def at_place(scene: Scene) -> list[str]:
    """What the map says of a place that was named."""
    here = scene.here
    if scene.regions:
        first = scene.regions[0]
        return [
            f"I marked something there: {phrases.mark_at(first, scene)} "
            f"({phrases.name(first)}, {_peak(scene.inspection, first)})."
        ]
    peak = scene.peak_at(sorted(scene.cells))
    marked = (
        f"What stands out is {phrases.mark_at(scene.inspection.regions[0], scene)}." if scene.inspection.regions else ""
    )
    if peak >= THRESHOLD and not scene.anomalous:
        below = f"the picture as a whole stays below its threshold ({phrases.scored(scene.inspection)}), so nothing is marked"
        return [
            f"At {here} the map reaches {wording.score(scene.inspection, peak)}, but {below}.",
            phrases.caveat(scene),
        ]
    if peak >= THRESHOLD:
        beside = "it reaches over from what is marked beside it" if marked else "too small a spot to be marked"
        return [
            f"At {here} the map reaches {wording.score(scene.inspection, peak)}, above the threshold "
            f"of {wording.threshold(scene.inspection)}: {beside}.",
            *([marked] if marked else []),
        ]
    said = (
        f"Nothing is marked at {here}: the map reaches {wording.score(scene.inspection, peak)} there, "
        f"below the threshold of {wording.threshold(scene.inspection)}."
    )
    return [said, marked or phrases.caveat(scene)]


def _peak(found: Inspection, region: Region) -> str:
    return f"score up to {wording.score(found, region.peak_score)}"


def no_such_region(scene: Scene) -> str:
    """Said of a number that no region has."""
    count = len(scene.inspection.regions)
    if not count:
        return "There is no such region: none stood out."
    return f"There is no such region: {wording.counted(count, 'region')} stood out."


def accept(scene: Scene) -> list[str]:
    """Whether to pass it."""
    if _MANY.search(scene.message.text.lower()):
        first, *rest = _accept_one(scene)
        return [f"{MANY[:-1]}; on this one: {first if first.startswith('I ') else phrases.lowered(first)}", *rest]
    if scene.cells and _OF_PLACE.search(scene.question.text.lower()):
        return at_place(scene)
    reported = [reported_first(scene)] if scene.reported is not None and not scene.anomalous else []
    taken = not scene.medical and _TAKEN.search(scene.message.text.lower())
    return [*reported, *(dangerous(scene) if taken else _accept_one(scene))]


_CANNOT = {
    "measure": ("I cannot measure {it}", "only what is marked has an outline"),
    "name": ("What kind {it} is I cannot tell", "I name the kind only of what is marked"),
    "rate": ("How bad {it} is I cannot rate", "only what is marked is rated"),
    "locate": ("I cannot point to {it}", ""),
    "list": ("The list is empty", ""),
    "describe": ("I cannot describe {it}", "I describe only what is marked"),
    "follow": ("Which way {it} runs I cannot tell", "only what is marked is followed"),
    "group": ("How they lie to each other I cannot tell", "I group only what is marked"),
    "explain": ("What causes {it} I cannot tell", "so there is no kind to go by"),
    "go by": ("What {it} leads to I cannot tell", "so there is no kind to go by"),
    "prevent": ("How {it} is avoided I cannot tell", "so there is no kind to go by"),
}
"""What cannot be done with what is not marked, and why not."""


def unmarked(scene: Scene, doing: str) -> list[str]:
    """Said of a normal picture where something is asked of what is not marked: that it cannot be told, not that it is not there.

    Args:
        scene: without regions.
        doing: what is asked for, of :data:`_CANNOT`.
    """
    found, seen = scene.inspection, scene.spot if scene.is_carried else scene.reported
    kinds = wording.join([wording.noun(kind, scene.knowledge) for kind in scene.question.kinds], "or") if (
        scene.question.kinds
    ) else "it"  # fmt: skip
    head, why = _CANNOT.get(doing, (f"I cannot {doing} {{it}}", "only what is marked has an outline"))
    if doing == "name" and scene.question.kinds:
        head = "Whether it is {it} I cannot tell"
    on = f" {'in' if scene.medical else 'on'} {phrases.thing(scene)}" if phrases.thing(scene) else ""
    where = f"{on} ({phrases.scored(found)}){unseen_clause(found.warnings)}"
    if seen is not None and seen.box is not None and not scene.places_one and doing != "list":
        where = f" {seen.where} (the map reaches {wording.score(found, seen.peak(found))} there)"
    why = f"{', and' if why and not why.startswith('so ') else ',' if why else ''} {why}".rstrip()
    return [f"{head.format(it=kinds)}: nothing is marked{where}{why}.", f"{phrases.capital(NOT_ABSENT)}.",
            DRAW_SCAN if scene.medical else DRAW]  # fmt: skip


def reported_first(scene: Scene) -> str:
    """That what the user saw, and is not marked, is to be looked at first."""
    where = "" if scene.reported is None or not scene.reported.where else f" {scene.reported.where}"
    return f"Have what you saw looked at by hand first: nothing is marked{where}, so my verdict does not cover it."


def _accept_one(scene: Scene) -> list[str]:
    found = scene.inspection
    if scene.medical:
        said = state(scene)
        return [said, "It cannot be cleared by this: a qualified reader has to look at it."]
    if found.rule is not None:
        return [f"By your rule: {wording.ruling(found.rule)}.", state(scene)]
    if wording.borderline(found.image_score):
        again = "hold it and look again" if is_movable(found.object_name) else "have it looked at again"
        return [
            f"I would {again} before deciding: the score of {wording.score(found)} is "
            f"close to the threshold of {wording.threshold(found)}.",
            YOURS,
        ]
    if scene.anomalous:
        if not found.regions:
            return [f"I would {_hold(scene)}: it looks anomalous as a whole ({phrases.scored(found)}).", YOURS]
        first = found.regions[0]
        more = len(found.regions) - 1
        rest = "" if not more else f", and {wording.counted(more, 'further region')}"
        return [
            f"I would {_hold(scene)}: {phrases.mark_at(first, scene)}, rated {first.severity.value}{rest} "
            f"({phrases.scored(found)}).",
            YOURS,
        ]
    if found.regions:
        return [state(scene), f"{phrases.LIMIT} {YOURS}"]
    return [
        f"My verdict is normal: no defect was found ({phrases.scored(found)}).",
        f"{phrases.capital(NOT_ABSENT)}.",
        YOURS,
    ]


def _hold(scene: Scene) -> str:
    """What to do with something that is not to pass; a road cannot be held back."""
    return "hold it back" if is_movable(scene.inspection.object_name) else "have it looked at"


def dangerous(scene: Scene) -> list[str]:
    """Whether it is dangerous."""
    if scene.medical:
        head = "Something unusual stands out" if scene.anomalous else "Nothing stood out"
        worth = "" if scene.inspection.regions else f" {phrases.capital(NOT_ABSENT)}."
        return [f"{head}, but whether it is dangerous cannot be told from this picture.{worth} {DECIDES}"]
    said = "One picture cannot tell whether it is safe or dangerous in use."
    if not scene.anomalous:
        return [said, f"What I can tell: {phrases.lowered(state(scene))}", *worth_of_normal(scene)]
    first = scene.regions[0] if scene.regions else None
    entry = scene.knowledge.find(first.type) if first is not None else None
    if first is None or entry is None:
        return [said, f"I would {_hold(scene)} before it is used."]
    effects = on_object(entry, scene.inspection.object_name).effects
    return [
        said,
        f"I found {phrases.mark_at(first, scene)}, rated {first.severity.value}; "
        f"{wording.noun(entry.name, scene.knowledge)} can {wording.join(effects, 'or')}.",
    ]


def worth_of_normal(scene: Scene) -> list[str]:
    """What a normal verdict is worth where something hangs on it, and who decides."""
    worth = phrases.caveat(scene) if scene.inspection.regions else f"That is no all-clear: {NOT_ABSENT}."
    return [worth, DECIDES if scene.medical else PERSON]
