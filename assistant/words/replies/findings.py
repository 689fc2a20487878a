"""Replies on what stands out: how many, where, of which kind, what it looks like."""

from __future__ import annotations

import re

from assistant.reading.acts.slots import Form
from assistant.types import Domain, MeasuredBy, Region
from assistant.vision.measuring.appearance import appearance_of
from assistant.vision.measuring.directions import arc_of
from assistant.vision.regions import highest_region
from assistant.vocabulary.materials import fits_object, materials_of
from assistant.words import wording
from assistant.words.replies.verdicts import at_place, nowhere, of_kind, state, unmarked
from assistant.words.scene import phrases
from assistant.words.scene.scene import Scene

MOST = 9
"""Regions of a list."""
FROM_THE_MIDDLE = (
    "Seen from the middle of the picture, 12 o'clock at its top; where the part has its middle, I do not know."
)
_ASKS_CLOCK = re.compile(r"\bclock\b")
_SIDES = re.compile(r"\b(?:left|right|side|hemisphere|laterality|lateral)\b")
_POINTS = re.compile(r"\b(?:it|its|that|this|those|these|mark|marked|region|defect|spot)\b")


def nothing(scene: Scene, doing: str) -> list[str]:
    """Said where there is no region to speak of; ``doing`` as "locate"."""
    if (elsewhere := nowhere(scene)) is not None:
        bare = doing == "measure" and scene.cells and not scene.numbers
        return [*elsewhere, *(["What is not marked has no outline to measure, in px or mm."] if bare else [])]
    if scene.question.kinds and (scene.anomalous or scene.question.yes_or_no):
        return of_kind(scene)
    if scene.anomalous:
        place = highest_region(scene.inspection)
        where = "" if place is None else f" The map is highest {phrases.place(place)}."
        return [f"The picture looks anomalous as a whole, without a single region to {doing}.{where}"]
    return unmarked(scene, doing)


def count(scene: Scene) -> list[str]:
    """How many."""
    kinds, regions = scene.question.kinds, scene.inspection.regions
    number = len(regions)
    if not number:
        return [f"None: {state(scene)[:1].lower()}{state(scene)[1:]}"]
    stands = f"{wording.counted(number, 'region')} {'stands' if number == 1 else 'stand'} out"
    said = f"{phrases.capital(stands)}: {phrases.marks(regions, scene)}."
    if kinds:
        return [said, "I count regions that stand out; their kinds are less certain than their places."]
    return [said]


def where(scene: Scene) -> list[str]:
    """In which place; in a scan, that left and right are those of the picture."""
    if not scene.regions:
        return nothing(scene, "locate")
    if scene.asked.slots.form is Form.CLOCK or _ASKS_CLOCK.search(scene.question.text.lower()):
        return around_middle(scene)
    if len(scene.regions) == 1:
        region = scene.regions[0]
        x, y = phrases.centre(region)
        said = f"{phrases.capital(phrases.mark_at(region, scene))}: around x {x}, y {y} px (box {phrases.box(region)})."
        asks_side = scene.medical and _SIDES.search(scene.question.text.lower()) is not None
        return [said, phrases.WHICH_SIDE] if asks_side else [said]
    return [
        f"{phrases.capital(phrases.name(r))}, {phrases.mark_at(r, scene)}, {_around(r)}."
        for r in scene.regions[: phrases.MOST]
    ]


def _around(region: Region) -> str:
    x, y = phrases.centre(region)
    return f"around x {x}, y {y} px"


def position(scene: Scene) -> list[str]:
    """Coordinates, with the share of the picture."""
    if not scene.regions:
        return nothing(scene, "locate")
    if scene.asked.slots.form is Form.CLOCK or _ASKS_CLOCK.search(scene.question.text.lower()):
        return around_middle(scene)
    width, height = scene.inspection.image.width, scene.inspection.image.height
    return [
        f"{phrases.capital(phrases.name(r))}: centre x {phrases.centre(r)[0]}, y {phrases.centre(r)[1]}; box {phrases.box(r)}; "
        f"{wording.percent(r.area_fraction)} of the {width} x {height} picture."
        for r in scene.regions[: phrases.MOST]
    ]


def around_middle(scene: Scene) -> list[str]:
    """What each spans on a clock's face around the middle of the picture."""
    said = []
    for region in scene.regions[: phrases.MOST]:
        found = arc_of(scene.inspection.anomaly_map, region)
        told = (
            "lies in the middle of the picture, or all around it"
            if found is None
            else f"lies {found.words}, over about {found.degrees:.0f}°"
        )
        said.append(f"{phrases.capital(phrases.name(region))} {told}.")
    return [*said, FROM_THE_MIDDLE]


def kind(scene: Scene) -> list[str]:
    """Of which kind."""
    if not scene.regions:
        return nothing(scene, "name")
    if scene.question.kinds and len(scene.question.kinds) > 1:
        return _one_of(scene)
    said = [_kind_of(r, scene) for r in scene.regions[:2]]
    if all(r.type is None for r in scene.regions):
        return ["The kind is not known: no vocabulary was asked for."]
    entry = scene.knowledge.find(scene.regions[0].type)
    materials = materials_of(scene.inspection.object_name)
    strange = entry is not None and not scene.medical and not fits_object(entry.name, materials)
    return [*said, phrases.hardly(entry, scene)] if entry is not None and strange else said


