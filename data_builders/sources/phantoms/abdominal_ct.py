"""Axial CT of the upper abdomen: liver, spleen, kidneys, stomach, bowel, vessels, spine, walls and fat."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

import cv2
import numpy as np

from assistant.types import Domain
from data_builders.sources.phantoms.acquisition import aspect_of, closed_curve, kept_inside, organ, picture, windowed
from data_builders.sources.phantoms.canvas import Field, Sketch, View, blur, grey, noise, parts_of, remap, remap_labels
from data_builders.types import Kind, Mask, Picture


class Organ(IntEnum):
    """Labels of the sketch."""

    AIR = 0
    SKIN = 1
    FAT = 2
    MUSCLE = 3
    INNER_FAT = 4
    LIVER = 5
    SPLEEN = 6
    KIDNEY = 7
    MEDULLA = 8
    STOMACH = 9
    GAS = 10
    BOWEL = 11
    AORTA = 12
    CAVA = 13
    BONE = 14
    MARROW = 15
    CANAL = 16
    PANCREAS = 17
    GALLBLADDER = 18
    LIVER_VESSEL = 19
    TABLE = 20


PHASES = {
    "native": (
        0,
        0.42,
        0.20,
        0.56,
        0.21,
        0.60,
        0.57,
        0.53,
        0.52,
        0.46,
        0.03,
        0.50,
        0.55,
        0.55,
        1.1,
        0.86,
        0.47,
        0.53,
        0.43,
        0.55,
        0.35,
    ),
    "arterial": (
        0,
        0.42,
        0.20,
        0.57,
        0.21,
        0.62,
        0.74,
        0.92,
        0.66,
        0.46,
        0.03,
        0.56,
        1.15,
        0.68,
        1.1,
        0.86,
        0.47,
        0.68,
        0.43,
        0.62,
        0.35,
    ),
    "venous": (
        0,
        0.42,
        0.20,
        0.58,
        0.21,
        0.71,
        0.73,
        0.86,
        0.82,
        0.46,
        0.03,
        0.57,
        0.84,
        0.82,
        1.1,
        0.86,
        0.48,
        0.65,
        0.43,
        0.84,
        0.35,
    ),
}
"""Brightness of each organ (0..1 of a soft tissue window) without and after contrast."""

PART_LABELS: dict[str, tuple[int, ...]] = {
    "liver": (Organ.LIVER, Organ.LIVER_VESSEL), "spleen": (Organ.SPLEEN,), "kidney": (Organ.KIDNEY, Organ.MEDULLA),
    "spine": (Organ.BONE, Organ.MARROW), "aorta": (Organ.AORTA,), "stomach": (Organ.STOMACH, Organ.GAS),
    "bowel": (Organ.BOWEL,), "pancreas": (Organ.PANCREAS,), "gallbladder": (Organ.GALLBLADDER,), "muscle": (Organ.MUSCLE,),
}  # fmt: skip


@dataclass(frozen=True)
class AbdominalCtDesign:
    """A protocol and the patients it sees.

    Args:
        phase: native, arterial or venous.
        level: 0 near the diaphragm .. 1 at the kidneys; renders stay close to it.
        girth, depth: half axes of the body; fat: thickness of the fat under the skin; visceral: gaps between organs.
        window: (low, high, gamma); zoom: how much of the picture the body fills.
        gallbladder: whether the slice meets it; table: whether the scanner table shows.
        smoothing: blur as part of the shorter side; texture: strength of the tissue's mottling.
    """

    phase: str
    level: float
    girth: float
    depth: float
    fat: float
    visceral: float
    window: tuple[float, float, float]
    zoom: float
    gallbladder: bool
    table: bool
    smoothing: float
    texture: float


@dataclass(frozen=True)
class Build:
    """Size of a patient against the average, across and from front to back."""

    girth: float
    depth: float


class AbdominalCt:
    """Axial abdominal CT slice."""

    name = "abdominal_ct"
    kind = Kind.PHANTOM
    domain = Domain.MEDICAL

    def design(self, rng: np.random.Generator) -> AbdominalCtDesign:
        """Draw a protocol and an average patient."""
        level = float(rng.uniform(0, 1))
        return AbdominalCtDesign(
            phase=str(rng.choice(["native", "arterial", "venous"], p=[0.25, 0.25, 0.5])),
            level=level,
            girth=float(rng.uniform(0.80, 0.92)),
            depth=float(rng.uniform(0.56, 0.70)),
            fat=float(rng.uniform(0.03, 0.12)),
            visceral=float(rng.uniform(0.0, 1.0)),
            window=(float(rng.uniform(-0.05, 0.14)), float(rng.uniform(0.9, 1.15)), float(rng.uniform(0.85, 1.25))),
            zoom=float(rng.uniform(0.98, 1.15)),
            gallbladder=bool(level > 0.35 and rng.random() < 0.5),
            table=bool(rng.random() < 0.4),
            smoothing=float(rng.uniform(0.0018, 0.0035)),
            texture=float(rng.uniform(0.015, 0.05)),
        )

    def render(self, design: AbdominalCtDesign, rng: np.random.Generator, size: tuple[int, int]) -> Picture:
        """Scan one healthy patient."""
        side = int(np.clip(min(size) * 1.15, 180, 480))
        labels = _slice(design, rng, side)
        table = np.asarray(PHASES[design.phase], np.float32)
        table = table * (1 + 0.025 * rng.standard_normal(len(table), np.float32))
        field: Field = np.asarray(table[labels], np.float32)
        mottle = 0.6 * noise(rng, (side, side), 10, 2) + noise(rng, (side, side), side / 4, 1)
        field = blur(np.asarray(field + design.texture * mottle * (labels > 0), np.float32), design.smoothing * side)
        view = View(
            zoom=design.zoom * float(rng.uniform(0.97, 1.03)),
            rotation=float(rng.normal(0, 0.025)),
            offset=(float(rng.normal(0, 0.015)), float(rng.normal(0, 0.02))),
            warp=0.012,
            stretch=aspect_of(size, 1.2),
        )
        maps = view.maps(rng, size, side)
        tissue = remap_labels(labels, maps)
        shown = windowed(remap(field, maps), *design.window)
        solid = (Organ.LIVER, Organ.LIVER_VESSEL, Organ.SPLEEN, Organ.KIDNEY, Organ.MEDULLA, Organ.PANCREAS)
        lesions = np.isin(tissue, np.asarray(solid, np.uint8))
        return picture(grey(shown), lesions, "abdominal CT slice", self.name, parts_of(tissue, PART_LABELS))


def _body(sketch: Sketch, design: AbdominalCtDesign, rng: np.random.Generator) -> Mask:
    """Table, skin, fat and the muscle wall; returns the cavity inside the wall."""
    t = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    girth, depth = (v * (1 + 0.02 * float(np.clip(rng.normal(), -2, 2))) for v in (design.girth, design.depth))
    lump = 1 + 0.010 * rng.standard_normal(24)
    cos, sin = np.cos(t), np.sin(t)
    x = girth * np.sign(cos) * np.abs(cos) ** 0.9 * lump
    y = depth * np.sign(sin) * np.abs(sin) ** 0.85 * lump * np.where(sin > 0, 0.93, 1.0) - 0.03 * np.exp(
        -((cos / 0.2) ** 2)
    ) * (sin > 0)
    outline = sketch.polygon_mask(closed_curve([(float(a), float(b)) for a, b in zip(x, y, strict=True)]))
    if design.table:
        curve = [
            (-0.95, depth * 0.85),
            (-0.5, depth + 0.05),
            (0.0, depth + 0.10),
            (0.5, depth + 0.05),
            (0.95, depth * 0.85),
        ]
        sketch.stroke(curve, [0.008, 0.008], Organ.TABLE)
    sketch.put(outline, Organ.SKIN)
    inner = cv2.distanceTransform(outline.astype(np.uint8), cv2.DIST_L2, 5) / np.float32(sketch.pixels(1))
    sketch.put(np.asarray(inner > 0.012), Organ.FAT)
    fat = design.fat * float(rng.uniform(0.9, 1.1)) * (1 + 0.12 * noise(rng, outline.shape, 3))
    sketch.put(np.asarray(inner > fat + 0.012), Organ.MUSCLE)
    cavity = np.asarray(inner > fat + 0.075)
    sketch.put(cavity, Organ.INNER_FAT)
    return cavity


def _slice(design: AbdominalCtDesign, rng: np.random.Generator, side: int) -> np.ndarray:
    """Labels of one patient's slice, (side, side)."""
    sketch = Sketch(side)
    cavity = _body(sketch, design, rng)
    level = float(np.clip(design.level + rng.normal(0, 0.03), 0, 1))
    build = Build(design.girth / 0.86, design.depth / 0.63)
    tight = kept_inside(cavity, sketch.pixels(0.008 + 0.02 * design.visceral))

    def put(points: list[tuple[float, float]], label: int, scale: float = 1.0, within: Mask = tight) -> Mask:
        placed = [(a * build.girth, b * build.depth) for a, b in points]
        return sketch.put(organ(sketch, rng, placed, 0.010, scale * float(rng.uniform(0.96, 1.04))), label, within)

    _loops(sketch, design, rng, tight, level)
    _stomach(sketch, rng, put, level)
    shrink = 1.08 - 0.28 * level
    liver_shape = [
        (-0.72, -0.10), (-0.62, -0.38), (-0.38, -0.52), (-0.12, -0.50), (0.14 - 0.15 * level, -0.40), (0.06 - 0.1 * level, -0.24),
        (-0.14, -0.12), (-0.20, 0.06), (-0.34, 0.20), (-0.46, 0.42), (-0.62, 0.34), (-0.74, 0.12),
    ]  # fmt: skip
    liver = put(liver_shape, Organ.LIVER, shrink)
    _liver_vessels(sketch, rng, liver)
    put(
        [(0.62, 0.02), (0.70, 0.18), (0.62, 0.36), (0.44, 0.42), (0.46, 0.28), (0.52, 0.10)],
        Organ.SPLEEN,
        1.15 - 0.45 * level,
    )
    put(
        [
            (-0.10, -0.06),
            (0.06, -0.12),
            (0.24, -0.08),
            (0.40, 0.04),
            (0.40, 0.10),
            (0.22, 0.0),
            (0.05, -0.02),
            (-0.08, 0.03),
        ],
        Organ.PANCREAS,
    )
    if design.gallbladder:
        put([(-0.28, -0.20), (-0.18, -0.24), (-0.14, -0.14), (-0.22, -0.06), (-0.29, -0.10)], Organ.GALLBLADDER)
    _spine(sketch, rng, build)
    if level > 0.25:
        for s in (-1, 1):
            _kidney(sketch, rng, build, s, 0.75 + 0.35 * min(1.0, level * 1.3), tight)
    _great_vessels(sketch, rng, build)
    _ribs(sketch, rng, cavity, level)
    return sketch.labels


