"""Replies to "what does that word mean?": words of a verdict's card, explained with the card's own values."""

from __future__ import annotations

import re
from collections.abc import Callable

from assistant.reading.spelling import plain
from assistant.types import Domain, Mode
from assistant.vocabulary.knowledge import Entry
from assistant.vocabulary.materials import fits_object, materials_of
from assistant.words import wording
from assistant.words.replies import kinds, numbers, pictures, tool
from assistant.words.replies.verdicts import NOT_ABSENT
from assistant.words.scene import phrases
from assistant.words.scene.scene import Scene

_ASKS = re.compile(
    r"\bmean(?:s|t|ing)?\b|\bsupposed to (?:be|say|tell)\b|\bstands? for\b|\bdefin(?:e|ed|ition)\b|\bunderstand by\b"
    r"|\brefers? to\b"
    r"|\bexplain\b|\bwhat(?:'s| is| are) (?:an? |the |your |this )?[\"'\u201c]"
)
"""Asks what a word means."""
_EFFECT = re.compile(r"\bmean(?:s|t|ing)? (?:for|to|that|if|when)\b(?! you\b)|\b(?:it|this|that|which) means?\b")
"""Asks what follows from something, or says it."""
_WHY_BAND = re.compile(r"\bwhy (?:is it |it is |do you say )?(?:only |just )?(?:probably|clearly|borderline)\b")
_BAND = re.compile(
    r"\bborderline\b|\b(?:clearly|probably) (?:normal|anomalous|defective)\b|[\"'\u201c](?:clearly|probably)"
)
_SENSE = re.compile(
    r"\b(?:does|do|would|can|could)(?:n't| not)? (?:it|that|this|such a thing|the (?:kind|label|name)|you) (?:really "
    r"|actually |even )?"
    r"make (?:any |much )?sense\b|\bis (?:it|that|this) (?:even |really |at all )?(?:possible|plausible|sensible) (?:here|on"
    r"|for|with)\b"
    r"|\bis (?:an? )?(?:\w+ ){1,3}(?:even |really |at all )?(?:possible|plausible) (?:here|on|for|with|at all)\b"
    r"|\bmakes? (?:no|any|little) sense (?:here|on|for)\b"
)
_TOP = re.compile(
    r"\b(?:is|was|isn't) (?:that|it|this|1[.,]0+)(?: \w+)? (?:maximum|highest|top|most|limit|end of the scale)\b"
    r"|\bhow high (?:can|does) (?:it|the score|that) go\b|\bout of (?:what|how much)\b|\bwhat(?:'s| is) the (?:maximum"
    r"|highest possible)\b"
)


def is_named(said: str) -> bool:
    """Whether a plain text asks what a word of the card means."""
    if any(words.search(said) for words in (_SENSE, _TOP, _WHY_BAND)):
        return True
    return _ASKS.search(said) is not None and any(
        words.search(said) for words in (_BAND, *(word for word, _ in _WORDS))
    )


def explained(scene: Scene) -> list[str] | None:
    """The explanation of a word of the card that a sentence asks for; None for others."""
    said = plain(scene.question.text)
    if _SENSE.search(said):
        return sense(scene)
    if _TOP.search(said):
        return _scale_end(scene)
    if _WHY_BAND.search(said):
        return _band(scene)
    if not _ASKS.search(said):
        return None
    if _BAND.search(said):
        return _band(scene)
    if _EFFECT.search(said) or re.search(r"\d", said):
        return None
    return next((say(scene) for words, say in _WORDS if words.search(said)), None) or _kind(scene)


def _band(scene: Scene) -> list[str]:
    """What "borderline", "probably" and "clearly" go by."""
    found = scene.inspection
    score = found.image_score
    near = f"{0.5 - wording.NEAR:.2f} to {0.5 + wording.NEAR:.2f}"
    bands = f"{near} is borderline, below 0.20 or from 0.80 on it is clear, between them probable"
    said = [f"Such words say only where the score lies, here {score:.2f} on a scale from 0 to 1: {bands}."]
    if found.mode is Mode.ZERO_SHOT and not wording.borderline(score):
        said.append("Without reference pictures even a clear score is a rough guess.")
    return said if scene.anomalous else [*said, f"It is no promise: {NOT_ABSENT}."]


def _severity(scene: Scene) -> list[str]:
    return numbers.rated(scene)


def _score(scene: Scene) -> list[str]:
    return numbers.score_of(scene)


