"""Replies on how grave the result is, by whose rule, and who has to know."""

from __future__ import annotations

from assistant.types import Verdict
from assistant.words import wording
from assistant.words.replies.verdicts import DECIDES, nowhere, state, unmarked, worth, worth_of_normal
from assistant.words.scene import phrases
from assistant.words.scene.scene import Scene


def customer_notice(scene: Scene) -> list[str]:
    """Whether somebody would notice it."""
    if not scene.inspection.regions:
        return [f"No single mark was found that somebody would notice: {phrases.lowered(state(scene))}", *worth(scene)]
    largest = max(scene.regions or scene.inspection.regions, key=lambda r: r.area_fraction)
    share = wording.percent(largest.area_fraction)
    seen = "easily seen" if largest.area_fraction >= 0.02 else "small, and seen on a closer look"
    return [f"The largest mark, {phrases.place(largest)}, covers {share} of the picture: {seen} in this view.",
            "Whether that bothers a customer is yours to judge."]  # fmt: skip


def severity(scene: Scene) -> list[str]:
    """How bad it is."""
    if (elsewhere := nowhere(scene)) is not None:
        return elsewhere
    if not scene.regions:
        if scene.inspection.verdict is Verdict.NORMAL:
            return unmarked(scene, "rate")
        return ["The picture looks anomalous as a whole, so no single region is rated."]
    first = max(scene.regions, key=lambda r: ("minor", "major", "critical").index(r.severity.value))
    rated = f"{first.severity.value}: {phrases.mark_at(first, scene)}, {wording.percent(first.area_fraction)} of the picture."
    if scene.medical:
        return [f"By size and strength alone it is rated {rated}", DECIDES]
    return [f"I rate it {rated}", "The rating goes by size, strength and kind; your acceptance limits are your own."]


def rating(scene: Scene) -> list[str]:
    """On the scale that was asked for: of how anomalous it looks, since nothing measures how good it is."""
    found, top = scene.inspection, scene.asked.slots.scale_top
    said = "The score is no mark for quality: it goes up with what is unusual"
    if top is None or top == "letters":
        grade = "" if top is None else ", and there are no letters"
        rated = f"{said}{grade}. It is {wording.score(found)} of 1, with the threshold at {wording.threshold(found)}."
    else:
        value = wording.measured(found) * top
        rated = f"{said}. It is {value:.{0 if top >= 50 else 1}f} of {top:g}, with the threshold at {found.threshold * top:g}."
    if not found.regions:
        return [rated]
    first = found.regions[0]
    return [rated, f"What stands out most is rated {first.severity.value}: {phrases.mark_at(first, scene)}."]


def standard(scene: Scene) -> list[str]:
    """Whether it meets a norm, a drawing or a tolerance: by the user's rule, where there is one."""
    found = scene.inspection
    if found.rule is not None:
        return [f"By your rule: {wording.ruling(found.rule)}.", "Other limits I do not know."]
    if scene.medical:
        return [f"I apply no classification or guideline. {DECIDES}", f"What I see: {phrases.lowered(state(scene))}"]
    return [
        "I do not know the limits of your drawing or standard, so I cannot say whether it meets them: give them as a rule "
        '("reject any crack over 2 mm"), and each clause is checked.',
        f"What I found: {phrases.lowered(state(scene))}",
    ]


def escalate(scene: Scene) -> list[str]:
    """Whether to stop, recall, claim or tell somebody: more than one picture can carry."""
    if scene.medical:
        worth = [] if scene.anomalous else worth_of_normal(scene)[:1]
        return [
            f"That is not for a picture to settle. {DECIDES}",
            f"What I see: {phrases.lowered(state(scene))}",
            *worth,
        ]
    if not scene.anomalous:
        return ["One picture does not settle whether to stop, recall or report.", state(scene), *worth_of_normal(scene)]
    return [
        f"One picture is a finding on this piece, not a case by itself: {phrases.lowered(state(scene))}",
        "Look at the pieces made just before and after it; what follows from them is yours to decide.",
    ]
