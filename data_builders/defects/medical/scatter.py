"""Clusters of small irregular spots."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from data_builders.defects.painting import log_uniform
from data_builders.defects.shapes import Alpha, Point


@dataclass(frozen=True)
class Cluster:
    """``count`` spots within about ``spread`` pixels, the largest of ``radius`` pixels; on a ring or all over."""

    count: int
    spread: float
    radius: float
    ring: bool = False


def scatter(shape: tuple[int, int], centre: Point, cluster: Cluster, rng: np.random.Generator) -> Alpha:
    """Alpha of the spots of ``cluster``, normally distributed (or on a ring) around ``centre``."""
    scale = 4
    height, width = shape
    canvas = np.zeros((height * scale, width * scale), np.uint8)
    for _ in range(cluster.count):
        way = float(rng.uniform(0, 2 * math.pi))
        far = cluster.spread * float(rng.normal(1, 0.12) if cluster.ring else abs(rng.normal(0, 0.6)))
        size = max(0.9, cluster.radius * log_uniform(rng, 0.35, 1.0))
        angles = np.linspace(0, 2 * math.pi, 10, endpoint=False)
        reach = size * rng.uniform(0.6, 1.2, 10)
        x = centre[0] + far * math.cos(way) + reach * np.cos(angles)
        y = centre[1] + far * math.sin(way) + reach * np.sin(angles)
        points = np.rint(np.stack([x, y], 1) * scale).astype(np.int32)
        cv2.fillPoly(canvas, [points], int(rng.uniform(0.65, 1) * 255))
    small = np.asarray(cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA), np.float32)
    return np.asarray(cv2.GaussianBlur(small / np.float32(255), (0, 0), 0.6), np.float32)
