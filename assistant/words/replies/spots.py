"""Replies about a place that the user points to: what the map says there, and what cannot be said of what is not marked."""

from __future__ import annotations

import re

from assistant.reading.acts.act import Act, Family
from assistant.reading.clauses import mentioned_types
from assistant.reading.spelling import plain
from assistant.types import THRESHOLD, Inspection
from assistant.words import wording
from assistant.words.replies.posed.alternatives import looks
from assistant.words.replies.verdicts import DECIDES, DRAW, DRAW_SCAN, NOT_ABSENT
from assistant.words.scene import phrases
from assistant.words.scene.scene import Scene
from assistant.words.scene.seen import asks_of_rest, claims_to_see, is_described
from assistant.words.scene.spots import Spot, distance

SEEING = frozenset({
    Act.PRESENCE, Act.MISSED, Act.DISAGREE, Act.CLAIM, Act.IDENTIFY, Act.APPEARANCE, Act.DESCRIBE, Act.TYPE, Act.NONSENSE,
    Act.ANYTHING_ELSE, Act.CHECKED, Act.NOT_CHECKED, Act.WHY, Act.SURE, Act.KIND_MEANING, Act.IMAGE_QUALITY, Act.WHERE,
})  # fmt: skip
"""Acts that a place which the user points to is the matter of."""
_KINDS = frozenset({Act.TYPE, Act.IDENTIFY, Act.CLAIM, Act.KIND_MEANING, Act.APPEARANCE})
_GRAVITY = frozenset({Act.SEVERITY, Act.DANGEROUS, Act.CUSTOMER_NOTICE})
_KNOWN = frozenset({Act.CAUSE, Act.EFFECT, Act.PREVENT})
_DOING = frozenset({Act.NEXT_STEP, Act.OTHER_METHOD, Act.REPAIR, Act.BETTER_PICTURE})
_WHY_UNMARKED = re.compile(
    r"\b(?:why|how come)\b.*\b(?:mark\w*|box\w*|flag\w*|mention\w*|detect\w*|see|show\w*|f[io]u?nd|catch|caught|miss\w*"
    r"|ignor\w*)\b"
)
_ASKS_KIND = re.compile(
    r"\b(?:what|which|whats|kind|type|or|maybe|perhaps)\b|\b(?:is|are|could|can|might) (?:it|that|this|they|those)\b"
)
_ASKS_WHAT = re.compile(
    r"\b(?:is|are|could|can) (?:that|it|this|these|those|they) (?:just |only |be |also )?(?:an? |the |some )?"
    r"(?!(?:bad|ok|okay|fine|good|normal|safe|dangerous|marked|nothing|anything|big|serious|defect|defects|wrong|why|real)\b)"
    r"[a-z]+(?: \w+){0,4}\?"
)
_PLACE = re.compile(r"\b(?:corner|edge|side|rim|border|top|bottom|left|right|centre|center|middle)\b")
LOOKED = "That place was looked at and judged like every other."
WHERE = "Tell me where you see it (a corner, a side, or x and y), and I say what the map says there."
KIND = "What that is I cannot tell: I name the kind only of what is marked."


def on_spot(scene: Scene) -> list[str] | None:
    """The reply to a sentence about a place where nothing is marked; None for others.

    A place with a region in it is replied to as the region is, unless the user says that something else was not marked.
    """
    if scene.inside is not None:
        return _inside(scene)
    spot, act = scene.spot, scene.asked.act
    if spot is None:
        return None
    sees = claims_to_see(plain(scene.question.text))
    carried = scene.is_carried
    there = spot.regions(scene.inspection)
    if carried and act is Act.CHECKED:
        return [LOOKED, *_state(scene, spot)[:1]]
    if there and (carried or not sees or not (_unmarked(scene) or is_described(spot.named))):
        return None
    said = plain(scene.question.text)
    if _WHY_UNMARKED.search(said):
        return [_why(scene, spot), *_nearest(scene, spot), *_worth(scene, spot)]
    if (act in _KINDS and _ASKS_KIND.search(said)) or (carried and act in SEEING and scene.question.kinds):
        return [KIND, *_state(scene, spot)[:1], *_worth(scene, spot)]
    if act in SEEING:
        return _seen(scene, spot)
    if not carried and spot.beside is not None and not sees:
        return None
    told = _further(scene, spot)
    return told if told is None or carried else [*told[:1], *_nearest(scene, spot), *told[1:]]


