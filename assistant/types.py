"""The values people keep: pictures, maps, regions, inspections, answers.

Frozen dataclasses over numpy; nothing here imports torch or decodes a file. Coordinates are source pixels (the frame of
the picture as given, after EXIF orientation), boxes are half-open, scores are calibrated to [0, 1] with the threshold at 0.5.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

import numpy as np
from jaxtyping import Bool, Float32, UInt8

STRIP_PIXELS = 2**21
"""Of a map that is gone through in strips: what is held beside it does not grow with the picture."""
THRESHOLD = 0.5
"""Calibrated scores at or above this are anomalous, everywhere."""
Scores = TypeVar("Scores", float, np.ndarray)


def shifted(scores: Scores, threshold: float) -> Scores:
    """Scores whose logits are moved so that ``threshold`` becomes 0.5.

    >>> shifted(0.8, 0.8), round(shifted(0.5, 0.2), 6)
    (0.5, 0.8)
    """
    if threshold == THRESHOLD:
        return scores
    above, below = scores * (1 - threshold), (1 - scores) * threshold
    moved: Scores = above / (above + below)
    return moved


def as_measured(scores: Scores, threshold: float) -> Scores:
    """Scores before they were :func:`shifted`.

    >>> as_measured(0.5, 0.8), round(as_measured(shifted(0.38, 0.2), 0.2), 6)
    (0.8, 0.38)
    """
    return shifted(scores, 1 - threshold)


class Verdict(StrEnum):
    """What the numbers say of a picture."""

    NORMAL = "normal"
    ANOMALOUS = "anomalous"


class Severity(StrEnum):
    """How grave a region is, by the rule in :mod:`assistant.vocabulary.severity`."""

    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"


class Domain(StrEnum):
    """What a picture shows: chooses vocabulary and wording, never the score."""

    INDUSTRIAL = "industrial"
    MEDICAL = "medical"


class Mode(StrEnum):
    """Where the evidence came from."""

    ZERO_SHOT = "zero_shot"
    FEW_SHOT = "few_shot"
    MUTUAL = "mutual"


@dataclass(frozen=True)
class Box:
    """Half-open rectangle in source pixels: ``x_min <= x < x_max``, ``y_min <= y < y_max``."""

    x_min: int
    y_min: int
    x_max: int
    y_max: int

    def __post_init__(self) -> None:
        if self.x_max <= self.x_min or self.y_max <= self.y_min:
            raise ValueError(f"expected a box with a positive area, got {self.as_tuple()}")

    @property
    def area(self) -> int:
        """Pixels inside."""
        return (self.x_max - self.x_min) * (self.y_max - self.y_min)

    def as_tuple(self) -> tuple[int, int, int, int]:
        """``(x_min, y_min, x_max, y_max)``."""
        return self.x_min, self.y_min, self.x_max, self.y_max


@dataclass(frozen=True)
class Levels:
    """Values that a picture deeper than 8 bits is read with: ``black`` -> 0 and ``white`` -> 255, clipped outside."""

    black: float
    white: float


@dataclass(frozen=True, eq=False)
class DeepValues:
    """What a picture deeper than 8 bits held before it became 0..255; :mod:`assistant.pictures.levels` reads it anew.

    Args:
        values: integers or floats, (height, width) or (height, width, 3), more is lighter.
        levels: that the picture was read with.
        own: that it is read with alone.
        known: where there are values at all, (height, width); None for everywhere.
        opacity: 0..255 of each pixel, (height, width); None where nothing is transparent.
        chosen: the levels were chosen by hand, and no reference set changes them.
    """

    values: np.ndarray
    levels: Levels
    own: Levels
    known: Bool[np.ndarray, "height width"] | None = None
    opacity: UInt8[np.ndarray, "height width"] | None = None
    chosen: bool = False


@dataclass(frozen=True, eq=False)
class QueryImage:
    """A decoded picture.

    Args:
        pixels: RGB, 0..255, in the orientation a person sees.
        source: the path as given, with any ``::selector``.
        domain: known from the file format (DICOM, NIfTI) or told by the caller; None when unknown.
        spacing_mm: millimetres from row to row and from column to column, told by the caller or the file; None when unknown.
        spacing_of: whose spacing it is: ``option``, ``object`` or, for a projection whose magnification is not known,
            ``detector``; None with ``spacing_mm``.
        deep: the values that the pixels were made of; None for a picture of 8 bits, or where they are not linear in them.
        notes: what a person should know of how it was read, one line each: which page, where there is no data.
    """

    pixels: UInt8[np.ndarray, "height width 3"]
    source: str
    domain: Domain | None = None
    spacing_mm: tuple[float, float] | None = None
    spacing_of: str | None = None
    deep: DeepValues | None = None
    notes: tuple[str, ...] = ()

    @property
    def height(self) -> int:
        """Rows of source pixels."""
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        """Columns of source pixels."""
        return int(self.pixels.shape[1])


@dataclass(frozen=True, eq=False)
class AnomalyMap:
    """Calibrated scores in [0, 1], one a source pixel."""

    scores: Float32[np.ndarray, "height width"]

    @property
    def size(self) -> tuple[int, int]:
        """(height, width), source pixels."""
        return int(self.scores.shape[0]), int(self.scores.shape[1])

    def window(self, rows: slice, columns: slice) -> Float32[np.ndarray, "rows columns"]:
        """Scores of a piece, source pixels; both slices have a start and a stop inside the picture."""
        return self.scores[rows, columns]

    def strips(
        self, box: Box | None = None, rows: int = 1
    ) -> Iterator[tuple[int, Float32[np.ndarray, "rows columns"]]]:
        """Scores from top to bottom, some rows at a time, each strip with its first row in the picture.

        Args:
            box: part of the picture, source pixels; None for all of it.
            rows: a strip but the last has a multiple of so many.
        """
        inside = box or Box(0, 0, self.size[1], self.size[0])
        columns = slice(inside.x_min, inside.x_max)
        step = rows * max(1, STRIP_PIXELS // (rows * (columns.stop - columns.start)))
        for top in range(inside.y_min, inside.y_max, step):
            yield top, self.window(slice(top, min(inside.y_max, top + step)), columns)

    @property
    def highest(self) -> tuple[int, int, float]:
        """Row and column of the first of the highest scores, and that score."""
        found = (0, 0, -1.0)
        for top, scores in self.strips():
            row, column = divmod(int(scores.argmax()), scores.shape[1])
            if scores[row, column] > found[2]:
                found = top + row, column, float(scores[row, column])
        return found


@dataclass(frozen=True)
class Extents:
    """How large a region is, in one unit: source pixels or millimetres.

    Args:
        length: along the line, or the largest Feret diameter of the outline.
        width: mean width.
        feret: largest and smallest distance of two parallel lines that hold the region between them.
        area: in the unit's square.
        edge_distance: from the region to the nearest edge of the picture; 0 where it touches one.
        margin: by how much length and Feret diameters may be off.
        nearest: distance to the nearest other region; None where there is none.
    """

    length: float
    width: float
    feret: tuple[float, float]
    area: float
    edge_distance: float
    margin: float
    nearest: float | None = None


class MeasuredBy(StrEnum):
    """What a region was measured on."""

    LINE = "line"
    """The line that was found in the picture inside the region."""
    OUTLINE = "outline"
    """The region's outline on the map, which is coarse."""


