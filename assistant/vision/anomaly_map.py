"""Logits -> calibrated map and image score in the source frame: one rule for all kinds of evidence.

The map is tied to the image score: its logits are shifted so that the mean of its top 1 % equals the image logit. A picture
called normal then has no region above 0.5 of that size, one called anomalous has, and maps of different pictures compare.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
import torch
from jaxtyping import Float32

from assistant.inquiry import LARGE
from assistant.types import AnomalyMap
from assistant.vision.calibration import Affine
from assistant.vision.detail.painted import Layer, PaintedMap
from assistant.vision.heads import top_count, top_mean
from assistant.vision.localizer import Logits

BLUR = 0.5
"""Standard deviation of the Gaussian on the patch grid's map, patches."""


def image_score(calibrated: float) -> float:
    """Calibrated image logit as a score in [0, 1]."""
    return 1 / (1 + math.exp(-max(-60.0, min(60.0, calibrated))))


def pooled_logit(logits: Logits, index: int, score: str) -> float:
    """Image logit by the chosen rule: ``blend`` (the trained image head), ``top1`` (mean of the top 1 %), ``max``, ``p99``."""
    if score == "blend":
        return float(logits.image[index])
    flat = logits.map[index].flatten()
    if score == "max":
        return float(flat.max())
    if score == "p99":
        return float(torch.quantile(flat, 0.99))
    return float(top_mean(flat))


def tied_logits(
    grid_logits: torch.Tensor, image_logit: float, map_calibration: Affine
) -> Float32[np.ndarray, "rows columns"]:
    """Calibrated, smoothed and tied logits of the patch grid: the mean of their top 1 % is the image logit.

    Args:
        grid_logits: raw, (rows, columns).
        image_logit: calibrated.
        map_calibration: of the map's logits.
    """
    calibrated = grid_logits.float().numpy() * map_calibration.scale + map_calibration.offset
    plane = np.asarray(cv2.GaussianBlur(calibrated, (0, 0), BLUR, borderType=cv2.BORDER_REPLICATE), np.float32)
    flat = np.sort(plane, axis=None)
    return np.asarray(plane + (image_logit - flat[-top_count(flat.size) :].mean()), np.float32)


def source_map(
    grid_logits: torch.Tensor, image_logit: float, map_calibration: Affine, size: tuple[int, int]
) -> AnomalyMap:
    """Calibrated map in source pixels; that of a large picture is kept by its patches and painted where it is asked for.

    Args:
        grid_logits: raw logits, (rows, columns).
        image_logit: calibrated image logit that the top of the map is tied to.
        map_calibration: of the map's logits.
        size: (height, width) of the source.
    """
    plane = tied_logits(grid_logits, image_logit, map_calibration)
    scores = np.asarray(1 / (1 + np.exp(-plane.clip(-30, 30))), np.float32)
    if size[0] * size[1] > LARGE:
        return PaintedMap(size, [Layer(scores, (size[0] / scores.shape[0], size[1] / scores.shape[1]))])
    large = cv2.resize(scores, (size[1], size[0]), interpolation=cv2.INTER_LINEAR)
    return AnomalyMap(np.ascontiguousarray(large, dtype=np.float32))
