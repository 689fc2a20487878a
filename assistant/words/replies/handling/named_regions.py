"""Which regions a request means: by their numbers, also bare ones and ordinals, by a place, or by "it"."""

from __future__ import annotations

import re

from assistant.reading.spelling import plain
from assistant.types import Region
from assistant.words.scene.scene import Scene

_ORDINALS = {"third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9}
_ORDINAL = re.compile(
    rf"\b(?:{'|'.join(_ORDINALS)})\b(?= (?:one|region|mark|spot|box)\b|\W*$| (?:out|off|away|then)\b)"
)
_UNITS = (
    r"mm|cm|um|µm|px|pixels?|%|percent|per cent|inch|in\b|m\b|times|parts?|pieces?|of\b|more\b|others?\b|days?|hours?"
)
_BARE = re.compile(
    r"(?<![\d.,:/x-])(?<!\d )(?:\b(?:nos?|nr|number|r)[. ]{0,2}|#)?(?<!\d)(?P<number>[1-9]\d?)"
    rf"(?![\d:/x-]|[.,]\d| ?(?:{_UNITS}))"
)
_SEVERAL = re.compile(r"\b(?:any|every|everything|all|both|them|those|these|regions|marks|each)\b")


def numbers_named(scene: Scene) -> frozenset[int]:
    """The numbers of regions that a request names, whether there are such or not."""
    said = plain(scene.question.text)
    if scene.numbers:
        return scene.numbers
    found = {int(match["number"]) for match in _BARE.finditer(said)} | {
        _ORDINALS[word] for word in _ORDINAL.findall(said)
    }
    return frozenset(found)


def regions_meant(scene: Scene) -> tuple[Region, ...]:
    """The regions that a request means: those numbered or at a place; of all or of those spoken of the first, unless several are.

    Empty where it names a number or a place at which there is none.
    """
    regions = scene.inspection.regions
    if numbers := numbers_named(scene):
        return tuple(region for region in regions if region.id in numbers)
    if scene.places_one:
        return scene.regions
    return scene.regions if _SEVERAL.search(plain(scene.question.text)) else scene.regions[:1]
