"""Frontal chest radiographs: absorption of ribs, spine, heart, diaphragm and soft tissue, projected."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from assistant.types import Domain
from data_builders.sources.phantoms.brain_axial import _rounded
from data_builders.sources.phantoms.canvas import (
    Field,
    Mask,
    Points,
    Sketch,
    View,
    blur,
    grey,
    jitter,
    noise,
    parts_of,
    remap,
    remap_labels,
    smooth_curve,
)
from data_builders.types import Kind, Picture

_LUNG = 1


@dataclass(frozen=True)
class ChestDesign:
    """Build of the patients of one clinic and how its films are exposed.

    Args:
        width: half width of the rib cage, canonical.
        heart: size of the heart, 1 is average.
        fat: soft tissue over the chest, 0..1; breast: breast shadows, 0..1.
        ribs: contrast of the ribs; vessels: contrast of the lung markings.
        breath: height of the diaphragm, canonical.
        window: (gamma, gain) of the film.
        zoom: how much of the picture the chest fills.
    """

    width: float
    heart: float
    fat: float
    breast: float
    ribs: float
    vessels: float
    breath: float
    window: tuple[float, float]
    zoom: float


class ChestRadiograph:
    """Chest X-ray, postero-anterior."""

    name = "chest_xray"
    kind = Kind.PHANTOM
    domain = Domain.MEDICAL

    def design(self, rng: np.random.Generator) -> ChestDesign:
        """Draw a clinic's protocol."""
        return ChestDesign(
            width=float(rng.uniform(0.66, 0.76)),
            heart=float(rng.uniform(0.85, 1.12)),
            fat=float(rng.uniform(0.1, 0.9)),
            breast=float(max(0.0, rng.uniform(-0.8, 1.0))),
            ribs=float(rng.uniform(0.09, 0.2)),
            vessels=float(rng.uniform(0.5, 1.2)),
            breath=float(rng.uniform(0.40, 0.54)),
            window=(float(rng.uniform(0.75, 1.2)), float(rng.uniform(0.85, 1.08))),
            zoom=float(rng.uniform(1.0, 1.16)),
        )

    def render(self, design: ChestDesign, rng: np.random.Generator, size: tuple[int, int]) -> Picture:
        """Expose one patient."""
        side = int(np.clip(min(size), 160, 384))
        sketch = Sketch(side)
        width = jitter(rng, design.width, 0.03)
        left, right = _lungs(sketch, design, width, rng)
        lungs = left | right
        density = _soft_tissue(sketch, design, width, rng)
        air = blur((lungs * np.float32(0.52)).astype(np.float32), 0.012 * side)
        density = density - air * (1 + np.float32(0.06) * noise(rng, (side, side), 3))
        density = density + _markings(sketch, lungs, design.vessels, rng) + _mediastinum(sketch, design, width, rng)
        density = density + design.ribs * _ribs(sketch, width, rng)
        view = View(design.zoom, float(rng.normal(0, 0.02)), (float(rng.normal(0, 0.025)), float(rng.normal(0, 0.025))), 0.012, 3.0)
        maps = view.maps(rng, size, side)
        sketch.labels[:] = 0
        sketch.put(lungs, _LUNG)
        gamma, gain = design.window
        shown = np.clip(gain * remap(blur(density, 0.0022 * side), maps, 0.0), 0.005, 1) ** np.float32(gamma)
        tissue = remap_labels(sketch.labels, maps)
        return Picture(
            pixels=grey(shown.astype(np.float32)),
            object_mask=tissue == _LUNG,
            object_name="chest X-ray",
            family=self.name,
            kind=self.kind,
            domain=self.domain,
            parts=parts_of(tissue, {"lungs": (_LUNG,)}),
        )


def _lungs(sketch: Sketch, design: ChestDesign, width: float, rng: np.random.Generator) -> tuple[Mask, Mask]:
    """Both lung fields; the left of the picture is the patient's right lung, whose diaphragm stands higher."""
    n = rng.normal(0, 0.012, 8)
    masks = []
    for sign, lift in ((-1.0, 0.0), (1.0, 0.05)):
        base = design.breath + lift + float(n[0])
        inner = 0.10 if sign < 0 else 0.11
        notch = 0.17 * design.heart if sign < 0 else 0.34 * design.heart
        points = [
            (0.22, -0.72 + n[1]),
            (0.34, -0.68),
            (width * 0.74, -0.44),
            (width * 0.93, -0.08),
            (width, 0.26),
            (width * 0.99, base + 0.14),
            (width * 0.93, base + 0.10),
            (width * 0.72, base - 0.01),
            (width * 0.48, base - 0.045),
            (notch + 0.03, base + 0.03),
            (notch, 0.30),
            (inner + 0.06 + (0.05 if sign > 0 else 0.0), 0.06),
            (inner, -0.16),
            (inner + 0.01, -0.42),
            (0.13, -0.64),
        ]
        masks.append(sketch.polygon_mask(_rounded([(sign * float(x), float(y)) for x, y in points])))
    return masks[0], masks[1]


