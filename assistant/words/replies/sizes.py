"""Replies that measure: size, length, width, area, distances, in pixels and, with a scale, in millimetres."""

from __future__ import annotations

import re
from collections.abc import Callable

from assistant.reading.acts.act import Family
from assistant.reading.spelling import plain
from assistant.reading.told.scales import METRIC, PICTURE, Scale, Unit, length_of
from assistant.types import Extents, MeasuredBy, QueryImage, Region
from assistant.words import wording
from assistant.words.replies.findings import nothing
from assistant.words.replies.posed.told_sizes import (
    BY_DISTANCE,
    DISTANCE,
    by_part,
    is_of_mark,
    is_of_part,
    millimetres_per_pixel,
)
from assistant.words.scene import phrases
from assistant.words.scene.scene import Scene
from assistant.words.scene.seen import whole_pattern

MOST = 2
"""Regions that are measured in one reply; the table holds all."""
TWO = 2
"""Regions from which lengths can be summed."""
ROUGHLY, CLOSELY = 0.3, 0.1
"""Shares of a limit within which a rough, and a followed, extent does not tell on which side it lies."""
TO_CONVERT = "To convert: millimetres per pixel are a known length in mm divided by its length in pixels."
GOES_ON = "It may go on beyond what could be followed."
NO_SCALE = "Millimetres need a scale: give millimetres per pixel, or tell me how wide the picture is in mm."

_TOTAL = re.compile(r"\b(?:total|together|altogether|combined|sum|overall|summed|in all)\b")
_LIMIT = re.compile(
    r"\b(?:over|above|more than|bigger than|larger than|longer than|wider than|exceed\w*|under|below|less than|smaller than"
    r"|shorter than|limit (?:is|of))\s+(?P<number>\d+(?:[.,]\d+)?)\s*(?P<unit>mm|cm|px|pixels?)\b"
)


_OF_THE_THING = re.compile(
    r"\b(?:diameter|size|dimensions?|width|length|height|circumference|area) of $|\bhow (?:tall|wide|long|big|large|high"
    r"|thick|broad) (?:is|are) $"
)


def of_the_thing(scene: Scene) -> list[str] | None:
    """To somebody who asks for the size of the thing in the picture, which is not measured; None for others."""
    said = plain(scene.question.text)
    named = whole_pattern(scene.inspection.object_name or "").search(said)
    if scene.asked.act.family is not Family.MEASURE or scene.places_one or named is None:
        return None
    if not _OF_THE_THING.search(said[: named.start()]) or named.group().split()[-1] in (
        "picture",
        "image",
        "photo",
        "scan",
    ):
        return None
    what = phrases.thing(scene) or "the thing in the picture"
    return [f"I measure only what is marked, and not {what} itself: a gauge or the drawing tells its size.", *(
        size(scene)[:1] if scene.regions else [])]  # fmt: skip


def size(scene: Scene) -> list[str]:
    """Extents and share of the picture."""
    return _measured(scene, "measure", _whole)


def length(scene: Scene) -> list[str]:
    """Along the line, or the largest extent."""
    told = _measured(scene, "measure", lambda r, e, u: f"is about {phrases.length(e.length, u)} long")
    return _summed(scene) or told


def _summed(scene: Scene) -> list[str]:
    """The lengths of several regions together, where the message asks for that."""
    found = [extents for region in scene.regions if (extents := _extents(region, scene)) is not None]
    if len(found) < TWO or len(found) < len(scene.regions) or not _TOTAL.search(scene.question.text.lower()):
        return []
    whole = phrases.length(sum(e.length for e, _ in found), found[0][1])
    on = any(region.measures is not None and region.measures.may_go_on for region in scene.regions)
    said = f"The {wording.counted(len(found), 'region')} are about {whole} long together."
    return [said, *([GOES_ON] if on else []), *_no_scale(scene)]


def width(scene: Scene) -> list[str]:
    """Mean width."""
    told = _measured(
        scene,
        "measure",
        lambda r, e, u: (
            f"is about {phrases.length(e.length, u)} long and, on average, {phrases.length(e.width, u)} wide"
        ),
    )
    apart = scene.asked.slots.extreme in ("widest", "narrowest") and bool(scene.regions)
    return [*told, *([f"Its {scene.asked.slots.extreme} point alone is not measured."] if apart else [])]


def area(scene: Scene) -> list[str]:
    """Share of the picture, and area."""
    regions = scene.regions
    if len(regions) > 1 and not scene.places_one:
        total = sum(r.area_fraction for r in regions)
        return [
            f"The {wording.counted(len(regions), 'marked region')} cover {wording.percent(total)} of the picture together."
        ]

    image = scene.inspection.image

    def said(region: Region, e: Extents, unit: str) -> str:
        pixels = region.area_fraction * image.width * image.height
        per = _area_of_pixel(scene) if unit == "mm" else None
        scaled = "" if per is None else f", {pixels * per:.2g} mm²"
        return f"covers {wording.percent(region.area_fraction)} of the picture (about {pixels:.0f} px²{scaled})"

    return _measured(scene, "measure", said)


