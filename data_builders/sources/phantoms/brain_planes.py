"""Sagittal (midline) and coronal slices of the head."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from data_builders.sources.phantoms import brain_tissue
from data_builders.sources.phantoms.brain_head import Head, grow, rounded
from data_builders.sources.phantoms.brain_tissue import Tissue
from data_builders.sources.phantoms.canvas import Labels, Sketch

_PROFILE = [
    (-0.10, -0.88), (-0.42, -0.80), (-0.66, -0.58), (-0.73, -0.34), (-0.72, -0.14), (-0.90, 0.10), (-0.80, 0.17), (-0.80, 0.30),
    (-0.76, 0.40), (-0.80, 0.55), (-0.62, 0.66), (-0.36, 0.66), (-0.30, 1.05), (0.42, 1.05), (0.48, 0.70), (0.66, 0.42),
    (0.78, 0.10), (0.78, -0.30), (0.60, -0.64), (0.28, -0.84),
]  # fmt: skip
_CRANIUM = [
    (-0.10, -0.77), (-0.38, -0.70), (-0.58, -0.50), (-0.63, -0.26), (-0.52, -0.06), (-0.28, 0.02), (-0.14, 0.12), (-0.04, 0.36),
    (0.08, 0.52), (0.28, 0.50), (0.50, 0.36), (0.66, 0.08), (0.67, -0.28), (0.52, -0.56), (0.24, -0.74),
]  # fmt: skip
_CEREBRUM = [
    (-0.10, -0.73), (-0.36, -0.66), (-0.54, -0.47), (-0.59, -0.26), (-0.48, -0.10), (-0.26, -0.05), (-0.05, -0.12), (0.18, -0.06),
    (0.34, 0.04), (0.58, 0.10), (0.625, -0.05), (0.62, -0.28), (0.49, -0.53), (0.23, -0.70),
]  # fmt: skip


def _scaled(
    points: Sequence[tuple[float, float]], factor: float, centre: tuple[float, float] = (0.0, -0.2)
) -> np.ndarray:
    p = np.asarray(points, np.float32)
    c = np.asarray(centre, np.float32)
    return rounded([(float(x), float(y)) for x, y in (p - c) * np.float32(factor) + c])


def sagittal(head: Head, side: int, rng: np.random.Generator) -> Labels:
    """Tissue labels, (side, side), of a midline slice; the face looks to the left."""
    sketch = Sketch(side)
    body = sketch.polygon(rounded(_PROFILE), Tissue.FAT)
    sketch.polygon(_scaled(_PROFILE, 0.955, (0.0, 0.0)), Tissue.MUSCLE, body)
    scalp = sketch.polygon_mask(rounded(_PROFILE)) & ~grow(
        sketch.polygon_mask(rounded(_CRANIUM)), sketch.pixels(head.skull + 0.004)
    )
    sketch.put(scalp & (np.arange(side)[:, None] < side * 0.42), Tissue.FAT)
    _face(sketch, rng)
    inside = sketch.polygon_mask(rounded(_CRANIUM))
    sketch.put(grow(inside, sketch.pixels(head.skull)), Tissue.BONE, body)
    sketch.put(grow(inside, sketch.pixels(head.skull * 0.7)), Tissue.MARROW, body)
    sketch.put(grow(inside, sketch.pixels(head.skull * 0.28)), Tissue.BONE, body)
    sketch.put(inside, Tissue.CSF)
    brain = sketch.polygon_mask(_scaled(_CEREBRUM, 1.02 - head.gap)) & inside
    cingulate = sketch.stroke_mask(
        [(-0.36, -0.12), (-0.47, -0.28), (-0.30, -0.47), (0.0, -0.53), (0.25, -0.45), (0.40, -0.30)],
        [head.sulcus * 0.8] * 2,
    )
    sulci = brain_tissue.join(
        brain_tissue.fold(sketch, brain & ~cingulate, rng, 0.11, 0.19, head.sulcus), cingulate & brain
    )
    brain_tissue.cortex(sketch, brain, sulci, rng, head.ribbon)
    _midline(sketch, head, rng)
    _hindbrain(sketch, head, rng)
    return sketch.labels


def _face(sketch: Sketch, rng: np.random.Generator) -> None:
    """Nose, mouth, throat and neck bones."""
    n = rng.normal(0, 0.012, 6)
    sketch.polygon(
        rounded([(-0.80, 0.10), (-0.66, -0.02), (-0.40, 0.06), (-0.24, 0.22), (-0.40, 0.26), (-0.70, 0.22)]),
        Tissue.MUCOSA,
    )
    for y in (0.05, 0.12, 0.19):
        sketch.stroke([(-0.68, y + n[0]), (-0.50, y), (-0.32, y + 0.03)], [0.012, 0.020, 0.010], Tissue.AIR)
    sketch.stroke([(-0.74, 0.29), (-0.5, 0.27), (-0.30, 0.31)], [0.02, 0.018, 0.025], Tissue.BONE)
    sketch.ellipse((-0.50 + n[1], 0.42), (0.20, 0.12), Tissue.MUSCLE, 0.1)
    sketch.stroke([(-0.68, 0.33), (-0.45, 0.31), (-0.30, 0.36)], [0.008, 0.012, 0.01], Tissue.AIR)
    sketch.ellipse((-0.64, 0.55), (0.05, 0.06), Tissue.MARROW)
    sketch.stroke([(-0.22, 0.20), (-0.16, 0.45), (-0.14, 0.75), (-0.14, 1.05)], [0.03, 0.03, 0.035, 0.03], Tissue.AIR)
    sketch.ellipse((-0.66, -0.30 + n[2]), (0.035, 0.07), Tissue.AIR, 0.2)
    for index in range(4):
        y = 0.56 + 0.15 * index
        sketch.ellipse((-0.04 + 0.015 * index + n[3], y), (0.055, 0.058), Tissue.MARROW)
        sketch.stroke([(-0.09, y + 0.075), (0.02, y + 0.075)], [0.012, 0.012], Tissue.CSF)
        sketch.ellipse((0.24 + 0.01 * index, y + 0.02), (0.07, 0.03), Tissue.MARROW, 0.4)


def _midline(sketch: Sketch, head: Head, rng: np.random.Generator) -> None:
    """Corpus callosum, ventricle beneath it, thalamus, sella."""
    n = rng.normal(0, 0.008, 6)
    arch = [
        (-0.24, -0.20),
        (-0.33, -0.28),
        (-0.24, -0.38 + n[0]),
        (0.0, -0.43 + n[1]),
        (0.20, -0.36),
        (0.29, -0.24),
        (0.23, -0.18),
    ]
    under = sketch.polygon_mask(rounded(arch))
    sketch.put(under, Tissue.VENTRICLE)
    sketch.ellipse((-0.02, -0.21 + n[2]), (0.13, 0.085), Tissue.DEEP_GREY, 0.1)
    sketch.stroke([(0.16, -0.32), (-0.08, -0.34), (-0.15, -0.22)], [0.014, 0.014, 0.010], Tissue.WHITE)
    sketch.stroke(arch, [0.016, 0.042, 0.034, 0.028, 0.030, 0.042, 0.030], Tissue.WHITE)
    sketch.polygon(rounded([(-0.22, -0.16), (-0.05, -0.13), (0.02, -0.08), (-0.10, 0.00), (-0.20, 0.0)]), Tissue.CSF)
    sketch.stroke([(-0.16, -0.13), (-0.20, -0.03)], [0.012, 0.008], Tissue.DEEP_GREY)
    sketch.ellipse((-0.215, 0.035), (0.045, 0.03), Tissue.MUCOSA)
    sketch.ellipse((-0.27, 0.12), (0.09, 0.055), Tissue.AIR if rng.random() < 0.7 else Tissue.MARROW)
    sketch.ellipse((0.17, -0.13), (0.026, 0.02), Tissue.DEEP_GREY)


def _hindbrain(sketch: Sketch, head: Head, rng: np.random.Generator) -> None:
    """Brainstem, fourth ventricle, cerebellum, spinal cord."""
    sketch.stroke([(0.06, 0.36), (0.09, 0.6), (0.10, 1.05)], [0.075, 0.065, 0.065], Tissue.CSF)
    fossa = sketch.polygon_mask(
        rounded(
            [
                (0.06, -0.08),
                (0.22, -0.05),
                (0.40, 0.08),
                (0.56, 0.14),
                (0.46, 0.36),
                (0.28, 0.47),
                (0.12, 0.42),
                (0.04, 0.2),
            ]
        )
    )
    sketch.put(fossa, Tissue.CSF)
    leaf = sketch.polygon_mask(
        rounded([(0.18, 0.02), (0.36, 0.09), (0.50, 0.18), (0.46, 0.32), (0.28, 0.43), (0.17, 0.34), (0.13, 0.19)])
    )
    brain_tissue.folia(sketch, leaf, rng, (0.17, 0.2), 0.05)
    for angle in np.linspace(-0.9, 1.1, 5):
        tip = (0.17 + 0.24 * float(np.cos(angle)), 0.2 + 0.20 * float(np.sin(angle)))
        sketch.stroke([(0.17, 0.2), tip], [0.018, 0.006], Tissue.CEREBELLAR_WHITE, leaf)
    sketch.polygon(rounded([(0.10, 0.12), (0.19, 0.20), (0.11, 0.30)]), Tissue.VENTRICLE)
    sketch.stroke(
        [(0.02, -0.15), (0.04, -0.03), (0.045, 0.12), (0.07, 0.32), (0.09, 0.6), (0.10, 1.05)],
        [0.075, 0.062, 0.06, 0.048, 0.038, 0.036],
        Tissue.BRAINSTEM,
    )
    sketch.ellipse((0.005, 0.115), (0.085, 0.115), Tissue.BRAINSTEM, 0.2)
    sketch.stroke([(0.11, -0.09), (0.095, 0.02), (0.11, 0.12)], [0.008, 0.010, 0.012], Tissue.VENTRICLE)
    sketch.stroke([(-0.085, 0.02), (-0.09, 0.16), (-0.03, 0.3)], [0.010, 0.012, 0.008], Tissue.VESSEL)


def coronal(head: Head, position: float, side: int, rng: np.random.Generator) -> Labels:
    """Tissue labels, (side, side), of a coronal slice; ``position`` 0 is frontal, 1 is through the cerebellum."""
    sketch = Sketch(side)
    n = rng.normal(0, 0.01, 8)
    dome = [
        (0, -0.72),
        (0.34, -0.64),
        (0.56, -0.40),
        (0.63, -0.08),
        (0.58, 0.20),
        (0.44, 0.34),
        (0.22, 0.30),
        (0, 0.26),
    ]
    hull = _mirrored(dome)
    inside = sketch.polygon_mask(rounded(hull))
    neck = _mirrored([(0, -0.8), (0.40, -0.74), (0.66, -0.44), (0.74, 0.0), (0.70, 0.36), (0.56, 0.62), (0.44, 1.05)])
    body = grow(sketch.polygon_mask(rounded(hull)), sketch.pixels(head.skull + head.scalp)) | sketch.polygon_mask(
        rounded(neck)
    )
    sketch.put(body, Tissue.FAT)
    sketch.put(sketch.polygon_mask(rounded([(0.93 * x, 0.93 * y + 0.02) for x, y in neck])), Tissue.MUSCLE, body)
    sketch.put(grow(inside, sketch.pixels(head.skull)), Tissue.BONE, body)
    sketch.put(grow(inside, sketch.pixels(head.skull * 0.7)), Tissue.MARROW, body)
    sketch.put(grow(inside, sketch.pixels(head.skull * 0.3)), Tissue.BONE, body)
    sketch.put(inside, Tissue.CSF)
    sketch.ellipse((n[0], 0.56), (0.12, 0.14), Tissue.AIR if position < 0.5 else Tissue.MARROW)
    for sign in (-1.0, 1.0):
        sketch.ellipse((sign * 0.34, 0.62), (0.10, 0.13), Tissue.FAT, sign * 0.2)
        sketch.ellipse(
            (sign * 0.345, 0.62), (0.085, 0.12), Tissue.EYE if position < 0.35 else Tissue.MUSCLE, sign * 0.2
        )
    brain = (
        sketch.polygon_mask(rounded([(x * (0.99 - head.gap), (y + 0.1) * (0.99 - head.gap) - 0.1) for x, y in hull]))
        & inside
    )
    cleft = sketch.stroke_mask([(0, -0.8), (n[1], -0.55), (0, -0.34)], [head.sulcus, head.sulcus * 0.6])
    for sign in (-1.0, 1.0):
        w = head.sulcus * float(rng.uniform(0.8, 1.5))
        cleft |= sketch.stroke_mask(
            [(sign * 0.68, -0.02), (sign * 0.52, -0.01), (sign * 0.40, -0.05 + n[2])], [w, w * 0.7]
        )
        cleft |= sketch.stroke_mask(
            [(sign * 0.39, -0.19), (sign * 0.40, -0.04), (sign * 0.37, 0.07)], [w * 0.6, w, w * 0.6]
        )
    sulci = brain_tissue.join(brain_tissue.fold(sketch, brain & ~cleft, rng, 0.11, 0.20, head.sulcus), cleft & brain)
    brain_tissue.cortex(sketch, brain, sulci, rng, head.ribbon)
    _coronal_core(sketch, head, position, rng)
    return sketch.labels


def _mirrored(half: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The closed outline from its right half."""
    return [*half, *((-x, y) for x, y in reversed(half) if abs(x) > 1e-6)]