def _soft_tissue(sketch: Sketch, design: ChestDesign, width: float, rng: np.random.Generator) -> Field:
    """Body outline, neck, shoulders, breasts, belly; darkens towards the skin."""
    out = width + 0.10 + 0.16 * design.fat
    half = [(0.16, -1.15), (0.17, -0.86), (0.36, -0.76), (0.74, -0.66), (1.05, -0.50), (1.08, -0.2), (out, 0.0), (out, 0.6), (out, 1.15)]
    body = sketch.polygon_mask([*half, *[(-x, y) for x, y in reversed(half)]])
    depth = cv2.distanceTransform(body.astype(np.uint8), cv2.DIST_L2, 3) / np.float32(sketch.side)
    density = np.clip(depth * (5.5 + 2 * design.fat), 0, 0.62).astype(np.float32)
    y = np.linspace(-1, 1, sketch.side, dtype=np.float32)[:, None]
    density = density * (0.92 + 0.16 * np.clip(y, -0.5, 1))
    for sign in (-1.0, 1.0):
        if design.breast > 0.1:
            centre = (sign * (0.42 + float(rng.normal(0, 0.02))), 0.30 + float(rng.normal(0, 0.03)))
            scratch = np.zeros_like(density)
            mask = Sketch(sketch.side)
            scratch[mask.ellipse(centre, (0.27, 0.30), 1)] = 1
            density = density + 0.10 * np.float32(design.breast) * blur(scratch, 0.014 * sketch.side) * np.clip(0.4 + y + 0.3, 0, 1)
    belly = np.clip((y - design.breath + 0.06) * 3.0, 0, 0.22)
    bubble = Sketch(sketch.side)
    if rng.random() < 0.6:
        air = bubble.ellipse((0.34, design.breath + 0.18), (0.10, 0.05), 1).astype(np.float32)
        density = density - 0.16 * blur(air, 0.012 * sketch.side)
    return (density + belly * (depth > 0.02)).astype(np.float32)


def _mediastinum(sketch: Sketch, design: ChestDesign, width: float, rng: np.random.Generator) -> Field:
    """Spine, trachea, aortic knob, heart."""
    side = sketch.side
    n = rng.normal(0, 0.01, 6)
    h = design.heart * float(rng.uniform(0.95, 1.05))
    heart = _rounded(
        [(-0.10, -0.14), (0.08, -0.16), (0.17 + n[0], 0.0), (0.27 * h, 0.16), (0.37 * h + n[1], 0.36), (0.30 * h, 0.50), (0.0, 0.54), (-0.16 * h, 0.46), (-0.19 * h + n[2], 0.28), (-0.13, 0.05)]
    )
    total = 0.27 * blur(sketch.polygon_mask(heart).astype(np.float32), 0.008 * side)
    great = sketch.polygon_mask(_rounded([(-0.11, -0.62), (0.11, -0.62), (0.15 + n[3], -0.30), (0.17, -0.22), (0.14, -0.02), (-0.13, -0.02), (-0.11, -0.3)]))
    total = total + 0.17 * blur(great.astype(np.float32), 0.009 * side)
    knob = Sketch(side).ellipse((0.11 + n[4], -0.27), (0.065, 0.07), 1)
    total = total + 0.06 * blur(knob.astype(np.float32), 0.008 * side)
    spine = sketch.stroke_mask([(0, -1.1), (n[5], 0.0), (0, 1.1)], [0.075, 0.085, 0.10])
    y = np.linspace(-1, 1, side, dtype=np.float32)[:, None]
    discs = 0.75 + 0.25 * np.tanh(4 * np.cos(2 * np.pi * y / 0.135))
    total = total + 0.09 * blur(spine.astype(np.float32), 0.006 * side) * discs
    trachea = sketch.stroke_mask([(0.0, -1.1), (-0.005, -0.6), (0.015, -0.25)], [0.04, 0.038, 0.035])
    for sign in (-1.0, 1.0):
        trachea |= sketch.stroke_mask([(0.015, -0.26), (sign * 0.08, -0.16), (sign * 0.16, -0.08)], [0.024, 0.02, 0.012])
    return np.asarray(total - 0.11 * blur(trachea.astype(np.float32), 0.006 * side), np.float32)


