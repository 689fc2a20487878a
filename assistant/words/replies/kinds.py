"""Replies from what is known of kinds: causes, effects, next steps, repair, prevention."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from assistant.vocabulary.knowledge import Entry
from assistant.vocabulary.materials import fits_object, is_movable, materials_of, on_object, sensible
from assistant.words import wording
from assistant.words.replies.findings import kind, nothing
from assistant.words.replies.verdicts import DECIDES, DRAW, NOT_ABSENT, PERSON, accept, nowhere, reported_first, state
from assistant.words.scene import phrases
from assistant.words.scene.scene import Scene

MEANT = 2
"""Kinds that are described in one reply."""


def _known(scene: Scene) -> Entry | None:
    """What is known of the kind that the question names, else of the first region's."""
    if scene.question.kinds and (entry := scene.knowledge.find(scene.question.kinds[0])) is not None:
        return entry
    return scene.knowledge.find(scene.regions[0].type) if scene.regions else None


def _if_it_is(entry: Entry, scene: Scene) -> str:
    """A condition before what is said of a kind that is a guess ("if it is a crack, "); empty for others."""
    region = scene.regions[0] if scene.regions else None
    sure = region is not None and region.type == entry.name and (region.type_probability or 0) >= phrases.CERTAIN
    return "" if sure else f"if it is {wording.noun(entry.name, scene.knowledge)}, "


def cause(scene: Scene) -> list[str]:
    """Where it may come from, as far as that makes sense on the object."""
    entry = _known(scene)
    if entry is None or (not scene.regions and not scene.question.kinds):
        return nothing(scene, "explain") if not scene.regions else ["One picture does not tell the cause."]
    if scene.medical:
        return [
            phrases.capital(f"{_if_it_is(entry, scene)}it may be {wording.join(entry.causes, 'or')}."),
            NO_DIAGNOSIS,
        ]
    if not fits_object(entry.name, _materials(scene)):
        return [
            phrases.hardly(entry, scene),
            f"{phrases.capital(_condition(entry, scene))}usual causes are {_or(entry.causes)}.",
        ]
    causes = sensible(entry.causes, _materials(scene))
    if not causes:
        return [f"The usual causes of {_noun(entry, scene)} ({_or(entry.causes)}) do not fit {phrases.thing(scene)}."]
    left = [one for one in entry.causes if not any(set(kept.split()) <= set(one.split()) for kept in causes)]
    usual = f"usual causes are {_or(causes)}; the picture alone does not prove which."
    said = [phrases.capital(f"{_if_it_is(entry, scene)}{usual}")]
    return said if not left else [*said, f"What else is usual ({_or(left)}) does not fit {phrases.thing(scene)}."]


NO_DIAGNOSIS = "This is no diagnosis: one picture does not tell them apart, and a qualified reader decides."


def _or(phrases_of: Sequence[str]) -> str:
    return wording.join(phrases_of, "or")


def _noun(entry: Entry, scene: Scene) -> str:
    return wording.noun(entry.name, scene.knowledge)


def _condition(entry: Entry, scene: Scene) -> str:
    return f"if it is {_noun(entry, scene)} all the same, "


def _materials(scene: Scene) -> frozenset[str]:
    return materials_of(scene.inspection.object_name)


def _sensible(entry: Entry, scene: Scene) -> Entry:
    return on_object(entry, scene.inspection.object_name)


def effect(scene: Scene) -> list[str]:
    """What it may lead to, as far as that makes sense on the object."""
    entry = _known(scene)
    if entry is None or (not scene.regions and not scene.question.kinds):
        return _no_effect(scene) if not scene.regions else ["One picture does not tell what it leads to."]
    if not scene.medical and not fits_object(entry.name, _materials(scene)):
        return [
            phrases.hardly(entry, scene),
            f"{phrases.capital(_condition(entry, scene))}it can {_or(entry.effects)}.",
        ]
    effects = _sensible(entry, scene).effects
    return [phrases.capital(f"{_if_it_is(entry, scene)}it can {_or(effects)}.")]


def _no_effect(scene: Scene) -> list[str]:
    """Where nothing is marked there is no kind to go by, which is not that nothing follows."""
    said = nothing(scene, "go by")
    normal = not scene.anomalous and not scene.question.kinds
    return [*said[:2], DECIDES if scene.medical else PERSON] if normal else said