def _area_of_pixel(scene: Scene) -> float | None:
    """Square millimetres of a pixel, by the file, the option or what the user told; None without."""
    if (spacing := scene.inspection.image.spacing_mm) is not None:
        return spacing[0] * spacing[1]
    side = (
        None
        if scene.state.told_scale is None
        else millimetres_per_pixel(scene.state.told_scale, scene.inspection.image)
    )
    return None if side is None else side * side


def distance_edge(scene: Scene) -> list[str]:
    """To the nearest edge of the picture, or to the one that is named."""
    edge, image = scene.asked.slots.edge, scene.inspection.image

    def said(region: Region, e: Extents, unit: str) -> str:
        if edge is not None:
            b = region.box
            pixels = {
                "left": b.x_min,
                "top": b.y_min,
                "right": image.width - b.x_max,
                "bottom": image.height - b.y_max,
            }[edge]
            return (
                f"touches the {edge} edge of the picture"
                if pixels <= 0
                else f"is {pixels} px from the {edge} edge of the picture"
            )
        if e.edge_distance <= 0:
            return "touches the edge of the picture"
        return f"is {phrases.length(e.edge_distance, unit)} from the nearest edge of the picture"

    return _measured(scene, "measure from", said)


def distance_region(scene: Scene) -> list[str]:
    """To the nearest other region."""
    if len(scene.inspection.regions) == 1:
        return ["Only one region stands out, so there is no distance to another."]

    def said(region: Region, e: Extents, unit: str) -> str:
        if e.nearest is None or region.measures is None:
            return "has no other region beside it"
        return f"is {phrases.length(e.nearest, unit)} from region {region.measures.nearest_id}, the nearest other one"

    return _measured(scene, "measure between", said)


def _measured(scene: Scene, doing: str, say: Callable[[Region, Extents, str], str]) -> list[str]:
    regions = scene.regions
    if not regions:
        return nothing(scene, doing)
    lines: list[str] = []
    scaled = goes_on = rough = False
    for region in regions[:MOST]:
        found = _extents(region, scene)
        if found is None:
            b = region.box
            lines.append(
                f"{phrases.capital(phrases.name(region))} has a box of {b.x_max - b.x_min} x {b.y_max - b.y_min} px."
            )
            continue
        scaled = scaled or found[1] == "mm"
        if region.measures is not None:
            goes_on = goes_on or region.measures.may_go_on
            rough = rough or _rough(region)
        lines.append(f"{phrases.capital(phrases.name(region))}, {phrases.place(region)}, {say(region, *found)}.")
    if (more := len(regions) - MOST) > 0:
        lines.append(
            f"{phrases.capital(wording.counted(more, 'further region'))} {'is' if more == 1 else 'are'} in the table."
        )
    if goes_on:
        lines.append(GOES_ON)
    elif rough:
        lines.append("That is rough: the map is coarser than the mark.")
    if (first := _extents(regions[0], scene)) is not None:
        lines += _against_limit(scene, *first, rough)
    if scaled:
        return [*lines, *_assumption(scene)]
    return [*lines, *([line for line in _no_scale(scene) if line not in lines])]


def _no_scale(scene: Scene) -> list[str]:
    """Why there are no millimetres, where they are asked for or a size was told that gives none."""
    told = scene.asked.slots.scale
    if told is not None and is_of_part(told, scene.inspection.object_name):
        return [by_part(told)]
    if scene.asked.slots.unit not in METRIC:
        return []
    return [*([BY_DISTANCE] if DISTANCE.search(scene.message.text.lower()) else []), NO_SCALE]


def _whole(region: Region, e: Extents, unit: str) -> str:
    """Of a line that was followed the extents are its own, the share is that of what the map marks around it."""
    extents = f"about {phrases.length(e.feret[0], unit)} by {phrases.length(e.feret[1], unit)}"
    share = wording.percent(region.area_fraction)
    if region.measures is not None and region.measures.by is MeasuredBy.LINE:
        return f"holds a line of {extents}; the marked area around it is {share} of the picture"
    return f"is {extents}, {share} of the picture"


