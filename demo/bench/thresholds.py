"""Another threshold on a picture that was judged: verdict and regions anew from the map kept, no forward pass.

Everything behind the view (captions, answers, reports) takes 0.5 as the threshold. A threshold t is therefore applied by
shifting all logits by -logit(t): what was t is 0.5 afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np

from assistant.errors import ConfigError
from assistant.rules import Rule
from assistant.types import THRESHOLD, AnomalyMap, Inspection, Region, Verdict, shifted
from assistant.vision.detail.layered_regions import layered_regions
from assistant.vision.detail.painted import LayeredMap
from assistant.vision.measuring.measures import measured as with_measures
from assistant.vision.regions import RegionMask, find_regions

LEAST, MOST = 0.05, 0.95
"""Ends of the threshold."""

Namer = Callable[[list[RegionMask]], tuple[Region, ...]]
"""Gives regions of a map their types, severities and numbers."""
Scored = TypeVar("Scored", Region, RegionMask)


@dataclass(frozen=True, eq=False)
class View:
    """An inspection under a threshold.

    Args:
        inspection: shifted, so that 0.5 is the threshold: what is described, asked and drawn.
        measured: as judged, threshold 0.5.
        threshold: on the measured scores.
        peaks: highest measured score of each region.
        means: mean measured score of each region.
        spoken: what a person said of the picture, which the inspection obeys; empty where nobody did.
        drawn: pixels of the regions that a person drew or renamed, by number.
    """

    inspection: Inspection
    measured: Inspection
    threshold: float
    peaks: tuple[float, ...]
    means: tuple[float, ...]
    spoken: str = ""
    drawn: Mapping[int, np.ndarray] = field(default_factory=dict)

    @property
    def score(self) -> float:
        """The calibrated image score, as measured."""
        return self.measured.image_score

    @property
    def verdict(self) -> Verdict:
        """The measured score against the threshold."""
        return self.inspection.verdict

    @property
    def mask(self) -> np.ndarray:
        """Pixels of the map at or above the threshold, bool; none in a normal picture."""
        height, width = self.measured.anomaly_map.size
        return self.mask_in(slice(0, height), slice(0, width))

    def mask_in(self, rows: slice, columns: slice) -> np.ndarray:
        """A piece of :attr:`mask`; both slices have a start and a stop inside the picture."""
        if self.verdict is not Verdict.ANOMALOUS:
            return np.zeros((rows.stop - rows.start, columns.stop - columns.start), bool)
        if self.spoken:
            return np.asarray(self.inspection.anomaly_map.window(rows, columns) >= THRESHOLD)
        return np.asarray(self.measured.anomaly_map.window(rows, columns) >= self.threshold)


def ruled(view: View, rule: Rule | None) -> View:
    """A view with what the user's rule says of its regions; scores count as measured, whatever the threshold."""
    if rule is None:
        return view
    regions = tuple(
        replace(region, peak_score=peak) for region, peak in zip(view.inspection.regions, view.peaks, strict=True)
    )
    said = rule.decide(replace(view.inspection, image_score=view.score, regions=regions))
    return replace(view, inspection=replace(view.inspection, rule=said))


def under_threshold(measured: Inspection, threshold: float, name: Namer, grid: tuple[int, int] | None = None) -> View:
    """What an inspection says under another threshold.

    Args:
        measured: threshold 0.5.
        threshold: in [LEAST, MOST].
        name: called with the regions found, their scores shifted.
        grid: (rows, columns) of the encoder's patches, to measure regions anew; None leaves new ones unmeasured.

    Raises:
        ConfigError: a threshold outside its ends.
    """
    if not LEAST <= threshold <= MOST:
        raise ConfigError(f"a threshold from {LEAST} to {MOST}", f"{threshold:g}", "move the slider")
    anomalous = measured.image_score >= threshold
    layered = isinstance(measured.anomaly_map, LayeredMap)
    if layered and threshold == THRESHOLD:  # regions of tiles are found on their own cells, and known
        peaks, means = (tuple(getattr(r, of) for r in measured.regions) for of in ("peak_score", "mean_score"))
        return View(measured, measured, threshold, peaks, means)
    scores = shifted(measured.anomaly_map.scores, threshold)
    anomaly_map = AnomalyMap(np.ascontiguousarray(scores, np.float32))
    masks = _regions(measured, threshold, grid) if anomalous else []
    if threshold == THRESHOLD and len(masks) == len(measured.regions):
        named: Sequence[Region] = measured.regions
    else:
        named = name([_moved(mask, threshold) for mask in masks])
        finest = finest_grid(measured, grid)
        named = named if finest is None else with_measures(named, measured.image, anomaly_map, masks, finest)
    inspection = replace(
        measured,
        image_score=shifted(measured.image_score, threshold),
        regions=tuple(named),
        anomaly_map=anomaly_map,
        region_embeddings=None if layered else measured.region_embeddings,
        highest=None if measured.highest is None else _moved(measured.highest, threshold),
        threshold=threshold,
    )
    peaks, means = tuple(m.peak_score for m in masks), tuple(m.mean_score for m in masks)
    return View(inspection, measured, threshold, peaks, means)


def _moved(region: Scored, threshold: float) -> Scored:
    """A region with its scores :func:`shifted`."""
    peak, mean = (shifted(score, threshold) for score in (region.peak_score, region.mean_score))
    return replace(region, peak_score=peak, mean_score=mean)


def finest_grid(measured: Inspection, grid: tuple[int, int] | None) -> tuple[int, int] | None:
    """(rows, columns) of the smallest cells of a picture that was looked at in tiles; ``grid`` of others."""
    if not isinstance(measured.anomaly_map, LayeredMap):
        return grid
    return max(layer.scores.shape for layer in measured.anomaly_map.layers)


def _regions(measured: Inspection, threshold: float, grid: tuple[int, int] | None) -> list[RegionMask]:
    if isinstance(measured.anomaly_map, LayeredMap):
        return layered_regions(measured.anomaly_map, threshold, grid or (1, 1))
    return find_regions(measured.anomaly_map, threshold=threshold)