@dataclass(frozen=True)
class Measures:
    """Extents of a region, with what speaks against them.

    Args:
        by: what was measured.
        centroid: (x, y), source pixels.
        px: in source pixels.
        mm: in millimetres; None without a scale.
        caveats: a few words each: where the numbers are bounds or rough.
        nearest_id: the region that ``nearest`` is the distance to; None where there is no other.
        may_go_on: the length is a least one: the region goes on outside the picture, or where it could not be followed.
    """

    by: MeasuredBy
    centroid: tuple[float, float]
    px: Extents
    mm: Extents | None = None
    caveats: tuple[str, ...] = ()
    nearest_id: int | None = None
    may_go_on: bool = False


@dataclass(frozen=True)
class Region:
    """A connected component of the map at or above the threshold.

    Args:
        id: 1-based, strongest first.
        box: source pixels, half-open.
        area_fraction: share of the picture's pixels, in (0, 1].
        cells: places of the 3x3 grid that hold at least a fifth of the region, largest share first.
        peak_score: highest calibrated score inside.
        mean_score: mean calibrated score inside.
        type: kind of defect or lesion; None when no vocabulary was asked.
        type_probability: softmax over the vocabulary, in [0, 1]; None with ``type``.
        severity: by the rule in :mod:`assistant.vocabulary.severity`.
        measures: how large it is; None where that was not measured or was read from a row of before.
    """

    id: int
    box: Box
    area_fraction: float
    cells: tuple[str, ...]
    peak_score: float
    mean_score: float
    type: str | None
    type_probability: float | None
    severity: Severity
    measures: Measures | None = None


