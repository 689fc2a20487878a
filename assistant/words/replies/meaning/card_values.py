"""What the words and signs of a verdict's card mean, each told with the card's own value."""

from __future__ import annotations

from assistant.types import THRESHOLD, MeasuredBy, Mode, Region
from assistant.words import wording
from assistant.words.replies import numbers
from assistant.words.replies.verdicts import NOT_ABSENT
from assistant.words.scene import phrases
from assistant.words.scene.scene import Scene

WARNINGS = 2
"""Warnings of a card that one reply repeats."""


def band(scene: Scene) -> list[str]:
    """What "borderline", "probably" and "clearly" go by."""
    found = scene.inspection
    score = found.image_score
    low, near_from, near_to, high = (
        wording.score(found, end) for end in (0.2, 0.5 - wording.NEAR, 0.5 + wording.NEAR, 0.8)
    )
    here = wording.band(score, found.mode is not Mode.ZERO_SHOT)
    said = [
        f'Such words say only where the score lies, here {wording.score(found)}, "{here}": {near_from} '
        f"to {near_to} is borderline, below {low} or from {high} "
        "on clear, between them probable."
    ]
    if found.mode is Mode.ZERO_SHOT and not wording.borderline(score):
        said.append("Without reference pictures even a clear score is called probable.")
    return said if scene.anomalous else [*said, f"It is no promise: {NOT_ABSENT}."]


def verdict(scene: Scene) -> list[str]:
    """What "normal" and "anomalous" say, and what they do not."""
    found = scene.inspection
    side, usual = ("reaches", "unlike") if scene.anomalous else ("stays below", "like")
    worth = "It does not say that the piece is bad, or why" if scene.anomalous else f"It is no promise: {NOT_ABSENT}"
    return [
        f'"{phrases.capital(found.verdict.value)}" says that the score of {wording.score(found)} '
        f"{side} the threshold of {wording.threshold(found)}: "
        f"it looks {usual} what is usual.",
        f"{worth}.",
    ]


def peak(scene: Scene) -> list[str]:
    """What the highest value of the first region is; without one, what the score is instead."""
    first = _first(scene)
    return numbers.apart(scene) if first is None else numbers.peak_of(first, scene)


def sure(scene: Scene) -> list[str]:
    """What the percentage beside a kind is."""
    first = _first(scene)
    if first is None or first.type is None:
        return ["A percentage beside a kind says how sure that name is; here no kind is given."]
    return numbers.chance_of_kind(first, scene)


def region(scene: Scene) -> list[str]:
    """What a region is, and how many there are."""
    count = len(scene.inspection.regions)
    here = f"here there {'is' if count == 1 else 'are'} {wording.counted(count, 'region')}"
    return [
        "A region is one connected place of the map that reaches the threshold "
        f"of {wording.threshold(scene.inspection)}; {here}.",
        "They are numbered from the strongest on; the number says nothing else.",
    ]


def box(scene: Scene) -> list[str]:
    """What a box holds, and that of the first region."""
    said = (
        "A box is the smallest upright rectangle that holds a region of the map, in pixels of the picture from its top "
        "left corner"
    )
    first = _first(scene)
    if first is None:
        return [f"{said}; here there is none."]
    measured = phrases.extents(first)
    size = "" if measured is None else (
        f" What is measured in it is {phrases.length(measured[0].length, measured[1])} long and "
        f"{phrases.length(measured[0].width, measured[1])} wide."
    )  # fmt: skip
    return [f"{said}: of {phrases.name(first)} it is {phrases.box(first)}. The mark itself is mostly smaller.{size}"]


def reference(scene: Scene) -> list[str]:
    """What a reference is, and how many this picture was held against."""
    return [
        "A reference is a picture that shows how good ones look; each place of this picture is held against them.",
        f"This one was judged {phrases.judged_by(scene.inspection)}.",
    ]


def few(scene: Scene) -> list[str]:
    """What few references mean for the score."""
    found = scene.inspection
    return [
        f"Few references means that little is known of how good ones vary: this one was judged {phrases.judged_by(found)}.",
        f"The score of {wording.score(found)} is not lowered by that, but counts for less: faint marks can be missed, "
        f"and rare but good "
        "looks can be marked. Each further good one that shows another piece narrows it.",
    ]


def warning(scene: Scene) -> list[str]:
    """What a warning is, and those of this card."""
    warnings = scene.inspection.warnings
    rough = scene.inspection.mode is Mode.ZERO_SHOT
    if not warnings:
        none = (
            "It is a rough guess, as no references show what normal looks like here" if rough else "Here there is none"
        )
        return [f"A warning says what speaks against relying on the verdict; it changes no score. {none}."]
    listed = "; ".join(one.rstrip(".") for one in warnings[:WARNINGS])
    more = len(warnings) - WARNINGS
    rest = f"; and {more} more" if more > 0 else ""
    return [
        f"A warning says what speaks against relying on the verdict; it changes no score. Here: the picture {listed}{rest}.",
    ]


def product(scene: Scene) -> list[str]:
    """What the warning of another product means, and whether it stands here."""
    told = [one for one in scene.inspection.warnings if "product" in one]
    here = f"Here it says: the picture {told[0].rstrip('.')}." if told else "This card does not say so."
    return [
        "Such a warning means that the picture lies further from the references than pictures of one product do, as "
        "another type, "
        f"revision or view may. {here}",
        "The score stands, but compares it with something else then: give references of this product.",
    ]


def sign(scene: Scene) -> list[str]:
    """What colour and sign of the card say."""
    sign, at = "!" if scene.anomalous else "✓", wording.threshold(scene.inspection)
    return [
        f"Colour and sign of the card say only on which side of the threshold the score lies: ✓ below {at}, ! from {at} on; here "
        f"{sign}, with {wording.score(scene.inspection)}.",
        "The colours of boxes show the severity, those of the heat map the score of each place.",
    ]


def auroc(scene: Scene) -> list[str]:
    """What AUROC is, and that one picture has none."""
    return [
        "AUROC is no value of one picture: over many labelled ones it is the chance that an anomalous one scores "
        "higher than a normal one, "
        "1 at best, 0.5 by guessing.",
        f"`evaluate` measures it on pictures of your own; this picture has a score, {wording.score(scene.inspection)}.",
    ]


def mode(scene: Scene) -> list[str]:
    """What zero-shot and few-shot mean, and which this is."""
    return [
        "Zero-shot means judged without any picture of good ones, few-shot means compared with some.",
        f"This one was judged {phrases.judged_by(scene.inspection)}.",
    ]


def guarantee(scene: Scene) -> list[str]:
    """What is promised of normal pictures."""
    promised, moved = scene.inspection.guarantee, scene.inspection.threshold != THRESHOLD
    here = (
        f"{'Before the threshold was moved' if moved else 'Here'}: {promised}."
        if promised
        else "Here nothing is promised."
    )
    return [f"A guarantee bounds how many normal pictures are called anomalous; it takes 20 references or more. {here}"]


def measure(scene: Scene) -> list[str]:
    """What "about", "at least" and the units say."""
    first = _first(scene)
    by = None if first is None or first.measures is None else first.measures.by
    here = "" if first is None or by is None else (
        f" {phrases.capital(phrases.name(first))} was measured on "
        f"{'the line found in the picture' if by is MeasuredBy.LINE else 'the outline of the map'}."
    )  # fmt: skip
    return [
        f'"About" is measured on the coarse outline of the map, "at least" may go on further; mm need a scale, px are '
        f"pixels.{here}"
    ]


def _first(scene: Scene) -> Region | None:
    regions = scene.regions or scene.inspection.regions
    return regions[0] if regions else None
