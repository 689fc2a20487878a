"""The slots of phrasing files: each a phrase that follows from the facts, the knowledge and the region spoken of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from assistant.types import Mode, Region, Verdict
from assistant.vocabulary.knowledge import Entry, Knowledge
from assistant.words import wording
from data_builders.words import lore, nouns
from data_builders.words.facts import Facts
from data_builders.words.phrases import Unsayable, fill, pick


@dataclass(frozen=True, eq=False)
class Scene:
    """What a line is about.

    Args:
        facts: of the picture.
        knowledge: of kinds.
        rng: draws among equal words.
        focus: the region spoken of; the strongest when None.
        given: slots that the question fixes, for example ``cell``.
        asking: whether the line is a question, which may presuppose a defect.
    """

    facts: Facts
    knowledge: Knowledge
    rng: np.random.Generator
    focus: Region | None = None
    given: Mapping[str, str] = field(default_factory=dict)
    asking: bool = False

    @property
    def medical(self) -> bool:
        """Whether cautious words are due."""
        return wording.is_medical(self.facts.inspection, self.knowledge)

    @property
    def region(self) -> Region:
        """The region spoken of."""
        if self.focus is not None:
            return self.focus
        if not self.facts.regions:
            raise Unsayable("no region")
        return self.facts.regions[0]

    @property
    def entry(self) -> Entry:
        """What is known of its kind."""
        found = self.knowledge.find(self.region.type)
        if found is None:
            raise Unsayable("unknown kind")
        return found

    def write(self, line: str) -> str:
        """The line filled, with one name for the inspected thing throughout.

        Raises:
            Unsayable: a slot has nothing to say here.
        """
        name = nouns.name_of(self.facts.object_name)
        if name.noun != "picture" and self.rng.random() < 0.4:
            name = nouns.Name("picture")
        many = name.plural
        flaw = pick(nouns.flaw_words(self.facts.inspection, self.medical), self.rng)
        if not self.asking and self.medical:
            flaw = ("abnormality", "abnormalities")
        if not self.asking and self.facts.verdict is Verdict.NORMAL and self.facts.regions:
            flaw = ("region", "regions")
        plain = {
            "the": f"the {name.noun}",
            "this": f"{'these' if many else 'this'} {name.noun}",
            "is": "are" if many else "is",
            "does": "do" if many else "does",
            "has": "have" if many else "has",
            "looks": "look" if many else "looks",
            "count_flaws": f"{_number(self)} {flaw[len(self.facts.regions) != 1]}",
            "a_flaw": f"{'an' if flaw[0][0] in 'ae' else 'a'} {flaw[0]}",
            "flaw": flaw[0],
            "flaws": flaw[1],
        } | dict(self.given)
        if "{thing}" in line:
            if self.medical:
                raise Unsayable("pictures of patients are no things")
            thing = nouns.name_of(self.facts.object_name or "part")
            plain["thing"] = f"{'these' if thing.plural else 'this'} {thing.noun}"
            plain["is"] = "are" if thing.plural else "is"
        return fill(line, lambda slot: plain[slot] if slot in plain else _SLOTS[slot](self))


def _kind_short(scene: Scene) -> str:
    region, named = scene.region, wording.noun(scene.region.type, scene.knowledge)
    if region.type is None:
        return "an unclassified finding" if scene.medical else named
    return f"possibly {named}" if scene.medical or nouns.unsure(region) else named


def _kind_likely(scene: Scene) -> str:
    if scene.medical or scene.region.type is None or nouns.unsure(scene.region):
        raise Unsayable("not sure of the kind")
    return wording.noun(scene.region.type, scene.knowledge)


def _sure(scene: Scene) -> str:
    probability = scene.region.type_probability
    if probability is None or scene.region.type is None:
        raise Unsayable("no probability")
    return f"{100 * probability:.0f} %"


def _each(phrase: Callable[[Region], str], verb: str) -> Callable[[Scene], str]:
    """Sentence that goes through the regions: "region 1 is …, region 2 … and region 3 …"."""

    def say(scene: Scene) -> str:
        regions = scene.facts.regions
        if not regions:
            raise Unsayable("no region")
        named = [f"region {r.id} {verb} {phrase(r)}" for r in regions[: nouns.LISTED]]
        return wording.join(named)

    return say


def _each_type(scene: Scene) -> str:
    if len(nouns.groups(scene.facts.regions)) == 1:
        raise Unsayable("regions of one kind are told in the plural")

    def named(region: Region) -> str:
        return _kind_short(Scene(scene.facts, scene.knowledge, scene.rng, region))

    return _each(named, "is")(scene)


def _others_where(scene: Scene) -> str:
    others = scene.facts.regions[1 : nouns.LISTED]
    if not others:
        raise Unsayable("one region")
    return wording.join([f"region {r.id} is at {wording.place(r.cells)}" for r in others])


def _found(scene: Scene) -> str:
    if not scene.facts.regions:
        raise Unsayable("no region")
    return nouns.listed(scene.facts.regions, scene.knowledge, scene.medical)


def _there_is(scene: Scene) -> str:
    regions = scene.facts.regions
    return "there are" if nouns.starts_plural(regions, scene.knowledge, scene.medical) else "there is"


def _rest(scene: Scene) -> tuple[Region, ...]:
    rest = tuple(r for r in scene.facts.regions if r is not scene.region)
    if not rest:
        raise Unsayable("one region")
    return rest


def _is_rest(scene: Scene) -> str:
    return "are" if nouns.starts_plural(_rest(scene), scene.knowledge, scene.medical) else "is"


def _odd(scene: Scene) -> str:
    return pick(
        ("unusual", "abnormal") if scene.medical else ("anomalous", "anomalous", "abnormal", "unusual"), scene.rng
    )


def _state(scene: Scene) -> str:
    """The verdict with what stands out, as a clause."""
    count = len(scene.facts.regions)
    if scene.facts.verdict is Verdict.NORMAL:
        tail = f" as a whole, although {_count(scene)} {_stand(scene)} out" if count else ""
        text = scene.write(f"{{the}} {{looks}} normal{tail}")
        return text[:1].lower() + text[1:]
    if not count:
        return "it looks unusual as a whole, although no single region stands out"
    return f"{_there_is(scene)} {_found(scene)}"


def _instead(scene: Scene) -> str:
    """What is there, said after what is not."""
    if scene.facts.verdict is Verdict.NORMAL or not scene.facts.regions:
        return _state(scene)
    found = _found(scene)
    verb = "are" if nouns.starts_plural(scene.facts.regions, scene.knowledge, scene.medical) else "is"
    return pick(
        (f"what stands out {verb} {found}", f"what I see {verb} {found}", f"there {verb} only {found}"), scene.rng
    )


def _references(scene: Scene) -> str:
    count = scene.facts.reference_count
    if scene.facts.mode is not Mode.FEW_SHOT:
        raise Unsayable("no reference")
    if count is None:
        return "the reference pictures"
    return "the reference picture" if count == 1 else f"the {wording.counted(count, 'reference picture')}"


def _count(scene: Scene) -> str:
    return wording.counted(len(scene.facts.regions), "region")


def _stand(scene: Scene) -> str:
    return "stands" if len(scene.facts.regions) == 1 else "stand"


def _it(scene: Scene) -> str:
    region = scene.region
    return "it" if len(scene.facts.regions) == 1 else f"region {region.id}"


def _number(scene: Scene) -> str:
    count = len(scene.facts.regions)
    return wording.NUMBERS[count] if count < len(wording.NUMBERS) else str(count)


def _far(scene: Scene) -> str:
    above = scene.facts.score >= 0.5
    return f"{'well ' if abs(scene.facts.score - 0.5) > 0.3 else ''}{'above' if above else 'below'}"


def _worst_severity(scene: Scene) -> str:
    order = ("minor", "major", "critical")
    return max((r.severity.value for r in scene.facts.regions), key=order.index)


def _count_places(scene: Scene) -> str:
    return wording.counted(nouns.unique_places(scene.facts.regions), "place")


_SLOTS: dict[str, Callable[[Scene], str]] = {
    "odd": _odd,
    "found": _found,
    "found_bare": lambda s: nouns.kinds(s.facts.regions, s.knowledge, s.medical),
    "is_found": lambda s: "is" if len(s.facts.regions) == 1 else "are",
    "there_is": _there_is,
    "kind": lambda s: wording.kind(s.region, s.knowledge, s.medical),
    "kind_short": _kind_short,
    "kind_likely": _kind_likely,
    "kind_noun": lambda s: wording.noun(s.entry.name, s.knowledge),
    "sure": _sure,
    "place": lambda s: wording.place(s.region.cells),
    "places": lambda s: nouns.places(s.facts.regions),
    "count_places": _count_places,
    "stand_place": lambda s: "stands" if nouns.unique_places(s.facts.regions) == 1 else "stand",
    "top_place": lambda s: wording.place(s.facts.regions[0].cells),
    "size": lambda s: wording.percent(s.region.area_fraction),
    "about": lambda s: "" if s.region.area_fraction < 0.001 else "about",
    "small": lambda s: nouns.size_word(s.region.area_fraction),
    "total": lambda s: wording.percent(sum(r.area_fraction for r in s.facts.regions)),
    "largest": lambda s: wording.percent(max(r.area_fraction for r in s.facts.regions)),
    "severity": lambda s: s.region.severity.value,
    "top_severity": lambda s: s.facts.regions[0].severity.value,
    "worst_severity": _worst_severity,
    "peak": lambda s: f"{s.region.peak_score:.2f}",
    "score": lambda s: f"{s.facts.score:.2f}",
    "far": _far,
    "id": lambda s: str(s.region.id),
    "it": _it,
    "count": _count,
    "number": _number,
    "stand": _stand,
    "each_where": _each(lambda r: f"at {wording.place(r.cells)}", "is"),
    "each_type": _each_type,
    "each_size": _each(lambda r: wording.percent(r.area_fraction), "covers"),
    "each_severity": _each(lambda r: r.severity.value, "is rated"),
    "others_where": _others_where,
    "look": lambda s: lore.look(s.entry, s.rng),
    "cause": lambda s: pick(s.entry.causes, s.rng),
    "causes": lambda s: lore.some(s.entry.causes, s.rng, "or"),
    "effect": lambda s: pick(s.entry.effects, s.rng),
    "effects": lambda s: lore.some(s.entry.effects, s.rng, "or"),
    "action": lambda s: pick(s.entry.actions, s.rng),
    "actions": lambda s: lore.some(s.entry.actions, s.rng, "and"),
    "state": _state,
    "instead": _instead,
    "references": _references,
    "rest": lambda s: nouns.listed(_rest(s), s.knowledge, s.medical),
    "is_rest": _is_rest,
}
