"""Axial slices of the head, from the posterior fossa (level 0) to the vertex (level 5)."""

from __future__ import annotations

import numpy as np

from data_builders.sources.phantoms import brain_tissue
from data_builders.sources.phantoms.brain_fossa import posterior_fossa
from data_builders.sources.phantoms.brain_head import Head
from data_builders.sources.phantoms.brain_tissue import Tissue
from data_builders.sources.phantoms.canvas import Labels, Sketch
from data_builders.types import Mask


def outline(head: Head, offset: float, scale: float = 1.0) -> np.ndarray:
    """Polygon of the brain's border moved outwards by ``offset``, (points, 2)."""
    t = np.linspace(0, 2 * np.pi, 140, endpoint=False)
    width, length = head.width * scale + offset, head.length * scale + offset
    power = 2 / head.roundness
    sin, cos = np.sin(t), np.cos(t)
    y = -length * np.sign(cos) * np.abs(cos) ** power
    x = width * np.sign(sin) * np.abs(sin) ** power
    x = x * (1 + head.egg * y / length + head.lean * np.sign(x)) * (1 - 0.03 * np.cos(2 * t))
    return np.stack([x, y], 1).astype(np.float32)


def axial(head: Head, level: float, side: int, rng: np.random.Generator) -> Labels:
    """Tissue labels, (side, side), of the slice at ``level`` in [0, 5]."""
    sketch = Sketch(side)
    scale = float(np.interp(level, [0, 1, 2, 3, 4, 5], [0.93, 0.97, 1.0, 0.99, 0.93, 0.76]))
    inside = _shells(sketch, head, scale, level, rng)
    if level < 0.75:
        posterior_fossa(sketch, head, inside, rng)
        return sketch.labels
    brain = sketch.polygon_mask(outline(head, 0.0, scale))
    fissure = _fissures(sketch, head, level, scale, rng)
    depth = float(np.interp(level, [1, 2, 3, 4, 5], [0.15, 0.19, 0.24, 0.30, 0.30]))
    sulci = brain_tissue.join(
        brain_tissue.fold(sketch, brain & ~fissure, rng, 0.115, depth, head.sulcus), fissure & brain
    )
    brain_tissue.cortex(sketch, brain, sulci, rng, head.ribbon)
    if level < 1.5:
        _midbrain(sketch, head, brain, rng)
    elif level < 2.6:
        _basal_ganglia(sketch, head, rng, level)
    elif level < 3.6:
        _ventricle_bodies(sketch, head, rng)
    _sinus(sketch, head, scale, rng)
    return sketch.labels


def _shells(sketch: Sketch, head: Head, scale: float, level: float, rng: np.random.Generator) -> Mask:
    """Scalp, skull with marrow, dura, fluid. Returns the inside of the skull."""
    skull = head.skull * float(rng.uniform(0.92, 1.08))
    outer = sketch.polygon(outline(head, head.gap + skull + head.scalp, scale), Tissue.FAT)
    if level < 2.6:
        for sign in (-1.0, 1.0):
            x = sign * (head.width * scale + head.gap + skull + head.scalp * 0.55)
            sketch.ellipse((x * 0.985, -0.16), (head.scalp * 0.75, 0.27), Tissue.MUSCLE, sign * -0.1, outer)
    sketch.polygon(outline(head, head.gap + skull, scale), Tissue.BONE)
    if skull > 0.045:
        sketch.polygon(outline(head, head.gap + skull * 0.72, scale), Tissue.MARROW)
        sketch.polygon(outline(head, head.gap + skull * 0.32, scale), Tissue.BONE)
    if level > 1.0:
        sinus = sketch.polygon_mask(outline(head, head.gap + skull * 0.6, scale))
        if level < 2.4 and rng.random() < 0.7:
            sketch.ellipse(
                (0.0, -head.length * scale - head.gap - skull * 0.5), (0.12, skull * 0.35), Tissue.AIR, 0, sinus
            )
    sketch.polygon(outline(head, head.gap, scale), Tissue.DURA)
    return sketch.polygon(outline(head, head.gap - 0.008, scale), Tissue.CSF)


