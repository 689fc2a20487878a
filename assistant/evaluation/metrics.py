"""Metrics of detection and localization. Image level through scikit-learn; pixel level streamed.

Pixel metrics keep histograms, so memory does not grow with the number of pictures: AUROC and average precision from the
scores of defective and normal pixels, AUPRO (Bergmann et al., CVPR 2019) from the mean share of each region that lies above
a threshold, against the share of normal pixels above it, up to a false positive rate of 0.3. A region is a component of a
picture's mask under 8 neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from jaxtyping import Bool, Float32
from scipy import ndimage

MAP_SIDE = 256
"""Maps and masks are compared with their long side at this many pixels."""
PRO_LIMIT = 0.3
_NEIGHBOURS = np.ones((3, 3), int)
"""Pixels of a mask that touch by a side or a corner are one region, as in MVTec's script and in ours of a verdict."""
IMAGE_METRICS = ("image_auroc", "image_ap", "image_f1_max", "miss_rate", "overkill_rate", "balanced_accuracy")
PIXEL_METRICS = ("pixel_auroc", "pixel_ap", "pixel_aupro", "peak_in_mask")


def image_metrics(
    anomalous: Sequence[bool], scores: Sequence[float], called: Sequence[bool]
) -> dict[str, float | None]:
    """Detection metrics of a run; None each when only one class is there.

    Args:
        anomalous: the truth, a picture.
        scores: image scores, higher is more anomalous.
        called: verdicts at 0.5.
    """
    from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score

    truth, score, verdict = np.asarray(anomalous, bool), np.asarray(scores, float), np.asarray(called, bool)
    if truth.size == 0 or truth.all() or not truth.any():
        return dict.fromkeys(IMAGE_METRICS)
    precision, recall, _ = precision_recall_curve(truth, score)
    miss, overkill = float((~verdict[truth]).mean()), float(verdict[~truth].mean())
    return {
        "image_auroc": float(roc_auc_score(truth, score)),
        "image_ap": float(average_precision_score(truth, score)),
        "image_f1_max": float((2 * precision * recall / np.maximum(precision + recall, 1e-9)).max()),
        "miss_rate": miss,
        "overkill_rate": overkill,
        "balanced_accuracy": 1 - (miss + overkill) / 2,
    }


def compared(
    scores: Float32[np.ndarray, "height width"], mask: Bool[np.ndarray, "height width"] | None, side: int = MAP_SIDE
) -> tuple[Float32[np.ndarray, "rows columns"], Bool[np.ndarray, "rows columns"]]:
    """Map and mask at the size they are compared at; no mask means a normal picture. A pixel a quarter covered is defective."""
    height, width = scores.shape
    scale = side / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = cv2.resize(np.ascontiguousarray(scores, np.float32), size, interpolation=how)
    if mask is None:
        return small, np.zeros(small.shape, bool)
    return small, cv2.resize(mask.astype(np.float32), size, interpolation=how) > 0.247


class PixelMetrics:
    """Streaming pixel metrics.

    Scores are binned on the logit scale, on which calibrated maps spread evenly; equal scores share a bin.

    Args:
        bins: of the histograms; 4096 keeps every metric within 1e-3 of its exact value.
        limit: logits beyond this share the outermost bins.
    """

    def __init__(self, bins: int = 4096, limit: float = 16.0) -> None:
        self._bins, self._limit = bins, limit
        self._normal = np.zeros(bins)
        self._defective = np.zeros(bins)
        self._overlap = np.zeros(bins)
        self._regions = 0
        self._hits: list[bool] = []

    def add(self, scores: Float32[np.ndarray, "rows columns"], mask: Bool[np.ndarray, "rows columns"]) -> None:
        """Take one picture in: scores in [0, 1] and its mask, the same size."""
        index = self._index(scores)
        self._normal += np.bincount(index[~mask], minlength=self._bins)
        if not mask.any():
            return
        self._defective += np.bincount(index[mask], minlength=self._bins)
        self._hits.append(bool(mask.flat[int(scores.argmax())]))
        labels, count = ndimage.label(mask, structure=_NEIGHBOURS)
        for region in range(1, count + 1):
            inside = np.bincount(index[labels == region], minlength=self._bins)
            self._overlap += inside / inside.sum()
        self._regions += count

    def metrics(self) -> dict[str, float | None]:
        """Of the pictures so far; None each without both normal and defective pixels."""
        if not self._regions or not self._normal.sum():
            return dict.fromkeys(PIXEL_METRICS)
        false_positive = _above(self._normal)
        true_positive = _above(self._defective)
        positives, negatives = self._defective.sum(), self._normal.sum()
        hits = true_positive * positives
        precision = np.divide(hits, hits + false_positive * negatives, out=np.ones_like(hits), where=hits > 0)
        return {
            "pixel_auroc": _area(false_positive, true_positive),
            "pixel_ap": float(np.sum(np.diff(true_positive) * precision[1:])),
            "pixel_aupro": _area(false_positive, _above(self._overlap), PRO_LIMIT) / PRO_LIMIT,
            "peak_in_mask": float(np.mean(self._hits)),
        }

    def _index(self, scores: np.ndarray) -> np.ndarray:
        p = np.clip(scores.astype(np.float64), 1e-7, 1 - 1e-7)
        place = (np.log(p / (1 - p)) / self._limit + 1) / 2 * self._bins
        return np.clip(place.astype(np.int64), 0, self._bins - 1)


def _above(histogram: np.ndarray) -> np.ndarray:
    """Share at or above each threshold, thresholds falling, from 0 to 1."""
    return np.asarray(np.concatenate([[0.0], histogram[::-1].cumsum()]) / histogram.sum())


def _area(x: np.ndarray, y: np.ndarray, limit: float = 1.0) -> float:
    """Area under ``y`` over ``x`` up to ``limit``, by trapezoids; the last one is cut where it crosses."""
    if limit < 1:
        end = float(np.interp(limit, x, y))
        keep = x <= limit
        x, y = np.append(x[keep], limit), np.append(y[keep], end)
    return float(np.trapezoid(y, x))
