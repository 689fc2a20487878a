"""Replies to what no picture tells: of each thing that is named the reason, what would tell, and the nearest fact."""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.reading.acts.act import Act, Family
from assistant.reading.spelling import plain
from assistant.reading.told.kind_words import kinds_of_words
from assistant.reading.told.posed import Pose
from assistant.types import Domain
from assistant.vocabulary.materials import fits_object, materials_of, on_object
from assistant.words import wording
from assistant.words.replies import sizes
from assistant.words.replies.untold.things import Thing, thing_of, things_in
from assistant.words.replies.verdicts import of_kind
from assistant.words.scene import phrases
from assistant.words.scene.scene import Scene

_GIVES_WAY = frozenset({Family.FINDING, Family.MEASURE, Family.UNANSWERABLE}) | {
    Act.PRESENCE, Act.MISSED, Act.CONFIRM, Act.NONSENSE, Act.OFF_TOPIC, Act.SIDE, Act.SEQUENCE, Act.SCAN, Act.SLICE,
    Act.COMPARE_PICTURE, Act.WHICH_BAD,
}  # fmt: skip
"""Families and acts that what is named goes before."""
_BESIDE = frozenset({Act.ACCEPT, Act.DANGEROUS, Act.SEVERITY, Act.STANDARD, Act.ESCALATE, Act.CAUSE, Act.REPAIR})
"""Acts that have an answer of their own, beside which it is said that the thing named is not told."""
_SIGNS = frozenset({Act.CLAIM, Act.DISAGREE, Act.DIAGNOSIS})
"""Acts that a sign which may be absent goes before."""
SURE = 0.75
"""Confidence from which an act is refused for its general reason, where no word names the thing."""
NOT_SURE = (
    "I am not sure that I understand what you ask, or the picture does not tell it: please say it in other words."
)
CAN_TELL = "What I can tell: "
"""Begins what a refusal adds of the finding."""
_TOLD_SIZE = re.compile(r"\d ?(?:mm|cm|millimet\w+|centimet\w+|inch(?:es)?)\b")
"""A size that the user tells, which is no question about the part."""
_COUNTED = re.compile(
    r"\bhow many (?!of\b|are\b|is\b|did\b|do\b)(?P<noun>(?:\w+ ){0,2}?\w+)(?= (?:are|is|do|does|did|can|has|have|on|in)\b|\W*$)"
)
_COUNTABLE = re.compile(
    r"\b(?:defects?|regions?|marks?|spots?|areas?|places?|flaws?|faults?|anomal\w+|problems?|issues?|findings?|lesions?|boxes"
    r"|box|pixels?|px|mm|cm|percent|references?|pictures?|images?|things|damages?|errors?|minor|major|critical|times|more"
    r"|degrees|millimet\w+|centimet\w+|points|ones?)\b"
)
_NAMED = re.compile(
    r"\b(?:what(?:'s| is| are| was)|how much|tell me|give me|is there(?: any| an?)?|are there(?: any)?|any|about|which)"
    r" (?:is |are )?(?:the |its |their |his |her |an? |any )?(?P<noun>[a-z][a-z-]{2,}(?: [a-z][a-z-]{2,})?)\b"
)
_NO_NAME = re.compile(
    r"\b(?:it|this|that|there|you|your|them|they|defect|region|picture|image|photo|map|box|wrong|problem|thing|things|mark"
    r"|going|best|most|other|else|here|anything|something|chance|matter|about|like|with|know|think|happen\w*)\b"
)


def untold(scene: Scene) -> list[str]:
    """Why not, what would tell, and what comes nearest; of the things that the sentence names, else of what its act asks for."""
    said = plain(scene.question.text)
    named = things_in(said, scene.medical)
    if not named and (general := thing_of(scene.asked.act)) is not None:
        if scene.asked.confidence < SURE:
            return _unsure(scene)
        named = (general,)
    return [*reasons(named, scene), *nearest(named[0], scene)] if named else [nothing_known(None), *verdict(scene)]


def _unsure(scene: Scene) -> list[str]:
    """To a sentence that names nothing and whose act is hardly more than a guess: no reason, which may be of another thing."""
    if (cause := named_cause(scene)) is not None:
        return cause
    if scene.question.kinds:
        return of_kind(scene)
    return [NOT_SURE, *verdict(scene)]


def named_cause(scene: Scene) -> list[str] | None:
    """The reply to a sentence that names a usual cause of what is marked ("is it coolant?"); None for others."""
    region = (scene.regions or scene.inspection.regions or (None,))[0]
    entry = None if region is None else scene.knowledge.find(region.type)
    if entry is None:
        return None
    said = set(re.findall(r"[a-z]+", plain(scene.question.text)))
    causes = on_object(entry, scene.inspection.object_name).causes
    named = [cause for cause in causes for part in cause.split(" or ") if set(re.findall(r"[a-z]+", part)) <= said]
    if not named:
        return None
    noun = wording.noun(entry.name, scene.knowledge)
    return [
        f"It may be: {named[0]} is among the usual causes of {noun}, if it is that; the picture alone does not prove it."
    ]


def posed_untold(scene: Scene) -> list[str] | None:
    """The reply to a choice that names only what no picture tells: signs, or where something lies in a body; None for others."""
    named = things_in(plain(scene.question.text), scene.medical)
    posed = scene.asked.slots.posed
    unknown = posed is not None and posed.pose is Pose.KINDS and not any(map(kinds_of_words, posed.options))
    return (
        untold(scene)
        if named and ((unknown and scene.medical) or all(thing.near == "absent" for thing in named))
        else None
    )


