"""Replies to suppositions: without a region, with another threshold, if it were of another kind. Computed from the facts."""

from __future__ import annotations

import re

from assistant.reading.question import read_question
from assistant.types import THRESHOLD, Inspection, Region
from assistant.vocabulary.severity import COSMETIC, GRAVE, severity_of
from assistant.words import wording
from assistant.words.replies.kinds import effect, next_step
from assistant.words.replies.posed.alternatives import posed_of
from assistant.words.replies.verdicts import YOURS, no_such_region, state
from assistant.words.scene import phrases
from assistant.words.scene.scene import Scene

_SEVERITY = re.compile(r"\b(?:sever\w*|minor|major|critical|rat(?:ed|ing)|grave|bad|serious)\b")
_NEXT = re.compile(r"\bwhat (?:should|would|do|must|then|now|next)\b|\bnext step|\bwhat then\b")
_EFFECT = re.compile(r"\b(?:effect|consequence|lead to|happen|danger\w*|risk)\b")


def without(scene: Scene) -> list[str]:
    """What is left without some regions, and whether that still speaks for holding it back."""
    found = scene.inspection
    if not found.regions:
        return [f"Nothing is marked that could be left out: {phrases.lowered(state(scene))}"]
    if scene.numbers and not scene.regions:
        return [no_such_region(scene)]
    out = scene.regions if scene.places_one or scene.focus or len(found.regions) == 1 else found.regions[:1]
    rest = tuple(r for r in found.regions if r not in out)
    named = wording.join([phrases.name(r) for r in out])
    if not rest:
        doubt = "" if scene.medical else " I would look at that place again before passing it."
        return [
            f"Without {named} nothing marked is left, so by the marks alone there would be no reason to hold it back.",
            f"The picture's score ({wording.score(found)} against a threshold of "
            f"{wording.threshold(found)}) was reached with it and is "
            f"not judged anew."
            f"{doubt}",
            *([] if scene.medical else [YOURS]),
        ]
    first = max(rest, key=lambda r: r.peak_score)
    holds = "Something would still stand out" if scene.medical else (
        "I would still hold it back" if scene.anomalous else "Nothing changes, it passes as normal"
    )  # fmt: skip
    yes = f"{_yes(scene)}{holds}"
    left = f"{wording.counted(len(rest), 'region')} {'remains: ' if len(rest) == 1 else 'remain, the strongest '}"
    return [
        f"{yes}: without {named} {left}{phrases.name(first)}, {phrases.mark_at(first, scene)} (score up to "
        f"{wording.score(found, first.peak_score)} against a threshold of "
        f"{wording.threshold(found)}, rated {first.severity.value}).",
        "The picture's score as a whole is not judged anew without it.",
        *([] if scene.medical else [YOURS]),
    ]


def _yes(scene: Scene) -> str:
    """Yes or no before what is said of a picture that is held back, where the question can be answered so."""
    said = scene.question.text.lower()
    if not scene.anomalous or scene.medical:
        return ""
    if re.search(r"\b(?:reject|hold|scrap|fail|bad|anomalous|defective|nok|stop)\w*", said):
        return "Yes, "
    return "No, " if re.search(r"\b(?:accept|pass|ok|okay|fine|good|normal|ship|use|usable|clean)\b", said) else ""


def other_threshold(scene: Scene) -> list[str]:
    """The verdict and the regions that another threshold would leave."""
    found, value = scene.inspection, posed_of(scene).value or 0.0
    above = wording.measured(found) >= value
    kept = tuple(r for r in found.regions if wording.measured(found, r.peak_score) >= value)
    turn = "stay as it is" if (found.image_score >= THRESHOLD) is above else "turn"
    result = "reaches it, so it would not pass" if above else "stays below it, so it would pass"
    said = [f"With a threshold of {value:.2f} the verdict would {turn}: the score of {wording.score(found)} {result}."]
    if found.regions and value >= found.threshold:
        names = (
            wording.join([f"{phrases.name(r)} ({wording.score(found, r.peak_score)})" for r in kept])
            if kept
            else "none"
        )
        peak = (
            ""
            if kept
            else (
                f": the highest, {phrases.name(found.regions[0])}, has "
                f"{wording.score(found, found.regions[0].peak_score)}"
            )
        )
        said.append(f"Of the {wording.counted(len(found.regions), 'marked region')}, {names} would reach it{peak}.")
    elif above and not found.regions:
        said.append("Which places would be marked then is not worked out.")
    return said


def other_kind(scene: Scene) -> list[str]:
    """The rating, or what is known, if a region were of another kind."""
    name = posed_of(scene).options[0]
    if not scene.regions:
        return [f"Nothing is marked that could be that: {phrases.lowered(state(scene))}"]
    region = scene.regions[0]
    kinds = read_question(name).kinds
    kind = kinds[0] if kinds else name
    said = scene.message.text.lower()
    asks = scene.question.text.lower()
    if (
        not _SEVERITY.search(asks)
        and kinds
        and scene.knowledge.find(kind) is not None
        and (_NEXT.search(asks) or _EFFECT.search(asks))
    ):
        return [*(next_step(scene) if _NEXT.search(asks) else effect(scene))]
    rated = severity_of(region.area_fraction, region.peak_score, kind)
    change = "still" if rated is region.severity else f"no longer {region.severity.value}, but"
    where = f"{phrases.name(region)}, {phrases.place(region)}"
    basis = _basis(scene.inspection, region, kind, bool(kinds))
    yes = _yes_or_no(said, rated.value)
    article = name if name.split()[0] in ("a", "an") else wording.noun(kind, scene.knowledge) if kinds else f'"{name}"'
    return [
        f"{yes}If it is {article}, {where}, is {change} {rated.value}{basis}.",
        "The rating goes by size, strength and kind; your acceptance limits are your own.",
    ]


def _basis(found: Inspection, region: Region, kind: str, known: bool) -> str:
    """Why the rating is what it is."""
    size = (
        f"{wording.percent(region.area_fraction)} of the picture, score up to {wording.score(found, region.peak_score)}"
    )
    if not known:
        return f" by size and strength alone ({size}): I have no rule for that name"
    weight = "counts as grave" if kind in GRAVE else "counts as cosmetic" if kind in COSMETIC else "has a middle weight"
    return f": that kind {weight} in the rating ({size})"


def _yes_or_no(said: str, rated: str) -> str:
    """An answer to "is it still minor?"."""
    asked = re.search(r"\b(?:is|would|does|do|will|stay|remain)\b.*\b(minor|major|critical)\b", said)
    return "" if asked is None else "Yes. " if asked[1] == rated else "No. "
