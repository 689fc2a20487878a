"""What a size that the user tells is of (a pixel, the picture, the object, a part, a mark), and the scale that follows."""

from __future__ import annotations

import re

from assistant.reading.question import read_question
from assistant.reading.told.scales import METRIC, Scale
from assistant.types import QueryImage

BY_DISTANCE = "A camera's height or distance gives no scale by itself: that takes its angle of view as well."
DISTANCE = re.compile(r"\b(?:camera|lens|focal|stand-?off)\b.*\d|\d.*\b(?:away|above|height)\b")
_PART = re.compile(
    r"\b(?:inner|inside|holes?|bores?|screws?|bolts?|nuts?|pins?|pads?|rings?|hubs?|threads?|coins?|rulers?|labels?|letters?"
    r"|fingers?|tooth|teeth|wires?|leads?|slots?|grooves?|washers?|rivets?|studs?|nails?|keys?|pens?|pencils?|busbars?|chips?"
    r"|traces?|joints?|connectors?|capacitors?|resistors?|tracks?|lanes?|tyres?|bricks?|buttons?|stitch(?:es)?|yarns?|vessels?)\b"
)
"""Words for what is only a part of what a picture shows, unless the picture was said to be of one."""
_MARK = re.compile(r"\b(?:it|mark|defect|region|lesion|line|spot|flaw|damage|anomaly|tumou?r|nodule)\b")


def is_of_mark(told: Scale) -> bool:
    """Whether a size was told of a defect rather than of the object or a pixel: it holds for that mark alone."""
    return bool(read_question(told.of).kinds) or _MARK.search(told.of.lower()) is not None


def is_of_part(told: Scale, object_name: str | None) -> bool:
    """Whether a size was told of what is only a part of the picture: how many pixels that takes is not known."""
    named = set(re.findall(r"\w+", (object_name or "").lower()))
    parts = {match.group() for match in _PART.finditer(told.of.lower())}
    return told.axis != "pixel" and bool(parts) and not parts & named


def by_part(told: Scale) -> str:
    """What a size told of a part of the picture lacks."""
    of = told.of if told.of.split()[0] in ("the", "a", "an", "our", "my", "this") else f"the {told.of}"
    return (
        f"How many pixels {of} ({told.number:g} {told.unit.value}) takes in this picture I do not know, so it gives no scale: "
        'tell its length in pixels ("100 px are 12 mm"), or how wide the whole picture is.'
    )


def millimetres_per_pixel(told: Scale, image: QueryImage) -> float | None:
    """The scale that follows where what was told is a pixel, or spans the picture; None where it is in pixels."""
    if told.unit not in METRIC:
        return None
    millimetres = told.number * METRIC[told.unit]
    if told.axis == "pixel":
        return millimetres
    return millimetres / (image.height if told.axis == "height" else image.width)
