"""Replies that sum up: in a sentence, in bullets, in plain words; and that compare with normal or with other pictures."""

from __future__ import annotations

import re

from assistant.reading.acts.slots import FIRST, Form
from assistant.types import Mode, Verdict
from assistant.vocabulary.materials import is_movable
from assistant.words import wording
from assistant.words.replies.disputes import not_checked
from assistant.words.replies.verdicts import DECIDES, state
from assistant.words.scene import phrases
from assistant.words.scene.scene import Scene

_UNDETERMINED = re.compile(
    r"\b(?:could(?:n't| not)|cannot|can(?:'t| not)|did(?:n't| not)) (?:be )?(?:determin|tell|told|judg|check|assess|see|say)\w*"
    r"|\bnot (?:determined|checked|judged|covered|assessed)\b|\blimitations?\b"
)
"""Asks for what a report does not cover."""
_MESSAGE = re.compile(r"\b(?:e-?mail|mail|line|sentence|message|sms|letter)\b")


def summary(scene: Scene) -> list[str]:
    """In the form that was asked for: one sentence, two, or bullets."""
    form = scene.asked.slots.form
    if form is Form.BULLETS:
        return [f"- {line}" for line in _points(scene)][:4]
    first = state(scene)
    if form is Form.ONE_SENTENCE:
        return [first]
    return [first, _advice(scene)]


def _points(scene: Scene) -> list[str]:
    found = scene.inspection
    lines = [state(scene)]
    if found.regions:
        first = found.regions[0]
        lines.append(
            f"{phrases.capital(phrases.name(first))}: {phrases.place(first)}, "
            f"{wording.percent(first.area_fraction)} of the picture, "
            f"rated {first.severity.value}."
        )
    return [*lines, f"Judged {phrases.judged_by(found)}.", _advice(scene)]


def _advice(scene: Scene) -> str:
    if scene.medical:
        return f"This is no diagnosis. {DECIDES}"
    if not scene.anomalous:
        return phrases.LIMIT
    if is_movable(scene.inspection.object_name):
        return "It should be held back until someone has looked at it."
    return "Someone should look at the place itself."


def report(scene: Scene) -> list[str]:
    """To be pasted: a sentence for a message, or the finding line by line."""
    found = scene.inspection
    name = found.image.source.rpartition("/")[2]
    if _MESSAGE.search(scene.message.text.lower()):
        said = state(scene)
        return [
            f'"On the picture {name}: {said[:1].lower()}{said[1:]} Found by a program, to be confirmed by a person."'
        ]
    lines = [f"Picture: {name}, judged {phrases.judged_by(found)}.", f"Finding: {state(scene)}"]
    for region in found.regions[: phrases.MOST]:
        where = f"{phrases.place(region)}, box {phrases.box(region)}, {wording.percent(region.area_fraction)} of the picture"
        lines.append(
            f"{phrases.capital(phrases.name(region))}: {phrases.mark(region, scene)}, {where}, {region.severity.value}."
        )
    if scene.reported is not None:
        where = f" {scene.reported.where}" if scene.reported.where else ""
        lines.append(f"Seen by the user{where}, and not marked: to be looked at by hand.")
    if _UNDETERMINED.search(scene.message.text.lower()):
        lines += not_checked(scene)[:1]
    lines.append(f"Confidence: the score is {phrases.how_close(found.image_score)}.")
    return [f"- {line}" for line in [*lines, f"Made by: preset {found.preset}, trained parts {found.weights[:19]}."]]


def rephrase(scene: Scene) -> list[str]:
    """The same in plainer words."""
    if not scene.anomalous:
        return [f"I found nothing odd in it. {phrases.caveat(scene)}"]
    if not scene.inspection.regions:
        return ["Something about the picture as a whole looks wrong, but I cannot point to one spot."]
    first = scene.inspection.regions[0]
    return [f"There is a spot that looks wrong, {phrases.place(first)}. Have somebody look at it."]


def compare_good(scene: Scene) -> list[str]:
    """Against normal ones."""
    found = scene.inspection
    if found.mode is Mode.ZERO_SHOT:
        return [
            "There are no normal pictures to compare with: none was given.",
            f"By itself: {state(scene)[:1].lower()}{state(scene)[1:]}",
        ]
    if not found.regions:
        return [f"Compared {phrases.judged_by(found)}, no place differs enough to be marked ({phrases.scored(found)})."]
    first = found.regions[0]
    return [
        f"Compared {phrases.judged_by(found)}, it differs {phrases.place(first)}: {phrases.mark(first, scene)}, "
        f"score up to {wording.score(found, first.peak_score)}."
    ]


def compare_picture(scene: Scene) -> list[str]:
    """Against another picture of the session."""
    if not scene.state.others:
        return ["I have this picture only, so I cannot compare it with another one.", state(scene)]
    other = scene.state.others[0] if scene.asked.slots.picture == FIRST else scene.state.others[-1]
    mine, its = scene.inspection, other.inspection
    higher = "higher" if wording.measured(mine) > wording.measured(its) else "lower"
    return [
        f"{other.name}: {its.verdict.value}, score {wording.score(its)}, {wording.counted(len(its.regions), 'region')}. "
        f"This one: {mine.verdict.value}, {higher}, with {wording.score(mine)} and "
        f"{wording.counted(len(mine.regions), 'region')}."
    ]


def which_bad(scene: Scene) -> list[str]:
    """Which pictures of the session are anomalous."""
    if not scene.state.others:
        return [
            f"I have seen this picture only, and say nothing of others: {state(scene)[:1].lower()}{state(scene)[1:]}"
        ]
    bad = [one.name for one in scene.state.others if one.inspection.verdict is Verdict.ANOMALOUS]
    here = ["this one"] if scene.anomalous else []
    total = len(scene.state.others) + 1
    if not bad and not here:
        return [f"None of the {total} pictures looks anomalous."]
    names = wording.join([*bad[:12], *here])
    return [f"{len(bad) + len(here)} of {total}: {names}."]
