"""Stained tissue sections (haematoxylin and eosin): nuclei, cytoplasm, fibres, glands, fat."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from assistant.types import Domain
from data_builders.sources.phantoms.acquisition import picture, whole_parts
from data_builders.sources.phantoms.canvas import Field, blur, colour, noise
from data_builders.sources.surfaces.noise import fractal_noise, streaks, voronoi_cells
from data_builders.types import Kind, Mask, Picture

ARCHITECTURES = ("stroma", "epithelium", "glands", "fat", "muscle")


@dataclass(frozen=True)
class StainedTissueDesign:
    """A tissue and a staining laboratory.

    Args:
        architecture: stroma, epithelium, glands, fat or muscle.
        nucleus: radius of a nucleus, part of the shorter side; elongation: its aspect.
        density: share of the places of cells that show a nucleus.
        haematoxylin, eosin: absorbance (red, green, blue) of the two dyes.
        strength: (of haematoxylin, of eosin).
        angle: direction of the fibres in radians; structure: size of glands or fat cells, part of the shorter side.
        light: white point of the lamp.
    """

    architecture: str
    nucleus: float
    elongation: float
    density: float
    haematoxylin: tuple[float, float, float]
    eosin: tuple[float, float, float]
    strength: tuple[float, float]
    angle: float
    structure: float
    light: tuple[float, float, float]


class StainedTissue:
    """Light microscopy of a stained section."""

    name = "stained_tissue"
    kind = Kind.PHANTOM
    domain = Domain.MEDICAL

    def design(self, rng: np.random.Generator) -> StainedTissueDesign:
        """Draw a tissue and its stain."""
        architecture = str(rng.choice(ARCHITECTURES))
        h = np.asarray([0.65, 0.70, 0.29]) * rng.uniform(0.85, 1.15, 3)
        e = np.asarray([0.10, 0.95, 0.28]) * rng.uniform(0.8, 1.2, 3)
        white = float(rng.uniform(0.9, 1.0))
        nucleus = float(rng.uniform(0.010, 0.024))
        return StainedTissueDesign(
            architecture=architecture,
            nucleus=nucleus,
            elongation=float(rng.uniform(2.2, 4.0))
            if architecture in ("stroma", "muscle")
            else float(rng.uniform(1.0, 1.6)),
            density=float(rng.uniform(0.55, 0.95)),
            haematoxylin=(float(h[0]), float(h[1]), float(h[2])),
            eosin=(float(e[0]), float(e[1]), float(e[2])),
            strength=(float(rng.uniform(0.7, 1.4)), float(rng.uniform(0.35, 0.75))),
            angle=float(rng.uniform(0, math.pi)),
            structure=nucleus * float(rng.uniform(9, 14)),
            light=(white, white * float(rng.uniform(0.95, 1.0)), white * float(rng.uniform(0.95, 1.02))),
        )

    def render(self, design: StainedTissueDesign, rng: np.random.Generator, size: tuple[int, int]) -> Picture:
        """One field of one section."""
        short = min(size)
        radius = max(1.6, design.nucleus * short)
        empty, matrix, crowd = _architecture(design, rng, size)
        nuclei, cores = _nuclei(design, rng, size, radius, empty, crowd)
        tissue = 1 - blur(empty, max(0.5, 0.15 * radius))
        blue = 0.10 + 0.04 * fractal_noise(rng, size, short * 0.2, 3) + 0.13 * crowd
        chromatin = 1 + 0.22 * noise(rng, size, max(size) / radius * 1.6)
        h_amount = np.clip(blue, 0, 1) * tissue + 0.95 * nuclei * chromatin + 0.25 * cores
        h_amount = h_amount * design.strength[0] * float(rng.uniform(0.93, 1.07))
        e_amount = (
            np.clip(matrix, 0.02, 2)
            * tissue
            * (1 - 0.55 * nuclei)
            * design.strength[1]
            * float(rng.uniform(0.93, 1.07))
        )
        density = h_amount[..., None] * np.asarray(design.haematoxylin, np.float32)
        density = density + e_amount[..., None] * np.asarray(design.eosin, np.float32)
        light = np.asarray(design.light, np.float32) * (1 + 0.012 * noise(rng, size, 1.5))[..., None]
        image = blur(np.asarray(light * np.exp(-density), np.float32), 0.35)
        solid: Mask = np.asarray(empty < 0.5)
        masks = {"nuclei": np.asarray(nuclei > 0.5), "lumen": ~solid, "tissue": solid}
        name = f"stained tissue section ({design.architecture})"
        return picture(colour(image), solid, name, self.name, whole_parts(masks))


def _architecture(
    design: StainedTissueDesign, rng: np.random.Generator, size: tuple[int, int]
) -> tuple[Field, Field, Field]:
    """Empty space 0..1, amount of eosin, crowding of nuclei 0..1."""
    short = min(size)
    fibre = streaks(rng, size, design.angle, short * 0.25, max(1.5, short * 0.012))
    mottle = fractal_noise(rng, size, short * 0.12, 4)
    matrix = np.asarray(0.75 + 0.10 * mottle, np.float32)
    empty, crowd = np.zeros(size, np.float32), np.full(size, 0.4, np.float32)
    cell = max(10.0, design.structure * short)
    if design.architecture in ("stroma", "muscle"):
        bend = streaks(rng, size, design.angle + float(rng.normal(0, 0.12)), short * 0.35, max(2.0, short * 0.03))
        matrix = np.asarray(matrix + 0.18 * fibre + 0.16 * bend, np.float32)
        cracks = np.clip(bend + 0.5 * fibre - 1.55, 0, 0.3) / 0.3
        empty = np.asarray(cracks * (0.9 if design.architecture == "muscle" else 0.7), np.float32)
    elif design.architecture == "epithelium":
        cells = voronoi_cells(rng, size, max(5.0, 4.2 * design.nucleus * short), 0.9)
        wall = np.exp(-cells.border_distance / max(1.0, 0.006 * short))
        matrix = np.asarray(matrix + 0.3 * wall - 0.1, np.float32)
        crowd[:] = 0.75
    elif design.architecture == "glands":
        cells = voronoi_cells(rng, size, cell * 1.7, 0.6)
        wobble = 0.07 * cell * noise(rng, size, max(size) / cell * 2)
        inside = blur(cells.border_distance, 0.10 * cell) + wobble - 0.14 * cell
        lumen = np.clip((inside - 0.36 * cell) / 1.5 + 0.5, 0, 1)
        gland = np.clip(inside / 2 + 0.5, 0, 1)
        crowd = np.asarray(
            0.12 + 0.85 * gland * np.clip(1 - np.abs(inside - 0.09 * cell) / (0.16 * cell), 0, 1), np.float32
        )
        matrix = np.asarray(matrix + (0.15 + 0.14 * fibre) * (1 - gland) - 0.12 * gland, np.float32)
        empty = np.asarray(lumen, np.float32)
    else:
        cells = voronoi_cells(rng, size, cell * 0.8, 0.8)
        thickness = max(1.2, 0.035 * cell) * (1 + 0.5 * np.clip(noise(rng, size, 8), -1, 3))
        empty = np.asarray(np.clip((cells.border_distance - thickness) / 1.5 + 0.5, 0, 1), np.float32)
        crowd = np.asarray(0.9 * (1 - empty), np.float32)
    return empty, np.asarray(matrix, np.float32), crowd


def _nuclei(
    design: StainedTissueDesign,
    rng: np.random.Generator,
    size: tuple[int, int],
    radius: float,
    empty: Field,
    crowd: Field,
) -> tuple[Field, Field]:
    """Nuclei 0..1 with softer insides, and their nucleoli and rims."""
    step = radius * (2.7 if design.architecture != "fat" else 1.9)
    rows, columns = math.ceil(size[0] / step), math.ceil(size[1] / step)
    y, x = np.mgrid[0:rows, 0:columns]
    y = (y + 0.5 + rng.uniform(-0.4, 0.4, y.shape)).ravel() * step
    x = (x + 0.5 + rng.uniform(-0.4, 0.4, x.shape)).ravel() * step
    iy, ix = np.clip(y.astype(int), 0, size[0] - 1), np.clip(x.astype(int), 0, size[1] - 1)
    share = {"fat": 0.28, "muscle": 0.35, "stroma": 0.45}.get(design.architecture, 1.0)
    wanted = rng.random(len(y)) < design.density * share * np.clip(crowd[iy, ix] * 1.2, 0, 1)
    wanted &= empty[iy, ix] < 0.3
    aspects = np.clip(rng.normal(design.elongation, 0.2, len(y)), 1.0, 5.0)
    scales = rng.normal(1.0, 0.13, len(y)).clip(0.7, 1.35)
    along = design.architecture in ("stroma", "muscle")
    angles = design.angle + rng.normal(0, 0.25, len(y)) if along else rng.uniform(0, math.pi, len(y))
    levels = rng.uniform(165, 255, len(y))
    canvas, rims = np.zeros(size, np.uint8), np.zeros(size, np.uint8)
    for index in np.flatnonzero(wanted):
        stretch = math.sqrt(float(aspects[index]))
        r = radius * float(scales[index])
        axes = (max(8, round(r * stretch * 16)), max(8, round(r / stretch * 16)))
        centre = (round(float(x[index]) * 16), round(float(y[index]) * 16))
        turn = math.degrees(float(angles[index]))
        cv2.ellipse(canvas, centre, axes, turn, 0, 360, round(float(levels[index])), -1, cv2.LINE_AA, 4)
        if radius > 2.5:
            cv2.ellipse(rims, centre, axes, turn, 0, 360, 255, 1, cv2.LINE_AA, 4)
    nuclei = blur(canvas.astype(np.float32) / np.float32(255), 0.5)
    return nuclei, np.asarray(blur(rims.astype(np.float32) / np.float32(255), 0.5), np.float32)