def _inside(scene: Scene) -> list[str] | None:
    """About something inside a region, which the map marks as a whole; None for what is asked of the region itself."""
    act, said = scene.asked.act, plain(scene.question.text)
    if not scene.regions or not (act in SEEING or claims_to_see(said)):
        return None
    region = scene.regions[0]
    named = tuple(dict.fromkeys((*scene.question.kinds, *scene.message.kinds)))
    return [
        f"That lies inside {phrases.name(region)}, {phrases.mark_at(region, scene)}, which is marked as a whole: the map reaches "
        f"{wording.score(scene.inspection, region.peak_score)} there.",
        f"What lies within it the map does not tell apart; the region {looks(scene, region, named)}",
        DECIDES if scene.medical else "A closer picture of that place would tell more.",
    ]


def measured_inside(scene: Scene) -> list[str]:
    """That a region is measured as a whole, to somebody who asks for the size of what lies inside it."""
    if scene.inside is None or scene.asked.act.family is not Family.MEASURE:
        return []
    return [f"What lies inside region {scene.inside} has no outline of its own; measured is the region as a whole."]


def _unmarked(scene: Scene) -> bool:
    """Whether the message says that something was not marked."""
    return (
        re.search(
            r"\byou (?:did|have|missed|forgot|skip|overlook)|n'?t mark|not mark|no box|unmarked|\balso\b|\belse\b",
            plain(scene.message.text),
        )
        is not None
    )


def _seen(scene: Scene, spot: Spot) -> list[str]:
    """What the map says there, the nearest region, and that this is no proof."""
    if scene.asked.act is Act.WHY:
        return [_why(scene, spot), *_nearest(scene, spot), *_worth(scene, spot)]
    looked = [LOOKED] if scene.asked.act is Act.CHECKED else []
    kind = [KIND] if _ASKS_WHAT.search(plain(scene.message.text)) else []
    sees = claims_to_see(plain(scene.question.text))
    return [*kind, *looked, *_state(scene, spot)[: 1 if sees and spot.box is not None else None], *_worth(scene, spot)]


def _state(scene: Scene, spot: Spot) -> list[str]:
    """The map there against the threshold; and the nearest region."""
    peak, found = spot.peak(scene.inspection), scene.inspection
    where = [] if asks_of_rest(plain(scene.question.text)) else [WHERE]
    there = spot.regions(found)
    if spot.box is None:
        if not found.regions:
            said = (
                f"Nothing is marked in the picture: the map reaches {wording.score(found, peak)} "
                f"at most ({phrases.scored(found)})."
            )
            return [said, *where]
        named = phrases.name(found.regions[0]) if len(found.regions) == 1 else "the marked regions"
        return [
            f"Outside {named} nothing is marked: the map reaches {wording.score(found, peak)} there at most.",
            *where,
        ]
    if there:
        first = phrases.mark_at(there[0], scene)
        return [
            f"In that part I marked {phrases.name(there[0])}, {first}; beside it the "
            f"map reaches {wording.score(found, peak)} at most, "
            f"{_below(found, peak)} the threshold of {wording.threshold(found)}.",
        ]
    if peak >= THRESHOLD and not scene.anomalous:
        return [
            f"{phrases.capital(spot.where)} the map reaches {wording.score(found, peak)}, "
            "but the picture as a whole stays below its threshold "
            f"({phrases.scored(found)}), so nothing is marked."
        ]
    if peak >= THRESHOLD:
        return [
            f"{phrases.capital(spot.where)} the map reaches {wording.score(found, peak)}, too small a spot to be marked."
        ]
    said = (
        f"Nothing is marked {spot.where}: the map reaches {wording.score(found, peak)} "
        f"there, below the threshold of {wording.threshold(found)}."
    )
    return [said, *_nearest(scene, spot)]


