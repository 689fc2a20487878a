"""Replies on the picture and what it was judged with: its quality, better ones, the map, references, other conditions."""

from __future__ import annotations

import re

from assistant.types import Mode
from assistant.vision.measuring.picture_quality import picture_quality
from assistant.vision.regions import highest_region
from assistant.words import wording
from assistant.words.replies.verdicts import at_place, state
from assistant.words.scene import phrases
from assistant.words.scene.scene import Scene

RETAKE = "Even, diffuse light, straight from above, in focus, the part filling the picture, and always the same set-up"


def image_quality(scene: Scene) -> list[str]:
    """What the pixels say of how it was taken."""
    found = picture_quality(scene.inspection.image)
    size = f"The picture has {found.width} x {found.height} pixels"
    remarks = found.remarks
    said = (
        f"{size}, and {'; '.join(remarks)}." if remarks else
        f"{size}; its exposure, contrast and detail give no reason for doubt."
    )  # fmt: skip
    lit = "References that were taken alike keep light and colour out of the score." if (
        scene.inspection.mode is Mode.ZERO_SHOT
    ) else "Light and colour count as far as they differ from the references."  # fmt: skip
    return [said, *(f"{phrases.capital(one)}." for one in scene.inspection.warnings[:1]), lit]


def better_picture(scene: Scene) -> list[str]:
    """What would make it surer."""
    said = (
        ["The same view in the same protocol, and further slices or sequences, as the reader asks for them."]
        if scene.medical
        else [f"{RETAKE}."]
    )
    if scene.regions:
        said.append(f"For this one: a close-up of {phrases.name(scene.regions[0])}, {phrases.place(scene.regions[0])}.")
    if scene.inspection.mode is Mode.ZERO_SHOT:
        said.append("What helps most: three normal pictures of the same kind as references.")
    return said


def robust(scene: Scene) -> list[str]:
    """What another light, position or camera would do."""
    found = scene.inspection
    near = "close to the threshold, so small changes can turn the verdict" if wording.borderline(found.image_score) else (
        "well away from the threshold" if not 0.2 <= found.image_score < 0.8 else "not far from the threshold"
    )  # fmt: skip
    return [
        "I did not try it: light, position, turning and another camera all move the score, least with references taken alike.",
        f"Here it is {wording.score(found)}, {near}. Give the changed picture, and it is judged anew.",
    ]


def references(scene: Scene) -> list[str]:
    """What it was compared with, and what is not known of that."""
    found = scene.inspection
    said = [f"It was judged {phrases.judged_by(found)}."]
    if found.mode is Mode.ZERO_SHOT:
        return [*said, "Three normal pictures of the same kind would make it surer."]
    told = "I was not told" if found.mode is Mode.FEW_SHOT else "I do not know"
    said.append(
        f"How they were chosen and taken, or whether they match this {'patient' if scene.medical else 'part'}, {told}."
    )
    return [*said, *(f"{phrases.capital(one)}." for one in found.warnings[:2])]


def heat_map(scene: Scene) -> list[str]:
    """What the colours say, and where the map is highest."""
    if scene.cells or scene.point:
        return at_place(scene)
    found = scene.inspection
    means = (
        f"The map gives every place a score from 0, dark, to 1, bright; the threshold is {wording.threshold(found)}."
    )
    row, column, score = found.anomaly_map.highest
    if _names_thing_there(scene):
        means = "Where that lies in the picture I do not know: tell me a corner, a side, or x and y."
    place = found.regions[0] if found.regions else highest_region(found)
    at = f"around x {column}, y {row} px" if place is None else f"{phrases.place(place)}, around x {column}, y {row} px"
    return [means, f"It is highest {at}, with {wording.score(found, score)}.", _drives(scene)]


def _names_thing_there(scene: Scene) -> bool:
    """Whether the message names a thing without its place, and asks of the map "there"."""
    there = re.search(r"\bthere\W*$", scene.question.text.lower()) is not None
    return there and scene.spot is None and scene.question.text != scene.message.text and not scene.message.cells


def _drives(scene: Scene) -> str:
    """What the image score rests on."""
    said = state(scene)
    return f"The image score rests on the highest places: {said[:1].lower()}{said[1:]}"


def learn(scene: Scene) -> list[str]:
    """How it is taught."""
    return [
        "I do not learn from the chat.",
        "It is taught by files: normal pictures as references or as a profile (profile build), names of kinds by examples.",
    ]


def privacy(scene: Scene) -> list[str]:
    """Where the picture goes, and what is kept."""
    return [
        "The picture is judged on the machine that runs this program, which sends it nowhere else.",
        "What is kept is there too: by the page a project until you delete it (none with --no-projects), by a server "
        "the picture in memory for an hour, by commands what --out names.",
    ]
