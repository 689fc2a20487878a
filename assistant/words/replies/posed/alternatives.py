"""Replies to kinds and causes that are offered: which of them the measurements support, with the numbers, or none."""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.reading.spelling import plain
from assistant.reading.told.kind_words import kinds_of_words
from assistant.reading.told.posed import Posed
from assistant.types import Region
from assistant.vocabulary.materials import on_object
from assistant.words import wording
from assistant.words.replies.verdicts import DECIDES, NOT_ABSENT
from assistant.words.scene import phrases
from assistant.words.scene.scene import Scene

BOTH = 2
"""Alternatives of which none is "neither", and each "either"."""
_CAUSE = re.compile(r"\bcaus|\bfrom\b|\bdue to\b|\breason|\bbecause\b|\blikely\b")
_ASKS_THERE = re.compile(r"\W*(?:and |so )?(?:is there|are there|do you see|can you see|any)\b", re.IGNORECASE)
_CAUSED = re.compile(r"\bcaus|\bcomes? from\b|\bfrom (?:the|a)\b|\bdue to\b|\bbecause of\b")
SHORT = 2
"""Words of an alternative, at most, that is said again."""
_SMALL_WORDS = frozenset("a an the of or and to in on by from with while something some".split())


def posed_of(scene: Scene) -> Posed:
    """What is put; a scene is replied to here only where something is."""
    assert scene.asked.slots.posed is not None
    return scene.asked.slots.posed


def kinds(scene: Scene) -> list[str]:
    """Which of the kinds offered the region looks like; of causes, which are usual ones of its kind."""
    options = posed_of(scene).options
    if all(map(_TAKEN.search, options)) or any(map(_TAKEN_WITH.search, options)):
        return ["How the picture was taken it does not tell; its file, or whoever took it, does."]
    if _points_elsewhere(scene) or not scene.regions:
        return untold(scene)
    region = scene.regions[0]
    if any(map(_REAL.search, options)) and any(map(_PASSING.search, options)):
        return [*_real_or_not(scene, region), *_cautious(scene)]
    chances = dict(scene.chances_of(region))
    likely = [*([] if region.type is None else [region.type]), *chances]
    known = {option: kinds_of_words(option, likely) for option in options}
    if not any(known.values()):
        return _causes(scene, region, options) or [
            f"{phrases.capital(phrases.name(region))}, {phrases.place(region)}, "
            f"{_looks(scene, region)}{_likeliest(scene, region)}.",
            f"{which(scene)} the picture cannot tell: I know {'neither' if len(options) == BOTH else 'none of them'} by name.",
            *_cautious(scene),
        ]
    told = [(option, name, chances.get(name)) for option in options for name in known[option][:1]]
    unknown = len(options) - len(told)
    if _ASKS_THERE.match(scene.question.text) and region.type not in {name for _, name, _ in told}:
        marked = f"I marked {phrases.marks(scene.regions, scene)}; anything else stayed below the threshold"
        return [
            f"{marked}, which excludes {'neither' if len(options) == BOTH else 'none of these'}.",
            *_cautious(scene),
        ]
    said = [_verdict_on(scene, region, told)]
    same = [
        f'"{option}" is {wording.noun(name, scene.knowledge)}'
        for option, name, _ in told
        if option not in name and name not in option and len(option.split()) <= SHORT
    ]
    if same and len({name for _, name, _ in told}) == len(told):
        said.append(f"In my vocabulary, {wording.join(same)}.")
    if unknown:
        said.append(
            "For the other I have no number: it is no kind that I know, and cannot be excluded."
            if unknown == 1
            else "For the others I have no number: they are no kinds that I know, and cannot be excluded."
        )
    return [*said, *_cautious(scene)]


def which(scene: Scene) -> str:
    """What a choice leaves open, as the beginning of a sentence; the user's words, which may be cut wrongly, are not repeated."""
    of = "the two" if len(posed_of(scene).options) == BOTH else "these"
    return f"Which of {of} it {'comes from' if _CAUSED.search(plain(scene.question.text)) else 'is'}"