def _coronal_core(sketch: Sketch, head: Head, position: float, rng: np.random.Generator) -> None:
    """Ventricles, deep nuclei, and below them brainstem or cerebellum."""
    v = head.ventricle
    sketch.ellipse((0, -0.14), (0.34, 0.19), Tissue.WHITE)
    for sign in (-1.0, 1.0):
        s = v * float(rng.uniform(0.88, 1.12))
        sketch.ellipse((sign * 0.27, -0.05), (0.06, 0.10), Tissue.DEEP_GREY, sign * 0.35)
        sketch.ellipse((sign * 0.21, -0.03), (0.035, 0.06), Tissue.PALLIDUM, sign * 0.35)
        sketch.ellipse((sign * 0.17, -0.20), (0.045, 0.06), Tissue.DEEP_GREY, sign * 0.4)
        sketch.ellipse((sign * 0.09, -0.07), (0.07, 0.075), Tissue.DEEP_GREY)
        sketch.stroke(
            [(sign * 0.025, -0.235), (sign * 0.09, -0.25), (sign * 0.165, -0.275)],
            [0.02 * s, 0.034 * s, 0.012 * s],
            Tissue.VENTRICLE,
        )
        sketch.stroke([(sign * 0.31, 0.13), (sign * 0.36, 0.145)], [0.008, 0.013 * s], Tissue.VENTRICLE)
        sketch.ellipse((sign * 0.33, 0.175), (0.055, 0.028), Tissue.DEEP_GREY, sign * 0.2)
    sketch.stroke([(-0.16, -0.32), (0, -0.295), (0.16, -0.32)], [0.016, 0.024, 0.016], Tissue.WHITE)
    sketch.stroke([(0, -0.12), (0, 0.0)], [0.010 * v, 0.012 * v], Tissue.VENTRICLE)
    sketch.polygon(
        rounded([(-0.16, 0.10), (0, 0.05), (0.16, 0.10), (0.20, 0.28), (0, 0.34), (-0.20, 0.28)]), Tissue.CSF
    )
    sketch.polygon(
        rounded([(-0.10, 0.06), (0.10, 0.06), (0.11, 0.24), (0.06, 0.40), (-0.06, 0.40), (-0.11, 0.24)]),
        Tissue.BRAINSTEM,
    )
    if position > 0.5:
        _cerebellum(sketch, rng)


def _cerebellum(sketch: Sketch, rng: np.random.Generator) -> None:
    """Both lobes of the cerebellum in their fluid."""
    half = [(0.03, 0.18), (0.24, 0.20), (0.42, 0.34), (0.34, 0.48), (0.12, 0.46)]
    lobes = [(sign, sketch.polygon_mask(rounded([(sign * x, y) for x, y in half]))) for sign in (-1.0, 1.0)]
    for _, lobe in lobes:
        sketch.put(grow(lobe, sketch.pixels(0.018)), Tissue.CSF)
    for sign, lobe in lobes:
        brain_tissue.folia(sketch, lobe, rng, (sign * 0.15, 0.33))
