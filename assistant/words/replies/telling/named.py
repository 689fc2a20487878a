"""What a sentence names goes before what its act asks for: a word, a number, a place, a thing that no picture tells."""

from __future__ import annotations

from assistant.reading.acts.act import Act
from assistant.reading.told.posed import Pose
from assistant.words.replies import numbers, sizes, spots
from assistant.words.replies.meaning import card_words, grounds
from assistant.words.replies.posed import alternatives
from assistant.words.replies.telling.sayers import AS_ASKED
from assistant.words.replies.untold import refusals
from assistant.words.replies.verdicts import accept
from assistant.words.scene.scene import Scene


def by_words(said: str) -> bool:
    """Whether a plain text asks by its words for what is explained whatever its act is."""
    return card_words.is_named(said) or grounds.is_named(said)


def on_what_is_named(scene: Scene, guessed: bool) -> list[str] | None:
    """The reply to what a sentence names; None where it names nothing that goes before its act.

    Args:
        scene: of the sentence.
        guessed: whether its act is a guess.
    """
    if scene.asked.slots.posed is not None:
        return _on_posed(scene, scene.asked.slots.posed.pose)
    if scene.asked.act is Act.CONTEXT:
        return None
    for say in (card_words.explained, grounds.grounded):
        if (told := say(scene)) is not None:
            return told
    if scene.asked.act in AS_ASKED:
        return None
    for say in (numbers.explained, sizes.of_the_thing):
        if (told := say(scene)) is not None:
            return told
    if scene.inside is not None and (inside := spots.on_spot(scene)) is not None:
        return inside
    untold = refusals.named_untold(scene, guessed)
    if untold is None and scene.asked.slots.scale is not None:
        return None  # what stands beside a mark is named for its size
    return spots.on_spot(scene) if untold is None else untold


def _on_posed(scene: Scene, pose: Pose) -> list[str] | None:
    if pose is Pose.DECISIONS and scene.reported is not None and not scene.anomalous:
        return accept(scene)
    if pose is Pose.KINDS and (told := grounds.grounded(scene)) is not None:
        return told
    if (untold := refusals.posed_untold(scene)) is not None:
        return untold
    if not scene.is_carried:
        return None
    return alternatives.untold(scene) if pose is Pose.KINDS else spots.on_spot(scene)
