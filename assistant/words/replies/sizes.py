"""Replies that measure: size, length, width, area, distances, in pixels and, with a scale, in millimetres."""

from __future__ import annotations

from collections.abc import Callable

from assistant.reading.acts.slots import Unit
from assistant.types import Extents, MeasuredBy, Region
from assistant.words import wording
from assistant.words.replies import phrases
from assistant.words.replies.findings import nothing
from assistant.words.replies.scene import Scene

MOST = 2
"""Regions that are measured in one reply; the table holds all."""
METRIC = {Unit.MICRON: 0.001, Unit.MM: 1.0, Unit.CM: 10.0, Unit.INCH: 25.4}
"""Millimetres of each unit of length."""
TO_CONVERT = "To convert: millimetres per pixel are a known length in mm divided by its length in pixels."
NO_SCALE = "Millimetres need a scale: give millimetres per pixel, or tell me how wide the picture is in mm."


def size(scene: Scene) -> list[str]:
    """Extents and share of the picture."""
    return _measured(scene, "measure", _whole)


def length(scene: Scene) -> list[str]:
    """Along the line, or the largest extent."""
    return _measured(scene, "measure", lambda r, e, u: f"is about {phrases.length(e.length, u)} long")


def width(scene: Scene) -> list[str]:
    """Mean width."""
    return _measured(
        scene,
        "measure",
        lambda r, e, u: f"is about {phrases.length(e.length, u)} long and {phrases.length(e.width, u)} wide",
    )


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
        scaled = "" if image.spacing_mm is None else f", {pixels * image.spacing_mm[0] * image.spacing_mm[1]:.2g} mm²"
        return f"covers {wording.percent(region.area_fraction)} of the picture (about {pixels:.0f} px²{scaled})"

    return _measured(scene, "measure", said)


def distance_edge(scene: Scene) -> list[str]:
    """To the nearest edge of the picture."""

    def said(region: Region, e: Extents, unit: str) -> str:
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
        found = phrases.extents(region)
        if found is None:
            b = region.box
            lines.append(
                f"{phrases.capital(phrases.name(region))} has a box of {b.x_max - b.x_min} x {b.y_max - b.y_min} px."
            )
            continue
        scaled = scaled or found[1] == "mm"
        if region.measures is not None:
            goes_on = goes_on or region.measures.may_go_on
            rough = rough or region.measures.by is not MeasuredBy.LINE or bool(region.measures.caveats)
        lines.append(f"{phrases.capital(phrases.name(region))}, {phrases.place(region)}, {say(region, *found)}.")
    if (more := len(regions) - MOST) > 0:
        lines.append(
            f"{phrases.capital(wording.counted(more, 'further region'))} {'is' if more == 1 else 'are'} in the table."
        )
    if goes_on:
        lines.append("It may go on beyond what could be followed.")
    elif rough:
        lines.append("That is rough: the map is coarser than the mark.")
    return [*lines, *([NO_SCALE] if scene.asked.slots.unit in METRIC and not scaled else [])]


def _whole(region: Region, e: Extents, unit: str) -> str:
    return (
        f"is about {phrases.length(e.feret[0], unit)} by {phrases.length(e.feret[1], unit)}, "
        f"{wording.percent(region.area_fraction)} of the picture"
    )


def scale(scene: Scene) -> list[str]:
    """What follows from a size that the user tells, where it is the picture's."""
    told = scene.asked.slots.scale
    if told is None or told.unit is Unit.PX:
        return [*size(scene), TO_CONVERT]
    image = scene.inspection.image
    pixels, side = (image.height, "high") if told.axis == "height" else (image.width, "wide")
    millimetres = told.number * METRIC.get(told.unit, 1.0)
    per = millimetres if told.axis == "pixel" else millimetres / pixels
    head = (
        f"With {per:.4g} mm a pixel" if told.axis == "pixel"
        else f"If the picture as a whole ({pixels} px) is {phrases.length(millimetres, 'mm')} {side}, a pixel is {per:.3g} mm"
    )  # fmt: skip
    if not scene.regions:
        return [f"{head}; there is no region to measure."]
    first = scene.regions[0]
    b = first.box
    long = first.measures.px.length if first.measures is not None else max(b.x_max - b.x_min, b.y_max - b.y_min)
    broad = first.measures.px.width if first.measures is not None else min(b.x_max - b.x_min, b.y_max - b.y_min)
    joint = "," if told.axis == "pixel" else ", and"
    return [
        f"{head}{joint} {phrases.name(first)} is about {phrases.length(long * per, 'mm')} long and "
        f"{phrases.length(broad * per, 'mm')} wide ({phrases.length(long, 'px')} by {phrases.length(broad, 'px')})."
    ]
