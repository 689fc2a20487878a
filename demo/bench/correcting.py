"""What a person said of a picture, applied to its result: their word stands, whatever the map says.

A rejected region is taken out of the map before regions are looked for, a drawn or renamed one stands with its very pixels and
kind in the place of what the map had there. Verdict and words follow; the measured score stays as it was.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from jaxtyping import Bool, Float
from scipy import ndimage

from assistant.geometry import mask_box, mask_cells
from assistant.types import AnomalyMap, Inspection, Region
from assistant.vision.detail.painted import LayeredMap
from assistant.vision.measuring.measures import measured as with_measures
from assistant.vision.regions import LABEL_SIDE, RegionMask
from assistant.vocabulary.severity import severity_of
from demo.bench.questions import LEAST_OVERLAP
from demo.bench.sessions import Correction, Said
from demo.bench.thresholds import Namer, View, finest_grid, under_threshold

AWAY, SURE = 0.01, 0.95
"""Score where a person said that nothing is, and least one where they said that something is."""
MUCH_LARGER = 4
"""A region that is so many times as large as what was drawn on it stays beside it."""

Mask = Bool[np.ndarray, "height width"]


def region_mask(view: View, number: int) -> Mask:
    """Pixels of a region as it is shown.

    Args:
        view: of the picture.
        number: of the region, from 1.

    Raises:
        LookupError: no such region.
    """
    region = next((one for one in view.inspection.regions if one.id == number), None)
    if region is None:
        raise LookupError(number)
    if (drawn := view.drawn.get(number)) is not None:
        return drawn
    mask = np.zeros(view.inspection.anomaly_map.size, bool)
    rows, columns = slice(region.box.y_min, region.box.y_max), slice(region.box.x_min, region.box.x_max)
    mask[rows, columns] = view.mask_in(rows, columns)
    return mask


def corrected(
    measured: Inspection, threshold: float, name: Namer, grid: tuple[int, int] | None, said: Sequence[Correction]
) -> View:
    """What an inspection says under a threshold once a person has spoken.

    Args:
        measured: threshold 0.5.
        threshold: in [LEAST, MOST].
        name: as :func:`under_threshold` takes it.
        grid: (rows, columns) of the encoder's patches, to measure regions anew; None leaves new ones unmeasured.
        said: of the picture, in the order said.
    """
    if not said:
        return under_threshold(measured, threshold, name, grid)
    size, grid = measured.anomaly_map.size, finest_grid(measured, grid)
    away, drawn = _away(said, size), standing(said)
    view = _without(away, measured, threshold, name, grid)
    parts, shown = _kept(view, away, drawn, _Leftover(_rejected(said, size), size if grid is None else grid))
    painted = measured.anomaly_map.scores
    for mask, kind in drawn:
        under = painted[mask]
        shown[mask] = np.maximum(shown[mask], SURE)
        parts.append(_Part(_told(mask, kind), float(under.max()), float(under.mean()), mask))
    parts.sort(key=lambda part: -part.region.peak_score)
    regions = tuple(replace(part.region, id=number) for number, part in enumerate(parts, 1))
    anomaly_map = AnomalyMap(np.ascontiguousarray(shown, np.float32))
    if grid is not None and regions:
        masks = [_reduced(r, anomaly_map, part.exact) for r, part in zip(regions, parts, strict=True)]
        regions = with_measures(regions, measured.image, anomaly_map, masks, grid)
    score = view.inspection.image_score
    if regions and drawn:
        score = max(score, SURE)
    elif not regions and not drawn and away.any():
        score = min(score, AWAY)
    inspection = replace(
        view.inspection, image_score=score, regions=regions, anomaly_map=anomaly_map, region_embeddings=None
    )
    own = {number: part.exact for number, part in enumerate(parts, 1) if part.exact is not None}
    peaks, means = tuple(part.peak for part in parts), tuple(part.mean for part in parts)
    return View(inspection, measured, threshold, peaks, means, in_words(said), own)


@dataclass(frozen=True, eq=False)
class _Part:
    """A region of a corrected picture.

    Args:
        region: before the regions are numbered.
        peak: highest measured score in it.
        mean: mean measured score in it.
        exact: its pixels where a person drew or renamed it; None for one of the map.
    """

    region: Region
    peak: float
    mean: float
    exact: Mask | None = None


def _without(away: Mask, measured: Inspection, threshold: float, name: Namer, grid: tuple[int, int] | None) -> View:
    """The map under a threshold, with regions looked for where something may be.

    Regions of a picture that was looked at in tiles are no specks of it as a whole: they are all there, and :func:`_kept` says
    which of them go.
    """
    if isinstance(measured.anomaly_map, LayeredMap):
        return under_threshold(measured, threshold, name, grid)
    painted = measured.anomaly_map.scores
    scores = np.where(away, np.minimum(painted, AWAY), painted)
    plain = replace(measured, anomaly_map=AnomalyMap(scores), regions=(), region_embeddings=None)
    return under_threshold(plain, threshold, name, grid)


def _kept(
    view: View, away: Mask, drawn: Sequence[tuple[Mask, str]], left: _Leftover
) -> tuple[list[_Part], Float[np.ndarray, "height width"]]:
    """The regions of the map that stand beside what a person said, and the map's scores with the others taken out."""
    tiled, scores = isinstance(view.measured.anomaly_map, LayeredMap), view.inspection.anomaly_map.scores
    shown = np.where(away, np.minimum(scores, AWAY), scores) if tiled else scores.copy()
    parts = []
    for region, peak, mean in zip(view.inspection.regions, view.peaks, view.means, strict=True):
        mask = region_mask(view, region.id)
        if left.holds(mask) or _replaced(mask, drawn) or (tiled and _mostly(mask, away)):
            shown[mask] = AWAY
        else:
            parts.append(_Part(region, peak, mean))
    return parts, shown


