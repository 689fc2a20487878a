"""What is said of a volume: score, verdict, regions in three dimensions, the slices' scores. Values only."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float32, UInt8

from assistant.types import THRESHOLD, Inspection, Mode, Severity, Verdict
from assistant.volumes.volume import Volume

VoxelBox = tuple[int, int, int, int, int, int]
"""Least and greatest index along each axis of the source's own array, half-open: (i, j, k, i, j, k)."""


@dataclass(frozen=True)
class VolumeRegion:
    """A connected part of the score volume at or above the threshold (26 neighbours).

    Args:
        id: 1-based, strongest first.
        box: voxels of the source's own array (of a series: column, row, slice by place).
        slices: first and last slice along the axis looked along, as ``::slice=`` counts them, both inside.
        volume_ml: millilitres.
        extent_mm: along left-right, back-front, feet-head.
        centroid_mm: millimetres to the patient's right, front and head, weighed by the scores.
        peak_score: highest score inside.
        mean_score: mean score inside.
        worst_slice: where the peak is, along the axis looked along.
        worst_source: that slice as a picture.
        severity: by the rule of pictures, on its worst slice.
        type: kind of lesion, named on its worst slice; None when no vocabulary was asked.
        type_probability: in [0, 1]; None with ``type``.
    """

    id: int
    box: VoxelBox
    slices: tuple[int, int]
    volume_ml: float
    extent_mm: tuple[float, float, float]
    centroid_mm: tuple[float, float, float]
    peak_score: float
    mean_score: float
    worst_slice: int
    worst_source: str
    severity: Severity = Severity.MINOR
    type: str | None = None
    type_probability: float | None = None


@dataclass(frozen=True, eq=False)
class VolumeInspection:
    """Everything said of one volume by the numbers.

    Args:
        volume: that was inspected.
        mode: where the evidence came from.
        score: calibrated, [0, 1]; at or above 0.5 the verdict is anomalous.
        regions: strongest first.
        axes: along which its slices were looked at; the first one numbers slices.
        slice_scores: calibrated score of each slice along that axis, smoothed with its neighbours; None of empty ones.
        scores: calibrated score volume, canonical axes, coarser than the voxels within slices.
        numbers: of the region that each of its cells belongs to, 0 for none.
        smoothing_mm: standard deviation of the Gaussian along the axis.
        worst: inspection of the slice with the highest score.
        worst_slice: its number.
        preset, weights: what it was made with.
        references: normal volumes it was compared with; None for none.
        p_value: of the scan's score among the reference volumes' own; None where they are too few.
        warnings: how it was read, and what speaks against judging it, one line each.
        timing_ms: milliseconds a stage.
    """

    volume: Volume
    mode: Mode
    score: float
    regions: tuple[VolumeRegion, ...]
    axes: tuple[int, ...]
    slice_scores: tuple[float | None, ...]
    scores: Float32[np.ndarray, "x y z"]
    numbers: UInt8[np.ndarray, "x y z"]
    smoothing_mm: float
    worst: Inspection
    worst_slice: int
    preset: str
    weights: str
    references: int | None = None
    p_value: float | None = None
    warnings: tuple[str, ...] = ()
    timing_ms: dict[str, float] = field(default_factory=dict)

    @property
    def verdict(self) -> Verdict:
        """The score against 0.5."""
        return Verdict.ANOMALOUS if self.score >= THRESHOLD else Verdict.NORMAL

    @property
    def looked_at(self) -> int:
        """Slices along the first axis that show something."""
        return sum(score is not None for score in self.slice_scores)
