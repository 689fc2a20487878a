"""Replies to a choice between regions, decisions, degrees or sides: which of them the measurements speak for, and why."""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.vocabulary.materials import fits_object, is_movable, materials_of, on_object
from assistant.vocabulary.severity import COSMETIC, GRAVE
from assistant.words import wording
from assistant.words.replies.findings import nothing
from assistant.words.replies.posed.alternatives import posed_of, quoted
from assistant.words.replies.verdicts import DECIDES, MANY, YOURS, no_such_region, state, worth_of_normal
from assistant.words.scene import phrases
from assistant.words.scene.scene import Scene

SEVERITIES = ("minor", "major", "critical")
LONGEST = 6
"""Words of an option, at most, that is said again beside the chosen one."""
_PASSES = re.compile(
    r"\b(?:accept|pass|ship|release|keep|use|run|continue|go on|work|leave|fine|send|let it|monitor|watch|wait"
    r"|only this|just this)",
    re.IGNORECASE,
)
_LOOKS = re.compile(
    r"\b(?:look|check|inspect|second|hand|manual\w*|review|measure|re-?take|follow|biopsy|test|sort)", re.IGNORECASE
)
_HOLDS = re.compile(
    r"\b(?:reject|scrap|throw|stop|halt|hold|fail|discard|bin\b|quarantine|return|replace)", re.IGNORECASE
)
_WAITS = re.compile(r"\b(?:hold|quarantine|keep (?:it )?back|set (?:it )?aside)", re.IGNORECASE)
"""Words of decisions that can be taken back."""
_FINAL = re.compile(
    r"\b(?:reject|scrap|throw|thrown|discard|bin\b|fail|return|replace|destroy|smash|crush|chuck|away\b)", re.IGNORECASE
)
"""Words of decisions after which the piece is lost."""
_DESTROYS = re.compile(r"\b(?:scrap|throw|thrown|discard|bin\b|destroy|smash|crush|chuck|away\b)", re.IGNORECASE)
"""Words of decisions that are never taken from one picture."""
_MENDS = re.compile(r"\b(?:rework|repair|seal|fix|fill|weld|clean|polish|patch|wash)", re.IGNORECASE)
_BATCH = re.compile(
    r"\b(?:batch|lot|all of them|whole (?:batch|lot|roll|run)|everything|the rest|roll)\b", re.IGNORECASE
)
_GRAVE = re.compile(
    r"\b(?:big|large|major|critical|serious|structural|functional|grave|severe|bad|important|dangerous)\b"
)
_LARGER = re.compile(r"\b(?:bigg|larg|long|small|short)\w*")


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
        f"{phrases.name(r)}: {r.severity.value}, {wording.percent(r.area_fraction)} of the picture, score up to "
        f"{wording.score(scene.inspection, r.peak_score)}"
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
        f"{phrases.capital(phrases.name(first))}, {phrases.mark_at(first, scene)}: the map is highest there "
        f"({wording.score(found, first.peak_score)}).",
        f"The verdict goes by the picture's score ({wording.score(found)} against a "
        f"threshold of {wording.threshold(found)}), which the "
        f"highest places "
        "of the map carry.",
    ]
    if rest:
        peaks = _and([f"{phrases.name(r)} {wording.score(found, r.peak_score)}" for r in rest[: phrases.MOST]])
        said.append(f"The others reach less: {peaks}.")
    return said


