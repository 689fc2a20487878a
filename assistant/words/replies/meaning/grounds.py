"""Replies on what a result rests on: references that would change it, whether it is evidence, what to keep, whom to ask."""

from __future__ import annotations

import re
from collections.abc import Callable

from assistant.reading.spelling import plain
from assistant.types import Domain
from assistant.vocabulary.defect_types import ALL_TYPES
from assistant.vocabulary.materials import fits_object, materials_of
from assistant.words import wording
from assistant.words.replies.handling import reference_set
from assistant.words.replies.verdicts import PERSON, YOURS
from assistant.words.scene import phrases
from assistant.words.scene.scene import Scene

LISTED = 12
"""Kinds that are listed in one reply."""
NORMALS = (
    r"(?:references?(?: \w+)?|normals|(?:good|normal) (?:\w+ )?(?:ones?|samples?|pictures?|images?|pieces?|parts?|tiles?"
    r"|bottles?|castings?"
    r"|cells?|boards?|tablets?|units?)|comparison (?:pictures?|images?))\b"
)
"""Pictures of good ones."""
_WOULD = re.compile(
    rf"\b(?:would|could|can|may|might|will|should|if i|if we|when i|help|chang\w+|improv\w+|differen\w+|better|repeat|again"
    rf"|matter)\b.*\b{NORMALS}"
    rf"|\b{NORMALS}.*\b(?:would|could|can|may|might|will|should|help|chang\w+|improv\w+|become|differen\w+|better|caught|matter)\b"
)
_IF_GIVEN = re.compile(
    r"\b(?:if|when|once) (?:i|we|you) (?:\w+ )?(?:give|gave|add|added|had|have|provide|use|used|take|send|upload)\b"
)
_CHANGES = re.compile(r"\b(?:chang\w*|differ\w*|improv\w+|better|become|turn out)\b")
_HOW_MANY = re.compile(
    r"\bhow many (?:of (?:them|those) )?(?:\w+ ){0,2}(?:do|would|should|must) (?:you|i|we) (?:need|want|like|give|take|use"
    r"|send|show|upload|provide|add)\b"
    r"|\b(?:which|what)(?: kind of)? (?:ones?|pictures?|samples?|images?|references?) (?:\w+ )?(?:do|would|should"
    r"|must) (?:you|i|we)\b"
    r"|\bhow many references?\b|\bhow (?:should|do) (?:i|we) (?:choose|pick|take) (?:them|the references?|references?)\b"
)
_EVIDENCE = re.compile(
    r"\b(?:sufficient|enough|adequate|solid|good|strong)\b.{0,20}\b(?:evidence|proof|basis|grounds?|reason)\b"
    r"|\b(?:evidence|proof|enough) (?:for|to|of)\b.{0,20}\b(?:reject\w*|claim\w*|complain\w*|scrap\w*|accept\w*|defect|release)\b"
    r"|\bdoes (?:it|that|this) prove\b|\bcan (?:i|we) (?:rely|trust|count)\b.{0,12}\b(?:on|it|this|that)\b"
)
_RECORDS = re.compile(
    r"\b(?:records?|documents?|documentation|papers?|paperwork|files?|logs?)\b.{0,30}\b(?:kept|keep|save|saved|store|stored|archive\w*|need\w*)\b"
    r"|\b(?:keep|save|store|archive)\b.{0,20}\b(?:records?|documentation|evidence)\b"
)
_VALIDATED = re.compile(
    r"\b(?:when|how|last|ever|who)\b.{0,40}\b(?:validated|calibrated|trained|retrained|verified|qualified)\b"
    r"|\b(?:date|status) of (?:the )?(?:validation|calibration)\b"
)
_WHO = re.compile(
    r"\bwho (?:else )?(?:do|should|can|could|would|must|shall|am) (?:i|we) (?:\w+ )?(?:ask|call|contact|talk|turn|speak|go"
    r"|trust)\b"
    r"|\bwho(?:m)? to (?:ask|call|contact)\b|\bwho (?:else )?(?:can|could|would) (?:tell|help|know|say)\b"
)
_USUAL_KINDS = re.compile(
    r"\b(?:which|what) (?:kinds?|types?|sorts?) of (?:defects?|faults?|flaws?|damages?|errors?|anomal\w+)\b"
    r"(?! (?:is|was|are|did you|have you|do you see|has|does it)\b)"
    r"|\bwhat (?:defects?|faults?|flaws?) (?:do|can|could|should|would|are) (?:people|you|we|i|one|usual\w*|typical\w*"
    r"|common\w*|there)\b"
    r"|\b(?:typical|common|usual) (?:defects?|faults?|flaws?)\b(?! (?:here|in this))"
)


