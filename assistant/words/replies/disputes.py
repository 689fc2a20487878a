"""Replies that give reasons, and replies to somebody who disagrees, claims, confirms or names."""

from __future__ import annotations

import re

from assistant.types import THRESHOLD, Mode, Region
from assistant.vision.regions import highest_region
from assistant.vocabulary.materials import fits_object, materials_of
from assistant.words import wording
from assistant.words.replies.posed.alternatives import chance_of, looks
from assistant.words.replies.verdicts import DRAW, DRAW_SCAN, NOT_ABSENT, at_place, presence, state
from assistant.words.scene import phrases
from assistant.words.scene.scene import Scene

CLAIMED = 4
"""Words of a claim that are said again; a longer one is called "that"."""


def why(scene: Scene) -> list[str]:
    """What the verdict rests on."""
    found = scene.inspection
    basis = f"It was judged {phrases.judged_by(found)}: {phrases.scored(found)}."
    if marked := scene.regions or found.regions:
        first = marked[0]
        but = " because" if scene.anomalous else ", although"
        differs = "looks unlike anything in them" if found.mode is Mode.FEW_SHOT else "stands out from the rest"
        return [
            f"I call it {found.verdict.value}{but} {phrases.name(first)}, {phrases.place(first)}, {differs}: "
            f"the map reaches {wording.score(found, first.peak_score)} there.",
            basis,
        ]
    place = highest_region(found)
    high = "" if place is None else (
        f": nothing is marked even {phrases.place(place)}, where the map is highest, "
            f"with {wording.score(found, place.peak_score)}"
    )  # fmt: skip
    if scene.anomalous:
        return [
            f"I call it anomalous because the picture as a whole scores above the threshold, without a single region{high}.",
            basis,
        ]
    if place is not None and place.peak_score >= THRESHOLD:
        above = f"the map reaches {wording.score(found, place.peak_score)} {phrases.place(place)}"
        return [f"I call it normal because the picture as a whole stays below its threshold, although {above}.", basis]
    return [f"I call it normal because no place stands out enough{high}.", basis]


def checked(scene: Scene) -> list[str]:
    """What was done, step by step."""
    found = scene.inspection
    image = found.image
    said = [
        f"1. The whole picture ({image.width} x {image.height} px) was looked at in small patches.",
        f"2. Each patch was judged {phrases.judged_by(found)}, which gives a map of scores.",
        f"3. The image score of {wording.score(found)} was held against the threshold of {wording.threshold(found)}, "
        f"which makes it {found.verdict.value}.",
    ]
    number = len(found.regions)
    marked = (
        f"there {'is' if number == 1 else 'are'} {wording.counted(number, 'region')}" if number else "so there is none"
    )
    return [*said, f"4. Places of the map are marked where the picture as a whole reaches its threshold; {marked}."]


def not_checked(scene: Scene) -> list[str]:
    """What a verdict does not cover."""
    if scene.medical:
        return [
            "Not looked at: anything outside this picture, earlier examinations, the history.",
            f"The picture is judged in patches of about a twentieth of its side: {phrases.lowered(phrases.SCAN_LIMIT)}",
        ]
    return [
        "Not looked at: other sides and the inside, depth, dimensions against a drawing, function, writing.",
        f"The picture is judged in patches of about a twentieth of its side: {phrases.lowered(phrases.LIMIT)}",
    ]


_CHANCE = re.compile(r"\b(?:probabilit\w+|likelihood|chances?|percentage|per ?cent|how likely|share)\b|%")
"""Asks for the number of a kind."""


def sure(scene: Scene) -> list[str]:
    """How sure it is, and what would make it surer."""
    found = scene.inspection
    named = scene.question.kinds or scene.message.kinds
    if scene.regions and named and _CHANCE.search(scene.question.text.lower()):
        region = scene.regions[0]
        chances = [chance_of(name, scene, region) for name in named]
        where = f"{phrases.name(region)}, {phrases.place(region)}"
        told = f"{phrases.capital('; '.join(chances))}, as the kind of {where}."
        return [told] if scene.question.text != scene.message.text else [told, f"It {looks(scene, region)}"]
    far = abs(wording.measured(found) - found.threshold)
    said = [
        f"The verdict is {found.verdict.value}: {phrases.scored(found)}, which is {phrases.how_close(found.image_score)}"
        f"{'' if wording.borderline(found.image_score) else f' ({far:.2f} from it)'}."
    ]
    if scene.regions and (chance := scene.regions[0].type_probability) is not None:
        said.append(f"The place is more certain than the kind ({100 * chance:.0f} % sure of {scene.regions[0].type}).")
    if found.mode is Mode.ZERO_SHOT:
        said.append("Without normal reference pictures it is a rough guess; three of them make it much better.")
    elif not scene.anomalous:
        said.append(phrases.caveat(scene))
    return said