def _kind_of(region: Region, scene: Scene) -> str:
    chance = region.type_probability or 0.0
    entry = scene.knowledge.find(region.type)
    named = wording.noun(region.type, scene.knowledge)
    which = phrases.named_at(region) + "," if len(scene.regions) > 1 else "It"
    if scene.medical:
        head = f"{which} looks most like {named}, as far as one picture tells ({100 * chance:.0f} % sure)"
        if entry is not None and entry.domain is Domain.INDUSTRIAL:
            head += ", but that is a kind of industrial parts and makes no sense on a scan: take it as a finding without a name"
        return f"{head}. {wording.caution(scene.inspection, scene.knowledge) or wording.RESEARCH_NOTICE}"
    if chance >= phrases.CERTAIN:
        return f"{which} is most likely {named} ({100 * chance:.0f} % sure)."
    alike = "" if entry is None or not entry.confusable else (
        f"; it could also be {wording.join([wording.noun(n, scene.knowledge) for n in entry.confusable], 'or')}"
    )  # fmt: skip
    return f"{which} looks most like {named}, but that is a guess ({100 * chance:.0f} % sure){alike}."


def _one_of(scene: Scene) -> list[str]:
    """Which of the kinds named in the question."""
    region = scene.regions[0]
    named = [wording.noun(k, scene.knowledge) for k in scene.question.kinds]
    if region.type in scene.question.kinds:
        chance = 100 * (region.type_probability or 0.0)
        return [f"Of these, it looks most like {wording.noun(region.type, scene.knowledge)} ({chance:.0f} % sure)."]
    return [
        f"I cannot tell {wording.join(named, 'from')} here with confidence.",
        f"By its looks it is nearest to {wording.noun(region.type, scene.knowledge)}.",
    ]


def list_regions(scene: Scene) -> list[str]:
    """A line each."""
    regions = scene.inspection.regions
    if not regions:
        return nothing(scene, "list")
    lines = [
        f"{r.id}. {phrases.mark_at(r, scene)}: box {phrases.box(r)}, {wording.percent(r.area_fraction)} of the picture, "
        f"{r.severity.value}, score up to {wording.score(scene.inspection, r.peak_score)}{_how_sure(r)}."
        for r in regions[: min(MOST, scene.asked.slots.limit or MOST)]
    ]
    more = f", the strongest {wording.NUMBERS[len(lines)]}" if len(lines) < len(regions) else ""
    return [f"{phrases.capital(wording.counted(len(regions), 'region'))}{more}:", *lines]


def _how_sure(region: Region) -> str:
    """How sure the kind of a listed region is."""
    if region.type is None or region.type_probability is None:
        return ""
    head = "kind" if region.type_probability >= phrases.CERTAIN else "kind uncertain:"
    return f", {head} {100 * region.type_probability:.0f} % sure"


def worst(scene: Scene) -> list[str]:
    """The strongest region; where none is above the threshold, the highest place of the map."""
    regions = scene.regions or scene.inspection.regions
    if regions:
        first = regions[0]
        return [f"{phrases.capital(phrases.name(first))}: {phrases.mark_at(first, scene)}, score up "
            f"to {wording.score(scene.inspection, first.peak_score)}, "
                f"rated {first.severity.value}."]  # fmt: skip
    place = highest_region(scene.inspection)
    if place is None:
        return ["No place of the map stands out from the rest."]
    return [
        f"Nothing reaches the threshold, not even {phrases.place(place)}, where the map is highest, "
        f"with {wording.score(scene.inspection, place.peak_score)}."
    ]


def describe(scene: Scene) -> list[str]:
    """What the picture shows, as far as normal and anomalous go."""
    return [state(scene), *([_looks(scene.regions[0], scene)] if scene.regions else [phrases.caveat(scene)])]


def appearance(scene: Scene) -> list[str]:
    """What a mark looks like."""
    if not scene.regions:
        return nothing(scene, "describe")
    return [_looks(region, scene) for region in scene.regions[:2]]


def _looks(region: Region, scene: Scene) -> str:
    seen = appearance_of(scene.inspection.image, scene.inspection.anomaly_map, region)
    shape = "long and thin" if region.measures is not None and region.measures.by is MeasuredBy.LINE else ""
    told = (
        wording.join([p for p in (seen.words, shape) if p])
        if (seen.words or shape)
        else "hardly different in brightness"
    )
    return f"{phrases.capital(phrases.name(region))}, {phrases.place(region)}, is {told} beside its surroundings."


def identify(scene: Scene) -> list[str]:
    """What something in the picture is: only what is unusual is named."""
    if scene.regions and (scene.places_one or _POINTS.search(scene.question.text.lower())):
        first = scene.regions[0]
        return [f"{phrases.capital(phrases.name(first))} is {phrases.mark_at(first, scene)}.", _looks(first, scene)]
    if scene.cells or scene.point:
        return ["I do not name parts of a picture, only what is unusual in it.", *at_place(scene)]
    head = "I do not name parts of a picture, nor say why one is darker or brighter than another"
    if scene.inspection.regions:
        return [f"{head}; what is unusual is {phrases.marks(scene.inspection.regions, scene)}."]
    return [f"{head}: I look for what is unusual.", state(scene)]


def anything_else(scene: Scene) -> list[str]:
    """What stands out besides what was spoken of."""
    regions = scene.inspection.regions
    if not scene.focus:
        return [state(scene), *([] if scene.anomalous else [phrases.caveat(scene)])]
    rest = tuple(r for r in regions if r.id not in scene.focus)
    if rest:
        return [f"Yes: {phrases.marks(rest, scene)}."]
    named = phrases.marks(regions, scene)
    return [f"Nothing else stands out besides {named}.", phrases.caveat(scene)]
