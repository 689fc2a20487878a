"""What was said is not said again: within a message, and in the answers before it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.reading.acts.act import Act
from assistant.reading.acts.understanding import AskedAct
from assistant.types import Inspection
from assistant.words.replies.untold import refusals
from assistant.words.replies.verdicts import NOT_ABSENT, state
from assistant.words.scene import phrases
from assistant.words.scene.scene import Scene


def not_yet_said(new: Sequence[str], said: Sequence[str], inspection: Inspection) -> list[str]:
    """Sentences without those that tell a second time the score, the highest place of the map, or what was said word for word.

    The first of them answers what was asked and stays, without the score.
    """
    told = " ".join(said).lower()
    score, highest = phrases.scored(inspection), "the map is highest"
    worth, limit = NOT_ABSENT, phrases.LIMIT.lower()
    kept = []
    for at, sentence in enumerate(new):
        if at == 0 and score in told:
            sentence = sentence.replace(f" ({score})", "")
        if (
            sentence.lower() in told
            or sentence.lower() in told.replace(f" ({score})", "")
            or any(again in told and again in sentence.lower() for again in (score, highest, worth))
        ):
            continue
        kept.append(_without(sentence, phrases.LIMIT) if limit in told else sentence)
    return kept


def once(sentences: Sequence[str], scene: Scene) -> list[str]:
    """Sentences once each, without what a refusal adds of the finding where another answer tells it."""
    told = [*dict.fromkeys(sentences)]
    if state(scene) not in told:
        return told
    return [sentence for sentence in told if not sentence.startswith(refusals.CAN_TELL)]


def _without(sentence: str, part: str) -> str:
    """A sentence without a part that was said, where something else is left."""
    return sentence.replace(part, "").strip() or sentence


_AS_A_WHOLE = frozenset(
    {Act.SUMMARY, Act.REPORT, Act.REPHRASE, Act.LIST_REGIONS, Act.CHECKED, Act.PRESENCE, Act.DESCRIBE}
)
"""Acts whose answer is said whole, whatever was said before."""
_LEAD = re.compile(r"^(?:What I (?:can tell|can say of the picture|see|found|have)|Here|In short|By itself): ")


def without_heard(sentences: list[str], heard: Sequence[str], asked: Sequence[AskedAct]) -> list[str]:
    """Sentences without those, behind the first, that were said before; what a normal verdict is worth is said each time."""
    if not heard or any(one.act in _AS_A_WHOLE for one in asked):
        return sentences
    before, here = " ".join(heard).lower(), " ".join(sentences)

    def again(sentence: str) -> bool:
        core = _LEAD.sub("", sentence).lower().rstrip(".")
        needed = sentence in (phrases.LIMIT, phrases.SCAN_LIMIT) and NOT_ABSENT not in here
        answers = sentence.startswith("Which of ")
        return core in before and not (needed or answers or is_item(sentence) or NOT_ABSENT in sentence.lower())

    return [*sentences[:1], *(sentence for sentence in sentences[1:] if not again(sentence))]


def is_item(sentence: str) -> bool:
    """Whether it is an item of a list."""
    return sentence.startswith(("- ", "| ")) or (sentence[:1].isdigit() and sentence[1:3] == ". ")