def _below(found: Inspection, peak: float) -> str:
    near = wording.score(found, peak) == wording.threshold(found)
    return "at" if near else "above" if peak >= THRESHOLD else "below"


def _nearest(scene: Scene, spot: Spot) -> list[str]:
    regions = scene.inspection.regions
    if not regions or spot.box is None or spot.beside is not None:
        return []
    box = spot.box
    first = min(regions, key=lambda region: distance(box, region))
    return [
        f"The nearest mark is {phrases.name(first)}, {phrases.mark_at(first, scene)}, about {distance(box, first):.0f} px away."
    ]


def _why(scene: Scene, spot: Spot) -> str:
    """Why nothing is marked there."""
    peak, found = spot.peak(scene.inspection), scene.inspection
    nothing = f"Nothing is marked {spot.where or 'there'} because"
    if peak >= THRESHOLD and not scene.anomalous:
        return (
            f"{nothing} places are marked in pictures only whose score reaches the threshold: the map reaches "
            f"{wording.score(found, peak)} there, but "
            f"the score of the picture is {wording.score(found)}."
        )
    if peak >= THRESHOLD:
        return f"{nothing} it is too small a spot, although the map reaches {wording.score(found, peak)} there."
    like = "it differs little from the references" if found.references else "it looks much like the rest"
    return (
        f"{nothing} the map reaches only {wording.score(found, peak)} there, below the threshold "
        f"of {wording.threshold(found)}: by the map, {like}."
    )


def _worth(scene: Scene, spot: Spot) -> list[str]:
    """That nothing marked is no proof, and how to put it right."""
    quoted = is_described(spot.named) and not mentioned_types(spot.named) and not _PLACE.search(spot.named)
    sees = f' about "{spot.named}"' if quoted else ""
    return [f"You may still be right{sees}: {NOT_ABSENT}.", phrases.caveat(scene), _draw(scene)]


def _further(scene: Scene, spot: Spot) -> list[str] | None:
    """What a later question asks of that place, as far as something can be said; None for what is not about a place."""
    act = scene.asked.act
    peak = spot.peak(scene.inspection)
    there = (
        f"nothing is marked {spot.where or 'there'} (the map reaches {wording.score(scene.inspection, peak)}, "
        f"{_below(scene.inspection, peak)} the threshold of {wording.threshold(scene.inspection)})"
    )
    if act.family is Family.MEASURE:
        return [
            f"I cannot measure it: {there}, and only what is marked has an outline.",
            DRAW_SCAN if scene.medical else "Draw it in on the page, and it has an outline and a size.",
        ]
    if act in _GRAVITY:
        return [
            f"How bad it is I cannot rate: {there}, and only what is marked is rated.",
            f"That is no all-clear: {NOT_ABSENT}. {_draw(scene)}",
        ]
    if act in _KNOWN and scene.question.kinds:
        return None
    if act in _KNOWN:
        asked = (
            "What causes it" if act is Act.CAUSE else "What it leads to" if act is Act.EFFECT else "How it is avoided"
        )
        return [
            f"{asked} I cannot tell: {there}, so there is no kind to go by.",
            f"If you name the kind, I can say what is usual for it; {NOT_ABSENT}.",
        ]
    if act in _DOING:
        way = (
            "have a qualified reader look at it"
            if scene.medical
            else "look at it under better light and a magnifier, and take a close-up"
        )
        return [f"What to do about it I cannot say: {there}; {way}.", _draw(scene)]
    return None


def _draw(scene: Scene) -> str:
    return DRAW_SCAN if scene.medical else DRAW