def decisions(scene: Scene) -> list[str]:
    """Which of the decisions offered the measurements speak for."""
    found, options = scene.inspection, posed_of(scene).options
    if scene.medical:
        worth = [] if scene.anomalous else worth_of_normal(scene)[:1]
        return [
            f"That is not for a picture to settle. {DECIDES}",
            f"What I see: {phrases.lowered(state(scene))}",
            *worth,
        ]
    if any(_BATCH.search(option) for option in options):
        one = next((o for o in options if not _BATCH.search(o)), "only this one")
        if not scene.anomalous:
            return [f"One picture does not settle that: {phrases.lowered(state(scene))}", *worth_of_normal(scene), MANY]
        hold = "This one I would hold back"
        return [f'As far as one picture goes, "{one}". {hold}: {phrases.lowered(state(scene))}', MANY,
                "Look at the pieces made just before and after it."]  # fmt: skip
    if (unsettled := _unsettled(scene, options)) is not None:
        return _held(scene, options, unsettled)
    reason = phrases.lowered(state(scene)).rstrip(".")
    if scene.anomalous:
        order = (_WAITS, _LOOKS, _HOLDS, _MENDS, _PASSES)
        chosen = _ranked([one for one in options if not _DESTROYS.search(one)], order)
        if chosen is None or not (_WAITS.search(chosen) or _LOOKS.search(chosen) or _HOLDS.search(chosen)):
            return _held(scene, options, reason)
    else:
        chosen = _ranked(options, (_PASSES, _LOOKS, _MENDS, _HOLDS)) or options[0]
    by_rule = "" if found.rule is None else f"By your rule: {wording.ruling(found.rule)}. "
    limit = [] if scene.anomalous else [f"{phrases.LIMIT} Where somebody sees something, have it looked at."]
    return [f"{by_rule}{_rather(chosen, options)}: {reason}.", *limit, *_beside_line(options, scene), YOURS]


def _ranked(options: Sequence[str], order: Sequence[re.Pattern[str]]) -> str | None:
    """The first of the options by the first pattern that finds something in one; None where none does."""
    return next((option for words in order for option in options if words.search(option)), None)


def _rather(chosen: str, options: Sequence[str]) -> str:
    """The option that is chosen, before the others where all are short enough to be said again."""
    others = [one for one in options if one != chosen]
    if all(len(one.split()) <= LONGEST for one in others):
        return f'Rather "{chosen}" than {quoted(others)}'
    return f'Rather "{chosen}"'


def _unsettled(scene: Scene, options: Sequence[str]) -> str | None:
    """Why none of the decisions should be taken before a check; None where the measurements speak for one, or a rule does."""
    found = scene.inspection
    if found.rule is not None:
        return None
    if wording.borderline(found.image_score):
        return f"the score of {wording.score(found)} is close to the threshold of {wording.threshold(found)}"
    minor = bool(found.regions) and all(region.severity.value == "minor" for region in found.regions)
    if minor and scene.anomalous and any(map(_FINAL.search, options)):
        return f"what I marked is rated minor: {phrases.marks(found.regions, scene)}"
    return None


def _held(scene: Scene, options: Sequence[str], reason: str) -> list[str]:
    """To hold it and check it, whatever is offered: the one of the options that does so, else before any of them."""
    movable = is_movable(scene.inspection.object_name)
    careful = next((o for o in options if (_WAITS.search(o) or _LOOKS.search(o)) and not _FINAL.search(o)), None)
    if careful is None:
        check = "hold it and check it first" if movable else "have it looked at first"
        head = f"I would {check}, before any of that: {reason}."
    else:
        head = f"{_rather(careful, options)}, and check it before deciding: {reason}."
    return [head, *_first_check(scene, from_first=True), *_beside_line(options, scene), YOURS]


def _beside_line(options: Sequence[str], scene: Scene) -> list[str]:
    """What to look at where a line is to be stopped or not."""
    line = any(re.search(r"\b(?:line|loom|machine|stop|halt)\b", option) for option in options)
    return ["Look at the pieces made just before and after it."] if line and scene.anomalous else []


def _first_check(scene: Scene, from_first: bool = False) -> list[str]:
    """What to find out first, by what is known of the kind; ``from_first``: its first step, which others leave to the options."""
    entry = scene.knowledge.find(scene.regions[0].type) if scene.regions else None
    if entry is None or not fits_object(entry.name, materials_of(scene.inspection.object_name)):
        return []
    actions = on_object(entry, scene.inspection.object_name).actions
    steps = actions[:1] if from_first else actions[1:] or actions
    return [f"If it is {wording.noun(entry.name, scene.knowledge)}, first {wording.join(steps)}."]


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
        f"picture, score up to {wording.score(scene.inspection, first.peak_score)}"
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


def _and(phrases_: Sequence[str]) -> str:
    return wording.join(list(phrases_))


def _lower_i(text: str) -> str:
    """Text that begins with "I" stays as it is."""
    return text if text.startswith("I ") else phrases.lowered(text)
