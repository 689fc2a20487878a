"""Replies to kinds and causes that are offered: which of them the measurements support, with the numbers, or none."""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.reading.question import read_question
from assistant.reading.told.posed import Posed
from assistant.types import Region
from assistant.vocabulary.materials import on_object
from assistant.words import wording
from assistant.words.replies.findings import nothing
from assistant.words.replies.verdicts import DECIDES
from assistant.words.scene import phrases
from assistant.words.scene.scene import Scene

BOTH = 2
"""Alternatives of which none is "neither"."""
_CAUSE = re.compile(r"\bcaus|\bfrom\b|\bdue to\b|\breason|\bbecause\b|\blikely\b")
_ASKS_THERE = re.compile(r"\W*(?:and |so )?(?:is there|are there|do you see|can you see|any)\b", re.IGNORECASE)
_SMALL_WORDS = frozenset("a an the of or and to in on by from with while something some".split())


def posed_of(scene: Scene) -> Posed:
    """What is put; a scene is replied to here only where something is."""
    assert scene.asked.slots.posed is not None
    return scene.asked.slots.posed


def kinds(scene: Scene) -> list[str]:
    """Which of the kinds offered the region looks like; of causes, which are usual ones of its kind."""
    options = posed_of(scene).options
    if _points_elsewhere(scene):
        return [_unmarked(scene, options)]
    if not scene.regions:
        return [*nothing(scene, "name"), f"So neither {_or(options)} is supported by what I measured."]
    region = scene.regions[0]
    if any(map(_REAL.search, options)) and any(map(_PASSING.search, options)):
        return [_real_or_not(scene, region, options), *_cautious(scene)]
    known = {option: read_question(option).kinds for option in options}
    if not any(known.values()):
        usual = _causes(scene, region, options)
        return usual or _unknown(scene, region, options)
    chances = dict(scene.chances_of(region))
    told, unknown = [], [option for option in options if not known[option]]
    for option in options:
        for name in known[option][:1]:
            told.append((option, name, chances.get(name)))
    if _ASKS_THERE.match(scene.question.text) and region.type not in {name for _, name, _ in told}:
        marked = f"I marked {phrases.marks(scene.regions, scene)}; anything else stayed below the threshold"
        return [f"{marked}, which does not exclude {quoted(options)}.", *([_no_such_kind(unknown)] if unknown else []),
                *_cautious(scene)]  # fmt: skip
    said = [_verdict_on(scene, region, told)]
    if same := [
        f'"{option}" is {wording.noun(name, scene.knowledge)}' for option, name, _ in told if option not in name
    ]:
        said.append(
            f"In my vocabulary, {wording.join(same)}." if len({name for _, name, _ in told}) == len(told) else ""
        )
    if unknown:
        said.append(f"{_no_such_kind(unknown)[:-1]}: it cannot be excluded.")
    return [*(one for one in said if one), *_cautious(scene)]


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
    return seen is not None and not scene.message.numbers and not (scene.cells and scene.regions)


def _unmarked(scene: Scene, options: Sequence[str]) -> str:
    """To somebody who asks what something is that is not marked."""
    marked = phrases.marks(scene.inspection.regions, scene) if scene.inspection.regions else ""
    what = f"what I marked is {marked}" if marked else f"I marked nothing ({phrases.scored(scene.inspection)})"
    return (
        f"I only give a kind to what I marked, and what you point to is not marked: {what}. Whether it is {quoted(options)}, "
        "the map does not tell; a closer picture or a touch does."
    )


_REAL = re.compile(r"\b(?:defect|damage|damaged|flaw|fault|real|problem|anomaly|lesion)\b", re.IGNORECASE)
_PASSING = re.compile(
    r"\b(?:reflections?|glare|shadows?|light|dust|dirt|water|artefacts?|artifacts?|noise|false alarm|fingerprints?"
    r"|harmless|normal"
    r"|design|texture|pattern|camera|lens)\b",
    re.IGNORECASE,
)


