"""Retinal OCT: the layers of a cross-section through the macula or beside it, with speckle."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from assistant.types import Domain
from data_builders.sources.phantoms.acquisition import picture, speckle, whole_parts, windowed
from data_builders.sources.phantoms.canvas import Field, blur, colour, grey, noise
from data_builders.types import Kind, Picture

LAYERS = (
    "nerve_fibre", "ganglion_cell", "inner_plexiform", "inner_nuclear", "outer_plexiform", "outer_nuclear",
    "limiting_membrane", "myoid", "ellipsoid_zone", "outer_segment", "pigment_epithelium", "choroid",
)  # fmt: skip
_THICKNESS = np.array([0.045, 0.055, 0.045, 0.045, 0.035, 0.095, 0.010, 0.022, 0.020, 0.022, 0.028, 0.30], np.float32)
_BRIGHTNESS = (0.78, 0.47, 0.56, 0.32, 0.50, 0.24, 0.42, 0.30, 0.86, 0.42, 0.95, 0.52)
_PIT = np.array([0.0, 0.06, 0.15, 0.25, 0.6, 1.1, 1, 1.1, 1.05, 1.15, 1, 1], np.float32)
"""Thickness left at the middle of the fovea."""


@dataclass(frozen=True)
class RetinalOctDesign:
    """A scan protocol.

    Args:
        macular: the scan crosses the fovea; ``fovea`` is where, as part of the width; ``pit`` its half width.
        depth: where the inner border lies, as part of the height; ``retina`` height of the retina, part of the height.
        tilt, bow: slope and curvature of the retina, parts of the height over the width.
        nasal: which side the nerve fibre layer thickens to, -1 or 1; ``fibres`` by how much.
        choroid: thickness relative to average.
        looks, grain: speckle averaging and size (pixels at 256).
        window: (low, high, gamma); inverted: dark on white display; tinted: false colours.
        stretch_light: fall of light with depth.
        margin: black border as part of the size.
    """

    macular: bool
    fovea: float
    pit: float
    depth: float
    retina: float
    tilt: float
    bow: float
    nasal: int
    fibres: float
    choroid: float
    looks: int
    grain: float
    window: tuple[float, float, float]
    inverted: bool
    tinted: bool
    stretch_light: float
    margin: float


class RetinalOct:
    """Optical coherence tomography of the retina."""

    name = "retinal_oct"
    kind = Kind.PHANTOM
    domain = Domain.MEDICAL

    def design(self, rng: np.random.Generator) -> RetinalOctDesign:
        """Draw a protocol."""
        look = rng.random()
        return RetinalOctDesign(
            macular=bool(rng.random() < 0.72),
            fovea=float(rng.uniform(0.4, 0.6)),
            pit=float(rng.uniform(0.09, 0.17)),
            depth=float(rng.uniform(0.2, 0.4)),
            retina=float(rng.uniform(0.8, 1.25)),
            tilt=float(rng.normal(0, 0.04)),
            bow=float(rng.uniform(-0.02, 0.14)),
            nasal=int(rng.choice([-1, 1])),
            fibres=float(rng.uniform(0.2, 1.2)),
            choroid=float(rng.uniform(0.6, 1.2)),
            looks=int(rng.choice([1, 2, 4, 8], p=[0.2, 0.3, 0.3, 0.2])),
            grain=float(rng.uniform(0.35, 0.9)),
            window=(float(rng.uniform(0.0, 0.12)), float(rng.uniform(0.85, 1.15)), float(rng.uniform(0.8, 1.35))),
            inverted=bool(look < 0.12),
            tinted=bool(look > 0.94),
            stretch_light=float(rng.uniform(0.4, 1.6)),
            margin=float(rng.choice([0.0, 0.0, 0.0, 0.03])),
        )

    def render(self, design: RetinalOctDesign, rng: np.random.Generator, size: tuple[int, int]) -> Picture:
        """Scan one healthy eye."""
        height, width = size
        borders = _borders(design, rng, size)
        y = np.arange(height, dtype=np.float32)[:, None] / height
        layer = np.zeros(size, np.uint8)
        for border in borders:
            layer += y >= border[None, :]
        values = np.asarray([0.07, *_BRIGHTNESS, 0.16], np.float32)
        values = values * (1 + 0.05 * rng.standard_normal(len(values), np.float32))
        field: Field = np.asarray(values[layer], np.float32)
        field = cv2.GaussianBlur(field, (0, 0), sigmaX=0.5, sigmaY=max(0.4, height * 0.0028))
        field = self._choroid(field, layer, borders, design, rng, size)
        field = field * _shadows(rng, borders, size)
        field = field * (1 + 0.08 * noise(rng, size, 5))
        scale = min(size) / 256
        grain = (design.grain * max(0.7, scale), 1.3 * design.grain * max(0.7, scale))
        field = field * (0.25 + 0.75 * speckle(rng, size, grain, design.looks))
        shown = windowed(blur(field, 0.3), *design.window)
        frame = round(design.margin * min(size))
        inside = np.zeros(size, bool)
        inside[frame : height - frame, frame : width - frame] = True
        shown = np.where(inside, 1 - shown if design.inverted else shown, 0).astype(np.float32)
        retina = (layer >= 1) & (layer <= 11) & inside
        masks = {name: (layer == index + 1) & inside for index, name in enumerate(LAYERS)}
        pixels = colour(_false_colours(shown)) if design.tinted else grey(shown)
        return picture(pixels, retina, "retinal OCT scan", self.name, whole_parts({**masks, "retina": retina}))

    @staticmethod
    def _choroid(
        field: Field,
        layer: np.ndarray,
        borders: np.ndarray,
        design: RetinalOctDesign,
        rng: np.random.Generator,
        size: tuple[int, int],
    ) -> Field:
        """Vessels of the choroid and the fall of light below the pigment epithelium."""
        y = np.arange(size[0], dtype=np.float32)[:, None] / size[0]
        below = np.clip(y - borders[11][None, :], 0, 1).astype(np.float32)
        fall = np.exp(-below * (2.2 * design.stretch_light + 1.0) / (0.5 * design.choroid + 0.3))
        cells = noise(rng, size, 26 * max(1.0, max(size) / min(size) * 0.6), 2)
        vessels = 1 - 0.42 * np.clip(cells * 0.8 + 0.2, 0, 1) * np.clip(below * 30, 0, 1)
        return np.asarray(np.where(layer >= 12, field * fall * vessels, field), np.float32)


def _borders(design: RetinalOctDesign, rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """Upper borders of the layers and the lower one of the choroid, parts of the height; (13, width)."""
    x = np.linspace(0, 1, size[1], dtype=np.float32)
    wobble = noise(rng, (8, size[1]), 5)[0] * 0.006
    bow = design.bow * float(rng.uniform(0.8, 1.2))
    top = design.depth + float(rng.normal(0, 0.015)) + (design.tilt + float(rng.normal(0, 0.012))) * (x - 0.5)
    top = top + bow * 4 * (x - 0.5) ** 2 - bow * 0.5 + wobble
    scale = design.retina * float(rng.uniform(0.94, 1.06))
    thick = np.repeat((_THICKNESS * scale)[:, None], size[1], axis=1)
    thick *= 1 + 0.06 * rng.standard_normal((len(thick), 1), np.float32)
    for row in thick:
        row *= 1 + 0.04 * noise(rng, (8, size[1]), 7)[3]
    thick[0] *= np.clip(1 + design.fibres * 1.6 * design.nasal * (x - 0.5), 0.35, 3)
    if design.macular:
        middle = design.fovea + float(rng.normal(0, 0.025))
        pit = design.pit * float(rng.uniform(0.9, 1.12))
        away = (x - middle) / pit
        hollow = np.exp(-(np.abs(away) ** 2.4))
        rim = 0.3 * np.exp(-(((np.abs(away) - 1.7) / 0.7) ** 2))
        factor = 1 + (_PIT[:, None] - 1) * hollow[None, :]
        factor[1:5] += rim[None, :]
        full = thick[:8].sum(axis=0)
        thick *= factor
        top = top + (full - thick[:8].sum(axis=0))
    thick[11] *= design.choroid * (1 + 0.08 * noise(rng, (8, size[1]), 4)[2])
    return np.asarray(np.vstack([top[None, :], top[None, :] + np.cumsum(thick, axis=0)]), np.float32)


def _shadows(rng: np.random.Generator, borders: np.ndarray, size: tuple[int, int]) -> Field:
    """Dark columns below retinal vessels, with the vessel's bright spot in the fibre layer."""
    x = np.linspace(0, 1, size[1], dtype=np.float32)[None, :]
    y = np.arange(size[0], dtype=np.float32)[:, None] / size[0]
    light = np.ones(size, np.float32)
    for _ in range(int(rng.integers(1, 6))):
        centre, half = float(rng.uniform(0.03, 0.97)), float(rng.uniform(0.004, 0.014))
        column = np.exp(-(((x - centre) / half) ** 2))
        start = float(borders[0][int(centre * (size[1] - 1))]) + 0.02
        deep = np.clip((y - start) / 0.04, 0, 1)
        light *= (1 - float(rng.uniform(0.15, 0.5)) * column * deep).astype(np.float32)
    return light


def _false_colours(shown: Field) -> np.ndarray:
    """Black, blue, green, yellow, red, white scale of some scanners."""
    stops = np.linspace(0, 1, 6)
    table = [(0, 0.1, 0.1, 0.95, 0.95, 1.0), (0, 0.15, 0.75, 0.9, 0.2, 1.0), (0.1, 0.55, 0.3, 0.1, 0.1, 1.0)]
    return np.stack([np.interp(shown, stops, channel) for channel in table], axis=-1).astype(np.float32)
