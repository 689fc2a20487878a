"""Replies on the form of what stands out: which way it runs, its shape, its edge, and how several lie to each other."""

from __future__ import annotations

import re
from itertools import combinations

import numpy as np

from assistant.types import Region
from assistant.vision.measuring.appearance import appearance_of
from assistant.vision.measuring.directions import LONG, direction_of
from assistant.words import wording
from assistant.words.replies.findings import around_middle, nothing
from assistant.words.scene import phrases
from assistant.words.scene.scene import Scene

MOST = 2
"""Regions that are spoken of one by one."""
NEAR = 0.3
"""Largest distance between marks that lie together, share of the picture's diagonal."""
COARSE = "That is the form of the marked area, which is coarser than the mark."
OF_THE_PART = "Which way the object itself runs I do not know, so whether that is along or across it is for you to say."
_ALONG = re.compile(
    r"\b(?:longitudinal\w*|transverse\w*|lengthwise|crosswise|alligator|axial\w*|radial\w*|along|across)\b"
)
_ROUND_THE_MIDDLE = re.compile(r"\bdegrees?\b|°|\bcircumf\w*|\bclock\b|\barc\b")


def orientation(scene: Scene) -> list[str]:
    """Which way it runs."""
    if not scene.regions:
        return nothing(scene, "follow")
    along = [OF_THE_PART] if _ALONG.search(scene.question.text.lower()) else []
    return [*(_runs(region, scene) for region in scene.regions[:MOST]), *along, COARSE]


def _runs(region: Region, scene: Scene) -> str:
    found = direction_of(scene.inspection.anomaly_map, region)
    who = phrases.named_at(region)
    if found is None or found.elongation < LONG:
        return f"{who}, is about as long as it is wide, so it has no direction of its own."
    return f"{who}, runs {found.words}."


def shape(scene: Scene) -> list[str]:
    """Long or compact; how far round the middle of the picture it goes, where degrees or a circumference are asked for."""
    if not scene.regions:
        return nothing(scene, "describe")
    if _ROUND_THE_MIDDLE.search(scene.question.text.lower()):
        return around_middle(scene)
    return [*(_formed(region, scene) for region in scene.regions[:MOST]), COARSE]


def _formed(region: Region, scene: Scene) -> str:
    found = direction_of(scene.inspection.anomaly_map, region)
    ratio = 1.0 if found is None else found.elongation
    form = "compact" if ratio < LONG else "longer than wide" if ratio < 2 * LONG else "long and narrow"
    about = "" if ratio < LONG else f", about {ratio:.0f} times as long as wide"
    return f"{phrases.named_at(region)}, is {form}{about}."


def margin(scene: Scene) -> list[str]:
    """How sharp its edge is: the map is too coarse to tell."""
    if not scene.regions:
        return nothing(scene, "describe")
    region = scene.regions[0]
    seen = appearance_of(scene.inspection.image, scene.inspection.anomaly_map, region).words
    told = f"is {seen} beside its surroundings" if seen else "differs hardly in brightness from its surroundings"
    return [
        "How sharp or regular its edge is cannot be told from the map, which is coarser than the mark.",
        f"What the pixels say: {phrases.name(region)}, {phrases.place(region)}, {told}.",
    ]


def spread(scene: Scene) -> list[str]:
    """Whether marks lie together or apart, and whether they are one."""
    regions = scene.regions
    if not regions:
        return nothing(scene, "group")
    if len(scene.inspection.regions) == 1:
        only = phrases.mark_at(regions[0], scene)
        return [f"There is one region only, {only}, so there is nothing to group."]
    if len(regions) == 1:
        regions = scene.inspection.regions
    apart = max(_distance(a, b, scene) for a, b in combinations(regions, 2))
    lie = "close together" if apart <= NEAR else "scattered over the picture"
    return [
        f"{phrases.capital(wording.counted(len(regions), 'region'))}, {lie}: {phrases.marks(regions, scene)}.",
        "They are apart in the map; whether they have one origin it does not tell.",
    ]


def _distance(one: Region, other: Region, scene: Scene) -> float:
    """Between the centres of two regions, share of the picture's diagonal."""
    image = scene.inspection.image
    (x, y), (u, v) = phrases.centre(one), phrases.centre(other)
    return float(np.hypot(x - u, y - v) / np.hypot(image.width, image.height))