class RuleDecision(StrEnum):
    """What the user's own rule says of a picture."""

    REJECT = "reject"
    ACCEPT = "accept"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class RuleVerdict:
    """What the user's own rule says of a picture, and why.

    Args:
        verdict: undecided where a clause cannot be told.
        clause: that holds, or that cannot be told; None where none does.
        regions: identifiers of those that the clause holds, or may hold, of.
        reason: why it is undecided; None where it is not.
    """

    verdict: RuleDecision
    clause: str | None = None
    regions: tuple[int, ...] = ()
    reason: str | None = None


class WordsOf(StrEnum):
    """Whose words an answer is in."""

    MEASUREMENTS = "measurements"
    MODEL = "model"
    MODEL_REFUSED = "model_refused"
    """The measurements' alone: none of the language model's held against the facts."""
    MODEL_UNREACHABLE = "model_unreachable"
    """The measurements', or the model's as far as they came: it could not be asked, or not to its end."""


@dataclass(frozen=True)
class Answer:
    """One answer in words, with what it was checked against.

    Args:
        question: as asked.
        text: the answer.
        stated_verdict: parsed from the words; None when the answer states none.
        contradictory: the words disagree with the evidence.
        words_of: whose they are; None while they come, and where that was not recorded.
    """

    question: str
    text: str
    stated_verdict: Verdict | None = None
    contradictory: bool = False
    words_of: WordsOf | None = None


@dataclass(frozen=True)
class ReasoningStep:
    """One step of a verdict that is reasoned out.

    Args:
        name: ``look``, ``compare`` or ``conclude``.
        text: what is said.
        regions: ids of the regions that it speaks of.
        words_of: whose words they are; the model's where any of them are.
    """

    name: str
    text: str
    regions: tuple[int, ...]
    words_of: WordsOf


@dataclass(frozen=True)
class Coverage:
    """What of a picture was looked at.

    Args:
        detail: how closely was looked, as asked.
        tiles: pieces looked at beside the overview, of all scales.
        looked_at: share of the picture that these covered, in [0, 1].
    """

    detail: str = "overview"
    tiles: int = 0
    looked_at: float = 0.0


@dataclass(frozen=True, eq=False)
class Inspection:
    """Everything said of one picture by the numbers; what a language model is told, what reports are made of.

    Args:
        image: the picture inspected.
        object_name: as told by the user; None when unknown.
        mode: where the evidence came from.
        image_score: calibrated, [0, 1]; at or above 0.5 the verdict is anomalous.
        p_value: conformal p-value under the profile's normals; None with fewer than 20 of them, or where they are no measure.
        regions: strongest first.
        anomaly_map: calibrated scores, source pixels.
        preset: name of the preset.
        weights: ``sha256:…`` of the trained parts.
        timing_ms: milliseconds a stage.
        highest: where the map of a picture without regions is highest, once its kind was asked for or it was read from a row;
            else None, and :func:`assistant.vision.regions.highest_region` finds it.
        guarantee: what is promised of normal pictures under these references; None where nothing can be.
        warnings: how the picture was read where that is not plain (its ``notes``), and what speaks against judging it by its
            references, one line each: another product, light or size.
        rule: what the user's own rule says; None without one.
        references: normal reference pictures it was compared with; None where that is not known or there were none.
        region_embeddings: what each region looks like, of length 1; None where it was not computed or was read from a row.
        coverage: what was looked at; None in rows of before.
        threshold: of the measured scores, in (0, 1). The scores above, of the map, the regions and ``highest`` too, are
            :func:`shifted` so that it is at 0.5; :func:`as_measured` gives what was measured, which is what people are told.
    """

    image: QueryImage
    object_name: str | None
    mode: Mode
    image_score: float
    p_value: float | None
    regions: tuple[Region, ...]
    anomaly_map: AnomalyMap
    preset: str
    weights: str
    timing_ms: dict[str, float] = field(default_factory=dict)
    highest: Region | None = None
    guarantee: str | None = None
    warnings: tuple[str, ...] = ()
    rule: RuleVerdict | None = None
    references: int | None = None
    region_embeddings: Float32[np.ndarray, "regions width"] | None = None
    coverage: Coverage | None = None
    threshold: float = THRESHOLD

    @property
    def verdict(self) -> Verdict:
        """The image score against 0.5."""
        return Verdict.ANOMALOUS if self.image_score >= THRESHOLD else Verdict.NORMAL
