"""Replies to "judge it without that": what is left by the regions' own scores, and how to make it stand."""

from __future__ import annotations

import re

from assistant.reading.spelling import plain
from assistant.types import Region
from assistant.words import wording
from assistant.words.replies.handling.named_regions import numbers_named, regions_meant
from assistant.words.replies.verdicts import DECIDES, YOURS, no_such_region, state
from assistant.words.scene import phrases
from assistant.words.scene.scene import Scene

_DROPS = (
    r"\b(?:ignor(?:e|ing)|forget(?: about)?|disregard|skip|discount|leave out|keep out|exclude|mask(?: out)?|drop|strike"
    r"|take (?:off|out)|without|apart from"
    r"|(?:don'?t|do not|never|not|nor) (?:\w+ )?(?:count|look at|mark|box|flag|draw|use|judge|treat))\b"
)
_STOPS = "as|on|in|at|and|or|from|please|out|it|this|again|for|is|are|off|anything|next|any|because|so|but|then"
_WORD = rf"(?!(?:{_STOPS})\b)[a-z][a-z-]+"
_NAMED = re.compile(
    rf"{_DROPS}(?: \w+ly)? (?:about )?(?P<thing>(?:(?:the|that|those|these|any|my|our|such) )?{_WORD}(?: {_WORD}){{0,3}})"
)
_OF_RESULT = re.compile(
    r"\b(?:it|its|this|that one|them|those two|regions?|marks?|boxes|box|ones?|first|second|third|last|other|others|number"
    r"|any|anything|everything|small|tiny|weak|minor|major|critical|you|me|all|verdict|score|finding|defects?)\b"
)
"""Words for what was marked rather than for a thing in the picture."""
_ALWAYS = re.compile(
    r"\b(?:always|never|ever|in future|next time|from now on|again|every time|each time|for all|from today|in general"
    r"|any ?more)\b"
)


def leave_out(scene: Scene) -> list[str]:
    """What is left without some regions; of a thing that is named instead, which regions it may be."""
    found, said = scene.inspection, plain(scene.question.text)
    if not found.regions:
        return [f"Nothing is marked that could be left out: {phrases.lowered(state(scene))}", *_for_good(scene, said)]
    numbers, out = numbers_named(scene), regions_meant(scene)
    if numbers and not out:
        return [no_such_region(scene)]
    thing = thing_named(said)
    if thing is not None and not numbers and not scene.places_one:
        return _of_thing(scene, thing, said)
    if not out:
        return [f"Nothing is marked at {scene.here} that could be left out: {phrases.lowered(state(scene))}"]
    return [_rest(scene, out), *(_for_good(scene, said) or [_not_anew(scene)]), *_standing(scene, out)]


def thing_named(said: str) -> str | None:
    """The thing in the picture that a plain text wants left out; None where it means what was marked.

    >>> thing_named("please ignore the logo"), thing_named("ignore region 2"), thing_named("don't mark the date code again")
    ('the logo', None, 'the date code')
    """
    named = _NAMED.search(said)
    return None if named is None or _OF_RESULT.search(named["thing"]) else named["thing"].strip()


def _of_thing(scene: Scene, thing: str, said: str) -> list[str]:
    marks = phrases.marks(scene.inspection.regions, scene)
    first = scene.inspection.regions[0]
    return [
        f"I do not tell {thing} from the rest of the picture; what is marked is {marks}.",
        f'Say which of them it is ("without {phrases.name(first)}"), and I say what is left.',
        *(_for_good(scene, said) or _standing(scene, scene.inspection.regions)),
    ]


def _rest(scene: Scene, out: tuple[Region, ...]) -> str:
    """The verdict and the worst of what is left."""
    named = wording.join([phrases.name(region) for region in out])
    rest = tuple(region for region in scene.inspection.regions if region not in out)
    if not rest:
        verdict = (
            "no region speaks against it any more" if scene.anomalous else "nothing marked is left, and it stays normal"
        )
        return f"Without {named}, {verdict}."
    worst = max(rest, key=lambda region: region.peak_score)
    verdict = "it would stay anomalous by its regions" if scene.anomalous else "it stays normal, as before"
    what = "what remains is" if len(rest) == 1 else f"the worst of the {len(rest)} that remain is"
    return (
        f"Without {named}, {verdict}; {what} {phrases.name(worst)}, {phrases.mark_at(worst, scene)} (up to "
        f"{wording.score(scene.inspection, worst.peak_score)} against a threshold of "
        f"{wording.threshold(scene.inspection)}, rated {worst.severity.value})."
    )


def _not_anew(scene: Scene) -> str:
    return (
        f"The picture's score of {wording.score(scene.inspection)} was reached with all that is in it and is not made "
        f"anew here."
    )


def _standing(scene: Scene, out: tuple[Region, ...]) -> list[str]:
    """How it is made permanent."""
    which = "it" if len(out) == 1 else "each that does not count"
    said = f"To make it stand, reject {which} on the page, under Correct: verdict and files follow."
    return [said, *([DECIDES] if scene.medical else [YOURS])]


def _for_good(scene: Scene, said: str) -> list[str]:
    """What to do about things that are to be left out in other pictures too."""
    if not (_ALWAYS.search(said) or re.search(r"\b(?:mask|zone|area)s?\b", said)):
        return []
    return [
        "No setting leaves out a thing or a zone in all pictures: give good pictures that show it as references, "
        "or crop to what matters."
    ]
