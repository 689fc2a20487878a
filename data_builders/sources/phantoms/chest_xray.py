"""Chest radiographs, seen from the front: lungs, heart, diaphragm, ribs, clavicles, spine."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from assistant.types import Domain
from data_builders.sources.phantoms.acquisition import aspect_of, organ, picture, softened, whole_parts, windowed
from data_builders.sources.phantoms.canvas import (
    Field,
    Sketch,
    View,
    blur,
    grey,
    grid,
    noise,
    parts_of,
    remap,
    remap_labels,
)
from data_builders.types import Kind, Mask, Picture
from data_builders.walks import Walk

_RIGHT_LUNG = [
    (-0.13, -0.60),
    (-0.26, -0.70),
    (-0.42, -0.64),
    (-0.56, -0.36),
    (-0.66, -0.02),
    (-0.71, 0.34),
    (-0.71, 0.52),
    (-0.60, 0.43),
    (-0.42, 0.34),
    (-0.24, 0.36),
    (-0.16, 0.42),
    (-0.14, 0.15),
    (-0.12, -0.25),
]
_LEFT_LUNG = [
    (0.13, -0.60),
    (0.26, -0.70),
    (0.42, -0.64),
    (0.56, -0.36),
    (0.66, -0.02),
    (0.72, 0.36),
    (0.72, 0.57),
    (0.62, 0.48),
    (0.50, 0.42),
    (0.43, 0.44),
    (0.39, 0.28),
    (0.28, 0.06),
    (0.17, -0.08),
    (0.17, -0.24),
    (0.13, -0.36),
]
_BODY = [
    (-0.20, -1.3),
    (-0.21, -0.86),
    (-0.50, -0.78),
    (-0.86, -0.70),
    (-1.15, -0.45),
    (-1.2, 0.0),
    (-0.92, 0.05),
    (-0.86, 0.40),
    (-0.86, 1.3),
    (0.86, 1.3),
    (0.86, 0.40),
    (0.92, 0.05),
    (1.2, 0.0),
    (1.15, -0.45),
    (0.86, -0.70),
    (0.50, -0.78),
    (0.21, -0.86),
    (0.20, -1.3),
]
BACKGROUND, BODY, LUNG, HEART, BELLY = 0, 1, 2, 3, 4


@dataclass(frozen=True)
class ChestXrayDesign:
    """A unit and the patients it sees.

    Args:
        width, height: build of the chest relative to average; heart: size of the heart.
        breath: how deep the patients breathe in (moves the diaphragm), canonical.
        bones, vessels: how strongly bones and lung vessels show.
        lung: darkness of the lungs; window: (low, high, gamma); inverted: bones dark.
        zoom: how much of the picture the chest fills; breast: strength of the breast shadows.
        collimation: unexposed border as part of the size; smoothing: blur as part of the shorter side.
    """

    width: float
    height: float
    heart: float
    breath: float
    bones: float
    vessels: float
    lung: float
    window: tuple[float, float, float]
    inverted: bool
    zoom: float
    breast: float
    collimation: float
    smoothing: float


class ChestXray:
    """Frontal chest radiograph."""

    name = "chest_xray"
    kind = Kind.PHANTOM
    domain = Domain.MEDICAL

    def design(self, rng: np.random.Generator) -> ChestXrayDesign:
        """Draw a unit and an average patient."""
        return ChestXrayDesign(
            width=float(rng.uniform(0.92, 1.08)),
            height=float(rng.uniform(0.92, 1.08)),
            heart=float(rng.uniform(0.85, 1.08)),
            breath=float(rng.normal(0, 0.03)),
            bones=float(rng.uniform(0.5, 1.1)),
            vessels=float(rng.uniform(0.5, 1.2)),
            lung=float(rng.uniform(0.40, 0.56)),
            window=(float(rng.uniform(0.02, 0.14)), float(rng.uniform(0.92, 1.12)), float(rng.uniform(0.85, 1.3))),
            inverted=bool(rng.random() < 0.05),
            zoom=float(rng.uniform(1.0, 1.28)),
            breast=float(rng.choice([0.0, 0.03, 0.07])),
            collimation=float(rng.choice([0.0, 0.0, 0.02, 0.05])),
            smoothing=float(rng.uniform(0.001, 0.003)),
        )

    def render(self, design: ChestXrayDesign, rng: np.random.Generator, size: tuple[int, int]) -> Picture:
        """Expose one healthy patient."""
        side = int(np.clip(min(size) * 1.15, 160, 480))
        sketch = Sketch(side)
        field, bones, clavicles, spine = _expose(sketch, design, rng)
        view = View(
            zoom=design.zoom * float(rng.uniform(0.97, 1.03)),
            rotation=float(rng.normal(0, 0.02)),
            offset=(float(rng.normal(0, 0.02)), float(rng.normal(0, 0.02))),
            warp=0.010,
            stretch=aspect_of(size) / design.height,
        )
        maps = view.maps(rng, size, side)
        labels = remap_labels(sketch.labels, maps)
        shown = windowed(blur(remap(field, maps), design.smoothing * min(size)), *design.window)
        margin = round(design.collimation * min(size))
        inside = np.zeros(size, bool)
        inside[margin : size[0] - margin, margin : size[1] - margin] = True
        shown = np.where(inside, 1 - shown if design.inverted else shown, 0).astype(np.float32)
        masks = {
            name: np.asarray(remap_labels(mask.astype(np.uint8), maps) > 0) & inside
            for name, mask in (("ribs", bones), ("clavicles", clavicles), ("spine", spine))
        }
        masks["diaphragm"] = _diaphragm(labels) & inside
        lungs = (labels == LUNG) & inside
        organs = parts_of(labels * inside, {"lung": (LUNG,), "heart": (HEART,)})
        return picture(grey(shown), lungs, "frontal chest X-ray", self.name, organs | whole_parts(masks))


def _diaphragm(labels: np.ndarray) -> Mask:
    """The band where the lungs end above the belly."""
    belly = cv2.dilate((labels == BELLY).astype(np.uint8), np.ones((7, 1), np.uint8))
    lung = cv2.dilate((labels == LUNG).astype(np.uint8), np.ones((7, 1), np.uint8))
    return np.asarray((belly > 0) & (lung > 0))


def _expose(sketch: Sketch, design: ChestXrayDesign, rng: np.random.Generator) -> tuple[Field, Mask, Mask, Mask]:
    """Brightness over the sketch, and where ribs, clavicles and spine are."""
    side = sketch.side
    px = side / 2
    x, y = grid((side, side))
    wide = design.width * float(rng.uniform(0.97, 1.03))
    breath = design.breath + float(rng.normal(0, 0.015))
    lungs = np.zeros((side, side), bool)
    for points in (_RIGHT_LUNG, _LEFT_LUNG):
        placed = [(px_ * wide, py_ + (breath if py_ > 0.3 else 0.0)) for px_, py_ in points]
        lungs |= organ(sketch, rng, placed, 0.010)
    body = organ(sketch, rng, [(a * wide, b) for a, b in _BODY], 0.012)
    size = design.heart * float(rng.uniform(0.95, 1.05))
    heart = sketch.ellipse((0.10 * wide, 0.17 + breath * 0.5), (0.29 * size, 0.26 * size), HEART, 0.45)
    sketch.labels[:] = BACKGROUND
    sketch.put(body, BODY)
    sketch.put((y > 0.2) & (np.abs(x) < 0.74 * wide), BELLY, body)
    sketch.put(heart, HEART, body)
    sketch.put(lungs & ~heart, LUNG)
    thick = np.sqrt(np.clip(1 - (x / (1.12 * wide)) ** 2, 0.02, 1)).astype(np.float32)
    field = softened(body, 0.012 * px) * (0.42 + 0.26 * thick)
    belly = softened(np.asarray(y > 0.45 + breath), 0.12 * px) * softened(body, 0.02 * px)
    field = field + 0.10 * belly
    soft_lungs = softened(lungs, 0.012 * px)
    air = design.lung * (0.86 + 0.14 * np.clip(-y, -1, 1)) * (1 + 0.03 * noise(rng, (side, side), 4))
    field = field - air * soft_lungs
    soft_heart = softened(heart, 0.018 * px) * (0.8 + 0.2 * np.clip(1 - ((x - 0.1) / 0.35) ** 2, 0, 1))
    middle = np.exp(-((x / 0.13) ** 4)) * softened(np.asarray(y < 0.5), 0.1 * px) * softened(body, 2)
    field = field + 0.06 * middle
    knob = np.exp(-((((x - 0.13 * wide) / 0.065) ** 2 + ((y + 0.27) / 0.075) ** 2) ** 2))
    shadow = np.maximum(0.9 * soft_heart, 0.75 * knob)
    field = field + design.lung * shadow * soft_lungs + 0.05 * soft_heart
    field = field + design.vessels * _lung_vessels(sketch, rng, wide) * soft_lungs * (1 - shadow)
    field = field - 0.10 * np.exp(-((x / 0.045) ** 4)) * np.clip((-0.18 - y) * 4, 0, 1)
    if rng.random() < 0.6:
        bubble = ((x - 0.42 * wide) / 0.14) ** 2 + ((y - 0.60 - breath) / 0.07) ** 2
        field = field - float(rng.uniform(0.05, 0.2)) * np.exp(-(bubble**2))
    if design.breast:
        for s in (-1, 1):
            away = ((x - s * 0.42 * wide) / 0.34) ** 2 + ((y - 0.22) / 0.30) ** 2
            field = field + design.breast * softened(np.asarray(away < 1), 0.03 * px) * (
                0.4 + 0.6 * np.clip(y + 0.3, 0, 1)
            )
    skeleton, ribs, clavicles, spine = _skeleton(sketch, rng, wide, body)
    field = field + design.bones * skeleton
    field = field * (1 + 0.02 * noise(rng, (side, side), 3) + 0.012 * noise(rng, (side, side), 60, 2))
    return np.asarray(np.clip(field, 0, 1.3), np.float32), ribs, clavicles, spine


def _lung_vessels(sketch: Sketch, rng: np.random.Generator, wide: float) -> Field:
    """Vessels that fan out from both hila and thin towards the border."""
    side = sketch.side
    canvas = np.zeros((side, side), np.uint8)
    hila = np.zeros((side, side), np.uint8)
    for s in (-1, 1):
        centre = np.asarray([s * 0.19 * wide, -0.06 if s > 0 else -0.02])
        hilum = (float(centre[0]), float(centre[1]))
        for angle in np.linspace(-1.35, 1.35, 13) + rng.normal(0, 0.1, 13):
            heading = float(angle) if s > 0 else math.pi - float(angle)
            _vessel(canvas, rng, Walk(hilum, heading, 0.55, 0.022, 3))
        start = tuple(int(v) for v in (centre + 1) * side / 2)
        cv2.ellipse(hila, start, (int(0.055 * side / 2), int(0.12 * side / 2)), -20 * s, 0, 360, 255, -1)
    lines = blur(canvas.astype(np.float32) / np.float32(255), 0.006 * side / 2)
    glow = blur(hila.astype(np.float32) / np.float32(255), 0.035 * side / 2)
    return np.asarray(0.16 * lines + 0.16 * glow, np.float32)


def _vessel(canvas: np.ndarray, rng: np.random.Generator, walk: Walk) -> None:
    """One winding, thinning vessel; its forks count branches, of which each has fewer."""
    side = canvas.shape[0]
    (x, y), heading, forks = walk.start, walk.heading, walk.forks
    count = max(3, int(walk.length / 0.05))
    for index in range(count):
        heading += float(rng.normal(0, 0.13))
        nx, ny = x + 0.05 * math.cos(heading), y + 0.05 * math.sin(heading)
        now = walk.width * (1 - 0.8 * index / count)
        ends = [(round((px + 1) * side * 8), round((py + 1) * side * 8)) for px, py in ((x, y), (nx, ny))]
        level = round(255 * (1 - 0.7 * index / count))
        cv2.line(canvas, ends[0], ends[1], level, max(1, round(now * side / 2)), cv2.LINE_AA, 4)
        x, y = nx, ny
        if forks and rng.random() < 0.3:
            forks -= 1
            turn = float(rng.choice([-0.6, 0.6]))
            _vessel(canvas, rng, Walk((x, y), heading + turn, walk.length * 0.5, now * 0.7, forks - 1))


def _skeleton(sketch: Sketch, rng: np.random.Generator, wide: float, body: Mask) -> tuple[Field, Mask, Mask, Mask]:
    """Bones as added brightness, and where ribs, clavicles and spine are."""
    thorax, ribs = _ribs(sketch, rng, wide)
    shoulders, clavicles = _shoulders(sketch, rng, wide)
    spine = _spine(sketch, rng)
    total = thorax + shoulders + _bone(spine, sketch.side / 2, 0.075)
    return np.asarray(total * softened(body, 2), np.float32), ribs & body, clavicles & body, spine & body


def _ribs(sketch: Sketch, rng: np.random.Generator, wide: float) -> tuple[Field, Mask]:
    """Brightness of ten pairs of ribs, of which six are seen to their front ends, and where they are."""
    side = sketch.side
    backs, fronts = np.zeros((side, side), np.float32), np.zeros((side, side), np.float32)
    slope = float(rng.normal(0, 0.02))
    for s in (-1, 1):
        for index in range(10):
            top = -0.66 + 0.125 * index + float(rng.normal(0, 0.006))
            reach = wide * float(np.interp(index, [0, 2, 5, 9], [0.42, 0.60, 0.72, 0.77]))
            drop = 0.10 + 0.026 * index + slope
            back = [
                (s * 0.05, top),
                (s * 0.35 * reach, top - 0.03),
                (s * 0.75 * reach, top + 0.35 * drop),
                (s * reach, top + 1.2 * drop),
            ]
            backs += sketch.stroke_mask(back, [0.018, 0.024, 0.024, 0.020], 20)
            if 1 <= index < 7:
                front = [
                    (s * reach, top + 1.2 * drop),
                    (s * 0.9 * reach, top + 1.9 * drop),
                    (s * 0.55 * reach, top + 2.5 * drop),
                ]
                fronts += sketch.stroke_mask(front, [0.020, 0.024, 0.022], 14)
    bright = _bone(backs, side / 2, 0.075) + _bone(fronts, side / 2, 0.045)
    return bright, np.asarray((backs > 0) | (fronts > 0))


def _shoulders(sketch: Sketch, rng: np.random.Generator, wide: float) -> tuple[Field, Mask]:
    """Brightness of clavicles, shoulder blades and upper arms, and where the clavicles are."""
    side = sketch.side
    blades, arms = np.zeros((side, side), np.float32), np.zeros((side, side), np.float32)
    clavicles = np.zeros((side, side), bool)
    lift = float(rng.normal(0, 0.02))
    for s in (-1, 1):
        rise = float(rng.normal(0, 0.012)) + lift
        points = [(s * 0.07, -0.55), (s * 0.25, -0.62 + rise), (s * 0.5, -0.68 + rise), (s * 0.78, -0.76 + rise)]
        clavicles |= sketch.stroke_mask([(a * wide, b) for a, b in points], [0.034, 0.024, 0.026, 0.03])
        blades += organ(
            sketch, rng, [(0.60, -0.66), (0.86, -0.60), (0.84, -0.30), (0.70, 0.06), (0.64, -0.2)], 0.01, mirror=s < 0
        )
        arms += organ(sketch, rng, [(0.92, -0.66), (1.05, -0.58), (1.08, 0.1), (0.98, 0.1)], 0.01, mirror=s < 0)
    px = side / 2
    return _bone(blades, px, 0.05) + _bone(arms, px, 0.12) + _bone(clavicles, px, 0.12), clavicles


def _spine(sketch: Sketch, rng: np.random.Generator) -> Mask:
    """Where the vertebrae are."""
    spine = np.zeros((sketch.side, sketch.side), bool)
    bend = float(rng.normal(0, 0.012))
    for index in range(17):
        y = -0.98 + 0.125 * index
        x = bend * math.sin(index * 0.5)
        corners = [(-0.075, -0.048), (0.075, -0.048), (0.068, 0.0), (0.075, 0.048), (-0.075, 0.048), (-0.068, 0.0)]
        spine |= sketch.polygon_mask([(x + dx, y + dy) for dx, dy in corners])
    return spine


def _bone(mask: Mask | Field, px: float, strength: float) -> Field:
    """A bone's brightness: soft, with a brighter cortex along its border."""
    solid = mask.astype(np.float32)
    near, far = cv2.GaussianBlur(solid, (0, 0), 0.005 * px + 0.2), cv2.blur(solid, (max(3, int(0.035 * px) | 1),) * 2)
    return np.asarray(strength * (near + 1.1 * np.clip(near - far, 0, 1)), np.float32)