def in_words(said: Sequence[Correction]) -> str:
    """What a person said of a picture, in one line."""
    if any(one.said is Said.NORMAL for one in said):
        return "you said that this picture is normal"
    told = (
        (Said.REJECTED, "1 region is no defect", "{} regions are no defects"),
        (Said.RENAMED, "1 region renamed", "{} regions renamed"),
        (Said.DEFECT, "1 defect marked", "{} defects marked"),
    )
    counts = [(sum(one.said is which for one in said), one_alone, several) for which, one_alone, several in told]
    parts = [one_alone if count == 1 else several.format(count) for count, one_alone, several in counts if count]
    return f"by you: {', '.join(parts)}"


def _away(said: Sequence[Correction], size: tuple[int, int]) -> Mask:
    """Where a person said that nothing is, or drew anew what was there."""
    away = np.zeros(size, bool)
    for one in said:
        if one.said is Said.NORMAL:
            away[:] = True
        elif one.said is Said.REJECTED and one.mask is not None:
            away |= one.mask
        elif one.was is not None:
            away |= one.was
    return away


def _rejected(said: Sequence[Correction], size: tuple[int, int]) -> Mask:
    """Where a person said that nothing is, and nobody drew anything since."""
    away = np.zeros(size, bool)
    for one in said:
        if one.mask is not None:
            away = away | one.mask if one.said is Said.REJECTED else away & ~one.mask
    return away


class _Leftover:
    """What the map still shows of a rejected region: the rim of its hill, under this threshold or after another look.

    Args:
        rejected: pixels that were.
        grid: (rows, columns) of the encoder's patches.
    """

    def __init__(self, rejected: Mask, grid: tuple[int, int]) -> None:
        self._rejected = rejected
        sides = tuple(2 * math.ceil(side / cells) + 1 for side, cells in zip(rejected.shape, grid, strict=True))
        self._near = cv2.dilate(rejected.astype(np.uint8), np.ones(sides, np.uint8)) > 0 if rejected.any() else rejected

    def holds(self, region: Mask) -> bool:
        """Whether a region is that: most of it within a patch of what was rejected, or around it and not much larger."""
        if not (region & self._near).any():
            return False
        if _mostly(region, self._near):
            return True
        filled = ndimage.binary_fill_holes(region | self._rejected) & ~region
        around = bool(self._rejected.any()) and _mostly(self._rejected, filled | region)
        return around and int(region.sum()) <= MUCH_LARGER * int(self._rejected.sum())


def standing(said: Sequence[Correction]) -> list[tuple[Mask, str]]:
    """Masks with their kinds that stand: each unless the picture was called normal, or the place rejected, after it."""
    found: list[tuple[Mask, str]] = []
    for one in said:
        if one.said is Said.NORMAL:
            found.clear()
        elif one.mask is not None:
            replaced = one.mask if one.was is None else one.mask | one.was
            found = [(mask, kind) for mask, kind in found if not _mostly(mask, replaced)]
            if one.said is not Said.REJECTED:
                found.append((one.mask, one.kind))
    return found


def marks_under(said: Sequence[Correction], area: Mask) -> list[Correction]:
    """Defects that a person marked, half of whose pixels or more lie in an area; none where the last of them is not there.

    Args:
        said: of a picture, in the order said.
        area: pixels of a region as it is shown.
    """
    if not any(one.said is Said.DEFECT and one.mask is area for one in said):
        return []
    return [one for one in said if one.said is Said.DEFECT and one.mask is not None and _mostly(one.mask, area)]


def _mostly(mask: Mask, other: Mask) -> bool:
    """Whether half of a mask or more lies in another one."""
    return 2 * int((mask & other).sum()) >= int(mask.sum())


def _replaced(own: Mask, drawn: Sequence[tuple[Mask, str]]) -> bool:
    """Whether a person drew what the map has there."""
    size = int(own.sum())
    for mask, _ in drawn:
        common, other = int((own & mask).sum()), int(mask.sum())
        if (
            common >= LEAST_OVERLAP * min(size, other)
            and common > 0
            and (size <= MUCH_LARGER * other or _mostly(own, mask))
        ):
            return True
    return False


def _told(mask: Mask, kind: str) -> Region:
    area = float(mask.mean())
    name = kind or "defect"
    return Region(0, mask_box(mask), area, mask_cells(mask), SURE, SURE, name, None, severity_of(area, SURE, name))


def _reduced(region: Region, anomaly_map: AnomalyMap, exact: Mask | None) -> RegionMask:
    """A region as the map's regions are held: its pixels on a map of at most 512 a side."""
    if exact is None:
        exact = np.zeros(anomaly_map.size, bool)
        rows, columns = slice(region.box.y_min, region.box.y_max), slice(region.box.x_min, region.box.x_max)
        exact[rows, columns] = anomaly_map.window(rows, columns) >= 0.5
    factor = math.ceil(max(anomaly_map.size) / LABEL_SIDE)
    height, width = exact.shape
    padded = np.pad(exact, ((0, -height % factor), (0, -width % factor)))
    small = padded.reshape(padded.shape[0] // factor, factor, -1, factor).any(axis=(1, 3))
    return RegionMask(
        np.asarray(small), region.box, region.area_fraction, region.cells, region.peak_score, region.mean_score
    )