def named_untold(scene: Scene, guessed: bool = False) -> list[str] | None:
    """The reply to a sentence that names what no picture tells, whatever its act seems to be; None for others.

    Args:
        scene: of the sentence.
        guessed: whether its act is a guess, which counts for less than what is named.
    """
    act, said = scene.asked.act, plain(scene.question.text)
    named = things_in(said, scene.medical)
    if not named:
        return _counted(scene, said)
    if act is Act.SCALE or _TOLD_SIZE.search(said):
        return None
    first = named[0]
    usual = guessed or act in _GIVES_WAY or act.family in _GIVES_WAY or act.family in first.over
    if usual or (first.near == "absent" and act in _SIGNS):
        return untold(scene)
    return None


def is_refused_again(scene: Scene, said: Sequence[str]) -> bool:
    """Whether all that a sentence names was refused in what was said before it."""
    named, told = things_in(plain(scene.question.text), scene.medical), " ".join(said).lower()
    choice = scene.asked.slots.posed is not None
    return bool(named) and all(
        (choice or thing.say.lower() in told) and thing.because.lower() in told for thing in named
    )


def beside(scene: Scene) -> list[str]:
    """What is said beside the answer to a sentence that names such a thing as well ("can I ship it if it may leak?")."""
    if scene.asked.act not in _BESIDE:
        return []
    return reasons(things_in(plain(scene.message.text), scene.medical), scene)


def reasons(things: Sequence[Thing], scene: Scene) -> list[str]:
    """That they cannot be told, why, and what would tell; things of one reason together."""
    said = []
    for because in dict.fromkeys(thing.because for thing in things):
        alike = [thing for thing in things if thing.because == because]
        what = wording.join([thing.say for thing in alike])
        tells = "; ".join(dict.fromkeys(thing.tells for thing in alike if thing.tells))
        said.append(f"{phrases.capital(what)} cannot be told from one picture: {because}. What would tell: {tells}.")
    return said


def nearest(thing: Thing, scene: Scene) -> list[str]:
    """The fact that comes nearest to a thing."""
    if thing.near == "absent":
        return absent(scene)
    if not scene.regions and not scene.inspection.regions:
        return verdict(scene)
    if thing.near == "size" and scene.regions:
        return sizes.size(scene)[: 1 + (len(scene.regions) > 1)]
    region = (scene.regions or scene.inspection.regions)[0]
    entry = scene.knowledge.find(region.type)
    materials = materials_of(scene.inspection.object_name)
    if scene.medical:
        fits = entry is not None and entry.domain is Domain.MEDICAL
    else:
        fits = entry is not None and fits_object(entry.name, materials)
    if thing.near == "effect" and entry is not None and fits:
        sure = (region.type_probability or 0.0) >= phrases.CERTAIN and not scene.medical
        named = wording.noun(entry.name, scene.knowledge)
        can = f"{named} can" if sure else f"if it is {named}, it can"
        return [
            *verdict(scene),
            f"{phrases.capital(can)} {wording.join(on_object(entry, scene.inspection.object_name).effects, 'or')}.",
        ]
    return verdict(scene)


def verdict(scene: Scene) -> list[str]:
    """What is marked, in short; of a normal picture, that what is not marked is not said to be absent."""
    marked = scene.regions or scene.inspection.regions
    if not marked:
        scored = phrases.scored(scene.inspection)
        if scene.anomalous:
            return [f"{CAN_TELL}the picture looks anomalous as a whole, without a single region ({scored})."]
        return [f"{CAN_TELL}nothing is marked ({scored}), which does not mean that nothing is there."]
    first = marked[0]
    more = len(scene.inspection.regions) - 1
    rest = f"; {wording.counted(more, 'further region')} {'is' if more == 1 else 'are'} marked" if more else ""
    return [
        f"{CAN_TELL}{phrases.name(first)} is {phrases.mark_at(first, scene)}, up to "
        f"{wording.score(scene.inspection, first.peak_score)}, "
        f"rated {first.severity.value}{rest}."
    ]


def absent(scene: Scene) -> list[str]:
    """What is marked, and that this does not mean that the thing is absent."""
    regions = scene.inspection.regions
    if not regions:
        return verdict(scene)
    return [f"What is marked: {phrases.marks(regions, scene)}; that it is not marked does not mean that it is absent."]


def _counted(scene: Scene, said: str) -> list[str] | None:
    """The reply to somebody who has other things counted than what stands out; None for others."""
    asked = _COUNTED.search(said)
    if asked is None or scene.asked.act is not Act.COUNT or scene.question.kinds or _COUNTABLE.search(asked["noun"]):
        return None
    stands = len(scene.inspection.regions)
    return [
        f"How many {asked['noun']} there are I cannot tell: I count what stands out, not the things that a picture shows.",
        f"{CAN_TELL}{wording.counted(stands, 'region')} {'stands' if stands == 1 else 'stand'} out.",
    ]


def name_of_unknown(said: str) -> str | None:
    """What a plain text that was not understood asks about, as typed.

    >>> name_of_unknown("what is the cetane number?"), name_of_unknown("what is it")
    ('cetane number', None)
    """
    asked = _NAMED.search(said)
    return None if asked is None or _NO_NAME.search(asked["noun"]) else asked["noun"]


def nothing_known(name: str | None) -> str:
    """Said of a thing that is not known at all."""
    what = "that" if name is None else f'anything about "{name}"'
    return f"I cannot tell {what}: the map only marks what differs."
