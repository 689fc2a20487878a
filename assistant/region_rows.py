"""Regions as rows hold them, and read back: plain values, pixels and millimetres apart. Decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from assistant.types import Box, Extents, MeasuredBy, Measures, Region, Severity

Score = Annotated[float, Field(ge=0, le=1)]
Size = Annotated[float, Field(ge=0)]


class Row(BaseModel):
    """What rows are made of: read-only, without fields of others."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class RegionRow(Row):
    """A region; ``box`` is (x_min, y_min, x_max, y_max), half-open, source pixels.

    ``group`` is the letter of the regions of its run that it is alike, where a run with ``--group`` found enough of them.

    Measures are null in rows of earlier runs, those that end in ``_mm`` also without a scale: ``length`` along the line or the
    largest Feret diameter, mean ``width``, ``feret`` (largest, smallest), ``area``, ``centroid`` (x, y), ``edge_distance`` to
    the nearest edge of the picture, ``nearest`` to the region ``nearest_id``. ``margin`` is by how much length and Feret
    diameters may be off, ``measured_by`` what was measured, ``caveats`` what speaks against it,
    ``may_go_on`` that the length is a least one.
    """

    id: int
    box: tuple[int, int, int, int]
    area_fraction: Score
    cells: tuple[str, ...]
    peak_score: Score
    mean_score: Score
    type: str | None
    type_probability: Score | None
    severity: Severity
    group: str | None = None
    length_px: Size | None = None
    width_px: Size | None = None
    feret_px: tuple[Size, Size] | None = None
    area_px: Size | None = None
    edge_distance_px: Size | None = None
    margin_px: Size | None = None
    nearest_px: Size | None = None
    length_mm: Size | None = None
    width_mm: Size | None = None
    feret_mm: tuple[Size, Size] | None = None
    area_mm2: Size | None = None
    edge_distance_mm: Size | None = None
    margin_mm: Size | None = None
    nearest_mm: Size | None = None
    centroid: tuple[float, float] | None = None
    nearest_id: int | None = None
    measured_by: MeasuredBy | None = None
    caveats: tuple[str, ...] | None = None
    may_go_on: bool | None = None


MEASURES = tuple(RegionRow.model_fields)[tuple(RegionRow.model_fields).index("length_px") :]
"""Fields that rows of earlier runs lack, in their order."""


def region_row(region: Region) -> RegionRow:
    """A region as rows hold it; pixels to two decimals, millimetres to five digits."""
    told: dict[str, Any] = {}
    if (measures := region.measures) is not None:
        told = {
            "centroid": (round(measures.centroid[0], 2), round(measures.centroid[1], 2)),
            "nearest_id": measures.nearest_id,
            "measured_by": measures.by,
            "caveats": measures.caveats,
            "may_go_on": measures.may_go_on,
            **_told(measures.px, "px"),
            **({} if measures.mm is None else _told(measures.mm, "mm")),
        }
    return RegionRow(
        id=region.id,
        box=region.box.as_tuple(),
        area_fraction=region.area_fraction,
        cells=region.cells,
        peak_score=region.peak_score,
        mean_score=region.mean_score,
        type=region.type,
        type_probability=region.type_probability,
        severity=region.severity,
        **told,
    )


def region_of_row(row: Mapping[str, Any]) -> Region:
    """A region as rows hold it.

    Raises:
        ValueError: a field that is absent or makes no sense.
    """
    return region_of(RegionRow.model_validate(row))


def region_of(row: RegionRow) -> Region:
    """A region read back."""
    return Region(
        id=row.id,
        box=Box(*row.box),
        area_fraction=row.area_fraction,
        cells=row.cells,
        peak_score=row.peak_score,
        mean_score=row.mean_score,
        type=row.type,
        type_probability=row.type_probability,
        severity=row.severity,
        measures=_measures(row),
    )


def _told(extents: Extents, unit: str) -> dict[str, Any]:
    def plain(value: float) -> float:
        return round(value, 2) if unit == "px" else float(f"{value:.5g}")

    return {
        f"length_{unit}": plain(extents.length),
        f"width_{unit}": plain(extents.width),
        f"feret_{unit}": (plain(extents.feret[0]), plain(extents.feret[1])),
        "area_px" if unit == "px" else "area_mm2": plain(extents.area),
        f"edge_distance_{unit}": plain(extents.edge_distance),
        f"margin_{unit}": plain(extents.margin),
        f"nearest_{unit}": None if extents.nearest is None else plain(extents.nearest),
    }


def _measures(row: RegionRow) -> Measures | None:
    px = _extents(row, "px")
    if px is None or row.measured_by is None or row.centroid is None:
        return None
    mm, caveats = _extents(row, "mm"), row.caveats or ()
    return Measures(row.measured_by, row.centroid, px, mm, caveats, row.nearest_id, bool(row.may_go_on))


def _extents(row: RegionRow, unit: str) -> Extents | None:
    """The extents of a unit; None where one is absent."""
    values = vars(row)
    columns = {name: f"{name}_{unit}" for name in ("length", "width", "feret", "edge_distance", "margin")}
    columns["area"] = "area_px" if unit == "px" else "area_mm2"
    found = {name: values[column] for name, column in columns.items()}
    return None if None in found.values() else Extents(**found, nearest=values[f"nearest_{unit}"])
