"""Replies to alternatives: which of them the measurements support, with the numbers, or that they support none."""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.reading.question import read_question
from assistant.reading.told.posed import Posed
from assistant.types import Region
from assistant.vocabulary.severity import COSMETIC, GRAVE
from assistant.words import wording
from assistant.words.replies.findings import nothing
from assistant.words.replies.verdicts import DECIDES, MANY, YOURS, no_such_region, state
from assistant.words.scene import phrases
from assistant.words.scene.scene import Scene

SEVERITIES = ("minor", "major", "critical")
CLOSE = 0.1
"""Difference of two chances below which neither kind is preferred."""
_PASSES = re.compile(
    r"\b(?:accept|pass|ship|release|keep|use|run|continue|go on|work|leave|fine|send|let it|monitor|watch|wait|only this|just this)",
    re.IGNORECASE,
)
_LOOKS = re.compile(
    r"\b(?:look|check|inspect|second|hand|manual\w*|review|measure|re-?take|follow|biopsy|test|sort)", re.IGNORECASE
)
_HOLDS = re.compile(
    r"\b(?:reject|scrap|throw|stop|halt|hold|fail|discard|bin\b|quarantine|return|replace)", re.IGNORECASE
)
_MENDS = re.compile(r"\b(?:rework|repair|seal|fix|fill|weld|clean|polish)", re.IGNORECASE)
_BATCH = re.compile(
    r"\b(?:batch|lot|all of them|whole (?:batch|lot|roll|run)|everything|the rest|roll)\b", re.IGNORECASE
)
_GRAVE = re.compile(
    r"\b(?:big|large|major|critical|serious|structural|functional|grave|severe|bad|important|dangerous)\b"
)
_CAUSE = re.compile(r"\bcaus|\bfrom\b|\bdue to\b|\breason|\bbecause\b|\blikely\b")
_ASKS_THERE = re.compile(r"\W*(?:and |so )?(?:is there|are there|do you see|can you see|any)\b", re.IGNORECASE)
_LARGER = re.compile(r"\b(?:bigg|larg|long|small|short)\w*")
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
        return [f"{marked}, which does not exclude {_quoted(options)}.", *([_no_such_kind(unknown)] if unknown else []),
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
        f"I only give a kind to what I marked, and what you point to is not marked: {what}. Whether it is {_quoted(options)}, "
        "the map does not tell; a closer picture or a touch does."
    )


_REAL = re.compile(r"\b(?:defect|damage|damaged|flaw|fault|real|problem|anomaly|lesion)\b", re.IGNORECASE)
_PASSING = re.compile(
    r"\b(?:reflections?|glare|shadows?|light|dust|dirt|water|artefacts?|artifacts?|noise|false alarm|fingerprints?|harmless|normal"
    r"|design|texture|pattern|camera|lens)\b",
    re.IGNORECASE,
)


def _real_or_not(scene: Scene, region: Region, options: Sequence[str]) -> str:
    """To somebody who asks whether a mark is real: what the map tells, and what would tell."""
    return (
        f"Which of {_quoted(options, 'and')} it is the map does not tell: it shows that {phrases.name(region)}, {phrases.place(region)}, "
        f"differs (up to {region.peak_score:.2f}), and {_looks(scene, region)}. A second picture in other light, or after a wipe, would: "
        "a reflection moves and dirt goes, a defect stays."
        if not scene.medical
        else f"Which of {_quoted(options, 'and')} it is the map does not tell: it shows that {phrases.name(region)}, "
        f"{phrases.place(region)}, differs (up to {region.peak_score:.2f})."
    )