def _fissures(sketch: Sketch, head: Head, level: float, scale: float, rng: np.random.Generator) -> Mask:
    """The cleft between the hemispheres and, low in the head, the Sylvian fissures."""
    length = head.length * scale
    bend = float(rng.normal(0, 0.008))
    wide = head.sulcus * float(rng.uniform(0.5, 1.1))
    if level < 2.6:
        cleft = sketch.stroke_mask([(0, -length - 0.03), (bend, -length * 0.7), (0, -0.36)], [wide * 1.4, wide * 0.6])
        back = 0.30 if level >= 1.5 else 0.62
        cleft |= sketch.stroke_mask([(0, back), (-bend, length * 0.8), (0, length + 0.03)], [wide * 0.6, wide * 1.4])
    elif level < 3.6:
        cleft = sketch.stroke_mask([(0, -length - 0.03), (bend, -length * 0.7), (0, -0.35)], [wide * 1.3, wide * 0.6])
        cleft |= sketch.stroke_mask([(0, 0.33), (-bend, length * 0.7), (0, length + 0.03)], [wide * 0.6, wide * 1.3])
    else:
        cleft = sketch.stroke_mask(
            [(0, -length - 0.03), (bend, -0.2), (-bend, 0.2), (0, length + 0.03)], [wide * 1.2, wide, wide * 1.2]
        )
    if level < 2.6:
        for sign in (-1.0, 1.0):
            y = float(rng.normal(-0.04, 0.025))
            edge = head.width * scale
            w = head.sulcus * float(rng.uniform(0.8, 1.5))
            inner = sign * (0.40 + float(rng.normal(0, 0.012)))
            cleft |= sketch.stroke_mask(
                [(sign * edge * 1.02, y + 0.05), (sign * edge * 0.85, y + 0.02), (inner, y)], [w * 1.0, w * 0.7]
            )
            cleft |= sketch.stroke_mask(
                [(inner * 0.9, y - 0.17), (inner * 1.02, y), (inner * 0.94, y + 0.2)], [w * 0.4, w * 0.7, w * 0.4]
            )
    return cleft


def _basal_ganglia(sketch: Sketch, head: Head, rng: np.random.Generator, level: float) -> None:
    """Frontal horns, third ventricle, caudate, lentiform nucleus, thalamus, atria with choroid plexus."""
    v = head.ventricle
    sketch.ellipse((0, -0.02), (0.36, 0.36), Tissue.WHITE)
    for sign in (-1.0, 1.0):
        s = v * float(rng.uniform(0.88, 1.12))
        n = rng.normal(0, 0.008, 6)
        sketch.ellipse((sign * (0.275 + n[0]), -0.03 + n[1]), (0.062, 0.155), Tissue.DEEP_GREY, sign * -0.30)
        sketch.ellipse((sign * (0.225 + n[0]), -0.01 + n[1]), (0.042, 0.085), Tissue.PALLIDUM, sign * -0.36)
        sketch.ellipse((sign * (0.115 + n[2]), 0.13 + n[3]), (0.085, 0.125), Tissue.DEEP_GREY, sign * -0.35)
        sketch.stroke(
            [(sign * 0.345, -0.16), (sign * 0.352, 0.0), (sign * 0.33, 0.13)], [0.006, 0.009, 0.006], Tissue.GREY
        )
        sketch.ellipse((sign * (0.145 + 0.02 * v), -0.20 + n[4]), (0.055, 0.10), Tissue.DEEP_GREY, sign * 0.30)
        horn = [(sign * 0.028, -0.10), (sign * 0.06, -0.19), (sign * (0.10 + 0.025 * v), -0.305)]
        sketch.stroke(horn, [0.018 * s, 0.034 * s, 0.020 * s], Tissue.VENTRICLE)
        atrium = [(sign * 0.17, 0.255), (sign * (0.235 + n[5]), 0.32), (sign * 0.235, 0.45 + 0.05 * (v - 1))]
        sketch.stroke(atrium, [0.016 * s, 0.042 * s, 0.014 * s], Tissue.VENTRICLE)
        sketch.ellipse((sign * 0.215, 0.315), (0.022, 0.034), Tissue.CHOROID, sign * -0.5)
    third = 0.010 + 0.012 * v * float(rng.uniform(0.7, 1.3))
    sketch.stroke([(0, -0.06), (0, 0.06), (0, 0.18)], [third * 0.7, third, third * 0.8], Tissue.VENTRICLE)
    sketch.stroke([(0, -0.21), (0, -0.10)], [0.006, 0.008], Tissue.WHITE)
    sketch.ellipse((0, 0.235), (0.022, 0.024), Tissue.DEEP_GREY)
    sketch.stroke([(-0.07, 0.285), (0, 0.265), (0.07, 0.285)], [0.008, 0.018, 0.008], Tissue.CSF)
    if rng.random() < 0.08:
        sketch.ellipse((0, -0.17), (0.016, 0.05), Tissue.VENTRICLE)
    _perivascular(sketch, rng)


def _ventricle_bodies(sketch: Sketch, head: Head, rng: np.random.Generator) -> None:
    """Bodies of the lateral ventricles between the corpus callosum's two ends."""
    v = head.ventricle
    sketch.ellipse((0, 0.0), (0.27, 0.36), Tissue.WHITE)
    for sign in (-1.0, 1.0):
        s = v * float(rng.uniform(0.85, 1.15))
        n = rng.normal(0, 0.008, 3)
        body = [
            (sign * (0.105 + n[0]), -0.29 - 0.02 * v),
            (sign * 0.062, -0.14),
            (sign * (0.072 + n[1]), 0.05),
            (sign * (0.15 + n[2]), 0.22),
            (sign * 0.20, 0.33 + 0.03 * v),
        ]
        sketch.stroke([(x + sign * 0.035, y) for x, y in body[:4]], [0.03, 0.03, 0.022, 0.008], Tissue.DEEP_GREY)
        sketch.stroke(body, [0.016 * s, 0.030 * s, 0.030 * s, 0.036 * s, 0.014 * s], Tissue.VENTRICLE)
        plexus = [(sign * 0.075, 0.08), (sign * 0.13, 0.19), (sign * 0.165, 0.25)]
        sketch.stroke(plexus, [0.006, 0.011, 0.014], Tissue.CHOROID)
    sketch.stroke([(0, -0.2), (0, 0.05)], [0.007, 0.010], Tissue.WHITE)


