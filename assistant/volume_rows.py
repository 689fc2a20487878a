"""Volumes as rows hold them: the field ``volume`` of a row. Decides nothing."""

from __future__ import annotations

from pydantic import Field

from assistant.region_rows import Row, Score, Size
from assistant.types import Severity
from assistant.volumes.finding import VolumeInspection, VolumeRegion


class VolumeRegionRow(Row):
    """A region in three dimensions; ``box`` is (i, j, k, i, j, k), half-open, voxels of the source's own array.

    ``slices`` are the first and last slice along the first of ``axes``, both inside; millimetres are to the right, front and head
    of the patient, extents likewise.
    """

    id: int
    box: tuple[int, int, int, int, int, int]
    slices: tuple[int, int]
    volume_ml: Size
    extent_mm: tuple[Size, Size, Size]
    centroid_mm: tuple[float, float, float]
    peak_score: Score
    mean_score: Score
    worst_slice: int
    worst_source: str
    type: str | None
    type_probability: Score | None
    severity: Severity


class VolumeRow(Row):
    """A whole volume; the row's ``image_score`` and ``verdict`` are the scan's, its ``regions`` those of ``worst_slice``.

    ``name`` tells a series from others of its source. ``shape`` and ``spacing_mm`` are along the canonical axes (left to right,
    back to front, feet to head), ``axes`` those that slices were looked at along; ``slice_scores`` holds one a slice along the
    first of them, null where nothing is to be seen. ``smoothing_mm`` is the Gaussian's deviation along the axis, ``references``
    the number of reference volumes, ``score_path`` the score volume that was written.
    """

    kind: str
    name: str
    shape: tuple[int, int, int]
    spacing_mm: tuple[Size, Size, Size]
    axes: tuple[int, ...]
    slices: int = Field(ge=0)
    slice_scores: tuple[Score | None, ...]
    smoothing_mm: Size
    worst_slice: int
    worst_source: str
    regions: tuple[VolumeRegionRow, ...]
    references: int | None
    score_path: str | None = None


def volume_row(found: VolumeInspection, score_path: str | None = None) -> VolumeRow:
    """A volume as rows hold it; millimetres and millilitres to four digits."""
    volume = found.volume
    spacing = volume.spacing_mm
    return VolumeRow(
        kind=volume.kind,
        name=volume.name,
        shape=volume.shape,
        spacing_mm=(_plain(spacing[0]), _plain(spacing[1]), _plain(spacing[2])),
        axes=found.axes,
        slices=found.looked_at,
        slice_scores=tuple(None if one is None else round(one, 4) for one in found.slice_scores),
        smoothing_mm=_plain(found.smoothing_mm),
        worst_slice=found.worst_slice,
        worst_source=found.worst.image.source,
        regions=tuple(_region(region) for region in found.regions),
        references=found.references,
        score_path=score_path,
    )


def _region(region: VolumeRegion) -> VolumeRegionRow:
    extent, centroid = [_plain(one) for one in region.extent_mm], [round(one, 1) for one in region.centroid_mm]
    return VolumeRegionRow(
        id=region.id,
        box=region.box,
        slices=region.slices,
        volume_ml=_plain(region.volume_ml),
        extent_mm=(extent[0], extent[1], extent[2]),
        centroid_mm=(centroid[0], centroid[1], centroid[2]),
        peak_score=round(region.peak_score, 4),
        mean_score=round(region.mean_score, 4),
        worst_slice=region.worst_slice,
        worst_source=region.worst_source,
        type=region.type,
        type_probability=region.type_probability,
        severity=region.severity,
    )


def _plain(value: float) -> float:
    return float(f"{value:.4g}")