def _peak(scene: Scene) -> list[str] | None:
    regions = scene.regions or scene.inspection.regions
    return numbers.peak_of(regions[0], scene) if regions else None


def _chance(scene: Scene) -> list[str] | None:
    regions = scene.regions or scene.inspection.regions
    return numbers.chance_of_kind(regions[0], scene) if regions and regions[0].type is not None else None


def _verdict(scene: Scene) -> list[str]:
    found = scene.inspection
    near = "reaches" if scene.anomalous else "stays below"
    said = [f"It says that the score of the picture {near} the threshold: {phrases.scored(found)}."]
    worth = "It does not say that the piece is bad, or why" if scene.anomalous else f"It is no promise: {NOT_ABSENT}"
    return [*said, f"{worth}."]


def _region(scene: Scene) -> list[str]:
    stands = wording.counted(len(scene.inspection.regions), "region")
    return [f"A region is one connected place of the map that reaches the threshold of 0.50; here there "
            f"{'is' if len(scene.inspection.regions) == 1 else 'are'} {stands}."]  # fmt: skip


def _mode(scene: Scene) -> list[str]:
    return [
        "Zero-shot means judged without any picture of good ones, few-shot means compared with some.",
        f"This one was judged {phrases.judged_by(scene.inspection)}.",
    ]


def _kind(scene: Scene) -> list[str] | None:
    """What a kind of the vocabulary that is named looks like."""
    return kinds.kind_meaning(scene) if scene.question.kinds else None


_WORDS: tuple[tuple[re.Pattern[str], Callable[[Scene], list[str] | None]], ...] = tuple(
    (re.compile(words), say)
    for words, say in (
        (r"\b(?:minor|major|critical|severity)\b", _severity),
        (r"\bzero[- ]shot\b|\bfew[- ]shot\b", _mode),
        (r"\b(?:anomalous|anomaly|normal|defective)\b", _verdict),
        (r"\bthreshold\b", tool.threshold),
        (r"\bpeak\b", _peak),
        (r"% sure\b|\b(?:percent|per cent|%) (?:sure|certain)\b", _chance),
        (r"\b(?:heat ?map|map|colou?rs? (?:of|on|in) the)\b", pictures.heat_map),
        (
            r"\b(?:the |a |your )?[\"'\u201c]?region[\"'\u201d]?s? (?:mean|supposed|stand)\b"
            r"|\bmean\w* by [\"'\u201c]?(?:a )?region\b",
            _region,
        ),
        (r"\bscore\b(?!.*\d)", _score),
    )
)
"""Words of the card, and what is said on each."""


def sense(scene: Scene) -> list[str]:
    """Whether the kind makes sense on the object."""
    named = scene.question.kinds or scene.message.kinds
    region = (scene.regions or scene.inspection.regions or (None,))[0]
    kind = named[0] if named else None if region is None else region.type
    entry = scene.knowledge.find(kind)
    if entry is None:
        return [*(["No kind was given, so there is none to hold against it."] if region is not None else
                  [f"I gave no kind: nothing is marked ({phrases.scored(scene.inspection)})."])]  # fmt: skip
    materials = materials_of(scene.inspection.object_name)
    noun = phrases.capital(wording.noun(entry.name, scene.knowledge))
    if scene.medical and entry.domain is Domain.INDUSTRIAL:
        return [
            f"{noun} is a kind of industrial parts and makes no sense on a scan: take it as a finding without a name."
        ]
    if not scene.medical and not fits_object(entry.name, materials):
        return [phrases.hardly(entry, scene)]
    rests = _rests_on(entry, scene)
    if scene.medical or not materials:
        return [f"{noun} is possible as far as I know; what the thing is made of I know by its name at most.", rests]
    return [f"{noun} can be on {phrases.thing(scene)}, so it makes sense in general.", rests]


def _rests_on(entry: Entry, scene: Scene) -> str:
    regions = [r for r in (scene.regions or scene.inspection.regions) if r.type == entry.name]
    if not regions or regions[0].type_probability is None:
        return "Whether it is there, the kind of what is marked tells, not that."
    return f"That it is one goes by its looks alone ({100 * regions[0].type_probability:.0f} % sure)."


def _scale_end(scene: Scene) -> list[str]:
    """How far the scale goes."""
    score = scene.inspection.image_score
    end = "; it is at the end of the scale" if f"{score:.2f}" == "1.00" else ""
    return [
        f"The scale ends at 1.00, and 0.50 is the threshold: the score here is {score:.2f}{end}.",
        "It says how far from normal the picture looks, not how grave that is.",
    ]