def _verdict_on(scene: Scene, region: Region, told: Sequence[tuple[str, str, float | None]]) -> str:
    """Which of the known kinds offered is supported, with their chances."""
    where = f"{phrases.name(region)}, {phrases.place(region)}"
    names = {name for _, name, _ in told}
    if len(told) > 1 and len(names) == 1:
        (name,) = names
        return (
            f"{_quoted([option for option, _, _ in told], 'and')} are one kind to me, {wording.noun(name, scene.knowledge)}; "
            f"{_supported(scene, region, name, where)}"
        )
    numbers = [
        f"{wording.noun(name, scene.knowledge)} {'not among the kinds chosen from' if chance is None else _share(chance)}"
        if (chance is not None or region.type != name)
        else wording.noun(name, scene.knowledge)
        for _, name, chance in told
    ]
    best = max(told, key=lambda one: -1.0 if one[2] is None else one[2])
    if len(told) == 1:
        return phrases.capital(_supported(scene, region, best[1], where))
    if all(chance is None for _, _, chance in told):
        return f"The numbers support neither: {where}, {_looks(scene, region)}."
    if best[1] == region.type:
        sure = "" if (region.type_probability or 0.0) >= phrases.CERTAIN else ", but that is a guess"
        chosen = wording.noun(best[1], scene.knowledge)
        return f"Of these, it looks most like {chosen}{sure} ({'; '.join(numbers)}): {where}."
    return f"Neither is what it looks most like: {where}, {_looks(scene, region)}. Of those you name: {'; '.join(numbers)}."


def _supported(scene: Scene, region: Region, name: str, where: str) -> str:
    """Whether one kind is what the region looks most like."""
    chance = dict(scene.chances_of(region)).get(name)
    if name == region.type:
        return f"{where}, looks most like {wording.noun(name, scene.knowledge)} ({_share(chance or 0.0)})."
    share = "" if chance is None else f"; {wording.noun(name, scene.knowledge)} has {_share(chance)}"
    return f"{where}, {_looks(scene, region)}{share}."


def _looks(scene: Scene, region: Region) -> str:
    if region.type is None:
        return "was given no kind"
    chance = region.type_probability or 0.0
    guess = "" if chance >= phrases.CERTAIN else ", a guess"
    return f"looks most like {wording.noun(region.type, scene.knowledge)} ({_share(chance)}{guess})"


def _share(chance: float) -> str:
    """A chance in percent."""
    return "less than 1 %" if chance < 0.01 else f"{100 * chance:.0f} %"


def _no_such_kind(options: Sequence[str]) -> str:
    named = _quoted(options)
    are = "is no kind" if len(options) == 1 else "are no kinds"
    return f"{phrases.capital(named)} {are} of my vocabulary, so I have no number for {'it' if len(options) == 1 else 'them'}."


def _unknown(scene: Scene, region: Region, options: Sequence[str]) -> list[str]:
    """Where none of what is offered is a kind of the vocabulary."""
    others = _likeliest(scene, region)
    return [
        f"I cannot choose between {_quoted(options, 'and')}: none of them is a kind of my vocabulary.",
        f"{phrases.capital(phrases.name(region))}, {phrases.place(region)}, {_looks(scene, region)}{others}.",
        *_cautious(scene),
    ]


def _likeliest(scene: Scene, region: Region) -> str:
    """The kinds after the likeliest, with their chances; empty where they are not known."""
    rest = [(name, chance) for name, chance in scene.chances_of(region) if name != region.type and chance >= 0.01][:2]
    if not rest:
        return ""
    return f", then {_and([f'{wording.noun(name, scene.knowledge)} ({_share(chance)})' for name, chance in rest])}"


def _causes(scene: Scene, region: Region, options: Sequence[str]) -> list[str]:
    """Which of the causes offered are usual ones of the kind; empty where none of them is one and no cause is asked for."""
    entry = scene.knowledge.find(region.type)
    if entry is None:
        return []
    usual = [option for option in options if any(_shares_word(option, cause) for cause in entry.causes)]
    if not usual and not _CAUSE.search(scene.question.text.lower()):
        return []
    listed = f"usual causes of {wording.noun(entry.name, scene.knowledge)} are {wording.join(entry.causes, 'or')}"
    proof = "the picture alone does not prove which"
    if not usual:
        return [f"None of these is among the causes I know for this kind: {listed}; {proof}."]
    if len(usual) == 1:
        head = f'Of these, "{usual[0]}" is a usual cause of {wording.noun(entry.name, scene.knowledge)}'
        return [f"{head}; {proof}.", f"In full: {listed}."]
    return [f"{_quoted(usual, 'and')} are both possible: {listed}; {proof}."]


def _shares_word(option: str, cause: str) -> bool:
    """Whether two phrases share a word of substance, by its beginning."""
    stems = {word[:5] for word in re.findall(r"[a-z]+", cause.lower()) if word not in _SMALL_WORDS}
    return any(word[:5] in stems for word in re.findall(r"[a-z]+", option.lower()) if word not in _SMALL_WORDS)