def next_step(scene: Scene) -> list[str]:
    """What to do now."""
    if (elsewhere := nowhere(scene)) is not None:
        return elsewhere
    if not scene.regions:
        if scene.medical:
            return [f"Nothing stood out; {NOT_ABSENT}. What to do next is for a qualified reader to decide."]
        if scene.anomalous:
            return ["Look at the whole picture again, and compare it with a normal one: no single region stands out."]
        if scene.reported is not None:
            return [reported_first(scene), DRAW]
        near = wording.borderline(scene.inspection.image_score)
        return ["Take a second look, since the score is close to the threshold." if near else
                f"I know of no step to take: {phrases.lowered(state(scene))}",
                f"{phrases.capital(NOT_ABSENT)}.", "Where somebody sees something, have it looked at."]  # fmt: skip
    entry = _known(scene)
    if entry is None:
        return ["Look at the marked place again under better light, and compare it with a normal one."]
    movable = is_movable(scene.inspection.object_name)
    first = "" if scene.medical else "hold the part back; " if movable else "have the place looked at; "
    if not scene.medical and not fits_object(entry.name, _materials(scene)):
        look = "look at the place under better light, and tell what it is before anything else"
        return [phrases.capital(f"{first}{look}."), phrases.hardly(entry, scene)]
    actions = _sensible(entry, scene).actions
    return [phrases.capital(f"{first}{_if_it_is(entry, scene)}{wording.join(actions)}.")]


def repair(scene: Scene) -> list[str]:
    """Whether it can be mended: a matter of rules that a picture does not hold."""
    if not scene.regions:
        return accept(scene)
    first = scene.regions[0]
    said = (
        "Scrap, rework or repair is decided by depth, function and your rules, which the picture does not show; "
        f"I found {phrases.mark_at(first, scene)}, rated {first.severity.value}."
    )
    entry = _known(scene)
    return [said, *([] if entry is None else [f"Before deciding: {_sensible(entry, scene).actions[0]}."])]


def prevent(scene: Scene) -> list[str]:
    """How to avoid the like."""
    entry = _known(scene)
    if entry is None:
        return nothing(scene, "prevent") if not scene.regions else ["One picture does not tell where it comes from."]
    causes = _sensible(entry, scene).causes
    return [
        phrases.capital(f"{_if_it_is(entry, scene)}look for {wording.join(causes, 'and')}: those are the usual causes.")
    ]


def other_method(scene: Scene) -> list[str]:
    """By what else it could be confirmed."""
    if scene.medical:
        return ["Which further examination settles it is for the reading doctor to say; this picture alone does not."]
    simple = "A second picture under other light and a look through a magnifier are the simplest checks"
    entry = _known(scene)
    if entry is None:
        return [f"{simple}; I have no other method myself."]
    known = wording.join(_sensible(entry, scene).actions)
    return [f"{simple}.", phrases.capital(f"{_if_it_is(entry, scene)}what is usually done: {known}.")]


def kind_meaning(scene: Scene) -> list[str]:
    """What kinds look like, in general; and which of them this is, where something stands out."""
    kinds = scene.question.kinds or scene.message.kinds
    entries = [entry for kind in kinds if (entry := scene.knowledge.find(kind)) is not None]
    if not entries and (entry := _known(scene)) is not None:
        entries = [entry]
    if not entries:
        return ["I have no description of that kind.", state(scene)]
    said = [_meaning(entry, scene) for entry in entries[:MEANT]]
    if not scene.regions:
        return [*said, f"Here: {state(scene)[:1].lower()}{state(scene)[1:]}"]
    alike = [r for r in scene.inspection.regions if r.type in kinds]
    if alike and alike[0] not in scene.regions[:1]:
        first = alike[0]
        sure = f"{100 * (first.type_probability or 0.0):.0f} % sure"
        return [*said, f"Here {phrases.name(first)}, {phrases.place(first)}, looks most like it ({sure})."]
    return [*said, *kind(replace(scene, question=replace(scene.question, kinds=())))[:1]]


def _meaning(entry: Entry, scene: Scene) -> str:
    named = phrases.capital(wording.noun(entry.name, scene.knowledge))
    look = entry.look
    return f"{named} shows as {look.shape}, {look.colour}, {look.texture}."
