"""Replies to "does that make any sense here?": whether a kind can be on the object."""

from __future__ import annotations

import re

from assistant.types import Domain
from assistant.vocabulary.knowledge import Entry
from assistant.vocabulary.materials import fits_object, materials_of
from assistant.words import wording
from assistant.words.scene import phrases
from assistant.words.scene.scene import Scene

ASKED = re.compile(
    r"\b(?:does|do|would|can|could)(?:n't| not)? (?:it|that|this|such a thing|the (?:kind|label|name)|you) (?:really "
    r"|actually |even )?"
    r"make (?:any |much )?sense\b|\bis (?:it|that|this) (?:even |really |at all )?(?:possible|plausible|sensible) (?:here|on"
    r"|for|with)\b"
    r"|\bis (?:an? )?(?:\w+ ){1,3}(?:even |really |at all )?(?:possible|plausible) (?:here|on|for|with|at all)\b"
    r"|\bmakes? (?:no|any|little) sense (?:here|on|for)\b"
)
"""Asks whether a kind makes sense."""


def sense(scene: Scene) -> list[str]:
    """Whether the kind makes sense on the object."""
    named = scene.question.kinds or scene.message.kinds
    region = (scene.regions or scene.inspection.regions or (None,))[0]
    kind = named[0] if named else None if region is None else region.type
    entry = scene.knowledge.find(kind)
    if entry is None:
        return [*(["No kind was given, so there is none to hold against it."] if region is not None else
                  [f"I gave no kind: nothing is marked ({phrases.scored(scene.inspection)})."])]  # fmt: skip
    materials = materials_of(scene.inspection.object_name)
    noun = phrases.capital(wording.noun(entry.name, scene.knowledge))
    if scene.medical and entry.domain is Domain.INDUSTRIAL:
        return [
            f"{noun} is a kind of industrial parts and makes no sense on a scan: take it as a finding without a name."
        ]
    if not scene.medical and not fits_object(entry.name, materials):
        return [phrases.hardly(entry, scene)]
    rests = _rests_on(entry, scene)
    if scene.medical or not materials:
        return [f"{noun} is possible as far as I know; what the thing is made of I know by its name at most.", rests]
    return [f"{noun} can be on {phrases.thing(scene)}, so it makes sense in general.", rests]


def _rests_on(entry: Entry, scene: Scene) -> str:
    regions = [r for r in (scene.regions or scene.inspection.regions) if r.type == entry.name]
    if not regions or regions[0].type_probability is None:
        return "Whether it is there, the kind of what is marked tells, not that."
    return f"That it is one goes by its looks alone ({100 * regions[0].type_probability:.0f} % sure)."
