"""Replies to what somebody only tells: one short sentence that says what was taken up, or that the result stays."""

from __future__ import annotations

import zlib

from assistant.words import wording
from assistant.words.replies.verdicts import no_such_region
from assistant.words.scene import phrases
from assistant.words.scene.scene import Scene

WORDINGS = (
    "Noted; it changes nothing in the result.",
    "I see; the result stays as it is.",
    "Understood; the score and the marks are not touched by that.",
    "All right, noted; the finding stays the same.",
    "Thanks for telling me; the numbers stay as they are.",
)
"""Said of what is told and concerns nothing that was found; which of them, the words of the message choose."""


def context(scene: Scene) -> list[str]:
    """That it was heard: of a region or place, which one is meant from here on."""
    if scene.numbers:
        if not scene.regions:
            return [no_such_region(scene)]
        named = wording.join([phrases.name(region) for region in scene.regions])
        stay = "its score and rating stay" if len(scene.regions) == 1 else "their scores and ratings stay"
        return [f"Noted for {named}; {stay} as they are."]
    if scene.cells:
        return [f"Noted for {scene.here}; the map stays as it is there."]
    return [WORDINGS[zlib.crc32(scene.message.text.encode()) % len(WORDINGS)]]
