"""Replies to "what does that word mean?": which word of a verdict's card is asked for, and by what it is known.

A word is known strictly where a sentence asks what something means, whatever its act seems to be, and loosely where the act
is known to be that question.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from assistant.reading.spelling import plain
from assistant.words import wording
from assistant.words.replies import kinds, numbers, pictures, tool
from assistant.words.replies.meaning import card_values, sense
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
_TOP = re.compile(
    r"\b(?:is|was|isn't) (?:that|it|this|1[.,]0+)(?: \w+)? (?:maximum|highest|top|most|limit|end of the scale)\b"
    r"|\bhow high (?:can|does) (?:it|the score|that) go\b|\bout of (?:what|how much)\b|\bwhat(?:'s| is) the (?:maximum"
    r"|highest possible)\b"
)
_WHOLE = re.compile(
    r"\b(?:card|screen|page|it)\b (?:now )?(?:say|says|show|shows|tell|tells)\b\W*(?:now|then|me|here)?\W*$"
)
"""Asks for the card as a whole."""
NEVER = r"(?!)"
"""Matches nothing."""


@dataclass(frozen=True)
class CardWord:
    """A word of the card, and what is said on it.

    Args:
        loosely: the words that stand for it where the act asks for the meaning of a word.
        say: the explanation.
        strictly: the words that stand for it in any sentence that asks what something means.
    """

    loosely: str
    say: Callable[[Scene], list[str]]
    strictly: str = NEVER


_BAND = r"\bborderline\b|\b(?:clearly|probably) (?:normal|anomalous|defective)\b|[\"'\u201c](?:clearly|probably)"
WORDS = (
    CardWord(r"\bauroc\b|\bauc\b|\broc\b", card_values.auroc),
    CardWord(r"\bp[- ]?value\b|\blook as unusual\b", numbers.p_value),
    CardWord(
        r"\bborderline\b|\bclose to\b|\bclearly\b|\bprobably\b|\bjust (?:above|below)\b|\bnearly (?:bad|good)\b",
        card_values.band,
        _BAND,
    ),
    CardWord(r"\bfew references?\b|\bonly (?:\w+) references?\b", card_values.few),
    CardWord(r"\b(?:an)?other product\b|\banother part\b", card_values.product),
    CardWord(
        r"\bwarn\w*\b|\btriangle\b|\bexclamation\b|\bsmall picture\b|\bnot looked\b|\brough guess\b",
        card_values.warning,
    ),
    CardWord(
        r"\bminor\b|\bmajor\b|\bcritical\b|\bseverit\w*\b|\brat(?:ed|ing)\b",
        numbers.rated,
        r"\b(?:minor|major|critical|severity)\b",
    ),
    CardWord(
        r"\b(?:red|green|orange|amber|yellow|blue|grey|colou?r|tick|check ?mark|sign)\b(?!.*\b(?:map|heat)\b)",
        card_values.sign,
    ),
    CardWord(r"\b(?:zero|few)[- ]shot\b|\bmode\b", card_values.mode, r"\bzero[- ]shot\b|\bfew[- ]shot\b"),
    CardWord(NEVER, card_values.verdict, r"\b(?:anomalous|anomaly|normal|defective)\b"),
    CardWord(r"\bthreshold\b|\bcut-?off\b", tool.threshold, r"\bthreshold\b"),
    CardWord(r"\bpeak\b", card_values.peak, r"\bpeak\b"),
    CardWord(
        r"%|\bpercent\b|\bper cent\b|\bsure\b|\bcertain\b|\bconfiden\w+\b",
        card_values.sure,
        r"% sure\b|\b(?:percent|per cent|%) (?:sure|certain)\b",
    ),
    CardWord(
        r"\bheat\b|\bheat ?map\b|\bmap\b|\bcolou?rs\b",
        pictures.heat_map,
        r"\b(?:heat ?map|map|colou?rs? (?:of|on|in) the)\b",
    ),
    CardWord(r"\bscores?\b|\bout of\b|\bscale\b|\bnumbers?\b", numbers.score_of, r"\bscore\b(?!.*\d)"),
    CardWord(r"\bguarantee\b|\bpromised?\b", card_values.guarantee),
    CardWord(r"\breferences?\b", card_values.reference),
    CardWord(r"\bbox(?:es)?\b|\brectangles?\b|\bdiameters?\b|\bframes?\b", card_values.box),
    CardWord(
        r"\bregions?\b|\bmarks?\b|\br\d\b",
        card_values.region,
        r"\b(?:the |a |your )?[\"'\u201c]?region[\"'\u201d]?s? (?:mean|supposed|stand)\b"
        r"|\bmean\w* by [\"'\u201c]?(?:a )?region\b",
    ),
    CardWord(r"\babout\b|\bat least\b|\bmm\b|\bpx\b|~", card_values.measure),
    CardWord(r"\bnormal\b|\banomal\w+\b|\bverdict\b|\bgood\b|\bbad\b", card_values.verdict),
)
"""Words of the card; the first that fits is explained."""


def is_named(said: str) -> bool:
    """Whether a plain text asks what a word of the card means."""
    if any(words.search(said) for words in (sense.ASKED, _TOP, _WHY_BAND)):
        return True
    return _ASKS.search(said) is not None and any(re.search(word.strictly, said) for word in WORDS)


def explained(scene: Scene) -> list[str] | None:
    """The explanation of a word of the card that a sentence asks for; None for others."""
    said = plain(scene.question.text)
    if sense.ASKED.search(said):
        return sense.sense(scene)
    if _TOP.search(said):
        return _scale_end(scene)
    if _WHY_BAND.search(said):
        return card_values.band(scene)
    if not _ASKS.search(said):
        return None
    if re.search(_BAND, said):
        return card_values.band(scene)
    if _EFFECT.search(said) or re.search(r"\d", said):
        return None
    word = next((word for word in WORDS if re.search(word.strictly, said)), None)
    if word is not None:
        return word.say(scene)
    return kinds.kind_meaning(scene) if scene.question.kinds else None


def card_word(scene: Scene) -> list[str]:
    """What the word asked for means; of a number its meaning; of others what the card shows."""
    if (number := numbers.explained(scene)) is not None:
        return number
    said = plain(scene.question.text)
    word = next((word for word in WORDS if re.search(word.loosely, said)), None)
    if word is not None:
        return word.say(scene)
    return kinds.kind_meaning(scene) if scene.question.kinds else _shown(scene)


def _shown(scene: Scene) -> list[str]:
    """What the card shows, for a word that is none of its own, or where it is asked for as a whole."""
    found = scene.inspection
    unknown = "" if _WHOLE.search(plain(scene.question.text)) else "That word I cannot place. "
    warned = "no warning" if not found.warnings else wording.counted(len(found.warnings), "warning")
    return [
        f"{unknown}The card shows the verdict ({found.verdict.value}), the score {wording.score(found)} against the "
        f"threshold of {wording.threshold(found)}, {wording.counted(len(found.regions), 'region')} and {warned}.",
        "Ask of one of them: score, threshold, borderline, region, severity, how sure a kind is, references, heat map, warning.",
    ]


def _scale_end(scene: Scene) -> list[str]:
    """How far the scale goes."""
    score = wording.score(scene.inspection)
    end = "; it is at the end of the scale" if score == "1.00" else ""
    return [
        f"The scale ends at 1.00, and {wording.threshold(scene.inspection)} is the threshold: the score here is {score}{end}.",
        "It says how far from normal the picture looks, not how grave that is.",
    ]