def is_named(said: str) -> bool:
    """Whether a plain text asks by its words what a result rests on."""
    return any(words.search(said) for words in (_HOW_MANY, _WOULD, *(topic for topic, _ in _TOPICS)))


def grounded(scene: Scene) -> list[str] | None:
    """The reply to a sentence about what the result rests on; None for others."""
    said = plain(scene.question.text)
    if _HOW_MANY.search(said) and (re.search(NORMALS, plain(scene.message.text)) or "reference" in said):
        return reference_set.choosing(scene)
    if _WOULD.search(said) and not re.search(r"\bwithout\b.*\bwhy\b|\bhow do you know\b|\bwhy\b", said):
        return reference_set.with_references(scene)
    message = plain(scene.message.text)
    if _IF_GIVEN.search(message) and re.search(NORMALS, message) and (_IF_GIVEN.search(said) or _CHANGES.search(said)):
        return reference_set.with_references(scene)
    if _CHANGES.search(said) and re.search(rf"\bwithout {NORMALS}", message):
        return reference_set.with_references(scene)
    return next((say(scene) for words, say in _TOPICS if words.search(said)), None)


def evidence(scene: Scene) -> list[str]:
    """Whether one result is enough to decide by."""
    found = scene.inspection
    close = ", which is close to the threshold" if wording.borderline(found.image_score) else ""
    return [
        f"By itself no: it is one picture, judged {phrases.judged_by(found)} ({phrases.scored(found)}{close}).",
        "It says where to look; a look at the piece itself, or a measurement, is the evidence.",
        "A qualified reader decides." if scene.medical else YOURS,
    ]


def records(scene: Scene) -> list[str]:
    """What to keep of a result."""
    found = scene.inspection
    boxes = "" if not found.regions else ", the boxes of the regions"
    return [
        f"Keep the picture, the score with its threshold ({wording.score(found)} against "
        f"{wording.threshold(found)}){boxes}, how it was judged "
        f"({phrases.judged_by(found)}), and what made it (preset {found.preset}, trained parts {found.weights[:19]}).",
        "Add what a person found on the piece itself; --out writes the rest to a folder.",
    ]


def validated(scene: Scene) -> list[str]:
    """When the model was trained, calibrated or validated, which is not told here."""
    return [
        f"When it was trained, calibrated or validated is not recorded in the result: it names the trained parts "
        f"({scene.inspection.weights[:19]}), by which the records can be found.",
        "How well it does on your product, `evaluate` measures on pictures of your own.",
    ]


def whom_to_ask(scene: Scene) -> list[str]:
    """Who could tell what a picture does not."""
    if scene.medical:
        return ["Ask the reading radiologist or the treating doctor, with the whole examination: they decide."]
    return [f"Ask somebody who has the piece in hand and knows its limits. {PERSON}"]


def usual_kinds(scene: Scene) -> list[str]:
    """The kinds that are looked for on such an object."""
    materials = materials_of(scene.inspection.object_name)
    domain = Domain.MEDICAL if scene.medical else Domain.INDUSTRIAL
    entries = [
        entry for name in ALL_TYPES if (entry := scene.knowledge.find(name)) is not None and entry.domain is domain
    ]
    named = [entry.name for entry in entries if scene.medical or fits_object(entry.name, materials)]
    on = f" on {phrases.thing(scene)}" if phrases.thing(scene) and not scene.medical else ""
    more = f" and {len(named) - LISTED} more" if len(named) > LISTED else ""
    listed = ", ".join(named[:LISTED]) + more if more else wording.join(named)
    return [
        f"The kinds that I can name{on} are {listed}.",
        "What is usual for such a product, and what hides from a picture, its makers know better.",
    ]


_TOPICS: tuple[tuple[re.Pattern[str], Callable[[Scene], list[str]]], ...] = (
    (_EVIDENCE, evidence), (_RECORDS, records), (_VALIDATED, validated), (_WHO, whom_to_ask), (_USUAL_KINDS, usual_kinds),
)  # fmt: skip
"""What a sentence asks about, and what is said on it; the first that fits."""