def _real_or_not(scene: Scene, region: Region, options: Sequence[str]) -> str:
    """To somebody who asks whether a mark is real: what the map tells, and what would tell."""
    return (
        f"Which of {quoted(options, 'and')} it is the map does not tell: it shows that {phrases.name(region)}, "
        f"{phrases.place(region)}, "
        f"differs (up to {region.peak_score:.2f}), and {_looks(scene, region)}. A second picture in other light, or "
        f"after a wipe, would: "
        "a reflection moves and dirt goes, a defect stays."
        if not scene.medical
        else f"Which of {quoted(options, 'and')} it is the map does not tell: it shows that {phrases.name(region)}, "
        f"{phrases.place(region)}, differs (up to {region.peak_score:.2f})."
    )


def _verdict_on(scene: Scene, region: Region, told: Sequence[tuple[str, str, float | None]]) -> str:
    """Which of the known kinds offered is supported, with their chances."""
    where = f"{phrases.name(region)}, {phrases.place(region)}"
    names = {name for _, name, _ in told}
    if len(told) > 1 and len(names) == 1:
        (name,) = names
        return (
            f"{quoted([option for option, _, _ in told], 'and')} are one kind to me, {wording.noun(name, scene.knowledge)}; "
            f"{_supported(scene, region, name, where)}"
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
    its = "" if chance is None else f"; {wording.noun(name, scene.knowledge)} has {share(chance)}"
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


def _no_such_kind(options: Sequence[str]) -> str:
    named = quoted(options)
    are = "is no kind" if len(options) == 1 else "are no kinds"
    return f"{phrases.capital(named)} {are} of my vocabulary, so I have no number for {'it' if len(options) == 1 else 'them'}."


def _unknown(scene: Scene, region: Region, options: Sequence[str]) -> list[str]:
    """Where none of what is offered is a kind of the vocabulary."""
    others = _likeliest(scene, region)
    return [
        f"I cannot choose between {quoted(options, 'and')}: none of them is a kind of my vocabulary.",
        f"{phrases.capital(phrases.name(region))}, {phrases.place(region)}, {_looks(scene, region)}{others}.",
        *_cautious(scene),
    ]


def _likeliest(scene: Scene, region: Region) -> str:
    """The kinds after the likeliest, with their chances; empty where they are not known."""
    rest = [(name, chance) for name, chance in scene.chances_of(region) if name != region.type and chance >= 0.01][:2]
    if not rest:
        return ""
    return f", then {_and([f'{wording.noun(name, scene.knowledge)} ({share(chance)})' for name, chance in rest])}"


def _causes(scene: Scene, region: Region, options: Sequence[str]) -> list[str]:
    """Which of the causes offered are usual ones of the kind; empty where none of them is one and no cause is asked for."""
    entry = scene.knowledge.find(region.type)
    if entry is None:
        return []
    usual = [option for option in options if any(_shares_word(option, cause) for cause in entry.causes)]
    if not usual and not _CAUSE.search(scene.question.text.lower()):
        return []
    causes = on_object(entry, scene.inspection.object_name).causes
    listed = f"usual causes of {wording.noun(entry.name, scene.knowledge)} are {wording.join(causes, 'or')}"
    proof = "the picture alone does not prove which"
    if not usual:
        return [f"None of these is among the causes I know for this kind: {listed}; {proof}."]
    if len(usual) == 1:
        head = f'Of these, "{usual[0]}" is a usual cause of {wording.noun(entry.name, scene.knowledge)}'
        return [f"{head}; {proof}.", f"In full: {listed}."]
    return [f"{quoted(usual, 'and')} are both possible: {listed}; {proof}."]


def _shares_word(option: str, cause: str) -> bool:
    """Whether two phrases share a word of substance, by its beginning."""
    stems = {word[:5] for word in re.findall(r"[a-z]+", cause.lower()) if word not in _SMALL_WORDS}
    return any(word[:5] in stems for word in re.findall(r"[a-z]+", option.lower()) if word not in _SMALL_WORDS)


def quoted(options: Sequence[str], last: str = "or") -> str:
    """What the user offered, in the user's words."""
    return wording.join([f'"{option}"' for option in options], last)


def _or(phrases_: Sequence[str]) -> str:
    return wording.join(list(phrases_), "or")


def _and(phrases_: Sequence[str]) -> str:
    return wording.join(list(phrases_))


def _cautious(scene: Scene) -> list[str]:
    return [f"This is no diagnosis. {DECIDES}"] if scene.medical else []