def disagree(scene: Scene) -> list[str]:
    """To somebody who thinks otherwise."""
    if scene.cells:
        return missed(scene)
    found = scene.inspection
    if scene.anomalous:
        what = f"{phrases.mark_at(scene.regions[0], scene)}" if scene.regions else "the picture as a whole"
        head = f"You may be right: what I have is {what} ({phrases.scored(found)}, {phrases.how_close(found.image_score)})."
        return [head, _correct(scene)]
    return [
        f"You may be right. What I have: {state(scene)[:1].lower()}{state(scene)[1:]}",
        f"{phrases.caveat(scene)} {_correct(scene)}",
    ]


def claim(scene: Scene) -> list[str]:
    """To somebody who says what a mark is."""
    said = scene.asked.slots.claim
    if said is not None and (len(said.split()) > CLAIMED or re.search(r"\b(?:also|isnt|there|only|on)\b", said)):
        said = None
    regions = scene.regions or (() if scene.places_one else scene.inspection.regions)
    if not regions:
        return (
            at_place(scene)
            if scene.cells
            else [
                f"I marked nothing: {state(scene)[:1].lower()}{state(scene)[1:]}",
                f"You may still be right: {NOT_ABSENT}.",
                DRAW_SCAN if scene.medical else DRAW,
            ]
        )
    first = regions[0]
    if said is None:
        if scene.question.kinds:
            return _claimed_kind(scene, first)
        looks = "" if first.type is None else f", and looks most like {wording.noun(first.type, scene.knowledge)}"
        return [
            f"What I can say of it: {phrases.name(first)}, {phrases.place(first)}, differs from the rest "
            f"(up to {wording.score(scene.inspection, first.peak_score)}){looks}. "
            "Whether it is what you say, the map does not tell."
        ]
    if materials_of(said):
        entry = scene.knowledge.find(first.type)
        strange = entry is not None and not scene.medical and not fits_object(entry.name, materials_of(said))
        return [phrases.hardly(entry, scene)] if entry is not None and strange else [
            f"You know what it is made of, I only see its picture: the map shows that the place {phrases.place(first)} differs "
            f"(up to {wording.score(scene.inspection, first.peak_score)})."
        ]  # fmt: skip
    return [
        f"It may be {said}: the map shows that the place {phrases.place(first)} differs (up "
        f"to {wording.score(scene.inspection, first.peak_score)}), "
        "not what it is made of.",
        _correct(scene),
    ]


def _claimed_kind(scene: Scene, region: Region) -> list[str]:
    """To somebody who names a kind: what it looks most like, and that the ones named stay possible."""
    others = [kind for kind in scene.question.kinds if kind != region.type]
    named = wording.join([wording.noun(kind, scene.knowledge) for kind in others], "or") if others else ""
    if region.type is None:
        return [f"The kind is not known; {named} cannot be excluded."]
    chance = region.type_probability or 0.0
    guess = "" if chance >= phrases.CERTAIN else ", but that is a guess"
    looks = f"By its looks it is nearest to {wording.noun(region.type, scene.knowledge)}{guess}"
    excluded = [f"{phrases.capital(named)} cannot be excluded."] if named else []
    return [f"{looks} ({100 * chance:.0f} % sure), {phrases.place(region)}.", *excluded]


def missed(scene: Scene) -> list[str]:
    """To somebody who sees something more."""
    if scene.cells:
        said = at_place(scene)
        return (
            said
            if scene.regions or scene.peak_at(sorted(scene.cells)) >= THRESHOLD
            else [said[0], f"You may still be right: {phrases.caveat(scene)[:1].lower()}{phrases.caveat(scene)[1:]}"]
        )
    place = highest_region(scene.inspection)
    number = len(scene.inspection.regions)
    if number:
        return [f"I marked {wording.counted(number, 'region')}: {phrases.marks(scene.inspection.regions, scene)}.",
                f"Anything else stayed below the threshold. {phrases.caveat(scene)}"]  # fmt: skip
    high = (
        ""
        if place is None
        else f", not even {phrases.place(place)}, where the map is highest, with "
        f"{wording.score(scene.inspection, place.peak_score)}"
    )
    return [f"I marked nothing{high}.", f"You may still be right: {NOT_ABSENT}.", DRAW_SCAN if scene.medical else DRAW]


def confirm(scene: Scene) -> list[str]:
    """To somebody who agrees, or asks whether it is so."""
    if scene.message.text.rstrip().endswith("?"):
        return presence(scene)
    return [f"Good. In short: {state(scene)[:1].lower()}{state(scene)[1:]}"]


def name_kind(scene: Scene) -> list[str]:
    """To somebody who names a kind."""
    return [
        "I cannot learn a name from the chat alone.",
        "Group the regions of a batch and name the group (groups name), or give --kind-examples: "
        "later regions like it then take the name.",
    ]


def _correct(scene: Scene) -> str:
    """How to put it right."""
    if scene.medical:
        return "A qualified reader decides."
    if not scene.inspection.regions:
        return "Reference pictures of good ones make it surer."
    if scene.inspection.mode is Mode.ZERO_SHOT:
        return "If good ones look like this, give it or others as references, and it is unlikely to be marked again."
    return "If good ones look like this, add this picture to the references, and it is unlikely to be marked again."