def regions(scene: Scene) -> list[str]:
    """Which of the regions named is the worse, or the larger, one."""
    found = scene.inspection.regions
    named = [r for r in found if r.id in posed_of(scene).numbers]
    if len(named) < len(posed_of(scene).numbers):
        return [no_such_region(scene)]
    by_size = _LARGER.search(scene.question.text.lower())
    smaller = by_size is not None and by_size.group().startswith(("small", "short"))
    if by_size is not None:
        ranked = sorted(named, key=lambda r: r.area_fraction, reverse=not smaller)
        word = "smaller" if smaller else "larger"
        told = _and([f"{phrases.name(r)} {wording.percent(r.area_fraction)}" for r in ranked])
        return [f"{phrases.capital(phrases.name(ranked[0]))} is the {word} one: {told} of the picture."]
    ranked = sorted(named, key=lambda r: (-SEVERITIES.index(r.severity.value), -r.peak_score))
    first, *rest = ranked
    same = all(r.severity is first.severity for r in rest)
    why = (
        f"both are rated {first.severity.value}, but the map is higher there"
        if same and len(ranked) == 2
        else f"all are rated {first.severity.value}, but the map is highest there"
        if same
        else f"it is rated {first.severity.value}"
    )
    told = "; ".join(
        f"{phrases.name(r)} {r.severity.value}, score up to {r.peak_score:.2f}, {wording.percent(r.area_fraction)} of the picture"
        for r in ranked
    )
    return [f"{phrases.capital(phrases.name(first))} is the worse one: {why} ({told})."]


def deciding(scene: Scene) -> list[str]:
    """Which region carries the verdict."""
    found = scene.inspection
    if not found.regions:
        return [f"No single region decides it: {state(scene)[:1].lower()}{state(scene)[1:]}"]
    first, *rest = found.regions
    said = [
        f"{phrases.capital(phrases.name(first))}, {phrases.mark_at(first, scene)}: the map is highest there ({first.peak_score:.2f}).",
        f"The verdict goes by the picture's score ({found.image_score:.2f} against a threshold of 0.50), which the highest places "
        "of the map carry.",
    ]
    if rest:
        peaks = _and([f"{phrases.name(r)} {r.peak_score:.2f}" for r in rest[: phrases.MOST]])
        said.append(f"The others reach less: {peaks}.")
    return said


def decisions(scene: Scene) -> list[str]:
    """Which of the decisions offered the measurements speak for."""
    found, options = scene.inspection, posed_of(scene).options
    if scene.medical:
        return [f"That is not for a picture to settle. {DECIDES}", f"What I see: {_lower(state(scene))}"]
    if any(_BATCH.search(option) for option in options):
        one = next((o for o in options if not _BATCH.search(o)), "only this one")
        hold = "This one I would hold back" if scene.anomalous else "Not even this one, by what I see"
        return [f'As far as one picture goes, "{one}". {hold}: {_lower(state(scene))}', MANY,
                "Look at the pieces made just before and after it."]  # fmt: skip
    if scene.anomalous and wording.borderline(found.image_score):
        order = (_LOOKS, _HOLDS, _MENDS, _PASSES)
        reason = f"the score of {found.image_score:.2f} is close to the threshold of 0.50"
    elif scene.anomalous:
        order = (_HOLDS, _LOOKS, _MENDS, _PASSES)
        reason = _lower(state(scene)).rstrip(".")
    else:
        order = (_PASSES, _LOOKS, _MENDS, _HOLDS)
        reason = _lower(state(scene)).rstrip(".")
    ranked = sorted(
        options, key=lambda option: next((at for at, p in enumerate(order) if p.search(option)), len(order))
    )
    if all(_MENDS.search(option) or not (_HOLDS.search(option) or _LOOKS.search(option)) for option in options) and (
        scene.anomalous
    ):
        return [
            f"{_quoted(options)} is decided by depth, function and your rules, which the picture "
            f"does not show; what it shows: {_lower(state(scene))}",
            *_first_check(scene),
        ]
    line = any(re.search(r"\b(?:line|loom|machine|stop|halt)\b", option) for option in options)
    beside = ["Look at the pieces made just before and after it."] if line and scene.anomalous else []
    by_rule = "" if found.rule is None else f"By your rule: {wording.ruling(found.rule)}. "
    chosen, other = ranked[0], _quoted(ranked[1:])
    limit = [] if scene.anomalous else [f"{phrases.LIMIT} Where somebody sees something, have it looked at."]
    return [f'{by_rule}Rather "{chosen}" than {other}: {reason}.', *limit, *beside, YOURS]


