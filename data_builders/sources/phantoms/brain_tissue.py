"""Tissue labels of the head, how bright each is under each acquisition, and the folding of the cortex."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

import cv2
import numpy as np

from data_builders.sources.phantoms.canvas import Field, Labels, Sketch, noise
from data_builders.types import Mask
from data_builders.walks import Walk


class Tissue(IntEnum):
    """What a pixel of the head is."""

    AIR = 0
    FAT = 1
    BONE = 2
    MARROW = 3
    CSF = 4
    GREY = 5
    WHITE = 6
    VENTRICLE = 7
    DEEP_GREY = 8
    MUSCLE = 9
    EYE = 10
    VESSEL = 11
    CHOROID = 12
    LENS = 13
    MUCOSA = 14
    CEREBELLAR_GREY = 15
    CEREBELLAR_WHITE = 16
    BRAINSTEM = 17
    PALLIDUM = 18
    DURA = 19


PARENCHYMA = (5, 6, 8, 15, 16, 17, 18)
PART_LABELS: dict[str, Sequence[int]] = {
    "ventricles": (Tissue.VENTRICLE, Tissue.CHOROID),
    "white matter": (Tissue.WHITE,),
    "grey matter": (Tissue.GREY,),
    "deep grey matter": (Tissue.DEEP_GREY, Tissue.PALLIDUM),
    "cerebellum": (Tissue.CEREBELLAR_GREY, Tissue.CEREBELLAR_WHITE),
    "brainstem": (Tissue.BRAINSTEM,),
    "skull": (Tissue.BONE, Tissue.MARROW),
    "eyes": (Tissue.EYE, Tissue.LENS),
}
_ORDER = (
    "air fat bone marrow csf grey white ventricle deep muscle eye vessel choroid lens mucosa cgrey cwhite stem pallidum dura"
).split()
CONTRASTS: dict[str, tuple[float, ...]] = {
    # air fat bone marrow csf grey white ventricle deep muscle eye vessel choroid lens mucosa cgrey cwhite stem pallidum dura
    "t1": (
        0.01,
        0.85,
        0.06,
        0.42,
        0.13,
        0.42,
        0.60,
        0.12,
        0.47,
        0.33,
        0.13,
        0.20,
        0.36,
        0.30,
        0.36,
        0.42,
        0.58,
        0.56,
        0.53,
        0.25,
    ),
    "t1_contrast": (
        0.01,
        0.80,
        0.06,
        0.40,
        0.14,
        0.40,
        0.55,
        0.12,
        0.44,
        0.40,
        0.14,
        0.90,
        0.78,
        0.30,
        0.80,
        0.41,
        0.54,
        0.52,
        0.49,
        0.62,
    ),
    "t2": (
        0.01,
        0.62,
        0.05,
        0.33,
        0.90,
        0.52,
        0.34,
        0.95,
        0.46,
        0.18,
        0.95,
        0.06,
        0.66,
        0.20,
        0.78,
        0.50,
        0.37,
        0.40,
        0.34,
        0.12,
    ),
    "flair": (
        0.01,
        0.55,
        0.05,
        0.28,
        0.10,
        0.52,
        0.40,
        0.07,
        0.50,
        0.30,
        0.14,
        0.12,
        0.45,
        0.25,
        0.72,
        0.50,
        0.42,
        0.45,
        0.43,
        0.28,
    ),
    "pd": (
        0.02,
        0.66,
        0.07,
        0.38,
        0.58,
        0.68,
        0.54,
        0.55,
        0.63,
        0.42,
        0.55,
        0.10,
        0.60,
        0.35,
        0.70,
        0.67,
        0.55,
        0.57,
        0.55,
        0.30,
    ),
    "ct": (
        0.00,
        0.10,
        1.00,
        0.92,
        0.20,
        0.45,
        0.37,
        0.16,
        0.46,
        0.42,
        0.30,
        0.50,
        0.42,
        0.60,
        0.38,
        0.45,
        0.40,
        0.40,
        0.44,
        0.50,
    ),
}
assert all(len(values) == len(_ORDER) for values in CONTRASTS.values())


def fold(
    sketch: Sketch, brain: Mask, rng: np.random.Generator, spacing: float, depth: float, csf_width: float
) -> Labels:
    """Sulci as winding curves that run from the border of ``brain`` inwards and stop before they meet another.

    ``spacing``, ``depth`` and ``csf_width`` in canonical units. Returns 0 outside, 1 in closed sulci (grey matter touches),
    2 in open ones (fluid shows).
    """
    sulci: Labels = np.zeros_like(sketch.labels)
    contours, _ = cv2.findContours(brain.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    inside = cv2.distanceTransform(brain.astype(np.uint8), cv2.DIST_L2, 3)
    gy, gx = np.gradient(cv2.GaussianBlur(inside, (0, 0), sketch.pixels(0.03)))
    step = sketch.pixels(spacing)
    clearance = sketch.pixels(0.045)
    for contour in contours:
        points = contour[:, 0, :]
        if len(points) < 4 * step:
            continue
        position = float(rng.uniform(0, step))
        deep = bool(rng.integers(2))
        while position < len(points):
            x, y = points[int(position)]
            length = sketch.pixels(depth) * float(rng.uniform(0.75, 1.5) if deep else rng.uniform(0.2, 0.7))
            heading = float(np.arctan2(gy[y, x], gx[y, x])) + float(rng.normal(0, 0.25))
            width = sketch.pixels(csf_width * float(rng.choice([0.3, 0.7, 1.2], p=[0.45, 0.4, 0.15])))
            _sulcus(sulci, rng, Walk((float(x), float(y)), heading, length, width, 2 if deep else 0), clearance)
            position += step * float(rng.uniform(0.65, 1.4))
            deep = not deep if rng.random() < 0.8 else deep
    return np.where(brain, sulci, np.uint8(0)).astype(np.uint8)


def _sulcus(canvas: Labels, rng: np.random.Generator, walk: Walk, clearance: float) -> None:
    """One winding sulcus; deep ones fork on the way; open near the surface, closed further in.

    ``walk`` is in pixels, as is ``clearance``, how far it stays from others; its forks count branches.
    """
    count = max(3, int(walk.length / 4))
    step = walk.length / count
    curvature = float(rng.normal(0, 0.09))
    opened = float(rng.uniform(0.2, 1.0))
    side = canvas.shape[0]
    (x, y), heading, forks = walk.start, walk.heading, walk.forks
    for index in range(count):
        heading += curvature + float(rng.normal(0, 0.15))
        nx, ny = float(x + step * np.cos(heading)), float(y + step * np.sin(heading))
        ahead_x, ahead_y = (
            round(x + (step + clearance) * np.cos(heading)),
            round(y + (step + clearance) * np.sin(heading)),
        )
        if not (0 <= ahead_x < side and 0 <= ahead_y < side) or canvas[ahead_y, ahead_x]:
            return
        thickness = max(1, round(walk.width * (1.2 - 0.6 * index / count)))
        cv2.line(canvas, (round(x), round(y)), (round(nx), round(ny)), 2 if index < opened * count else 1, thickness)
        x, y = nx, ny
        if forks and index > count * 0.4 and rng.random() < 0.2:
            forks -= 1
            turn = float(rng.choice([-1.0, 1.0])) * float(rng.uniform(0.8, 1.4))
            length = walk.length * float(rng.uniform(0.2, 0.4))
            _sulcus(canvas, rng, Walk((x, y), heading + turn, length, walk.width * 0.6, 0), clearance)


def cortex(sketch: Sketch, brain: Mask, sulci: Labels, rng: np.random.Generator, thickness: float) -> None:
    """Label ``brain``: a ribbon of grey matter along its border and the sulci of :func:`fold`, white matter inside."""
    solid = (brain & (sulci == 0)).astype(np.uint8)
    distance = cv2.distanceTransform(solid, cv2.DIST_L2, 3)
    ribbon = sketch.pixels(thickness) * (1 + 0.16 * noise(rng, (sketch.side, sketch.side), 22))
    sketch.put(brain, Tissue.WHITE)
    sketch.put(brain & (distance <= ribbon), Tissue.GREY)
    sketch.put(brain & (sulci == 2), Tissue.CSF)


def join(sulci: Labels, cleft: Mask) -> Labels:
    """Sulci with a wide open cleft added."""
    return np.where(cleft, np.uint8(2), sulci).astype(np.uint8)


def folia(
    sketch: Sketch, where: Mask, rng: np.random.Generator, centre: tuple[float, float], spacing: float = 0.045
) -> None:
    """Label a cerebellum: fine leaves around a branching white core."""
    side = sketch.side
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) * np.float32(2 / (side - 1)) - 1
    distance = cv2.distanceTransform(where.astype(np.uint8), cv2.DIST_L2, 3) * np.float32(2 / side)
    wobble = noise(rng, (side, side), 9)
    phase = distance / np.float32(spacing) + 0.22 * wobble
    leaf = np.cos(2 * np.pi * phase)
    angle = np.arctan2(y - np.float32(centre[1]), x - np.float32(centre[0]))
    arms = np.cos(float(rng.integers(9, 13)) * angle + 0.7 * wobble)
    core = np.minimum(1.0, float(distance.max()) * 0.55)
    sketch.put(where, Tissue.CEREBELLAR_GREY)
    sketch.put(where & ((distance > core) | ((arms > 0.35) & (distance > spacing * 0.8))), Tissue.CEREBELLAR_WHITE)
    sketch.put(where & (leaf > 0.93) & (distance < 0.8 * core) & (wobble > -0.6), Tissue.CSF)


def paint(labels: Labels, contrast: str, rng: np.random.Generator, spread: float = 0.03) -> Field:
    """Brightness 0..1 of each pixel: the tissue's value with the variation it has inside one tissue."""
    table = np.asarray(CONTRASTS[contrast], np.float32)
    table = table * (1 + np.float32(spread) * rng.standard_normal(len(table), np.float32))
    field: Field = table.astype(np.float32)[labels]
    size = (labels.shape[0], labels.shape[1])
    field = field * (1 + np.float32(0.025) * noise(rng, size, 6) + np.float32(0.03) * noise(rng, size, 40, 2))
    rough = np.isin(labels, np.asarray([Tissue.FAT, Tissue.MUSCLE, Tissue.MARROW, Tissue.MUCOSA], np.uint8))
    return (field * np.where(rough, 1 + np.float32(0.13) * noise(rng, size, 28, 2), np.float32(1))).astype(np.float32)
