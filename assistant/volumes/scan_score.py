"""Logits of slices -> the score of the scan: smoothed across slices, the highest place, held against how many there were.

A slice's number is the mean of the top 1 % of its smoothed plane; the scan's is the highest of its slices'. The highest of many
is higher than one, so the threshold is that of scans, never of pictures:

* With reference volumes it comes from whole reference scans, each judged by the others: theirs is the highest of as many slices.
  Their scores are taken as :class:`~assistant.vision.experts.normal_range.NormalPrior` takes those of pictures, but
  :data:`SPREAD` as far apart: means over neighbours, and the highest of many, vary less.
* Without, image logits are log-odds at even odds. Each of ``n`` independent places has an ``n``-th of the odds (Bonferroni as
  prior odds: Westfall, Johnson and Utts, Biometrika 1997), so ``log n`` is taken off; ``n`` is the number of slices over the
  ``2 sqrt(pi) sigma`` that a Gaussian makes one of. What text says of the scan's median slice it would say of any, and is taken
  off where it is above 0.

With two reference volumes or more half the log-odds of what slices show and those of :mod:`assistant.volumes.contrast` are added,
place by place; then the threshold is that of the sums in whole reference scans.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
from jaxtyping import Float32

from assistant.vision.heads import top_count
from assistant.volumes.joining import NOTHING, smoothed, width_in_slices
from assistant.volumes.slice_evidence import SliceEvidence, filled

SPREAD = 0.5
"""Spread of the scores of normal scans as a share of that of normal pictures: 0.45 beside 1.25 on built heads."""


SHOWN, UNUSUAL = 0.5, 2.0
"""Weight of the log-odds of slices, which few references calibrate roughly; log-odds a logarithm of unusual contrast."""
LEAST = (-4.0, -2.0)
"""Log-odds of what slices show, and of contrast, at least: neither overrules the other."""


@dataclass(frozen=True)
class Normal:
    """Where the numbers of normal scans lie.

    Args:
        threshold: from which on a scan is anomalous.
        slope: calibrated logits a unit above it.
        map_scale: calibrated logits of the map a unit.
    """

    threshold: float
    slope: float
    map_scale: float


@dataclass(frozen=True, eq=False)
class ScanScore:
    """What slices say together.

    Args:
        logit: of the scan, calibrated.
        raw: before calibration: the highest of the slices' numbers.
        slices: of each slice looked at, calibrated; the highest is ``logit``.
        planes: of all slices of the axis, calibrated and smoothed: their highest place is as high as the scan.
    """

    logit: float
    raw: float
    slices: Float32[np.ndarray, " looked"]
    planes: Float32[np.ndarray, "slices rows columns"]


def joined(evidence: SliceEvidence, normal: Normal | None) -> ScanScore:
    """The scan's score.

    Args:
        evidence: of the slices along one axis: weighed logits with references, calibrated ones without.
        normal: of reference scans; None without any.
    """
    width = width_in_slices(evidence.step_mm)
    planes = smoothed(filled(evidence, evidence.planes, float(evidence.planes.min())), width)
    tops = strongest(planes)[list(evidence.numbers)]
    if normal is not None:
        slices, scale = (tops - normal.threshold) * normal.slope, normal.map_scale
    else:
        images = smoothed(filled(evidence, evidence.images, float(evidence.images.min())), width)[
            list(evidence.numbers)
        ]
        usual = max(0.0, float(np.median(images)))
        slices, scale = images - usual - math.log(places(len(evidence.numbers), width)), 1.0
    logit = float(slices.max())
    looked = np.zeros(len(planes), bool)
    looked[evidence.numbers[0] : evidence.numbers[-1] + 1] = True
    tied = np.where(looked[:, None, None], _tied(planes, float(tops.max()), logit, scale), NOTHING)
    return ScanScore(logit, float(tops.max()), slices.astype(np.float32), tied.astype(np.float32))


def _tied(planes: np.ndarray, top: float, logit: float, scale: float) -> np.ndarray:
    """Planes calibrated so that their strongest slice is as high as the scan."""
    return (planes - top) * scale + logit


def summed(
    planes: Float32[np.ndarray, "slices rows columns"], unusual: Float32[np.ndarray, "slices height width"]
) -> Float32[np.ndarray, "slices height width"]:
    """Log-odds of both, on the grid of the contrast."""
    height, width = unusual.shape[1:]
    shown = np.stack([cv2.resize(one, (width, height), interpolation=cv2.INTER_LINEAR) for one in planes])
    both = SHOWN * np.maximum(shown, LEAST[0]) + np.maximum(UNUSUAL * unusual, LEAST[1])
    found: Float32[np.ndarray, "slices height width"] = both.astype(np.float32)
    return found


def with_contrast(
    found: ScanScore, numbers: tuple[int, ...], unusual: Float32[np.ndarray, "slices height width"], threshold: float
) -> ScanScore:
    """The score by slices and contrast together.

    Args:
        found: by slices alone.
        numbers: of those looked at.
        unusual: of all slices.
        threshold: of the sum, from which on a scan is anomalous.
    """
    planes = summed(found.planes, unusual) - np.float32(threshold)
    planes[(found.planes == NOTHING).all((1, 2))] = NOTHING
    slices = planes.max((1, 2))[list(numbers)]
    logit = float(slices.max())
    return ScanScore(logit, logit + threshold, slices, np.minimum(planes, np.float32(logit)))


def raw_sum(
    planes: Float32[np.ndarray, "slices rows columns"], step_mm: float,
    unusual: Float32[np.ndarray, "slices height width"], normal: Normal,
) -> float:  # fmt: skip
    """The highest sum in a scan that shows how normal ones lie."""
    smooth = smoothed(planes, width_in_slices(step_mm))
    top = float(strongest(smooth).max())
    tied = _tied(smooth, top, (top - normal.threshold) * normal.slope, normal.map_scale)
    return float(summed(tied.astype(np.float32), unusual).max())


def lowered(score: ScanScore, by: float) -> ScanScore:
    """A score all of whose calibrated logits are lower by as much."""
    if by == 0:
        return score
    planes = np.where(score.planes == NOTHING, NOTHING, score.planes - by).astype(np.float32)
    return replace(score, logit=score.logit - by, slices=(score.slices - by).astype(np.float32), planes=planes)


def raw_score(planes: Float32[np.ndarray, "slices rows columns"], step_mm: float) -> float:
    """The highest of the slices' numbers, of a scan that shows how normal ones lie."""
    return float(strongest(smoothed(planes, width_in_slices(step_mm))).max())


def strongest(planes: Float32[np.ndarray, "slices rows columns"]) -> Float32[np.ndarray, " slices"]:
    """Mean of the top 1 % of each plane."""
    flat = np.sort(planes.reshape(len(planes), -1), axis=1)
    found: Float32[np.ndarray, " slices"] = flat[:, -top_count(flat.shape[1]) :].mean(1).astype(np.float32)
    return found


def places(slices: int, width: float) -> float:
    """How many independent places so many slices are, smoothed by a Gaussian of that width in slices; one at least.

    >>> round(places(24, 1.0), 1), places(2, 3.0)
    (6.8, 1.0)
    """
    return max(1.0, slices / max(1.0, 2 * math.sqrt(math.pi) * width))