def untold(scene: Scene) -> list[str]:
    """To somebody who lets choose what something is that is not marked: that it cannot be told, and what would tell."""
    found, options = scene.inspection, posed_of(scene).options
    spot = scene.spot or (scene.reported if scene.reported is not None and not scene.places_one else None)
    if spot is not None and spot.box is not None and not spot.regions(found):
        where = f" {spot.where} (the map reaches {wording.score(found, spot.peak(found))} there)"
    elif found.regions:
        where = f" but {phrases.marks(found.regions, scene)}"
    else:
        on = f" {'in' if scene.medical else 'on'} {phrases.thing(scene)}" if phrases.thing(scene) else ""
        where = f"{on} ({phrases.scored(found)})"
    either = "Either" if len(options) == BOTH else "Any of them"
    tells = "A closer picture or a touch would tell."
    if any(map(_PASSING.search, options)):
        tells = MOVES
    return [
        f"{which(scene)} the picture cannot tell: nothing is marked{where}, and I name the kind only of what is marked.",
        f"{either} may be there: {NOT_ABSENT}.",
        DECIDES if scene.medical else tells,
    ]


_SEEN = re.compile(
    r"\b(?:what about the|there(?:'?s| is| are) (?:an?|some|also|numerous|many|two|several|\w+ (?:spots?|specks?))\b"
    r"|i (?:can |also |still )*see|(?:and|also) (?:the|a|some|those|these) )(?! ?(?:mark|box|region|defect|scratch))"
)
"""Opens what somebody sees in the picture besides what is marked."""


def _points_elsewhere(scene: Scene) -> bool:
    """Whether the message asks of something that the user sees, and names neither a region nor a place of one."""
    before = scene.message.text.lower().partition(scene.question.text.lower()[:20])[0]
    inside = scene.question.text.lower().partition(",")[0]
    seen = _SEEN.search(before) or (_SEEN.search(inside) if "," in scene.question.text else None)
    return (
        seen is not None and not scene.message.numbers and scene.inside is None and not (scene.cells and scene.regions)
    )


_REAL = re.compile(r"\b(?:defect|damage|damaged|flaw|fault|failure|real|problem|anomaly|lesion)\b", re.IGNORECASE)
_PASSING = re.compile(
    r"\b(?:reflections?|glare|shadows?|light(?:ing)?|dust|dirt|water|artefacts?|artifacts?|noise|false alarm|fingerprints?"
    r"|harmless|normal"
    r"|design|texture|pattern|camera|lens)\b",
    re.IGNORECASE,
)
_TAKEN = re.compile(r"\b(?:camera|photo(?:graph)?|picture|image|scanner|flash)\b", re.IGNORECASE)
_TAKEN_WITH = re.compile(
    r"\b(?:flash|back-?light(?:ing)?|ring ?light|dark ?field|electroluminescen\w+|infra-?red|thermal (?:image|picture|camera)"
    r"|microscop\w+|x-?ray|t1|t2|flair)\b",
    re.IGNORECASE,
)
"""Words for how a picture is taken."""
MOVES = (
    "A second picture in other light, or after a wipe, would tell: a reflection moves and dirt goes, a defect stays."
)


def _real_or_not(scene: Scene, region: Region) -> list[str]:
    """To somebody who asks whether a mark is real: what the map tells, and what would tell."""
    said = (
        f"{which(scene)} the map does not tell: it shows that {phrases.name(region)}, {phrases.place(region)}, differs"
    )
    if scene.medical:
        return [f"{said} (up to {wording.score(scene.inspection, region.peak_score)})."]
    return [f"{said} (up to {wording.score(scene.inspection, region.peak_score)}), and {_looks(scene, region)}.", MOVES]


def _verdict_on(scene: Scene, region: Region, told: Sequence[tuple[str, str, float | None]]) -> str:
    """Which of the known kinds offered is supported, with their chances."""
    where = f"{phrases.name(region)}, {phrases.place(region)}"
    names = {name for _, name, _ in told}
    if len(told) > 1 and len(names) == 1:
        (name,) = names
        return (
            f"They are one kind to me, {wording.noun(name, scene.knowledge)}; {_supported(scene, region, name, where)}"
        )
    numbers = [
        f"{wording.noun(name, scene.knowledge)} {'not among the kinds chosen from' if chance is None else share(chance)}"
        if (chance is not None or region.type != name)
        else wording.noun(name, scene.knowledge)
        for _, name, chance in told
    ]
    best = max(told, key=lambda one: -1.0 if one[2] is None else one[2])
    if len(told) == 1:
        return phrases.capital(_supported(scene, region, best[1], where))
    if all(chance is None for _, _, chance in told):
        return f"The numbers support {'neither' if len(told) == BOTH else 'none of these'}: {where}, {_looks(scene, region)}."
    if best[1] == region.type:
        sure = "" if (region.type_probability or 0.0) >= phrases.CERTAIN else ", but that is a guess"
        chosen = wording.noun(best[1], scene.knowledge)
        return f"Of these, it looks most like {chosen}{sure} ({'; '.join(numbers)}): {where}."
    none = "Neither" if len(told) == BOTH else "None"
    shares = "; ".join(numbers)
    return f"{none} is what it looks most like: {where}, {_looks(scene, region)}. Of those you name: {shares}."


