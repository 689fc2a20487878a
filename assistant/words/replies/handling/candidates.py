"""Replies on what a region may be besides the kind it was given, and on what was done to the part before the picture."""

from __future__ import annotations

from assistant.reading.spelling import plain
from assistant.types import Region
from assistant.vocabulary.materials import fits_object, materials_of, sensible
from assistant.words import wording
from assistant.words.replies.findings import nothing
from assistant.words.replies.posed.alternatives import share
from assistant.words.replies.untold import refusals
from assistant.words.replies.untold.things import thing_of, things_in
from assistant.words.replies.verdicts import DECIDES
from assistant.words.scene import phrases
from assistant.words.scene.scene import Scene

NEXT = 4
"""Kinds after the likeliest that are listed."""
TOLD = 2
"""Regions whose kinds are listed in one reply."""
LEAST = 0.01
"""Chance below which a kind is not listed."""


def alternatives(scene: Scene) -> list[str]:
    """The kinds of a region with their chances, the likeliest first, and how much is left for all others."""
    if not scene.regions:
        return nothing(scene, "name")
    said = [_ranked(region, scene) for region in scene.regions[:TOLD]]
    said += _asked_of(scene)
    said.append("The chances come from comparing looks with words, and are the weakest part of the result.")
    return [*said, *([DECIDES] if scene.medical else [])]


def _ranked(region: Region, scene: Scene) -> str:
    chances = [(kind, chance) for kind, chance in scene.chances_of(region) if chance >= LEAST]
    head = f"{phrases.named_at(region)}"
    if not chances:
        return f"{head}, was given no kind, so there are no others to weigh."
    first, others = chances[0], chances[1 : NEXT + 1]
    looks = f"{head}, looks most like {_noun(first[0], scene)} ({share(first[1])} sure)"
    if not others:
        return f"{looks}; the rest is spread over other kinds, whose chances I do not have here."
    next_ones = wording.join([f"{_noun(kind, scene)} ({share(chance)})" for kind, chance in others])
    listed = sum(chance for _, chance in [first, *others])
    rest = "; the rest is spread over further kinds" if 1.0 - listed >= LEAST else ""
    return f"{looks}, then {next_ones}{rest}."


def _asked_of(scene: Scene) -> list[str]:
    """The chance of kinds that the sentence names and that are not listed."""
    region = scene.regions[0]
    chances = dict(scene.chances_of(region))
    listed = {kind for kind, _ in scene.chances_of(region)[: NEXT + 1]}
    said = []
    for kind in scene.question.kinds:
        if kind in listed and (chances.get(kind) or 0.0) >= LEAST:
            continue
        noun = phrases.capital(_noun(kind, scene))
        known = kind in chances
        said.append(
            f"{noun} has {share(chances[kind])}."
            if known
            else f"{noun} was not among those listed for {phrases.name(region)}."
        )
    return said


def history(scene: Scene) -> list[str]:
    """That the past is not in a picture, and what in the finding would fit."""
    thing = next((one for one in things_in(plain(scene.question.text), scene.medical)), None) or thing_of(
        scene.asked.act
    )
    said = [] if thing is None else refusals.reasons([thing], scene)
    region = (scene.regions or scene.inspection.regions or (None,))[0]
    entry = None if region is None else scene.knowledge.find(region.type)
    if region is None or entry is None or scene.medical:
        return [*said, *refusals.verdict(scene)]
    materials = materials_of(scene.inspection.object_name)
    causes = sensible(entry.causes, materials) if fits_object(entry.name, materials) else ()
    chance = "" if region.type_probability is None else f" ({100 * region.type_probability:.0f} % sure)"
    looks = f"{phrases.named_at(region)}, looks most like {_noun(entry.name, scene)}{chance}"
    if not causes:
        return [*said, f"{looks}."]
    return [
        *said,
        f"{looks}; that can come from {wording.join(list(causes), 'or')}, and whether one of them happened your records tell.",
    ]


def _noun(kind: str, scene: Scene) -> str:
    return wording.noun(kind, scene.knowledge)
