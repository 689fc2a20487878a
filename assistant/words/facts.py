"""What is known of an inspected picture, a line each: what a language model is told, and what its words are held against."""

from __future__ import annotations

from assistant.types import Extents, Inspection, MeasuredBy, Mode, Region
from assistant.vision.measuring.directions import LONG, direction_of
from assistant.vision.regions import highest_region
from assistant.vocabulary.knowledge import Knowledge
from assistant.words import wording
from assistant.words.evidence import knowledge_line

MOST = 9
"""Regions told of one by one."""
KINDS = 3
"""Kinds whose causes, effects and next steps are told."""


def fact_lines(inspection: Inspection, knowledge: Knowledge) -> list[str]:
    """The facts of a picture, the strongest region first.

    Args:
        inspection: what the numbers say.
        knowledge: of kinds.
    """
    image, regions = inspection.image, inspection.regions
    sure = wording.band(inspection.image_score, inspection.mode is not Mode.ZERO_SHOT)
    lines = [
        f"Object: {inspection.object_name or 'not named by the user'}.",
        f"Picture: {image.width} px wide, {image.height} px high; {_scale(inspection)}.",
        f"Verdict: {inspection.verdict.value}, {sure}: score "
        f"{wording.score(inspection)} against a threshold of {wording.threshold(inspection)} (0 normal, 1 anomalous).",
        f"Judged {_judged(inspection)}.",
        f"Anomalous regions: {len(regions)}.",
        *(region_line(inspection, region) for region in regions[:MOST]),
        *(line for region in regions[:MOST] if (line := direction_line(inspection, region))),
        *([f"{len(regions) - MOST} weaker regions are not described."] if len(regions) > MOST else []),
    ]
    place = highest_region(inspection)
    if place is not None:
        lines.append(
            "No region reaches the threshold; the map is highest, "
            f"{wording.score(inspection, place.peak_score)}, {_at(place)}."
        )
    if inspection.rule is not None:
        lines.append(f"The user's own rule says {wording.ruling(inspection.rule)}.")
    if inspection.coverage is not None and inspection.coverage.detail != "overview":
        seen = f"{100 * inspection.coverage.looked_at:.0f} % of the picture"
        lines.append(f"Looked at closely, in {inspection.coverage.tiles} tiles: {seen}.")
    lines += [f"Warning: {warning}" for warning in inspection.warnings]
    entries = [entry for kind in dict.fromkeys(r.type for r in regions) if (entry := knowledge.find(kind)) is not None]
    lines += [knowledge_line(entry) for entry in entries[:KINDS]]
    return [*lines, *([notice] if (notice := wording.caution(inspection, knowledge)) else [])]


def region_line(inspection: Inspection, region: Region) -> str:
    """What is known of a region."""
    kind = region.type or "kind unknown"
    if region.type is not None and region.type_probability is not None:
        kind = f"most like {kind} ({100 * region.type_probability:.0f} % sure)"
    box, measures = region.box, region.measures
    told = [
        kind, _at(region), f"x {box.x_min} to {box.x_max - 1} px, y {box.y_min} to {box.y_max - 1} px",
        f"{wording.percent(region.area_fraction)} of the picture", f"peak score {wording.score(inspection, region.peak_score)}",
        f"severity {region.severity.value}",
    ]  # fmt: skip
    if measures is not None:
        line = measures.by is MeasuredBy.LINE
        how = "" if line else " (rough: measured on the map's outline)"
        whose = "the line in it is " if line else ""
        told += [f"{whose}{_extents(e, u)}" for e, u in ((measures.px, "px"), (measures.mm, "mm")) if e is not None]
        told[-1] += how
        told += measures.caveats
    return f"Region {region.id}: {', '.join(told)}."


def direction_line(inspection: Inspection, region: Region) -> str:
    """Which way a region runs; empty where it is about as long as it is wide."""
    found = direction_of(inspection.anomaly_map, region)
    return "" if found is None or found.elongation < LONG else f"Region {region.id} runs {found.words}."


def _extents(extents: Extents, unit: str) -> str:
    said = f"{_short(extents.length)} {unit} long and {_short(extents.width)} {unit} wide"
    edge = "touching the picture's edge"
    if extents.edge_distance > 0:
        edge = f"{_short(extents.edge_distance)} {unit} from the picture's edge"
    return f"{said}, {edge}"


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}"


def _at(region: Region) -> str:
    return "across much of the picture" if len(region.cells) > 4 else f"at {wording.place(region.cells)}"


def _scale(inspection: Inspection) -> str:
    spacing = inspection.image.spacing_mm
    if spacing is None:
        return "no scale is known, so nothing is known in millimetres"
    return f"{spacing[1]:.4g} mm a pixel across, {spacing[0]:.4g} mm down"


def _judged(inspection: Inspection) -> str:
    if inspection.mode.value == "zero_shot":
        return "without any reference picture of a normal one, so this is a rough guess"
    if inspection.mode.value == "mutual":
        return "against the other pictures of the same run"
    return (
        f"against {wording.counted(inspection.references, 'normal reference picture')}"
        if inspection.references
        else "against normal reference pictures"
    )