def _ribs(sketch: Sketch, width: float, rng: np.random.Generator) -> Field:
    """Posterior and anterior ribs, clavicles, shoulder blades; brighter along their borders."""
    side = sketch.side
    total = np.zeros((side, side), np.float32)
    pitch, start = 0.135 * float(rng.uniform(0.95, 1.05)), -0.70 + float(rng.normal(0, 0.015))
    for index in range(10):
        y = start + index * pitch
        reach = width * float(np.interp(index, [0, 1, 2, 3, 5, 9], [0.42, 0.62, 0.8, 0.93, 1.01, 1.04]))
        slope = float(np.interp(index, [0, 3, 9], [0.05, 0.14, 0.22]))
        for sign in (-1.0, 1.0):
            wobble = float(rng.normal(0, 0.006))
            back: Points = [(sign * 0.07, y + 0.02), (sign * reach * 0.45, y - 0.035 + wobble), (sign * reach * 0.85, y + slope * 0.45), (sign * reach, y + slope + 0.06)]
            _bone(total, sketch, back, 0.029, 1.0)
            if 1 <= index <= 6:
                front: Points = [(sign * reach, y + slope + 0.06), (sign * reach * 0.88, y + slope + 0.17), (sign * reach * 0.55, y + slope + 0.27 + wobble)]
                _bone(total, sketch, front, 0.030, 0.6)
    for sign in (-1.0, 1.0):
        tilt = float(rng.normal(0, 0.02))
        clavicle: Points = [(sign * 0.07, -0.60), (sign * 0.26, -0.665 + tilt), (sign * 0.48, -0.70 + tilt), (sign * 0.74, -0.76 + tilt)]
        _bone(total, sketch, clavicle, 0.032, 1.3)
        blade: Points = [(sign * 0.78, -0.66), (sign * 0.70, -0.35), (sign * 0.66, -0.02)]
        _bone(total, sketch, blade, 0.05, 0.45)
        _bone(total, sketch, [(sign * 0.92, -0.62), (sign * 1.0, -0.1)], 0.07, 1.2)
    return total


def _bone(total: Field, sketch: Sketch, points: Points, half: float, weight: float) -> None:
    """Add one rib: a band whose borders absorb more than its middle."""
    curve = smooth_curve(points, 20)
    scale = (sketch.side - 1) / 2
    xy = np.round((curve + 1) * scale * 16).astype(np.int32)
    band = np.zeros((sketch.side, sketch.side), np.uint8)
    cv2.polylines(band, [xy], False, 150, max(2, round(2 * half * scale)), cv2.LINE_AA, 4)
    offset = np.gradient(curve, axis=0)[:, ::-1] * np.array([-1, 1], np.float32)
    offset /= np.linalg.norm(offset, axis=1, keepdims=True) + 1e-6
    for sign in (-1.0, 1.0):
        edge = np.round((curve + sign * half * offset + 1) * scale * 16).astype(np.int32)
        cv2.polylines(band, [edge], False, 230, max(1, round(0.008 * scale)), cv2.LINE_AA, 4)
    cv2.add(total, band.astype(np.float32) * np.float32(weight / 255), dst=total)


def _markings(sketch: Sketch, lungs: Mask, strength: float, rng: np.random.Generator) -> Field:
    """Vessels that branch from the hila, thinner to the border, and the fine texture of the lung."""
    side = sketch.side
    canvas = np.zeros((side, side), np.uint8)
    scale = (side - 1) / 2
    for sign in (-1.0, 1.0):
        for _ in range(16):
            x, y = sign * float(rng.uniform(0.13, 0.20)), float(rng.uniform(-0.12, 0.12))
            heading = float(rng.uniform(-1.35, 1.45))
            thick = float(rng.uniform(0.014, 0.030))
            for step in range(11):
                nx, ny = x + sign * 0.05 * np.cos(heading), y + 0.05 * np.sin(heading)
                level = int(200 * (1 - step / 13))
                start, end = (round((x + 1) * scale), round((y + 1) * scale)), (round((nx + 1) * scale), round((ny + 1) * scale))
                cv2.line(canvas, start, end, level, max(1, round(thick * scale)), cv2.LINE_AA)
                x, y = float(nx), float(ny)
                heading += float(rng.normal(0.03 * np.sign(heading), 0.2))
                thick *= 0.84
    for sign in (-1.0, 1.0):
        centre = (round((sign * 0.17 + 1) * scale), round(scale * (1.0 + float(rng.normal(0, 0.02)))))
        cv2.ellipse(canvas, centre, (round(0.05 * scale), round(0.10 * scale)), 0, 0, 360, 170, -1)
    vessels = blur(canvas.astype(np.float32) / 255, 0.006 * side)
    texture = np.float32(0.012) * noise(rng, (side, side), 50, 2)
    return np.asarray((0.17 * strength * vessels + texture) * blur(lungs.astype(np.float32), 2), np.float32)