def _stomach(
    sketch: Sketch,
    rng: np.random.Generator,
    put: Callable[[list[tuple[float, float]], int, float], Mask],
    level: float,
) -> None:
    """Stomach with fluid and, above it, gas."""
    points = [(0.10, -0.36), (0.30, -0.46), (0.52, -0.36), (0.60, -0.14), (0.50, 0.04), (0.34, -0.04), (0.22, -0.18)]
    wall = put(points, Organ.BOWEL, 1.08 - 0.25 * level)
    lumen = kept_inside(np.asarray(wall), sketch.pixels(0.022))
    sketch.put(lumen, Organ.STOMACH)
    rows = np.flatnonzero(lumen.any(axis=1))
    if len(rows) > 8 and rng.random() < 0.8:
        surface = int(rows[0] + len(rows) * float(rng.uniform(0.1, 0.4)))
        upper = np.arange(sketch.side)[:, None] < surface
        sketch.put(lumen & upper, Organ.GAS)


def _loops(sketch: Sketch, design: AbdominalCtDesign, rng: np.random.Generator, within: Mask, level: float) -> None:
    """Loops of bowel in front, some with gas or fluid."""
    for _ in range(int(3 + 9 * level)):
        x, y = float(rng.uniform(-0.35, 0.62)), float(rng.uniform(-0.42, 0.12 + 0.1 * level))
        r = float(rng.uniform(0.055, 0.10))
        angle, flat = float(rng.uniform(0, 3.1)), float(rng.uniform(0.7, 1.0))
        sketch.ellipse((x, y), (r, r * flat), Organ.BOWEL, angle, within)
        sketch.ellipse((x, y), (r * 0.72, r * flat * 0.68), Organ.STOMACH, angle, within)
        if rng.random() < 0.35:
            sketch.ellipse((x, y - 0.2 * r), (r * 0.55, r * flat * 0.42), Organ.GAS, 0.0, within)