def _supported(scene: Scene, region: Region, name: str, where: str) -> str:
    """Whether one kind is what the region looks most like."""
    chance = dict(scene.chances_of(region)).get(name)
    if name == region.type:
        return f"{where}, looks most like {wording.noun(name, scene.knowledge)} ({share(chance or 0.0)})."
    alone = len(scene.chances_of(region)) < BOTH
    its = "" if chance is None and alone else f"; {chance_of(name, scene, region)}"
    return f"{where}, {_looks(scene, region)}{its}."


def _looks(scene: Scene, region: Region) -> str:
    if region.type is None:
        return "was given no kind"
    chance = region.type_probability or 0.0
    guess = "" if chance >= phrases.CERTAIN else ", a guess"
    return f"looks most like {wording.noun(region.type, scene.knowledge)} ({share(chance)}{guess})"


def share(chance: float) -> str:
    """A chance in percent."""
    return "less than 1 %" if chance < 0.01 else f"{100 * chance:.0f} %"


def looks(scene: Scene, region: Region, named: Sequence[str] = ()) -> str:
    """What a region looks most like, what comes next, and the chances of further kinds that were named, in one sentence."""
    told = {region.type, *[name for name, _ in _next(scene, region)]}
    rest = [chance_of(name, scene, region) for name in named if name not in told]
    return "; ".join([f"{_looks(scene, region)}{_likeliest(scene, region)}", *rest]) + "."


def chance_of(name: str, scene: Scene, region: Region) -> str:
    """The chance of a kind, in words: "a hole has 3 %"."""
    noun, chance = wording.noun(name, scene.knowledge), dict(scene.chances_of(region)).get(name)
    return f"{noun} was not among the kinds chosen from" if chance is None else f"{noun} has {share(chance)}"


def _next(scene: Scene, region: Region) -> list[tuple[str, float]]:
    """The kinds after the likeliest, with their chances."""
    return [(name, chance) for name, chance in scene.chances_of(region) if name != region.type and chance >= 0.01][:2]


def _likeliest(scene: Scene, region: Region) -> str:
    """The kinds after the likeliest, with their chances; empty where they are not known."""
    rest = _next(scene, region)
    if not rest:
        return ""
    return f", then {_and([f'{wording.noun(name, scene.knowledge)} ({share(chance)})' for name, chance in rest])}"


def _causes(scene: Scene, region: Region, options: Sequence[str]) -> list[str]:
    """Which of the causes offered are usual ones of the kind; empty where none of them is one and no cause is asked for."""
    entry = scene.knowledge.find(region.type)
    if entry is None:
        return []
    asked = _CAUSE.search(scene.question.text.lower()) is not None
    causes = on_object(entry, scene.inspection.object_name).causes
    fitting = [[cause for cause in causes if _shares_word(option, cause, asked)] for option in options]
    usual = [alike[0] for alike in fitting if alike]
    if not usual and not asked:
        return []
    noun = wording.noun(entry.name, scene.knowledge)
    listed = f"usual causes of {noun} are {wording.join(causes, 'or')}"
    proof = "the picture alone does not prove which"
    if not usual:
        return [f"None of these is among the causes I know for this kind: {listed}; {proof}."]
    if len(usual) == 1:
        return [f"One of these is among the usual causes of {noun}: {usual[0]}; the picture alone does not prove it.",
                f"In full: {listed}."]  # fmt: skip
    return [f"{'Both are' if len(usual) == BOTH else 'Several are'} possible: {listed}; {proof}."]


def _shares_word(option: str, cause: str, any_word: bool) -> bool:
    """Whether two phrases share a word of substance, by its beginning; else all words of one of a cause's alternatives."""
    said = _stems(option)
    parts = [_stems(part) for part in cause.split(" or ")]
    return any(said & part if any_word else part and part <= said for part in parts)


def _stems(text: str) -> set[str]:
    return {word[:5] for word in re.findall(r"[a-z]+", text.lower()) if word not in _SMALL_WORDS}


def quoted(options: Sequence[str], last: str = "or") -> str:
    """What the user offered, in the user's words."""
    return wording.join([f'"{option}"' for option in options], last)


def _and(phrases_: Sequence[str]) -> str:
    return wording.join(list(phrases_))


def _cautious(scene: Scene) -> list[str]:
    return [f"This is no diagnosis. {DECIDES}"] if scene.medical else []