def scale(scene: Scene) -> list[str]:
    """What follows from a size that the user tells, where it is the picture's or a pixel's."""
    told = scene.asked.slots.scale
    if told is not None and is_of_mark(told) and told.unit in METRIC and scene.regions:
        return [_by_mark(told, scene.regions[0])]
    if told is not None and is_of_part(told, scene.inspection.object_name):
        return [by_part(told), *size(scene)]
    if told is None and DISTANCE.search(scene.question.text.lower()):
        return [*size(scene), BY_DISTANCE, NO_SCALE]
    per = None if told is None else millimetres_per_pixel(told, scene.inspection.image)
    if told is None or per is None:
        return [*size(scene), TO_CONVERT]
    head = f"With {per:.4g} mm a pixel" if told.axis == "pixel" else _assumed(told, per, scene.inspection.image)
    if not scene.regions:
        return [f"{head}; there is no region to measure."]
    first = scene.regions[0]
    b = first.box
    long = first.measures.px.length if first.measures is not None else max(b.x_max - b.x_min, b.y_max - b.y_min)
    broad = first.measures.px.width if first.measures is not None else min(b.x_max - b.x_min, b.y_max - b.y_min)
    measured = Extents(long * per, broad * per, (long * per, broad * per), b.area * per * per, 0.0, 0.0)
    joint = "," if told.axis == "pixel" else ", and"
    return [
        f"{head}{joint} {phrases.name(first)} is about {phrases.length(long * per, 'mm')} long and "
        f"{phrases.length(broad * per, 'mm')} wide ({phrases.length(long, 'px')} by {phrases.length(broad, 'px')}).",
        *_against_limit(scene, measured, "mm", _rough(first)),
    ]


def _by_mark(told: Scale, region: Region) -> str:
    """What a size that was told of a mark makes of the pixels of a region."""
    b = region.box
    long = region.measures.px.length if region.measures is not None else max(b.x_max - b.x_min, b.y_max - b.y_min)
    millimetres = told.number * METRIC[told.unit]
    return (
        f"{phrases.capital(phrases.name(region))} is about {phrases.length(long, 'px')} long on the map: if that is what you "
        f"measured, a pixel is {millimetres / long:.3g} mm. Tell me that, and I go on with it."
    )


def _assumed(told: Scale, per: float, image: QueryImage) -> str:
    """A scale that holds where what was told spans the picture."""
    pixels, side = (image.height, "high") if told.axis == "height" else (image.width, "wide")
    whole = phrases.length(told.number * METRIC.get(told.unit, 1.0), "mm")
    if told.of == PICTURE:
        return f"With the picture ({pixels} px) {whole} {side}, a pixel is {per:.3g} mm"
    if told.axis == "diameter" and not told.of:
        return f"If the diameter of {whole} spans the picture from side to side ({pixels} px), a pixel is {per:.3g} mm"
    spans = f"the picture as a whole ({pixels} px)" if not told.of else f"{told.of} spans the picture ({pixels} px) and"
    return f"If {spans} is {whole} {side}, a pixel is {per:.3g} mm"


def _extents(region: Region, scene: Scene) -> tuple[Extents, str] | None:
    """The extents of a region: in millimetres by the file, the option or what the user told; else in pixels."""
    found = phrases.extents(region)
    told = scene.state.told_scale
    if found is None or found[1] == "mm" or told is None or scene.asked.slots.unit is Unit.PX:
        return found
    per = millimetres_per_pixel(told, scene.inspection.image)
    return found if per is None else (_scaled(found[0], per), "mm")


def _assumption(scene: Scene) -> list[str]:
    """What millimetres rest on where neither file nor option gave the scale, and the user did not tell it of a pixel."""
    told = scene.state.told_scale
    if told is None or told.axis == "pixel" or scene.inspection.image.spacing_mm is not None:
        return []
    image = scene.inspection.image
    way, pixels = ("from top to bottom", image.height) if told.axis == "height" else ("from side to side", image.width)
    if told.of == PICTURE:
        return [f"Taken from the picture, {told.number:g} {told.unit.value} {way} ({pixels} px)."]
    of = told.of or ("the diameter" if told.axis == "diameter" else "what you measured")
    size_told = f"{told.number:g} {told.unit.value}"
    return [
        f"Millimetres hold if {of} spans the picture {way} ({size_told} over {pixels} px); if not, tell how many pixels it takes."
    ]


def _scaled(e: Extents, per: float) -> Extents:
    nearest = None if e.nearest is None else e.nearest * per
    feret = (e.feret[0] * per, e.feret[1] * per)
    return Extents(
        e.length * per, e.width * per, feret, e.area * per * per, e.edge_distance * per, e.margin * per, nearest
    )


def _rough(region: Region) -> bool:
    return region.measures is None or region.measures.by is not MeasuredBy.LINE or bool(region.measures.caveats)


def _against_limit(scene: Scene, e: Extents, unit: str, rough: bool) -> list[str]:
    """Whether it is over a limit that the message names in the unit at hand; nothing where it names none."""
    if (asked := _LIMIT.search(scene.message.text.lower())) is None:
        return []
    limit, named = length_of(asked["number"], asked["unit"])
    if named != unit:
        return [] if unit == "mm" else [NO_SCALE]
    extent = e.width if re.search(r"\b(?:wide|width|thick)\b", scene.message.text.lower()) else e.length
    if abs(extent - limit) <= max(e.margin, (ROUGHLY if rough else CLOSELY) * limit):
        return [f"That is too near to {phrases.length(limit, unit)} to say which side of it it lies."]
    return [f"That is {'over' if extent > limit else 'under'} {phrases.length(limit, unit)}."]