def _liver_vessels(sketch: Sketch, rng: np.random.Generator, liver: Mask) -> None:
    """Portal and hepatic veins."""
    for _ in range(int(rng.integers(4, 8))):
        x, y = float(rng.uniform(-0.3, -0.15)), float(rng.uniform(-0.2, 0.08))
        angle = float(rng.uniform(2.2, 4.4))
        step = float(rng.uniform(0.09, 0.15))
        points = [(x, y)]
        for _ in range(3):
            angle += float(rng.normal(0, 0.25))
            x, y = x + step * float(np.cos(angle)), y + step * float(np.sin(angle))
            points.append((x, y))
        width = float(rng.uniform(0.009, 0.018))
        sketch.stroke(points, [width, width * 0.35], Organ.LIVER_VESSEL, liver)


def _kidney(sketch: Sketch, rng: np.random.Generator, build: Build, s: int, scale: float, within: Mask) -> None:
    """The kidney of side ``s`` (-1 or 1) in its fat: cortex, medulla, sinus fat."""
    n = rng.normal(0, 0.012, 4)
    x, y = s * 0.36 * build.girth + float(n[0]), 0.27 * build.depth + float(n[1])
    rx, ry = (0.115 + 0.4 * float(n[2])) * scale, (0.15 + 0.4 * float(n[3])) * scale
    turn = -s * 0.35
    sketch.ellipse((x, y), (rx * 1.22, ry * 1.2), Organ.INNER_FAT, turn, within)
    kidney = sketch.ellipse((x, y), (rx, ry), Organ.KIDNEY, turn, within)
    for angle in np.linspace(0, 2 * np.pi, 7, endpoint=False) + float(rng.uniform(0, 1)):
        px, py = x + 0.52 * rx * float(np.cos(angle)), y + 0.52 * ry * float(np.sin(angle))
        sketch.ellipse((px, py), (0.22 * rx, 0.22 * ry), Organ.MEDULLA, 0.0, kidney)
    sketch.ellipse((x - s * 0.5 * rx, y - 0.05 * ry), (0.62 * rx, 0.34 * ry), Organ.INNER_FAT, turn, kidney)
    sketch.stroke(
        [(x - s * 0.3 * rx, y), (x - s * 0.9 * rx, y - 0.02), (s * 0.12, y - 0.10)], [0.014, 0.014, 0.012], Organ.CAVA
    )