def _midbrain(sketch: Sketch, head: Head, brain: Mask, rng: np.random.Generator) -> None:
    """Midbrain in its cisterns, top of the cerebellum, temporal horns, vessels at the base."""
    n = rng.normal(0, 0.01, 6)
    folded = sketch.polygon_mask(
        [(-0.40, 0.56), (-0.2, 0.28), (0, 0.20), (0.2, 0.28), (0.40, 0.56), (0.25, 0.66), (-0.25, 0.66)]
    )
    sketch.put(folded & brain, Tissue.CSF)
    inner = sketch.polygon_mask(
        [(-0.36, 0.56), (-0.19, 0.31), (0, 0.24), (0.19, 0.31), (0.36, 0.56), (0.22, 0.635), (-0.22, 0.635)]
    )
    brain_tissue.folia(sketch, inner & brain, rng, (0.0, 0.45))
    star = [
        (0, -0.26),
        (-0.04, -0.15),
        (-0.17, -0.13),
        (-0.10, -0.03),
        (-0.18, 0.07),
        (0, 0.02),
        (0.18, 0.07),
        (0.10, -0.03),
        (0.17, -0.13),
        (0.04, -0.15),
    ]
    sketch.ellipse((0, 0.10), (0.185, 0.165), Tissue.CSF)
    sketch.polygon([(x + n[0] * 0.3, y + n[1]) for x, y in star], Tissue.CSF)
    for sign in (-1.0, 1.0):
        sketch.ellipse((sign * 0.085, 0.07), (0.075, 0.095), Tissue.BRAINSTEM, sign * 0.5)
        horn = [(sign * 0.30, 0.02), (sign * (0.345 + n[2]), 0.10), (sign * 0.335, 0.19)]
        sketch.stroke(horn, [0.004, 0.011 * head.ventricle, 0.005], Tissue.VENTRICLE)
        sketch.ellipse((sign * 0.26, 0.06), (0.05, 0.085), Tissue.DEEP_GREY, sign * -0.2)
        sketch.ellipse((sign * (0.11 + n[3]), -0.10), (0.015, 0.015), Tissue.VESSEL)
        sketch.stroke(
            [(sign * 0.11, -0.10), (sign * 0.24, -0.12), (sign * 0.36, -0.06)], [0.009, 0.007, 0.005], Tissue.VESSEL
        )
    sketch.ellipse((0, 0.145), (0.125, 0.075), Tissue.BRAINSTEM)
    sketch.ellipse((0, 0.155), (0.010, 0.012), Tissue.VENTRICLE)
    sketch.ellipse((n[4] * 0.4, -0.01), (0.014, 0.014), Tissue.VESSEL)
    if rng.random() < 0.5:
        sketch.stroke([(-0.09, -0.155), (0, -0.115), (0.09, -0.155)], [0.010, 0.014, 0.010], Tissue.WHITE)


def _sinus(sketch: Sketch, head: Head, scale: float, rng: np.random.Generator) -> None:
    """Sagittal sinus at the back and front, small bridging vessels."""
    back = head.length * scale + head.gap * 0.6
    sketch.polygon([(-0.035, back + 0.012), (0.035, back + 0.012), (0, back - 0.045)], Tissue.VESSEL)
    sketch.ellipse((0, -back), (0.012, 0.014), Tissue.VESSEL)
    csf = sketch.labels == Tissue.CSF
    for _ in range(int(rng.integers(4, 12))):
        angle = float(rng.uniform(0, 2 * np.pi))
        radius = float(rng.uniform(0.9, 1.03)) * scale
        x, y = radius * head.width * np.cos(angle), radius * head.length * np.sin(angle)
        sketch.ellipse((float(x), float(y)), (0.011, 0.011), Tissue.VESSEL, 0.0, csf)


def _perivascular(sketch: Sketch, rng: np.random.Generator) -> None:
    """Fluid-filled dots around small vessels below the putamen: a normal variant."""
    for _ in range(int(rng.integers(0, 5))):
        x, y = float(rng.choice([-1, 1])) * float(rng.uniform(0.2, 0.3)), float(rng.uniform(-0.1, 0.1))
        sketch.ellipse((x, y), (0.007, 0.007), Tissue.CSF)