def _first_check(scene: Scene) -> list[str]:
    """What to find out first, by what is known of the kind."""
    entry = scene.knowledge.find(scene.regions[0].type) if scene.regions else None
    if entry is None:
        return []
    return [
        f"If it is {wording.noun(entry.name, scene.knowledge)}, first {wording.join(entry.actions[1:] or entry.actions)}."
    ]


def degrees(scene: Scene) -> list[str]:
    """Whether it is the graver or the lighter of what is offered: by the rating."""
    options = posed_of(scene).options
    if not scene.regions:
        return nothing(scene, "rate")
    first = max(scene.regions, key=lambda r: SEVERITIES.index(r.severity.value))
    grave = first.severity.value != "minor"
    fitting = [option for option in options if (_GRAVE.search(option) is not None) is grave]
    rated = (
        f"I rate it {first.severity.value}: {phrases.mark_at(first, scene)}, {wording.percent(first.area_fraction)} of the "
        f"picture, score up to {first.peak_score:.2f}"
    )
    if re.search(r"\b(?:cosmetic|structural|functional|superficial)\b", " ".join(options)):
        kind = first.type
        usual = (
            "usually cosmetic"
            if kind in COSMETIC
            else "usually grave"
            if kind in GRAVE
            else "neither usually cosmetic nor grave"
        )
        named = "" if kind is None else f"; by its kind ({wording.noun(kind, scene.knowledge)}, if it is that) {usual}"
        return [f"The picture does not show what it means for the part. {rated}{named}.", *_decided_by(scene)]
    chosen = f'Rather "{fitting[0]}": ' if len(fitting) == 1 else ""
    return [f"{chosen}{rated if not chosen else _lower_i(rated)}.", *_decided_by(scene)]


def _decided_by(scene: Scene) -> list[str]:
    return (
        [DECIDES]
        if scene.medical
        else ["The rating goes by size, strength and kind; your acceptance limits are your own."]
    )


def sides(scene: Scene) -> list[str]:
    """On which of the sides offered it lies, as the picture is shown; with a convention of display, on which of the patient."""
    if not scene.regions:
        return nothing(scene, "locate")
    region = scene.regions[0]
    at = set(" ".join(region.cells).split())
    said = f"{phrases.capital(phrases.mark_at(region, scene))}"
    options = posed_of(scene).options
    shown = [
        one for one in ("left", "right", "top", "bottom") if one in at and any(one in option for option in options)
    ]
    where = (
        "in the middle"
        if not shown
        else _and([f"on the {one}" if one in ("left", "right") else f"at the {one}" for one in shown])
    )
    head = f"{said}: {where} of the picture as it is shown."
    if not scene.medical:
        return [head]
    if (
        re.search(r"\bradiolog\w+ (?:convention|display|orientation)|\bradiologic\w*\b", scene.message.text.lower())
        and len(shown) == 1
        and (shown[0] in ("left", "right"))
    ):
        other = "left" if shown[0] == "right" else "right"
        return [
            head,
            f"By the radiological convention you assume, that is the patient's {other} side; the picture itself does not say.",
        ]
    return [
        head,
        "Which side of the patient that is depends on how the scan is displayed; the picture itself does not say.",
    ]


def _cautious(scene: Scene) -> list[str]:
    return [f"This is no diagnosis. {DECIDES}"] if scene.medical else []


def _quoted(options: Sequence[str], last: str = "or") -> str:
    """What the user offered, in the user's words."""
    return wording.join([f'"{option}"' for option in options], last)


def _or(phrases_: Sequence[str]) -> str:
    return wording.join(list(phrases_), "or")


def _and(phrases_: Sequence[str]) -> str:
    return wording.join(list(phrases_))


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _lower_i(text: str) -> str:
    """Text that begins with "I" stays as it is."""
    return text if text.startswith("I ") else _lower(text)
