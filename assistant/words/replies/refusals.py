"""Replies to what no picture tells: each has its own reason, and says what the picture does tell."""

from __future__ import annotations

from assistant.words.replies.verdicts import state
from assistant.words.scene.scene import Scene

_REASONS = {
    "depth": "Depth cannot be measured in one flat picture: it takes a profilometer, a second view or a scan.",
    "age": "How old it is does not show: age is not something a single picture tells.",
    "material": "What it is made of cannot be told from a picture: that takes a test of the material.",
    "origin": "Who made it or where it comes from is not in the picture.",
    "price": "What it costs is not in the picture.",
    "serial_number": "I do not read numbers or labels; please look at the marking itself.",
    "date": "When it was taken or made is not in the picture.",
    "temperature": "A photograph does not show temperature: that takes a thermal camera.",
    "weight": "Weight does not show in a picture.",
    "smell_sound": "A picture does not show how something smells or sounds.",
    "person": "I do not identify people.",
    "other_side": "Only the side that the picture shows can be judged; the rest is hidden from it.",
    "rate": "How often that happens cannot be told from one picture: it takes a count over many pieces.",
    "progress": "One picture does not show change: compare it with an earlier or a later one of the same place.",
    "text": "I do not read writing in pictures; please read the label itself.",
}


def untold(scene: Scene) -> list[str]:
    """The reason, and what was found."""
    said = state(scene)
    return [_REASONS[scene.asked.act.value], f"What I can tell: {said[:1].lower()}{said[1:]}"]