def _great_vessels(sketch: Sketch, rng: np.random.Generator, build: Build) -> None:
    """Aorta and inferior vena cava in front of the spine."""
    n = rng.normal(0, 0.008, 4)
    aorta = (0.05 * build.girth + float(n[0]), 0.10 * build.depth + float(n[1]))
    cava = (-0.12 * build.girth + float(n[2]), 0.09 * build.depth + float(n[3]))
    sketch.ellipse(aorta, (0.060, 0.060), Organ.AORTA)
    sketch.ellipse(cava, (0.068, 0.050), Organ.CAVA)


def _spine(sketch: Sketch, rng: np.random.Generator, build: Build) -> None:
    """Vertebra with canal and processes, psoas and back muscles."""
    y = 0.27 * build.depth + float(rng.normal(0, 0.006))
    for s in (-1, 1):
        sketch.ellipse((s * 0.17, y + 0.05), (0.075, 0.10), Organ.MUSCLE, 0.2 * s)
        sketch.ellipse((s * 0.17 * build.girth, y + 0.24), (0.17, 0.105), Organ.MUSCLE, 0.15 * s)
        sketch.stroke(
            [(s * 0.06, y + 0.12), (s * 0.16, y + 0.15), (s * 0.24, y + 0.13)], [0.03, 0.024, 0.016], Organ.BONE
        )
    sketch.stroke([(0.0, y + 0.18), (0.0, y + 0.26), (0.0, y + 0.33)], [0.026, 0.022, 0.03], Organ.BONE)
    sketch.ellipse((0.0, y + 0.145), (0.092, 0.085), Organ.BONE)
    sketch.ellipse((0.0, y), (0.135, 0.108), Organ.BONE)
    sketch.ellipse((0.0, y), (0.118, 0.091), Organ.MARROW)
    sketch.ellipse((0.0, y + 0.142), (0.058, 0.046), Organ.CANAL)


def _ribs(sketch: Sketch, rng: np.random.Generator, cavity: Mask, level: float) -> None:
    """Cut ribs within the wall, fewer the lower the slice."""
    contours, _ = cv2.findContours(cavity.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not contours:
        return
    outline = max(contours, key=len)[:, 0, :]
    middle = outline.mean(axis=0)
    scale = 2 / (sketch.side - 1)
    turn = np.arctan2(outline[:, 1] - middle[1], outline[:, 0] - middle[0])
    for s in (-1, 1):
        for angle in np.linspace(-0.5, 0.95, max(1, round(4 - 2 * level))) + rng.normal(0, 0.04):
            wanted = float(angle) if s > 0 else float(np.pi - angle)
            index = int(np.argmin(np.abs(np.angle(np.exp(1j * (turn - wanted))))))
            back, front = outline[(index - 3) % len(outline)], outline[(index + 3) % len(outline)]
            heading = float(np.arctan2(front[1] - back[1], front[0] - back[0]))
            out = (outline[index] - middle) / np.linalg.norm(outline[index] - middle)
            x, y = (outline[index] * scale - 1) + 0.030 * out
            sketch.ellipse((float(x), float(y)), (0.060, 0.022), Organ.BONE, heading)
            sketch.ellipse((float(x), float(y)), (0.042, 0.010), Organ.MARROW, heading)
