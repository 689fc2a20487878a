"""The lowest axial slice of the head: orbits, nose, temporal lobes, cerebellum, pons."""

from __future__ import annotations

import numpy as np

from data_builders.sources.phantoms import brain_tissue
from data_builders.sources.phantoms.brain_head import Head, grow, rounded
from data_builders.sources.phantoms.brain_tissue import Tissue
from data_builders.sources.phantoms.canvas import Sketch
from data_builders.types import Mask


def posterior_fossa(sketch: Sketch, head: Head, inside: Mask, rng: np.random.Generator) -> None:
    """Cerebellum, pons, fourth ventricle, temporal lobes, orbits with eyes, nose, petrous bones."""
    n = rng.normal(0, 0.012, 8)
    sketch.put(inside, Tissue.BONE)
    face = inside & sketch.polygon_mask([(-1, -1), (1, -1), (1, -0.22), (0.3, -0.14), (-0.3, -0.14), (-1, -0.22)])
    sketch.put(face, Tissue.MUSCLE)
    for sign in (-1.0, 1.0):
        lobe_in = [
            (sign * 0.13, 0.06),
            (sign * 0.17, -0.14),
            (sign * 0.30, -0.36),
            (sign * 0.46, -0.33),
            (sign * 0.56, -0.10),
            (sign * 0.55, 0.10),
            (sign * 0.36, 0.10),
        ]
        lobe = sketch.polygon_mask(rounded(lobe_in)) & inside
        sketch.put(grow(lobe, sketch.pixels(0.02)), Tissue.BONE, inside)
        sketch.put(grow(lobe, sketch.pixels(0.008)), Tissue.CSF, inside)
        sulci = brain_tissue.fold(sketch, lobe, rng, 0.11, 0.13, head.sulcus)
        brain_tissue.cortex(sketch, lobe, sulci, rng, head.ribbon)
        sketch.stroke([(sign * 0.33, -0.06), (sign * 0.36, 0.02)], [0.005, 0.008 * head.ventricle], Tissue.VENTRICLE)
        sketch.ellipse((sign * 0.29, -0.47), (0.15, 0.19), Tissue.FAT, sign * 0.3)
        eye = (sign * (0.27 + n[0]), -0.57 + n[1] * 0.5)
        sketch.stroke([(sign * 0.11, -0.25), (sign * 0.22, -0.44), eye], [0.013, 0.016, 0.02], Tissue.BRAINSTEM)
        sketch.stroke(
            [(sign * 0.13, -0.27), (sign * 0.15, -0.42), (sign * 0.16, -0.54)], [0.012, 0.02, 0.012], Tissue.MUSCLE
        )
        sketch.stroke(
            [(sign * 0.16, -0.25), (sign * 0.38, -0.40), (sign * 0.40, -0.54)], [0.012, 0.02, 0.012], Tissue.MUSCLE
        )
        sketch.ellipse(eye, (0.120, 0.120), Tissue.MUSCLE)
        sketch.ellipse(eye, (0.108, 0.108), Tissue.EYE)
        sketch.ellipse((eye[0], eye[1] - 0.08), (0.045, 0.018), Tissue.LENS)
    sketch.stroke([(0, -0.72), (float(n[2]), -0.5), (0, -0.3)], [0.05, 0.10, 0.08], Tissue.MUCOSA)
    for sign in (-1.0, 1.0):
        for y in (-0.64, -0.54, -0.45, -0.36):
            sketch.ellipse((sign * (0.045 + n[3] * 0.3), y), (0.028, 0.042), Tissue.AIR)
    sketch.ellipse((n[4], -0.22), (0.07, 0.06), Tissue.AIR if rng.random() < 0.6 else Tissue.MUCOSA)
    _cerebellum(sketch, head, inside, rng)


def _cerebellum(sketch: Sketch, head: Head, inside: Mask, rng: np.random.Generator) -> None:
    """The posterior fossa proper."""
    fossa_points = [
        (0, 0.0),
        (0.16, 0.03),
        (0.34, 0.20),
        (0.48, 0.38),
        (0.40, 0.60),
        (0.16, 0.70),
        (-0.16, 0.70),
        (-0.40, 0.60),
        (-0.48, 0.38),
        (-0.34, 0.20),
        (-0.16, 0.03),
    ]
    fossa = sketch.polygon_mask(rounded(fossa_points)) & inside
    sketch.put(grow(fossa, sketch.pixels(0.012)), Tissue.DURA, inside)
    sketch.put(fossa, Tissue.CSF)
    for sign in (-1.0, 1.0):
        hemisphere = [
            (sign * 0.02, 0.28),
            (sign * 0.22, 0.22),
            (sign * 0.40, 0.34),
            (sign * 0.41, 0.46),
            (sign * 0.28, 0.60),
            (sign * 0.06, 0.65),
        ]
        where = sketch.polygon_mask(rounded(hemisphere)) & fossa
        brain_tissue.folia(sketch, where, rng, (sign * 0.2, 0.40))
        sketch.stroke(
            [(sign * 0.12, 0.17), (sign * 0.17, 0.25), (sign * 0.2, 0.36)], [0.05, 0.05, 0.05], Tissue.CEREBELLAR_WHITE
        )
        sketch.stroke([(sign * 0.15, 0.12), (sign * 0.30, 0.14)], [0.008, 0.008], Tissue.BRAINSTEM)
        sketch.ellipse((sign * 0.5, 0.27), (0.04, 0.07), Tissue.VESSEL, sign * 0.4, inside)
        for _ in range(5):
            x, y = sign * float(rng.uniform(0.42, 0.54)), float(rng.uniform(0.14, 0.30))
            sketch.ellipse((x, y), (0.022, 0.022), Tissue.AIR, 0.0, inside)
    vermis = sketch.polygon_mask(rounded([(-0.05, 0.32), (0.05, 0.32), (0.06, 0.55), (0, 0.63), (-0.06, 0.55)]))
    brain_tissue.folia(sketch, vermis & fossa, rng, (0.0, 0.40), 0.03)
    sketch.ellipse((0, 0.135), (0.155, 0.115), Tissue.BRAINSTEM)
    size = head.ventricle * float(rng.uniform(0.85, 1.15))
    sketch.polygon(
        rounded([(-0.055 * size, 0.25), (0.055 * size, 0.25), (0.025, 0.33), (-0.025, 0.33)]), Tissue.VENTRICLE
    )
    sketch.ellipse((float(rng.normal(0, 0.01)), 0.008), (0.017, 0.017), Tissue.VESSEL)
    for sign in (-1.0, 1.0):
        sketch.ellipse((sign * 0.12, -0.07), (0.022, 0.034), Tissue.VESSEL)
