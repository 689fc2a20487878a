"""Streamed pixel metrics against exact ones."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from scipy import ndimage
from sklearn.metrics import average_precision_score, roc_auc_score

from assistant.evaluation.metrics import PixelMetrics, compared, image_metrics
from assistant.types import AnomalyMap
from assistant.vision.regions import find_regions


def made(seed: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    rng = np.random.default_rng(seed)
    maps, masks = [], []
    for i in range(6):
        mask = np.zeros((40, 60), bool)
        if i % 2:
            mask[5:12, 8:20] = True
            mask[25:30, 40:44] = True
        logits = rng.normal(-2, 1.5, mask.shape) + 2.5 * mask
        maps.append((1 / (1 + np.exp(-logits))).astype(np.float32))
        masks.append(mask)
    return maps, masks


def exact_aupro(maps: list[np.ndarray], masks: list[np.ndarray], limit: float = 0.3) -> float:
    thresholds = np.unique(np.concatenate([m.ravel() for m in maps]))[::-1]
    normal = np.sort(np.concatenate([m[~g] for m, g in zip(maps, masks, strict=True)]))
    fpr = 1 - np.searchsorted(normal, thresholds, side="left") / normal.size
    overlaps = []
    for m, g in zip(maps, masks, strict=True):
        labels, count = ndimage.label(g, structure=np.ones((3, 3)))
        for k in range(1, count + 1):
            values = np.sort(m[labels == k])
            overlaps.append(1 - np.searchsorted(values, thresholds, side="left") / values.size)
    pro = np.mean(overlaps, 0)
    keep = fpr <= limit
    x = np.concatenate([[0], fpr[keep], [limit]])
    y = np.concatenate([[0], pro[keep], [np.interp(limit, fpr, pro)]])
    return float(np.trapezoid(y, x) / limit)


@pytest.mark.parametrize("seed", [0, 1])
def test_streamed_equals_exact_within_a_thousandth(seed: int) -> None:
    maps, masks = made(seed)
    streamed = PixelMetrics()
    for m, g in zip(maps, masks, strict=True):
        streamed.add(m, g)
    found = streamed.metrics()
    scores, truth = np.concatenate([m.ravel() for m in maps]), np.concatenate([g.ravel() for g in masks])
    assert found["pixel_auroc"] == pytest.approx(roc_auc_score(truth, scores), abs=1e-3)
    assert found["pixel_ap"] == pytest.approx(average_precision_score(truth, scores), abs=1e-3)
    assert found["pixel_aupro"] == pytest.approx(exact_aupro(maps, masks), abs=1e-3)


def test_a_perfect_map_scores_one_and_a_reversed_one_zero() -> None:
    _, masks = made(0)
    right, wrong = PixelMetrics(), PixelMetrics()
    for g in masks:
        right.add(np.where(g, 0.9, 0.1).astype(np.float32), g)
        wrong.add(np.where(g, 0.1, 0.9).astype(np.float32), g)
    assert right.metrics() == {
        "pixel_auroc": 1.0,
        "pixel_ap": 1.0,
        "pixel_aupro": pytest.approx(1.0),
        "peak_in_mask": 1.0,
    }
    assert wrong.metrics()["pixel_auroc"] == 0.0
    assert wrong.metrics()["peak_in_mask"] == 0.0


def test_memory_does_not_grow_with_pictures() -> None:
    metrics = PixelMetrics(bins=128)
    maps, masks = made(0)
    for _ in range(5):
        for m, g in zip(maps, masks, strict=True):
            metrics.add(m, g)
    arrays = [v for v in vars(metrics).values() if isinstance(v, np.ndarray)]
    assert {a.shape for a in arrays} == {(128,)}


def test_without_defects_there_is_nothing_to_measure() -> None:
    metrics = PixelMetrics()
    metrics.add(np.zeros((8, 8), np.float32), np.zeros((8, 8), bool))
    assert set(metrics.metrics().values()) == {None}
    assert set(image_metrics([True, True], [0.1, 0.2], [False, False]).values()) == {None}


def test_rates_are_those_of_the_verdicts() -> None:
    found = image_metrics([True, True, True, False], [0.9, 0.8, 0.1, 0.3], [True, True, False, False])
    assert found["miss_rate"] == pytest.approx(1 / 3)
    assert found["overkill_rate"] == 0.0
    assert found["balanced_accuracy"] == pytest.approx(5 / 6)
    assert found["image_auroc"] == pytest.approx(2 / 3)


def test_maps_and_masks_are_compared_at_one_size() -> None:
    scores = np.zeros((100, 1000), np.float32)
    mask = np.zeros((100, 1000), bool)
    mask[40:60, 100:200] = True
    small, smaller = compared(scores, mask)
    assert small.shape == smaller.shape == (26, 256)
    assert smaller.mean() == pytest.approx(0.02, rel=0.3)
    assert not compared(scores, None)[1].any()


@pytest.mark.parametrize("scratch_found", [True, False])
def test_a_thin_diagonal_scratch_weighs_as_much_as_a_stain(scratch_found: bool) -> None:
    mask = np.zeros((1024, 1024), np.uint8)
    cv2.line(mask, (100, 120), (600, 640), 255, 2)
    cv2.circle(mask, (800, 300), 40, 255, -1)
    scores = np.full(mask.shape, 0.01, np.float32)
    if scratch_found:
        cv2.line(scores, (100, 120), (600, 640), 0.9, 6)
    else:
        cv2.circle(scores, (800, 300), 40, 0.9, -1)
    small, truth = compared(scores, mask > 0)
    streamed = PixelMetrics()
    streamed.add(small, truth)
    assert ndimage.label(truth)[1] > 40, "by its corners alone it hangs together"
    assert streamed._regions == 2
    assert streamed.metrics()["pixel_aupro"] == pytest.approx(exact_aupro([small], [truth]), abs=1e-3)


def test_regions_of_the_truth_are_joined_as_regions_of_a_verdict_are() -> None:
    mask = np.zeros((64, 64), bool)
    np.fill_diagonal(mask[8:40, 8:40], True)
    metrics = PixelMetrics()
    metrics.add(np.where(mask, 0.9, 0.1).astype(np.float32), mask)
    assert metrics._regions == len(find_regions(AnomalyMap(np.where(mask, 0.9, 0.1).astype(np.float32)))) == 1
